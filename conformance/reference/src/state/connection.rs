//! What the machine knows of one network connection.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use mqtt_assay_codec::{PacketId, Version};

use crate::event::ConnectionId;
use crate::faults::ConnectionMarks;
use crate::state::ClientId;
use crate::state::authentication::Authentication;
use crate::state::ledger::Account;
use crate::state::session::Outgoing;
use crate::state::will::Will;
use crate::state::work::Work;

/// How far a connection has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// No CONNECT yet.
    Greeting,
    /// CONNECT came, and waits for the exchange of AUTH packets to end well.
    Authenticating,
    /// CONNECT accepted.
    Open,
    /// Refused and yet left open: only faults come here.
    Deaf,
}

/// One network connection.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) id: ConnectionId,
    pub(crate) phase: Phase,
    /// 3.1.1 until CONNECT says otherwise.
    pub(crate) version: Version,
    pub(crate) client_id: Option<ClientId>,
    /// Bytes that don't make a packet yet: less than the largest packet.
    pub(crate) input: Vec<u8>,
    /// No packet can be complete before this many bytes are here.
    pub(crate) wanted: usize,
    /// How many of its packets have been dealt with.
    pub(crate) packets: u64,
    /// Bytes of a packet that is being thrown away.
    pub(crate) skip: usize,
    /// How far the client has come with its authentication method, where CONNECT named one.
    pub(crate) authentication: Option<Authentication>,
    pub(crate) opened_at: Duration,
    pub(crate) heard_at: Duration,
    /// One and a half times the keep alive, where there is one.
    pub(crate) patience: Option<Duration>,
    pub(crate) will: Option<Will>,
    /// Largest packet that the client takes.
    pub(crate) maximum_packet_size: usize,
    pub(crate) receive_maximum: u16,
    /// Highest alias that the client takes.
    pub(crate) topic_alias_maximum: u16,
    pub(crate) problem_information: bool,
    /// Session Expiry Interval of CONNECT, then that of DISCONNECT; seconds, all ones for ever.
    pub(crate) session_expiry: u32,
    /// Whether CONNECT asked for no session beyond the connection, whatever the broker made of it.
    pub(crate) asked_no_session: bool,
    /// At most the announced maximum.
    pub(crate) aliases: BTreeMap<u16, Alias>,
    /// Topics that go to this client by number: at most [`MOST_ALIASES_SENT`], and no more than it takes.
    pub(crate) aliases_sent: Vec<Alias>,
    /// Open QoS 2 exchanges of this connection of 5.0: at most the announced Receive Maximum.
    pub(crate) receiving: BTreeSet<PacketId>,
    /// Where the booked bytes of a long input stand.
    pub(crate) input_account: Option<Account>,
    /// The packet that is being worked on; what comes behind it waits.
    pub(crate) work: Option<Work>,
    /// The client has gone, and what it sent before is still worked on.
    pub(crate) leaving: bool,
    /// Messages of QoS 0 that wait until the client has taken what was sent before, and their bytes.
    pub(crate) waiting: VecDeque<Outgoing>,
    pub(crate) waiting_bytes: usize,
    /// A client that can't take as fast what this one publishes.
    pub(crate) feeds: Option<ConnectionId>,
    /// Bytes handed out on this connection up to the end of the CONNACK, once there was one.
    pub(crate) connack_ends: Option<u64>,
    /// How many packets were dealt with slowly: a quirk only.
    pub(crate) slow_ones: u32,
    /// Whether the CONNACK was written before the packets of now were read, so that the client may know the limits in it.
    pub(crate) is_told: bool,
    /// Identifiers of the QoS 1 messages that came last on this connection of 5.0: at most [`MOST_REMEMBERED`].
    pub(crate) lately: VecDeque<PacketId>,
    pub(crate) faulty: ConnectionMarks,
}

/// How many packet identifiers of finished QoS 1 exchanges are remembered, to tell a re-send on a live connection.
pub(crate) const MOST_REMEMBERED: usize = 256;

/// How many topics one client is told by number, however many it takes.
pub(crate) const MOST_ALIASES_SENT: u16 = 16;

/// A topic that a client gave a number.
#[derive(Debug)]
pub(crate) struct Alias {
    pub(crate) topic: Arc<str>,
    pub(crate) _account: Account,
}

impl Connection {
    pub(crate) fn new(id: ConnectionId, now: Duration) -> Self {
        Self {
            id,
            phase: Phase::Greeting,
            version: Version::V3_1_1,
            client_id: None,
            input: Vec::new(),
            wanted: 0,
            packets: 0,
            skip: 0,
            authentication: None,
            opened_at: now,
            heard_at: now,
            patience: None,
            will: None,
            maximum_packet_size: usize::MAX,
            receive_maximum: u16::MAX,
            topic_alias_maximum: 0,
            problem_information: true,
            session_expiry: 0,
            asked_no_session: true,
            aliases: BTreeMap::new(),
            aliases_sent: Vec::new(),
            receiving: BTreeSet::new(),
            input_account: None,
            work: None,
            leaving: false,
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            feeds: None,
            connack_ends: None,
            slow_ones: 0,
            is_told: false,
            lately: VecDeque::new(),
            faulty: ConnectionMarks::default(),
        }
    }

    /// The number by which a topic goes to this client, and whether the client knows it already; `None` where it takes no
    /// more numbers.
    pub(crate) fn alias_for(&self, topic: &str) -> Option<(u16, bool)> {
        let known = self.aliases_sent.iter().position(|known| *known.topic == *topic);
        let index = known.unwrap_or(self.aliases_sent.len());
        let alias = u16::try_from(index + 1).ok()?;
        (alias <= self.topic_alias_maximum.min(MOST_ALIASES_SENT)).then_some((alias, known.is_some()))
    }

    /// Whether something that came is not dealt with yet, besides a packet that is not whole.
    pub(crate) fn has_more(&self) -> bool {
        self.work.is_some() || !self.input.is_empty() && self.input.len() >= self.wanted
    }

    pub(crate) fn is_v5(&self) -> bool {
        self.version == Version::V5
    }
}
