//! Bytes to packets: the one validating reader, the short way for the packets that come most, and what is made of bytes: a
//! view, a packet that owns its bytes, a map of the fields.
//!
//! Uses `text`, `packet` and `rule`. What the short way accepts, the reader accepts with the same result: a law sees to it.

mod annotate;
mod decode;
pub(crate) mod fast;
mod fields;
mod head;
mod kind;
mod owned;
mod packets;
mod properties;
mod reader;
mod view;

pub use annotate::{Annotation, annotate, annotations};
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use decode::decode_any;
pub(crate) use decode::decode_longer;
pub use decode::{Decoded, decode, decode_waiving};
pub use fields::{Field, FieldMap, fields};
pub use head::PublishHead;
pub(crate) use head::publish_head;
pub use kind::FieldKind;
pub use owned::{OwnedDecoded, OwnedPacket};
pub use reader::packet_len;
pub use view::PacketView;
