//! Subscriptions that are refused, kept, counted or answered otherwise than the standard has it.

use std::sync::Arc;

use mqtt_assay_codec::{PacketId, ReasonCode, SubscriptionsBuf, split_shared, topic_matches};

use super::Fault;
use super::answering::is_high;
use crate::event::ConnectionId;
use crate::machine::Machine;
use crate::packets::subscribe::{Request, Requests, Unavailable, asks};
use crate::state::ClientId;
use crate::state::levels::Place;
use crate::state::subscriptions::Subscription;
use crate::state::work::{FilterList, Replay};

impl Machine {
    /// The codes of a SUBACK for a packet identifier that an open exchange of QoS 2 has in use.
    pub(crate) fn codes_for_identifier_in_use(
        &mut self,
        id: ConnectionId,
        packet_id: PacketId,
        filters: usize,
    ) -> Vec<u8> {
        if self.fault(Fault::SubscribeEndsExchange)
            && let Some(session) = self.session_of(id)
        {
            session.received.remove(&packet_id);
        }
        let mut codes = vec![ReasonCode::PACKET_IDENTIFIER_IN_USE.0; filters];
        if self.fault(Fault::InUseForFirstOnly) {
            codes.iter_mut().skip(1).for_each(|code| *code = ReasonCode::UNSPECIFIED_ERROR.0);
        }
        codes
    }

    /// Forgets the subscriptions of a client that is connected.
    pub(crate) fn forget_subscriptions(&mut self, id: ConnectionId) {
        if let Some(session) = self.session_of(id) {
            session.subscriptions.clear();
        }
    }

    /// What this broker refuses although it said that it is available.
    pub(crate) fn ruled_out_by_fault(&self, requests: &Requests<'_>) -> Option<Unavailable> {
        if self.fault(Fault::RefusesWildcards) && asks(requests, Request::has_wildcards) {
            return Some(("U5-103", ReasonCode::WILDCARD_SUBSCRIPTIONS_NOT_SUPPORTED, "a wildcard"));
        }
        if self.fault(Fault::RefusesShares) && asks(requests, Request::is_shared) {
            return Some(("U5-111", ReasonCode::SHARED_SUBSCRIPTIONS_NOT_SUPPORTED, "a shared subscription"));
        }
        let most = self.settings.limits.maximum_qos;
        let higher = self.fault(Fault::RefusesHighQosSubscribe) && asks(requests, |request| request.options.qos > most);
        higher.then_some(("MQTT-3.2.2-10", ReasonCode::QOS_NOT_SUPPORTED, "a QoS above the maximum"))
    }

    /// Takes back something of what a repeated subscription replaced.
    pub(crate) fn spoil_replacement(&mut self, client_id: &ClientId, old: Subscription) {
        let keeps_old = self.fault(Fault::ReplacementKeepsOld);
        let keeps_identifier = self.fault(Fault::StaleIdentifier);
        let loses_messages = self.fault(Fault::ReplacementLosesMessages);
        let Some(session) = self.sessions.get_mut(client_id) else { return };
        if loses_messages {
            session.queue.clear();
        }
        let Some(held) = session.subscriptions.get_mut(&old.filter) else { return };
        if keeps_identifier {
            held.identifier = old.identifier;
        }
        if keeps_old {
            *held = old;
        }
    }

    /// Sends a SUBACK for each topic filter but one.
    pub(crate) fn send_more_subacks(&mut self, id: ConnectionId, packet_id: PacketId, codes: &[u8]) {
        for _ in 1..codes.len() {
            self.send_suback(id, packet_id, codes);
        }
    }

    /// The codes of SUBACK as they are sent.
    pub(crate) fn spoiled_suback_codes(&self, codes: &[u8], packet_id: PacketId) -> Vec<u8> {
        let mut codes = codes.to_vec();
        if self.fault(Fault::SubackReversed) {
            codes.reverse();
        }
        if self.fault(Fault::SubackTooFewCodes) {
            codes.truncate(1);
        }
        for code in codes.iter_mut().filter(|code| **code < 0x80 && is_high(packet_id)) {
            if self.fault(Fault::SubackInventsCode) {
                *code = 3;
            } else if self.fault(Fault::SubackClaimsHigherQos) {
                *code = 2;
            }
        }
        codes
    }

