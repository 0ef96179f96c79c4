//! What the machine remembers for the sake of quirks only.

use std::collections::VecDeque;
use std::time::Duration;

use crate::state::ClientId;
use crate::state::ledger::Account;
use crate::state::session::Outgoing;
use crate::state::will::PendingWill;

/// What a machine remembers for quirks only.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// Copies of messages that wait to be handed on; at most `max_queued_messages`.
    pub(crate) held_back: VecDeque<HeldBack>,
    /// Wills that outlive their session, at most `max_sessions`. A fault uses it too.
    pub(crate) late_wills: Vec<PendingWill>,
}

/// A copy that waits to be handed on.
#[derive(Debug)]
pub(crate) struct HeldBack {
    pub(crate) due: Duration,
    pub(crate) client_id: ClientId,
    pub(crate) outgoing: Outgoing,
    pub(crate) _account: Account,
}
