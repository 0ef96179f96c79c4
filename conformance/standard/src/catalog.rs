//! The rules of both standards as data, in the project's own words: `catalog/*.tsv`, read at build time.
//!
//! A rule is known by version and id. Code refers to rules by [`RuleId`], made in constant expressions: an id that is not in
//! the catalog does not compile.

use mqtt_assay_codec::Version;
use serde::{Serialize, Serializer};
use std::fmt;

/// How strongly the standard binds, and so what a breach is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// A numbered statement, or an unnumbered sentence that calls the thing an error: a breach is a fail.
    Must,
    /// No sentence says so, yet nothing else fits the packet's format: a breach is weak.
    Implied,
    /// No error is named, yet the text fixes what happens: a breach is a fail.
    Behaviour,
    /// A recommendation: a breach is weak.
    Should,
    /// A permission: seen or not seen, never judged.
    May,
}

impl Level {
    /// The word used in tables, filters and reports.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Must => "must",
            Self::Implied => "implied",
            Self::Behaviour => "behaviour",
            Self::Should => "should",
            Self::May => "may",
        }
    }

    /// True where a breach is no more than weak.
    pub const fn is_weak(self) -> bool {
        matches!(self, Self::Implied | Self::Should)
    }
}

/// Whom a rule binds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Binds {
    /// The broker.
    Server,
    /// The client; a broker can at most be judged by how it reacts.
    Client,
    /// Both, or a rule of form for both.
    Both,
}

impl Binds {
    /// The word used in tables, filters and reports.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Client => "client",
            Self::Both => "both",
        }
    }
}

/// Whether a client that talks to a broker can see the rule broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Observable {
    /// Always.
    Wire,
    /// Only on a broker that limits something or is set up for it.
    Conditional,
    /// Held against every packet that the broker sends.
    Invariant,
    /// Never: it binds the client and fixes no reaction.
    ClientOnly,
    /// Never: it cannot be brought about or seen from outside.
    Internal,
}

impl Observable {
    /// The word used in tables, filters and reports.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Wire => "wire",
            Self::Conditional => "conditional",
            Self::Invariant => "invariant",
            Self::ClientOnly => "client-only",
            Self::Internal => "internal",
        }
    }

    /// True where a broker can be judged by the rule.
    pub const fn can_be_judged(self) -> bool {
        matches!(self, Self::Wire | Self::Conditional | Self::Invariant)
    }
}

/// Whose breach a failing case shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// The broker itself breaks the rule.
    Direct,
    /// The case breaks the rule, and the broker's demanded reaction is missing.
    Reaction,
    /// Both halves exist.
    DirectAndReaction,
    /// No statement of the standard: what the suite demands of a broker that is to be judged at all.
    Policy,
    /// The rule is not observable.
    None,
}

impl Basis {
    /// The word used in tables and reports; empty for rules that are not observable.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Reaction => "reaction",
            Self::DirectAndReaction => "direct+reaction",
            Self::Policy => "policy",
            Self::None => "",
        }
    }
}

/// One rule of one version of the standard.
#[derive(Debug)]
pub struct Rule {
    /// The statement's id (`MQTT-3.3.2-2`), or the project's own for a rule that has none (`U5-014`), or for one that the
    /// suite adds (`LIFE-1`).
    pub id: &'static str,
    /// Other spellings in print.
    pub aliases: &'static [&'static str],
    /// The standard it belongs to: 3.1.1 or 5.
    pub version: Version,
    /// Section number.
    pub section: &'static str,
    /// How strongly it binds.
    pub level: Level,
    /// Whom it binds.
    pub binds: Binds,
    /// Whether a broker can be seen to break it.
    pub observable: Observable,
    /// Whose breach a failing case shows.
    pub basis: Basis,
    /// The rules that demand the reaction, where the client is the one who breaks this rule.
    pub reaction: &'static [&'static str],
    /// What a broker must offer for the rule to matter (`retain`, `will`, `wildcard` ...).
    pub needs: &'static [&'static str],
    /// Rules that the same observation decides.
    pub twins: &'static [&'static str],
    /// The rule in the project's words.
    pub says: &'static str,
    /// How it is judged, or why it is not; may be empty.
    pub policy: &'static str,
}

impl Rule {
    /// True for a statement that the standard numbers.
    pub fn is_numbered(&self) -> bool {
        self.id.starts_with("MQTT-")
    }
}

include!(concat!(env!("OUT_DIR"), "/rules.rs"));

/// A rule of the catalog, by place. Made by [`RuleId::v3_1_1`], [`RuleId::v5`] or [`find`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleId(u16);

impl RuleId {
    /// The rule in 3.1.1 with this id; meant for constant expressions.
    ///
    /// # Panics
    /// If the catalog has no such id: in a constant expression a compile error.
    pub const fn v3_1_1(id: &str) -> Self {
        Self(search(&INDEX_V3_1_1, id))
    }

    /// The rule in 5.0 with this id; meant for constant expressions.
    ///
    /// # Panics
    /// If the catalog has no such id: in a constant expression a compile error.
    pub const fn v5(id: &str) -> Self {
        Self(search(&INDEX_V5, id))
    }

