//! Packets out of a stream of bytes, however it is cut, and the codecs for `tokio_util`.
//!
//! Uses `packet`, `rule` and `read`; `tokio` writes too.

mod batch;
mod packets;
#[cfg(feature = "tokio")]
pub mod tokio;

pub use batch::PacketBatch;
pub use packets::{PacketStream, StreamItem};
