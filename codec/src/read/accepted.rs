//! Reads the fields of bytes that were accepted before: of packets that own their bytes, of those that only the reader
//! accepts, and of those in which a breach was waived. Judges nothing, and never fails.

use crate::packet::{
    Acknowledgement, Auth, Connack, Connect, Cursor, Disconnect, Packet, PacketId, PacketType, Properties,
    PropertyHome, Publish, QoS, ReasonCode, ReasonCodes, Suback, Subscribe, Subscriptions, TopicFilters, Unsuback,
    Unsubscribe, Version, Will,
};

/// How accepted bytes are to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Acceptance {
    pub(super) version: Version,
    /// Whether a rule was broken that the receiver waived: then nothing is certain but that the packet ends here.
    pub(super) waived: bool,
}

/// The packet that these bytes are.
pub(super) fn packet(bytes: &[u8], acceptance: Acceptance) -> Packet<'_> {
    let Some((&first, rest)) = bytes.split_first() else { return Packet::Pingreq };
    let mut cursor = Cursor::new(rest);
    // The length of the rest, which is known.
    cursor.variable();
    Accepted { packet_type: packet_type(bytes), flags: first & 0x0F, acceptance, cursor }.packet()
}

/// Type of the packet that these bytes are.
pub(super) fn packet_type(bytes: &[u8]) -> PacketType {
    // The decoder lets no reserved type through.
    bytes.first().and_then(|first| PacketType::from_number(first >> 4)).unwrap_or(PacketType::Pingreq)
}

/// The PUBLISH that these bytes are.
pub(super) fn publish(bytes: &[u8], acceptance: Acceptance) -> Publish<'_> {
    match packet(bytes, acceptance) {
        Packet::Publish(publish) => publish,
        _ => Publish::default(),
    }
}

/// An accepted packet, and how far it is read.
struct Accepted<'a> {
    packet_type: PacketType,
    flags: u8,
    acceptance: Acceptance,
    cursor: Cursor<'a>,
}

impl<'a> Accepted<'a> {
    fn packet(mut self) -> Packet<'a> {
        match self.packet_type {
            PacketType::Connect => Packet::Connect(self.connect()),
            PacketType::Connack => Packet::Connack(self.connack()),
            PacketType::Publish => Packet::Publish(self.publish()),
            PacketType::Puback => Packet::Puback(self.acknowledgement()),
            PacketType::Pubrec => Packet::Pubrec(self.acknowledgement()),
            PacketType::Pubrel => Packet::Pubrel(self.acknowledgement()),
            PacketType::Pubcomp => Packet::Pubcomp(self.acknowledgement()),
            PacketType::Subscribe => Packet::Subscribe(self.subscribe()),
            PacketType::Suback => {
                let (packet_id, properties) = self.identified();
                Packet::Suback(Suback { packet_id, properties, reasons: ReasonCodes::from(self.cursor.rest()) })
            }
            PacketType::Unsubscribe => {
                let (packet_id, properties) = self.identified();
                let filters = TopicFilters::from_payload(self.cursor.rest());
                Packet::Unsubscribe(Unsubscribe { packet_id, properties, filters })
            }
            PacketType::Unsuback => {
                let (packet_id, properties) = self.identified();
                // Before 5.0 it has none; what follows is there by a waived rule.
                let reasons = if self.has_properties() { self.cursor.rest() } else { &[] };
                Packet::Unsuback(Unsuback { packet_id, properties, reasons: ReasonCodes::from(reasons) })
            }
            PacketType::Pingreq => Packet::Pingreq,
            PacketType::Pingresp => Packet::Pingresp,
            PacketType::Disconnect => {
                let reason = ReasonCode(self.cursor.u8());
                Packet::Disconnect(Disconnect { reason, properties: self.own_properties() })
            }
            PacketType::Auth => {
                let reason = ReasonCode(self.cursor.u8());
                Packet::Auth(Auth { reason, properties: self.own_properties() })
            }
        }
    }

    const fn has_properties(&self) -> bool {
        self.acceptance.version.has_properties()
    }

    /// 0, which only waiving a rule lets through, reads as 1.
    fn packet_id(&mut self) -> PacketId {
        PacketId::new(self.cursor.u16()).unwrap_or(PacketId::MIN)
    }

    /// The properties of the variable header.
    fn own_properties(&mut self) -> Properties<'a> {
        self.properties(PropertyHome::Packet(self.packet_type))
    }

    fn properties(&mut self, home: PropertyHome) -> Properties<'a> {
        if !self.has_properties() {
            return Properties::EMPTY;
        }
        let length = self.cursor.variable() as usize;
        let homes = if self.acceptance.waived { 0 } else { home.bit() };
        Properties::from_block(self.cursor.take(length), homes)
    }

    fn identified(&mut self) -> (PacketId, Properties<'a>) {
        (self.packet_id(), self.own_properties())
    }

    fn connect(&mut self) -> Connect<'a> {
        self.cursor.binary();
        self.cursor.u8();
        let flags = self.cursor.u8();
        let keep_alive = self.cursor.u16();
        let properties = self.own_properties();
        let client_id = self.cursor.string();
        let will = (flags & 1 << 2 != 0).then(|| Will {
            qos: QoS::from_accepted_bits(flags >> 3),
            retain: flags & 1 << 5 != 0,
            properties: self.properties(PropertyHome::Will),
            topic: self.cursor.string(),
            payload: self.cursor.binary(),
        });
        let cursor = &mut self.cursor;
        // 3.1 allows a packet to end before what the flags promise.
        let user_name = (flags & 1 << 7 != 0 && !cursor.is_empty()).then(|| cursor.string());
        let password = (flags & 1 << 6 != 0 && !cursor.is_empty()).then(|| cursor.binary());
        Connect { clean_start: flags & 1 << 1 != 0, keep_alive, properties, client_id, will, user_name, password }
    }

    fn connack(&mut self) -> Connack<'a> {
        let session_present = self.cursor.u8() & 1 != 0;
        let reason = ReasonCode(self.cursor.u8());
        Connack { session_present, reason, properties: self.own_properties() }
    }

    fn publish(&mut self) -> Publish<'a> {
        let flags = self.flags;
        let topic = self.cursor.string();
        let packet_id = (flags & 0b0110 != 0).then(|| self.packet_id());
        let properties = self.own_properties();
        Publish {
            dup: flags & 1 << 3 != 0,
            qos: QoS::from_accepted_bits(flags >> 1),
            retain: flags & 1 != 0,
            topic,
            packet_id,
            properties,
            payload: self.cursor.rest(),
        }
    }

    fn acknowledgement(&mut self) -> Acknowledgement<'a> {
        let packet_id = self.packet_id();
        if !self.has_properties() {
            return Acknowledgement::success(packet_id);
        }
        let reason = ReasonCode(self.cursor.u8());
        Acknowledgement { packet_id, reason, properties: self.own_properties() }
    }

    fn subscribe(&mut self) -> Subscribe<'a> {
        let (packet_id, properties) = self.identified();
        let qos_only = !self.has_properties() && !self.acceptance.waived;
        Subscribe { packet_id, properties, filters: Subscriptions::from_payload(self.cursor.rest(), qos_only) }
    }
}
