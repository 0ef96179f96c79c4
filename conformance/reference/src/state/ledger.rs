//! What is stored for clients, counted in bytes for the whole machine, so that no client can make it grow without bound.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The count of stored bytes, and how many there may be.
#[derive(Debug)]
pub(crate) struct Ledger {
    used: Arc<AtomicUsize>,
    limit: usize,
}

/// A number of bytes on the ledger, given back when this is dropped.
#[derive(Debug)]
pub(crate) struct Account {
    used: Arc<AtomicUsize>,
    bytes: usize,
}

/// What each stored item costs besides its own bytes.
const OVERHEAD: usize = 128;

impl Ledger {
    pub(crate) fn new(limit: usize) -> Self {
        Self { used: Arc::new(AtomicUsize::new(0)), limit }
    }

    /// Books `bytes` for one item, or nothing where that would go over the limit.
    pub(crate) fn open(&self, bytes: usize) -> Option<Account> {
        let bytes = bytes.saturating_add(OVERHEAD);
        let used = self.used.load(Ordering::Relaxed);
        if used.saturating_add(bytes) > self.limit {
            return None;
        }
        self.used.store(used + bytes, Ordering::Relaxed);
        Some(Account { used: Arc::clone(&self.used), bytes })
    }

    /// Books `bytes` more for an item that has grown; false where that would go over the limit.
    pub(crate) fn extend(&self, account: &mut Account, bytes: usize) -> bool {
        let used = self.used.load(Ordering::Relaxed);
        if used.saturating_add(bytes) > self.limit {
            return false;
        }
        self.used.store(used + bytes, Ordering::Relaxed);
        account.bytes += bytes;
        true
    }

    /// Stored bytes at this moment.
    pub(crate) fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }
}

impl Account {
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        self.used.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_back_what_is_dropped() {
        let ledger = Ledger::new(2 * (OVERHEAD + 10));
        let first = ledger.open(10);
        let second = ledger.open(10);
        assert!(first.is_some() && second.is_some());
        assert!(ledger.open(0).is_none());
        drop(first);
        let mut third = ledger.open(0).expect("there is room");
        assert!(ledger.extend(&mut third, 10) && !ledger.extend(&mut third, 1));
        drop(third);
        drop(second);
        assert_eq!(ledger.used(), 0);
    }
}
