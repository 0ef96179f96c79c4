//! Two runs held against each other: what is fixed, what is broken, what is new or gone, and where a broker behaves
//! otherwise although the verdict is the same.

use super::behaviour::{Behaviour, without_names};
use super::document::{CaseReport, Document};
use super::text::{style, styled};
use crate::scenario::Verdict;
use crate::text::{counted, cut, single_line};
use anstyle::Style;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The number of the schema.
const SCHEMA: u32 = 1;

/// Letters of what was seen.
const LETTERS_SHOWN: usize = 300;

/// Cases of a kind that are listed; `--json` has all.
const SHOWN: usize = 60;

/// What has become of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Change {
    /// It or one of its rules came to something worse: to a fail, from a pass to weak, or from a verdict to none for a set-up
    /// that failed.
    Broken,
    /// The other way round.
    Fixed,
    /// It is judged where it was not, or no longer: offered, exercised, observed.
    JudgedOtherwise,
    /// The verdict is the same, and what was seen is not.
    BehavesOtherwise,
    /// The earlier run has no such case.
    New,
    /// The later run has no such case.
    Gone,
}

impl Change {
    const ALL: [Self; 6] =
        [Self::Broken, Self::Fixed, Self::JudgedOtherwise, Self::BehavesOtherwise, Self::New, Self::Gone];

    const fn heading(self) -> &'static str {
        match self {
            Self::Broken => "Broken",
            Self::Fixed => "Fixed",
            Self::JudgedOtherwise => "Judged where it was not, or no longer",
            Self::BehavesOtherwise => "Behaves otherwise, with the same verdict",
            Self::New => "New",
            Self::Gone => "Gone",
        }
    }

    /// For the last line.
    const fn words(self) -> &'static str {
        match self {
            Self::Broken => "broken",
            Self::Fixed => "fixed",
            Self::JudgedOtherwise => "judged otherwise",
            Self::BehavesOtherwise => "behave otherwise",
            Self::New => "new",
            Self::Gone => "gone",
        }
    }
}

/// A case that differs.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Differing {
    pub(crate) case: String,
    pub(crate) change: Change,
    pub(crate) before: Option<Side>,
    pub(crate) after: Option<Side>,
    /// Rules with other verdicts than before; empty where the case is new or gone.
    pub(crate) rules: Vec<DifferingRule>,
}

/// What it came to in one of the runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Side {
    pub(crate) verdict: Verdict,
    /// Without the run's names; `null` where the report leaves it out.
    pub(crate) seen: Option<String>,
}

/// A rule of a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct DifferingRule {
    pub(crate) id: String,
    pub(crate) before: Verdict,
    pub(crate) after: Verdict,
}

/// All that differs.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Difference {
    /// The schema's number; it changes when a field changes its meaning or goes.
    pub(crate) schema: u32,
    /// The brokers, as they are named to people.
    pub(crate) before: String,
    pub(crate) after: String,
    pub(crate) cases: Vec<Differing>,
}

impl Difference {
    /// Between an earlier run and a later one.
    pub(crate) fn between(before: &Document, after: &Document) -> Self {
        let by_id = |document: &Document| -> BTreeMap<String, CaseReport> {
            document.results.iter().map(|case| (case.case.clone(), case.clone())).collect()
        };
        let (earlier, mut later) = (by_id(before), by_id(after));
        let mut cases: Vec<Differing> = Vec::new();
        for (id, old) in earlier {
            let new = later.remove(&id);
            cases.extend(differing(id, (before, Some(old)), (after, new)));
        }
        cases.extend(later.into_iter().filter_map(|(id, new)| differing(id, (before, None), (after, Some(new)))));
        cases.sort_by(|one, other| (one.change, &one.case).cmp(&(other.change, &other.case)));
        Self { schema: SCHEMA, before: told(before), after: told(after), cases }
    }

    /// How many of a kind there are.
    pub(crate) fn count(&self, change: Change) -> usize {
        self.cases.iter().filter(|case| case.change == change).count()
    }

