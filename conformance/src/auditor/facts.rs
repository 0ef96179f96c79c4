//! The words between the auditor and whoever tells it of a run.

use super::points::Point;
use mqtt_assay_codec::Version;
use std::time::Duration;

/// One network connection of a run, by its number among all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Conn(pub(super) usize);

/// What is known of a connection when it is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// What is spoken on it.
    pub version: Version,
    /// Id of the case whose connection it is.
    pub case: String,
    /// The role there.
    pub role: String,
    /// Which of a run's brokers it leads to: nothing that one of them holds is known to another.
    pub broker: u64,
    /// What stands before the topics of that case; nothing but the run publishes there.
    pub own_topics: String,
    /// What stands before every client identifier of its case, and of no other run's; empty where there is none such.
    pub own_clients: String,
    /// The clock of the run is one that jumps over waiting.
    pub is_simulated: bool,
    /// It removes what its case has left on the broker.
    pub is_clean_up: bool,
}

/// When something was written or read, and where that is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Moment {
    /// Its place among all that the run has written and read, from 1. What was read has a lower one than what was written
    /// afterwards, on whatever connections; nothing else orders two of them.
    pub seq: u64,
    /// Since the run began.
    pub at: Duration,
    /// The line in the transcript of the connection's case; 0 where it was not written down.
    pub line: u32,
}

/// A breach that shows in no packet: something that was owed, and did not come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The connection on which it was owed.
    pub conn: Conn,
    /// Since when.
    pub owed: Moment,
    /// What is broken.
    pub point: Point,
    /// In words.
    pub why: String,
}
