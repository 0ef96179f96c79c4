//! Bytes to packets: the entry points.

use crate::packet::{Context, Limits, Packet, Property, PropertyHome};
use crate::read::accepted::{self, Acceptance};
use crate::read::one_pass::{self, Unvisited, Visiting};
use crate::read::reader::{Observer, Reader, Stop, Strict, Waiving};
use crate::rule::{DecodeError, Rule};

/// What [`decode`] made of bytes that break no rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decoded<'a> {
    /// A whole packet.
    Complete {
        /// The packet, with all its fields; it borrows from the bytes.
        packet: Packet<'a>,
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

/// Reads the packet at the start of `bytes`, judging every rule that can be judged from it alone. Allocates nothing.
///
/// On the start of a packet, what cannot become valid any more is refused where its first bytes show it; otherwise the
/// result is [`Decoded::Partial`]. An error never changes when more bytes follow.
///
/// ```
/// use mqtt_assay_codec::{Context, Decoded, Limits, Packet, Sender, Version, decode};
/// let context = Context::new(Version::V5, Sender::Client);
/// let decoded = decode(&[0xC0, 0x00], context, &Limits::default())?;
/// assert_eq!(decoded, Decoded::Complete { packet: Packet::Pingreq, len: 2 });
///
/// let error = decode(&[0xC1], context, &Limits::default()).unwrap_err();
/// assert_eq!(error.id(), Some("U5-018"));
/// # Ok::<(), mqtt_assay_codec::DecodeError>(())
/// ```
#[inline]
pub fn decode<'a>(bytes: &'a [u8], context: Context, limits: &Limits) -> Result<Decoded<'a>, DecodeError> {
    one_pass::frequent(bytes, (context, limits), &mut Unvisited, complete, |_| decode_longer(bytes, context, limits))
}

/// As [`decode`], for what is not accepted at once.
#[inline(never)]
pub(crate) fn decode_longer<'a>(
    bytes: &'a [u8],
    context: Context,
    limits: &Limits,
) -> Result<Decoded<'a>, DecodeError> {
    one_pass::other(bytes, (context, limits), &mut Unvisited, complete, |_| decode_any(bytes, context, limits))
}

#[expect(clippy::unnecessary_wraps, reason = "one of two ends, and the other may fail")]
#[inline]
const fn complete(packet: Packet<'_>, len: usize) -> Result<Decoded<'_>, DecodeError> {
    Ok(Decoded::Complete { packet, len })
}

/// As [`decode`], and shows the caller each property as it is judged, those of the will included: for who reads them all, in
/// one pass less than [`Properties::iter`](crate::Properties::iter) makes.
///
/// What was shown is worth something only if the packet is accepted in the end: properties of packets that are then refused,
/// or that are not all there, may have been shown before.
///
/// ```
/// use mqtt_assay_codec::{Context, Limits, Property, Sender, Version, decode_visiting};
/// let bytes = b"\x30\x07\x00\x01t\x03\x23\x00\x07";
/// let mut alias = None;
/// decode_visiting(bytes, Context::new(Version::V5, Sender::Client), &Limits::default(), |_, property| {
///     if let Property::TopicAlias(number) = property {
///         alias = Some(number);
///     }
/// })?;
/// assert_eq!(alias, Some(7));
/// # Ok::<(), mqtt_assay_codec::DecodeError>(())
/// ```
#[inline]
pub fn decode_visiting<'a>(
    bytes: &'a [u8],
    context: Context,
    limits: &Limits,
    show: impl FnMut(PropertyHome, Property<'a>),
) -> Result<Decoded<'a>, DecodeError> {
    let mut visiting = Visiting { show, shown: 0 };
    one_pass::frequent(bytes, (context, limits), &mut visiting, complete, |visiting| {
        visit_longer(bytes, context, limits, visiting)
    })
}

/// As [`decode_visiting`], for what is not accepted at once.
#[inline(never)]
fn visit_longer<'a, F: FnMut(PropertyHome, Property<'a>)>(
    bytes: &'a [u8],
    context: Context,
    limits: &Limits,
    visiting: &mut Visiting<F>,
) -> Result<Decoded<'a>, DecodeError> {
    if visiting.shown > 0 {
        return visit_by_the_reader(bytes, context, limits, visiting);
    }
    one_pass::other(bytes, (context, limits), visiting, complete, |visiting| {
        visit_by_the_reader(bytes, context, limits, visiting)
    })
}

/// As [`decode_visiting`], by the reader, for a caller who has been shown the first properties already: the reader judges in
/// the same order as one pass does.
#[cold]
fn visit_by_the_reader<'a, F: FnMut(PropertyHome, Property<'a>)>(
    bytes: &'a [u8],
    context: Context,
    limits: &Limits,
    visiting: &mut Visiting<F>,
) -> Result<Decoded<'a>, DecodeError> {
    let decoded = decode_any(bytes, context, limits)?;
    if let Decoded::Complete { packet, .. } = &decoded {
        let shown = visiting.shown;
        all_properties(packet).skip(shown).for_each(|(home, property)| (visiting.show)(home, property));
    }
    Ok(decoded)
}

/// The properties of the variable header, then those of the will.
fn all_properties<'a>(packet: &Packet<'a>) -> impl Iterator<Item = (PropertyHome, Property<'a>)> + use<'a> {
    let own = PropertyHome::Packet(packet.packet_type());
    let will = if let Packet::Connect(connect) = packet { connect.will } else { None };
    let of_will = will.into_iter().flat_map(|will| will.properties);
    packet
        .properties()
        .into_iter()
        .map(move |property| (own, property))
        .chain(of_will.map(|property| (PropertyHome::Will, property)))
}

/// As [`decode`], by the reader alone.
#[inline(never)]
pub(crate) fn decode_any<'a>(bytes: &'a [u8], context: Context, limits: &Limits) -> Result<Decoded<'a>, DecodeError> {
    Ok(decode_with(bytes, context, limits, &mut Strict)?.0)
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
    Ok(decode_waived(bytes, context, limits, waived)?.0)
}

/// As [`decode_waiving`]; yields as well how the bytes are to be read again.
pub(super) fn decode_waived<'a>(
    bytes: &'a [u8],
    context: Context,
    limits: &Limits,
    waived: Rule,
) -> Result<(Decoded<'a>, Acceptance), DecodeError> {
    decode_with(bytes, context, limits, &mut Waiving { rule: waived, broken: false })
}

fn decode_with<'a, O: Observer>(
    bytes: &'a [u8],
    context: Context,
    limits: &Limits,
    observer: &mut O,
) -> Result<(Decoded<'a>, Acceptance), DecodeError> {
    let mut reader = Reader::new(bytes, context, limits, observer);
    let read = reader.packet();
    let acceptance = Acceptance { version: context.version, waived: reader.observer.has_waived() };
    let decoded = match read {
        Ok(()) => Decoded::Complete { packet: accepted::packet(reader.bytes, acceptance), len: reader.end },
        Err(Stop::Refused(error)) => return Err(error),
        Err(Stop::Short(wanted)) => Decoded::Partial { needed: wanted - bytes.len() },
    };
    Ok((decoded, acceptance))
}
