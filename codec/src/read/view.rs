//! The view that an accepted packet is.

use core::fmt;
use core::num::NonZeroU16;

use crate::packet::{
    Acknowledgement, Auth, Connack, Connect, Cursor, Disconnect, Packet, PacketId, PacketType, Properties,
    PropertyHome, Publish, QoS, ReasonCode, ReasonCodes, Suback, Subscribe, Subscriptions, TopicFilters, Unsuback,
    Unsubscribe, Version, Will,
};
use crate::read::fast::Accepted;

/// Stands beside the length of the fixed header where a breach was waived.
pub(super) const WAIVED: u8 = 0x80;

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
pub(super) type Offsets = (u32, u16, u8, Version);

impl<'a> PacketView<'a> {
    /// An accepted packet.
    #[inline]
    pub(crate) const fn of(accepted: Accepted<'a>, version: Version) -> Self {
        let Accepted { bytes, payload, packet_id, header_len } = accepted;
        Self { bytes, payload, packet_id, header_len, version }
    }

    /// The packet with these offsets, whose bytes these are.
    pub(crate) const fn assemble((payload, packet_id, header_len, version): Offsets, bytes: &'a [u8]) -> Self {
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
    pub(super) fn publish_only(&self) -> Publish<'a> {
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
