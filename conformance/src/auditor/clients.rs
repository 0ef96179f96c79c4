//! The client identifiers that a run has used: who has none of them has nothing left behind on the broker.

use std::collections::BTreeSet;

/// Every client identifier of a run so far.
#[derive(Debug, Default)]
pub(super) struct Clients(BTreeSet<String>);

impl Clients {
    /// Notes that a connection uses this identifier; true for the first that does.
    pub(super) fn is_first(&mut self, client_id: &str) -> bool {
        self.0.insert(client_id.to_owned())
    }
}
