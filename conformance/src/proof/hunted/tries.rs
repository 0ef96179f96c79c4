//! Tries: a bug, a seed, and what of the hunt takes part.

use super::bugs::Bug;
use crate::hunt::{Finding, Ground, HuntOptions, hunt};
use crate::proof::pairs::on_all_cores;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// How many tries there are, and how long each may take.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// Seeds of the whole hunt.
    pub seeds: u64,
    /// For each of its tries.
    pub time: Duration,
    /// Seeds without the auditor, and as many without feedback.
    pub control_seeds: u64,
    /// For each of those.
    pub control_time: Duration,
}

/// What came of one bug.
#[derive(Clone, Debug)]
pub struct HuntRow {
    /// The bug.
    pub bug: Bug,
    /// A try for each seed.
    pub whole: Vec<Option<Found>>,
    /// The auditor said nothing.
    pub without_auditor: Vec<Option<Found>>,
    /// Nothing was kept and varied.
    pub without_feedback: Vec<Option<Found>>,
}

/// How a bug was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// How many cases that took.
    pub cases: u64,
    /// How long, until the case that showed it.
    pub time: Duration,
    /// What was done in that case, and in the smallest.
    pub operations: (usize, usize),
    /// By which finding.
    pub key: String,
    /// What was seen, in words.
    pub seen: String,
    /// The record of the smallest case, where there is one.
    pub record: Option<String>,
}

/// Which part of the hunt takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Whole,
    WithoutAuditor,
    WithoutFeedback,
}

/// One try.
struct Try {
    bug: Bug,
    part: Part,
    seed: u64,
    time: Duration,
}

/// Hunts each of them, on all cores; `tell` hears of each try that is over.
pub fn prove_hunt(bugs: &[Bug], budget: Budget, tell: &(dyn Fn(&str) + Sync)) -> Vec<HuntRow> {
    let tries: Vec<Try> = bugs.iter().flat_map(|bug| tries(*bug, budget)).collect();
    let found = on_all_cores(&tries, |one| {
        let found = one.run();
        tell(&one.words(found.as_ref()));
        found
    });
    let mut rows: Vec<HuntRow> = Vec::new();
    for (one, found) in tries.iter().zip(found) {
        if rows.last().is_none_or(|row| row.bug != one.bug) {
            rows.push(HuntRow {
                bug: one.bug,
                whole: Vec::new(),
                without_auditor: Vec::new(),
                without_feedback: Vec::new(),
            });
        }
        let Some(row) = rows.last_mut() else { continue };
        match one.part {
            Part::Whole => row.whole.push(found),
            Part::WithoutAuditor => row.without_auditor.push(found),
            Part::WithoutFeedback => row.without_feedback.push(found),
        }
    }
    rows
}

fn tries(bug: Bug, budget: Budget) -> Vec<Try> {
    let part = |part, seeds, time| (1..=seeds).map(move |seed| Try { bug, part, seed, time });
    let controls = if bug.is_sound() { 0 } else { budget.control_seeds };
    part(Part::Whole, budget.seeds, budget.time)
        .chain(part(Part::WithoutAuditor, controls, budget.control_time))
        .chain(part(Part::WithoutFeedback, controls, budget.control_time))
        .collect()
}

impl Try {
    fn run(&self) -> Option<Found> {
        let options = HuntOptions {
            seed: self.seed,
            time: Some(self.time),
            jobs: 1,
            feedback: self.part != Part::WithoutFeedback,
            without_auditor: self.part == Part::WithoutAuditor,
            stops_at_first: true,
            ..HuntOptions::default()
        };
        let ground = Ground::Inside(self.bug.make(self.seed));
        match hunt(&ground, &options, &AtomicBool::new(false), &|_| {}, &mut |_| {}) {
            Ok(hunted) => hunted
                .findings
                .iter()
                .filter(|finding| finding.counts(true))
                .min_by_key(|finding| finding.first)
                .map(Found::of),
            // Not even a plain message gets through: that is found before the first case.
            Err(error) => Some(Found {
                cases: 0,
                time: Duration::ZERO,
                operations: (0, 0),
                key: "before the first case".to_owned(),
                seen: error.to_string(),
                record: None,
            }),
        }
    }

    fn words(&self, found: Option<&Found>) -> String {
        let Self { bug, part, seed, .. } = self;
        let part = match part {
            Part::Whole => "",
            Part::WithoutAuditor => ", without the auditor",
            Part::WithoutFeedback => ", without feedback",
        };
        let outcome = found.map_or_else(
            || "not found".to_owned(),
            |found| {
                let seconds = found.time.as_secs_f64();
                format!("{} cases, {seconds:.1} s, {}: {}", found.cases, found.key, found.seen)
            },
        );
        let details = bug.details(*seed);
        let mut words = format!("{} (seed {seed}{part}{details}): {}", bug.name(), crate::text::single_line(&outcome));
        // What is wrong with a false alarm is seen in its record alone.
        if let Some(record) = found.and_then(|found| found.record.as_ref()).filter(|_| bug.is_sound()) {
            words.push('\n');
            words.push_str(record.trim_end());
        }
        words
    }
}

impl Found {
    fn of(finding: &Finding) -> Self {
        Self {
            cases: finding.first.0 + 1,
            time: finding.first.1,
            operations: finding.operations,
            key: finding.key.to_string(),
            seen: finding.suspicion.seen.clone(),
            record: finding.transcript.as_ref().map(ToString::to_string),
        }
    }
}
