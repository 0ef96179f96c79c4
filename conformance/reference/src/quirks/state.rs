//! What the machine remembers for the sake of quirks only.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use crate::event::ConnectionId;
use crate::state::ClientId;
use crate::state::ledger::Account;
use crate::state::message::Message;
use crate::state::session::Outgoing;
use crate::state::will::PendingWill;
use crate::state::work::Replay;

/// What a machine remembers for quirks only.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// Copies of messages that wait to be handed on; at most `max_queued_messages`.
    pub(crate) held_back: VecDeque<HeldBack>,
    /// Wills that outlive their session, at most `max_sessions`. A fault uses it too.
    pub(crate) late_wills: Vec<PendingWill>,
    /// Ends of connections that wait to be dealt with; at most one for each connection.
    pub(crate) late_ends: VecDeque<LateEnd>,
    /// Connections among them that are closed, and whose sessions send on; at most one for each late end.
    pub(crate) unaware: BTreeSet<ConnectionId>,
    /// How many messages of QoS 0 each connection was to get; at most one count for each connection of a run.
    pub(crate) qos0_copies: BTreeMap<ConnectionId, u32>,
    /// Messages of QoS 0 that wait for a quota, with their connections; at most `max_queued_messages`.
    pub(crate) held_at_quota: VecDeque<(ConnectionId, Outgoing)>,
    /// Messages that are acknowledged and not routed yet; at most `max_queued_messages`.
    pub(crate) late_routes: VecDeque<LateRoute>,
    /// Copies that wait for a copy of the same message, or behind one; at most `max_queued_messages`.
    pub(crate) held_apart: Vec<HeldApart>,
    /// Retained messages that are not looked for yet; at most `max_queued_messages`.
    pub(crate) late_replays: VecDeque<LateReplay>,
    /// Connections whose next packet is being worked on, and when it is done; at most `max_connections`.
    pub(crate) slow: BTreeMap<ConnectionId, Duration>,
    /// How the last choice came out that looks like chance.
    pub(crate) choices: u64,
}

/// A message whose receivers are known, to be stored and sent.
#[derive(Debug)]
pub(crate) struct LateRoute {
    pub(crate) due: Duration,
    pub(crate) message: Arc<Message>,
    pub(crate) copies: Vec<(ClientId, Outgoing)>,
}

/// A copy that waits for its turn.
#[derive(Debug)]
pub(crate) struct HeldApart {
    pub(crate) due: Duration,
    pub(crate) client_id: ClientId,
    pub(crate) outgoing: Outgoing,
}

/// The retained messages of a SUBSCRIBE that were not looked for yet.
#[derive(Debug)]
pub(crate) struct LateReplay {
    pub(crate) due: Duration,
    pub(crate) client_id: ClientId,
    pub(crate) connection: ConnectionId,
    pub(crate) replay: Replay,
}

/// A copy that waits to be handed on.
#[derive(Debug)]
pub(crate) struct HeldBack {
    pub(crate) due: Duration,
    pub(crate) client_id: ClientId,
    pub(crate) outgoing: Outgoing,
    pub(crate) _account: Account,
}

/// The end of a connection that waits to be dealt with.
#[derive(Debug)]
pub(crate) struct LateEnd {
    pub(crate) due: Duration,
    pub(crate) id: ConnectionId,
    /// The DISCONNECT; `None` for a connection that was lost.
    pub(crate) disconnect: Option<Vec<u8>>,
    /// Nothing more can come from the client.
    pub(crate) is_gone: bool,
}
