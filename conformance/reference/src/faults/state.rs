//! What the machine remembers for the sake of faults only.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::event::ConnectionId;
use crate::state::connection::Alias;
use crate::state::message::Message;

/// What connections left behind, and what is to be done all the same.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// Aliases of the client that left last.
    pub(crate) left_aliases: BTreeMap<u16, Alias>,
    /// Topics that went by number to the client that left last.
    pub(crate) left_aliases_sent: Vec<Alias>,
    /// The will that was published last.
    pub(crate) left_will: Option<Arc<Message>>,
    /// What stands behind the packet of now is to be published, although its connection takes no more.
    pub(crate) publishes_rest: bool,
    /// Connections that something should have ended.
    pub(crate) kept: BTreeSet<ConnectionId>,
    /// Nobody is answered any more.
    pub(crate) is_silent: bool,
}