    /// For people.
    pub(crate) fn text(&self) -> String {
        let mut out = format!("{}\n  against {}\n", single_line(&self.after), single_line(&self.before));
        for change in Change::ALL {
            let cases: Vec<&Differing> = self.cases.iter().filter(|case| case.change == change).collect();
            if cases.is_empty() {
                continue;
            }
            let heading = styled(Style::new().bold(), change.heading());
            let _ = writeln!(out, "\n{heading}: {}", counted(cases.len(), "case"));
            out.extend(cases.iter().take(SHOWN).map(|case| case.text()));
            if let Some(more) = cases.len().checked_sub(SHOWN).filter(|&more| more > 0) {
                let _ = writeln!(out, "  and {more} more; --json names them all");
            }
        }
        let counts = Change::ALL.map(|change| (self.count(change), change.words()));
        let counts: Vec<String> =
            counts.iter().filter(|(count, _)| *count > 0).map(|(count, words)| format!("{count} {words}")).collect();
        let sum = if counts.is_empty() { "no difference".to_owned() } else { counts.join(", ") };
        let _ = writeln!(out, "\nResult: {sum}");
        out
    }
}

/// The broker and the day.
fn told(document: &Document) -> String {
    format!("{} of {}, {} {}", document.broker(), document.day(), document.tool.name, document.tool.version)
}

fn differing(
    id: String,
    (before, old): (&Document, Option<CaseReport>),
    (after, new): (&Document, Option<CaseReport>),
) -> Option<Differing> {
    let side = |document: &Document, case: &CaseReport| Side {
        verdict: case.verdict,
        seen: (!case.decided_by.seen.is_empty()).then(|| without_names(&case.decided_by.seen, &document.names)),
    };
    let sides = (old.as_ref().map(|case| side(before, case)), new.as_ref().map(|case| side(after, case)));
    let rules = old.as_ref().zip(new.as_ref()).map(|(old, new)| differing_rules(old, new)).unwrap_or_default();
    let chapter = old.as_ref().or(new.as_ref()).map_or("", |case| case.chapter.as_str()).to_owned();
    let change = match &sides {
        (None, _) => Change::New,
        (_, None) => Change::Gone,
        (Some(before), Some(after)) if before.verdict != after.verdict => becoming(before.verdict, after.verdict),
        (Some(_), Some(_)) if !rules.is_empty() => {
            rules.iter().map(|rule| becoming(rule.before, rule.after)).min().unwrap_or(Change::JudgedOtherwise)
        }
        (Some(before), Some(after)) => (!behave_alike(before, after, &chapter)).then_some(Change::BehavesOtherwise)?,
    };
    Some(Differing { case: id, change, before: sides.0, after: sides.1, rules })
}

fn behave_alike(before: &Side, after: &Side, chapter: &str) -> bool {
    let known = before.seen.as_ref().zip(after.seen.as_ref());
    known.is_none_or(|(one, other)| Behaviour::of(one, chapter).is_like(&Behaviour::of(other, chapter)))
}

fn differing_rules(old: &CaseReport, new: &CaseReport) -> Vec<DifferingRule> {
    let of_new = |id: &str| new.rules.iter().find(|rule| rule.id == id);
    let pairs = old.rules.iter().filter_map(|rule| Some((rule, of_new(&rule.id)?)));
    let differing = pairs.filter(|(old, new)| old.verdict != new.verdict);
    differing.map(|(old, new)| DifferingRule { id: old.id.clone(), before: old.verdict, after: new.verdict }).collect()
}

/// What becomes of a verdict: those that stand in an order are better or worse, the others only other.
fn becoming(before: Verdict, after: Verdict) -> Change {
    let place = |verdict| match verdict {
        Verdict::Fail => Some(0),
        Verdict::Inconclusive => Some(1),
        Verdict::Weak => Some(2),
        Verdict::Pass => Some(3),
        Verdict::Observed | Verdict::NotOffered | Verdict::NotExercised => None,
    };
    match (place(before), place(after)) {
        (Some(before), Some(after)) if after < before => Change::Broken,
        (Some(_), Some(_)) => Change::Fixed,
        // What was not judged before and fails now was hidden until now.
        (None, Some(0 | 1)) => Change::Broken,
        (None, _) | (_, None) => Change::JudgedOtherwise,
    }
}

