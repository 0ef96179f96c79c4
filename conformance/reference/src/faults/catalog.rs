//! What there is to know about a fault: its name, its sentence, the rules that a broker with it breaks.

use std::collections::BTreeSet;

use mqtt_assay_codec::{MUTATIONS, PacketType, Rule, Sender, Version};

use mqtt_assay_standard as standard;

use super::sends;
use super::table::Fault;

impl Fault {
    /// Stable name, as `serve --fault` takes it: `drops-binary`, `tolerates:RULE`, `acts-on:RULE`, `sends:MUTATION`.
    pub fn name(self) -> String {
        match self {
            Self::Tolerates(rule) => format!("tolerates:{}", rule.name()),
            Self::ActsOn(rule) => format!("acts-on:{}", rule.name()),
            Self::Sends(mutation) => format!("sends:{}", mutation.name),
            _ => self.unit().map(|unit| unit.name.to_owned()).unwrap_or_default(),
        }
    }

    /// The fault of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        match name.split_once(':') {
            Some(("tolerates", rule)) => Rule::find(rule).map(Self::Tolerates),
            Some(("acts-on", rule)) => Rule::find(rule).map(Self::ActsOn),
            Some(("sends", exact)) => {
                MUTATIONS.iter().find(|mutation| mutation.name == exact).copied().map(Self::Sends)
            }
            Some(_) => None,
            None => Self::ALL.iter().copied().find(|fault| fault.unit().is_some_and(|unit| unit.name == name)),
        }
    }

    /// What the broker does wrong, in one sentence.
    pub fn says(self) -> String {
        match self {
            Self::Tolerates(rule) => {
                format!("Drops a packet that breaks the rule {} and keeps the connection.", rule.name())
            }
            Self::ActsOn(rule) => format!("Does what a packet says that breaks the rule {}.", rule.name()),
            Self::Sends(mutation) => format!("Sends packets with this mistake: {}.", mutation.says),
            _ => self.unit().map(|unit| unit.says.to_owned()).unwrap_or_default(),
        }
    }

    /// The rules that a broker with this fault breaks in that version, twins included, sorted; none where the fault
    /// does nothing that the version forbids.
    pub fn breaks(self, version: Version) -> Vec<&'static str> {
        let declared: Vec<&'static str> = match self {
            // 3.1.1 lets a broker pass over what may be a packet of another protocol.
            Self::Tolerates(Rule::ProtocolName) if version == Version::V3_1_1 => Vec::new(),
            Self::Tolerates(rule) | Self::ActsOn(rule) => refused_for(rule, version),
            Self::Sends(mutation) => sends::broken_by(mutation, version),
            Self::LenientToEverything => Rule::ALL.iter().flat_map(|rule| refused_for(*rule, version)).collect(),
            Self::DisconnectWithoutClose if version == Version::V5 => {
                self.by_hand(version).iter().copied().chain(answered_by_close()).collect()
            }
            Self::RefusalStaysOpen if version == Version::V5 => {
                let id_of = |rule: &Rule| rule.id_from(version, PacketType::Connect, Sender::Client);
                let about_connect = |rule: &&Rule| id_of(rule).is_some();
                let too = Rule::ALL.iter().filter(about_connect).flat_map(|rule| broken_too(*rule, version)).copied();
                let id_in_auth = |rule: &Rule| rule.id_from(version, PacketType::Auth, Sender::Client);
                let opening =
                    Rule::ALL.iter().filter_map(id_of).chain(too).chain(Rule::ALL.iter().filter_map(id_in_auth));
                self.by_hand(version).iter().copied().chain(opening).collect()
            }
            _ => self.by_hand(version).to_vec(),
        };
        let mut broken: BTreeSet<&'static str> = declared.iter().copied().collect();
        for id in declared {
            broken.extend(standard::find(version, id).into_iter().flat_map(|rule| rule.rule().twins));
        }
        broken.into_iter().collect()
    }

    /// Whether it strikes outside the machine, where bytes are carried.
    pub const fn is_of_shell(self) -> bool {
        matches!(
            self,
            Self::WebSocketTextAccepted
                | Self::WebSocketTextSent
                | Self::WebSocketOnePacketAFrame
                | Self::WebSocketWholePacketsOnly
                | Self::WebSocketNoSubprotocol
                | Self::WebSocketOtherSubprotocol
                | Self::TlsWantsNoCertificate
                | Self::TlsTakesForeignCertificates
                | Self::TlsTakesExpiredCertificates
                | Self::TlsSpeaksOldVersions
                | Self::TlsServesPlainMqtt
                | Self::TlsRefusesInSilence
                | Self::TlsOneHandshakeAtATime
                | Self::TlsDoorClosesAtFailure
        )
    }

    fn by_hand(self, version: Version) -> &'static [&'static str] {
        match (self.unit(), version) {
            (Some(unit), Version::V5) => unit.v5,
            (Some(unit), Version::V3_1_1) => unit.v311,
            _ => &[],
        }
    }
}

