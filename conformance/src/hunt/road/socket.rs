//! Plain sockets of the standard library. A broker that leaves Nagle's algorithm on waits for our acknowledgements, so that
//! they are asked for at once before each read; ours is off.

use super::{Came, Road};
use crate::hunt::login::Login;
use crate::wire::Ending;
use socket2::SockRef;
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// How long a connection may take to be opened, and a write to be taken.
const LIMIT: Duration = Duration::from_secs(3);

/// How often an opening is tried where this machine has no port left, and how long is waited in between.
const PORT_TRIES: u32 = 40;
const PORT_PAUSE: Duration = Duration::from_millis(50);

/// How much longer than asked for a read may wait.
const NEAR: Duration = Duration::from_millis(1);

/// Bytes that one write is taken of without a look at the clock.
const SMALL: usize = 32 << 10;

/// Bytes that one read takes.
const ONE_READ: usize = 4 << 10;

/// Connections to one address.
#[derive(Debug)]
pub struct Sockets {
    address: SocketAddr,
    begun: Instant,
    open: Vec<Option<Socket>>,
    free: Vec<usize>,
    written: u64,
    login: Option<Login>,
}

#[derive(Debug)]
struct Socket {
    stream: TcpStream,
    /// How long its reads wait at present; nothing where they don't.
    patience: Option<Duration>,
}

impl Sockets {
    /// None open yet; the clock counts from `begun`.
    pub fn new(address: SocketAddr, begun: Instant, login: Option<Login>) -> Self {
        Self { address, begun, open: Vec::new(), free: Vec::new(), written: 0, login }
    }

    fn connect(&self) -> io::Result<TcpStream> {
        let mut tries = 0;
        loop {
            match connect_within(self.address, LIMIT) {
                Err(error) if error.kind() == ErrorKind::AddrNotAvailable && tries < PORT_TRIES => {
                    tries += 1;
                    std::thread::sleep(PORT_PAUSE);
                }
                done => return done,
            }
        }
    }

    fn socket(&mut self, connection: usize) -> Option<&mut Socket> {
        self.open.get_mut(connection)?.as_mut()
    }
}

/// Opens a connection. A broker that takes none any more lets the system try for minutes.
#[cfg(target_os = "linux")]
fn connect_within(address: SocketAddr, limit: Duration) -> io::Result<TcpStream> {
    let socket = socket2::Socket::new(socket2::Domain::for_address(address), socket2::Type::STREAM, None)?;
    // The limit of a write is that of the opening too, and costs less than waiting for both would.
    socket.set_write_timeout(Some(limit))?;
    socket.connect(&address.into())?;
    Ok(socket.into())
}

#[cfg(not(target_os = "linux"))]
fn connect_within(address: SocketAddr, limit: Duration) -> io::Result<TcpStream> {
    TcpStream::connect_timeout(&address, limit)
}

impl Socket {
    fn await_for(&mut self, patience: Duration) -> io::Result<()> {
        let wanted = (!patience.is_zero()).then_some(patience);
        // A little longer does no harm, and spares a call.
        let is_near = |known: Duration| known >= patience && known <= patience * 2 + NEAR;
        if self.patience == wanted || wanted.is_some() && self.patience.is_some_and(is_near) {
            return Ok(());
        }
        if self.patience.is_some() != wanted.is_some() {
            self.stream.set_nonblocking(wanted.is_none())?;
        }
        if wanted.is_some() {
            self.stream.set_read_timeout(wanted)?;
        }
        self.patience = wanted;
        Ok(())
    }

    fn read(&mut self, into: &mut Vec<u8>, patience: Duration) -> Came {
        acknowledge_quickly(&self.stream);
        if self.await_for(patience).is_err() {
            return Came::Ended(Ending::Reset);
        }
        let before = into.len();
        into.resize(before + ONE_READ, 0);
        let read = loop {
            match self.stream.read(&mut into[before..]) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                read => break read,
            }
        };
        into.truncate(before + read.as_ref().map_or(0, |count| *count));
        match read {
            Ok(0) => Came::Ended(Ending::Fin),
            Ok(_) => Came::Bytes,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => Came::Nothing,
            Err(_) => Came::Ended(Ending::Reset),
        }
    }
}

impl Road for Sockets {
    fn open(&mut self) -> io::Result<usize> {
        let stream = self.connect()?;
        stream.set_nodelay(true)?;
        let socket = Socket { stream, patience: Some(Duration::MAX) };
        let number = self.free.pop().unwrap_or(self.open.len());
        if number == self.open.len() {
            self.open.push(None);
        }
        self.open[number] = Some(socket);
        Ok(number)
    }

    fn write(&mut self, connection: usize, bytes: &[u8]) -> bool {
        self.written = super::digest(self.written, bytes);
        let Some(socket) = self.socket(connection) else { return false };
        let is_blocking = socket.patience.is_some() || socket.await_for(LIMIT).is_ok();
        if bytes.len() > SMALL && socket.stream.set_write_timeout(Some(LIMIT)).is_err() {
            return false;
        }
        is_blocking && socket.stream.write_all(bytes).is_ok()
    }

    fn read(&mut self, connection: usize, into: &mut Vec<u8>, patience: Duration) -> Came {
        self.socket(connection).map_or(Came::Ended(Ending::Reset), |socket| socket.read(into, patience))
    }

    fn half_close(&mut self, connection: usize) {
        if let Some(socket) = self.socket(connection) {
            // One that is gone already has nothing to close.
            let _ = socket.stream.shutdown(std::net::Shutdown::Write);
        }
    }

    fn close(&mut self, connection: usize, ending: Ending) {
        let Some(socket) = self.open.get_mut(connection).and_then(Option::take) else { return };
        if ending == Ending::Reset {
            // Where that fails the end is an orderly one, which is an end too.
            let _ = SockRef::from(&socket.stream).set_linger(Some(Duration::ZERO));
        }
        self.free.push(connection);
    }

    fn now(&self) -> Duration {
        self.begun.elapsed()
    }

    fn wait(&mut self, time: Duration) {
        std::thread::sleep(time);
    }

    fn login(&self) -> Option<&Login> {
        self.login.as_ref()
    }

    fn is_simulated(&self) -> bool {
        false
    }

    fn digest(&self) -> u64 {
        self.written
    }
}

#[cfg(target_os = "linux")]
fn acknowledge_quickly(stream: &TcpStream) {
    // A connection without it is slower, and right.
    let _ = std::os::linux::net::TcpStreamExt::set_quickack(stream, true);
}

#[cfg(not(target_os = "linux"))]
fn acknowledge_quickly(_: &TcpStream) {}
