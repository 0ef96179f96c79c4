//! TCP sockets: no Nagle on our side, quick acknowledgements where the system has them, reset by zero linger.

use super::Transport;
use super::socket::Socket;
use std::io;
use tokio::net::{TcpStream, ToSocketAddrs};

/// A TCP connection.
pub type Tcp = Socket<TcpStream>;

impl Tcp {
    /// Connects, with `TCP_NODELAY` set.
    pub async fn connect(address: impl ToSocketAddrs) -> io::Result<Self> {
        Self::new(TcpStream::connect(address).await?)
    }

    /// Takes over an accepted connection, with `TCP_NODELAY` set.
    pub fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self(stream))
    }
}

impl Transport for Tcp {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn acknowledge_quickly(&self) {
        // Only a hint: where it fails, steps are slower and nothing is wrong.
        let _ = self.0.set_quickack(true);
    }

    fn reset(self: Box<Self>) {
        // If it fails the peer sees an orderly end; the transcript says what we asked for.
        let _ = self.0.set_zero_linger();
    }
}
