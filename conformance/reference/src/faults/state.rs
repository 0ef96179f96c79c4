//! What the machine remembers for the sake of faults only.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::way::Road;
use crate::event::ConnectionId;
use crate::state::ClientId;
use crate::state::connection::Alias;
use crate::state::message::Message;

/// What connections left behind, and what is to be done all the same.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// The way of now.
    pub(crate) road: Road,
    /// Aliases that clients left.
    pub(crate) left_aliases: BTreeMap<ClientId, BTreeMap<u16, Alias>>,
    /// Topics that went to clients by number.
    pub(crate) left_aliases_sent: BTreeMap<ClientId, Vec<Alias>>,
    /// The wills that were published last, by their clients.
    pub(crate) left_wills: BTreeMap<ClientId, Arc<Message>>,
    /// The retained messages that others have displaced, by topic.
    pub(crate) displaced: BTreeMap<Arc<str>, Arc<Message>>,
    /// What stands behind the packet of now is to be published, although its connection takes no more.
    pub(crate) publishes_rest: bool,
    /// Connections that something should have ended.
    pub(crate) kept: BTreeSet<ConnectionId>,
    /// Nobody is answered any more.
    pub(crate) is_silent: bool,
}