impl Differing {
    fn text(&self) -> String {
        let shown = |side: &Side| {
            let verdict = styled(style(side.verdict), side.verdict.phrase());
            let seen = side
                .seen
                .as_deref()
                .map_or_else(String::new, |seen| format!(": {}", cut(&single_line(seen), LETTERS_SHOWN)));
            format!("{verdict}{seen}")
        };
        let mut out = format!("  {}\n", single_line(&self.case));
        for (label, side) in [("before", &self.before), ("after", &self.after)] {
            if let Some(side) = side {
                let _ = writeln!(out, "    {label:<6} {}", shown(side));
            }
        }
        let of_its_own = self.before.as_ref().zip(self.after.as_ref()).is_some_and(|(a, b)| a.verdict == b.verdict);
        if of_its_own {
            for DifferingRule { id, before, after } in &self.rules {
                let _ = writeln!(out, "    {}: {before}, then {after}", single_line(id));
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples;
    use crate::scenario::Stop;

    fn case(document: &Document, id: &str) -> CaseReport {
        let mut case = document.results[0].clone();
        id.clone_into(&mut case.case);
        case
    }

    fn of(verdicts: &[(Verdict, &str)]) -> Document {
        let stop = if verdicts[0].0 == Verdict::Fail { Some(Stop::Failed) } else { None };
        samples::document(&[samples::result(verdicts, stop)])
    }

    #[test]
    fn every_kind_of_difference_is_told() {
        let pass = of(&[(Verdict::Pass, "PUBACK id=1 0x00"), (Verdict::Pass, "")]);
        let other = of(&[(Verdict::Pass, "PUBACK id=2 0x10"), (Verdict::Pass, "")]);
        let fail = of(&[(Verdict::Fail, "DUP 1\n\u{1b}[2J"), (Verdict::Pass, "")]);
        let also = of(&[(Verdict::Fail, "DUP 1\n\u{1b}[2J"), (Verdict::Fail, "")]);
        let nothing = of(&[(Verdict::NotOffered, "")]);
        let mut before = pass.clone();
        before.results = vec![
            case(&pass, "5/a/breaks"),
            case(&fail, "5/a/breaks-more"),
            case(&fail, "5/a/fixed"),
            case(&pass, "5/a/gone"),
            case(&nothing, "5/a/offered"),
            case(&pass, "5/a/otherwise"),
            case(&pass, "5/a/same"),
        ];
        let mut after = pass.clone();
        after.target.version = Some("2".to_owned());
        after.results = vec![
            case(&fail, "5/a/breaks"),
            case(&also, "5/a/breaks-more"),
            case(&pass, "5/a/fixed"),
            case(&fail, "5/a/new"),
            case(&pass, "5/a/offered"),
            case(&other, "5/a/otherwise"),
            case(&pass, "5/a/same"),
        ];
        let difference = Difference::between(&before, &after);
        insta::with_settings!({ filters => vec![(r"mqtt-assay \d\S*", "mqtt-assay [version]")] }, {
            insta::assert_snapshot!(anstream::adapter::strip_str(&difference.text()).to_string());
        });
        let none = Difference::between(&before, &before);
        assert!(none.cases.is_empty() && none.text().ends_with("Result: no difference\n"), "{}", none.text());
    }

    #[test]
    fn what_a_report_leaves_out_is_no_difference() {
        let pass = of(&[(Verdict::Pass, "PUBACK id=1 0x00"), (Verdict::Pass, "")]);
        let mut brief = pass.clone();
        brief.results[0].decided_by.seen.clear();
        assert!(Difference::between(&brief, &pass).cases.is_empty());
    }

    #[test]
    fn verdicts_stand_in_an_order_or_are_only_other() {
        use Verdict::{Fail, Inconclusive, NotExercised, NotOffered, Pass, Weak};
        for (before, after, change) in [
            (Pass, Weak, Change::Broken),
            (Weak, Fail, Change::Broken),
            (Pass, Inconclusive, Change::Broken),
            (NotOffered, Fail, Change::Broken),
            (Fail, Weak, Change::Fixed),
            (Inconclusive, Pass, Change::Fixed),
            (NotExercised, Pass, Change::JudgedOtherwise),
            (Fail, NotOffered, Change::JudgedOtherwise),
            (NotOffered, NotExercised, Change::JudgedOtherwise),
        ] {
            assert_eq!(becoming(before, after), change, "{before} {after}");
        }
    }
}
