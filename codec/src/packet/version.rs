//! What the meaning of bytes depends on besides the bytes: protocol version, sender, limits of the receiver.

use core::fmt;
use core::str::FromStr;

/// Version of the protocol, as the protocol level of CONNECT names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// MQTT 3.1: protocol name `MQIsdp`, level 3. Read and written, but no verdicts are built on it.
    V3_1,
    /// MQTT 3.1.1: protocol name `MQTT`, level 4.
    V3_1_1,
    /// MQTT 5.0: protocol name `MQTT`, version 5.
    V5,
}

impl Version {
    /// All versions, oldest first.
    pub const ALL: [Self; 3] = [Self::V3_1, Self::V3_1_1, Self::V5];

    /// Protocol level (3.1.1) or protocol version (5.0) byte of CONNECT.
    pub const fn level(self) -> u8 {
        match self {
            Self::V3_1 => 3,
            Self::V3_1_1 => 4,
            Self::V5 => 5,
        }
    }

    /// Protocol name of CONNECT.
    pub const fn protocol_name(self) -> &'static str {
        match self {
            Self::V3_1 => "MQIsdp",
            Self::V3_1_1 | Self::V5 => "MQTT",
        }
    }

    /// Whether packets of this version carry properties and reason codes, as 5.0 introduced them.
    pub const fn has_properties(self) -> bool {
        matches!(self, Self::V5)
    }

    /// Name as in text: `3.1`, `3.1.1` or `5`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::V3_1 => "3.1",
            Self::V3_1_1 => "3.1.1",
            Self::V5 => "5",
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Version {
    type Err = UnknownVersion;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "3.1" => Ok(Self::V3_1),
            "3.1.1" => Ok(Self::V3_1_1),
            "5" | "5.0" => Ok(Self::V5),
            _ => Err(UnknownVersion),
        }
    }
}

/// A text that names no [`Version`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownVersion;

impl fmt::Display for UnknownVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a version of MQTT: use 3.1, 3.1.1 or 5")
    }
}

impl core::error::Error for UnknownVersion {}

/// Who sent the bytes. Some packets, properties and reason codes may come from one side only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sender {
    /// A client: what only a server may send is refused.
    Client,
    /// A server: what only a client may send is refused.
    Server,
    /// Unknown: refused is only what neither side may send.
    Either,
}

impl Sender {
    /// All of them, each at the place of its number.
    pub(crate) const ALL: [Self; 3] = [Self::Client, Self::Server, Self::Either];

    /// Whether something that only `other` may send is acceptable from this sender.
    pub const fn may_be(self, other: Self) -> bool {
        matches!(
            (self, other),
            (Self::Either, _) | (_, Self::Either) | (Self::Client, Self::Client) | (Self::Server, Self::Server)
        )
    }
}

impl fmt::Display for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Client => "client",
            Self::Server => "server",
            Self::Either => "any",
        })
    }
}

/// How bytes are to be read: in which version, and from which side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Context {
    /// Version of the connection.
    pub version: Version,
    /// Side that sent the bytes.
    pub from: Sender,
}

impl Context {
    /// A context from its two parts.
    pub const fn new(version: Version, from: Sender) -> Self {
        Self { version, from }
    }
}

/// Limits that the receiver puts on a packet, beyond those of the format.
///
/// The default is what the format allows: nothing is refused for its size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Largest packet in bytes, fixed header included. A larger one is refused from its fixed header alone.
    pub max_packet_size: u32,
    /// Most User Properties in one block of properties (5.0).
    pub max_user_properties: u32,
    /// Most Topic Filters in one SUBSCRIBE or UNSUBSCRIBE.
    pub max_topic_filters: u32,
    /// Longest string in bytes, wherever it stands: topics, client identifier, user name, strings of properties.
    pub max_string_len: u16,
}

impl Limits {
    /// The limits of the format alone.
    pub const NONE: Self = Self {
        max_packet_size: u32::MAX,
        max_user_properties: u32::MAX,
        max_topic_filters: u32::MAX,
        max_string_len: u16::MAX,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::NONE
    }
}

/// The types of control packet (3.1.1 section 2.2.1, 5.0 section 2.1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum PacketType {
    /// Client asks to connect.
    Connect = 1,
    /// Server answers CONNECT.
    Connack = 2,
    /// A message.
    Publish = 3,
    /// Acknowledges a PUBLISH of QoS 1.
    Puback = 4,
    /// QoS 2: received (part 1).
    Pubrec = 5,
    /// QoS 2: release (part 2).
    Pubrel = 6,
    /// QoS 2: complete (part 3).
    Pubcomp = 7,
    /// Client asks for subscriptions.
    Subscribe = 8,
    /// Server answers SUBSCRIBE.
    Suback = 9,
    /// Client gives up subscriptions.
    Unsubscribe = 10,
    /// Server answers UNSUBSCRIBE.
    Unsuback = 11,
    /// Client asks for a sign of life.
    Pingreq = 12,
    /// Server answers PINGREQ.
    Pingresp = 13,
    /// End of the connection; in 5.0 from either side.
    Disconnect = 14,
    /// Authentication exchange, 5.0 only.
    Auth = 15,
}

impl PacketType {
    /// All types, by number.
    pub const ALL: [Self; 15] = [
        Self::Connect,
        Self::Connack,
        Self::Publish,
        Self::Puback,
        Self::Pubrec,
        Self::Pubrel,
        Self::Pubcomp,
        Self::Subscribe,
        Self::Suback,
        Self::Unsubscribe,
        Self::Unsuback,
        Self::Pingreq,
        Self::Pingresp,
        Self::Disconnect,
        Self::Auth,
    ];

    /// The type with this number (0 to 15), if it is one in any version; 0 is reserved.
    pub const fn from_number(number: u8) -> Option<Self> {
        if number == 0 || number > 15 { None } else { Some(Self::ALL[number as usize - 1]) }
    }

    /// Name in capitals, as the standards write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Connect => "CONNECT",
            Self::Connack => "CONNACK",
            Self::Publish => "PUBLISH",
            Self::Puback => "PUBACK",
            Self::Pubrec => "PUBREC",
            Self::Pubrel => "PUBREL",
            Self::Pubcomp => "PUBCOMP",
            Self::Subscribe => "SUBSCRIBE",
            Self::Suback => "SUBACK",
            Self::Unsubscribe => "UNSUBSCRIBE",
            Self::Unsuback => "UNSUBACK",
            Self::Pingreq => "PINGREQ",
            Self::Pingresp => "PINGRESP",
            Self::Disconnect => "DISCONNECT",
            Self::Auth => "AUTH",
        }
    }

    /// Whether the version has this type: AUTH came with 5.0.
    pub const fn exists_in(self, version: Version) -> bool {
        !matches!(self, Self::Auth) || version.has_properties()
    }

    /// Which side may send this type in `version`.
    pub const fn sent_by(self, version: Version) -> Sender {
        match self {
            Self::Connect | Self::Subscribe | Self::Unsubscribe | Self::Pingreq => Sender::Client,
            Self::Connack | Self::Suback | Self::Unsuback | Self::Pingresp => Sender::Server,
            Self::Disconnect if !version.has_properties() => Sender::Client,
            _ => Sender::Either,
        }
    }

    /// The four flag bits of the fixed header where the format fixes them; `None` for PUBLISH.
    pub const fn fixed_flags(self) -> Option<u8> {
        match self {
            Self::Publish => None,
            Self::Pubrel | Self::Subscribe | Self::Unsubscribe => Some(0b0010),
            _ => Some(0),
        }
    }
}

impl fmt::Display for PacketType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
