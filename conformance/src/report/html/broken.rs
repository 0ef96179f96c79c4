//! What is broken, told first: fails by family and rule, then weak ones, then what wasn't judged, then what was noticed in
//! the traffic of cases that pass.

use super::many;
use super::shown::Shown;
use super::standards;
use crate::report::document::{CaseReport, Document, Mark};
use crate::text::single_line;
use mqtt_assay_standard::RuleId;
use std::collections::BTreeMap;

/// Cases of a group that are told; the list of cases has them all.
const TOLD: usize = 12;

/// All of a run that wants somebody's eye.
pub(super) struct Broken {
    pub(super) lists: Vec<List>,
    pub(super) noticed: Vec<Noticed>,
}

/// Groups that are alike in kind.
pub(super) struct List {
    pub(super) heading: &'static str,
    pub(super) shown: Shown,
    /// How many cases and groups.
    pub(super) counts: String,
    pub(super) groups: Vec<Group>,
    /// Whether it is unfolded.
    pub(super) is_open: bool,
}

/// Cases of one family that one rule decided, or which one reason kept from being judged.
pub(super) struct Group {
    /// `broken` or `lenient`, of a fail.
    pub(super) mark: &'static str,
    /// What it says, or the reason.
    pub(super) says: String,
    /// Id, level and section; empty where no rule decided.
    pub(super) rule: String,
    pub(super) place: String,
    pub(super) versions: String,
    pub(super) family: String,
    pub(super) count: usize,
    /// What came in the first of them.
    pub(super) came: String,
    pub(super) cases: Vec<Told>,
    pub(super) more: usize,
}

/// A case of a group.
pub(super) struct Told {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) expected: String,
    pub(super) came: String,
    pub(super) repeat: String,
}

/// A case that passes, and what its traffic breaks.
pub(super) struct Noticed {
    pub(super) id: String,
    pub(super) invariants: String,
}

impl Broken {
    /// Groups what a run came to.
    pub(super) fn of(document: &Document) -> Self {
        let of = |heading, shown, is_open| List::of(document, heading, shown, is_open);
        let lists = [
            of("Fails", Shown::Fail, true),
            of("Not judged: the set-up failed", Shown::Inconclusive, false),
            of("Weak: recommendations not kept, or rules that the text only implies", Shown::Weak, false),
            of("Expected fails", Shown::Expected, false),
        ];
        let noticed = document.results.iter().filter(|case| Shown::of(case) == Shown::Pass && !case.noticed.is_empty());
        let told = |case: &CaseReport| Noticed {
            id: single_line(&case.case),
            invariants: case
                .noticed
                .iter()
                .map(|noticed| format!("{}, line {}", single_line(&noticed.invariant), noticed.line))
                .collect::<Vec<_>>()
                .join("; "),
        };
        Self {
            lists: lists.into_iter().filter(|list| !list.groups.is_empty()).collect(),
            noticed: noticed.map(told).collect(),
        }
    }
}

/// What the cases of a group have in common: broken before lenient, the family, the rule, or the reason.
type Alike = (Option<Mark>, String, String, String);

impl List {
    fn of(document: &Document, heading: &'static str, shown: Shown, is_open: bool) -> Self {
        let mut alike: BTreeMap<Alike, Vec<&CaseReport>> = BTreeMap::new();
        let mut count = 0;
        for case in document.results.iter().filter(|case| Shown::of(case) == shown) {
            alike.entry(what_is_alike(case)).or_default().push(case);
            count += 1;
        }
        let mut groups: Vec<(Option<Mark>, Group)> =
            alike.into_iter().map(|((mark, ..), cases)| (mark, Group::of(document, mark, &cases))).collect();
        groups.sort_by_key(|(mark, group)| (*mark, std::cmp::Reverse(group.count)));
        let groups: Vec<Group> = groups.into_iter().map(|(_, group)| group).collect();
        let counts = format!("{} in {}", many(count, "case"), many(groups.len(), "group"));
        Self { heading, shown, counts, groups, is_open }
    }
}

fn what_is_alike(case: &CaseReport) -> Alike {
    match &case.decided_by.rule {
        Some(rule) => (case.marked, family(&case.case).to_owned(), rule.clone(), String::new()),
        None => (case.marked, String::new(), String::new(), case.decided_by.seen.clone()),
    }
}

/// The id without its version and without its member's name.
fn family(case: &str) -> &str {
    let behind = case.split_once('/').map_or(case, |(_, behind)| behind);
    behind.split('.').next().unwrap_or(behind)
}

impl Group {
    fn of(document: &Document, mark: Option<Mark>, cases: &[&CaseReport]) -> Self {
        let mut versions: Vec<String> = cases.iter().map(|case| single_line(&case.mqtt)).collect();
        versions.dedup();
        let decided_by = cases.last().and_then(|case| Some((case, case.decided_by.rule.as_deref()?)));
        let known = decided_by.and_then(|(case, id)| standards::rule(&case.mqtt, id)).map(RuleId::rule);
        let came = cases.first().map_or_else(String::new, |case| single_line(&case.decided_by.seen));
        let reason = if decided_by.is_none() { came.clone() } else { String::new() };
        Self {
            mark: match mark {
                Some(Mark::Broken) => "broken",
                Some(Mark::Lenient) => "lenient",
                None => "",
            },
            says: known.map_or(reason, |rule| rule.says.to_owned()),
            rule: decided_by.map_or_else(String::new, |(_, id)| single_line(id)),
            place: known.map_or_else(String::new, |rule| match rule.section {
                "-" => "asked by the suite".to_owned(),
                section => format!("{}, section {section}", rule.level.word()),
            }),
            versions: versions.join(" and "),
            family: decided_by.map_or_else(String::new, |(case, _)| single_line(family(&case.case))),
            count: cases.len(),
            came: if decided_by.is_some() { came } else { String::new() },
            cases: cases.iter().take(TOLD).map(|case| Told::of(document, case)).collect(),
            more: cases.len().saturating_sub(TOLD),
        }
    }
}

impl Told {
    fn of(document: &Document, case: &CaseReport) -> Self {
        Self {
            id: single_line(&case.case),
            title: single_line(&case.title),
            expected: single_line(case.expected.as_deref().unwrap_or_default()),
            came: single_line(&case.decided_by.seen),
            repeat: single_line(&document.repeat(case)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::family;

    #[test]
    fn a_family_has_no_version_and_no_member() {
        assert_eq!(family("5/publish/dup-at-qos0"), "publish/dup-at-qos0");
        assert_eq!(family("3.1.1/malformed/reserved-flags.pingreq"), "malformed/reserved-flags");
        assert_eq!(family("x"), "x");
    }
}
