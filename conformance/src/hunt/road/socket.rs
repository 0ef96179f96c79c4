//! Plain sockets of the standard library. A broker that leaves Nagle's algorithm on waits for our acknowledgements, so that
//! they are asked for at once before each wait; ours is off.

use super::{Came, Road};
use crate::hunt::login::Login;
use crate::wire::Ending;
use socket2::SockRef;
use std::io::{self, ErrorKind, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// How long a connection may take to be opened, and a write to be taken.
const LIMIT: Duration = Duration::from_secs(3);

/// How often an opening is tried where this machine has no port left, and how long is waited in between.
const PORT_TRIES: u32 = 40;
const PORT_PAUSE: Duration = Duration::from_millis(50);

/// The longest that a read waits for: whoever asks for more asks again.
const LONGEST: Duration = Duration::from_hours(1);

/// Bytes of a first write that go out as one piece, whatever Nagle's algorithm holds back.
const SMALL: usize = 16 << 10;

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
    /// Something was written on it.
    is_written: bool,
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
    let stream = TcpStream::connect_timeout(&address, limit)?;
    stream.set_write_timeout(Some(limit))?;
    Ok(stream)
}

impl Socket {
    /// Nagle's algorithm holds back a small piece behind one that is not acknowledged: the first has none before it.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if std::mem::replace(&mut self.is_written, true) || bytes.len() > SMALL {
            self.stream.set_nodelay(true)?;
        }
        self.stream.write_all(bytes)
    }

    fn read(&self, into: &mut Vec<u8>, patience: Duration) -> Came {
        let until = Instant::now() + patience.min(LONGEST);
        loop {
            match super::receive(&self.stream, into) {
                Ok(0) => return Came::Ended(Ending::Fin),
                Ok(_) => return Came::Bytes,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    acknowledge_quickly(&self.stream);
                    let left = until.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return Came::Nothing;
                    }
                    super::wait(&[&self.stream], left, &mut Vec::new());
                }
                Err(_) => return Came::Ended(Ending::Reset),
            }
        }
    }
}

impl Road for Sockets {
    fn open(&mut self) -> io::Result<usize> {
        let stream = self.connect()?;
        let socket = Socket { stream, is_written: false };
        let number = self.free.pop().unwrap_or(self.open.len());
        if number == self.open.len() {
            self.open.push(None);
        }
        self.open[number] = Some(socket);
        Ok(number)
    }

    fn write(&mut self, connection: usize, bytes: &[u8]) -> bool {
        self.written = super::digest(self.written, bytes);
        self.socket(connection).is_some_and(|socket| socket.write(bytes).is_ok())
    }

    fn read(&mut self, connection: usize, into: &mut Vec<u8>, patience: Duration) -> Came {
        self.socket(connection).map_or(Came::Ended(Ending::Reset), |socket| socket.read(into, patience))
    }

    fn await_any(&mut self, connections: &[usize], patience: Duration, ready: &mut Vec<usize>) {
        let streams: Option<Vec<&TcpStream>> =
            connections.iter().map(|number| Some(&self.open.get(*number)?.as_ref()?.stream)).collect();
        super::wait(&streams.unwrap_or_default(), patience, ready);
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
