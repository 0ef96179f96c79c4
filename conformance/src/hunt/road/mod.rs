//! The way to a broker as the hunt needs it: connections by number, whole writes, reads with a patience, and a clock. One
//! is made of sockets, the other drives the reference broker in this process.

#[cfg(test)]
mod altered;
mod inside;
mod socket;
mod waiting;

#[cfg(test)]
pub(super) use altered::Altered;
pub use inside::Inside;
pub use socket::Sockets;
pub(super) use waiting::{receive, wait};

use super::login::Login;
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

    /// Waits until one of these connections can be read; the places of those that can, or none where time has run out.
    fn await_any(&mut self, connections: &[usize], patience: Duration, ready: &mut Vec<usize>);

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

    /// As whom connections are made.
    fn login(&self) -> Option<&Login> {
        None
    }

    /// How often the broker is seen to have died on this road.
    fn deaths(&self) -> u64 {
        0
    }

    /// All that the broker keeps, in bytes, where it says so itself.
    fn memory(&self) -> Option<u64> {
        None
    }

    /// Tells all that was written, in its order, from anything else.
    fn digest(&self) -> u64;
}

/// A digest of bytes that follow others.
pub(super) fn digest(before: u64, bytes: &[u8]) -> u64 {
    let mix = |digest: u64, word: u64| (digest.rotate_left(5) ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let (words, rest) = bytes.as_chunks();
    let digest = words.iter().fold(before, |digest, word| mix(digest, u64::from_le_bytes(*word)));
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    mix(digest, u64::from_le_bytes(last) ^ bytes.len() as u64)
}