/// The rules of 5.0 for clients whose breach ends the connection.
fn answered_by_close() -> impl Iterator<Item = &'static str> {
    let rules = standard::rules(Version::V5).map(standard::RuleId::rule);
    let reactions = rules.filter(|rule| rule.reaction.contains(&"MQTT-4.13.1-1")).map(|rule| rule.id);
    reactions.chain(Rule::ALL.iter().flat_map(|rule| refused_for(*rule, Version::V5)))
}

/// The ids of a rule in every packet of a client to which it applies, and the statements that demand the reaction.
fn refused_for(rule: Rule, version: Version) -> Vec<&'static str> {
    let mut broken = BTreeSet::new();
    if version == Version::V3_1 {
        return Vec::new();
    }
    for packet_type in PacketType::ALL {
        let Some(id) = rule.id_from(version, packet_type, Sender::Client) else { continue };
        broken.insert(id);
        broken.insert(if version == Version::V5 { "MQTT-4.13.1-1" } else { "MQTT-4.8.0-1" });
        if packet_type == PacketType::Connect {
            broken.insert("MQTT-3.1.4-1");
        }
        broken.extend(standard::find(version, id).into_iter().flat_map(|rule| rule.rule().reaction));
    }
    broken.extend(broken_too(rule, version));
    broken.into_iter().collect()
}

/// Statements that a packet breaks besides the one that the codec names, and that are no twins of it: they are about other
/// packets too.
fn broken_too(rule: Rule, version: Version) -> &'static [&'static str] {
    match (rule, version) {
        (Rule::TrailingBytes, Version::V3_1_1) => &["MQTT-3.1.2-18", "MQTT-3.1.2-20"],
        (Rule::TrailingBytes, Version::V5) => &["MQTT-3.1.2-16", "MQTT-3.1.2-18"],
        (Rule::TopicNameWildcard, Version::V3_1_1) => &["MQTT-4.7.1-1"],
        (Rule::TopicNameWildcard | Rule::WillTopicWildcard, Version::V5) => &["MQTT-4.7.0-1"],
        (Rule::SubscriptionIdentifierFromClient, Version::V5) => &["U5-131"],
        (Rule::TopicNameEmpty | Rule::WillTopicEmpty, Version::V5) => &["MQTT-4.7.3-1"],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_lead_back() {
        let parametric = Rule::ALL.iter().flat_map(|rule| [Fault::Tolerates(*rule), Fault::ActsOn(*rule)]);
        let sent = MUTATIONS.iter().copied().map(Fault::Sends);
        for fault in Fault::ALL.iter().copied().chain(parametric).chain(sent) {
            assert_eq!(Fault::from_name(&fault.name()), Some(fault), "{}", fault.name());
            assert!(fault.says().ends_with('.'), "{}", fault.name());
        }
        assert_eq!(Fault::from_name("tolerates:no-such-rule"), None);
        assert_eq!(Fault::from_name("sends:topic.wildcard-in-name"), None, "a family is no mutation");
    }

    #[test]
    fn every_fault_breaks_rules_of_the_catalog() {
        let parametric = Rule::ALL.iter().flat_map(|rule| [Fault::Tolerates(*rule), Fault::ActsOn(*rule)]);
        let sent = MUTATIONS.iter().copied().map(Fault::Sends);
        for fault in Fault::ALL.iter().copied().chain(parametric).chain(sent) {
            for version in [Version::V3_1_1, Version::V5] {
                for id in fault.breaks(version) {
                    assert!(standard::find(version, id).is_some(), "{} breaks {id} of {version}", fault.name());
                }
            }
        }
        for fault in Fault::ALL {
            let broken = fault.breaks(Version::V3_1_1).len() + fault.breaks(Version::V5).len();
            assert!(broken > 0, "{}", fault.name());
        }
    }

    #[test]
    fn twins_are_broken_together() {
        let broken = Fault::ReusesIdInFlight.breaks(Version::V5);
        assert_eq!(broken, ["MQTT-2.2.1-4", "MQTT-4.3.2-1", "MQTT-4.3.3-1", "MQTT-4.4.0-1"]);
    }

    #[test]
    fn what_is_sent_wrong_breaks_the_servers_rules() {
        let zero = Fault::Sends(mqtt_assay_codec::Mutation::named("pid.zero"));
        assert!(zero.breaks(Version::V3_1_1).contains(&"MQTT-2.3.1-1"), "{:?}", zero.breaks(Version::V3_1_1));
        assert!(!zero.breaks(Version::V5).is_empty());
    }
}
