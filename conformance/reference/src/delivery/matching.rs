//! What a subscription gets: messages to which topics, at which QoS.

use std::collections::BTreeMap;
use std::sync::Arc;

use mqtt_assay_codec::{QoS, split_shared, topic_matches};

use crate::machine::Machine;
use crate::quirks::Quirk;
use crate::state::ClientId;
use crate::state::session::Session;
use crate::state::subscriptions::Subscription;

/// The subscriptions that a message belongs to, in the order in which they were made, by session in the order of clients.
pub(crate) type Matching<'m> = Vec<(&'m Session, Vec<&'m Subscription>)>;

impl Machine {
    /// Whether a message to `topic` belongs to a subscription with `filter`, which is without its share name.
    pub(crate) fn matches(&self, filter: &str, topic: &str) -> bool {
        if self.is_faultless() { topic_matches(filter, topic) } else { self.matches_by_fault(filter, topic) }
    }

    /// The subscriptions to which a message to `topic` belongs. `effort` grows with the work that it takes.
    pub(crate) fn subscriptions_for(&self, topic: &str, effort: &mut usize) -> Matching<'_> {
        if !self.is_faultless() {
            return self.subscriptions_by_fault(topic);
        }
        let mut by_client: BTreeMap<&ClientId, Vec<&Subscription>> = BTreeMap::new();
        for (client_id, filter) in self.subscribers.matching_filters(topic, effort).into_iter().flatten() {
            *effort += 1;
            let session = self.sessions.get(client_id);
            if let Some(subscription) = session.and_then(|session| session.subscriptions.get(filter)) {
                by_client.entry(client_id).or_default().push(subscription);
            }
        }
        let matching = by_client.into_iter().filter_map(|(client_id, mut subscriptions)| {
            subscriptions.sort_by_key(|subscription| subscription.made);
            Some((self.sessions.get(client_id)?, subscriptions))
        });
        matching.collect()
    }

    /// Notes who subscribes, for [`Machine::subscriptions_for`].
    pub(crate) fn list_subscriber(&mut self, client_id: &ClientId, filter: &Arc<str>, shared: bool) {
        if self.is_faultless() {
            let subscriber = (Arc::clone(client_id), Arc::clone(filter));
            let listed = self.subscribers.entry(topic_filter(filter, shared));
            if let Err(place) = listed.binary_search(&subscriber) {
                listed.insert(place, subscriber);
            }
        }
    }

    /// The opposite, for a subscription that is gone. Where it was shared and nobody has it any more, its turn is forgotten.
    pub(crate) fn strike_subscriber(&mut self, client_id: &ClientId, gone: &Subscription) {
        let key = topic_filter(&gone.filter, gone.shared);
        if let Some(listed) = self.subscribers.get_mut(key) {
            if let Ok(place) =
                listed.binary_search_by(|(listed, filter)| (listed, filter).cmp(&(client_id, &gone.filter)))
            {
                listed.remove(place);
            }
            if listed.is_empty() {
                self.subscribers.remove(key);
            }
        }
        if gone.shared && self.turns.contains_key(&gone.filter) && !self.has_member(&gone.filter) {
            self.turns.remove(&gone.filter);
        }
    }

    /// Whether anybody has this shared subscription.
    fn has_member(&self, filter: &Arc<str>) -> bool {
        if !self.is_faultless() {
            return self.sessions.values().any(|session| session.subscriptions.get(filter).is_some());
        }
        let listed = self.subscribers.get(topic_filter(filter, true));
        listed.is_some_and(|listed| listed.iter().any(|(_, held)| held == filter))
    }

    /// The QoS that a subscription is granted.
    pub(crate) fn granted(&self, asked: QoS) -> QoS {
        let granted = asked.min(self.settings.limits.maximum_qos);
        if self.quirk(Quirk::GrantsLowerQos) { granted.min(QoS::AtLeastOnce) } else { granted }
    }
}

/// A filter without its share name.
fn topic_filter(filter: &str, shared: bool) -> &str {
    match split_shared(filter) {
        Some((_, topic_filter)) if shared => topic_filter,
        _ => filter,
    }
}
