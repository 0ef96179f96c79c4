//! Consumers of a run's events, and the texts they share.
//!
//! Uses `run` and what its results are made of. Whatever a broker has sent is hostile, and leaves here escaped.

pub(crate) mod badge;
pub(crate) mod baseline;
mod behaviour;
pub(crate) mod brief;
pub(crate) mod certified;
pub(crate) mod console;
pub(crate) mod difference;
pub(crate) mod document;
pub(crate) mod events;
pub(crate) mod explored;
pub(crate) mod full;
pub(crate) mod fuzzed;
pub(crate) mod github;
mod groups;
pub(crate) mod html;
pub(crate) mod hunted;
pub(crate) mod issue;
pub(crate) mod json;
pub(crate) mod junit;
mod kept;
mod left;
mod lines;
pub(crate) mod markdown;
pub(crate) mod matrix;
pub(crate) mod merge;
pub(crate) mod next;
pub(crate) mod remaining;
#[cfg(test)]
mod samples;
pub(crate) mod schemas;
pub(crate) mod script;
pub(crate) mod summary;
pub(crate) mod tested;
pub(crate) mod text;

pub use kept::kept;

use crate::baseline::{Accepted, Expectations};
use crate::broker::{SetUp, Target};
use crate::link::{Line, What};
use crate::run::{CaseResult, Summary};
use crate::scenario::{LeftBehind, RuleVerdict, RunNames, Verdict};
use crate::text::shell;
use mqtt_assay_codec::Version;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

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
    /// By what it is reached, where that is not plain TCP: the name of the variant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) carrier: Option<String>,
    /// Its certificate was not checked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) insecure: bool,
}

impl TargetName {
    /// Asks the target.
    pub(crate) fn of(target: &Target) -> Self {
        let (version, learnt_from) = target.version().unzip();
        let carrier = target.carrier().map(|variant| variant.name.to_owned());
        Self { name: target.name(), address: target.address(), version, learnt_from, carrier, insecure: false }
    }

    /// With the version that a label names, where the broker has not told its own.
    pub(crate) fn labelled(mut self, labels: &[(String, String)]) -> Self {
        let named = labels.iter().rev().find(|(key, _)| key == "version");
        if let (None, Some((_, version))) = (&self.version, named) {
            (self.version, self.learnt_from) = (Some(version.clone()), Some("--label".to_owned()));
        }
        self
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
    /// How the run stands beside its baseline, where it has one.
    pub(crate) baseline: Option<baseline::BaselineReport>,
}

/// What a run was asked for that its results depend on.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked {
    /// Options.
    pub(crate) options: document::Choices,
    /// All selected cases, those of other shards included, in one word.
    pub(crate) selection: String,
    /// Which part of them is run.
    pub(crate) shard: Option<document::ShardOf>,
}

/// Everything about a run that its reports state besides its results.
#[derive(Debug, Clone)]
pub(crate) struct RunFacts {
    /// The broker.
    pub(crate) target: TargetName,
    /// What the user says of the run.
    pub(crate) labels: BTreeMap<String, String>,
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
    /// What else it was asked for.
    pub(crate) asked: Asked,
    /// What stands before the names of its topics and clients.
    pub(crate) names: RunNames,
    /// What is expected of the broker, where a baseline says so.
    pub(crate) expectations: Option<Arc<Expectations>>,
    /// How the broker is started, by variant, where the suite starts it.
    pub(crate) set_ups: BTreeMap<String, SetUp>,
}

impl RunFacts {
    /// Why this result is accepted, where the baseline lists all that is wrong with it.
    pub(crate) fn accepted(&self, result: &CaseResult) -> Option<Accepted> {
        self.expectations.as_ref()?.accepts(result, &self.names)
    }

    /// The counts of a version.
    pub(crate) fn summary(&self, version: Version, results: &[CaseResult]) -> Summary {
        let of_version = || results.iter().filter(|result| result.instance.version == version);
        let is_expected = |result: &&CaseResult| result.verdict == Verdict::Fail && self.accepted(result).is_some();
        Summary { expected_fail: of_version().filter(is_expected).count(), ..Summary::of(of_version()) }
    }

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
    let sent =
        || result.transcript.lines.iter().rev().filter(move |line| line.number < before && line.what.is_of_ours());
    let mutated = sent().find(|line| matches!(line.what, What::Sent { mutation: Some(_), .. }));
    mutated.or_else(|| sent().find(|line| !is_answer(line))).or_else(|| sent().next())
}

/// Acknowledgements, and PINGREQ, which only asks whether the broker is still there.
fn is_answer(line: &Line) -> bool {
    let What::Sent { bytes, .. } = &line.what else { return false };
    bytes.first().is_some_and(|first| matches!(first >> 4, 4..=7 | 12))
}