    /// The rule itself.
    pub fn rule(self) -> &'static Rule {
        &RULES[usize::from(self.0)]
    }

    /// Its id as text.
    pub fn id(self) -> &'static str {
        self.rule().id
    }
}

impl fmt::Debug for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.rule().version, self.id())
    }
}

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

impl Serialize for RuleId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.id())
    }
}

/// The rule that a version's text knows under this id or alias.
pub fn find(version: Version, id: &str) -> Option<RuleId> {
    let index: &[(&str, u16)] = match version {
        Version::V5 => &INDEX_V5,
        Version::V3_1_1 => &INDEX_V3_1_1,
        Version::V3_1 => return None,
    };
    index.binary_search_by(|(known, _)| known.cmp(&id)).ok().map(|place| RuleId(index[place].1))
}

/// Every rule of a version's text, in its order; first the numbered ones. What the suite demands by itself is not among them.
pub fn rules(version: Version) -> impl Iterator<Item = RuleId> {
    let is_meant = move |rule: &Rule| rule.version == version && rule.basis != Basis::Policy;
    (0u16..).zip(&RULES).filter(move |(_, rule)| is_meant(rule)).map(|(place, _)| RuleId(place))
}

const fn search(index: &[(&str, u16)], id: &str) -> u16 {
    let (mut low, mut high) = (0, index.len());
    while low < high {
        let middle = usize::midpoint(low, high);
        match order(index[middle].0.as_bytes(), id.as_bytes()) {
            0 => return index[middle].1,
            1 => high = middle,
            _ => low = middle + 1,
        }
    }
    panic!("no such rule in the catalog of this version");
}

/// 0 equal, 1 the first is greater, 2 the first is less; what `Ord` does, in constant expressions.
const fn order(left: &[u8], right: &[u8]) -> u8 {
    let mut at = 0;
    while at < left.len() && at < right.len() {
        if left[at] != right[at] {
            return if left[at] > right[at] { 1 } else { 2 };
        }
        at += 1;
    }
    if left.len() == right.len() {
        0
    } else if left.len() > right.len() {
        1
    } else {
        2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(version: Version, keep: impl Fn(&Rule) -> bool) -> usize {
        rules(version).filter(|id| keep(id.rule())).count()
    }

    #[test]
    fn the_tables_hold_every_statement_and_every_unnumbered_rule() {
        assert_eq!(count(Version::V3_1_1, Rule::is_numbered), 141);
        assert_eq!(count(Version::V5, Rule::is_numbered), 251);
        assert_eq!(count(Version::V3_1_1, |rule| !rule.is_numbered()), 26);
        assert_eq!(count(Version::V5, |rule| !rule.is_numbered()), 219);
    }

    #[test]
    fn the_denominators_of_coverage_are_fixed() {
        let judged = |rule: &Rule| rule.is_numbered() && rule.observable.can_be_judged();
        assert_eq!(count(Version::V3_1_1, judged), 128);
        assert_eq!(count(Version::V5, judged), 240);
    }

    #[test]
    fn ids_and_aliases_are_found_and_others_are_not() {
        assert_eq!(find(Version::V3_1_1, "MQTT-3.1.2.7").map(RuleId::id), Some("MQTT-3.1.2-7"));
        assert_eq!(find(Version::V5, "MQTT-4.2.0-1").map(RuleId::id), Some("MQTT-4.2-1"));
        assert_eq!(find(Version::V5, "MQTT-2.2.1-1"), None);
        assert_eq!(RuleId::v5("MQTT-3.3.2-2").id(), "MQTT-3.3.2-2");
    }

    #[test]
    fn reactions_and_twins_name_rules_of_the_same_version() {
        for rule in &RULES {
            for id in rule.reaction.iter().chain(rule.twins) {
                assert!(
                    find(rule.version, id).is_some(),
                    "{} of {} names {id}, which does not exist",
                    rule.id,
                    rule.version
                );
            }
            for twin in rule.twins {
                let other = find(rule.version, twin).map(|id| id.rule().twins);
                assert!(other.is_some_and(|twins| twins.contains(&rule.id)), "{twin} does not name {} back", rule.id);
            }
        }
    }

    #[test]
    fn every_rule_of_the_codec_is_in_the_catalog() {
        for rule in mqtt_assay_codec::Rule::ALL {
            for (version, id) in rule.ids() {
                assert!(
                    find(version, id).is_some(),
                    "{} is {id} of MQTT {version}, which the catalog hasn't",
                    rule.name()
                );
            }
        }
    }

    #[test]
    fn a_rule_that_cannot_be_judged_says_why() {
        for rule in &RULES {
            let judged = rule.observable.can_be_judged();
            assert!(judged || !rule.policy.is_empty(), "{} of {} has no reason", rule.id, rule.version);
            assert_eq!(
                rule.basis != Basis::None,
                judged,
                "{} of {}: basis and observable disagree",
                rule.id,
                rule.version
            );
            let reacts = matches!(rule.basis, Basis::Reaction | Basis::DirectAndReaction);
            assert!(
                !reacts || !rule.reaction.is_empty() || rule.level == Level::May,
                "{} of {}: which rule demands the reaction?",
                rule.id,
                rule.version
            );
        }
    }
}
