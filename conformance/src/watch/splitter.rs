//! One direction of a connection, taken apart into packets, however it is cut. Long payloads are passed on in pieces, and
//! other long packets are passed over, so that a client has nothing kept here that it sends in bulk.

use bytes::{Buf, BytesMut};
use mqtt_assay_codec::{
    Context, Limits, Packet, PacketStream, PacketType, Publish, Sender, StreamItem, Version, packet_len,
};

/// A PUBLISH of more bytes has its payload in pieces; no more are taken in at once, so that no more are held.
const WHOLE: usize = 16 << 10;

/// Other packets of more bytes are passed over.
const LONGEST: usize = 64 << 10;

/// What is taken out of a direction.
#[derive(Debug)]
pub(super) enum Part<'a> {
    /// A whole packet, with its bytes.
    Packet(Packet<'a>, &'a [u8]),
    /// All of a PUBLISH but its payload, and how long the whole packet is. The payload follows.
    Head(Publish<'a>, &'a [u8], usize),
    /// A piece of that payload, and whether it is the last.
    Payload(&'a [u8], bool),
    /// A packet that is too long to be looked at: its beginning, and its length.
    Long(&'a [u8], usize),
    /// From here on nothing can be read.
    Unreadable,
}

/// One direction.
#[derive(Debug)]
pub(super) struct Splitter {
    from: Sender,
    version: Version,
    stream: PacketStream,
    /// Of a client, once its CONNECT tells it.
    is_version_known: bool,
    is_amid_payload: bool,
    /// Bytes of a packet that are to be passed over.
    passes: usize,
    is_blind: bool,
}

impl Splitter {
    /// A direction of which nothing has come yet.
    pub(super) fn new(from: Sender) -> Self {
        let context = Context::new(Version::V3_1_1, from);
        Self {
            from,
            version: Version::V3_1_1,
            stream: PacketStream::new(context, Limits::default()),
            is_version_known: from == Sender::Server,
            is_amid_payload: false,
            passes: 0,
            is_blind: false,
        }
    }

    /// The version that both sides speak from here on.
    pub(super) fn speaks(&mut self, version: Version) {
        self.version = version;
        self.stream.set_context(Context::new(version, self.from));
        self.is_version_known = true;
    }

    /// Tells `each` of all that these bytes complete.
    pub(super) fn split(&mut self, bytes: &[u8], mut each: impl FnMut(Part<'_>)) {
        if self.is_blind {
            return;
        }
        for piece in bytes.chunks(WHOLE) {
            self.stream.buffer().extend_from_slice(piece);
            while self.next(&mut each) {}
        }
    }

    /// One step; false where more bytes are needed.
    fn next(&mut self, each: &mut impl FnMut(Part<'_>)) -> bool {
        if self.passes > 0 {
            return self.pass_over();
        }
        if !self.is_version_known && !self.learn_version() {
            return false;
        }
        if !self.is_amid_payload && self.begins_long(each) {
            return true;
        }
        let part = match self.stream.next_item(WHOLE) {
            Ok(Some(StreamItem::Packet { packet, bytes })) => Part::Packet(packet, bytes),
            Ok(Some(StreamItem::Head(head))) => {
                self.is_amid_payload = head.payload_len > 0;
                Part::Head(head.publish, head.bytes, head.bytes.len() + head.payload_len)
            }
            Ok(Some(StreamItem::Payload { bytes, left })) => {
                self.is_amid_payload = left > 0;
                Part::Payload(bytes, left == 0)
            }
            Ok(None) => return false,
            Err(_) => {
                self.is_blind = true;
                Part::Unreadable
            }
        };
        each(part);
        if self.is_blind {
            *self.stream.buffer() = BytesMut::new();
        }
        !self.is_blind
    }

    fn pass_over(&mut self) -> bool {
        let buffer = self.stream.buffer();
        let count = self.passes.min(buffer.len());
        buffer.advance(count);
        self.passes -= count;
        self.passes == 0
    }

    /// Reads the version out of the first bytes of a CONNECT; false until they are there.
    fn learn_version(&mut self) -> bool {
        let Some(version) = version_of(self.stream.buffer()) else { return false };
        self.speaks(version);
        true
    }

    /// True where a packet begins that is passed over.
    fn begins_long(&mut self, each: &mut impl FnMut(Part<'_>)) -> bool {
        let buffer = self.stream.buffer();
        let Some(length) = packet_len(buffer).map(|length| length as usize) else { return false };
        let is_publish = packet_type(buffer) == Some(PacketType::Publish);
        if is_publish || length <= LONGEST {
            return false;
        }
        each(Part::Long(buffer, length));
        self.passes = length;
        // The stream may have waited for more of the packet that it will not see.
        self.speaks(self.version);
        true
    }
}

fn packet_type(bytes: &[u8]) -> Option<PacketType> {
    PacketType::from_number(bytes.first()? >> 4)
}

/// The version that a client's first bytes ask for: 5, or 3.1.1 for all else that may begin there; nothing as long as too
/// few have come.
pub(super) fn version_of(bytes: &[u8]) -> Option<Version> {
    bytes.first()?;
    if packet_type(bytes) != Some(PacketType::Connect) {
        return Some(Version::V3_1_1);
    }
    let behind = 1 + bytes.get(1..)?.iter().position(|byte| byte & 0x80 == 0)? + 1;
    let name_length = usize::from(u16::from_be_bytes(*bytes.get(behind..)?.first_chunk()?));
    match bytes.get(behind + 2 + name_length)? {
        5 => Some(Version::V5),
        _ => Some(Version::V3_1_1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONNECT: [u8; 16] = [0x10, 14, 0, 4, b'M', b'Q', b'T', b'T', 5, 2, 0, 60, 0, 0, 1, b'a'];

    fn split(pieces: &[&[u8]]) -> Vec<String> {
        let mut splitter = Splitter::new(Sender::Client);
        let mut parts = Vec::new();
        for piece in pieces {
            splitter.split(piece, |part| {
                parts.push(match part {
                    Part::Packet(packet, bytes) => format!("{} {}", packet.packet_type().name(), bytes.len()),
                    Part::Head(publish, bytes, length) => format!("head {} {} {length}", publish.topic, bytes.len()),
                    Part::Payload(bytes, is_last) => format!("piece {} {is_last}", bytes.len()),
                    Part::Long(_, length) => format!("long {length}"),
                    Part::Unreadable => "unreadable".to_owned(),
                });
            });
        }
        parts
    }

    #[test]
    fn packets_are_told_however_they_are_cut() {
        let all = [&CONNECT[..], &[0xc0, 0, 0xe0, 0]].concat();
        let expected = ["CONNECT 16", "PINGREQ 2", "DISCONNECT 2"];
        assert_eq!(split(&[&all]), expected);
        let single: Vec<&[u8]> = all.chunks(1).collect();
        assert_eq!(split(&single), expected);
    }

    #[test]
    fn a_long_payload_comes_in_pieces_and_another_long_packet_is_passed_over() {
        let publish = [&[0x30, 0x84, 0x80, 0x02, 0, 1, b't', 0][..], &b"x".repeat(20_000)].concat();
        let mut pieces = vec![&CONNECT[..], &publish];
        let (rest, ping) = (b"x".repeat(32_768 - 20_000), [0xc0, 0]);
        pieces.extend([&rest[..], &ping]);
        let parts = split(&pieces);
        assert_eq!(parts[..2], ["CONNECT 16", "head t 8 32776"]);
        assert_eq!(parts[2..], ["piece 16376 false", "piece 3624 false", "piece 12768 true", "PINGREQ 2"]);
        let long = [&[0x82, 0xf0, 0xa2, 0x04][..], &b"\0".repeat(70_000)].concat();
        assert_eq!(split(&[&CONNECT, &long[..3], &long[3..], &ping]), ["CONNECT 16", "long 70004", "PINGREQ 2"]);
    }

    #[test]
    fn behind_bytes_that_are_no_packet_nothing_is_read() {
        assert_eq!(split(&[&CONNECT, &[0x00, 0], &[0xc0, 0]]), ["CONNECT 16", "unreadable"]);
    }
}
