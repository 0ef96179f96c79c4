//! Acknowledgements with something wrong in them, and exchanges of QoS 1 and 2 that take a wrong turn.

use mqtt_assay_codec::{PacketId, Publish, QoS, ReasonCode};

use super::Fault;
use crate::event::ConnectionId;
use crate::machine::Machine;
use crate::state::ClientId;
use crate::state::session::{Awaits, Outgoing, Received};

/// Whether a packet identifier is one of those that the fault strikes. Others are spared, so that the rest of
/// the suite can go on.
pub(crate) fn is_high(packet_id: PacketId) -> bool {
    packet_id.get() >= 0x1000
}

/// A packet identifier that isn't this one.
pub(crate) fn another(packet_id: PacketId) -> PacketId {
    packet_id.checked_add(1).unwrap_or(PacketId::MIN)
}

impl Machine {
    /// An acknowledgement of 5.0 with a reason code that no table has.
    pub(crate) fn send_invented(&mut self, id: ConnectionId, first: u8, packet_id: PacketId) {
        let [high, low] = packet_id.get().to_be_bytes();
        self.send_bytes(id, vec![first, 3, high, low, 0x7F]);
    }

    /// PUBACK with packet identifier 0.
    pub(crate) fn send_puback_of_nothing(&mut self, id: ConnectionId) {
        self.send_bytes(id, b"\x40\x02\x00\x00".as_slice());
    }

    /// PUBREL whose flags are all 0.
    pub(crate) fn send_pubrel_without_flags(&mut self, id: ConnectionId, packet_id: PacketId) {
        let [high, low] = packet_id.get().to_be_bytes();
        self.send_bytes(id, vec![0x60, 2, high, low]);
    }

    /// Counts a message of QoS 0 as an open exchange: under an identifier that nobody is likely to use, downwards.
    pub(crate) fn count_qos0(&mut self, id: ConnectionId) {
        if let Some(connection) = self.connections.get_mut(&id).filter(|connection| connection.is_v5()) {
            let taken = u16::try_from(connection.receiving.len()).unwrap_or(u16::MAX);
            connection.receiving.insert(PacketId::new(u16::MAX - taken).unwrap_or(PacketId::MIN));
        }
    }

    /// Takes a message of QoS 1 only once under one packet identifier, however often that comes.
    pub(crate) fn publish_qos1_once(
        &mut self,
        id: ConnectionId,
        publish: &Publish<'_>,
        topic: &str,
        packet_id: PacketId,
    ) {
        let remembered = self.session_of(id).is_some_and(|session| session.received.contains_key(&packet_id));
        let taken = if remembered { Ok(ReasonCode::SUCCESS) } else { self.take_message(id, publish, topic) };
        self.note_received(id, packet_id, publish, None);
        self.puback_for(id, taken, packet_id);
    }

    /// Takes a new message of QoS 2 for a known one if any client has an exchange under its packet identifier.
    pub(crate) fn takes_for_repeated(&mut self, id: ConnectionId, publish: &Publish<'_>, packet_id: PacketId) -> bool {
        let is_known = self.sessions.values().any(|session| session.received.contains_key(&packet_id));
        if is_known {
            self.note_received(id, packet_id, publish, None);
            self.pubrec_for(id, Ok(ReasonCode::SUCCESS), packet_id);
        }
        is_known
    }

    /// Keeps an exchange that is over.
    pub(crate) fn remember(&mut self, id: ConnectionId, packet_id: PacketId, received: Received) {
        if let Some(session) = self.session_of(id) {
            session.received.insert(packet_id, received);
        }
    }

    /// Whether a message that was sent waits for its PUBREC.
    pub(crate) fn awaits_pubrec(&mut self, id: ConnectionId, packet_id: PacketId) -> bool {
        let session = self.session_of(id);
        session.and_then(|session| session.in_flight_mut(packet_id)).is_some_and(|entry| entry.awaits == Awaits::Pubrec)
    }

    /// Keeps the message that the client acknowledged last, to send it once more.
    pub(crate) fn note_done(&mut self, client_id: &ClientId, packet_id: PacketId) {
        let Some(session) = self.sessions.get_mut(client_id) else { return };
        let outgoing = session.in_flight_mut(packet_id).map(|entry| entry.outgoing.clone());
        session.faulty.done =
            session.connection.zip(outgoing).map(|(connection, outgoing)| (connection, packet_id, outgoing));
    }

    /// Sends the message again that the client acknowledged last.
    pub(crate) fn send_done_again(&mut self, id: ConnectionId) {
        let Some((packet_id, outgoing)) = self.take_done(id, Fault::SendsDoneAgain) else { return };
        if outgoing.qos == QoS::AtLeastOnce && !outgoing.retain {
            self.send_publish(id, &outgoing, Some(packet_id), true);
        }
    }

    /// Sends the PUBREL of the message again that the client completed last.
    pub(crate) fn release_done_again(&mut self, id: ConnectionId) {
        let Some((packet_id, outgoing)) = self.take_done(id, Fault::ReleasesDoneAgain) else { return };
        if outgoing.qos == QoS::ExactlyOnce {
            let _way = self.on_sending(id, &outgoing, Some(packet_id), true);
            self.send_pubrel(id, packet_id, ReasonCode::SUCCESS);
        }
    }

    /// Takes the oldest message that waits for a PUBACK off the list of those in flight.
    pub(crate) fn forget_oldest(&mut self, client_id: &ClientId) {
        let Some(session) = self.sessions.get_mut(client_id) else { return };
        let oldest = session.in_flight.iter().find(|entry| entry.awaits == Awaits::Puback);
        if let Some(packet_id) = oldest.map(|entry| entry.packet_id) {
            session.forget_in_flight(packet_id);
        }
    }

    /// What the client of this connection acknowledged last, where this fault is to send something of it again.
    fn take_done(&mut self, id: ConnectionId, fault: Fault) -> Option<(PacketId, Outgoing)> {
        let (connection, packet_id, outgoing) = self.session_of(id)?.faulty.done.clone()?;
        let is_asked = {
            let _way = self.on_sending(id, &outgoing, Some(packet_id), false);
            self.fault(fault)
        };
        if !is_asked {
            return None;
        }
        self.session_of(id)?.faulty.done = None;
        (connection == id).then_some((packet_id, outgoing))
    }

    /// Marks a message that is done, so that it is sent again on the next connection.
    pub(crate) fn redeliver_later(&mut self, client_id: &ClientId, packet_id: PacketId) {
        let session = self.sessions.get_mut(client_id);
        if let Some(entry) = session.and_then(|session| session.in_flight_mut(packet_id)) {
            entry.awaits = Awaits::Nothing;
        }
    }
}
