//! The packets, one struct each for all versions.

use core::fmt;
use core::num::NonZeroU16;

use crate::code::ReasonCode;
use crate::lists::{ReasonCodes, Subscriptions, TopicFilters};
use crate::properties::Properties;
use crate::version::PacketType;

/// Packet identifier: 1 to 65,535.
pub type PacketId = NonZeroU16;

/// Quality of service (section 4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[repr(u8)]
pub enum QoS {
    /// QoS 0: at most once.
    #[default]
    AtMostOnce = 0,
    /// QoS 1: at least once.
    AtLeastOnce = 1,
    /// QoS 2: exactly once.
    ExactlyOnce = 2,
}

impl QoS {
    /// All three, in order.
    pub const ALL: [Self; 3] = [Self::AtMostOnce, Self::AtLeastOnce, Self::ExactlyOnce];

    /// The QoS in two bits that were accepted; 3 reads as 2, for where that rule was waived.
    pub(crate) const fn from_accepted_bits(bits: u8) -> Self {
        match bits & 3 {
            0 => Self::AtMostOnce,
            1 => Self::AtLeastOnce,
            _ => Self::ExactlyOnce,
        }
    }
}

impl TryFrom<u8> for QoS {
    type Error = InvalidQoS;

    fn try_from(number: u8) -> Result<Self, InvalidQoS> {
        match number {
            0 => Ok(Self::AtMostOnce),
            1 => Ok(Self::AtLeastOnce),
            2 => Ok(Self::ExactlyOnce),
            _ => Err(InvalidQoS),
        }
    }
}

impl fmt::Display for QoS {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", *self as u8)
    }
}

/// A number above 2 where a [`QoS`] was wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidQoS;

impl fmt::Display for InvalidQoS {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("QoS is 0, 1 or 2")
    }
}

impl core::error::Error for InvalidQoS {}

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

/// Options of one subscription. In 3.1 and 3.1.1 there is only the QoS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct SubscriptionOptions {
    /// Highest QoS that the client wants.
    pub qos: QoS,
    /// Do not send back the client's own messages (5.0).
    pub no_local: bool,
    /// Keep the RETAIN flag as it was published (5.0).
    pub retain_as_published: bool,
    /// Which retained messages to send (5.0).
    pub retain_handling: RetainHandling,
}

impl SubscriptionOptions {
    /// A QoS and nothing else: right in every version.
    pub const fn at(qos: QoS) -> Self {
        Self { qos, no_local: false, retain_as_published: false, retain_handling: RetainHandling::Send }
    }

    /// The byte as 5.0 section 3.8.3.1 lays it out; with a QoS alone it is that of 3.1.1.
    pub const fn to_byte(self) -> u8 {
        self.qos as u8
            | (self.no_local as u8) << 2
            | (self.retain_as_published as u8) << 3
            | (self.retain_handling as u8) << 4
    }

    /// Options in an accepted byte; values that only waiving a rule lets through read as the highest legal ones.
    #[inline]
    pub(crate) const fn from_accepted_byte(byte: u8) -> Self {
        /// The options in all bytes, but for two bits that no version uses.
        static TABLE: [SubscriptionOptions; 64] = {
            let mut table = [SubscriptionOptions::at(QoS::AtMostOnce); 64];
            let mut byte = 0;
            while byte < 64 {
                table[byte] = SubscriptionOptions {
                    qos: QoS::from_accepted_bits(byte as u8),
                    no_local: byte & 4 != 0,
                    retain_as_published: byte & 8 != 0,
                    retain_handling: match byte >> 4 {
                        0 => RetainHandling::Send,
                        1 => RetainHandling::SendIfNew,
                        _ => RetainHandling::DoNotSend,
                    },
                };
                byte += 1;
            }
            table
        };
        TABLE[(byte & 0x3F) as usize]
    }
}

impl From<QoS> for SubscriptionOptions {
    fn from(qos: QoS) -> Self {
        Self::at(qos)
    }
}

/// Which retained messages a subscription gets (5.0 section 3.8.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[repr(u8)]
pub enum RetainHandling {
    /// 0: all that match, at every SUBSCRIBE.
    #[default]
    Send = 0,
    /// 1: only if the subscription is new.
    SendIfNew = 1,
    /// 2: none.
    DoNotSend = 2,
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
