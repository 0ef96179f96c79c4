//! Packets of the broker that break a rule by their bytes, their size or their order.

use bytes::Bytes;
use mqtt_assay_codec::{Mutation, Packet, PropertiesBuf, Property, QoS, Version};

use super::{Fault, sends::mistaken};
use crate::delivery::send::with_properties;
use crate::event::{ConnectionId, Effect};
use crate::machine::Machine;
use crate::quirks::reordering::places;

/// Text that makes any packet longer than the small maximum of a client that tries.
const LONG: &str = "this text is far longer than a client with a small maximum packet size is ready to take, and a broker \
    that keeps the standard leaves it out of the packet where the packet would become too large by it";

impl Machine {
    /// The packet with all the mistakes that this broker makes in packets of its kind.
    pub(crate) fn with_mistakes(&self, mut bytes: Bytes, version: Version) -> Bytes {
        if self.fault(Fault::MaximumQosTwice)
            && self.settings.limits.maximum_qos < QoS::ExactlyOnce
            && let Some(mistaken) = mistaken(Mutation::named("prop.duplicate@maximum-qos"), &bytes, version)
        {
            bytes = mistaken;
        }
        for fault in self.settings.faults.iter().filter(|fault| self.fault(*fault)) {
            if let Fault::Sends(mutation) = fault
                && let Some(mistaken) = mistaken(mutation, &bytes, version)
            {
                bytes = mistaken;
            }
        }
        bytes
    }

    /// Sends what only clients send.
    pub(crate) fn send_client_packet(&mut self, id: ConnectionId, packet: &'static [u8]) {
        self.send_bytes(id, packet);
    }

    /// A PINGRESP that isn't one.
    pub(crate) fn wrong_pingresp(&self) -> Option<&'static [u8]> {
        if self.fault(Fault::PingrespWithPayload) {
            return Some(b"\xd0\x01\x00");
        }
        self.fault(Fault::PingrespReservedFlags).then_some(b"\xd1\x00")
    }

    /// Whether the client may get no more messages of QoS 1 and 2 before it acknowledges some.
    pub(crate) fn quota_is_used_up(&self, id: ConnectionId) -> bool {
        let client_id = self.client_of(id);
        self.sessions.contains_key(&client_id) && self.room_for(&client_id).is_none()
    }

    /// Sends as much of an explanation as there should be no room for; false if there is no such part.
    pub(crate) fn send_too_large(&mut self, id: ConnectionId, packet: Packet<'_>, explanation: &PropertiesBuf) -> bool {
        let all = explanation.as_properties();
        if !all.iter().any(|property| self.sends_too_large(&property)) {
            return false;
        }
        let is_own =
            |property: &Property<'_>| !matches!(property, Property::ReasonString(_) | Property::UserProperty(..));
        let kept: PropertiesBuf = all.iter().filter(|kept| is_own(kept) || self.sends_too_large(kept)).collect();
        self.send_whatever_its_size(id, &with_properties(packet, kept.as_properties()))
    }

    /// What stays in an explanation although it makes the packet too large.
    pub(crate) fn sends_too_large(&self, property: &Property<'_>) -> bool {
        match property {
            Property::ReasonString(_) => self.fault(Fault::ReasonStringTooLong),
            Property::UserProperty(..) => self.fault(Fault::UserPropertyTooLong),
            _ => false,
        }
    }

    /// Swaps messages that the standard keeps in order.
    pub(crate) fn swap_pairs(&mut self) {
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

/// An explanation that makes any packet longer than the small maximum of a client that tries.
pub(crate) fn long_explanation() -> PropertiesBuf {
    PropertiesBuf::new().with(Property::ReasonString(LONG)).with(Property::UserProperty("broker", LONG))
}

/// Whether two PUBLISH packets have connection, QoS and topic in common.
pub(crate) fn same_stream(one: &Effect, other: &Effect) -> bool {
    match (one, other) {
        (Effect::Send(one_id, one), Effect::Send(other_id, other)) => {
            one_id == other_id && one[0] & 0x06 == other[0] & 0x06 && topic_of(one) == topic_of(other)
        }
        _ => false,
    }
}

/// The topic name in the bytes of a PUBLISH.
pub(crate) fn topic_of(publish: &[u8]) -> Option<&[u8]> {
    let end = publish.iter().skip(1).position(|byte| byte & 0x80 == 0)? + 2;
    let length = usize::from(u16::from_be_bytes([*publish.get(end)?, *publish.get(end + 1)?]));
    publish.get(end + 2..end + 2 + length)
}
