//! From the bytes of a connection to packets, and from packets to what they ask for.

use mqtt_assay_codec::{Context, Decoded, Limits, Packet, PacketType, Sender, Version, decode};

use crate::event::ConnectionId;
use crate::faults::{Fault, Segment};
use crate::machine::Machine;
use crate::state::connection::Phase;

/// What became of the first bytes of the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// So many bytes are dealt with.
    Consumed(usize),
    /// No packet can be complete before so many more bytes are here.
    Wants(usize),
    /// The connection takes no more bytes.
    Stop,
}

/// What the first packet's fixed header and name give away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Greeting {
    /// A protocol name and level.
    Level { name_is_mqtt: bool, level: u8 },
    /// Too few bytes to say.
    Unknown,
    /// Another packet than CONNECT.
    Other(u8),
}

impl Machine {
    pub(crate) fn received(&mut self, id: ConnectionId, bytes: &[u8]) {
        let Some(mut input) = self.take_input(id, bytes) else { return };
        let mut at = 0;
        let mut wanted = 0;
        let mut segment = Segment::default();
        while at < input.len() && self.listens(id) {
            if let Some(lost) = self.lost_of_segment(&mut segment, &input[at..]) {
                at += lost;
                continue;
            }
            let before = self.effects.len();
            let step = self.step(id, &input[at..]);
            self.show_packet(before, &input[at..]);
            match step {
                Step::Consumed(_) if self.loses_behind(input[at]) => at = input.len(),
                Step::Consumed(length) => at += length.max(1),
                Step::Wants(more) => {
                    wanted = input.len() - at + more;
                    break;
                }
                Step::Stop => break,
            }
        }
        let Some(connection) = self.connections.get_mut(&id) else { return };
        if connection.phase == Phase::Deaf {
            return;
        }
        connection.skip = at.saturating_sub(input.len());
        input.drain(..at.min(input.len()));
        connection.input = input;
        connection.wanted = wanted;
        self.wind(id);
    }

    /// The connection's input with the new bytes, if that may hold a packet.
    fn take_input(&mut self, id: ConnectionId, mut bytes: &[u8]) -> Option<Vec<u8>> {
        let connection = self.connections.get_mut(&id)?;
        if connection.phase == Phase::Deaf {
            return None;
        }
        let skipped = connection.skip.min(bytes.len());
        connection.skip -= skipped;
        bytes = &bytes[skipped..];
        connection.input.extend_from_slice(bytes);
        let enough = !bytes.is_empty() && connection.input.len() >= connection.wanted;
        enough.then(|| std::mem::take(&mut connection.input))
    }

    fn listens(&self, id: ConnectionId) -> bool {
        self.connections.get(&id).is_some_and(|connection| connection.phase != Phase::Deaf)
    }

    fn step(&mut self, id: ConnectionId, input: &[u8]) -> Step {
        let Some(connection) = self.connections.get(&id) else { return Step::Stop };
        match connection.phase {
            Phase::Greeting => self.greet(id, input),
            Phase::Open => self.take_packet(id, connection.version, input),
            Phase::Deaf => Step::Stop,
        }
    }

    fn greet(&mut self, id: ConnectionId, input: &[u8]) -> Step {
        match greeting(input) {
            Greeting::Other(number) => self.not_a_connect(id, number, input),
            Greeting::Unknown | Greeting::Level { .. }
                if is_incomplete(input) && self.fault(Fault::WantsConnectInOnePiece) =>
            {
                self.end(id, false);
                Step::Stop
            }
            Greeting::Unknown if is_incomplete(input) => Step::Wants(1),
            Greeting::Level { name_is_mqtt: true, level: 5 } => self.take_packet(id, Version::V5, input),
            _ => self.take_packet(id, Version::V3_1_1, input),
        }
    }

