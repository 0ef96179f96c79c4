//! What is broken, told first: fails by family and rule, then weak ones, then what wasn't judged, then what was noticed in
//! the traffic of cases that pass.

use super::many;
use super::shown::Shown;
use crate::report::document::{CaseReport, Document};
use crate::report::groups;
use crate::text::single_line;
use std::collections::BTreeSet;

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
#[derive(Default)]
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

impl List {
    fn of(document: &Document, heading: &'static str, shown: Shown, is_open: bool) -> Self {
        let cases = || document.results.iter().filter(|case| Shown::of(case) == shown);
        let groups: Vec<Group> = match shown {
            Shown::Inconclusive => {
                groups::by_reason(cases()).iter().map(|(why, cases)| Group::not_judged(document, why, cases)).collect()
            }
            _ => groups::of(document, cases()).iter().map(|group| Group::of(document, group)).collect(),
        };
        let counts = format!("{} in {}", many(cases().count(), "case"), many(groups.len(), "group"));
        Self { heading, shown, counts, groups, is_open }
    }
}

impl Group {
    fn of(document: &Document, group: &groups::Group<'_>) -> Self {
        let known = group.standard();
        let (seen, is_all) = group.seen();
        let seen = single_line(&seen);
        let came = if is_all { seen.clone() } else { format!("mostly {seen}") };
        Self {
            mark: group.marked(),
            says: known.map_or(seen, |rule| rule.says.to_owned()),
            rule: single_line(&group.rules_named()),
            place: known.map_or_else(String::new, |rule| match rule.section {
                "-" => "asked by the suite".to_owned(),
                section => format!("{}, section {section}", rule.level.word()),
            }),
            versions: single_line(&group.versions()),
            family: single_line(&group.family),
            came,
            ..Self::told(document, &group.cases)
        }
    }

    fn not_judged(document: &Document, why: &str, cases: &[&CaseReport]) -> Self {
        let versions: BTreeSet<&str> = cases.iter().map(|case| case.mqtt.as_str()).collect();
        let versions = single_line(&versions.into_iter().collect::<Vec<_>>().join(" and "));
        Self { says: single_line(why), versions, ..Self::told(document, cases) }
    }

    /// What stands below its heading.
    fn told(document: &Document, cases: &[&CaseReport]) -> Self {
        Self {
            count: cases.len(),
            cases: cases.iter().take(TOLD).map(|case| Told::of(document, case)).collect(),
            more: cases.len().saturating_sub(TOLD),
            ..Self::default()
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
