//! What the machine knows of one network connection.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use mqtt_assay_codec::{PacketId, Version};

use super::ledger::Account;
use super::will::Will;
use super::{ClientId, ConnectionId};

/// How far a connection has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// No CONNECT yet.
    Greeting,
    /// CONNECT accepted.
    Open,
    /// Refused and yet left open: only faults come here.
    Deaf,
}

/// One network connection.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) id: ConnectionId,
    pub(super) phase: Phase,
    /// 3.1.1 until CONNECT says otherwise.
    pub(super) version: Version,
    pub(super) client_id: Option<ClientId>,
    /// Bytes that don't make a packet yet: less than the largest packet.
    pub(super) input: Vec<u8>,
    /// No packet can be complete before this many bytes are here.
    pub(super) wanted: usize,
    /// Bytes of a packet that is being thrown away.
    pub(super) skip: usize,
    pub(super) opened_at: Duration,
    pub(super) heard_at: Duration,
    /// One and a half times the keep alive, where there is one.
    pub(super) patience: Option<Duration>,
    pub(super) will: Option<Will>,
    /// Largest packet that the client takes.
    pub(super) maximum_packet_size: usize,
    pub(super) receive_maximum: u16,
    /// Highest alias that the client takes.
    pub(super) topic_alias_maximum: u16,
    pub(super) problem_information: bool,
    /// Session Expiry Interval of CONNECT, then that of DISCONNECT; seconds, all ones for ever.
    pub(super) session_expiry: u32,
    /// At most the announced maximum.
    pub(super) aliases: BTreeMap<u16, Alias>,
    /// Open QoS 2 exchanges of this connection of 5.0: at most the announced Receive Maximum.
    pub(super) receiving: BTreeSet<PacketId>,
}

/// A topic that a client gave a number.
#[derive(Debug)]
pub(super) struct Alias {
    pub(super) topic: Arc<str>,
    pub(super) _account: Account,
}

impl Connection {
    pub(super) fn new(id: ConnectionId, now: Duration) -> Self {
        Self {
            id,
            phase: Phase::Greeting,
            version: Version::V3_1_1,
            client_id: None,
            input: Vec::new(),
            wanted: 0,
            skip: 0,
            opened_at: now,
            heard_at: now,
            patience: None,
            will: None,
            maximum_packet_size: usize::MAX,
            receive_maximum: u16::MAX,
            topic_alias_maximum: 0,
            problem_information: true,
            session_expiry: 0,
            aliases: BTreeMap::new(),
            receiving: BTreeSet::new(),
        }
    }

    pub(super) fn is_v5(&self) -> bool {
        self.version == Version::V5
    }
}
