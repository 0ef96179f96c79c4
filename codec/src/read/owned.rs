//! The packet that owns its bytes.

use bytes::Bytes;
use core::fmt;

use crate::packet::{Context, Limits, Packet, PacketType, Version};
use crate::read::decode::{Decoded, decode};
use crate::read::view::{Offsets, PacketView};
use crate::rule::DecodeError;

/// What [`OwnedPacket::decode`] made of bytes that break no rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OwnedDecoded {
    /// A whole packet; it takes as many bytes as its [`bytes`](OwnedPacket::bytes) are long.
    Complete(OwnedPacket),
    /// The start of a packet: `needed` more bytes must come before more can be known of it.
    Partial {
        /// As in [`Decoded::Partial`].
        needed: usize,
    },
}

/// An accepted packet that owns its bytes: one reference-counted buffer, whatever it holds.
#[derive(Clone, PartialEq, Eq)]
pub struct OwnedPacket {
    bytes: Bytes,
    payload: u32,
    packet_id: u16,
    header_len: u8,
    version: Version,
}

impl OwnedPacket {
    /// As [`decode`]; the packet shares the buffer with `bytes`.
    pub fn decode(bytes: &Bytes, context: Context, limits: &Limits) -> Result<OwnedDecoded, DecodeError> {
        Ok(match decode(bytes, context, limits)? {
            Decoded::Complete { packet, len } => OwnedDecoded::Complete(Self::adopt(packet, bytes.slice(..len))),
            Decoded::Partial { needed } => OwnedDecoded::Partial { needed },
        })
    }

    /// Takes a copy of an accepted packet.
    pub fn copy_of(view: PacketView<'_>) -> Self {
        Self::adopt(view, Bytes::copy_from_slice(view.bytes()))
    }

    pub(crate) fn adopt(view: PacketView<'_>, bytes: Bytes) -> Self {
        Self::assemble(view.offsets(), bytes)
    }

    /// The packet with these offsets, whose bytes these are.
    pub(crate) const fn assemble((payload, packet_id, header_len, version): Offsets, bytes: Bytes) -> Self {
        Self { bytes, payload, packet_id, header_len, version }
    }

    /// The packet as a view.
    pub fn view(&self) -> PacketView<'_> {
        let Self { payload, packet_id, header_len, version, .. } = *self;
        PacketView::assemble((payload, packet_id, header_len, version), &self.bytes)
    }

    /// The packet in its typed form.
    pub fn packet(&self) -> Packet<'_> {
        self.view().packet()
    }

    /// Type of the packet.
    pub fn packet_type(&self) -> PacketType {
        self.view().packet_type()
    }

    /// The bytes of the packet, fixed header included.
    pub const fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Version in which it was read.
    pub const fn version(&self) -> Version {
        self.version
    }
}

impl fmt::Debug for OwnedPacket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.packet().fmt(f)
    }
}
