//! PUBLISH into a slice, in as few steps as can be: the slice is cut to the packet once, and then all is copied to its place. A
//! buffer that grows has to be asked for room at every piece.
//!
//! The general way tells what is wrong. The bytes are those of the general way, which a law holds them to.

use crate::packet::{PacketType, Properties, PropertyHome, Publish, QoS, Version, wire};

/// What is left of a slice that is being written to.
struct Room<'s> {
    rest: &'s mut [u8],
}

impl<'s> Room<'s> {
    /// The start of a slice, with type, flags and remaining length written; and the length of the whole
    /// packet.
    #[inline]
    fn begin(slice: &'s mut [u8], first: u8, remaining: usize) -> Option<(Self, usize)> {
        let header_len = match remaining {
            0..0x80 => 2,
            0x80..0x4000 => 3,
            _ => return Self::begin_long(slice, first, remaining),
        };
        let mut room = Self { rest: slice.get_mut(..header_len + remaining)? };
        if header_len == 2 {
            room.array([first, remaining as u8])?;
        } else {
            room.array([first, remaining as u8 | 0x80, (remaining >> 7) as u8])?;
        }
        Some((room, header_len + remaining))
    }

    /// As [`begin`](Self::begin), from 16,384 bytes on.
    #[inline(never)]
    fn begin_long(slice: &'s mut [u8], first: u8, remaining: usize) -> Option<(Self, usize)> {
        let length = u32::try_from(remaining).ok().filter(|length| *length <= wire::MAX_VARIABLE_BYTE_INTEGER)?;
        let len = 1 + wire::variable_len(length) + remaining;
        let mut room = Self { rest: slice.get_mut(..len)? };
        room.array([first])?;
        wire::put_variable(&mut room.rest, length);
        Some((room, len))
    }

    /// `None`: the slice ends before.
    #[inline]
    fn array<const N: usize>(&mut self, bytes: [u8; N]) -> Option<()> {
        let (place, rest) = core::mem::take(&mut self.rest).split_first_chunk_mut()?;
        *place = bytes;
        self.rest = rest;
        Some(())
    }

    #[inline]
    fn bytes(&mut self, bytes: &[u8]) -> Option<()> {
        let (place, rest) = core::mem::take(&mut self.rest).split_at_mut_checked(bytes.len())?;
        place.copy_from_slice(bytes);
        self.rest = rest;
        Some(())
    }

    /// A topic name behind its two-byte length. `None`: it is too long for that, too.
    #[inline]
    fn topic(&mut self, topic: &str) -> Option<()> {
        let length = u16::try_from(topic.len()).ok()?;
        self.array(length.to_be_bytes())?;
        let (place, rest) = core::mem::take(&mut self.rest).split_at_mut_checked(topic.len())?;
        copy_string(place, topic.as_bytes());
        self.rest = rest;
        Some(())
    }

    /// A block of properties with its length, if the version has any.
    #[inline]
    fn block(&mut self, properties: Properties<'_>, version: Version) -> Option<()> {
        if !version.has_properties() {
            return Some(());
        }
        let block = properties.as_bytes();
        match block.len() {
            0 => return self.array([0]),
            length @ 1..0x80 => self.array([length as u8])?,
            length => wire::put_variable(&mut self.rest, length as u32),
        }
        self.bytes(block)
    }
}

/// Copies what is as long as its place. Of what most strings have, 4 to 32 bytes, start and end are copied, which may overlap:
/// that takes less than to call for it.
#[expect(clippy::inline_always, reason = "a call is what it is to spare")]
#[inline(always)]
fn copy_string(place: &mut [u8], bytes: &[u8]) {
    match bytes.len() {
        8..=16 => copy_ends::<8>(place, bytes),
        17..=32 => copy_ends::<16>(place, bytes),
        4..=7 => copy_ends::<4>(place, bytes),
        _ => place.copy_from_slice(bytes),
    }
}

/// Copies the first and the last `N` bytes.
#[expect(clippy::inline_always, reason = "four instructions")]
#[inline(always)]
fn copy_ends<const N: usize>(place: &mut [u8], bytes: &[u8]) {
    if let (Some(to), Some(from)) = (place.first_chunk_mut::<N>(), bytes.first_chunk()) {
        *to = *from;
    }
    if let (Some(to), Some(from)) = (place.last_chunk_mut::<N>(), bytes.last_chunk()) {
        *to = *from;
    }
}

/// Writes a PUBLISH and returns its length. `None`: nothing of worth is written.
#[expect(clippy::inline_always, reason = "a call costs a tenth of all")]
#[inline(always)]
pub(super) fn publish(publish: &Publish<'_>, version: Version, slice: &mut [u8]) -> Option<usize> {
    let Publish { qos, topic, packet_id, properties, payload, .. } = *publish;
    let identified = packet_id.is_some();
    if identified != (qos != QoS::AtMostOnce) {
        return None;
    }
    let block_len = block_len(properties, PropertyHome::Packet(PacketType::Publish), version)?;
    let remaining = 2 + topic.len() + usize::from(identified) * 2 + block_len + payload.len();
    let first = 0x30 | u8::from(publish.dup) << 3 | (qos as u8) << 1 | u8::from(publish.retain);
    let (mut room, len) = Room::begin(slice, first, remaining)?;
    room.topic(topic)?;
    if let Some(packet_id) = packet_id {
        room.array(packet_id.get().to_be_bytes())?;
    }
    room.block(properties, version)?;
    room.bytes(payload)?;
    Some(len)
}

/// Length of a block of properties with its length, if it is known to be right in this home.
#[inline]
fn block_len(properties: Properties<'_>, home: PropertyHome, version: Version) -> Option<usize> {
    if properties.error().is_some() {
        return None;
    }
    let length = properties.as_bytes().len();
    match length {
        0 => Some(usize::from(version.has_properties())),
        _ if !version.has_properties() || !properties.known_in(home) => None,
        1..0x80 => Some(1 + length),
        _ => Some(wire::variable_len(u32::try_from(length).ok()?) + length),
    }
}
