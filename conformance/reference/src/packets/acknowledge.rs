//! Acknowledgements from clients, and PUBREL.

use mqtt_assay_codec::{Acknowledgement, PacketId, PacketType, ReasonCode};

use crate::ending::breach::Ids;
use crate::event::ConnectionId;
use crate::faults::Fault;
use crate::faults::answering::another;
use crate::machine::Machine;
use crate::state::ClientId;
use crate::state::session::{Awaits, InFlight};

impl Machine {
    pub(crate) fn puback(&mut self, id: ConnectionId, acknowledgement: &Acknowledgement<'_>) {
        let Some(client_id) = self.check_ack(id, acknowledgement, &[Awaits::Puback]) else { return };
        if acknowledgement.reason.is_error() {
            self.refused_by_client(id, &client_id, acknowledgement.packet_id);
        } else {
            self.delivered(&client_id, acknowledgement.packet_id);
        }
        self.pump(&client_id);
        self.replay(&client_id);
    }

    pub(crate) fn pubrec(&mut self, id: ConnectionId, acknowledgement: &Acknowledgement<'_>) {
        let packet_id = acknowledgement.packet_id;
        if !self.awaits_any(id, packet_id) {
            let is_v5 = self.is_v5(id);
            if !(is_v5 && self.fault(Fault::UnknownPubrecUnanswered)) {
                self.send_pubrel(id, packet_id, ReasonCode::PACKET_IDENTIFIER_NOT_FOUND);
            }
            return;
        }
        let Some(client_id) = self.check_ack(id, acknowledgement, &[Awaits::Pubrec, Awaits::Pubcomp]) else { return };
        if acknowledgement.reason.is_error() {
            self.refused_by_client(id, &client_id, packet_id);
            self.pump(&client_id);
            self.replay(&client_id);
            return;
        }
        let now = self.now;
        if let Some(session) = self.sessions.get_mut(&client_id)
            && let Some(mut entry) = session.forget_in_flight(packet_id)
        {
            // The end of the list, so that PUBRELs are re-sent in the order of their PUBRECs.
            entry.awaits = Awaits::Pubcomp;
            entry.sent_at = now;
            session.in_flight.push(entry);
        }
        if !self.fault(Fault::NoPubrel) {
            self.send_pubrel(id, packet_id, ReasonCode::SUCCESS);
        }
    }

    pub(crate) fn pubcomp(&mut self, id: ConnectionId, acknowledgement: &Acknowledgement<'_>) {
        let Some(client_id) = self.check_ack(id, acknowledgement, &[Awaits::Pubcomp]) else { return };
        if !self.fault(Fault::RedeliversCompleted) {
            self.forget(&client_id, acknowledgement.packet_id);
        }
        self.pump(&client_id);
        self.replay(&client_id);
    }

    pub(crate) fn pubrel(&mut self, id: ConnectionId, acknowledgement: &Acknowledgement<'_>) {
        let packet_id = acknowledgement.packet_id;
        let Some(session) = self.session_of(id) else { return };
        let received = session.received.remove(&packet_id);
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.receiving.remove(&packet_id);
        }
        let reason = match received {
            Some(received) => {
                if self.fault(Fault::ExpiryEndsExchange) && received.faulty.is_over(self.now) {
                    return;
                }
                if let Some(message) = &received.held {
                    self.accept(message);
                }
                if self.fault(Fault::RemembersAfterPubcomp) {
                    self.remember(id, packet_id, received);
                }
                ReasonCode::SUCCESS
            }
            None if self.fault(Fault::UnknownPubrelUnanswered) => return,
            None => ReasonCode::PACKET_IDENTIFIER_NOT_FOUND,
        };
        self.send_pubcomp(id, packet_id, reason);
    }

    fn send_pubcomp(&mut self, id: ConnectionId, packet_id: PacketId, reason: ReasonCode) {
        if self.fault(Fault::NoPubcomp) {
            return;
        }
        let packet_id = if self.fault(Fault::WrongPubcompId) { another(packet_id) } else { packet_id };
        if self.fault(Fault::PubcompInventsCode) && self.is_v5(id) {
            self.send_invented(id, 0x70, packet_id);
            return;
        }
        self.acknowledge(id, PacketType::Pubcomp, packet_id, reason, "no QoS 2 message has this packet identifier");
    }

    fn awaits_any(&mut self, id: ConnectionId, packet_id: PacketId) -> bool {
        self.session_of(id).is_some_and(|session| session.in_flight_mut(packet_id).is_some())
    }

    /// Whose acknowledgement it is, if the message waits for one of this kind. One for an unknown identifier is ignored;
    /// one of the wrong kind breaks the order of the exchange and closes the connection.
    fn check_ack(
        &mut self,
        id: ConnectionId,
        acknowledgement: &Acknowledgement<'_>,
        expected: &[Awaits],
    ) -> Option<ClientId> {
        if acknowledgement.reason.is_error() && self.fault(Fault::NackCloses) {
            self.refuse(id, ReasonCode::IMPLEMENTATION_SPECIFIC_ERROR, "an acknowledgement with an error code");
            return None;
        }
        let session = self.session_of(id)?;
        let client_id = ClientId::clone(&session.client_id);
        let awaits = session.in_flight_mut(acknowledgement.packet_id).filter(|entry| entry.sent)?.awaits;
        if expected.contains(&awaits) {
            return Some(client_id);
        }
        let detail = "an acknowledgement that doesn't fit the QoS of the message or the state of its exchange";
        if self.fault(Fault::AcceptsWrongAck) {
            self.breach(id, Ids("MQTT-4.8.0-1", "U5-201"), detail);
            return Some(client_id);
        }
        self.violation(id, Ids("MQTT-4.8.0-1", "U5-201"), ReasonCode::PROTOCOL_ERROR, detail);
        None
    }

    /// The client acknowledged: the message is done.
    fn delivered(&mut self, client_id: &ClientId, packet_id: PacketId) {
        if self.fault(Fault::RedeliversAcknowledged) {
            self.redeliver_later(client_id, packet_id);
        } else if self.fault(Fault::AcksOldest) {
            self.forget_oldest(client_id);
        } else {
            self.forget(client_id, packet_id);
        }
    }

    /// The client refused the message, which is then done as well (`[MQTT-4.4.0-2]`).
    fn refused_by_client(&mut self, id: ConnectionId, client_id: &ClientId, packet_id: PacketId) {
        if self.fault(Fault::QuotaNotRestored) && self.awaits_pubrec(id, packet_id) {
            return;
        }
        if self.fault(Fault::RedeliversRefused) {
            self.redeliver_later(client_id, packet_id);
            return;
        }
        let Some(entry) = self.forget(client_id, packet_id) else { return };
        if self.fault(Fault::SharedRefusedGoesOn) {
            self.pass_on(client_id, entry.outgoing);
        }
    }

    /// Takes the message off the list of those in flight.
    fn forget(&mut self, client_id: &ClientId, packet_id: PacketId) -> Option<InFlight> {
        if self.fault(Fault::SendsDoneAgain) || self.fault(Fault::ReleasesDoneAgain) {
            self.note_done(client_id, packet_id);
        }
        self.sessions.get_mut(client_id)?.forget_in_flight(packet_id)
    }
}
