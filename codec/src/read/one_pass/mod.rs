//! Packets judged and taken apart in the same pass: the decoder's way for nearly all that comes.
//!
//! It yields the typed packet or leaves the bytes to the reader; it refuses nothing, so that errors are made in one place.
//! A law holds it against the reader: whatever is accepted here, the reader accepts, with the same fields. Left to the reader
//! are what waits for more bytes, what is refused, strings that are not ASCII, and oddities of 3.1.

mod connect;
mod lists;
mod properties;
mod strings;
mod visitor;

use crate::packet::{
    Acknowledgement, Auth, Connack, Context, Disconnect, Limits, Packet, PacketId, PacketType, Properties,
    PropertyHome, PropertyId, Publish, QoS, ReasonCode, Sender,
};
use crate::read::one_pass::properties::properties;
use crate::read::one_pass::strings::topic_name;

pub(crate) use visitor::{Unvisited, Visit, Visiting};

/// The packet at the start of `bytes`, made into what the caller wants of it and its length; `otherwise` what is not a
/// PUBLISH, an acknowledgement without reason code or a ping, or not certainly legal.
///
/// Small, so that it becomes part of the caller, and by way of two functions, so that the packet is made where it is to be:
/// it is large, and to move it costs as much as to judge it.
#[expect(clippy::inline_always, reason = "a call costs as much as a ping")]
#[inline(always)]
pub(crate) fn frequent<'a, V: Visit<'a>, T>(
    bytes: &'a [u8],
    (context, limits): (Context, &Limits),
    visit: &mut V,
    complete: impl FnOnce(Packet<'a>, usize) -> T,
    otherwise: impl FnOnce(&mut V) -> T,
) -> T {
    // The length is the higher byte.
    let Some(head) = bytes.first_chunk().map(|head| u16::from_le_bytes(*head)) else { return otherwise(visit) };
    if head & 0x00F0 == 0x0030 {
        return match publish(bytes, head as u8, (context, limits), visit) {
            Some((publish, len)) => complete(Packet::Publish(publish), len),
            None => otherwise(visit),
        };
    }
    if head >> 8 == 2
        && let Some(&[first, _, high, low]) = bytes.first_chunk()
        && let Some(packet_id) = PacketId::new(u16::from_be_bytes([high, low]))
        && fits(4, limits)
    {
        let acknowledgement = Acknowledgement::success(packet_id);
        return match first {
            0x40 => complete(Packet::Puback(acknowledgement), 4),
            0x50 => complete(Packet::Pubrec(acknowledgement), 4),
            0x62 => complete(Packet::Pubrel(acknowledgement), 4),
            0x70 => complete(Packet::Pubcomp(acknowledgement), 4),
            _ => otherwise(visit),
        };
    }
    match head {
        0x00C0 if context.from != Sender::Server && fits(2, limits) => complete(Packet::Pingreq, 2),
        0x00D0 if context.from != Sender::Client && fits(2, limits) => complete(Packet::Pingresp, 2),
        _ => otherwise(visit),
    }
}

/// As [`frequent`], for the other packets.
#[expect(clippy::inline_always, reason = "its one caller is not part of anything")]
#[inline(always)]
pub(crate) fn other<'a, V: Visit<'a>, T>(
    bytes: &'a [u8],
    (context, limits): (Context, &Limits),
    visit: &mut V,
    complete: impl FnOnce(Packet<'a>, usize) -> T,
    otherwise: impl FnOnce(&mut V) -> T,
) -> T {
    let Some(((len, body), &first)) = frame(bytes, limits).zip(bytes.first()) else { return otherwise(visit) };
    let judging = Judging { context, limits };
    let from = context.from;
    /// The packet if it is certainly legal.
    macro_rules! one {
        ($packet:ident, $judged:expr) => {
            match $judged {
                Some(judged) => complete(Packet::$packet(judged), len),
                None => otherwise(visit),
            }
        };
    }
    match first {
        0x10 if from != Sender::Server => {
            judging.connect_or(body, visit, |connect| complete(Packet::Connect(connect), len), otherwise)
        }
        0x20 if from != Sender::Client => one!(Connack, judging.connack(body, visit)),
        0x40 => one!(Puback, judging.acknowledgement(PacketType::Puback, body, visit)),
        0x50 => one!(Pubrec, judging.acknowledgement(PacketType::Pubrec, body, visit)),
        0x62 => one!(Pubrel, judging.acknowledgement(PacketType::Pubrel, body, visit)),
        0x70 => one!(Pubcomp, judging.acknowledgement(PacketType::Pubcomp, body, visit)),
        0x82 if from != Sender::Server => one!(Subscribe, judging.subscribe(body, visit)),
        0x90 if from != Sender::Client => one!(Suback, judging.suback(body, visit)),
        0xA2 if from != Sender::Server => one!(Unsubscribe, judging.unsubscribe(body, visit)),
        0xB0 if from != Sender::Client => one!(Unsuback, judging.unsuback(body, visit)),
        0xE0 => one!(Disconnect, judging.disconnect(body, visit)),
        0xF0 => one!(Auth, judging.auth(body, visit)),
        _ => otherwise(visit),
    }
}

#[expect(clippy::inline_always, reason = "part of `frequent`")]
#[inline(always)]
fn publish<'a>(
    bytes: &'a [u8],
    first: u8,
    (context, limits): (Context, &Limits),
    visit: &mut impl Visit<'a>,
) -> Option<(Publish<'a>, usize)> {
    let (len, body) = frame(bytes, limits)?;
    let (topic, mut rest) = topic_name(body, limits)?;
    let (mut qos, mut packet_id) = (QoS::AtMostOnce, None);
    match first & 0b0110 {
        0 if first & 0b1000 != 0 => return None,
        0 => {}
        0b0110 => return None,
        bits => {
            let (id, behind) = identifier(rest)?;
            (packet_id, rest) = (Some(id), behind);
            qos = if bits == 0b0010 { QoS::AtLeastOnce } else { QoS::ExactlyOnce };
        }
    }
    let home = PropertyHome::Packet(PacketType::Publish);
    let mut block: &[u8] = &[];
    let mut named = !topic.is_empty();
    if context.version.has_properties() {
        let (&first_of_length, behind) = rest.split_first()?;
        if first_of_length == 0 {
            rest = behind;
        } else {
            let (found, behind) = properties(rest, home, Judging { context, limits }, visit)?;
            (block, rest) = (found.block.as_bytes(), behind);
            named |= found.has(PropertyId::TOPIC_ALIAS);
        }
    }
    let publish = Publish {
        dup: first & 1 << 3 != 0,
        qos,
        retain: first & 1 != 0,
        topic,
        packet_id,
        properties: Properties::from_block(block, home.bit()),
        payload: rest,
    };
    named.then_some((publish, len))
}

/// What packets are judged by.
#[derive(Clone, Copy)]
struct Judging<'l> {
    context: Context,
    limits: &'l Limits,
}

