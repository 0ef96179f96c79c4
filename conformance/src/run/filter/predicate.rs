//! The predicates of a filter: what is asked of a case by name, `level(must)`, and of a rule that has no case.

use crate::broker::{VARIANTS, Variant};
use crate::cases;
use crate::scenario::Instance;
use crate::text::did_you_mean;
use mqtt_assay_codec::{Rule, Version};
use mqtt_assay_reference::Fault;
use mqtt_assay_standard::{self as standard, Level, RuleId};
use std::collections::BTreeSet;
use std::fmt;

/// The predicates, for `explain filters`: how each is written, and which cases it means.
pub(crate) const PREDICATES: &[(&str, &str)] = &[
    ("section(3.3)", "cases with a rule in this section of the standard or below it"),
    ("level(must)", "cases with a rule of this level: must, implied, behaviour, should, may"),
    ("rule(MQTT-3.3.2-2)", "cases that judge this rule; other spellings in print count too"),
    ("chapter(publish)", "cases of this chapter"),
    ("mqtt(5)", "cases in this version: 3.1.1 or 5"),
    ("needs(retain)", "cases that need this feature, or judge a rule that does"),
    ("variant(max-qos-1)", "cases that need this set-up of the broker"),
    ("catches(drops-binary)", "cases that catch this fault of the reference broker"),
    ("waits()", "cases with waits that the standard itself makes"),
    ("intrusive()", "cases that a broker in use should not get"),
    ("heavy()", "cases that run last and alone"),
    ("verdictless()", "cases that only observe what a broker makes of a permission"),
    ("@a.json:fail,weak", "cases with these verdicts in a report of `run --json`; also broken, lenient, not-pass"),
];

/// Something that holds of a case or doesn't.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Predicate {
    Section(String),
    Level(Level),
    Rule(String),
    Chapter(&'static str),
    Mqtt(Version),
    Needs(String),
    Variant(Variant),
    Catches(Fault),
    Waits,
    Intrusive,
    /// It runs last and alone.
    Heavy,
    Verdictless,
}

impl Predicate {
    pub(super) fn holds(&self, instance: &Instance) -> bool {
        let mut rules = instance.rules.judged().map(RuleId::rule);
        match self {
            Self::Section(section) => rules.any(|rule| is_within(rule.section, section)),
            Self::Level(level) => rules.any(|rule| rule.level == *level),
            Self::Rule(id) => {
                standard::find(instance.version, id).is_some_and(|id| instance.rules.judged().any(|rule| rule == id))
            }
            Self::Chapter(name) => instance.chapter == *name,
            Self::Mqtt(version) => instance.version == *version,
            Self::Needs(feature) => needs(instance).contains(feature.as_str()),
            Self::Variant(variant) => instance.case.variant == *variant,
            Self::Catches(fault) => instance.case.caught.contains(fault),
            Self::Waits => instance.case.waits > 0,
            Self::Intrusive => instance.case.intrusive,
            Self::Heavy => instance.case.is_heavy(),
            Self::Verdictless => instance.level() == Level::May,
        }
    }

    pub(super) fn holds_of_rule(&self, id: RuleId) -> bool {
        let rule = id.rule();
        match self {
            Self::Section(section) => is_within(rule.section, section),
            Self::Level(level) => rule.level == *level,
            Self::Rule(name) => standard::find(rule.version, name) == Some(id),
            Self::Mqtt(version) => rule.version == *version,
            Self::Needs(feature) => rule.needs.contains(&feature.as_str()),
            Self::Verdictless => rule.level == Level::May,
            Self::Chapter(_) | Self::Variant(_) | Self::Catches(_) | Self::Waits | Self::Intrusive | Self::Heavy => {
                false
            }
        }
    }

    /// The predicate with this name and argument; else what is wrong with which of the two.
    pub(super) fn parse(name: &str, argument: &str) -> Result<Self, Wrong> {
        let bare = |predicate| {
            if argument.is_empty() { Ok(predicate) } else { Err(Wrong::Argument(format!("`{name}()` takes nothing"))) }
        };
        match name {
            "section" => section(argument).map(Self::Section),
            "level" => one_of(argument, "level", LEVELS.map(|level| (level.word(), level))).map(Self::Level),
            "rule" => rule(argument).map(Self::Rule),
            "chapter" => one_of(argument, "chapter", cases::chapters().map(|chapter| (chapter.name, chapter.name)))
                .map(Self::Chapter),
            "mqtt" => {
                one_of(argument, "version", [("3.1.1", Version::V3_1_1), ("5", Version::V5), ("5.0", Version::V5)])
                    .map(Self::Mqtt)
            }
            "needs" => {
                one_of(argument, "feature", features().into_iter().map(|name| (name, name.to_owned()))).map(Self::Needs)
            }
            "variant" => {
                one_of(argument, "variant", VARIANTS.iter().map(|variant| (variant.name, *variant))).map(Self::Variant)
            }
            "catches" => fault(argument).map(Self::Catches),
            "waits" => bare(Self::Waits),
            "intrusive" => bare(Self::Intrusive),
            "heavy" => bare(Self::Heavy),
            "verdictless" => bare(Self::Verdictless),
            _ => {
                let known = PREDICATES.iter().filter_map(|(form, _)| form.split('(').next());
                let near = did_you_mean(name, known);
                Err(Wrong::Name(format!(
                    "there is no predicate `{name}` (`mqtt-assay explain filters` lists them){near}"
                )))
            }
        }
    }
}

