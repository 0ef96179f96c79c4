//! Packets to clients: encoded, held against what the client takes, handed out.

use bytes::Bytes;
use mqtt_assay_codec::{
    Acknowledgement, Auth, Connack, Disconnect, Packet, PacketId, PacketType, Properties, PropertiesBuf, Property,
    ReasonCode, Suback, Unsuback,
};

use crate::event::{ConnectionId, Effect};
use crate::faults::Fault;
use crate::faults::sending::long_explanation;
use crate::machine::Machine;

/// Whether a packet went out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    /// It did.
    Yes,
    /// The client doesn't take packets of this size.
    TooLarge,
}

/// The user property that goes with every explanation: whose it is.
const REFERENCE: &str = "the reference broker of mqtt-assay";

impl Machine {
    /// Sends a packet that nobody waits to hear about if it is too large for the client.
    pub(crate) fn send(&mut self, id: ConnectionId, packet: &Packet<'_>) {
        self.try_send(id, packet);
    }

    /// Sends a packet unless the client doesn't take its size (`[MQTT-3.1.2-24]`).
    pub(crate) fn try_send(&mut self, id: ConnectionId, packet: &Packet<'_>) -> Sent {
        let Some(connection) = self.connections.get(&id) else { return Sent::Yes };
        let Ok(bytes) = packet.to_bytes(connection.version) else { return Sent::TooLarge };
        let most = connection.maximum_packet_size;
        let left_out = bytes.len() == most && self.fault(Fault::LeavesOutWhatFits);
        if bytes.len() > most || left_out {
            return Sent::TooLarge;
        }
        self.send_bytes(id, bytes);
        Sent::Yes
    }

    /// Sends bytes as they are.
    pub(crate) fn send_bytes(&mut self, id: ConnectionId, bytes: impl Into<Bytes>) {
        let Some(connection) = self.connections.get(&id).filter(|_| !self.is_unaware(id)) else { return };
        if !connection.is_v5() && self.fault(Fault::SendsNothing) {
            return;
        }
        let bytes = bytes.into();
        let bytes = if self.is_faultless() { bytes } else { self.with_mistakes(bytes, connection.version) };
        self.outflow.hand_out(id, bytes.len(), self.now);
        self.effects.push(Effect::Send(id, bytes));
    }

    /// Sends a packet of 5.0 with a reason string, or without one where the client wants none or has no room for it.
    pub(crate) fn send_explained(&mut self, id: ConnectionId, why: Option<&str>, packet: Packet<'_>) {
        let Some(connection) = self.connections.get(&id) else { return };
        if !connection.is_v5() {
            self.send(id, &packet);
            return;
        }
        let (version, maximum) = (connection.version, connection.maximum_packet_size);
        let own = packet.properties();
        let explanation =
            own.iter().chain(self.explanation(id, why, &packet).as_properties().iter()).collect::<PropertiesBuf>();
        let explained = with_properties(packet, explanation.as_properties());
        let fits = explained.encoded_len(version).is_ok_and(|len| len <= maximum);
        if fits {
            self.send(id, &explained);
        } else if self.is_faultless() || !self.send_too_large(id, packet, &explanation) {
            self.send(id, &packet);
        }
    }

    fn explanation(&self, id: ConnectionId, why: Option<&str>, packet: &Packet<'_>) -> PropertiesBuf {
        let always = matches!(packet, Packet::Connack(_) | Packet::Disconnect(_));
        let asked = self.connections.get(&id).is_some_and(|connection| connection.problem_information);
        let too_large = self.fault(Fault::ReasonStringTooLong) || self.fault(Fault::UserPropertyTooLong);
        if too_large && (asked || always) {
            return long_explanation();
        }
        match why {
            Some(why) if asked || always => {
                PropertiesBuf::new().with(Property::ReasonString(why)).with(Property::UserProperty("broker", REFERENCE))
            }
            _ if self.fault(Fault::IgnoresProblemInformation) => {
                PropertiesBuf::new().with(Property::ReasonString(why.unwrap_or("all is well")))
            }
            _ => PropertiesBuf::new(),
        }
    }

    /// PUBACK, PUBREC, PUBREL or PUBCOMP with a reason code, explained if it is an error.
    pub(crate) fn acknowledge(
        &mut self,
        id: ConnectionId,
        packet_type: PacketType,
        packet_id: PacketId,
        reason: ReasonCode,
        why: &str,
    ) {
        let is_v5 = self.is_v5(id);
        let reason = if is_v5 { reason } else { ReasonCode::SUCCESS };
        let acknowledgement = Acknowledgement { packet_id, reason, properties: Properties::EMPTY };
        let packet = match packet_type {
            PacketType::Puback => Packet::Puback(acknowledgement),
            PacketType::Pubrec => Packet::Pubrec(acknowledgement),
            PacketType::Pubrel => Packet::Pubrel(acknowledgement),
            _ => Packet::Pubcomp(acknowledgement),
        };
        self.send_explained(id, reason.is_error().then_some(why), packet);
    }

    /// DISCONNECT of 5.0 with its reason, as far as the client takes it.
    pub(crate) fn send_disconnect(&mut self, id: ConnectionId, reason: ReasonCode, why: &str) {
        if self.fault(Fault::ClosesWithoutDisconnect) {
            return;
        }
        let reason = if self.fault(Fault::DisconnectUnspecified) { ReasonCode::UNSPECIFIED_ERROR } else { reason };
        let reason = if self.fault(Fault::DisconnectInventsCode) { ReasonCode(0xF0) } else { reason };
        if self.fault(Fault::DisconnectWithExpiry) {
            self.send_disconnect_with_expiry(id, reason);
            return;
        }
        let packet = Packet::Disconnect(Disconnect { reason, properties: Properties::EMPTY });
        self.send_explained(id, Some(why), packet);
    }
}

/// The packet with these properties instead of its own, for the packets that carry a reason.
pub(crate) fn with_properties<'a>(packet: Packet<'a>, properties: Properties<'a>) -> Packet<'a> {
    match packet {
        Packet::Connack(connack) => Packet::Connack(Connack { properties, ..connack }),
        Packet::Puback(acknowledgement) => Packet::Puback(Acknowledgement { properties, ..acknowledgement }),
        Packet::Pubrec(acknowledgement) => Packet::Pubrec(Acknowledgement { properties, ..acknowledgement }),
        Packet::Pubrel(acknowledgement) => Packet::Pubrel(Acknowledgement { properties, ..acknowledgement }),
        Packet::Pubcomp(acknowledgement) => Packet::Pubcomp(Acknowledgement { properties, ..acknowledgement }),
        Packet::Suback(suback) => Packet::Suback(Suback { properties, ..suback }),
        Packet::Unsuback(unsuback) => Packet::Unsuback(Unsuback { properties, ..unsuback }),
        Packet::Disconnect(disconnect) => Packet::Disconnect(Disconnect { properties, ..disconnect }),
        Packet::Auth(auth) => Packet::Auth(Auth { properties, ..auth }),
        other => other,
    }
}
