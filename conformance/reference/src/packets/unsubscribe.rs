//! UNSUBSCRIBE.

use std::sync::Arc;

use mqtt_assay_codec::{Packet, PacketId, Properties, ReasonCode, ReasonCodes, Unsuback, Unsubscribe, is_shared};

use crate::event::ConnectionId;
use crate::faults::Fault;
use crate::faults::answering::{another, is_high};
use crate::machine::Machine;
use crate::state::ClientId;
use crate::state::work::{FilterList, Work};

impl Machine {
    pub(crate) fn unsubscribe(&mut self, id: ConnectionId, unsubscribe: &Unsubscribe<'_>) {
        let packet_id = unsubscribe.packet_id;
        self.keep_unsubscribe(id);
        if self.names_identifier_in_use(id, packet_id) && self.is_v5(id) {
            let codes = vec![ReasonCode::PACKET_IDENTIFIER_IN_USE.0; unsubscribe.filters.len()];
            self.send_unsuback(id, packet_id, codes);
            return;
        }
        let filters = FilterList::of_unsubscribe(unsubscribe.filters);
        self.begin_work(id, false, packet_id, None, filters);
    }

    /// The next filters of an UNSUBSCRIBE, as many as time allows; true if all are done.
    pub(crate) fn unsubscribe_next(&mut self, client_id: &ClientId, is_v5: bool, work: &mut Work) -> bool {
        let filters = Arc::clone(&work.filters);
        while let Some((filter, _, next)) = filters.read(work.at) {
            if self.is_tired() {
                return false;
            }
            self.effort += 1 + filter.len() / 64;
            let _way = self.on_filter(client_id, filter, is_v5);
            let skipped = work.at > 0 && self.fault(Fault::OnlyFirstUnsubscribed);
            let existed = skipped || self.unsubscribe_one(client_id, filter);
            let code = if existed { ReasonCode::SUCCESS } else { ReasonCode::NO_SUBSCRIPTION_EXISTED };
            work.codes.push(code.0);
            work.at = next;
        }
        true
    }

    /// Answers an UNSUBSCRIBE.
    pub(crate) fn answer_unsubscribe(&mut self, id: ConnectionId, packet_id: PacketId, codes: Vec<u8>) {
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
        let removed = self.remove_subscription(client_id, filter);
        let removed = removed | (!self.is_faultless() && self.unsubscribe_more(client_id, filter));
        if self.fault(Fault::ShareLeavesTogether) {
            self.unsubscribe_twin(client_id, filter);
        }
        if self.fault(Fault::UnsubscribeEndsGroup) {
            self.end_group(filter);
        }
        removed
    }

    pub(crate) fn send_unsuback(&mut self, id: ConnectionId, packet_id: PacketId, mut codes: Vec<u8>) {
        if self.fault(Fault::NoUnsuback) {
            return;
        }
        let packet_id = if self.fault(Fault::WrongUnsubackId) { another(packet_id) } else { packet_id };
        if !self.is_v5(id) {
            let (properties, reasons) = (Properties::EMPTY, ReasonCodes::EMPTY);
            self.send(id, &Packet::Unsuback(Unsuback { packet_id, properties, reasons }));
            if !self.is_faultless() {
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
        if !self.is_faultless() {
            self.send_done_again(id);
        }
    }
}
