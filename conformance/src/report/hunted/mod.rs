//! What a hunt has found, as data that is written, read again and put together; and from it files for people: a finding that a
//! maintainer can act on, all of them as Markdown, and how it goes in a line.

mod finding;
mod merge;
mod words;

pub(crate) use finding::{Found, line, page, record, script, shown};
pub(crate) use merge::merge;
pub(crate) use words::{progress, result, summary};

use crate::hunt::{Hunted, Progress, roughly};
use crate::text::single_line;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// What makes it the report of a hunt, where other reports are read too.
const KIND: &str = "hunt";

/// The number of this format.
const SCHEMA: u32 = 1;

/// What the files of a hunt have to know of it.
#[derive(Debug, Clone)]
pub(crate) struct HuntFacts {
    /// The broker, as it is written on the command line.
    pub(crate) words: String,
    /// Its name and version.
    pub(crate) broker: String,
    /// Its address.
    pub(crate) address: String,
    pub(crate) seed: u64,
    /// Which part of how many, as `1/4`.
    pub(crate) shard: Option<String>,
    /// Weak findings count as well.
    pub(crate) is_strict: bool,
}

/// A hunt, or several put together.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct HuntReport {
    pub(crate) schema: u32,
    pub(crate) kind: String,
    pub(crate) tool: Tool,
    pub(crate) target: Target,
    /// The broker as it is written on the command line.
    pub(crate) command: String,
    pub(crate) seed: u64,
    pub(crate) strict: bool,
    /// The hunts that it is of.
    pub(crate) parts: Vec<Part>,
    pub(crate) took_ms: u64,
    pub(crate) exit: u8,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) trouble: Option<String>,
    pub(crate) cases: Cases,
    pub(crate) covered: [usize; 2],
    /// Sessions kept since they showed something new.
    pub(crate) kept: usize,
    pub(crate) deaths: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) memory_kb: Option<[u64; 2]>,
    pub(crate) canary: String,
    /// Of all cases that were drawn, in any order.
    pub(crate) planned: String,
    /// Of all bytes that the first who hunted has sent, in their order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) digest: Option<String>,
    pub(crate) ends: BTreeMap<String, BTreeMap<String, u64>>,
    pub(crate) findings: Vec<Found>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Tool {
    pub(crate) name: String,
    pub(crate) version: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Target {
    pub(crate) name: String,
    pub(crate) address: String,
}

/// One hunt of those that were put together.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Part {
    pub(crate) seed: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) shard: Option<String>,
    pub(crate) cases: u64,
    pub(crate) took_ms: u64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Cases {
    pub(crate) fresh: u64,
    pub(crate) kept: u64,
    pub(crate) sessions: u64,
    pub(crate) a_second: u64,
}

impl Cases {
    fn new([fresh, kept, sessions]: [u64; 3], took_ms: u64) -> Self {
        let a_second = (fresh + kept + sessions).saturating_mul(1000) / took_ms.max(1);
        Self { fresh, kept, sessions, a_second }
    }

    pub(crate) const fn each(&self) -> [u64; 3] {
        [self.fresh, self.kept, self.sessions]
    }
}

