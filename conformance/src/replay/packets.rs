//! What of a packet makes it the same one as in the record, and what the broker chooses of it.

use bytes::Bytes;
use mqtt_assay_codec::{Context, Decoded, Limits, Packet, PacketId, PacketType, Sender, Version, decode};

/// What a packet is about, whatever else it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Key {
    Message(String, Vec<u8>),
    /// PUBREL, by the identifier of the broker's.
    Release(u16),
    /// An answer to a packet of ours.
    Answer(PacketType, u16),
    Other(PacketType),
    /// No packet at all.
    Bytes,
}

impl Key {
    pub(super) const fn is_message(&self) -> bool {
        matches!(self, Self::Message(..))
    }
}

pub(super) fn key(bytes: &Bytes, version: Version) -> Key {
    let key = read(bytes, version, Sender::Server, |packet| match packet {
        Packet::Publish(publish) => Key::Message(publish.topic.to_owned(), publish.payload.to_vec()),
        Packet::Pubrel(ack) => Key::Release(ack.packet_id.get()),
        Packet::Puback(ack) | Packet::Pubrec(ack) | Packet::Pubcomp(ack) => {
            Key::Answer(packet.packet_type(), ack.packet_id.get())
        }
        Packet::Suback(ack) => Key::Answer(PacketType::Suback, ack.packet_id.get()),
        Packet::Unsuback(ack) => Key::Answer(PacketType::Unsuback, ack.packet_id.get()),
        other => Key::Other(other.packet_type()),
    });
    key.unwrap_or(Key::Bytes)
}

/// Reads one whole packet.
pub(super) fn read<T>(bytes: &[u8], version: Version, from: Sender, look: impl FnOnce(&Packet<'_>) -> T) -> Option<T> {
    match decode(bytes, Context::new(version, from), &Limits::default()) {
        Ok(Decoded::Complete { packet, len }) if len == bytes.len() => Some(look(&packet)),
        _ => None,
    }
}

/// The identifier that the broker has chosen for a packet of its own.
pub(super) fn own_identifier(bytes: &Bytes, version: Version) -> Option<u16> {
    read(bytes, version, Sender::Server, |packet| match packet {
        Packet::Publish(publish) => publish.packet_id.map(PacketId::get),
        Packet::Pubrel(ack) => Some(ack.packet_id.get()),
        _ => None,
    })?
}

/// The client identifier that a CONNACK assigns.
pub(super) fn assigned(bytes: &Bytes, version: Version) -> Option<String> {
    read(bytes, version, Sender::Server, |packet| match packet {
        Packet::Connack(connack) => connack.properties.assigned_client_identifier().map(str::to_owned),
        _ => None,
    })?
}

/// The same packet with this identifier: it stands behind the fixed header, in a PUBLISH behind the topic name.
pub(super) fn with_identifier(bytes: &Bytes, id: u16) -> Bytes {
    let mut all = bytes.to_vec();
    let header = 1 + all.iter().skip(1).take_while(|byte| **byte >= 0x80).count() + 1;
    let is_message = all.first().is_some_and(|first| first >> 4 == PacketType::Publish as u8);
    let topic = match all.get(header..header + 2) {
        Some(&[high, low]) if is_message => 2 + usize::from(u16::from_be_bytes([high, low])),
        _ => 0,
    };
    if let Some(place) = all.get_mut(header + topic..header + topic + 2) {
        place.copy_from_slice(&id.to_be_bytes());
    }
    all.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use mqtt_assay_codec::{Publish, QoS};

    #[test]
    fn only_the_identifier_is_changed() {
        for payload in [0, 200, 20_000] {
            let payload = vec![b'x'; payload];
            let made = |id| {
                let packet_id = PacketId::new(id);
                let publish =
                    Publish { topic: "a/b", qos: QoS::AtLeastOnce, packet_id, payload: &payload, ..Publish::default() };
                Packet::Publish(publish).to_bytes(Version::V5).expect("legal")
            };
            assert_eq!(with_identifier(&made(7), 300), made(300));
        }
        let ack = Bytes::from_static(&[0x62, 2, 0, 7]);
        assert_eq!(with_identifier(&ack, 258), Bytes::from_static(&[0x62, 2, 1, 2]));
    }
}