impl Judging<'_> {
    fn has_properties(self) -> bool {
        self.context.version.has_properties()
    }

    /// The properties of the variable header, which is empty before 5.0, and what follows them.
    #[inline]
    fn properties<'a>(
        self,
        packet_type: PacketType,
        rest: &'a [u8],
        visit: &mut impl Visit<'a>,
    ) -> Option<(Properties<'a>, &'a [u8])> {
        if !self.has_properties() {
            return Some((Properties::EMPTY, rest));
        }
        let (found, rest) = properties(rest, PropertyHome::Packet(packet_type), self, visit)?;
        Some((found.block, rest))
    }

    /// A reason code that may stand in this packet, coming from this side.
    #[inline]
    fn reason(self, packet_type: PacketType, byte: u8) -> Option<ReasonCode> {
        let reason = ReasonCode(byte);
        let fine = reason.allowed_in(self.context.version, packet_type)
            && self.context.from.may_be(reason.sent_by(packet_type));
        fine.then_some(reason)
    }

    fn connack<'a>(self, body: &'a [u8], visit: &mut impl Visit<'a>) -> Option<Connack<'a>> {
        let (&[flags, reason], rest) = body.split_first_chunk()?;
        let reason = self.reason(PacketType::Connack, reason)?;
        let session_present = match flags {
            0 => false,
            1 if reason == ReasonCode::SUCCESS => true,
            _ => return None,
        };
        let (properties, rest) = self.properties(PacketType::Connack, rest, visit)?;
        rest.is_empty().then_some(Connack { session_present, reason, properties })
    }

    fn acknowledgement<'a>(
        self,
        packet_type: PacketType,
        body: &'a [u8],
        visit: &mut impl Visit<'a>,
    ) -> Option<Acknowledgement<'a>> {
        let (packet_id, rest) = identifier(body)?;
        let (reason, properties) = self.ending(packet_type, rest, visit)?;
        Some(Acknowledgement { packet_id, reason, properties })
    }

    /// Reason code and properties, each of which may be left out; before 5.0 there are none.
    fn ending<'a>(
        self,
        packet_type: PacketType,
        rest: &'a [u8],
        visit: &mut impl Visit<'a>,
    ) -> Option<(ReasonCode, Properties<'a>)> {
        let Some((&reason, rest)) = rest.split_first() else { return Some((ReasonCode::SUCCESS, Properties::EMPTY)) };
        if !self.has_properties() {
            return None;
        }
        let reason = self.reason(packet_type, reason)?;
        if rest.is_empty() {
            return Some((reason, Properties::EMPTY));
        }
        let (properties, rest) = self.properties(packet_type, rest, visit)?;
        rest.is_empty().then_some((reason, properties))
    }

    fn disconnect<'a>(self, body: &'a [u8], visit: &mut impl Visit<'a>) -> Option<Disconnect<'a>> {
        if !self.context.from.may_be(PacketType::Disconnect.sent_by(self.context.version)) {
            return None;
        }
        let (reason, properties) = self.ending(PacketType::Disconnect, body, visit)?;
        Some(Disconnect { reason, properties })
    }

    fn auth<'a>(self, body: &'a [u8], visit: &mut impl Visit<'a>) -> Option<Auth<'a>> {
        if !self.has_properties() {
            return None;
        }
        let (&reason, rest) = body.split_first()?;
        let reason = self.reason(PacketType::Auth, reason)?;
        let (found, rest) = properties(rest, PropertyHome::Packet(PacketType::Auth), self, visit)?;
        let fine = found.has(PropertyId::AUTHENTICATION_METHOD) && rest.is_empty();
        fine.then_some(Auth { reason, properties: found.block })
    }
}

