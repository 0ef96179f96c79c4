//! What a run says of its cases: results, and the counts made from them.

use crate::link::{Remark, Transcript, What};
use crate::scenario::{Instance, RuleVerdict, Stop, Tally, Verdict};
use mqtt_assay_standard::Basis;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// One case's result.
#[derive(Clone)]
pub struct CaseResult {
    /// The case and its version.
    pub instance: Instance,
    /// The worst of what was judged.
    pub verdict: Verdict,
    /// Every rule of the case, in the case's order.
    pub rules: Vec<RuleVerdict>,
    /// Why nothing, or no more, was judged: the set-up that failed, what is not offered.
    pub reason: Option<String>,
    /// How long it took on the wall.
    pub took: Duration,
    /// What went over its connections.
    pub transcript: Transcript,
    /// A panic of ours in it.
    pub is_our_bug: bool,
    /// What kept it from being judged, though it is not about that.
    pub disturbed: Option<Disturbance>,
    /// It was judged alone, for this had disturbed it beside others.
    pub alone: Option<Disturbance>,
    /// Of an invariant: the case to repeat beside it, in which it was seen broken, or which decides what was observed.
    pub seen_in: Option<String>,
    /// What the auditor found broken in its traffic, whatever its own steps say.
    pub noticed: Vec<Noticed>,
}

/// An invariant that was seen broken in the traffic of a case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Noticed {
    /// Its id.
    pub invariant: String,
    /// The line of the case's transcript; 0 where it was not written down.
    pub line: u32,
}

/// What may come between a case and its verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Disturbance {
    /// A step of the set-up came to its limit of time.
    TimedOut,
    /// The broker was lost while the case was at it.
    BrokerLost,
    /// The suite itself had stood still.
    Standstill,
}

impl Disturbance {
    /// In words: `3 ...`.
    pub const fn says(self) -> &'static str {
        match self {
            Self::TimedOut => "had timed out beside others",
            Self::BrokerLost => "had lost their broker",
            Self::Standstill => "had been at it while the suite itself stood still",
        }
    }
}

impl CaseResult {
    /// The rule that decided the case's verdict: the first of the worst.
    pub fn decisive(&self) -> Option<&RuleVerdict> {
        self.rules.iter().find(|rule| rule.verdict == self.verdict)
    }

    /// What the filter of a command names that repeats it.
    pub(crate) fn to_repeat(&self) -> String {
        let id = self.instance.id();
        self.seen_in.as_ref().map_or_else(|| id.clone(), |case| format!("{id} -f {case}"))
    }

    /// True for a fail that shows a broker that goes on after something forbidden, rather than one that does wrong
    /// itself.
    pub fn is_lenient(&self) -> bool {
        self.verdict == Verdict::Fail && self.decisive().is_some_and(|rule| rule.basis == Basis::Reaction)
    }

    /// The result of a case of which no step was taken.
    pub(super) fn without_steps(instance: Instance, stop: Stop) -> Self {
        Self::new(instance, &[], Some(stop), Transcript::new(instance.id(), instance.version))
    }

    /// Puts a result together: rules with evidence, and for the others what the stop says of them.
    pub(crate) fn new(instance: Instance, judged: &[RuleVerdict], stop: Option<Stop>, transcript: Transcript) -> Self {
        let (others, reason) = match stop {
            None | Some(Stop::Failed) => (Verdict::NotExercised, None),
            Some(Stop::Inconclusive { why, .. }) => (Verdict::Inconclusive, Some(why)),
            Some(Stop::NotOffered(why)) => (Verdict::NotOffered, Some(why)),
            Some(Stop::NotExercised(why)) => (Verdict::NotExercised, Some(why)),
        };
        let rules: Vec<RuleVerdict> = instance
            .rules
            .judged()
            .map(|rule| {
                let known = judged.iter().find(|entry| entry.rule == rule).cloned();
                let unknown = || RuleVerdict {
                    rule,
                    basis: rule.rule().basis,
                    verdict: others,
                    line: None,
                    expected: String::new(),
                    seen: reason.clone().unwrap_or_default(),
                };
                known.map_or_else(unknown, |entry| unless_stopped(entry, others, reason.as_deref()))
            })
            .collect();
        let verdict = Verdict::of_case(rules.iter().map(|rule| rule.verdict));
        Self {
            instance,
            verdict,
            rules,
            reason,
            took: Duration::ZERO,
            transcript,
            is_our_bug: false,
            disturbed: None,
            alone: None,
            seen_in: None,
            noticed: Vec::new(),
        }
    }

    /// The result of a case in which the suite itself went wrong.
    pub(super) fn of_a_defect(instance: Instance, what: &impl std::fmt::Display) -> Self {
        let why = format!("a defect of the suite: {what}");
        Self { is_our_bug: true, ..Self::without_steps(instance, Stop::Inconclusive { why, line: None }) }
    }
}

/// A rule that was seen kept, in a case whose later steps did not come about, was not judged to the end.
fn unless_stopped(mut entry: RuleVerdict, others: Verdict, reason: Option<&str>) -> RuleVerdict {
    if others == Verdict::Inconclusive && matches!(entry.verdict, Verdict::Pass | Verdict::Observed) {
        entry.verdict = Verdict::Inconclusive;
        reason.unwrap_or_default().clone_into(&mut entry.seen);
    }
    entry
}

