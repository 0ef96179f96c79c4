//! Many packets in one piece of memory.

use bytes::{Bytes, BytesMut};
use core::ops::Range;

use crate::packet::{Context, Limits, Packet};

use crate::read::{Decoded, OwnedPacket, decode, packet_len};
use crate::rule::DecodeError;

/// Whole packets, one behind the other, in one reference-counted buffer.
///
/// They are judged when they are iterated over; after the first error there is nothing more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PacketBatch {
    bytes: Bytes,
    context: Context,
    limits: Limits,
}

impl PacketBatch {
    /// Splits off all whole packets at the start of a buffer; `None` if there is not one. `wanted`: the bytes without
    /// which another try is in vain.
    pub(super) fn split_off(
        buffer: &mut BytesMut,
        context: Context,
        limits: &Limits,
        wanted: &mut usize,
    ) -> Result<Option<Self>, DecodeError> {
        if buffer.len() < *wanted {
            return Ok(None);
        }
        let whole = whole_packets(buffer);
        *wanted = if whole == 0 { wanted_len(buffer, context, limits)? } else { 0 };
        Ok((whole > 0).then(|| Self { bytes: buffer.split_to(whole).freeze(), context, limits: *limits }))
    }

    /// The packets in their order.
    pub fn packets(&self) -> impl Iterator<Item = Result<Packet<'_>, DecodeError>> {
        self.placed().map(|placed| placed.map(|(packet, _)| packet))
    }

    /// The packets in their order, each with a share of the buffer: one reference count a packet.
    pub fn owned_packets(&self) -> impl Iterator<Item = Result<OwnedPacket, DecodeError>> {
        let version = self.context.version;
        self.placed().map(move |placed| placed.map(|(_, range)| OwnedPacket::strict(self.bytes.slice(range), version)))
    }

    /// The bytes of all packets.
    pub const fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The packets, each with its place.
    fn placed(&self) -> impl Iterator<Item = Result<(Packet<'_>, Range<usize>), DecodeError>> {
        let mut start = 0;
        core::iter::from_fn(move || {
            let rest = self.bytes.get(start..).filter(|rest| !rest.is_empty())?;
            let decoded = decode(rest, self.context, &self.limits);
            let at = start;
            // Behind an error it cannot be told where a packet begins.
            start = self.bytes.len();
            match decoded {
                Ok(Decoded::Complete { packet, len }) => {
                    start = at + len;
                    Some(Ok((packet, at..start)))
                }
                Ok(Decoded::Partial { .. }) => None,
                Err(error) => Some(Err(error)),
            }
        })
    }
}

/// Bytes that the packet at the start must have before more can be known of it.
fn wanted_len(rest: &[u8], context: Context, limits: &Limits) -> Result<usize, DecodeError> {
    Ok(match decode(rest, context, limits)? {
        Decoded::Complete { len, .. } => len,
        Decoded::Partial { needed } => rest.len() + needed,
    })
}

/// Bytes of the whole packets at the start, as their fixed headers have it.
fn whole_packets(bytes: &[u8]) -> usize {
    let mut end = 0;
    while let Some(length) = bytes.get(end..).and_then(packet_len) {
        match end + length as usize {
            next if next <= bytes.len() => end = next,
            _ => break,
        }
    }
    end
}
