//! What is still to be followed up, where those who hunt don't do so themselves: some broker takes seconds to show that it
//! does not answer, and twenty repetitions of that must not keep the hunt from going on.

use super::case::Case;
use super::confirm::Confirmer;
use super::finding::Finding;
use super::shared::{Shared, lock};
use super::trial::Weight;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// How many follow up side by side: most of their time they wait for a broker.
pub(super) const FOLLOWERS: u32 = 6;

/// How long somebody who has nothing to do waits until he looks whether all is over.
const LOOK: Duration = Duration::from_millis(100);

/// A finding, and the case that showed it.
pub(super) struct Claim {
    pub(super) finding: Finding,
    pub(super) case: Option<Case>,
}

/// Claims that wait, and whether more will come.
#[derive(Default)]
pub(super) struct Queue {
    inner: Mutex<(Vec<Claim>, bool)>,
    changed: Condvar,
}

impl Queue {
    /// Adds one.
    pub(super) fn push(&self, claim: Claim) {
        lock(&self.inner).0.push(claim);
        self.changed.notify_one();
    }

    /// No more will come.
    pub(super) fn end(&self) {
        lock(&self.inner).1 = true;
        self.changed.notify_all();
    }

    /// The heaviest, of those the oldest; nothing once all is done.
    fn pop(&self) -> Option<Claim> {
        let mut inner = lock(&self.inner);
        loop {
            let weights = inner.0.iter().map(|claim| claim.finding.suspicion.weight);
            let heaviest = weights.enumerate().min_by_key(|(place, weight)| (*weight == Weight::Weak, *place));
            if let Some((place, _)) = heaviest {
                return Some(inner.0.remove(place));
            }
            if inner.1 {
                return None;
            }
            inner = self.changed.wait_timeout(inner, LOOK).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// Follows up what is there, until no more will come.
pub(super) fn follow(shared: &Shared<'_>, mut confirmer: Confirmer<'_>) {
    while let Some(claim) = shared.queue.pop() {
        shared.confirm(claim, &mut confirmer);
    }
}
