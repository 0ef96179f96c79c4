//! Codecs for `tokio_util::codec::Framed`, with the feature `tokio`.
//!
//! [`PacketCodec`] yields one [`OwnedPacket`] after the other. [`BatchCodec`] yields what a read has brought together, as
//! one [`PacketBatch`], and so pays reference counting once a read. Both write packets.
//!
//! ```
//! use mqtt_assay_codec::tokio::PacketCodec;
//! use mqtt_assay_codec::{Context, Limits, Packet, PacketType, Sender, Version};
//! use tokio_util::bytes::BytesMut;
//! use tokio_util::codec::{Decoder, Encoder};
//!
//! // A broker: what it reads comes from a client.
//! let mut codec = PacketCodec::new(Context::new(Version::V5, Sender::Client), Limits::default());
//! let mut bytes = BytesMut::from(&b"\xC0\x00"[..]);
//! let packet = codec.decode(&mut bytes)?.expect("a whole packet");
//! assert_eq!(packet.packet_type(), PacketType::Pingreq);
//! codec.encode(Packet::Pingresp, &mut bytes)?;
//! assert_eq!(&bytes[..], b"\xD0\x00");
//! # Ok::<_, mqtt_assay_codec::tokio::StreamError>(())
//! ```

extern crate std;

use core::fmt;
use std::io;

use bytes::BytesMut;
use tokio_util::codec::{Decoder, Encoder};

use crate::packet::{Context, EncodeError, Limits, Packet};
use crate::read::{Decoded, OwnedPacket, decode};
use crate::rule::DecodeError;
use crate::stream::batch::PacketBatch;

/// What can go wrong on a stream.
#[derive(Debug)]
pub enum StreamError {
    /// Reading or writing failed.
    Io(io::Error),
    /// The peer broke a rule.
    Decode(DecodeError),
    /// The packet cannot be written.
    Encode(EncodeError),
}

impl fmt::Display for StreamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => error.fmt(f),
            Self::Decode(error) => error.fmt(f),
            Self::Encode(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for StreamError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            Self::Decode(error) => Some(error),
            Self::Encode(error) => Some(error),
        }
    }
}

impl From<io::Error> for StreamError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<DecodeError> for StreamError {
    fn from(error: DecodeError) -> Self {
        Self::Decode(error)
    }
}

impl From<EncodeError> for StreamError {
    fn from(error: EncodeError) -> Self {
        Self::Encode(error)
    }
}

/// Version, sender and limits of what is read, and how far the next packet is from being whole.
#[derive(Debug, Clone)]
struct Reading {
    context: Context,
    limits: Limits,
    wanted: usize,
}

macro_rules! codec {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub struct $name(Reading);

        impl $name {
            /// A codec for what comes from this side in this version; what is written has the same version.
            pub const fn new(context: Context, limits: Limits) -> Self {
                Self(Reading { context, limits, wanted: 0 })
            }

            /// Version and sender of what is read.
            pub const fn context(&self) -> Context {
                self.0.context
            }

            /// Goes on in another version or from another side: a server learns the version from CONNECT.
            pub const fn set_context(&mut self, context: Context) {
                self.0.context = context;
                self.0.wanted = 0;
            }
        }

        impl<'a> Encoder<Packet<'a>> for $name {
            type Error = StreamError;

            fn encode(&mut self, packet: Packet<'a>, buffer: &mut BytesMut) -> Result<(), StreamError> {
                self.encode(&packet, buffer)
            }
        }

        impl<'a> Encoder<&Packet<'a>> for $name {
            type Error = StreamError;

            fn encode(&mut self, packet: &Packet<'a>, buffer: &mut BytesMut) -> Result<(), StreamError> {
                let version = self.0.context.version;
                buffer.reserve(packet.encoded_len(version)?);
                packet.encode(version, buffer)?;
                Ok(())
            }
        }

        /// Writes the bytes as they were read.
        impl Encoder<OwnedPacket> for $name {
            type Error = StreamError;

            fn encode(&mut self, packet: OwnedPacket, buffer: &mut BytesMut) -> Result<(), StreamError> {
                buffer.extend_from_slice(packet.bytes());
                Ok(())
            }
        }
    };
}

codec! {
    /// Yields packets one by one, each with a share of the buffer.
    PacketCodec
}

codec! {
    /// Yields all whole packets that are there at once.
    BatchCodec
}

impl Decoder for PacketCodec {
    type Item = OwnedPacket;
    type Error = StreamError;

    // Nothing is reserved for what a length promises: a peer could have memory allocated that way for a few bytes.
    fn decode(&mut self, buffer: &mut BytesMut) -> Result<Option<OwnedPacket>, StreamError> {
        let Reading { context, limits, wanted } = &mut self.0;
        if buffer.len() < *wanted {
            return Ok(None);
        }
        let len = match decode(buffer, *context, limits)? {
            Decoded::Complete { len, .. } => len,
            Decoded::Partial { needed } => {
                *wanted = buffer.len() + needed;
                return Ok(None);
            }
        };
        *wanted = 0;
        Ok(Some(OwnedPacket::strict(buffer.split_to(len).freeze(), context.version)))
    }
}

impl Decoder for BatchCodec {
    type Item = PacketBatch;
    type Error = StreamError;

    fn decode(&mut self, buffer: &mut BytesMut) -> Result<Option<PacketBatch>, StreamError> {
        let Reading { context, limits, wanted } = &mut self.0;
        Ok(PacketBatch::split_off(buffer, *context, limits, wanted)?)
    }
}