    /// Drops what is on its way to a client that is connected.
    pub(crate) fn drop_in_flight(&mut self, id: ConnectionId) {
        if let Some(session) = self.session_of(id) {
            session.in_flight.clear();
        }
    }

    /// Whether the client has a subscription with this filter.
    pub(crate) fn has_subscription(&self, client_id: &ClientId, filter: &str) -> bool {
        self.sessions.get(client_id).is_some_and(|session| session.subscriptions.get(filter).is_some())
    }

    /// Removes one of several equal subscriptions.
    pub(crate) fn remove_one(&mut self, client_id: &ClientId, filter: &str) -> bool {
        self.sessions.get_mut(client_id).is_some_and(|session| session.subscriptions.remove_oldest(filter))
    }

    /// Removes what an UNSUBSCRIBE didn't name; says whether there was anything.
    pub(crate) fn unsubscribe_more(&mut self, client_id: &ClientId, filter: &str) -> bool {
        let by_prefix = self.fault(Fault::UnsubscribeByPrefix);
        let by_match = self.fault(Fault::UnsubscribeByMatch);
        let Some(session) = self.sessions.get(client_id) else { return false };
        let leaves = |held: &str| by_prefix && held.starts_with(filter) || by_match && topic_matches(filter, held);
        let held = session.subscriptions.iter().map(|subscription| Arc::clone(&subscription.filter));
        let leaving: Vec<Arc<str>> = held.filter(|held| leaves(held)).collect();
        for held in &leaving {
            self.remove_subscription(client_id, held);
        }
        !leaving.is_empty()
    }

    /// Deletes the shared subscription to the same topics too, or the ordinary one.
    pub(crate) fn unsubscribe_twin(&mut self, client_id: &ClientId, filter: &str) {
        let plain = |held: &str| split_shared(held).map_or_else(|| held.to_owned(), |(_, plain)| plain.to_owned());
        let Some(session) = self.sessions.get(client_id) else { return };
        let held = session.subscriptions.iter().map(|subscription| Arc::clone(&subscription.filter));
        let leaving: Vec<Arc<str>> = held.filter(|held| plain(held) == plain(filter)).collect();
        for held in &leaving {
            self.remove_subscription(client_id, held);
        }
    }

    /// Begins to hand on the retained messages of all subscriptions, as if they had just been made.
    pub(crate) fn replay_all(&mut self, id: ConnectionId, client_id: &ClientId) {
        let is_v5 = self.is_v5(id);
        let Some(session) = self.sessions.get(client_id) else { return };
        let plain = session.subscriptions.in_order().into_iter().filter(|held| !held.shared);
        let filters: SubscriptionsBuf = plain.map(|held| (&*held.filter, held.options)).collect();
        let wanted = vec![true; filters.as_subscriptions().len()];
        let filters = Arc::new(FilterList::of_subscribe(filters.as_subscriptions()));
        let (place, identifier) = (Place::Start, None);
        let replay = Replay { identifier, is_v5, filters, at: 0, index: 0, wanted, place, _account: None };
        self.begin_replay(client_id, replay);
        self.replay(client_id);
    }

    /// Takes every member out of a shared subscription.
    pub(crate) fn end_group(&mut self, filter: &str) {
        let members: Vec<ClientId> = self.sessions.keys().cloned().collect();
        for member in members {
            let session = self.sessions.get(&member);
            let held = session.and_then(|session| session.subscriptions.get(filter));
            if held.is_some_and(|held| held.shared) {
                self.remove_subscription(&member, filter);
            }
        }
    }

    /// Sends an UNSUBACK for each topic filter but one.
    pub(crate) fn send_more_unsubacks(&mut self, id: ConnectionId, packet_id: PacketId, codes: &[u8]) {
        for _ in 1..codes.len() {
            self.send_unsuback(id, packet_id, codes.to_vec());
        }
    }

    /// Makes the codes of UNSUBACK those that are sent.
    pub(crate) fn spoil_unsuback_codes(&self, codes: &mut [u8]) {
        if self.fault(Fault::UnsubackReversed) {
            codes.reverse();
        }
        if self.fault(Fault::UnsubackAlwaysSuccess) {
            codes.fill(0);
        }
        if self.fault(Fault::UnsubackInventsCode) {
            codes.fill(0x7F);
        }
    }
}
