//! What a report tells in few lines: fails by rule, and what was not judged by its reason.

use super::document::{CaseReport, Document, Mark};
use crate::scenario::Verdict;
use mqtt_assay_codec::Version;
use mqtt_assay_standard::{self as standard, Rule};
use std::collections::BTreeMap;

/// Cases that fail for the same rule in the same way.
pub(super) struct Group<'a> {
    pub(super) mqtt: &'a str,
    pub(super) rule: &'a str,
    pub(super) mark: Mark,
    pub(super) cases: Vec<&'a CaseReport>,
}

impl Group<'_> {
    /// The rule, where this program knows it: the report may be another release's.
    pub(super) fn standard(&self) -> Option<&'static Rule> {
        let version: Version = self.mqtt.parse().ok()?;
        standard::find(version, self.rule).map(standard::RuleId::rule)
    }

    /// The case that stands for the others: the one with the shortest name, which is the plainest of its family.
    pub(super) fn example(&self) -> Option<&CaseReport> {
        self.cases.iter().copied().min_by_key(|case| (case.case.len(), case.case.as_str()))
    }

    /// What it shows of the broker.
    pub(super) const fn marked(&self) -> &'static str {
        match self.mark {
            Mark::Broken => "broken",
            Mark::Lenient => "lenient",
        }
    }
}

/// Fails by rule: where the broker itself did wrong before where it went on, then those of many cases first.
pub(super) fn fails(document: &Document) -> Vec<Group<'_>> {
    let mut groups: BTreeMap<(Mark, &str, &str), Vec<&CaseReport>> = BTreeMap::new();
    for case in document.results.iter().filter(|case| case.verdict == Verdict::Fail) {
        let rule = case.decided_by.rule.as_deref().or_else(|| Some(case.rules.first()?.id.as_str()));
        let mark = case.marked.unwrap_or(Mark::Broken);
        groups.entry((mark, case.mqtt.as_str(), rule.unwrap_or_default())).or_default().push(case);
    }
    let mut groups: Vec<Group<'_>> =
        groups.into_iter().map(|((mark, mqtt, rule), cases)| Group { mqtt, rule, mark, cases }).collect();
    groups.sort_by_key(|group| (group.mark, std::cmp::Reverse(group.cases.len())));
    groups
}

/// Cases of a verdict by what was said of them, most first.
pub(super) fn reasons(document: &Document, verdict: Verdict) -> Vec<(&str, Vec<&CaseReport>)> {
    let mut reasons: BTreeMap<&str, Vec<&CaseReport>> = BTreeMap::new();
    for case in document.results.iter().filter(|case| case.verdict == verdict) {
        let seen = case.decided_by.seen.as_str();
        let seen = if seen.is_empty() { "nothing happened that could break a rule of the case" } else { seen };
        reasons.entry(seen).or_default().push(case);
    }
    let mut reasons: Vec<_> = reasons.into_iter().collect();
    reasons.sort_by_key(|(_, cases)| std::cmp::Reverse(cases.len()));
    reasons
}
