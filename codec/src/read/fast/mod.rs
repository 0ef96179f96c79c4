//! The packets that come most, accepted in few instructions: PUBLISH, acknowledgements without reason code, PINGREQ and
//! PINGRESP, SUBSCRIBE, CONNECT.
//!
//! It accepts or leaves the decision to the reader; it refuses nothing. A law holds it against the reader: whatever is
//! accepted here, the reader accepts with the same result. What is rare (long packets, strings that are not ASCII, properties
//! that need more than their own value to be judged) is left to the reader even where it is legal.

mod properties;
mod strings;

use crate::packet::{Context, Limits, PacketType, PropertyHome, PropertyId, Sender, Version, topic};
use crate::read::fast::properties::properties;
use crate::read::fast::strings::{prefixed, string, topic_name};
use crate::text::scan;

/// A packet that is certainly legal: its bytes, and what a view knows besides them and the version.
#[derive(Clone, Copy)]
pub(crate) struct Accepted<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) payload: u32,
    pub(crate) packet_id: u16,
    pub(crate) header_len: u8,
}

/// The packet at the start of `bytes`, if it is a PUBLISH, an acknowledgement or a ping, and certainly
/// legal. Small, so that it becomes part of the caller.
#[expect(clippy::inline_always, reason = "a call costs as much as a ping: 85 instructions for PUBACK against 52")]
#[inline(always)]
pub(crate) fn accept<'a>(bytes: &'a [u8], context: Context, limits: &Limits) -> Option<Accepted<'a>> {
    // The length is the higher byte.
    let head = u16::from_le_bytes(*bytes.first_chunk()?);
    if head & 0x00F0 == 0x0030 {
        return publish(bytes, context, limits);
    }
    // PUBACK, PUBREC and PUBCOMP differ in two bits, which do not matter here; PUBREL is between them, with flags of its own.
    let packet = match head {
        0x0262 => bytes.get(..4)?,
        0x0260 => return None,
        _ if head & 0xFFCF == 0x0240 => bytes.get(..4)?,
        0x00C0 if context.from != Sender::Server => bytes.get(..2)?,
        0x00D0 if context.from != Sender::Client => bytes.get(..2)?,
        _ => return None,
    };
    let packet_id = if let &[_, _, high, low] = packet { u16::from_be_bytes([high, low]) } else { 0 };
    let identified = packet_id != 0 || packet.len() == 2;
    (identified && fits(packet, limits)).then_some(Accepted { bytes: packet, payload: 0, packet_id, header_len: 2 })
}

/// As [`accept`], for SUBSCRIBE and CONNECT.
#[inline(never)]
pub(super) fn accept_longer<'a>(bytes: &'a [u8], context: Context, limits: &Limits) -> Option<Accepted<'a>> {
    match bytes.first()? {
        0x10 => connect(bytes, context, limits),
        0x82 => subscribe(bytes, context, limits),
        _ => None,
    }
}

/// Splits the packet off: its bytes, and what follows the fixed header. `None` from 16,384 bytes on.
#[inline]
fn frame<'a>(bytes: &'a [u8], limits: &Limits) -> Option<(&'a [u8], &'a [u8])> {
    let (header_len, remaining) = match *bytes {
        [_, length @ ..0x80, ..] => (2, usize::from(length)),
        [_, low, high @ 1..0x80, ..] => (3, usize::from(low & 0x7F) | usize::from(high) << 7),
        _ => return None,
    };
    let packet = bytes.get(..header_len + remaining)?;
    fits(packet, limits).then_some((packet, packet.get(header_len..)?))
}

#[inline]
fn fits(packet: &[u8], limits: &Limits) -> bool {
    packet.len() <= limits.max_packet_size as usize
}

#[expect(clippy::inline_always, reason = "part of `accept`")]
#[inline(always)]
fn publish<'a>(bytes: &'a [u8], context: Context, limits: &Limits) -> Option<Accepted<'a>> {
    let (packet, body) = frame(bytes, limits)?;
    let flags = packet.first()? & 0x0F;
    let (topic, mut rest) = prefixed(body)?;
    let mut packet_id = 0;
    if flags & 0b0110 != 0 {
        (packet_id, rest) = identifier(rest)?;
        if flags & 0b0110 == 0b0110 {
            return None;
        }
    } else if flags & 0b1000 != 0 {
        return None;
    }
    if context.version.has_properties() {
        rest = match rest.split_first()? {
            (0, behind) => behind,
            _ => properties(rest, PropertyHome::Packet(PacketType::Publish), limits)?.1,
        };
    }
    let payload = packet.len() - rest.len();
    let fine = !topic.is_empty() && topic.len() <= usize::from(limits.max_string_len) && scan::is_plain_name(topic);
    fine.then(|| assemble(packet, body, payload, packet_id))
}

