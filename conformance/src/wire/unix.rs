//! Unix domain sockets. They know no reset of their own: whoever leaves bytes unread gives the peer one, and else both ways
//! of ending look the same to it.

use super::Transport;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::UnixStream;
use tokio::time::sleep;

/// How long a full socket is left alone.
const ASK_AGAIN: Duration = Duration::from_millis(2);

/// A connection over a unix socket.
pub struct Unix(UnixStream);

impl Unix {
    /// Connects to the socket at this path. Where it has as many waiting as it holds, the system tells that at once, while
    /// for TCP it waits by itself: so it is asked again, as long as whoever connects has time.
    pub async fn connect(path: &Path) -> io::Result<Self> {
        loop {
            match UnixStream::connect(path).await {
                Err(error) if error.kind() == ErrorKind::WouldBlock => sleep(ASK_AGAIN).await,
                connected => return connected.map(Self),
            }
        }
    }

    /// Takes over an accepted connection.
    pub fn new(stream: UnixStream) -> Self {
        Self(stream)
    }
}

impl Transport for Unix {
    fn reset(self: Box<Self>) {}
}

impl AsyncRead for Unix {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, into)
    }
}

impl AsyncWrite for Unix {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
