//! Cases of a report that say the same, together, for all that tells people of a run: breaches by family and rule, what was not
//! judged by its reason. A family is a case's chapter with its name up to the first point, in both versions:
//! `malformed/misplaced-wildcard` has those of SUBSCRIBE and UNSUBSCRIBE.

use super::document::{CaseReport, Document, Mark};
use super::tested::Tested;
use crate::scenario::{Verdict, tag_of};
use mqtt_assay_codec::Version;
use mqtt_assay_standard::{self as standard, Rule};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// The chapter of the broker's own life: its loss comes before all else.
const LIFE: &str = "life";

/// Cases of a group that are named as its examples.
const EXAMPLES: usize = 3;

/// Rules of a group that are named.
const RULES_NAMED: usize = 3;

/// Cases of one family that broke the same rule, or what it is called in the other version.
#[derive(Debug)]
pub(crate) struct Group<'a> {
    /// Whose fault shows, of fails.
    pub(crate) mark: Option<Mark>,
    /// `malformed/misplaced-wildcard`.
    pub(crate) family: String,
    /// The rules that decided, each once.
    pub(crate) rules: Vec<&'a str>,
    pub(crate) cases: Vec<&'a CaseReport>,
    /// It is named by its rule, whatever cases it has.
    names_rule: bool,
    /// Names of the cases without their version.
    names: BTreeSet<&'a str>,
}

impl<'a> Group<'a> {
    fn of(case: &'a CaseReport) -> Self {
        let rules = case.decided_by.rule.as_deref().into_iter().collect();
        let names = BTreeSet::from([without_version(case)]);
        Self { mark: case.marked, family: family(case), rules, cases: vec![case], names_rule: false, names }
    }

    fn is_about(&self, other: &Self) -> bool {
        let shares_rule = other.rules.iter().any(|rule| self.rules.contains(rule));
        self.mark == other.mark && self.family == other.family && (shares_rule || !self.names.is_disjoint(&other.names))
    }

    fn take(&mut self, other: Self) {
        for rule in other.rules {
            if !self.rules.contains(&rule) {
                self.rules.push(rule);
            }
        }
        self.cases.extend(other.cases);
        self.names.extend(other.names);
    }

    /// What most of them have seen, and whether all have.
    pub(crate) fn seen(&self) -> (String, bool) {
        let mut kinds: BTreeMap<String, (usize, String)> = BTreeMap::new();
        for case in &self.cases {
            let seen = logical(&case.decided_by.seen, &case.case);
            let (count, _) = kinds.entry(kind_of(&seen)).or_insert_with(|| (0, seen));
            *count += 1;
        }
        let is_all = kinds.len() <= 1;
        let most = kinds.into_values().max_by_key(|(count, _)| *count);
        (most.map(|(_, seen)| seen).unwrap_or_default(), is_all)
    }

    /// The rules by which they are told, the first few of many.
    pub(crate) fn rules_named(&self) -> String {
        let named = self.rules.iter().take(RULES_NAMED).copied().collect::<Vec<_>>().join(" ");
        match self.rules.len().saturating_sub(RULES_NAMED) {
            0 => named,
            more => format!("{named} and {more} more"),
        }
    }

    /// What it shows of the broker: `broken`, `lenient`, or nothing where the report doesn't say.
    pub(crate) const fn marked(&self) -> &'static str {
        match self.mark {
            Some(Mark::Broken) => "broken",
            Some(Mark::Lenient) => "lenient",
            None => "",
        }
    }

    /// Some of its cases, where it is named by its rule: the plainest.
    pub(crate) fn examples(&self) -> Vec<&'a str> {
        if !self.names_rule {
            return Vec::new();
        }
        let mut cases: Vec<&str> = self.cases.iter().map(|case| case.case.as_str()).collect();
        cases.sort_by_key(|case| (case.len(), *case));
        cases.truncate(EXAMPLES);
        cases
    }

    /// The versions in which it happened: `3.1.1 and 5`.
    pub(crate) fn versions(&self) -> String {
        let versions: BTreeSet<&str> = self.cases.iter().map(|case| case.mqtt.as_str()).collect();
        versions.into_iter().collect::<Vec<_>>().join(" and ")
    }

    /// The case that stands for the others: the one with the shortest name, which is the plainest of its family.
    pub(crate) fn example(&self) -> Option<&'a CaseReport> {
        self.cases.iter().copied().min_by_key(|case| (case.case.len(), case.case.as_str()))
    }

    /// The rule that decided the example, where this program knows it: the report may be another release's.
    pub(crate) fn standard(&self) -> Option<&'static Rule> {
        let example = self.example()?;
        let version: Version = example.mqtt.parse().ok()?;
        standard::find(version, example.decided_by.rule.as_deref()?).map(standard::RuleId::rule)
    }

    /// What names them all: the id of the only one, else the family.
    pub(crate) fn name(&self) -> &str {
        match self.cases.as_slice() {
            _ if self.names_rule => &self.family,
            [case] => &case.case,
            _ => &self.family,
        }
    }
}