    /// Decodes the first packet and does what it says.
    fn take_packet(&mut self, id: ConnectionId, version: Version, input: &[u8]) -> Step {
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.version = version;
        }
        let context = Context::new(version, Sender::Client);
        match decode(input, context, &self.decode_limits(version)) {
            Ok(Decoded::Partial { .. }) if self.wants_more_at_once(id, input) => {
                self.end(id, true);
                Step::Stop
            }
            Ok(Decoded::Partial { needed }) => Step::Wants(needed),
            Ok(Decoded::Complete { packet, len }) => self.take(id, packet.packet(), len, input),
            Err(error) => self.refuse_packet(id, error, input),
        }
    }

    pub(crate) fn decode_limits(&self, version: Version) -> Limits {
        let unlimited = version == Version::V5 && self.fault(Fault::AcceptsLargePackets);
        let max_packet_size = if unlimited { 268_435_460 } else { self.settings.limits.max_packet_size };
        Limits { max_packet_size, ..Limits::default() }
    }

    /// Deals with one packet of `len` bytes at the start of `input`.
    pub(crate) fn take(&mut self, id: ConnectionId, packet: Packet<'_>, len: usize, input: &[u8]) -> Step {
        let Some(connection) = self.connections.get_mut(&id) else { return Step::Stop };
        connection.heard_at = self.now;
        let version = connection.version;
        if self.dislikes(&packet, len) {
            return self.refuse_disliked(id);
        }
        match packet {
            Packet::Connect(connect) => self.connect(id, &connect),
            Packet::Disconnect(disconnect) => self.disconnect(id, &disconnect),
            packet => self.serve(id, &packet),
        }
        if std::mem::take(&mut self.faulty.publishes_rest) {
            self.publish_rest(&input[len.min(input.len())..], version);
        }
        Step::Consumed(len)
    }

    /// Packets of an accepted connection, apart from CONNECT and DISCONNECT.
    pub(crate) fn serve(&mut self, id: ConnectionId, packet: &Packet<'_>) {
        match packet {
            Packet::Publish(publish) => self.publish(id, publish),
            Packet::Puback(acknowledgement) => self.puback(id, acknowledgement),
            Packet::Pubrec(acknowledgement) => self.pubrec(id, acknowledgement),
            Packet::Pubrel(acknowledgement) => self.pubrel(id, acknowledgement),
            Packet::Pubcomp(acknowledgement) => self.pubcomp(id, acknowledgement),
            Packet::Subscribe(subscribe) => self.subscribe(id, subscribe),
            Packet::Unsubscribe(unsubscribe) => self.unsubscribe(id, unsubscribe),
            Packet::Pingreq => self.pingreq(id),
            Packet::Auth(_) => self.unexpected_auth(id),
            // The decoder refuses what only servers send; a waived rule may let it through, and then there is nothing to do.
            _ => {}
        }
    }
}

/// How long the first packet is, by its fixed header alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PacketLen {
    /// In bytes, fixed header included.
    Known(usize),
    /// Its length isn't here yet.
    Unknown,
    /// Its length takes more than four bytes.
    Never,
}

pub(crate) fn packet_len(input: &[u8]) -> PacketLen {
    let mut length = 0;
    for (index, byte) in input.iter().skip(1).take(4).enumerate() {
        length |= usize::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return PacketLen::Known(index + 2 + length);
        }
    }
    if input.len() < 5 { PacketLen::Unknown } else { PacketLen::Never }
}

fn is_incomplete(input: &[u8]) -> bool {
    match packet_len(input) {
        PacketLen::Known(len) => len > input.len(),
        PacketLen::Unknown => true,
        PacketLen::Never => false,
    }
}

/// Reads as much of the first packet as tells which version it speaks.
pub(crate) fn greeting(input: &[u8]) -> Greeting {
    let Some(first) = input.first() else { return Greeting::Unknown };
    if first >> 4 != PacketType::Connect as u8 {
        return Greeting::Other(first >> 4);
    }
    let Some(end) = input.iter().skip(1).take(4).position(|byte| byte & 0x80 == 0) else { return Greeting::Unknown };
    let body = &input[end + 2..];
    let Some(&[high, low]) = body.get(..2) else { return Greeting::Unknown };
    let name_length = usize::from(u16::from_be_bytes([high, low]));
    if name_length != "MQTT".len() && name_length != "MQIsdp".len() {
        return Greeting::Level { name_is_mqtt: false, level: 0 };
    }
    let (Some(name), Some(level)) = (body.get(2..2 + name_length), body.get(2 + name_length)) else {
        return Greeting::Unknown;
    };
    Greeting::Level { name_is_mqtt: name == b"MQTT", level: *level }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_level_is_found_behind_any_length() {
        let level = Greeting::Level { name_is_mqtt: true, level: 5 };
        for (input, expected) in [
            (&b"\x10\x0d\x00\x04MQTT\x05"[..], level),
            (b"\x10\x8d\x01\x00\x04MQTT\x05", level),
            (b"\x10\x0d\x00\x04MQTT", Greeting::Unknown),
            (b"\x10", Greeting::Unknown),
            (b"\x10\xff\xff\xff\xff\x01", Greeting::Unknown),
            (b"\xc0\x00", Greeting::Other(12)),
            (b"\x10\x20\xff\xff", Greeting::Level { name_is_mqtt: false, level: 0 }),
            (b"\x10\x0e\x00\x06MQIsdp\x03", Greeting::Level { name_is_mqtt: false, level: 3 }),
        ] {
            assert_eq!(greeting(input), expected, "{input:x?}");
        }
    }

    #[test]
    fn the_length_counts_the_fixed_header() {
        for (input, expected) in [
            (&b"\xc0\x00"[..], PacketLen::Known(2)),
            (b"\x30\x80\x01", PacketLen::Known(131)),
            (b"\x30\x80", PacketLen::Unknown),
            (b"\x30", PacketLen::Unknown),
            (b"\x30\xff\xff\xff\x7f", PacketLen::Known(268_435_460)),
            (b"\x30\xff\xff\xff\xff", PacketLen::Never),
        ] {
            assert_eq!(packet_len(input), expected, "{input:x?}");
        }
    }
}
