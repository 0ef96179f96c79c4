//! Baselines: what a broker is known to do otherwise than the standard says, as a file that people keep beside their broker.
//! How it is read and written, how a run is held against it, and how it is brought up to date.
//!
//! Uses `run` and what its results are made of. Reports tell what it comes to; nothing here writes to a terminal.

mod came;
mod compare;
mod entry;
mod known;
mod logical;
mod names;
mod read;
mod renew;
mod write;

pub(crate) use came::{Came, RuleCame, seen};
pub(crate) use compare::{Comparison, Difference, Kind, compare};
pub(crate) use entry::{Baseline, Entry, Key};
pub(crate) use known::{Unknown, unknown};
pub(crate) use read::read;
pub(crate) use renew::{Changes, How, renewed, taken_over};
pub(crate) use write::write;

use crate::run::CaseResult;
use crate::scenario::RunNames;

/// A baseline that a run is held against.
#[derive(Debug)]
pub(crate) struct Expectations {
    /// Its file, as the command line names it.
    pub(crate) file: String,
    /// What stands in it.
    pub(crate) baseline: Baseline,
    /// A weak case that is not listed counts as failed.
    pub(crate) is_strict: bool,
    /// Where this run has written the file: what it has changed in it.
    pub(crate) written: Option<Changes>,
}

/// Why a case that isn't as it should be is accepted.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Accepted {
    /// In words; empty where nobody has written any.
    pub(crate) reason: String,
    /// Where more is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) link: Option<String>,
}

impl Expectations {
    /// The same of what has come of a case.
    pub(crate) fn accepts_what_came(&self, came: &Came) -> Option<Accepted> {
        compare::accepted(&self.baseline, came, self.is_strict)
    }

    /// Why this result is accepted, if all of it that isn't as it should be is as listed.
    pub(crate) fn accepts(&self, result: &CaseResult, names: &RunNames) -> Option<Accepted> {
        compare::accepted(&self.baseline, &Came::of(result, names), self.is_strict)
    }
}
