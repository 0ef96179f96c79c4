//! Byte streams between a client of the suite and a broker: TCP and unix sockets, the in-memory pipe, and what may lie upon
//! each of them: TLS, WebSocket, or WebSocket over TLS. Each has its client's and its server's side.
//!
//! All of them tell an orderly end (FIN) from an abortive one (RST) as far as they can; a verdict may depend on it. Uses
//! nothing of this crate.

mod ahead;
mod authority;
mod below;
mod certificates;
mod greeting;
mod held_back;
mod listener;
mod memory;
mod socket;
mod tcp;
#[cfg(test)]
mod tests;
mod tls;
mod tls_door;
mod tls_trouble;
#[cfg(unix)]
mod unix;
mod upgrade;
mod web_socket;

pub use authority::{Authority, Holder, Papers};
pub use certificates::{Identity, Trust};
pub use greeting::{Answer, Offered, TlsVersion, client_hello};
pub use listener::{Knock, Knocked, Layers, Listener, Peer, Place};
pub use memory::{Pipe, pipe};
pub use socket::Socket;
pub use tcp::Tcp;
pub use tls::{TlsClient, TlsServer};
pub use tls_door::TlsManners;
pub use tls_trouble::was_ended_by_broker;
#[cfg(unix)]
pub use unix::Unix;
pub use upgrade::{NoSubprotocol, WebSocketClient, WebSocketServer};
pub use web_socket::{Frame, FrameKind, Manners, SUBPROTOCOL, WebSocket};

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// One end of a byte stream.
pub trait Transport: AsyncRead + AsyncWrite + Unpin {
    /// Asks the system to acknowledge what arrives at once. Without it a broker that leaves Nagle's algorithm on
    /// waits 40 ms for our delayed acknowledgement at every step. Does nothing where the system has no such switch.
    fn acknowledge_quickly(&self) {}

    /// Ends the stream abortively, so that the peer sees a reset.
    fn reset(self: Box<Self>);

    /// The WebSocket that frames the bytes, where one does.
    fn web_socket(&mut self) -> Option<&mut WebSocket> {
        None
    }

    /// Why the peer has ended it, where it said so beyond the end itself: an alert of TLS, the code of a close frame.
    fn why_ended(&self) -> Option<String> {
        None
    }
}

/// How a peer, or we, ended a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Orderly: everything sent before it arrives.
    Fin,
    /// Abortive.
    Reset,
}

impl Ending {
    /// The word used in transcripts.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Fin => "fin",
            Self::Reset => "rst",
        }
    }
}

/// What one read brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Read {
    /// This many bytes.
    Bytes(usize),
    /// The peer's half has ended.
    Ended(Ending),
}

/// Reads once. Every error of a stream is an abortive end: which one it is depends on the system and on timing.
pub async fn read(stream: &mut (dyn Transport + '_), buffer: &mut [u8]) -> Read {
    poll_fn(|context| {
        let mut into = ReadBuf::new(buffer);
        Pin::new(&mut *stream).poll_read(context, &mut into).map(|done| read_outcome(&done, into.filled().len()))
    })
    .await
}

/// What a finished poll of a read means.
pub(crate) fn read_outcome(done: &io::Result<()>, filled: usize) -> Read {
    match done {
        Ok(()) if filled == 0 => Read::Ended(Ending::Fin),
        Ok(()) => Read::Bytes(filled),
        Err(_) => Read::Ended(Ending::Reset),
    }
}
