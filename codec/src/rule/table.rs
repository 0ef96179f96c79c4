//! The one table of rules: every rule that can be judged from one packet, what breaking it is, and the id of the
//! statement it comes from, by version, packet and sender.

use core::fmt;

use crate::packet::{PacketType, ReasonCode, Sender, Version};
use crate::rule::kind::ErrorKind;
use crate::rule::layer::Layer;

/// Versions a row of ids is for: 3.1 and 3.1.1 (which share ids) or 5.0.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Text {
    V3,
    V5,
}

/// One id: where it applies, and what it is. Of several rows that fit, the first one counts.
struct Statement {
    text: Text,
    sender: Sender,
    /// Packet types, one bit each; 0: all of them.
    packets: u16,
    id: &'static str,
}

struct Row {
    rule: Rule,
    name: &'static str,
    kind: ErrorKind,
    layer: Layer,
    reason: ReasonCode,
    says: &'static str,
    ids: &'static [Statement],
}

const fn bits(packets: &[PacketType]) -> u16 {
    let mut bits = 0;
    let mut index = 0;
    while index < packets.len() {
        bits |= 1 << packets[index] as u16;
        index += 1;
    }
    bits
}

macro_rules! rules {
    ($($variant:ident $name:literal $kind:ident $layer:ident $reason:ident $says:literal
        { $($text:ident $sender:ident [$($packet:ident)*] $id:literal)* })*) => {
        /// A rule that the decoder judges, from one packet alone.
        ///
        /// One rule has one id for each version and packet, see [`id`](Self::id); what it says is in
        /// [`says`](Self::says).
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Rule {
            $(#[doc = $says] $variant,)*
        }

        impl Rule {
            /// Every rule.
            pub const ALL: &[Self] = &[$(Self::$variant),*];
        }

        /// Indexed by the number of the rule.
        static TABLE: &[Row] = &[$(Row {
            rule: Rule::$variant,
            name: $name,
            kind: ErrorKind::$kind,
            layer: Layer::$layer,
            reason: ReasonCode::$reason,
            says: $says,
            ids: &[$(Statement {
                text: Text::$text,
                sender: Sender::$sender,
                packets: bits(&[$(PacketType::$packet),*]),
                id: $id,
            }),*],
        }),*];
    };
}

include!("rows.rs");

impl Rule {
    /// Stable name in kebab case.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// What the rule asks, in one sentence.
    pub fn says(self) -> &'static str {
        self.row().says
    }

    /// The rule with this name.
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|rule| rule.name() == name)
    }

    /// What a breach is.
    pub fn kind(self) -> ErrorKind {
        self.row().kind
    }

    /// What a decoder has to understand to see a breach.
    pub fn layer(self) -> Layer {
        self.row().layer
    }

    /// Code to answer a breach with; see [`DecodeError::reason`](crate::DecodeError::reason).
    pub fn reason(self, version: Version) -> ReasonCode {
        match (version, self) {
            (Version::V5, _) => self.row().reason,
            (_, Self::ProtocolLevel | Self::ProtocolName) => ReasonCode::UNACCEPTABLE_PROTOCOL_LEVEL,
            (_, Self::ClientIdLength | Self::EmptyClientId) => ReasonCode::IDENTIFIER_REJECTED,
            _ => self.row().reason,
        }
    }

    /// Id of the statement (`MQTT-3.3.2-2`) or of the unnumbered rule (`U5-014`, `U3-03`) that a packet of this type
    /// breaks, the most specific one. `None` where the standard has neither.
    ///
    /// 3.1 has no text with ids: its errors carry those of 3.1.1. Where 5.0 has one id for each side, this is the
    /// client's; [`id_from`](Self::id_from) tells them apart.
    pub fn id(self, version: Version, packet: impl Into<Option<PacketType>>) -> Option<&'static str> {
        self.id_from(version, packet, Sender::Either)
    }

    /// As [`id`](Self::id), for a packet from this side.
    pub fn id_from(
        self,
        version: Version,
        packet: impl Into<Option<PacketType>>,
        from: Sender,
    ) -> Option<&'static str> {
        let text = if version.has_properties() { Text::V5 } else { Text::V3 };
        let packet = packet.into().map_or(0, |packet| 1 << packet as u16);
        let row = self.row().ids.iter().find(|row| {
            row.text == text
                && (row.packets == 0 || row.packets & packet != 0)
                && match row.sender {
                    Sender::Either => true,
                    Sender::Client => from != Sender::Server,
                    Sender::Server => from == Sender::Server,
                }
        });
        row.map(|row| row.id)
    }

    /// Every id that this rule has anywhere, with its version (3.1.1 or 5), repetitions included.
    pub fn ids(self) -> impl Iterator<Item = (Version, &'static str)> {
        self.row().ids.iter().map(|row| (if row.text == Text::V5 { Version::V5 } else { Version::V3_1_1 }, row.id))
    }

    /// Whether [`decode_waiving`](crate::decode_waiving) can read on after a breach. Without it there is nothing left
    /// to read: the packet's layout cannot be told, or a limit of the receiver is passed.
    pub fn can_be_waived(self) -> bool {
        !matches!(
            self,
            Self::ReservedPacketType
                | Self::VariableByteIntegerTooLong
                | Self::PacketTooLarge
                | Self::TooManyUserProperties
                | Self::TooManyTopicFilters
                | Self::StringTooLong
                | Self::Truncated
                | Self::StringPastEnd
                | Self::BinaryPastEnd
                | Self::PropertyLengthMissing
                | Self::PropertyLengthPastEnd
                | Self::PropertyCutOff
                | Self::UserPropertyCutOff
                | Self::ClientIdMissing
                | Self::WillMissing
        )
    }

    fn row(self) -> &'static Row {
        let row = &TABLE[self as usize];
        debug_assert!(row.rule == self, "the table is in the order of the variants");
        row
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_unique_and_the_table_is_in_order() {
        let names: BTreeSet<_> = Rule::ALL.iter().map(|rule| rule.name()).collect();
        assert_eq!(names.len(), Rule::ALL.len());
        for (index, row) in TABLE.iter().enumerate() {
            assert_eq!(row.rule as usize, index);
            assert_eq!(Rule::find(row.name), Some(row.rule));
        }
    }

    #[test]
    fn what_cannot_be_parsed_is_not_a_matter_of_meaning() {
        for rule in Rule::ALL {
            let fits = match rule.layer() {
                Layer::Framing => rule.kind() != ErrorKind::ProtocolError,
                Layer::Text => rule.kind() == ErrorKind::Malformed,
                Layer::Semantics => rule.kind() == ErrorKind::ProtocolError,
                Layer::Fields => true,
            };
            assert!(fits, "{rule}: {:?} and {:?}", rule.layer(), rule.kind());
        }
        assert!(Layer::ALL.iter().all(|&layer| Layer::find(layer.name()) == Some(layer)));
    }

    #[test]
    fn the_most_specific_id_is_named() {
        let flags = Rule::FixedHeaderFlags;
        assert_eq!(flags.id(Version::V5, PacketType::Connect), Some("U5-014"));
        assert_eq!(flags.id(Version::V3_1_1, PacketType::Connect), Some("MQTT-2.2.2-2"));
        assert_eq!(flags.id(Version::V3_1_1, PacketType::Subscribe), Some("MQTT-3.8.1-1"));
        let twice = Rule::DuplicateReasonString;
        assert_eq!(twice.id_from(Version::V5, PacketType::Puback, Sender::Client), Some("U5-145"));
        assert_eq!(twice.id_from(Version::V5, PacketType::Puback, Sender::Server), Some("U5-146"));
        assert_eq!(twice.id(Version::V5, PacketType::Puback), Some("U5-145"));
        assert_eq!(twice.id(Version::V3_1_1, PacketType::Puback), None);
    }

    #[test]
    fn ids_look_like_ids() {
        for (version, id) in Rule::ALL.iter().flat_map(|rule| rule.ids()) {
            let unnumbered = if version == Version::V5 { "U5-" } else { "U3-" };
            assert!(id.starts_with("MQTT-") || id.starts_with(unnumbered), "{id}");
        }
    }
}
