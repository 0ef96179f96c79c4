//! What the broker remembers for the sake of faults only: one struct for each of its own that has such a field.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::state::connection::Alias;
use crate::state::message::Message;

/// What a machine remembers for faults only.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// Aliases of the client that left last.
    pub(crate) left_aliases: BTreeMap<u16, Alias>,
    /// The will that was published last.
    pub(crate) left_will: Option<Arc<Message>>,
}
