//! Why bytes were refused.

use core::fmt;

use crate::packet::{FieldName, PacketType, ReasonCode, Sender, Version};
use crate::rule::kind::ErrorKind;
use crate::rule::table::Rule;

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
