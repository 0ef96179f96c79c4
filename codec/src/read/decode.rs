//! Bytes to packets: the entry points.

use crate::packet::{Context, Limits, Version};
use crate::read::fast::{self, Accepted};
use crate::read::reader::{Observer, Reader, Stop, Strict, Waiving};
use crate::read::view::{PacketView, WAIVED};
use crate::rule::{DecodeError, Rule};

/// What [`decode`] made of bytes that break no rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decoded<'a> {
    /// A whole packet.
    Complete {
        /// The packet.
        packet: PacketView<'a>,
        /// Bytes that it takes; the next packet begins behind them.
        len: usize,
    },
    /// The start of a packet.
    Partial {
        /// So many more bytes must come before anything more can be known of it: 1 or more, and never more than belong to
        /// it. Whoever waits for them refuses as early as whoever looks at every byte.
        needed: usize,
    },
}

impl<'a> Decoded<'a> {
    #[inline]
    const fn accepted(accepted: Accepted<'a>, version: Version) -> Self {
        Self::Complete { packet: PacketView::of(accepted, version), len: accepted.bytes.len() }
    }
}

/// Reads the packet at the start of `bytes`, judging every rule that can be judged from it alone. Allocates nothing.
///
/// On the start of a packet, what cannot become valid any more is refused where its first bytes show it; otherwise the
/// result is [`Decoded::Partial`]. An error never changes when more bytes follow.
///
/// ```
/// use mqtt_assay_codec::{Context, Decoded, Limits, PacketType, Sender, Version, decode};
/// let context = Context::new(Version::V5, Sender::Client);
/// let Ok(Decoded::Complete { packet, len }) = decode(&[0xC0, 0x00], context, &Limits::default()) else { panic!() };
/// assert_eq!((packet.packet_type(), len), (PacketType::Pingreq, 2));
///
/// let error = decode(&[0xC1], context, &Limits::default()).unwrap_err();
/// assert_eq!(error.id(), Some("U5-018"));
/// ```
#[inline]
pub fn decode<'a>(bytes: &'a [u8], context: Context, limits: &Limits) -> Result<Decoded<'a>, DecodeError> {
    match fast::accept(bytes, context, limits) {
        Some(accepted) => Ok(Decoded::accepted(accepted, context.version)),
        None => decode_longer(bytes, context, limits),
    }
}

/// As [`decode`], for what is not accepted at once.
#[inline(never)]
pub(crate) fn decode_longer<'a>(
    bytes: &'a [u8],
    context: Context,
    limits: &Limits,
) -> Result<Decoded<'a>, DecodeError> {
    match fast::accept_longer(bytes, context, limits) {
        Some(accepted) => Ok(Decoded::accepted(accepted, context.version)),
        None => decode_any(bytes, context, limits),
    }
}

/// As [`decode`], by the reader alone.
#[inline(never)]
pub(crate) fn decode_any<'a>(bytes: &'a [u8], context: Context, limits: &Limits) -> Result<Decoded<'a>, DecodeError> {
    decode_with(bytes, context, limits, &mut Strict)
}

/// As [`decode`], but does not mind a breach of one rule. Made for brokers that are lenient on purpose.
///
/// What the rule would have made sure of then reads as its nearest legal value: QoS 3 as QoS 2, packet identifier 0
/// as 1, ill-formed UTF-8 as the text before it, an unknown property as the end of its block. Some rules cannot be
/// waived, see [`Rule::can_be_waived`]: they are refused as ever.
pub fn decode_waiving<'a>(
    bytes: &'a [u8],
    context: Context,
    limits: &Limits,
    waived: Rule,
) -> Result<Decoded<'a>, DecodeError> {
    decode_with(bytes, context, limits, &mut Waiving { rule: waived, broken: false })
}

fn decode_with<'a, O: Observer>(
    bytes: &'a [u8],
    context: Context,
    limits: &Limits,
    observer: &mut O,
) -> Result<Decoded<'a>, DecodeError> {
    let mut reader = Reader::new(bytes, context, limits, observer);
    match reader.packet() {
        Ok(()) => {
            let waived = if reader.observer.has_waived() { WAIVED } else { 0 };
            let accepted = Accepted {
                bytes: reader.bytes,
                payload: reader.payload as u32,
                packet_id: reader.packet_id,
                header_len: reader.header_len as u8 | waived,
            };
            let packet = PacketView::of(accepted, context.version);
            Ok(Decoded::Complete { packet, len: reader.end })
        }
        Err(Stop::Refused(error)) => Err(error),
        Err(Stop::Short(wanted)) => Ok(Decoded::Partial { needed: wanted - bytes.len() }),
    }
}
