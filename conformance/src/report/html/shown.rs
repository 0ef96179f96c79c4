//! How a verdict is shown: a word, a sign that doesn't need its colour, and what it means.

use crate::report::document::CaseReport;
use crate::scenario::Verdict;

/// A verdict as the report shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Shown {
    Fail,
    /// A fail that a baseline lists.
    Expected,
    Inconclusive,
    Weak,
    Pass,
    Observed,
    NotOffered,
    NotExercised,
}

impl Shown {
    /// All of them, worst first.
    pub(super) const ALL: [Self; 8] = [
        Self::Fail,
        Self::Expected,
        Self::Inconclusive,
        Self::Weak,
        Self::Pass,
        Self::Observed,
        Self::NotOffered,
        Self::NotExercised,
    ];

    /// The case's own.
    pub(super) const fn of(case: &CaseReport) -> Self {
        Self::of_rule(case, case.verdict)
    }

    /// That of a rule of the case.
    pub(super) const fn of_rule(case: &CaseReport, verdict: Verdict) -> Self {
        match verdict {
            Verdict::Fail if case.expected_by_baseline.is_some() => Self::Expected,
            Verdict::Fail => Self::Fail,
            Verdict::Inconclusive => Self::Inconclusive,
            Verdict::Weak => Self::Weak,
            Verdict::Pass => Self::Pass,
            Verdict::Observed => Self::Observed,
            Verdict::NotOffered => Self::NotOffered,
            Verdict::NotExercised => Self::NotExercised,
        }
    }

    /// The word in addresses and in classes.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Fail => Verdict::Fail.word(),
            Self::Expected => "expected",
            Self::Inconclusive => Verdict::Inconclusive.word(),
            Self::Weak => Verdict::Weak.word(),
            Self::Pass => Verdict::Pass.word(),
            Self::Observed => Verdict::Observed.word(),
            Self::NotOffered => Verdict::NotOffered.word(),
            Self::NotExercised => Verdict::NotExercised.word(),
        }
    }

    /// The words for people.
    pub(super) const fn phrase(self) -> &'static str {
        match self {
            Self::Expected => "expected fail",
            Self::NotOffered => Verdict::NotOffered.phrase(),
            Self::NotExercised => Verdict::NotExercised.phrase(),
            other => other.word(),
        }
    }

    /// A sign that tells it without colour.
    pub(super) const fn sign(self) -> &'static str {
        match self {
            Self::Fail => "\u{2715}",
            Self::Expected => "\u{2717}",
            Self::Inconclusive => "?",
            Self::Weak => "~",
            Self::Pass => "\u{2713}",
            Self::Observed => "\u{25cb}",
            Self::NotOffered => "\u{2013}",
            Self::NotExercised => "\u{b7}",
        }
    }

    /// What it says of a rule.
    pub(super) const fn meaning(self) -> &'static str {
        match self {
            Self::Fail => {
                "A MUST was seen broken. Broken: it did wrong itself. Lenient: it went on after something that the standard \
                 forbids the other side."
            }
            Self::Expected => "A fail that the baseline lists, with its reason. It does not fail the run.",
            Self::Inconclusive => "The set-up failed and nothing was judged. Never a pass.",
            Self::Weak => "A recommendation was not kept, or a rule that the text only implies.",
            Self::Pass => "The rule was seen kept, at a named line of the transcript.",
            Self::Observed => "A permission was seen used or not used. No judgement.",
            Self::NotOffered => "It says itself, or the way it is set up does, that this can't be tried here.",
            Self::NotExercised => "Nothing happened that could break the rule.",
        }
    }

    /// Where it stands among all.
    pub(super) const fn place(self) -> usize {
        self as usize
    }
}
