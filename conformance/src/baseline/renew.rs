//! A baseline brought up to date by a run: what still holds keeps its reason and its link, what no longer holds goes, and
//! what is new comes without a reason. Or the differences are the broker's own chance, and both runs are right: then what
//! differs is marked as varying.

use super::came::{Came, RuleCame};
use super::compare::{Difference, Kind, compare};
use super::entry::{Baseline, Entry, Key, Varies, is_wrong};
use std::collections::BTreeMap;

/// What becomes of a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    /// The run is right.
    Replace,
    /// Both are.
    Vary,
}

/// How many entries differ between two baselines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Changes {
    pub(crate) new: usize,
    pub(crate) changed: usize,
    pub(crate) gone: usize,
}

impl Changes {
    /// From the one to the other.
    pub(crate) fn between(old: &Baseline, new: &Baseline) -> Self {
        let is_changed = |(key, entry): &(&Key, &Entry)| {
            old.entries.get(key).is_some_and(|was| Entry { line: was.line, ..(*entry).clone() } != *was)
        };
        Self {
            new: new.entries.keys().filter(|key| !old.entries.contains_key(key)).count(),
            changed: new.entries.iter().filter(is_changed).count(),
            gone: old.entries.keys().filter(|key| !new.entries.contains_key(key)).count(),
        }
    }
}

/// The baseline after this run. What was not run stays as it is.
pub(crate) fn renewed(old: &Baseline, broker: String, all: &[Came], is_strict: bool, how: How) -> Baseline {
    let mut entries = old.entries.clone();
    for difference in &compare(old, all, is_strict).differences {
        settle(&mut entries, difference, is_strict, how);
    }
    Baseline { entries, ..Baseline::of_broker(broker) }
}

/// The baseline with one difference taken over.
pub(crate) fn taken_over(baseline: &mut Baseline, difference: &Difference, is_strict: bool, how: How) {
    settle(&mut baseline.entries, difference, is_strict, how);
}

fn settle(entries: &mut BTreeMap<Key, Entry>, difference: &Difference, is_strict: bool, how: How) {
    let Difference { key, kind, was, now } = difference;
    let entry = match (how, was, now) {
        (_, None, Some(now)) => Some(Entry { varies: varies_if(how == How::Vary), ..Entry::of(now) }),
        (How::Replace, Some(was), Some(now)) => replaced(was, now, is_strict),
        (How::Vary, Some(was), now) => varied(was, now.as_ref(), kind),
        (_, _, None) => None,
    };
    match entry {
        Some(entry) => drop(entries.insert(key.clone(), entry)),
        None => drop(entries.remove(key)),
    }
}

const fn varies_if(varies: bool) -> Varies {
    if varies { Varies::Verdict } else { Varies::Not }
}

/// What has come in the place of what is listed. The reason for one verdict is none for another.
fn replaced(was: &Entry, now: &RuleCame, is_strict: bool) -> Option<Entry> {
    let entry = Entry { line: was.line, ..Entry::of(now) };
    if was.verdict == now.verdict {
        return Some(Entry { reason: was.reason.clone(), link: was.link.clone(), ..entry });
    }
    is_wrong(now.verdict, is_strict).then_some(entry)
}

/// What is listed, which varies as this shows; the worse of two verdicts is the one that is listed.
fn varied(was: &Entry, now: Option<&RuleCame>, kind: &Kind) -> Option<Entry> {
    match (kind, now) {
        (Kind::Unknown(_), _) => None,
        (Kind::Changed, Some(now)) if now.verdict == was.verdict => Some(Entry { varies: Varies::Seen, ..was.clone() }),
        (Kind::Changed, Some(now)) if now.verdict < was.verdict => {
            let seen = Some(now.seen.clone());
            Some(Entry { verdict: now.verdict, seen, varies: Varies::Verdict, ..was.clone() })
        }
        _ => Some(Entry { varies: Varies::Verdict, ..was.clone() }),
    }
}

#[cfg(test)]
mod tests {
    use super::super::compare::tests::{CASE, RULES, came, listed};
    use super::*;
    use crate::scenario::Verdict;

    fn after(old: &Baseline, verdict: Verdict, seen: &str, how: How) -> Option<Entry> {
        let renewed = renewed(old, "x 1".to_owned(), &[came([verdict, Verdict::Pass], seen)], false, how);
        renewed.entries.get(&Key { case: CASE.to_owned(), rule: RULES[0].to_owned() }).cloned()
    }

    #[test]
    fn what_holds_keeps_its_reason_and_what_does_not_goes() {
        use Verdict::{Fail, Inconclusive, NotOffered, Pass, Weak};
        let old = listed(Fail, "x", Varies::Not);
        let told = |verdict, seen| {
            after(&old, verdict, seen, How::Replace)
                .map(|entry| (entry.verdict, entry.seen.unwrap_or_default(), entry.reason))
        };
        let expected = |verdict, seen: &str, reason: &str| Some((verdict, seen.to_owned(), reason.to_owned()));
        assert_eq!(told(Fail, "x"), expected(Fail, "x", "known"));
        assert_eq!(told(Fail, "y"), expected(Fail, "y", "known"));
        assert_eq!(told(Inconclusive, "y"), expected(Inconclusive, "y", ""));
        assert_eq!(told(Weak, "y"), None, "nobody asked for weak ones");
        assert_eq!(told(Pass, ""), None);
        assert_eq!(told(NotOffered, ""), None);
    }

    #[test]
    fn what_varies_is_listed_by_its_worst_verdict() {
        use Verdict::{Fail, Inconclusive, NotExercised, Pass};
        let told = |listed_as, verdict, seen| {
            let old = listed(listed_as, "x", Varies::Not);
            after(&old, verdict, seen, How::Vary)
                .map(|entry| (entry.verdict, entry.seen.unwrap_or_default(), entry.varies))
        };
        let expected = |verdict, seen: &str, varies| Some((verdict, seen.to_owned(), varies));
        assert_eq!(told(Fail, Fail, "x"), expected(Fail, "x", Varies::Not));
        assert_eq!(told(Fail, Fail, "y"), expected(Fail, "x", Varies::Seen));
        assert_eq!(told(Fail, Pass, ""), expected(Fail, "x", Varies::Verdict));
        assert_eq!(told(Fail, NotExercised, ""), expected(Fail, "x", Varies::Verdict));
        assert_eq!(told(Fail, Inconclusive, "y"), expected(Fail, "x", Varies::Verdict));
        assert_eq!(told(Inconclusive, Fail, "y"), expected(Fail, "y", Varies::Verdict));
        let new = after(&Baseline::default(), Fail, "x", How::Vary).expect("listed");
        assert_eq!((new.varies, new.reason.as_str()), (Varies::Verdict, ""));
    }

    #[test]
    fn after_it_nothing_differs() {
        for how in [How::Replace, How::Vary] {
            for verdict in Verdict::ALL {
                for listed_as in [Verdict::Fail, Verdict::Weak, Verdict::Inconclusive] {
                    let all = [came([verdict, Verdict::Fail], "y")];
                    let renewed = renewed(&listed(listed_as, "x", Varies::Not), String::new(), &all, false, how);
                    let left = compare(&renewed, &all, false).differences;
                    assert!(left.is_empty(), "{how:?} {listed_as} {verdict}: {left:?}");
                }
            }
        }
    }

    #[test]
    fn what_was_not_run_stays() {
        let old = listed(Verdict::Fail, "x", Varies::Not);
        assert_eq!(renewed(&old, String::new(), &[], false, How::Replace).entries, old.entries);
    }
}