impl HuntReport {
    /// What a hunt has come to.
    pub(crate) fn of(hunted: &Hunted, facts: &HuntFacts, exit: u8) -> Self {
        let progress = &hunted.progress;
        let mut ends: BTreeMap<String, BTreeMap<String, u64>> = BTreeMap::new();
        for ((expected, end), count) in &hunted.ends {
            ends.entry((*expected).to_owned()).or_default().insert((*end).to_owned(), *count);
        }
        let took_ms = progress.time.as_millis() as u64;
        let part = Part { seed: facts.seed, shard: facts.shard.clone(), cases: progress.all(), took_ms };
        Self {
            schema: SCHEMA,
            kind: KIND.to_owned(),
            tool: Tool { name: env!("CARGO_PKG_NAME").to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() },
            target: Target { name: facts.broker.clone(), address: facts.address.clone() },
            command: facts.words.clone(),
            seed: facts.seed,
            strict: facts.is_strict,
            parts: vec![part],
            took_ms,
            exit,
            trouble: hunted.trouble.clone(),
            cases: Cases::new(progress.cases, took_ms),
            covered: [progress.covered.0, progress.covered.1],
            kept: progress.kept,
            deaths: progress.deaths,
            memory_kb: progress.memory.map(|(first, now)| [first, now]),
            canary: progress.canary.clone(),
            planned: format!("{:016x}", hunted.planned),
            digest: Some(format!("{:016x}", hunted.digest)),
            ends,
            findings: hunted.findings.iter().map(|finding| Found::of(finding, facts.seed)).collect(),
        }
    }

    /// Its JSON.
    pub(crate) fn json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    /// How it went.
    pub(crate) fn progress(&self) -> Progress {
        let mut by_rule = BTreeMap::new();
        for found in self.findings.iter().filter(|found| !found.known && found.is_confirmed()) {
            *by_rule.entry(format!("{}/{}", found.mqtt, found.rule.as_deref().unwrap_or("-"))).or_default() += 1;
        }
        Progress {
            time: Duration::from_millis(self.took_ms),
            cases: self.cases.each(),
            covered: (self.covered[0], self.covered[1]),
            by_rule,
            canary: self.canary.clone(),
            memory: self.memory_kb.map(|[first, now]| (first, now)),
            kept: self.kept,
            deaths: self.deaths,
        }
    }

    /// What files about it have to know.
    pub(crate) fn facts(&self) -> HuntFacts {
        HuntFacts {
            words: self.command.clone(),
            broker: self.target.name.clone(),
            address: self.target.address.clone(),
            seed: self.seed,
            shard: self.parts.first().and_then(|part| part.shard.clone()),
            is_strict: self.strict,
        }
    }

    /// Findings, the gravest first, and behind them what is known or was not seen again.
    pub(crate) fn sorted(&self) -> Vec<&Found> {
        let mut all: Vec<&Found> = self.findings.iter().collect();
        all.sort_by_key(|found| (found.known, !found.is_confirmed(), found.gravity(), &found.key));
        all
    }

    /// How many count, are weak, known, not seen again, and not repeated.
    pub(crate) fn counts(&self) -> [usize; 5] {
        let of = |wanted: &dyn Fn(&Found) -> bool| self.findings.iter().filter(|found| wanted(found)).count();
        let counting = of(&|found| found.counts(self.strict));
        [
            counting,
            of(&|found| !found.known && found.is_confirmed()) - counting,
            of(&|found| found.known),
            of(&|found| !found.known && !found.is_confirmed() && !found.is_untried()),
            of(&|found| !found.known && found.is_untried()),
        ]
    }
}

/// The report of a hunt in a text that was read; nothing where it is another report.
///
/// # Errors
///
/// In words, where it says something else than the format allows.
pub(crate) fn parse(name: &str, text: &[u8]) -> Result<Option<HuntReport>, String> {
    #[derive(Deserialize)]
    struct Head {
        kind: String,
        schema: u32,
    }
    match serde_json::from_slice::<Head>(text) {
        Ok(head) if head.kind == KIND && head.schema != SCHEMA => {
            return Err(format!("{name}: format {} of hunts; this program reads {SCHEMA}", head.schema));
        }
        Ok(head) if head.kind == KIND => {}
        _ => return Ok(None),
    }
    let wrong =
        |error: serde_json::Error| single_line(&format!("{name}: not a report of `mqtt-assay fuzz --json`: {error}"));
    serde_json::from_slice(text).map(Some).map_err(wrong)
}

/// A number for people.
fn megabytes(kilobytes: u64) -> f64 {
    roughly(kilobytes) / 1024.0
}

#[cfg(test)]
pub(super) mod tests;
