//! Bytes to packets: in one pass, which is the way of nearly all that comes; by the validating reader, which makes the errors
//! and judges what is rare; and what else is made of bytes: a packet that owns them, a map of the fields.
//!
//! Uses `text`, `packet` and `rule`. What one pass accepts, the reader accepts with the same fields: a law sees to it.

mod accepted;
mod annotate;
mod decode;
mod fields;
mod head;
mod kind;
pub(crate) mod one_pass;
mod owned;
mod packets;
mod properties;
mod reader;

pub use annotate::{Annotation, annotate, annotations};
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use decode::decode_any;
pub(crate) use decode::decode_longer;
pub use decode::{Decoded, decode, decode_visiting, decode_waiving};
pub use fields::{Field, FieldMap, fields};
pub use head::PublishHead;
pub(crate) use head::publish_head;
pub use kind::FieldKind;
pub use owned::{OwnedDecoded, OwnedPacket};
pub use reader::packet_len;
