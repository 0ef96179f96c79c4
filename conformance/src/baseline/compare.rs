//! A run held against a baseline: what is as listed, and each difference with its kind. An entry counts where its case was
//! run; what a filter leaves out says nothing about it. An id that the suite does not have counts always.

use super::Accepted;
use super::came::{Came, RuleCame};
use super::entry::{Baseline, Entry, Key, Varies, is_wrong};
use super::known::{Unknown, unknown};
use crate::scenario::Verdict;
use std::collections::BTreeMap;

/// What a run comes to beside a baseline.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Comparison {
    /// Entries that came as listed.
    pub(crate) expected: usize,
    /// Entries that vary, and were better this time.
    pub(crate) better: usize,
    /// Entries whose cases were not run.
    pub(crate) not_run: usize,
    /// How many came as listed, and how many were better, of each case that has such.
    pub(crate) by_case: BTreeMap<String, (usize, usize)>,
    /// All else, by case and rule.
    pub(crate) differences: Vec<Difference>,
}

/// Where run and baseline differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Difference {
    pub(crate) key: Key,
    pub(crate) kind: Kind,
    /// What is listed.
    pub(crate) was: Option<Entry>,
    /// What has come, where the rule was judged or its set-up failed.
    pub(crate) now: Option<RuleCame>,
}

/// How they differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It is not as it should be, and no entry says so.
    Unlisted,
    /// What is listed passes.
    Passes,
    /// The verdict or what was seen is another.
    Changed,
    /// Its case was run, and nothing was judged; why, where that is said.
    NeverRan(Option<String>),
    /// The suite has no such case or rule; what may be meant.
    Unknown(String),
}

impl Kind {
    /// The word in reports.
    pub(crate) const fn word(&self) -> &'static str {
        match self {
            Self::Unlisted => "unlisted",
            Self::Passes => "passes",
            Self::Changed => "changed",
            Self::NeverRan(_) => "never-ran",
            Self::Unknown(_) => "unknown-id",
        }
    }
}

/// How an entry stands in a run of its case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Standing {
    /// As listed.
    Expected,
    /// It varies, and was better.
    Better,
    /// In one of these ways it isn't as listed.
    Differs(Kind),
}

/// How this entry stands, of whose rule this came.
pub(super) fn standing(entry: &Entry, came: &RuleCame, why: Option<&str>) -> Standing {
    let is_same = entry.verdict == came.verdict;
    match entry.varies {
        // The verdicts stand in order, the worst first.
        Varies::Seen | Varies::Verdict if is_same => Standing::Expected,
        Varies::Verdict if came.verdict > entry.verdict => Standing::Better,
        Varies::Not if is_same && entry.seen.as_ref().is_none_or(|seen| *seen == came.seen) => Standing::Expected,
        Varies::Not | Varies::Seen | Varies::Verdict => Standing::Differs(match came.verdict {
            Verdict::Pass | Verdict::Observed => Kind::Passes,
            Verdict::NotOffered | Verdict::NotExercised => Kind::NeverRan(why.map(str::to_owned)),
            Verdict::Fail | Verdict::Weak | Verdict::Inconclusive => Kind::Changed,
        }),
    }
}

