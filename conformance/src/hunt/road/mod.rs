//! The way to a broker as the hunt needs it: connections by number, whole writes, reads with a patience, and a clock. One
//! is made of sockets, the other drives the reference broker in this process.

mod inside;
mod socket;

pub use inside::Inside;
pub use socket::Sockets;

use crate::wire::Ending;
use std::io;
use std::time::Duration;

/// What one read has brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Came {
    /// Bytes; they stand behind those that were there.
    Bytes,
    /// Nothing within the patience.
    Nothing,
    /// The broker's half has ended.
    Ended(Ending),
}

/// A way to a broker.
pub trait Road {
    /// Opens a connection; its number may be one of an earlier connection that was closed.
    ///
    /// # Errors
    ///
    /// If the broker, or this machine, refuses.
    fn open(&mut self) -> io::Result<usize>;

    /// Writes all of it; false where the connection does not take it any more.
    fn write(&mut self, connection: usize, bytes: &[u8]) -> bool;

    /// Reads what is there, or what comes within this time.
    fn read(&mut self, connection: usize, into: &mut Vec<u8>, patience: Duration) -> Came;

    /// Ends our half only.
    fn half_close(&mut self, connection: usize);

    /// Lets the connection go.
    fn close(&mut self, connection: usize, ending: Ending);

    /// Since the hunt began.
    fn now(&self) -> Duration;

    /// Lets so much time go by.
    fn wait(&mut self, time: Duration);

    /// True where time is simulated, so that waiting costs nothing.
    fn is_simulated(&self) -> bool;
}
