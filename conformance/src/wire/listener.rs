//! Where connections come from, and what lies upon each: a socket that listens, and the layers that are put on what it
//! accepts. Those who accept are to put layers on in a task of their own: a client may take its time for a handshake.

use super::{Tcp, TlsServer, Transport, WebSocketServer};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use tokio::net::{TcpListener, TcpSocket, TcpStream, ToSocketAddrs};

/// Where a listener is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// At this address of TCP.
    Tcp(SocketAddr),
    /// At this path.
    Unix(PathBuf),
}

impl Place {
    /// The same as a client of this machine reaches it: who listens at all addresses is found at the machine's own.
    #[must_use]
    pub fn reached(self) -> Self {
        match self {
            Self::Tcp(mut address) => {
                match address.ip() {
                    IpAddr::V4(Ipv4Addr::UNSPECIFIED) => address.set_ip(Ipv4Addr::LOCALHOST.into()),
                    IpAddr::V6(Ipv6Addr::UNSPECIFIED) => address.set_ip(Ipv6Addr::LOCALHOST.into()),
                    _ => {}
                }
                Self::Tcp(address)
            }
            path @ Self::Unix(_) => path,
        }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => path.display().fmt(f),
        }
    }
}

/// Who connects to a listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// Somebody at this address.
    Tcp(SocketAddr),
    /// The process of this number, on systems that tell it.
    Process(Option<u32>),
}

impl std::fmt::Display for Peer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Process(Some(number)) => write!(f, "process {number}"),
            Self::Process(None) => f.write_str("a process"),
        }
    }
}

/// A socket that listens. That of a path is removed with it.
pub struct Listener(Socket);

enum Socket {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(tokio::net::UnixListener, PathBuf, Option<(u64, u64)>),
}

impl Listener {
    /// Listens on TCP.
    pub async fn tcp(address: impl ToSocketAddrs) -> io::Result<Self> {
        TcpListener::bind(address).await.map(|listener| Self(Socket::Tcp(listener)))
    }

    /// Listens at a path, where nothing may be yet.
    #[cfg(unix)]
    pub fn unix(path: PathBuf) -> io::Result<Self> {
        let listener = tokio::net::UnixListener::bind(&path)?;
        let node = node(&path);
        Ok(Self(Socket::Unix(listener, path, node)))
    }

    /// Where it listens; the port is the one that the system has chosen.
    pub fn place(&self) -> io::Result<Place> {
        match &self.0 {
            Socket::Tcp(listener) => listener.local_addr().map(Place::Tcp),
            #[cfg(unix)]
            Socket::Unix(_, path, _) => Ok(Place::Unix(path.clone())),
        }
    }

    /// The next connection, as it comes, and whose it is.
    pub async fn accept(&self) -> io::Result<(Box<dyn Transport>, Peer)> {
        match &self.0 {
            Socket::Tcp(listener) => {
                let (stream, from) = listener.accept().await?;
                Ok((Box::new(Tcp::new(stream)?), Peer::Tcp(from)))
            }
            #[cfg(unix)]
            Socket::Unix(listener, ..) => {
                let (stream, _) = listener.accept().await?;
                let peer = peer_of(&stream);
                Ok((Box::new(super::Unix::new(stream)), peer))
            }
        }
    }

    /// A connection of our own to this listener, which is yet to be opened. Systems hand connections over in the order in
    /// which they were opened: once this one is accepted, all have been that were open before. Nothing where the system
    /// doesn't tell who connects.
    pub fn knock(&self) -> io::Result<Option<Knock>> {
        match (&self.0, self.place()?.reached()) {
            (_, Place::Tcp(address)) => {
                let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
                let mut own = address;
                own.set_port(0);
                socket.bind(own)?;
                let peer = Peer::Tcp(socket.local_addr()?);
                Ok(Some(Knock { peer, way: Way::Tcp(socket, address) }))
            }
            #[cfg(unix)]
            (_, Place::Unix(path)) => {
                let (own, _other) = tokio::net::UnixStream::pair()?;
                let peer = peer_of(&own);
                Ok((peer != Peer::Process(None)).then_some(Knock { peer, way: Way::Unix(path) }))
            }
            #[cfg(not(unix))]
            (_, Place::Unix(_)) => Ok(None),
        }
    }
}

/// Who is at the other end of a unix socket.
#[cfg(unix)]
fn peer_of(stream: &tokio::net::UnixStream) -> Peer {
    let number = stream.peer_cred().ok().and_then(|credentials| credentials.pid());
    Peer::Process(number.and_then(|number| u32::try_from(number).ok()))
}

/// What tells a file from another that has got its name since.
#[cfg(unix)]
fn node(path: &std::path::Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt as _;
    let there = std::fs::symlink_metadata(path).ok()?;
    Some((there.dev(), there.ino()))
}

impl Drop for Listener {
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Socket::Unix(_, path, own) = &self.0
            && node(path) == *own
        {
            // It may be gone already.
            let _ = std::fs::remove_file(path);
        }
    }
}

/// A connection of our own to a listener of ours.
pub struct Knock {
    peer: Peer,
    way: Way,
}

enum Way {
    Tcp(TcpSocket, SocketAddr),
    #[cfg(unix)]
    Unix(PathBuf),
}

impl Knock {
    /// As whose it will be accepted.
    pub const fn peer(&self) -> Peer {
        self.peer
    }

    /// Opens it. It is to be kept until it is accepted: some systems forget one that has ended before.
    pub async fn open(self) -> io::Result<Knocked> {
        match self.way {
            Way::Tcp(socket, address) => socket.connect(address).await.map(Knocked::Tcp),
            #[cfg(unix)]
            Way::Unix(path) => super::Unix::connect(&path).await.map(Knocked::Unix),
        }
    }
}

/// The same, opened.
pub enum Knocked {
    /// Over TCP.
    Tcp(TcpStream),
    /// Over a unix socket.
    #[cfg(unix)]
    Unix(super::Unix),
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
