//! Why bytes were refused, and why a packet could not be written.

use core::fmt;

use crate::code::ReasonCode;
use crate::field_name::FieldName;
use crate::property::PropertyId;
use crate::rule::Rule;
use crate::version::{PacketType, Sender, Version};

/// The sort of an error, as 5.0 section 4.13 tells them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The bytes cannot be parsed as the standard lays them out.
    Malformed,
    /// The bytes can be parsed, but hold what the protocol does not allow.
    ProtocolError,
    /// A limit of the receiver, see [`Limits`](crate::Limits).
    TooLarge,
}

/// A refusal: which rule the bytes break, and where.
///
/// More bytes never change it, except that [`packet_len`](Self::packet_len) may become known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecodeError {
    /// Sort of the error.
    pub kind: ErrorKind,
    /// The rule, the most specific one for packet and field.
    pub rule: Rule,
    /// Version in which the bytes were read.
    pub version: Version,
    /// Side that sent them, as the [`Context`](crate::Context) said.
    pub from: Sender,
    /// Type of the packet; `None` where its number is reserved.
    pub packet_type: Option<PacketType>,
    /// Offset of the offending byte from the start of the packet; where something is missing, of the place where it
    /// should begin.
    pub offset: u32,
    /// The field at fault.
    pub field: FieldName,
    /// Length of the whole packet in bytes, if its fixed header could be read.
    pub packet_len: Option<u32>,
    /// Code to answer with: in 5.0 in CONNACK or DISCONNECT. In 3.1 and 3.1.1 only CONNACK to a CONNECT carries one,
    /// and only `0x01` and `0x02` are meant for it; whatever else this holds there is not to be sent.
    pub reason: ReasonCode,
}

impl DecodeError {
    /// Id of the statement or unnumbered rule of the standard, see [`Rule::id`].
    pub fn id(&self) -> Option<&'static str> {
        self.rule.id_from(self.version, self.packet_type, self.from)
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.id() {
            Some(id) => write!(f, "{id} ({})", self.rule)?,
            None => write!(f, "{}", self.rule)?,
        }
        let packet = self.packet_type.map_or("packet", PacketType::name);
        write!(f, ": {packet}, {} at byte {}: {}", self.field, self.offset, self.rule.says())
    }
}

impl core::error::Error for DecodeError {}

/// Why a packet cannot be written: the format has no room for it.
///
/// Packets that the format can carry but the standard forbids are written; they are not this crate's to judge on the
/// way out (mutations make illegal bytes, with a name).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EncodeError {
    /// A string or binary field above 65,535 bytes.
    FieldTooLong(FieldName),
    /// A topic filter above 65,535 bytes.
    TopicFilterTooLong,
    /// A property whose value its type cannot hold.
    PropertyTooLong(PropertyId),
    /// Remaining length or property length above 268,435,455 bytes.
    PacketTooLong,
    /// A PUBLISH of QoS 1 or 2 without packet identifier.
    PacketIdMissing,
    /// A PUBLISH of QoS 0 with packet identifier.
    PacketIdWithoutQos,
    /// The version has no such packet.
    PacketNotInVersion(PacketType),
    /// The version has no properties.
    PropertiesNotInVersion,
    /// The property has no place in this packet.
    PropertyNotAllowed(PropertyId),
    /// The version has no reason code in this packet.
    ReasonCodeNotInVersion,
    /// The version has no subscription options besides the QoS.
    OptionsNotInVersion,
    /// The buffer has less room than the packet needs.
    BufferFull {
        /// Bytes that the packet takes.
        needed: usize,
    },
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FieldTooLong(field) => write!(f, "{field} is longer than 65535 bytes"),
            Self::TopicFilterTooLong => f.write_str("a topic filter is longer than 65535 bytes"),
            Self::PropertyTooLong(id) => write!(f, "the value of {id} is too large for its type"),
            Self::PacketTooLong => f.write_str("the packet is longer than its length field can say"),
            Self::PacketIdMissing => f.write_str("a PUBLISH of QoS 1 or 2 needs a packet identifier"),
            Self::PacketIdWithoutQos => f.write_str("a PUBLISH of QoS 0 has no packet identifier"),
            Self::PacketNotInVersion(packet) => write!(f, "the version has no {packet}"),
            Self::PropertiesNotInVersion => f.write_str("the version has no properties"),
            Self::PropertyNotAllowed(id) => write!(f, "{id} has no place in this packet"),
            Self::ReasonCodeNotInVersion => f.write_str("the version has no reason code in this packet"),
            Self::OptionsNotInVersion => f.write_str("the version has no subscription options besides the QoS"),
            Self::BufferFull { needed } => write!(f, "the buffer has no room for {needed} bytes"),
        }
    }
}

impl core::error::Error for EncodeError {}
