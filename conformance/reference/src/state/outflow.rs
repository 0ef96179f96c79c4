//! The bytes that were handed out to be written and are not written yet: for each connection and in all.
//!
//! A connection may be closed in the machine and still have bytes on their way; they count until they are gone.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::event::ConnectionId;

/// What waits to be written.
#[derive(Debug, Default)]
pub(crate) struct Outflow {
    by_connection: BTreeMap<ConnectionId, Way>,
    unsent: usize,
}

/// What went out to one connection.
#[derive(Clone, Copy, Debug, Default)]
struct Way {
    handed_out: u64,
    written: u64,
    /// When the client took something last, or when something began to wait for it.
    moved_at: Duration,
    /// It is closed, and what is left is on its last way.
    is_closed: bool,
}

impl Way {
    fn unsent(self) -> usize {
        usize::try_from(self.handed_out - self.written).unwrap_or(usize::MAX)
    }

    /// Whether bytes wait for a client that is still connected.
    fn is_waiting(self) -> bool {
        self.unsent() > 0 && !self.is_closed
    }
}

impl Outflow {
    pub(crate) fn hand_out(&mut self, id: ConnectionId, bytes: usize, now: Duration) {
        let way = self.by_connection.entry(id).or_default();
        if way.unsent() == 0 {
            way.moved_at = now;
        }
        way.handed_out += bytes as u64;
        self.unsent += bytes;
    }

    pub(crate) fn written(&mut self, id: ConnectionId, bytes: usize, now: Duration) {
        let Some(way) = self.by_connection.get_mut(&id) else { return };
        let bytes = bytes.min(way.unsent());
        way.written += bytes as u64;
        way.moved_at = now;
        self.unsent -= bytes;
    }

    /// The connection is closed; what waits still counts until it is written or forgotten.
    pub(crate) fn close(&mut self, id: ConnectionId) {
        if let Some(way) = self.by_connection.get_mut(&id) {
            way.is_closed = true;
        }
    }

    /// Nothing more is written on this connection.
    pub(crate) fn forget(&mut self, id: ConnectionId) {
        if let Some(way) = self.by_connection.remove(&id) {
            self.unsent -= way.unsent();
        }
    }

    /// Bytes that wait for one connection.
    pub(crate) fn unsent_to(&self, id: ConnectionId) -> usize {
        self.by_connection.get(&id).map_or(0, |way| way.unsent())
    }

    /// Bytes that wait for all connections.
    pub(crate) fn unsent(&self) -> usize {
        self.unsent
    }

    /// How many bytes were handed out to one connection since it was opened.
    pub(crate) fn handed_out(&self, id: ConnectionId) -> u64 {
        self.by_connection.get(&id).map_or(0, |way| way.handed_out)
    }

    /// Whether so many bytes are written, counted from the opening of the connection.
    pub(crate) fn has_written(&self, id: ConnectionId, bytes: u64) -> bool {
        self.by_connection.get(&id).is_some_and(|way| way.written >= bytes)
    }

    /// When the first of those for whom bytes wait began to take none.
    pub(crate) fn first_moved(&self) -> Option<Duration> {
        self.by_connection.values().filter(|way| way.is_waiting()).map(|way| way.moved_at).min()
    }

    /// The connections for which bytes wait and that took none since `then`, those with the most bytes first.
    pub(crate) fn stuck_since(&self, then: Duration) -> Vec<(ConnectionId, usize)> {
        let stuck = self.by_connection.iter().filter(|(_, way)| way.is_waiting() && way.moved_at <= then);
        let mut stuck: Vec<_> = stuck.map(|(id, way)| (*id, way.unsent())).collect();
        stuck.sort_by_key(|(id, bytes)| (std::cmp::Reverse(*bytes), *id));
        stuck
    }
}
