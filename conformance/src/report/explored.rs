//! What generated sequences have found: for people, and as a part of the JSON report.

use super::RunFacts;
use super::text::{in_short_words, place, row, style};
use crate::explore::{Explored, Finding};
use crate::scenario::Verdict;
use crate::text::{counted, single_line};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Steps of a sequence that are shown.
const STEPS_SHOWN: usize = 40;

/// A finding: which rule, what came, the steps that it takes, how to repeat it.
pub(crate) fn finding(finding: &Finding, file: Option<&Path>, facts: &RunFacts) -> String {
    let Finding { found, seed, index, sequence, steps_before, .. } = finding;
    let kept = sequence.steps.len();
    let style = style(found.verdict);
    let mut out =
        format!("{style}{:>13}{style:#} sequence {index} of seed {seed}: {}\n", found.verdict, found.rule.id());
    let rule = found.rule.rule();
    out.push_str(&row("rule", &format!("{}: {}", place(rule), rule.says)));
    let line = format!("{}, line {} of {}", in_short_words(&found.seen), found.line, single_line(&found.role));
    out.push_str(&row("came", &line));
    out.push_str(&row("steps", &format!("{kept} of {steps_before} are enough:")));
    let text = sequence.to_string();
    for step in text.lines().take(STEPS_SHOWN + 1) {
        out.push_str(&row("", step));
    }
    if kept > STEPS_SHOWN {
        out.push_str(&row("", &format!("and {} more", kept - STEPS_SHOWN)));
    }
    if let Some(file) = file {
        out.push_str(&row("repeat", &facts.replay(file)));
    }
    out
}

/// What it all comes to, one line after the other.
pub(super) fn summary(report: &ExploreReport) -> Vec<String> {
    let ExploreReport { sequences, findings, unfinished, .. } = report;
    let mut lines = vec![format!("{sequences} generated sequences: {}", counted(findings.len(), "finding"))];
    for finding in findings.iter().filter(|finding| finding.times > 1) {
        let FindingReport { rule, mqtt, times, .. } = finding;
        lines.push(format!("  {rule} of MQTT {mqtt} in {times} of them"));
    }
    for Unfinished { index, why } in unfinished.iter().take(STEPS_SHOWN) {
        lines.push(format!("  sequence {index} did not come to its end: {}", in_short_words(why)));
    }
    lines
}

/// The part of the JSON report.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ExploreReport {
    pub(super) sequences: u64,
    pub(super) seed: u64,
    pub(super) findings: Vec<FindingReport>,
    pub(super) unfinished: Vec<Unfinished>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct FindingReport {
    pub(super) rule: String,
    pub(super) mqtt: String,
    pub(super) verdict: Verdict,
    pub(super) seed: u64,
    pub(super) index: u64,
    /// How many sequences show it.
    pub(super) times: u64,
    pub(super) role: String,
    pub(super) line: u32,
    pub(super) seen: String,
    /// The cast, then a step a line.
    pub(super) steps: Vec<String>,
    /// Where its record is; `null` where it could not be written.
    pub(super) file: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Unfinished {
    pub(super) index: u64,
    pub(super) why: String,
}

/// As the JSON report tells it; `files` are those of the findings, in order.
pub(crate) fn report(explored: &Explored, seed: u64, files: &[Option<String>]) -> ExploreReport {
    let findings = explored.findings.iter().zip(files).map(|(finding, file)| FindingReport {
        rule: finding.found.rule.id().to_owned(),
        mqtt: finding.found.version.name().to_owned(),
        verdict: finding.found.verdict,
        seed: finding.seed,
        index: finding.index,
        times: finding.times,
        role: finding.found.role.clone(),
        line: finding.found.line,
        seen: finding.found.seen.clone(),
        steps: finding.sequence.to_string().lines().map(str::to_owned).collect(),
        file: file.clone(),
    });
    let unfinished = explored.unfinished.iter().map(|(index, why)| Unfinished { index: *index, why: single_line(why) });
    ExploreReport {
        sequences: explored.sequences,
        seed,
        findings: findings.collect(),
        unfinished: unfinished.collect(),
    }
}