/// Cases with this verdict and mark by family and rule; any mark where none is named.
pub(crate) fn breaches(document: &Document, verdict: Verdict, mark: Option<Mark>) -> Vec<Group<'_>> {
    // What a baseline lists is told by its reasons, in the baseline.
    let is_meant = |case: &&CaseReport| {
        case.verdict == verdict && (mark.is_none() || case.marked == mark) && case.expected_by_baseline.is_none()
    };
    let cases = document.results.iter().filter(is_meant);
    of(document, cases)
}

/// Cases of this report in groups: a broker's by family and rule, a decoder's by rule.
pub(crate) fn of<'a>(document: &Document, cases: impl Iterator<Item = &'a CaseReport>) -> Vec<Group<'a>> {
    if document.tested() == Tested::Decoder { by_rule(cases) } else { grouped(cases) }
}

/// All fails of a report, but for those that a baseline lists.
pub(crate) fn fails(document: &Document) -> Vec<Group<'_>> {
    breaches(document, Verdict::Fail, None)
}

/// These cases by family and rule: the loss of the broker first, what the broker itself did wrong before what it let pass, and
/// the largest groups first.
pub(crate) fn grouped<'a>(cases: impl Iterator<Item = &'a CaseReport>) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for case in cases {
        let mut new = Group::of(case);
        // One case may bring groups together that had nothing in common yet.
        let (same, others): (Vec<_>, Vec<_>) = groups.into_iter().partition(|group| group.is_about(&new));
        groups = others;
        if let Some(first) = same.into_iter().reduce(|mut first, next| {
            first.take(next);
            first
        }) {
            new = {
                let mut first = first;
                first.take(new);
                first
            };
        }
        groups.push(new);
    }
    groups.sort_by(|left, right| order(left).cmp(&order(right)));
    groups
}

/// Cases of a decoder by the rule that decided: one that is weak at a rule fails hundreds of vectors by it, of all packets.
fn by_rule<'a>(cases: impl Iterator<Item = &'a CaseReport>) -> Vec<Group<'a>> {
    let mut groups: BTreeMap<(Option<Mark>, Option<&str>), Group<'a>> = BTreeMap::new();
    for case in cases {
        let mut new = Group::of(case);
        let rule = case.decided_by.rule.as_deref();
        if let Some(group) = groups.get_mut(&(case.marked, rule)) {
            group.take(new);
        } else {
            rule.unwrap_or_default().clone_into(&mut new.family);
            new.names_rule = true;
            groups.insert((case.marked, rule), new);
        }
    }
    let mut groups: Vec<Group<'a>> = groups.into_values().collect();
    groups.sort_by(|left, right| order(left).cmp(&order(right)));
    groups
}

fn order<'g>(group: &'g Group<'_>) -> (bool, Option<Mark>, Reverse<usize>, &'g str) {
    (!group.family.starts_with("life/"), group.mark, Reverse(group.cases.len()), &group.family)
}

/// The losses of the broker in a report.
pub(crate) fn losses(document: &Document) -> impl Iterator<Item = &CaseReport> {
    document.results.iter().filter(|case| case.chapter == LIFE && case.verdict == Verdict::Fail)
}

/// Cases that were not judged, by the reason, the largest groups first.
pub(crate) fn reasons(document: &Document, verdict: Verdict) -> Vec<(String, Vec<&CaseReport>)> {
    let is_meant = |case: &&CaseReport| case.verdict == verdict && case.expected_by_baseline.is_none();
    by_reason(document.results.iter().filter(is_meant))
}

/// These cases by the reason why they were not judged, the largest groups first.
pub(crate) fn by_reason<'a>(cases: impl Iterator<Item = &'a CaseReport>) -> Vec<(String, Vec<&'a CaseReport>)> {
    let mut reasons: BTreeMap<String, Vec<&CaseReport>> = BTreeMap::new();
    for case in cases {
        let why = match case.decided_by.seen.as_str() {
            "" => "nothing happened that could break a rule of the case".to_owned(),
            seen => logical(seen, &case.case),
        };
        reasons.entry(why).or_default().push(case);
    }
    let mut reasons: Vec<_> = reasons.into_iter().collect();
    reasons.sort_by_key(|(_, cases)| Reverse(cases.len()));
    reasons
}

/// Chapter and name of a case.
fn without_version(case: &CaseReport) -> &str {
    case.case.split_once('/').map_or(case.case.as_str(), |(_, name)| name)
}

/// Chapter and name up to the first point.
fn family(case: &CaseReport) -> String {
    let name = without_version(case);
    let start = name.find('/').unwrap_or(0);
    let end = name[start..].find('.').map_or(name.len(), |point| start + point);
    name[..end].to_owned()
}

