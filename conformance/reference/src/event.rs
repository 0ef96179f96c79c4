//! The words between the machine and whoever drives it: what happened, and what is to be done.

use bytes::Bytes;
use mqtt_assay_codec::Version;

/// A network connection, numbered by whoever drives the machine; a number is never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u64);

/// Something that happened on the network, or to the clock.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// A client opened a connection.
    Opened(ConnectionId),
    /// Bytes came, cut anyhow.
    Received(ConnectionId, &'a [u8]),
    /// The client closed its half of the connection (FIN).
    HalfClosed(ConnectionId),
    /// The connection broke (RST).
    Reset(ConnectionId),
    /// So many of the bytes that were sent on this connection have been written: only whoever reports this is told when a
    /// client takes more, so that a driver that keeps what it sends has to.
    Written(ConnectionId, usize),
    /// Nothing more will be written on this connection, nor read from it.
    Gone(ConnectionId),
    /// The broker was stopped and started again: all connections are broken, and what is stored is there.
    Restarted,
    /// The deadline that [`Machine::next_deadline`](crate::Machine::next_deadline) named has come.
    Tick,
}

/// How the broker closes a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closing {
    /// In order, after everything sent before.
    Fin,
    /// At once.
    Reset,
}

/// Something that whoever drives the machine has to do, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Write one whole control packet.
    Send(ConnectionId, Bytes),
    /// Forget what was to be sent on this connection and of which no byte is written yet: the client took too little. The
    /// bytes that were forgotten count as written.
    Discard(ConnectionId),
    /// Close the connection. Nothing follows for it; each opened connection gets this once, however it ended.
    Close(ConnectionId, Closing),
    /// A client broke a rule: for a log, nothing needs doing.
    Breach(Breach),
    /// The broker did by itself what a user would ask about: for a log, nothing needs doing.
    Note(Note),
}

/// What the broker decided by itself, or noticed without a rule that was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// On which connection.
    pub connection: ConnectionId,
    /// Which client, once its CONNECT was accepted.
    pub client_id: Option<String>,
    /// What happened, in one sentence without a full stop.
    pub text: String,
}

/// A rule that a client broke, noticed by the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    /// On which connection.
    pub connection: ConnectionId,
    /// Which client, once its CONNECT was accepted.
    pub client_id: Option<String>,
    /// Id of the statement or unnumbered rule, as the catalog spells it.
    pub rule: &'static str,
    /// Version that the connection speaks; 3.1.1 as long as the client hasn't said.
    pub version: Version,
    /// What the client did, in one sentence.
    pub detail: String,
    /// The packet with which it did so, cut after [`Breach::MOST_BYTES`], or as much of it as had come; empty if it was
    /// none.
    pub packet: Bytes,
    /// Bytes of the whole packet, as far as its fixed header says.
    pub packet_len: usize,
    /// Which of the client's packets on this connection it was: 1 is its first; 0 where it was none.
    pub packet_number: u64,
}

impl Breach {
    /// Bytes of a packet that a breach shows.
    pub const MOST_BYTES: usize = 64;
}
