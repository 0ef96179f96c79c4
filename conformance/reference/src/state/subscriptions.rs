//! The subscriptions of one session, by filter, and the order in which they were made.

use std::collections::BTreeMap;
use std::sync::Arc;

use mqtt_assay_codec::{QoS, SubscriptionOptions};

use crate::faults::SubscriptionMarks;
use crate::state::ledger::Account;

/// A subscription of one session.
#[derive(Debug)]
pub(crate) struct Subscription {
    /// As the client wrote it, `$share/name/` included.
    pub(crate) filter: Arc<str>,
    pub(crate) options: SubscriptionOptions,
    /// The QoS granted, not the one asked for.
    pub(crate) granted: QoS,
    pub(crate) identifier: Option<u32>,
    /// Whether the filter is a shared one, which it never is in 3.1.1.
    pub(crate) shared: bool,
    /// Its place among the subscriptions of its session; kept when it is replaced.
    pub(crate) made: u64,
    pub(crate) faulty: SubscriptionMarks,
    pub(crate) _account: Account,
}

/// The subscriptions of one session; at most `max_subscriptions`.
#[derive(Debug, Default)]
pub(crate) struct Subscriptions {
    by_filter: BTreeMap<Arc<str>, Held>,
    count: usize,
    made: u64,
}

/// What is held under one filter.
#[derive(Debug)]
struct Held {
    oldest: Subscription,
    /// Faults only: more than one under the same filter.
    twins: Vec<Subscription>,
}

impl Subscriptions {
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    pub(crate) fn get(&self, filter: &str) -> Option<&Subscription> {
        self.by_filter.get(filter).map(|held| &held.oldest)
    }

    pub(crate) fn get_mut(&mut self, filter: &str) -> Option<&mut Subscription> {
        self.by_filter.get_mut(filter).map(|held| &mut held.oldest)
    }

    /// Adds a subscription behind all others. One with the same filter stays beside it, so look first.
    pub(crate) fn add(&mut self, mut subscription: Subscription) {
        self.made += 1;
        self.count += 1;
        subscription.made = self.made;
        if let Some(held) = self.by_filter.get_mut(&subscription.filter) {
            held.twins.push(subscription);
        } else {
            let filter = Arc::clone(&subscription.filter);
            self.by_filter.insert(filter, Held { oldest: subscription, twins: Vec::new() });
        }
    }

    /// Puts a subscription in the place of the one with its filter, which is handed back; without one nothing is done.
    pub(crate) fn replace(&mut self, mut subscription: Subscription) -> Option<Subscription> {
        let held = self.by_filter.get_mut(&subscription.filter)?;
        subscription.made = held.oldest.made;
        Some(std::mem::replace(&mut held.oldest, subscription))
    }

    /// Takes away all with this filter; one of them, if there was any.
    pub(crate) fn remove(&mut self, filter: &str) -> Option<Subscription> {
        let held = self.by_filter.remove(filter)?;
        self.count -= 1 + held.twins.len();
        Some(held.oldest)
    }

    /// Takes away the oldest with this filter.
    pub(crate) fn remove_oldest(&mut self, filter: &str) -> bool {
        let Some(held) = self.by_filter.get_mut(filter) else { return false };
        if held.twins.is_empty() {
            return self.remove(filter).is_some();
        }
        held.oldest = held.twins.remove(0);
        self.count -= 1;
        true
    }

    pub(crate) fn clear(&mut self) {
        self.by_filter.clear();
        self.count = 0;
    }

    /// All of them, by filter.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Subscription> {
        self.by_filter.values().flat_map(|held| std::iter::once(&held.oldest).chain(&held.twins))
    }

    /// All of them, in the order in which they were made.
    pub(crate) fn in_order(&self) -> Vec<&Subscription> {
        let mut all: Vec<&Subscription> = self.iter().collect();
        all.sort_by_key(|subscription| subscription.made);
        all
    }
}
