//! Why a packet could not be written.

use core::fmt;

use crate::packet::field_name::FieldName;
use crate::packet::properties::PropertyId;
use crate::packet::version::PacketType;

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
