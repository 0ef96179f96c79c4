//! Who gets a message: matching subscriptions become copies, one for each client.

use std::collections::BTreeMap;
use std::sync::Arc;

use mqtt_assay_codec::QoS;

use crate::delivery::matching::Matching;
use crate::faults::Fault;
use crate::faults::delivering::mix_identifiers;
use crate::machine::Machine;
use crate::quirks::Quirk;
use crate::state::ClientId;
use crate::state::message::Message;
use crate::state::session::{Outgoing, Session};
use crate::state::subscriptions::Subscription;

/// A copy for each member of a shared subscription, by its filter.
type Groups = BTreeMap<Arc<str>, Vec<(ClientId, Outgoing)>>;

impl Machine {
    /// Takes ownership of a message: retains it where it asks for that, and gives it to everybody whose subscriptions
    /// match. Says whether anybody's did.
    pub(crate) fn accept(&mut self, message: &Arc<Message>) -> bool {
        let _way = self.on_message(message);
        let stores_later = self.quirk(Quirk::AcknowledgesFirst);
        if !stores_later {
            self.retain(message);
        }
        let mut effort = self.effort;
        let matching = self.subscriptions_for(&message.topic, &mut effort);
        let mut copies = self.plain_copies(&matching, message);
        let groups = self.shared_groups(&matching, message);
        copies.extend(self.shared_copies(groups));
        self.effort = effort + copies.len();
        let matched = !copies.is_empty();
        self.shuffle_clients(&mut copies);
        if stores_later {
            self.route_later(message, copies);
        } else {
            self.deliver_all(copies);
        }
        matched
    }

    /// Gives its receivers their copies of a message.
    pub(crate) fn deliver_all(&mut self, copies: Vec<(ClientId, Outgoing)>) {
        if self.quirk(Quirk::CopiesApart) {
            return self.deliver_apart(copies);
        }
        for (client_id, outgoing) in copies {
            self.deliver(&client_id, outgoing);
        }
    }

    /// Topics that start with `$` are the broker's own (section 4.7.2), and what is denied is nobody's. Where a fault may
    /// hand such a message on, it depends on the subscription whether it does: then no filter matches it but by fault.
    pub(crate) fn may_publish(&self, topic: &str) -> bool {
        let own = topic.starts_with('$') && self.is_faultless();
        let denied = self.settings.access.denies(topic) && !self.fault(Fault::DeliversDenied);
        !own && !denied
    }

    fn plain_copies(&self, matching: &Matching<'_>, message: &Arc<Message>) -> Vec<(ClientId, Outgoing)> {
        let mut copies = Vec::new();
        for (session, subscriptions) in matching {
            let wanting =
                |subscription: &&Subscription| !subscription.shared && self.wants(session, subscription, message);
            let wanting: Vec<&Subscription> = subscriptions.iter().copied().filter(wanting).collect();
            let _way = self.on_subscriptions(session, &wanting, false);
            for (index, together) in self.grouped(&wanting).into_iter().enumerate() {
                let mut copy = self.copy(session, &together, message);
                if index > 0 && self.fault(Fault::CopiesWithoutIdentifier) {
                    copy.identifiers.clear();
                }
                copies.push((Arc::clone(&session.client_id), copy));
            }
        }
        copies
    }

    fn wants(&self, session: &Session, subscription: &Subscription, message: &Message) -> bool {
        let own = subscription.options.no_local && message.publisher == session.client_id;
        let _way = self.on_subscriptions(session, &[subscription], false);
        !own || self.fault(Fault::NoLocalIgnored)
    }

    /// The matching subscriptions of one client by the copies that it gets: one for all, unless a quirk or fault says
    /// otherwise.
    fn grouped<'s>(&self, matching: &[&'s Subscription]) -> Vec<Vec<&'s Subscription>> {
        if matching.is_empty() {
            return Vec::new();
        }
        let identified = matching.iter().any(|subscription| subscription.identifier.is_some());
        if self.quirk(Quirk::ExtraCopies)
            || self.quirk(Quirk::CopiesApart)
            || identified && self.fault(Fault::CopiesWithoutIdentifier)
        {
            return matching.iter().map(|subscription| vec![*subscription]).collect();
        }
        if self.is_faultless() {
            return vec![matching.to_vec()];
        }
        let (repeated, first): (Vec<_>, Vec<_>) = matching.iter().enumerate().partition(|(index, subscription)| {
            matching[..*index].iter().any(|before| before.filter == subscription.filter)
        });
        let mut groups = vec![first.into_iter().map(|(_, subscription)| *subscription).collect()];
        groups.extend(repeated.into_iter().map(|(_, subscription)| vec![*subscription]));
        groups
    }

    /// One copy of the message for these subscriptions of a client.
    fn copy(&self, session: &Session, together: &[&Subscription], message: &Arc<Message>) -> Outgoing {
        let _way = self.on_subscriptions(session, together, false);
        let granted = || together.iter().map(|subscription| subscription.granted);
        let highest = granted().max().unwrap_or(QoS::AtMostOnce);
        let as_published = together.iter().any(|subscription| subscription.options.retain_as_published);
        Outgoing {
            message: Arc::clone(message),
            qos: message.qos.min(highest),
            retain: as_published && message.retain,
            identifiers: together.iter().filter_map(|subscription| subscription.identifier).collect(),
            account: None,
            faulty: self.marks_of_copy(highest, granted().min().unwrap_or(highest), false),
        }
    }

    /// One copy for each shared subscription, for the member whose turn it is; members who are connected go first.
    fn shared_copies(&mut self, groups: Groups) -> Vec<(ClientId, Outgoing)> {
        let mut copies = Vec::new();
        for (filter, mut members) in groups {
            if !self.is_faultless() {
                mix_identifiers(&mut members);
            }
            let turn = self.turns.entry(Arc::clone(&filter)).or_insert(0);
            let chosen = *turn % members.len();
            *turn = turn.wrapping_add(1);
            let _way = members.get(chosen).and_then(|(_, copy)| self.on_copy_of(copy));
            let all = members.len() > 1 && self.fault(Fault::SharedToAll);
            let members = members.into_iter().enumerate();
            copies.extend(members.filter(|(index, _)| all || *index == chosen).map(|(_, member)| member));
        }
        copies
    }

    fn shared_groups(&self, matching: &Matching<'_>, message: &Arc<Message>) -> Groups {
        let mut connected = BTreeMap::new();
        let mut absent = BTreeMap::new();
        for (session, subscriptions) in matching {
            for subscription in subscriptions.iter().filter(|subscription| subscription.shared) {
                let mut outgoing = self.copy(session, &[*subscription], message);
                outgoing.faulty.group = Some(Arc::clone(&subscription.filter));
                let groups = if session.connection.is_some() { &mut connected } else { &mut absent };
                let members: &mut Vec<_> = groups.entry(Arc::clone(&subscription.filter)).or_default();
                members.push((Arc::clone(&session.client_id), outgoing));
            }
        }
        for (filter, members) in absent {
            connected.entry(filter).or_insert(members);
        }
        connected
    }
}
