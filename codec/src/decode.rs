//! Bytes to packets: the entry points, and the view that an accepted packet is.

use bytes::Bytes;
use core::fmt;
use core::num::NonZeroU16;

use crate::code::ReasonCode;
use crate::cursor::Cursor;
use crate::error::DecodeError;
use crate::fast::{self, Accepted};
use crate::lists::{ReasonCodes, Subscriptions, TopicFilters};
use crate::packet::{
    Acknowledgement, Auth, Connack, Connect, Disconnect, Packet, PacketId, Publish, Suback, Subscribe, Unsuback,
    Unsubscribe, Will,
};
use crate::properties::Properties;
use crate::property::PropertyHome;
use crate::qos::QoS;
use crate::read::{Observer, Prefixes, Reader, Stop, Strict, Waiving};
use crate::rule::Rule;
use crate::stream::PublishHead;
use crate::version::{Context, Limits, PacketType, Version};

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
        /// At least so many more bytes belong to it: 1 or more, and never more than do.
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
            let packet = PacketView {
                bytes: reader.bytes,
                payload: reader.payload as u32,
                packet_id: reader.packet_id,
                header_len: reader.header_len as u8 | waived,
                version: context.version,
            };
            Ok(Decoded::Complete { packet, len: reader.end })
        }
        Err(Stop::Refused(error)) => Err(error),
        Err(Stop::Short) => Ok(Decoded::Partial { needed: still_needed(bytes.len(), reader.end) }),
    }
}

/// Judges and reads all that comes before the payload of a PUBLISH; `None` if that is not all there.
pub(crate) fn publish_head<'a>(
    bytes: &'a [u8],
    context: Context,
    limits: &Limits,
) -> Result<Option<PublishHead<'a>>, DecodeError> {
    let mut observer = Prefixes;
    let mut reader = Reader::new(bytes, context, limits, &mut observer);
    match reader.packet() {
        Err(Stop::Refused(error)) => return Err(error),
        Err(Stop::Short) if reader.payload == 0 => return Ok(None),
        Ok(()) | Err(Stop::Short) => {}
    }
    let payload_len = reader.end - reader.payload;
    let view = PacketView {
        bytes: reader.bytes.get(..reader.payload).unwrap_or(reader.bytes),
        payload: reader.payload as u32,
        packet_id: reader.packet_id,
        header_len: reader.header_len as u8,
        version: context.version,
    };
    Ok(Some(PublishHead { view, payload_len }))
}

/// Stands beside the length of the fixed header where a breach was waived.
const WAIVED: u8 = 0x80;

/// Bytes that are still to come, as far as is known: no packet is shorter than two bytes.
fn still_needed(have: usize, end: usize) -> usize {
    match (have, end) {
        (0, _) => 2,
        (_, usize::MAX) => 1,
        _ => end - have,
    }
}

/// An accepted packet: its bytes and a few offsets. What it holds is read from the bytes when asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PacketView<'a> {
    /// Exactly the packet.
    bytes: &'a [u8],
    payload: u32,
    /// 0: the packet has none.
    packet_id: u16,
    /// Length of the fixed header, with [`WAIVED`].
    header_len: u8,
    version: Version,
}

/// What a view knows besides the bytes: payload, packet identifier, length of the fixed header, version.
pub(crate) type Offsets = (u32, u16, u8, Version);

impl<'a> PacketView<'a> {
    /// An accepted packet.
    #[inline]
    pub(crate) const fn of(accepted: Accepted<'a>, version: Version) -> Self {
        let Accepted { bytes, payload, packet_id, header_len } = accepted;
        Self { bytes, payload, packet_id, header_len, version }
    }

    pub(crate) const fn offsets(&self) -> Offsets {
        (self.payload, self.packet_id, self.header_len, self.version)
    }

    /// The bytes of the packet, fixed header included.
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Version in which it was read.
    pub const fn version(&self) -> Version {
        self.version
    }

    /// Type of the packet.
    pub fn packet_type(&self) -> PacketType {
        // The decoder lets no reserved type through.
        PacketType::from_number(self.first() >> 4).unwrap_or(PacketType::Pingreq)
    }

    /// Packet identifier, if the packet has one.
    pub fn packet_id(&self) -> Option<PacketId> {
        match self.packet_type() {
            PacketType::Publish => (self.first() & 0b0110 != 0).then(|| self.id()),
            PacketType::Connect
            | PacketType::Connack
            | PacketType::Pingreq
            | PacketType::Pingresp
            | PacketType::Disconnect
            | PacketType::Auth => None,
            _ => Some(self.id()),
        }
    }

