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
        let is_watched = WATCHED.contains(&(breach.version, breach.rule)) || is_wrong_acknowledgement(breach);
        if is_watched || is_of_brokers(breach.version, breach.rule) {
            return None;
        }
        // The codec's errors begin with the rule, which is told beside.
        let codec = breach.detail.strip_prefix(breach.rule).and_then(|rest| rest.split_once("): "));
        Some(Self {
            connection: breach.connection.0,
            version: breach.version,
            rule: breach.rule,
            did: codec.map_or(breach.detail.as_str(), |(_, detail)| detail).to_owned(),
            bytes: without_password(&breach.packet).to_vec(),
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

/// The packet; of a CONNECT that has a password no more than what stands before its first string.
fn without_password(packet: &[u8]) -> &[u8] {
    let is_connect = packet.first().is_some_and(|first| first >> 4 == 1);
    let name = 1 + packet.iter().skip(1).take_while(|byte| **byte >= 0x80).count() + 1;
    let Some(length) = packet.get(name..name + 2).filter(|_| is_connect) else { return packet };
    let flags = name + 2 + usize::from(u16::from_be_bytes([length[0], length[1]])) + 1;
    match packet.get(flags) {
        Some(set) if set & 0x40 == 0 => packet,
        // The flags, and the keep alive behind them.
        _ => &packet[..packet.len().min(flags + 3)],
    }
}

/// What is to happen is the broker's to do: the machine names such a rule where a fault has it refuse what it should serve.
fn is_of_brokers(version: Version, rule: &str) -> bool {
    level(version, rule) == Level::Behaviour || (version, rule) == (Version::V3_1_1, "MQTT-3.8.3-2")
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
    fn no_password_is_shown() {
        let connect =
            |flags| [&[0x10, 17, 0, 4, b'M', b'Q', b'T', b'T', 4, flags, 0, 60][..], b"\0\x01a\0\x02pw"].concat();
        assert_eq!(without_password(&connect(0x42)), &connect(0x42)[..12]);
        assert_eq!(without_password(&connect(2)), connect(2));
        assert_eq!(without_password(&[0x10, 0x80]), [0x10, 0x80]);
        assert_eq!(without_password(&[0xc0, 0]), [0xc0, 0]);
    }

    #[test]
    fn rules_that_are_left_to_the_watch_are_there() {
        for (version, rule) in WATCHED {
            assert!(standard::find(*version, rule).is_some(), "{rule} of {version}");
        }
    }
}