/// Holds what has come against the baseline. With `is_strict` a weak rule that is not listed is a difference too.
pub(crate) fn compare(baseline: &Baseline, all: &[Came], is_strict: bool) -> Comparison {
    let by_case: BTreeMap<&str, &Came> = all.iter().map(|came| (came.case.as_str(), came)).collect();
    let mut comparison = Comparison::default();
    for (key, entry) in &baseline.entries {
        let came = by_case.get(key.case.as_str());
        let rule = came.and_then(|came| came.rule(&key.rule));
        let differs = |kind| {
            let now = rule.filter(|rule| !matches!(rule.verdict, Verdict::NotOffered | Verdict::NotExercised)).cloned();
            Difference { key: key.clone(), kind, was: Some(entry.clone()), now }
        };
        match rule.map(|rule| standing(entry, rule, came.and_then(|came| came.why.as_deref()))) {
            Some(Standing::Expected) => {
                comparison.expected += 1;
                comparison.by_case.entry(key.case.clone()).or_default().0 += 1;
            }
            Some(Standing::Better) => {
                comparison.better += 1;
                comparison.by_case.entry(key.case.clone()).or_default().1 += 1;
            }
            Some(Standing::Differs(kind)) => comparison.differences.push(differs(kind)),
            None => match unknown(key) {
                Some(Unknown(what)) => comparison.differences.push(differs(Kind::Unknown(what))),
                None => comparison.not_run += 1,
            },
        }
    }
    comparison.differences.extend(all.iter().flat_map(|came| unlisted(baseline, came, is_strict)));
    comparison.differences.sort_by(|one, other| one.key.cmp(&other.key));
    comparison
}

/// What no entry says of a case.
fn unlisted<'a>(baseline: &'a Baseline, came: &'a Came, is_strict: bool) -> impl Iterator<Item = Difference> + 'a {
    came.rules.iter().filter(move |rule| is_wrong(rule.verdict, is_strict)).filter_map(|rule| {
        let key = Key { case: came.case.clone(), rule: rule.rule.clone() };
        let is_listed = baseline.entries.contains_key(&key);
        (!is_listed).then(|| Difference { key, kind: Kind::Unlisted, was: None, now: Some(rule.clone()) })
    })
}

/// Why a case is accepted, if something of it is listed and all that is wrong with it is as listed.
pub(super) fn accepted(baseline: &Baseline, came: &Came, is_strict: bool) -> Option<Accepted> {
    let mut accepted: Option<Accepted> = None;
    for rule in came.rules.iter().filter(|rule| is_wrong(rule.verdict, true)) {
        let key = Key { case: came.case.clone(), rule: rule.rule.clone() };
        let entry = baseline.entries.get(&key);
        match entry.filter(|entry| standing(entry, rule, None) != Standing::Differs(Kind::Changed)) {
            Some(entry) => accepted.get_or_insert_default().join(entry),
            None if entry.is_some() || is_wrong(rule.verdict, is_strict) => return None,
            None => {}
        }
    }
    accepted
}

impl Accepted {
    /// With what another entry of the case says.
    fn join(&mut self, entry: &Entry) {
        if self.reason.is_empty() {
            self.reason.clone_from(&entry.reason);
        } else if !entry.reason.is_empty() && !self.reason.split("; ").any(|known| known == entry.reason) {
            self.reason = format!("{}; {}", self.reason, entry.reason);
        }
        self.link = self.link.take().or_else(|| entry.link.clone());
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::baseline) const CASE: &str = "5/publish/topic-with-wildcard";
    pub(in crate::baseline) const RULES: [&str; 2] = ["MQTT-3.3.2-2", "MQTT-4.13.1-1"];

    pub(in crate::baseline) fn came(verdicts: [Verdict; 2], seen: &str) -> Came {
        let rule = |(rule, verdict): (&str, Verdict)| RuleCame {
            rule: rule.to_owned(),
            verdict,
            seen: if matches!(verdict, Verdict::Pass) { String::new() } else { seen.to_owned() },
        };
        Came { case: CASE.to_owned(), rules: RULES.into_iter().zip(verdicts).map(rule).collect(), why: None }
    }

    /// A baseline with the first rule of the case.
    pub(in crate::baseline) fn listed(verdict: Verdict, seen: &str, varies: Varies) -> Baseline {
        let rule = RuleCame { rule: RULES[0].to_owned(), verdict, seen: seen.to_owned() };
        let key = Key { case: CASE.to_owned(), rule: RULES[0].to_owned() };
        let entry = Entry { reason: "known".to_owned(), varies, ..Entry::of(&rule) };
        Baseline { entries: [(key, entry)].into(), ..Baseline::default() }
    }