#[inline]
fn subscribe<'a>(bytes: &'a [u8], context: Context, limits: &Limits) -> Option<Accepted<'a>> {
    let (packet, body) = frame(bytes, limits)?;
    let v5 = context.version.has_properties();
    let (packet_id, mut rest) = identifier(body)?;
    if v5 {
        rest = properties(rest, PropertyHome::Packet(PacketType::Subscribe), limits)?.1;
    }
    let payload = packet.len() - rest.len();
    let mut count = 0;
    while !rest.is_empty() {
        let behind = topic_filter(rest, v5, limits)?;
        let (&options, behind) = behind.split_first()?;
        let options_fine = options <= 2 || (v5 && options & 0xC4 == 0 && options & 3 != 3 && options & 0x30 != 0x30);
        if !options_fine {
            return None;
        }
        rest = behind;
        count += 1;
    }
    let fine = context.from != Sender::Server && (1..=limits.max_topic_filters).contains(&count);
    fine.then(|| assemble(packet, body, payload, packet_id))
}

/// What follows the topic filter at the start of `rest`.
#[inline]
fn topic_filter<'a>(rest: &'a [u8], v5: bool, limits: &Limits) -> Option<&'a [u8]> {
    let (filter, behind) = prefixed(rest)?;
    let wildcards = scan::plain_wildcards(filter)?;
    let fine = match filter.first()? {
        b'$' if v5 => topic::check_filter(filter, v5).is_ok(),
        _ => topic::wildcards_stand_alone(filter, wildcards),
    };
    (fine && filter.len() <= usize::from(limits.max_string_len)).then_some(behind)
}

#[inline]
fn connect<'a>(bytes: &'a [u8], context: Context, limits: &Limits) -> Option<Accepted<'a>> {
    let (packet, body) = frame(bytes, limits)?;
    let v5 = context.version.has_properties();
    let (&[name @ .., level, flags, _, _], mut rest) = body.split_first_chunk::<10>()?;
    let [clean, will, user_name, password] =
        [flags & 1 << 1 != 0, flags & 1 << 2 != 0, flags & 1 << 7 != 0, flags & 1 << 6 != 0];
    let will_flags = if will { flags & 0x18 != 0x18 } else { flags & 0x38 == 0 };
    // 3.1 has another name, and rules of its own.
    let named = name == *b"\0\x04MQTT" && level == context.version.level() && context.version != Version::V3_1;
    if !named || flags & 1 != 0 || !will_flags || context.from == Sender::Server || (password && !user_name && !v5) {
        return None;
    }
    if v5 {
        let (seen, behind) = properties(rest, PropertyHome::Packet(PacketType::Connect), limits)?;
        if seen & 1 << PropertyId::AUTHENTICATION_DATA.0 != 0 {
            return None;
        }
        rest = behind;
    }
    let payload = packet.len() - rest.len();
    let client_id;
    (client_id, rest) = string(rest, limits)?;
    if client_id.is_empty() && !clean && !v5 {
        return None;
    }
    if will {
        rest = self::will(rest, v5, limits)?;
    }
    if user_name {
        rest = string(rest, limits)?.1;
    }
    if password {
        rest = prefixed(rest)?.1;
    }
    rest.is_empty().then(|| assemble(packet, body, payload, 0))
}

/// What follows the will at the start of `rest`.
#[inline]
fn will<'a>(mut rest: &'a [u8], v5: bool, limits: &Limits) -> Option<&'a [u8]> {
    if v5 {
        rest = properties(rest, PropertyHome::Will, limits)?.1;
    }
    let rest = topic_name(rest, limits)?;
    Some(prefixed(rest)?.1)
}

/// A packet identifier above 0, and what follows it.
#[inline]
fn identifier(rest: &[u8]) -> Option<(u16, &[u8])> {
    let (&bytes, rest) = rest.split_first_chunk()?;
    let packet_id = u16::from_be_bytes(bytes);
    (packet_id != 0).then_some((packet_id, rest))
}

#[inline]
fn assemble<'a>(bytes: &'a [u8], body: &[u8], payload: usize, packet_id: u16) -> Accepted<'a> {
    Accepted { bytes, payload: payload as u32, packet_id, header_len: (bytes.len() - body.len()) as u8 }
}
