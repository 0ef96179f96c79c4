//! The packet that owns its bytes.

use bytes::Bytes;
use core::fmt;

use crate::packet::{Context, Limits, Packet, PacketType, Version};
use crate::read::accepted::{self, Acceptance};
use crate::read::decode::{Decoded, decode, decode_waived};
use crate::rule::{DecodeError, Rule};

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
///
/// For packets that outlive what they were read from. The fields are read from the bytes at each call of
/// [`packet`](Self::packet), which judges nothing again.
#[derive(Clone, PartialEq, Eq)]
pub struct OwnedPacket {
    bytes: Bytes,
    acceptance: Acceptance,
}

impl OwnedPacket {
    /// As [`decode`]; the packet shares the buffer with `bytes`.
    pub fn decode(bytes: &Bytes, context: Context, limits: &Limits) -> Result<OwnedDecoded, DecodeError> {
        Ok(match decode(bytes, context, limits)? {
            Decoded::Complete { len, .. } => OwnedDecoded::Complete(Self::strict(bytes.slice(..len), context.version)),
            Decoded::Partial { needed } => OwnedDecoded::Partial { needed },
        })
    }

    /// As [`decode_waiving`](crate::decode_waiving); the packet shares the buffer with `bytes`.
    pub fn decode_waiving(
        bytes: &Bytes,
        context: Context,
        limits: &Limits,
        waived: Rule,
    ) -> Result<OwnedDecoded, DecodeError> {
        let (decoded, acceptance) = decode_waived(bytes, context, limits, waived)?;
        Ok(match decoded {
            Decoded::Complete { len, .. } => OwnedDecoded::Complete(Self { bytes: bytes.slice(..len), acceptance }),
            Decoded::Partial { needed } => OwnedDecoded::Partial { needed },
        })
    }

    /// The packet whose bytes these are, all of them, accepted by [`decode`] in this version.
    pub(crate) const fn strict(bytes: Bytes, version: Version) -> Self {
        Self { bytes, acceptance: Acceptance { version, waived: false } }
    }

    /// The packet in its typed form.
    pub fn packet(&self) -> Packet<'_> {
        accepted::packet(&self.bytes, self.acceptance)
    }

    /// Type of the packet.
    pub fn packet_type(&self) -> PacketType {
        accepted::packet_type(&self.bytes)
    }

    /// The bytes of the packet, fixed header included.
    pub const fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Version in which it was read.
    pub const fn version(&self) -> Version {
        self.acceptance.version
    }
}

impl fmt::Debug for OwnedPacket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.packet().fmt(f)
    }
}
