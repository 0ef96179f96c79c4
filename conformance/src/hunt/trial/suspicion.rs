//! What an oracle has found in one case, before anybody has looked whether it is seen again.

use mqtt_assay_codec::Version;
use mqtt_assay_standard::RuleId;

/// Who found it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Oracle {
    /// The judge over all traffic: what was sent says something wrong about what came before it.
    Auditor,
    /// The strict decoder: what was sent breaks its own form.
    Form,
    /// What a broker has to do with a packet, by the catalogue of mutations.
    Expectation,
    /// A request that stayed without its answer.
    Answer,
    /// A connection that neither answers nor ends.
    Hang,
    /// Two clients that no case has to do with.
    Canary,
    /// The broker's process.
    Process,
    /// Another broker that does otherwise.
    Against,
}

impl Oracle {
    /// The word used in reports, files and baselines.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Auditor => "auditor",
            Self::Form => "form",
            Self::Expectation => "expectation",
            Self::Answer => "answer",
            Self::Hang => "hang",
            Self::Canary => "canary",
            Self::Process => "process",
            Self::Against => "against",
        }
    }
}

/// How much it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Weight {
    /// The broker died, or answers nobody.
    Crash,
    /// A MUST is broken.
    Fail,
    /// A SHOULD, or what the text only implies.
    Weak,
}

impl Weight {
    /// The word used in reports.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Crash => "crash",
            Self::Fail => "fail",
            Self::Weak => "weak",
        }
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspicion {
    /// Who says so.
    pub oracle: Oracle,
    /// The version of the connection.
    pub version: Version,
    /// The rule, where it is one of the standard.
    pub rule: Option<RuleId>,
    /// How much it says.
    pub weight: Weight,
    /// The mutation that brought it about, where one did.
    pub mutation: Option<&'static str>,
    /// What it is about: a packet, an invariant, a degree of harm.
    pub place: String,
    /// What came, in words.
    pub seen: String,
    /// The line of the record; 0 where none shows it.
    pub line: u32,
}

/// CONNECT comes first, and once.
const OUT_OF_PLACE: [&str; 2] = ["MQTT-3.1.0-1", "MQTT-3.1.0-2"];

/// What makes two of them the same one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// The oracle's word.
    pub oracle: &'static str,
    /// The version and the rule, or only the version.
    pub rule: String,
    /// The mutation's family, or `-`: which bit was set, or which number stood there, makes no other finding.
    pub mutation: &'static str,
    /// The place.
    pub place: String,
}

impl Suspicion {
    /// What makes it the same as another.
    pub fn key(&self) -> Key {
        let rule = self.rule.map_or("-", RuleId::id);
        // What the judge over all traffic finds has no one mutation that brought it about, and whoever takes a packet where
        // none of its kind may stand does so whatever else is wrong with it.
        let is_misplaced = self.oracle == Oracle::Expectation && OUT_OF_PLACE.contains(&rule);
        let is_of_packet = matches!(self.oracle, Oracle::Expectation | Oracle::Hang) && !is_misplaced;
        let mutation = self.mutation.filter(|_| is_of_packet);
        Key {
            oracle: self.oracle.word(),
            rule: format!("{}/{rule}", self.version),
            mutation: mutation.map_or("-", family),
            place: self.place.clone(),
        }
    }
}

/// A mutation's name without the number behind it, and without the property where it is one that does not belong there:
/// whoever takes one of them in takes in others.
fn family(name: &'static str) -> &'static str {
    if let Some(("prop.foreign", _)) = name.split_once('@') {
        return "prop.foreign";
    }
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    name.rsplit_once('.').filter(|(_, last)| is_number(last)).map_or(name, |(family, _)| family)
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { oracle, rule, mutation, place } = self;
        write!(f, "{oracle} {rule} {mutation} {place}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mqtt_assay_standard::find;

    #[test]
    fn what_stands_in_the_wrong_place_is_one_finding_whatever_else_is_wrong_with_it() {
        let of = |rule: &str, mutation: &'static str| {
            let suspicion = Suspicion {
                oracle: Oracle::Expectation,
                version: Version::V5,
                rule: find(Version::V5, rule),
                weight: Weight::Fail,
                mutation: Some(mutation),
                place: "CONNECT".to_owned(),
                seen: String::new(),
                line: 0,
            };
            suspicion.key()
        };
        assert_eq!(of("MQTT-3.1.0-2", "utf8.nul@user-name"), of("MQTT-3.1.0-2", "connect.reserved-bit"));
        assert_ne!(of("MQTT-3.1.2-3", "utf8.nul@user-name"), of("MQTT-3.1.2-3", "connect.reserved-bit"));
        assert_ne!(of("MQTT-3.1.0-2", "none"), of("MQTT-3.1.0-1", "none"));
    }

    #[test]
    fn a_number_behind_a_mutation_makes_no_other_finding() {
        assert_eq!(family("flags.reserved.11"), "flags.reserved");
        assert_eq!(family("connect.will-qos-without-will"), "connect.will-qos-without-will");
        assert_eq!(family("prop.foreign@will.topic-alias"), "prop.foreign");
        assert_eq!(family("topic.wildcard-in-name.hash@will-topic"), "topic.wildcard-in-name.hash@will-topic");
    }
}