/// What was seen without what stands before the topics of this case on the wire, and of no other.
pub(crate) fn logical(seen: &str, case: &str) -> String {
    let own = format!("/{}/", tag_of(case));
    let mut out = String::new();
    let mut rest = seen;
    while let Some(place) = rest.find(&own) {
        let (before, behind) = (&rest[..place], &rest[place + own.len()..]);
        // The prefix of the run stands between the quotation mark and the case's own; a topic has no such mark in it.
        let kept = before.rfind('"').map_or(before, |mark| &before[..=mark]);
        let kept = if before.len() - kept.len() > LONGEST_PREFIX { before } else { kept };
        out.push_str(kept);
        rest = behind;
    }
    out + rest
}

/// Bytes of the longest topic prefix with the run's name.
const LONGEST_PREFIX: usize = 240;

/// What was seen without what differs between cases that see the same: numbers, and what stands in quotation marks.
fn kind_of(seen: &str) -> String {
    let mut out = String::new();
    let mut is_quoted = false;
    for letter in seen.chars() {
        if letter == '"' {
            is_quoted = !is_quoted;
        } else if !is_quoted && !letter.is_ascii_digit() {
            out.push(letter);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples::{case, report};

    fn told<'a>(groups: &[Group<'a>]) -> Vec<(String, usize, Vec<&'a str>)> {
        groups.iter().map(|group| (group.name().to_owned(), group.cases.len(), group.rules.clone())).collect()
    }

    #[test]
    fn both_versions_of_a_family_are_one_group_though_their_rules_have_other_names() {
        let document = report(vec![
            case("3.1.1/malformed/flags.pingreq", Verdict::Fail, "MQTT-2.2.2-2", "went on"),
            case("3.1.1/malformed/flags.puback", Verdict::Fail, "MQTT-2.2.2-2", "went on"),
            case("5/malformed/flags.pingreq", Verdict::Fail, "MQTT-4.13.1-1", "went on"),
            case("5/malformed/flags.subscribe", Verdict::Fail, "MQTT-3.8.1-1", "went on"),
            case("5/malformed/other", Verdict::Fail, "MQTT-4.13.1-1", "went on"),
        ]);
        assert_eq!(
            told(&breaches(&document, Verdict::Fail, None)),
            [
                ("malformed/flags".to_owned(), 3, vec!["MQTT-2.2.2-2", "MQTT-4.13.1-1"]),
                ("5/malformed/flags.subscribe".to_owned(), 1, vec!["MQTT-3.8.1-1"]),
                ("5/malformed/other".to_owned(), 1, vec!["MQTT-4.13.1-1"]),
            ]
        );
    }

    #[test]
    fn what_is_broken_and_what_is_lenient_are_groups_apart_and_the_plainest_case_stands_for_each() {
        let marked = |id: &str, mark| CaseReport { marked: Some(mark), ..case(id, Verdict::Fail, "MQTT-3.3.2-2", "x") };
        let document = report(vec![
            marked("5/a/b.long", Mark::Lenient),
            marked("5/a/b.x", Mark::Lenient),
            marked("5/a/b.some", Mark::Broken),
        ]);
        let groups = fails(&document);
        let told: Vec<_> = groups.iter().map(|group| (group.marked(), group.cases.len())).collect();
        assert_eq!(told, [("broken", 1), ("lenient", 2)]);
        let lenient = &groups[1];
        assert_eq!(
            (lenient.example().map(|case| case.case.as_str()), lenient.versions()),
            (Some("5/a/b.x"), "5".to_owned())
        );
        assert_eq!(lenient.standard().map(|rule| rule.id), Some("MQTT-3.3.2-2"));
    }

    #[test]
    fn what_the_most_have_seen_is_told() {
        let document = report(vec![
            case("5/a/b.x", Verdict::Fail, "R", "SUBACK id=1 0x00"),
            case("5/a/b.y", Verdict::Fail, "R", "SUBACK id=2 0x00"),
            case("5/a/b.z", Verdict::Fail, "R", "the broker went on"),
        ]);
        let groups = breaches(&document, Verdict::Fail, None);
        assert_eq!(groups[0].seen(), ("SUBACK id=1 0x00".to_owned(), false));
    }

    #[test]
    fn the_loss_of_the_broker_comes_first() {
        let document = report(vec![
            case("5/a/b.x", Verdict::Fail, "R", "x"),
            case("5/a/b.y", Verdict::Fail, "R", "x"),
            case("5/life/stays-alive", Verdict::Fail, "S", "died"),
        ]);
        assert_eq!(breaches(&document, Verdict::Fail, None)[0].name(), "5/life/stays-alive");
        assert_eq!(losses(&document).count(), 1);
    }

    #[test]
    fn names_of_the_run_are_taken_off() {
        let tag = tag_of("5/a/b");
        let seen = format!("PUBLISH \"mqtt-assay/k3x9q2/{tag}/status\" payload=\"a\" on \"x/y\"");
        assert_eq!(logical(&seen, "5/a/b"), "PUBLISH \"status\" payload=\"a\" on \"x/y\"");
        assert_eq!(logical(&seen, "5/a/c"), seen);
    }
}
