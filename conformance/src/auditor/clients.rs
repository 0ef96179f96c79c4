//! The client identifiers that a run has used: who has none of them has nothing left behind on the broker.

use std::cell::RefCell;
use std::collections::BTreeSet;

/// Every client identifier of a run so far.
#[derive(Debug, Default)]
pub struct Clients(RefCell<BTreeSet<String>>);

impl Clients {
    /// Notes that a connection uses this identifier; true for the first that does.
    pub fn is_first(&self, client_id: &str) -> bool {
        self.0.borrow_mut().insert(client_id.to_owned())
    }
}
