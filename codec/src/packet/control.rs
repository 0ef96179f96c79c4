//! The packets, one struct each for all versions.

use core::num::NonZeroU16;

use crate::packet::code::ReasonCode;
use crate::packet::lists::{ReasonCodes, Subscriptions, TopicFilters};
use crate::packet::properties::Properties;
use crate::packet::qos::QoS;
use crate::packet::version::PacketType;

/// Packet identifier: 1 to 65,535.
pub type PacketId = NonZeroU16;

/// A control packet of any version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packet<'a> {
    /// Client asks to connect.
    Connect(Connect<'a>),
    /// Server answers CONNECT.
    Connack(Connack<'a>),
    /// A message.
    Publish(Publish<'a>),
    /// Acknowledges a PUBLISH of QoS 1.
    Puback(Acknowledgement<'a>),
    /// QoS 2: received.
    Pubrec(Acknowledgement<'a>),
    /// QoS 2: release.
    Pubrel(Acknowledgement<'a>),
    /// QoS 2: complete.
    Pubcomp(Acknowledgement<'a>),
    /// Client asks for subscriptions.
    Subscribe(Subscribe<'a>),
    /// Server answers SUBSCRIBE.
    Suback(Suback<'a>),
    /// Client gives up subscriptions.
    Unsubscribe(Unsubscribe<'a>),
    /// Server answers UNSUBSCRIBE.
    Unsuback(Unsuback<'a>),
    /// Client asks for a sign of life.
    Pingreq,
    /// Server answers PINGREQ.
    Pingresp,
    /// End of the connection.
    Disconnect(Disconnect<'a>),
    /// Authentication exchange (5.0).
    Auth(Auth<'a>),
}

impl<'a> Packet<'a> {
    /// Type of this packet.
    pub const fn packet_type(&self) -> PacketType {
        match self {
            Self::Connect(_) => PacketType::Connect,
            Self::Connack(_) => PacketType::Connack,
            Self::Publish(_) => PacketType::Publish,
            Self::Puback(_) => PacketType::Puback,
            Self::Pubrec(_) => PacketType::Pubrec,
            Self::Pubrel(_) => PacketType::Pubrel,
            Self::Pubcomp(_) => PacketType::Pubcomp,
            Self::Subscribe(_) => PacketType::Subscribe,
            Self::Suback(_) => PacketType::Suback,
            Self::Unsubscribe(_) => PacketType::Unsubscribe,
            Self::Unsuback(_) => PacketType::Unsuback,
            Self::Pingreq => PacketType::Pingreq,
            Self::Pingresp => PacketType::Pingresp,
            Self::Disconnect(_) => PacketType::Disconnect,
            Self::Auth(_) => PacketType::Auth,
        }
    }

    /// Packet identifier, if the packet has one.
    pub const fn packet_id(&self) -> Option<PacketId> {
        match self {
            Self::Publish(publish) => publish.packet_id,
            Self::Puback(ack) | Self::Pubrec(ack) | Self::Pubrel(ack) | Self::Pubcomp(ack) => Some(ack.packet_id),
            Self::Subscribe(subscribe) => Some(subscribe.packet_id),
            Self::Suback(suback) => Some(suback.packet_id),
            Self::Unsubscribe(unsubscribe) => Some(unsubscribe.packet_id),
            Self::Unsuback(unsuback) => Some(unsuback.packet_id),
            _ => None,
        }
    }

    /// Properties of the variable header; empty where there are none. Those of the will are not among them.
    pub const fn properties(&self) -> Properties<'a> {
        match self {
            Self::Connect(connect) => connect.properties,
            Self::Connack(connack) => connack.properties,
            Self::Publish(publish) => publish.properties,
            Self::Puback(ack) | Self::Pubrec(ack) | Self::Pubrel(ack) | Self::Pubcomp(ack) => ack.properties,
            Self::Subscribe(subscribe) => subscribe.properties,
            Self::Suback(suback) => suback.properties,
            Self::Unsubscribe(unsubscribe) => unsubscribe.properties,
            Self::Unsuback(unsuback) => unsuback.properties,
            Self::Disconnect(disconnect) => disconnect.properties,
            Self::Auth(auth) => auth.properties,
            Self::Pingreq | Self::Pingresp => Properties::EMPTY,
        }
    }
}

/// CONNECT (section 3.1). Protocol name and level follow from the version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Connect<'a> {
    /// Clean Start of 5.0; Clean Session of 3.1 and 3.1.1.
    pub clean_start: bool,
    /// Longest silence in seconds; 0: no limit.
    pub keep_alive: u16,
    /// Properties of the connection (5.0).
    pub properties: Properties<'a>,
    /// Client identifier, may be empty.
    pub client_id: &'a str,
    /// Message for when the connection ends badly.
    pub will: Option<Will<'a>>,
    /// User name.
    pub user_name: Option<&'a str>,
    /// Password; in 3.1 and 3.1.1 only with a user name.
    pub password: Option<&'a [u8]>,
}

/// The will in a CONNECT (sections 3.1.2.5 to 3.1.2.7, 3.1.3.2 and 3.1.3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Will<'a> {
    /// QoS to publish it with.
    pub qos: QoS,
    /// Whether to publish it as retained message.
    pub retain: bool,
    /// Will properties (5.0).
    pub properties: Properties<'a>,
    /// Topic name.
    pub topic: &'a str,
    /// Payload.
    pub payload: &'a [u8],
}

/// CONNACK (section 3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Connack<'a> {
    /// The server has a session for this client.
    pub session_present: bool,
    /// Reason code of 5.0; return code 0 to 5 of 3.1 and 3.1.1, as a number.
    pub reason: ReasonCode,
    /// Properties (5.0).
    pub properties: Properties<'a>,
}

/// PUBLISH (section 3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Publish<'a> {
    /// Sent again.
    pub dup: bool,
    /// Quality of service.
    pub qos: QoS,
    /// To be retained, or delivered from what was retained.
    pub retain: bool,
    /// Topic name; in 5.0 empty where a topic alias stands for it.
    pub topic: &'a str,
    /// Packet identifier: exactly where the QoS is above 0.
    pub packet_id: Option<PacketId>,
    /// Properties (5.0).
    pub properties: Properties<'a>,
    /// Application message.
    pub payload: &'a [u8],
}

/// PUBACK, PUBREC, PUBREL and PUBCOMP (sections 3.4 to 3.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Acknowledgement<'a> {
    /// Identifier of the PUBLISH that this belongs to.
    pub packet_id: PacketId,
    /// Reason code (5.0); success where the packet leaves it out.
    pub reason: ReasonCode,
    /// Properties (5.0).
    pub properties: Properties<'a>,
}

impl Acknowledgement<'_> {
    /// Success, without properties: right in every version.
    pub const fn success(packet_id: PacketId) -> Self {
        Self { packet_id, reason: ReasonCode::SUCCESS, properties: Properties::EMPTY }
    }
}

/// SUBSCRIBE (section 3.8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subscribe<'a> {
    /// Identifier that SUBACK will repeat.
    pub packet_id: PacketId,
    /// Properties (5.0).
    pub properties: Properties<'a>,
    /// Topic filters, each with its options.
    pub filters: Subscriptions<'a>,
}

/// SUBACK (section 3.9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Suback<'a> {
    /// Identifier of the SUBSCRIBE.
    pub packet_id: PacketId,
    /// Properties (5.0).
    pub properties: Properties<'a>,
    /// One code for each topic filter, in its order.
    pub reasons: ReasonCodes<'a>,
}

/// UNSUBSCRIBE (section 3.10).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unsubscribe<'a> {
    /// Identifier that UNSUBACK will repeat.
    pub packet_id: PacketId,
    /// Properties (5.0).
    pub properties: Properties<'a>,
    /// Topic filters.
    pub filters: TopicFilters<'a>,
}

/// UNSUBACK (section 3.11).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unsuback<'a> {
    /// Identifier of the UNSUBSCRIBE.
    pub packet_id: PacketId,
    /// Properties (5.0).
    pub properties: Properties<'a>,
    /// One code for each topic filter in 5.0; empty in 3.1 and 3.1.1.
    pub reasons: ReasonCodes<'a>,
}

/// DISCONNECT (section 3.14).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Disconnect<'a> {
    /// Reason code (5.0); 0 where the packet leaves it out.
    pub reason: ReasonCode,
    /// Properties (5.0).
    pub properties: Properties<'a>,
}

/// AUTH (5.0 section 3.15).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Auth<'a> {
    /// Reason code.
    pub reason: ReasonCode,
    /// Properties; the authentication method is among them.
    pub properties: Properties<'a>,
}
