//! What the machine remembers for the sake of planted bugs only.

use std::collections::{BTreeMap, BTreeSet};

use crate::event::ConnectionId;
use crate::state::ClientId;
use crate::state::ledger::Account;

/// What is never given back, and what an earlier packet has left behind.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// Leaks: they stand on the ledger, as all that is stored does.
    pub(crate) lost: Vec<Account>,
    /// Half of a shared subscription is there.
    pub(crate) holds_half: bool,
    /// The next message loses its last byte.
    pub(crate) spoils_next: bool,
    /// Connections that have sent a SUBSCRIBE.
    pub(crate) subscribed: BTreeSet<ConnectionId>,
    /// How often each connection has sent an UNSUBSCRIBE.
    pub(crate) unsubscribes: BTreeMap<ConnectionId, u32>,
    /// How often each session was taken over.
    pub(crate) takeovers: BTreeMap<ClientId, u32>,
}
