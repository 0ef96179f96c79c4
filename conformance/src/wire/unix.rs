//! Unix domain sockets. They know no reset of their own: whoever leaves bytes unread gives the peer one, and else both ways
//! of ending look the same to it.

use super::Transport;
use super::socket::Socket;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::Duration;
use tokio::net::UnixStream;
use tokio::time::sleep;

/// How long a full socket is left alone.
const ASK_AGAIN: Duration = Duration::from_millis(2);

/// A connection over a unix socket.
pub type Unix = Socket<UnixStream>;

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
