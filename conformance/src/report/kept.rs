//! A run as the repository keeps it beside its findings, for the table of all brokers.

use super::document::{Choices, Document, Times, Transcripts};
use super::{Asked, End, Ended, RunFacts, TargetName, brief};
use crate::broker::Target;
use crate::run::{RunOptions, RunResult, Summary};
use mqtt_assay_codec::Version;
use std::io;
use std::time::Duration;

/// A whole run, made to its end, as a report in brief.
///
/// # Errors
///
/// None that a run can bring about.
pub fn kept(target: &Target, options: &RunOptions, result: &RunResult, took: Duration) -> io::Result<String> {
    let choices = Choices { patience: options.patience, intrusive: options.intrusive, ..Choices::default() };
    let name = TargetName::of(target);
    let facts = RunFacts {
        target_words: name.name.clone(),
        target: name,
        before: String::new(),
        versions: vec![Version::V3_1_1, Version::V5],
        seed: options.seed,
        cases: result.results.len(),
        asked: Asked { options: choices, ..Asked::default() },
        names: options.names.clone(),
        labels: std::collections::BTreeMap::new(),
        set_ups: std::collections::BTreeMap::new(),
        expectations: None,
    };
    let counts = Summary::of(&result.results);
    let (exit, why) = match (counts.fail, counts.inconclusive) {
        (0, 0) => (0, "pass".to_owned()),
        (0, inconclusive) => (6, format!("INCONCLUSIVE: {inconclusive} of {}", counts.cases)),
        (fail, _) => (1, format!("FAIL: {fail} of {}", counts.cases)),
    };
    let end = End { ended: Ended::Complete, exit, why, left_behind: Vec::new(), explore: None, baseline: None };
    let times = Times { started: crate::text::now(), took };
    brief::text(&Document::of(&facts, &times, &result.results, &end, Transcripts::Failed))
}
