//! Where connections come from, and what lies upon each: a socket that listens, and the layers that are put on what it
//! accepts. Those who accept are to put layers on in a task of their own: a client may take its time for a handshake.

use super::{Tcp, TlsServer, Transport, WebSocketServer};
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use tokio::net::{TcpListener, ToSocketAddrs};

/// Where a listener is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// At this address of TCP.
    Tcp(SocketAddr),
    /// At this path.
    Unix(PathBuf),
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => path.display().fmt(f),
        }
    }
}

/// A socket that listens. That of a path is removed with it.
pub struct Listener(Socket);

enum Socket {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(tokio::net::UnixListener, PathBuf),
}

impl Listener {
    /// Listens on TCP.
    pub async fn tcp(address: impl ToSocketAddrs) -> io::Result<Self> {
        TcpListener::bind(address).await.map(|listener| Self(Socket::Tcp(listener)))
    }

    /// Listens at a path, where nothing may be yet.
    #[cfg(unix)]
    pub fn unix(path: PathBuf) -> io::Result<Self> {
        tokio::net::UnixListener::bind(&path).map(|listener| Self(Socket::Unix(listener, path)))
    }

    /// Where it listens; the port is the one that the system has chosen.
    pub fn place(&self) -> io::Result<Place> {
        match &self.0 {
            Socket::Tcp(listener) => listener.local_addr().map(Place::Tcp),
            #[cfg(unix)]
            Socket::Unix(_, path) => Ok(Place::Unix(path.clone())),
        }
    }

    /// The next connection, as it comes.
    pub async fn accept(&self) -> io::Result<Box<dyn Transport>> {
        match &self.0 {
            Socket::Tcp(listener) => Ok(Box::new(Tcp::new(listener.accept().await?.0)?)),
            #[cfg(unix)]
            Socket::Unix(listener, _) => Ok(Box::new(super::Unix::new(listener.accept().await?.0))),
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Socket::Unix(_, path) = &self.0 {
            // It may be gone already.
            let _ = std::fs::remove_file(path);
        }
    }
}

/// What a broker puts on each connection that it accepts, the lowest first.
#[derive(Clone, Default)]
pub struct Layers {
    /// TLS.
    pub tls: Option<TlsServer>,
    /// WebSocket, over TLS where there is both.
    pub web_socket: Option<WebSocketServer>,
}

impl Layers {
    /// True where the bytes go as they are.
    pub fn are_none(&self) -> bool {
        self.tls.is_none() && self.web_socket.is_none()
    }

    /// Goes through the handshakes with a client.
    pub async fn put_on(&self, mut stream: Box<dyn Transport>) -> io::Result<Box<dyn Transport>> {
        if let Some(tls) = &self.tls {
            stream = tls.accept(stream).await?;
        }
        if let Some(web_socket) = &self.web_socket {
            stream = web_socket.accept(stream).await?;
        }
        Ok(stream)
    }
}
