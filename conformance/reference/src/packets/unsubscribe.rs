//! UNSUBSCRIBE.

use mqtt_assay_codec::{
    Packet, PacketId, Properties, ReasonCode, ReasonCodes, Unsuback, Unsubscribe, is_shared, topic_matches,
};

use crate::ending::refuse::Ids;
use crate::event::ConnectionId;
use crate::faults::Fault;
use crate::faults::answering::{another, is_high};
use crate::machine::Machine;
use crate::state::ClientId;

impl Machine {
    pub(crate) fn unsubscribe(&mut self, id: ConnectionId, unsubscribe: &Unsubscribe<'_>) {
        let Some(connection) = self.connections.get(&id) else { return };
        let (is_v5, Some(client_id)) = (connection.is_v5(), connection.client_id.clone()) else { return };
        let packet_id = unsubscribe.packet_id;
        if is_v5 && self.session_of(id).is_some_and(|session| session.received.contains_key(&packet_id)) {
            self.breach(id, Ids("MQTT-2.3.1-2", "U5-029"), "a packet identifier that is in use");
            let codes = vec![ReasonCode::PACKET_IDENTIFIER_IN_USE.0; unsubscribe.filters.iter().count()];
            self.send_unsuback(id, packet_id, codes);
            return;
        }
        let mut codes = Vec::new();
        for (index, filter) in unsubscribe.filters.iter().enumerate() {
            let skipped = index > 0 && self.fault(Fault::OnlyFirstUnsubscribed);
            let existed = skipped || self.unsubscribe_one(&client_id, filter);
            let code = if existed { ReasonCode::SUCCESS } else { ReasonCode::NO_SUBSCRIPTION_EXISTED };
            codes.push(code.0);
        }
        if self.fault(Fault::UnsubscribeDropsInFlight) {
            self.drop_in_flight(id);
        }
        let none_existed = codes.iter().all(|code| *code != 0);
        if self.fault(Fault::UnsubackForEachFilter) {
            self.send_more_unsubacks(id, packet_id, &codes);
        }
        if !(none_existed && self.fault(Fault::NoUnsubackForUnknown)) {
            self.send_unsuback(id, packet_id, codes);
        }
    }

    /// Deletes the subscription with exactly this filter (`[MQTT-3.10.4-1]`); says whether there was one. Messages that
    /// wait for the client or are on their way are still delivered.
    fn unsubscribe_one(&mut self, client_id: &ClientId, filter: &str) -> bool {
        if self.fault(Fault::UnsubscribeIneffective) {
            return self.has_subscription(client_id, filter);
        }
        if self.fault(Fault::SharedCountsTwice) && is_shared(filter) {
            return self.remove_one(client_id, filter);
        }
        let by_prefix = self.fault(Fault::UnsubscribeByPrefix);
        let by_match = self.fault(Fault::UnsubscribeByMatch);
        let removed = self.remove_subscriptions(client_id, |subscription| {
            let held: &str = &subscription.filter;
            held == filter || by_prefix && held.starts_with(filter) || by_match && topic_matches(filter, held)
        });
        if self.fault(Fault::UnsubscribeEndsGroup) {
            self.end_group(filter);
        }
        removed > 0
    }

    pub(crate) fn send_unsuback(&mut self, id: ConnectionId, packet_id: PacketId, mut codes: Vec<u8>) {
        if self.fault(Fault::NoUnsuback) {
            return;
        }
        let packet_id = if self.fault(Fault::WrongUnsubackId) { another(packet_id) } else { packet_id };
        if !self.is_v5(id) {
            let (properties, reasons) = (Properties::EMPTY, ReasonCodes::EMPTY);
            self.send(id, &Packet::Unsuback(Unsuback { packet_id, properties, reasons }));
            if self.fault(Fault::SendsDoneAgain) {
                self.send_done_again(id);
            }
            return;
        }
        let why = codes.iter().any(|code| *code != 0).then_some("not every subscription existed");
        self.spoil_unsuback_codes(&mut codes);
        if self.fault(Fault::UnsubackTooManyCodes) && is_high(packet_id) {
            codes.push(0);
        }
        let reasons = ReasonCodes::from(codes.as_slice());
        self.send_explained(id, why, Packet::Unsuback(Unsuback { packet_id, properties: Properties::EMPTY, reasons }));
        if self.fault(Fault::SendsDoneAgain) {
            self.send_done_again(id);
        }
    }
}
