//! Packets out of a stream of bytes, however it is cut, and the codecs for `tokio_util`.
//!
//! Uses `packet`, `rule` and `read`; `tokio` writes too.

mod packets;
#[cfg(feature = "tokio")]
pub mod tokio;

pub use packets::{PacketBatch, PacketStream, StreamItem};