    fn kinds(baseline: &Baseline, came: Came, is_strict: bool) -> Vec<&'static str> {
        let comparison = compare(baseline, &[came], is_strict);
        comparison.differences.iter().map(|difference| difference.kind.word()).collect()
    }

    #[test]
    fn each_way_to_differ_has_its_kind() {
        use Verdict::{Fail, Inconclusive, NotExercised, NotOffered, Pass, Weak};
        let rows: [(Verdict, &str, &[&str]); 8] = [
            (Fail, "x", &[]),
            (Fail, "y", &["changed"]),
            (Weak, "x", &["changed"]),
            (Inconclusive, "x", &["changed"]),
            (Pass, "", &["passes"]),
            (Verdict::Observed, "", &["passes"]),
            (NotOffered, "", &["never-ran"]),
            (NotExercised, "", &["never-ran"]),
        ];
        for (verdict, seen, expected) in rows {
            assert_eq!(
                kinds(&listed(Fail, "x", Varies::Not), came([verdict, Pass], seen), false),
                expected,
                "{verdict}"
            );
        }
        let none = Baseline::default();
        assert_eq!(kinds(&none, came([Fail, Inconclusive], "x"), false), ["unlisted", "unlisted"]);
        assert_eq!(kinds(&none, came([Weak, Pass], "x"), false), [""; 0]);
        assert_eq!(kinds(&none, came([Weak, Pass], "x"), true), ["unlisted"]);
    }

    #[test]
    fn what_varies_may_be_better_and_not_worse() {
        use Verdict::{Fail, Inconclusive, NotOffered, Pass, Weak};
        for verdict in [Fail, Inconclusive, Weak, Pass, NotOffered] {
            assert_eq!(kinds(&listed(Fail, "x", Varies::Verdict), came([verdict, Pass], "y"), false), [""; 0]);
        }
        assert_eq!(kinds(&listed(Weak, "x", Varies::Verdict), came([Fail, Pass], "x"), false), ["changed"]);
        assert_eq!(kinds(&listed(Fail, "x", Varies::Seen), came([Fail, Pass], "y"), false), [""; 0]);
        assert_eq!(kinds(&listed(Fail, "x", Varies::Seen), came([Pass, Pass], "y"), false), ["passes"]);
    }

    #[test]
    fn only_cases_that_were_run_count_and_unknown_ids_always() {
        let baseline = listed(Verdict::Fail, "x", Varies::Not);
        let comparison = compare(&baseline, &[], false);
        assert_eq!((comparison.not_run, comparison.differences.len()), (1, 0));
        let (_, entry) = baseline.entries.first_key_value().expect("one");
        let key = Key { case: "5/publish/no-such".to_owned(), rule: RULES[0].to_owned() };
        let baseline = Baseline { entries: [(key, entry.clone())].into(), ..Baseline::default() };
        assert_eq!(compare(&baseline, &[], false).differences[0].kind.word(), "unknown-id");
    }

    #[test]
    fn a_case_is_accepted_if_all_that_is_wrong_with_it_is_listed() {
        use Verdict::{Fail, Pass, Weak};
        let baseline = listed(Fail, "x", Varies::Not);
        let reason = |verdicts, seen, is_strict| {
            accepted(&baseline, &came(verdicts, seen), is_strict).map(|accepted| accepted.reason)
        };
        assert_eq!(reason([Fail, Pass], "x", false).as_deref(), Some("known"));
        assert_eq!(reason([Fail, Fail], "x", false), None, "of the other rule nothing is said");
        assert_eq!(reason([Fail, Weak], "x", false).as_deref(), Some("known"));
        assert_eq!(reason([Fail, Weak], "x", true), None);
        assert_eq!(reason([Fail, Pass], "y", false), None);
        assert_eq!(reason([Pass, Pass], "", false), None);
    }
}
