//! The packets that come most, accepted in a few instructions: PUBLISH without properties, acknowledgements without reason
//! code, PINGREQ and PINGRESP.
//!
//! It accepts or leaves the decision to the reader; it refuses nothing. A law holds it against the reader: whatever is
//! accepted here, the reader accepts with the same result.

use crate::decode::PacketView;
use crate::scan;
use crate::version::{Context, Limits, Sender};

/// The packet at the start of `bytes`, if it is one of these and certainly legal.
#[inline]
pub(crate) fn accept<'a>(bytes: &'a [u8], context: Context, limits: &Limits) -> Option<PacketView<'a>> {
    let &[first, length, ..] = bytes else { return None };
    let packet = match (first, length) {
        (0x30..=0x3F, _) => return publish(bytes, context, limits),
        (0x40 | 0x50 | 0x62 | 0x70, 2) => bytes.get(..4)?,
        (0xC0, 0) if context.from != Sender::Server => bytes.get(..2)?,
        (0xD0, 0) if context.from != Sender::Client => bytes.get(..2)?,
        _ => return None,
    };
    let packet_id = if let &[_, _, high, low] = packet { u16::from_be_bytes([high, low]) } else { 0 };
    let identified = packet_id != 0 || packet.len() == 2;
    (identified && fits(packet, limits)).then(|| PacketView::assemble(packet, (0, packet_id, 2, context.version)))
}

/// A PUBLISH of less than 16,384 bytes with a plain topic name and no properties.
#[inline]
fn publish<'a>(bytes: &'a [u8], context: Context, limits: &Limits) -> Option<PacketView<'a>> {
    let (header_len, remaining) = match *bytes {
        [_, length, ..] if length < 0x80 => (2, usize::from(length)),
        [_, low, high @ 1..0x80, ..] => (3, usize::from(low & 0x7F) | usize::from(high) << 7),
        _ => return None,
    };
    let packet = bytes.get(..header_len + remaining)?;
    let flags = packet.first()? & 0x0F;
    let (length, rest) = packet.get(header_len..)?.split_first_chunk::<2>()?;
    let (topic, mut rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    let mut packet_id = 0;
    if flags & 0b0110 != 0 {
        let (id, behind) = rest.split_first_chunk::<2>()?;
        (packet_id, rest) = (u16::from_be_bytes(*id), behind);
        if packet_id == 0 || flags & 0b0110 == 0b0110 {
            return None;
        }
    } else if flags & 0b1000 != 0 {
        return None;
    }
    if context.version.has_properties() {
        let (0, behind) = rest.split_first()? else { return None };
        rest = behind;
    }
    let payload = (packet.len() - rest.len()) as u32;
    let fine = !topic.is_empty()
        && topic.len() <= usize::from(limits.max_string_len)
        && fits(packet, limits)
        && scan::is_plain_name(topic);
    fine.then(|| PacketView::assemble(packet, (payload, packet_id, header_len as u8, context.version)))
}

#[inline]
fn fits(packet: &[u8], limits: &Limits) -> bool {
    packet.len() <= limits.max_packet_size as usize
}
