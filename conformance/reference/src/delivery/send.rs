//! Packets to clients: encoded, held against what the client takes, handed out.

use bytes::Bytes;
use mqtt_assay_codec::{
    Acknowledgement, Connack, Disconnect, Mutation, Packet, PacketId, PacketType, Properties, PropertiesBuf, Property,
    QoS, ReasonCode, Suback, Unsuback,
};

use crate::event::{ConnectionId, Effect};
use crate::faults::Fault;
use crate::faults::mistaken;
use crate::machine::Machine;
use crate::quirks::Quirk;

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

/// Text that makes any packet longer than the small maximum of a client that tries.
const LONG: &str = "this text is far longer than a client with a small maximum packet size is ready to take, and a broker \
    that keeps the standard leaves it out of the packet where the packet would become too large by it";

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
        let Some(connection) = self.connections.get(&id) else { return };
        if !connection.is_v5() && self.fault(Fault::SendsNothing) {
            return;
        }
        let mut bytes = bytes.into();
        if self.fault(Fault::MaximumQosTwice)
            && self.settings.limits.maximum_qos < QoS::ExactlyOnce
            && let Some(mistaken) = mistaken(Mutation::named("prop.duplicate@maximum-qos"), &bytes, connection.version)
        {
            bytes = mistaken;
        }
        for fault in self.settings.faults.iter() {
            if let Fault::Sends(mutation) = fault
                && let Some(mistaken) = mistaken(mutation, &bytes, connection.version)
            {
                bytes = mistaken;
            }
        }
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
        let explanation = self.explanation(id, why, &packet);
        let explained = with_properties(packet, explanation.as_properties());
        let fits = explained.encoded_len(version).is_ok_and(|len| len <= maximum);
        let kept = explanation.as_properties().iter().filter(|property| self.sends_too_large(property));
        let kept: PropertiesBuf = kept.collect();
        if fits {
            self.send(id, &explained);
        } else if !kept.is_empty()
            && let Ok(bytes) = with_properties(packet, kept.as_properties()).to_bytes(version)
        {
            self.send_bytes(id, bytes);
        } else {
            self.send(id, &packet);
        }
    }

    /// Faults only: what stays in an explanation although it makes the packet too large.
    fn sends_too_large(&self, property: &Property<'_>) -> bool {
        match property {
            Property::ReasonString(_) => self.fault(Fault::ReasonStringTooLong),
            Property::UserProperty(..) => self.fault(Fault::UserPropertyTooLong),
            _ => false,
        }
    }

    fn explanation(&self, id: ConnectionId, why: Option<&str>, packet: &Packet<'_>) -> PropertiesBuf {
        let always = matches!(packet, Packet::Connack(_) | Packet::Disconnect(_));
        let asked = self.connections.get(&id).is_some_and(|connection| connection.problem_information);
        let too_large = [Property::ReasonString(LONG), Property::UserProperty("broker", LONG)];
        if (asked || always) && too_large.iter().any(|property| self.sends_too_large(property)) {
            return too_large.into_iter().collect();
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

    pub(crate) fn pingreq(&mut self, id: ConnectionId) {
        if self.fault(Fault::PingForgetsSubscriptions)
            && let Some(session) = self.session_of(id)
        {
            session.subscriptions.clear();
        }
        let blocked = self.fault(Fault::QuotaBlocksAll) && self.quota_is_used_up(id);
        if self.fault(Fault::PingUnanswered) || blocked {
            return;
        }
        if self.fault(Fault::PingrespWithPayload) {
            self.send_bytes(id, &b"\xd0\x01\x00"[..]);
        } else if self.fault(Fault::PingrespReservedFlags) {
            self.send_bytes(id, &b"\xd1\x00"[..]);
        } else {
            self.send(id, &Packet::Pingresp);
        }
    }

    /// Quirks and faults only: rearranges the effects of one event.
    pub(crate) fn rearrange_effects(&mut self) {
        if self.quirk(Quirk::ReversesAcknowledgements) {
            let places = places(&self.effects, |first| matches!(first >> 4, 4 | 5));
            for (one, other) in places.iter().zip(places.iter().rev()).take(places.len() / 2) {
                self.effects.swap(*one, *other);
            }
        }
        if self.fault(Fault::SwapsPairs) {
            self.swap_pairs();
        }
    }

    /// Faults only: swaps messages that the standard keeps in order.
    fn swap_pairs(&mut self) {
        let places = places(&self.effects, |first| first >> 4 == 3);
        let mut swapped = vec![false; places.len()];
        for one in 0..places.len() {
            let twin = (one + 1..places.len()).find(|other| {
                !swapped[*other] && same_stream(&self.effects[places[one]], &self.effects[places[*other]])
            });
            if let (false, Some(other)) = (swapped[one], twin) {
                self.effects.swap(places[one], places[other]);
                swapped[other] = true;
            }
        }
    }
}

/// The packet with these properties instead of its own, for the packets that carry a reason.
fn with_properties<'a>(packet: Packet<'a>, properties: Properties<'a>) -> Packet<'a> {
    match packet {
        Packet::Connack(connack) => Packet::Connack(Connack { properties, ..connack }),
        Packet::Puback(acknowledgement) => Packet::Puback(Acknowledgement { properties, ..acknowledgement }),
        Packet::Pubrec(acknowledgement) => Packet::Pubrec(Acknowledgement { properties, ..acknowledgement }),
        Packet::Pubrel(acknowledgement) => Packet::Pubrel(Acknowledgement { properties, ..acknowledgement }),
        Packet::Pubcomp(acknowledgement) => Packet::Pubcomp(Acknowledgement { properties, ..acknowledgement }),
        Packet::Suback(suback) => Packet::Suback(Suback { properties, ..suback }),
        Packet::Unsuback(unsuback) => Packet::Unsuback(Unsuback { properties, ..unsuback }),
        Packet::Disconnect(disconnect) => Packet::Disconnect(Disconnect { properties, ..disconnect }),
        other => other,
    }
}

/// Quirks and faults only: where packets are sent whose first byte is of that kind.
fn places(effects: &[Effect], kind: impl Fn(u8) -> bool) -> Vec<usize> {
    let sends = effects.iter().enumerate();
    sends
        .filter_map(|(place, effect)| match effect {
            Effect::Send(_, bytes) if bytes.first().is_some_and(|first| kind(*first)) => Some(place),
            _ => None,
        })
        .collect()
}

/// Faults only: whether two PUBLISH packets have connection, QoS and topic in common.
fn same_stream(one: &Effect, other: &Effect) -> bool {
    match (one, other) {
        (Effect::Send(one_id, one), Effect::Send(other_id, other)) => {
            one_id == other_id && one[0] & 0x06 == other[0] & 0x06 && topic_of(one) == topic_of(other)
        }
        _ => false,
    }
}

/// Faults only: the topic name in the bytes of a PUBLISH.
fn topic_of(publish: &[u8]) -> Option<&[u8]> {
    let end = publish.iter().skip(1).position(|byte| byte & 0x80 == 0)? + 2;
    let length = usize::from(u16::from_be_bytes([*publish.get(end)?, *publish.get(end + 1)?]));
    publish.get(end + 2..end + 2 + length)
}