/// The case that waits long enough to decide what invariants only observe: whether a message is sent again without a
/// reconnect.
const DECIDES_ABOUT_RESENDING: &str = "5/delivery/only-on-reconnect";

/// Every rule of a case that one observation of the whole run decides; its title is what was expected.
pub(super) fn judged_alike(instance: Instance, verdict: Verdict, line: u32, seen: &str) -> Vec<RuleVerdict> {
    let rules = instance.rules.judged().map(|rule| RuleVerdict {
        rule,
        basis: rule.rule().basis,
        verdict: if verdict == Verdict::Fail { Verdict::broken(rule.rule().level) } else { verdict },
        line: Some(line),
        expected: instance.case.title.to_owned(),
        seen: seen.to_owned(),
    });
    rules.collect()
}

/// The result of an invariant, with the lines around its breach taken from the case in which it was seen.
pub(super) fn of_invariant(tally: &Tally, case: Option<&CaseResult>) -> CaseResult {
    let instance = tally.instance;
    let mut transcript = Transcript::new(instance.id(), instance.version);
    let noticed = tally.broken.as_ref().or(tally.observed.as_ref());
    let place =
        noticed.map_or_else(String::new, |breach| format!("{} ({} line {})", breach.seen, breach.case, breach.line));
    let (verdict, seen) = match (&tally.broken, &tally.observed, tally.held) {
        (Some(_), ..) => (Verdict::Fail, place),
        (None, Some(_), _) => (Verdict::Observed, place),
        (None, None, 0) => (Verdict::NotExercised, "no packet came that could have broken it".to_owned()),
        (None, None, held) => (Verdict::Pass, format!("kept by all {held} packets that could have broken it")),
    };
    if let (Some(breach), Some(case)) = (noticed, case) {
        transcript.lines.extend(case.transcript.line(breach.line).cloned());
    }
    let line = transcript.add(Duration::ZERO, "run", What::Said(Remark::Decides, format!("{verdict}: {seen}")));
    let judged = judged_alike(instance, verdict, line, &seen);
    let seen_in = match (&tally.broken, &tally.observed) {
        // Which case brought it about is not known.
        (Some(breach), _) if breach.is_foreign => Some("'*'".to_owned()),
        (Some(_), _) => case.map(|case| case.instance.id()),
        (None, Some(_)) => Some(DECIDES_ABOUT_RESENDING.to_owned()),
        (None, None) => None,
    };
    CaseResult { seen_in, ..CaseResult::new(instance, &judged, None, transcript) }
}

/// Counts of cases by verdict.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// All cases.
    pub cases: usize,
    /// Passed.
    pub pass: usize,
    /// Failed.
    pub fail: usize,
    /// Weak.
    pub weak: usize,
    /// Not offered.
    pub not_offered: usize,
    /// Not exercised.
    pub not_exercised: usize,
    /// Inconclusive.
    pub inconclusive: usize,
    /// Only observed.
    pub observed: usize,
    /// Of those that failed: as a baseline expects.
    pub expected_fail: usize,
    /// Fails in which the broker itself did wrong.
    pub broken: usize,
    /// Fails in which it went on after something forbidden.
    pub lenient: usize,
}

impl Summary {
    /// Counts results.
    pub fn of<'a>(results: impl IntoIterator<Item = &'a CaseResult>) -> Self {
        let mut summary = Self::default();
        for result in results {
            summary.count_one(result.verdict, result.is_lenient());
        }
        summary
    }

    /// The sum of two.
    #[must_use]
    pub fn and(self, other: &Self) -> Self {
        Self {
            cases: self.cases + other.cases,
            pass: self.pass + other.pass,
            fail: self.fail + other.fail,
            weak: self.weak + other.weak,
            not_offered: self.not_offered + other.not_offered,
            not_exercised: self.not_exercised + other.not_exercised,
            inconclusive: self.inconclusive + other.inconclusive,
            observed: self.observed + other.observed,
            expected_fail: self.expected_fail + other.expected_fail,
            broken: self.broken + other.broken,
            lenient: self.lenient + other.lenient,
        }
    }

    /// How many came to a verdict about the broker.
    pub const fn judged(&self) -> usize {
        self.pass + self.fail + self.weak
    }

    /// Counts a case.
    pub fn count_one(&mut self, verdict: Verdict, is_lenient: bool) {
        self.cases += 1;
        *match verdict {
            Verdict::Fail => &mut self.fail,
            Verdict::Inconclusive => &mut self.inconclusive,
            Verdict::Weak => &mut self.weak,
            Verdict::Pass => &mut self.pass,
            Verdict::Observed => &mut self.observed,
            Verdict::NotOffered => &mut self.not_offered,
            Verdict::NotExercised => &mut self.not_exercised,
        } += 1;
        if verdict == Verdict::Fail {
            *if is_lenient { &mut self.lenient } else { &mut self.broken } += 1;
        }
    }
}