/// Splits the packet off: its length, and what follows its fixed header.
#[inline]
fn frame<'a>(bytes: &'a [u8], limits: &Limits) -> Option<(usize, &'a [u8])> {
    let (remaining, behind) = variable(bytes.get(1..)?)?;
    let len = bytes.len() - behind.len() + remaining;
    if !fits(len, limits) {
        return None;
    }
    Some((len, behind.get(..remaining)?))
}

#[inline]
fn fits(len: usize, limits: &Limits) -> bool {
    len <= limits.max_packet_size as usize
}

/// A variable byte integer that is as short as can be, and what follows it.
#[inline]
fn variable(bytes: &[u8]) -> Option<(usize, &[u8])> {
    match *bytes {
        [length @ ..0x80, ref rest @ ..] => Some((usize::from(length), rest)),
        [low, high @ 1..0x80, ref rest @ ..] => Some((usize::from(low & 0x7F) | usize::from(high) << 7, rest)),
        _ => long_variable(bytes),
    }
}

/// As [`variable`], of three or four bytes.
#[inline(never)]
fn long_variable(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let part = |byte: u8, place: u32| usize::from(byte & 0x7F) << (7 * place);
    match *bytes {
        [a @ 0x80..=0xFF, b @ 0x80..=0xFF, c @ 1..0x80, ref rest @ ..] => {
            Some((part(a, 0) | part(b, 1) | part(c, 2), rest))
        }
        [a @ 0x80..=0xFF, b @ 0x80..=0xFF, c @ 0x80..=0xFF, d @ 1..0x80, ref rest @ ..] => {
            Some((part(a, 0) | part(b, 1) | part(c, 2) | part(d, 3), rest))
        }
        _ => None,
    }
}

/// A packet identifier above 0, and what follows it.
#[inline]
fn identifier(rest: &[u8]) -> Option<(PacketId, &[u8])> {
    let (&bytes, rest) = rest.split_first_chunk()?;
    Some((PacketId::new(u16::from_be_bytes(bytes))?, rest))
}