impl fmt::Display for Predicate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Section(section) => write!(f, "section({section})"),
            Self::Level(level) => write!(f, "level({})", level.word()),
            Self::Rule(id) => write!(f, "rule({id})"),
            Self::Chapter(name) => write!(f, "chapter({name})"),
            Self::Mqtt(version) => write!(f, "mqtt({version})"),
            Self::Needs(feature) => write!(f, "needs({feature})"),
            Self::Variant(variant) => write!(f, "variant({})", variant.name),
            Self::Catches(fault) => write!(f, "catches({})", fault.name()),
            Self::Waits => f.write_str("waits()"),
            Self::Intrusive => f.write_str("intrusive()"),
            Self::Heavy => f.write_str("heavy()"),
            Self::Verdictless => f.write_str("verdictless()"),
        }
    }
}

/// What is wrong with a predicate: its name or its argument.
pub(super) enum Wrong {
    Name(String),
    Argument(String),
}

const LEVELS: [Level; 5] = [Level::Must, Level::Implied, Level::Behaviour, Level::Should, Level::May];

fn one_of<T>(argument: &str, kind: &str, known: impl IntoIterator<Item = (&'static str, T)>) -> Result<T, Wrong> {
    let mut names = Vec::new();
    for (name, value) in known {
        if name == argument {
            return Ok(value);
        }
        names.push(name);
    }
    // A chapter in several rooms is one chapter.
    names.dedup();
    let near = did_you_mean(argument, names.iter().copied());
    Err(Wrong::Argument(format!("there is no {kind} `{argument}` (there are: {}){near}", names.join(", "))))
}

fn section(argument: &str) -> Result<String, Wrong> {
    let section = argument.trim_end_matches('.');
    let is_known = !section.is_empty() && standard::RULES.iter().any(|rule| is_within(rule.section, section));
    if is_known {
        Ok(section.to_owned())
    } else {
        Err(Wrong::Argument(format!("no rule stands in a section `{argument}`")))
    }
}

fn rule(argument: &str) -> Result<String, Wrong> {
    if [Version::V3_1_1, Version::V5].into_iter().any(|version| standard::find(version, argument).is_some()) {
        return Ok(argument.to_owned());
    }
    let near = did_you_mean(argument, standard::RULES.iter().map(|rule| rule.id));
    Err(Wrong::Argument(format!("there is no rule `{argument}`{near}")))
}

fn fault(argument: &str) -> Result<Fault, Wrong> {
    Fault::from_name(argument).ok_or_else(|| {
        let names = fault_names();
        let near = did_you_mean(argument, names.iter().map(String::as_str));
        Wrong::Argument(format!("there is no fault `{argument}` (`mqtt-assay explain faults` lists them){near}"))
    })
}

/// The name of every fault, those for each rule of the codec included.
pub(crate) fn fault_names() -> Vec<String> {
    let parametric = Rule::ALL.iter().flat_map(|&rule| [Fault::Tolerates(rule), Fault::ActsOn(rule)]);
    Fault::ALL.iter().copied().chain(parametric).map(Fault::name).collect()
}

/// Features that cases or rules need, in order.
fn features() -> BTreeSet<&'static str> {
    let of_rules = standard::RULES.iter().flat_map(|rule| rule.needs);
    let of_cases = cases::chapters().flat_map(|chapter| chapter.cases).flat_map(|case| case.needs);
    of_rules.chain(of_cases).copied().chain(["tls"]).collect()
}

/// What a broker must offer for the case to run and for its rules to matter.
pub(crate) fn needs(instance: &Instance) -> BTreeSet<&'static str> {
    let of_rules = instance.rules.judged().flat_map(|rule| rule.rule().needs);
    instance.case.needs.iter().chain(of_rules).copied().collect()
}

/// True for `3.3.2` within `3.3`, false for `3.31`.
pub(super) fn is_within(section: &str, outer: &str) -> bool {
    section.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}