    /// The packet in its typed form.
    #[inline]
    pub fn packet(&self) -> Packet<'a> {
        if self.first() & 0xF0 == 0x30 { Packet::Publish(self.publish_only()) } else { self.any_packet() }
    }

    fn any_packet(&self) -> Packet<'a> {
        let mut cursor = Cursor::new(self.bytes.get(usize::from(self.header_len & !WAIVED)..).unwrap_or(&[]));
        match self.packet_type() {
            PacketType::Connect => Packet::Connect(self.connect(cursor)),
            PacketType::Connack => Packet::Connack(self.connack(cursor)),
            PacketType::Publish => Packet::Publish(self.publish(cursor)),
            PacketType::Puback => Packet::Puback(self.acknowledgement(cursor)),
            PacketType::Pubrec => Packet::Pubrec(self.acknowledgement(cursor)),
            PacketType::Pubrel => Packet::Pubrel(self.acknowledgement(cursor)),
            PacketType::Pubcomp => Packet::Pubcomp(self.acknowledgement(cursor)),
            PacketType::Subscribe => Packet::Subscribe(Subscribe {
                packet_id: self.id(),
                properties: self.identified_properties(cursor),
                filters: Subscriptions::from_payload(
                    self.payload(),
                    !self.version.has_properties() && self.keeps_all_rules(),
                ),
            }),
            PacketType::Suback => Packet::Suback(Suback {
                packet_id: self.id(),
                properties: self.identified_properties(cursor),
                reasons: ReasonCodes::from(self.payload()),
            }),
            PacketType::Unsubscribe => Packet::Unsubscribe(Unsubscribe {
                packet_id: self.id(),
                properties: self.identified_properties(cursor),
                filters: TopicFilters::from_payload(self.payload()),
            }),
            PacketType::Unsuback => Packet::Unsuback(Unsuback {
                packet_id: self.id(),
                properties: self.identified_properties(cursor),
                reasons: ReasonCodes::from(self.payload()),
            }),
            PacketType::Pingreq => Packet::Pingreq,
            PacketType::Pingresp => Packet::Pingresp,
            PacketType::Disconnect => {
                let reason = ReasonCode(cursor.u8());
                Packet::Disconnect(Disconnect { reason, properties: self.own_properties(&mut cursor) })
            }
            PacketType::Auth => {
                let reason = ReasonCode(cursor.u8());
                Packet::Auth(Auth { reason, properties: self.own_properties(&mut cursor) })
            }
        }
    }

    /// The packet as a PUBLISH, which it must be.
    #[inline]
    pub(crate) fn publish_only(&self) -> Publish<'a> {
        self.publish(Cursor::new(self.bytes.get(usize::from(self.header_len & !WAIVED)..).unwrap_or(&[])))
    }

    #[inline]
    fn first(&self) -> u8 {
        self.bytes.first().copied().unwrap_or(0)
    }

    #[inline]
    fn id(&self) -> PacketId {
        NonZeroU16::new(self.packet_id).unwrap_or(NonZeroU16::MIN)
    }

    #[inline]
    fn payload(&self) -> &'a [u8] {
        self.bytes.get(self.payload as usize..).unwrap_or(&[])
    }

    /// The properties of the variable header.
    fn own_properties(&self, cursor: &mut Cursor<'a>) -> Properties<'a> {
        self.properties(PropertyHome::Packet(self.packet_type()), cursor)
    }

    #[inline]
    fn properties(&self, home: PropertyHome, cursor: &mut Cursor<'a>) -> Properties<'a> {
        if !self.version.has_properties() {
            return Properties::EMPTY;
        }
        let length = cursor.variable() as usize;
        let homes = if self.keeps_all_rules() { home.bit() } else { 0 };
        Properties::from_block(cursor.take(length), homes)
    }

    const fn keeps_all_rules(&self) -> bool {
        self.header_len & WAIVED == 0
    }

    fn identified_properties(&self, mut cursor: Cursor<'a>) -> Properties<'a> {
        cursor.u16();
        self.own_properties(&mut cursor)
    }

    fn connect(&self, mut cursor: Cursor<'a>) -> Connect<'a> {
        cursor.binary();
        cursor.u8();
        let flags = cursor.u8();
        let keep_alive = cursor.u16();
        let properties = self.own_properties(&mut cursor);
        let client_id = cursor.string();
        let will = (flags & 1 << 2 != 0).then(|| Will {
            qos: QoS::from_accepted_bits(flags >> 3),
            retain: flags & 1 << 5 != 0,
            properties: self.properties(PropertyHome::Will, &mut cursor),
            topic: cursor.string(),
            payload: cursor.binary(),
        });
        // 3.1 allows a packet to end before what the flags promise.
        let user_name = (flags & 1 << 7 != 0 && !cursor.is_empty()).then(|| cursor.string());
        let password = (flags & 1 << 6 != 0 && !cursor.is_empty()).then(|| cursor.binary());
        Connect { clean_start: flags & 1 << 1 != 0, keep_alive, properties, client_id, will, user_name, password }
    }

    fn connack(&self, mut cursor: Cursor<'a>) -> Connack<'a> {
        let session_present = cursor.u8() & 1 != 0;
        let reason = ReasonCode(cursor.u8());
        Connack { session_present, reason, properties: self.own_properties(&mut cursor) }
    }

    #[inline]
    fn publish(&self, mut cursor: Cursor<'a>) -> Publish<'a> {
        let flags = self.first();
        let topic = cursor.string();
        let packet_id = (flags & 0b0110 != 0).then(|| self.id());
        if packet_id.is_some() {
            cursor.u16();
        }
        Publish {
            dup: flags & 1 << 3 != 0,
            qos: QoS::from_accepted_bits(flags >> 1),
            retain: flags & 1 != 0,
            topic,
            packet_id,
            properties: self.properties(PropertyHome::Packet(PacketType::Publish), &mut cursor),
            payload: self.payload(),
        }
    }

    fn acknowledgement(&self, mut cursor: Cursor<'a>) -> Acknowledgement<'a> {
        cursor.u16();
        if !self.version.has_properties() {
            return Acknowledgement::success(self.id());
        }
        let reason = ReasonCode(cursor.u8());
        Acknowledgement { packet_id: self.id(), reason, properties: self.own_properties(&mut cursor) }
    }
}

impl fmt::Debug for PacketView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.packet().fmt(f)
    }
}

/// What [`OwnedPacket::decode`] made of bytes that break no rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OwnedDecoded {
    /// A whole packet; it takes as many bytes as its [`bytes`](OwnedPacket::bytes) are long.
    Complete(OwnedPacket),
    /// The start of a packet: at least `needed` more bytes belong to it.
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
        Self::adopt(view, Bytes::copy_from_slice(view.bytes))
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
        PacketView { bytes: &self.bytes, payload, packet_id, header_len, version }
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
