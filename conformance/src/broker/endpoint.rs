//! Where connections to a running broker are opened, and what lies upon each of them.

use super::Shell;
use super::strangers::{Shown, Strangers};
use crate::wire::{Layers, Tcp, TlsClient, Transport, WebSocketClient, pipe};
use std::io;
use std::path::PathBuf;
use std::rc::Rc;

/// How many bytes may be under way in each direction of a memory pipe: a usual socket buffer.
const PIPE_CAPACITY: usize = 64 << 10;

/// Where connections to a running broker are opened.
#[derive(Clone)]
pub struct Endpoint {
    base: Base,
    upon: Upon,
}

/// What carries the bytes in the end.
#[derive(Clone)]
enum Base {
    /// In this process, over memory pipes. The broker puts these layers on its ends of them.
    Embedded(Rc<Shell>, Layers),
    /// Over TCP, at this host and port.
    Tcp(String),
    /// At this path.
    Unix(PathBuf),
}

/// What a client puts on each connection, the lowest first.
#[derive(Clone, Default)]
pub(crate) struct Upon {
    pub(crate) tls: Option<Rc<TlsClient>>,
    pub(crate) web_socket: Option<Rc<WebSocketClient>>,
    /// Who else may come by TLS, where the broker lets in only who has a certificate.
    pub(crate) strangers: Strangers,
}

impl Upon {
    async fn put_on(&self, mut stream: Box<dyn Transport>) -> io::Result<Box<dyn Transport>> {
        if let Some(tls) = &self.tls {
            stream = tls.connect(stream).await?;
        }
        if let Some(web_socket) = &self.web_socket {
            stream = web_socket.connect(stream).await?;
        }
        Ok(stream)
    }
}

impl Endpoint {
    /// The built-in broker, which puts these layers on what it accepts.
    pub(crate) fn embedded(shell: Rc<Shell>, layers: Layers) -> Self {
        Self { base: Base::Embedded(shell, layers), upon: Upon::default() }
    }

    /// A broker at this host and port of TCP.
    pub fn tcp(address: impl Into<String>) -> Self {
        Self { base: Base::Tcp(address.into()), upon: Upon::default() }
    }

    /// A broker at this path.
    pub fn unix(path: impl Into<PathBuf>) -> Self {
        Self { base: Base::Unix(path.into()), upon: Upon::default() }
    }

    /// The same, with these layers on each connection.
    pub(crate) fn with(self, upon: Upon) -> Self {
        Self { upon, ..self }
    }

    /// True for the built-in broker.
    pub const fn is_embedded(&self) -> bool {
        matches!(self.base, Base::Embedded(..))
    }

    /// The built-in broker, where it is that.
    pub(super) fn shell(&self) -> Option<&Shell> {
        match &self.base {
            Base::Embedded(shell, _) => Some(shell),
            Base::Tcp(_) | Base::Unix(_) => None,
        }
    }

    /// Host and port, where it is reached by TCP.
    pub fn tcp_address(&self) -> Option<&str> {
        match &self.base {
            Base::Tcp(address) => Some(address),
            Base::Embedded(..) | Base::Unix(_) => None,
        }
    }

    /// True where WebSocket frames carry the bytes.
    pub fn is_web_socket(&self) -> bool {
        self.upon.web_socket.is_some()
    }

    /// True where both are the same place.
    pub(super) fn is(&self, other: &Self) -> bool {
        match (&self.base, &other.base) {
            (Base::Embedded(shell, _), Base::Embedded(other, _)) => Rc::ptr_eq(shell, other),
            (Base::Tcp(address), Base::Tcp(other)) => address == other,
            (Base::Unix(path), Base::Unix(other)) => path == other,
            _ => false,
        }
    }

    /// True where TLS lies right upon what carries the bytes, and MQTT upon that.
    pub fn is_tls(&self) -> bool {
        self.upon.tls.is_some() && self.upon.web_socket.is_none()
    }

    /// The name that the broker is asked for in the greeting of TLS, where it has one that is no address.
    pub fn server_name(&self) -> Option<String> {
        self.upon.tls.as_ref().and_then(|client| client.server_name())
    }

    /// Opens a network connection.
    pub async fn open(&self) -> io::Result<Box<dyn Transport>> {
        self.upon.put_on(self.open_below().await?).await
    }

    /// Opens a network connection with nothing upon it: whoever writes to it writes below TLS.
    pub async fn open_below(&self) -> io::Result<Box<dyn Transport>> {
        Ok(match &self.base {
            Base::Embedded(shell, layers) => {
                let (near, far) = pipe(PIPE_CAPACITY);
                shell.accept_through(Box::new(far), layers);
                Box::new(near)
            }
            Base::Tcp(address) => Box::new(Tcp::connect(address.as_str()).await?),
            Base::Unix(path) => open_unix(path).await?,
        })
    }

    /// Whether there is a client that shows this in place of its own certificate.
    pub fn knows_stranger(&self, shown: Shown) -> bool {
        self.upon.strangers.showing(shown).is_some()
    }

    /// Opens a network connection by TLS, as a client that shows this in place of its own certificate.
    pub async fn open_showing(&self, shown: Shown) -> io::Result<Box<dyn Transport>> {
        let stranger = self.upon.strangers.showing(shown).cloned();
        let stranger = stranger.ok_or_else(|| io::Error::other(format!("nobody here has {}", shown.says())))?;
        Upon { tls: Some(stranger), ..self.upon.clone() }.put_on(self.open_below().await?).await
    }
}

#[cfg(unix)]
async fn open_unix(path: &std::path::Path) -> io::Result<Box<dyn Transport>> {
    Ok(Box::new(crate::wire::Unix::connect(path).await?))
}

#[cfg(not(unix))]
async fn open_unix(_: &std::path::Path) -> io::Result<Box<dyn Transport>> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "this system has no unix sockets"))
}
