//! The fails of a report by rule, for summaries of few lines.

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
    let is_meant = |case: &&CaseReport| case.verdict == Verdict::Fail && case.expected_by_baseline.is_none();
    for case in document.results.iter().filter(is_meant) {
        let rule = case.decided_by.rule.as_deref().or_else(|| Some(case.rules.first()?.id.as_str()));
        let mark = case.marked.unwrap_or(Mark::Broken);
        groups.entry((mark, case.mqtt.as_str(), rule.unwrap_or_default())).or_default().push(case);
    }
    let mut groups: Vec<Group<'_>> =
        groups.into_iter().map(|((mark, mqtt, rule), cases)| Group { mqtt, rule, mark, cases }).collect();
    groups.sort_by_key(|group| (group.mark, std::cmp::Reverse(group.cases.len())));
    groups
}
