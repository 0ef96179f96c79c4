//! Consumers of a run's events, and the texts they share.
//!
//! Uses `run` and what its results are made of. Whatever a broker has sent is hostile, and leaves here escaped.

pub(crate) mod console;
pub(crate) mod document;
pub(crate) mod explored;
pub(crate) mod html;
pub(crate) mod json;
pub(crate) mod junit;
#[cfg(test)]
mod samples;
pub(crate) mod text;

use crate::broker::Target;
use crate::link::{Line, What};
use crate::run::CaseResult;
use crate::scenario::{LeftBehind, RuleVerdict};
use crate::text::shell;
use mqtt_assay_codec::Version;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The broker under test, as reports name it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TargetName {
    /// Its name, or its address where there is no other.
    pub(crate) name: String,
    /// Where it is; empty for a broker in this process or of this run.
    pub(crate) address: String,
    /// Its version, where it is known.
    pub(crate) version: Option<String>,
    /// How the version was learnt.
    pub(crate) learnt_from: Option<String>,
}

impl TargetName {
    /// Asks the target.
    pub(crate) fn of(target: &Target) -> Self {
        let (version, learnt_from) = target.version().unzip();
        Self { name: target.name(), address: target.address(), version, learnt_from }
    }
}

/// How a run came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Ended {
    /// All selected cases have run.
    Complete,
    /// By a signal, or by a defect of ours.
    Interrupted,
    /// By `--timeout`.
    Timeout,
    /// After the first fail, as `--fail-fast` asks.
    FailFast,
    /// The control failed, or no case came to a verdict.
    NothingJudged,
    /// The broker was lost, and no other could be had in its place.
    BrokerDied,
}

impl Ended {
    /// The word in reports.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Interrupted => "interrupted",
            Self::Timeout => "timeout",
            Self::FailFast => "fail-fast",
            Self::NothingJudged => "nothing-judged",
            Self::BrokerDied => "broker-died",
        }
    }
}

/// The end of a run, as its reports state it.
#[derive(Debug, Clone)]
pub(crate) struct End {
    /// How it came about.
    pub(crate) ended: Ended,
    /// The exit code.
    pub(crate) exit: u8,
    /// What it all comes to, in one line.
    pub(crate) why: String,
    /// What may be left on the broker.
    pub(crate) left_behind: Vec<LeftBehind>,
    /// What generated sequences came to, where any were played.
    pub(crate) explore: Option<explored::ExploreReport>,
}

/// Everything about a run that its reports state besides its results.
#[derive(Debug, Clone)]
pub(crate) struct RunFacts {
    /// The broker.
    pub(crate) target: TargetName,
    /// How the target is written on the command line, quoted for a shell.
    pub(crate) target_words: String,
    /// What stands before the command that repeats a case: the variable with the password.
    pub(crate) before: String,
    /// The versions in use.
    pub(crate) versions: Vec<Version>,
    /// The seed.
    pub(crate) seed: u64,
    /// How many cases are selected.
    pub(crate) cases: usize,
}

impl RunFacts {
    /// The command that sends a record of this run again.
    pub(crate) fn replay(&self, file: &Path) -> String {
        let file = shell::for_shell(&file.to_string_lossy());
        format!("{}mqtt-assay replay {file} {}", self.before, self.target_words)
    }

    /// The command that runs one case of this run again.
    pub(crate) fn repeat(&self, case: &str) -> String {
        format!("{}mqtt-assay run {} -f {case} --seed {} -v", self.before, self.target_words, self.seed)
    }
}

/// The line of a case's transcript with what the case sent to bring the decision about: its last mutation before the
/// deciding line, else the last packet before it that is not just an answer to the broker.
pub(crate) fn cause<'a>(result: &'a CaseResult, rule: &RuleVerdict) -> Option<&'a Line> {
    let before = rule.line.unwrap_or(u32::MAX);
    let sent = || {
        result
            .transcript
            .lines
            .iter()
            .rev()
            .filter(move |line| line.number < before && matches!(line.what, What::Sent { .. }))
    };
    let mutated = sent().find(|line| matches!(line.what, What::Sent { mutation: Some(_), .. }));
    mutated.or_else(|| sent().find(|line| !is_answer(line))).or_else(|| sent().next())
}

/// Acknowledgements, and PINGREQ, which only asks whether the broker is still there.
fn is_answer(line: &Line) -> bool {
    let What::Sent { bytes, .. } = &line.what else { return false };
    bytes.first().is_some_and(|first| matches!(first >> 4, 4..=7 | 12))
}
