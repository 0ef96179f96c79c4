//! A rule that a client broke, whoever has noticed it: the machine, which sees single packets and limits, or the watch, which
//! sees all that goes by.

use crate::watch;
use mqtt_assay_codec::{PacketType, Version};
use mqtt_assay_reference as reference;
use mqtt_assay_standard::{self as standard, Level};

/// A breach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Breach {
    pub(super) connection: u64,
    pub(super) version: Version,
    pub(super) rule: &'static str,
    /// What the client did.
    pub(super) did: String,
    /// The beginning of its packet; empty where it was none.
    pub(super) bytes: Vec<u8>,
    pub(super) length: usize,
    /// Which of its packets; 0 where it was none.
    pub(super) number: u64,
}

/// Rules that the watch judges: the machine's own judgement rests on its state, which a fault may have spoiled.
const WATCHED: &[(Version, &str)] = &[
    (Version::V3_1_1, "MQTT-2.3.1-2"),
    (Version::V3_1_1, "MQTT-3.3.1-1"),
    (Version::V3_1_1, "MQTT-4.4.0-1"),
    (Version::V5, "U5-029"),
    (Version::V5, "MQTT-3.3.1-1"),
    (Version::V5, "MQTT-3.3.4-7"),
    (Version::V5, "MQTT-4.4.0-1"),
    (Version::V5, "U5-201"),
];

impl Breach {
    /// One that the machine names; nothing where it is for the watch to say.
    pub(super) fn of_machine(breach: &reference::Breach) -> Option<Self> {
        if WATCHED.contains(&(breach.version, breach.rule)) || is_wrong_acknowledgement(breach) {
            return None;
        }
        // The codec's errors begin with the rule, which is told beside.
        let codec = breach.detail.strip_prefix(breach.rule).and_then(|rest| rest.split_once("): "));
        Some(Self {
            connection: breach.connection.0,
            version: breach.version,
            rule: breach.rule,
            did: codec.map_or(breach.detail.as_str(), |(_, detail)| detail).to_owned(),
            bytes: breach.packet.to_vec(),
            length: breach.packet_len,
            number: breach.packet_number,
        })
    }

    /// How strongly the rule binds.
    pub(super) fn level(&self) -> Level {
        level(self.version, self.rule)
    }

    /// What the rule says.
    pub(super) fn says(&self) -> &'static str {
        standard::find(self.version, self.rule).map_or("", |rule| rule.rule().says)
    }
}

impl From<watch::Breach> for Breach {
    fn from(breach: watch::Breach) -> Self {
        let watch::Breach { connection, version, rule, what, bytes, length, number } = breach;
        Self { connection, version, rule, did: what, bytes, length, number }
    }
}

/// How strongly a rule binds.
pub(super) fn level(version: Version, rule: &str) -> Level {
    standard::find(version, rule).map_or(Level::Must, |rule| rule.rule().level)
}

/// Whether a breach of the rule counts: one of a MUST always, others where it is asked for.
pub(super) fn counts(version: Version, rule: &str, strict: bool) -> bool {
    strict || !level(version, rule).is_weak()
}

/// Of 3.1.1, whose general rule it is.
fn is_wrong_acknowledgement(breach: &reference::Breach) -> bool {
    let packet_type = breach.packet.first().and_then(|first| PacketType::from_number(first >> 4));
    let acknowledges = matches!(packet_type, Some(PacketType::Puback | PacketType::Pubrec | PacketType::Pubcomp));
    acknowledges && breach.rule == "MQTT-4.8.0-1" && breach.detail.starts_with("an acknowledgement")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_only_implied_counts_where_it_is_asked_for() {
        assert!(counts(Version::V5, "MQTT-3.3.2-2", false));
        assert!(!counts(Version::V5, "U5-009", false));
        assert!(counts(Version::V5, "U5-009", true));
    }

    #[test]
    fn rules_that_are_left_to_the_watch_are_there() {
        for (version, rule) in WATCHED {
            assert!(standard::find(*version, rule).is_some(), "{rule} of {version}");
        }
    }
}
