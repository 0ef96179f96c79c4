//! What `mqtt-assay fuzz` takes.

use crate::cli::broker::BrokerArgs;
use crate::cli::choices::Versions;
use clap::Args;
use std::path::PathBuf;
use std::time::Duration;

const EXAMPLES: &str = "\
Examples:
  mqtt-assay fuzz mosquitto --time 15m             start a known broker and hunt it
  mqtt-assay fuzz mqtt://localhost:1883            hunt a broker that is running
  mqtt-assay fuzz --spawn 'mybroker -p {port}'     start any broker, and watch its process too
  mqtt-assay fuzz embedded --cases 2000 --seed 7   the reference broker, in this process
  mqtt-assay fuzz mosquitto --corpus all --merge-corpus one two
                                                   the fewest sessions of both that show all
  mqtt-assay fuzz mosquitto --calibrate            what judging costs, beside a probe that does not judge

Each finding is written as it comes: a report, the shortest session as a transcript for `mqtt-assay replay`, and a script.
Exit code 0: nothing found, or only what the baseline knows; 1: findings; 3: the broker can't be reached.";

/// Hunt a live broker: crashes, hangs, leaks, broken rules
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct FuzzArgs {
    #[command(flatten)]
    pub(super) broker: BrokerArgs,

    /// How long: 90s, 15m, 2h; a minute where nothing is said
    #[arg(long, value_name = "TIME", value_parser = time)]
    time: Option<Duration>,

    /// Or how many cases; a batch on a kept connection counts as one
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) cases: Option<u64>,

    /// Decides what is sent; without it each hunt is another one
    #[arg(long, value_name = "N")]
    pub(super) seed: Option<u64>,

    /// How many hunt side by side
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub(super) jobs: u32,

    /// One part of several that hunt with the same seed: 1/4
    #[arg(long, value_name = "PART/OF", value_parser = shard)]
    pub(super) shard: Option<(u64, u64)>,

    /// Learn nothing from what comes: the same seed sends the same cases, byte for byte
    #[arg(long)]
    pub(super) no_feedback: bool,

    /// Sessions that were worth keeping: read at the beginning, added to while it runs
    #[arg(long, value_name = "DIR")]
    pub(super) corpus: Option<PathBuf>,

    /// Put folders of sessions together: play all on the broker, and keep the fewest that show all of it, in --corpus
    #[arg(long, value_name = "DIR", num_args = 1.., requires = "corpus")]
    pub(super) merge_corpus: Vec<PathBuf>,

    /// Where each finding is written
    #[arg(long, value_name = "DIR", default_value = "mqtt-assay-hunt")]
    pub(super) findings: PathBuf,

    /// Findings that are known, one key a line; they stay quiet
    #[arg(long, value_name = "FILE")]
    pub(super) baseline: Option<PathBuf>,

    /// Write the keys of all findings there, for --baseline
    #[arg(long, value_name = "FILE")]
    pub(super) write_baseline: Option<PathBuf>,

    /// Weak findings count as well
    #[arg(long)]
    pub(super) strict: bool,

    /// The broker's process, where the hunt has not started it: its memory, descriptors and threads
    #[arg(long, value_name = "PID")]
    pub(super) pid: Option<u32>,

    /// The host of a broker that is not on this machine, by who may hunt it
    #[arg(long, value_name = "HOST")]
    pub(super) i_am_authorised: Option<String>,

    /// Versions to hunt in, where the broker speaks them; one with a port for each is hunted at that of the newest
    #[arg(long, value_enum, value_name = "VERSION", default_value_t = Versions::All)]
    pub(super) mqtt: Versions,

    /// Cases in a second, at most; 100 where the broker is not on this machine
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) rate: Option<u32>,

    /// Send nothing: print the first N cases, with the reference broker's answers in the place of this one's
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub(super) dry_run: Option<u64>,

    /// Measure only: the rates of the hunt and of a probe that does not judge
    #[arg(long)]
    pub(super) calibrate: bool,

    /// Play each session on this broker as well, and tell where it does otherwise and no rule decides (repeatable)
    #[arg(long, value_name = "BROKER")]
    pub(super) against: Vec<String>,

    /// Only one kind of cases
    #[arg(long, value_name = "KIND", value_enum)]
    pub(super) only: Option<Only>,

    /// Leave out what the judge over all traffic says: shows what it is worth
    #[arg(long)]
    pub(super) without_auditor: bool,

    /// Write what was found as JSON; `-`: to standard output
    #[arg(long, value_name = "FILE")]
    pub(super) json: Option<PathBuf>,

    /// Write what was found as Markdown
    #[arg(long, value_name = "FILE")]
    pub(super) markdown: Option<PathBuf>,

    /// Write a page for people into this folder: DIR/index.html, one file that opens from a disk
    #[arg(long, value_name = "DIR")]
    pub(super) html: Option<PathBuf>,
}

/// A kind of cases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Only {
    /// One packet on a connection of its own
    Fresh,
    /// Packets and their answers on one connection
    Kept,
    /// Sessions of one to four clients
    Sessions,
}

impl Only {
    /// As the hunt numbers it.
    pub(super) const fn number(self) -> usize {
        self as usize
    }
}

impl FuzzArgs {
    /// How long, where that was said.
    pub(super) const fn given_time(&self) -> Option<Duration> {
        self.time
    }

    /// How long the hunt goes on; no limit where cases are counted.
    pub(super) fn time(&self) -> Option<Duration> {
        self.time.or(self.cases.is_none().then_some(Duration::from_mins(1)))
    }
}

fn time(text: &str) -> Result<Duration, String> {
    let (number, unit) = text.split_at(text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic()).len());
    let seconds = match unit {
        "s" | "" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return Err(format!("`{unit}` is no unit of time: s, m or h")),
    };
    let number: u64 = number.parse().map_err(|_| format!("`{text}` is no time: write 90s, 15m or 2h"))?;
    let seconds = number.checked_mul(seconds).filter(|seconds| (1..=30 * 86_400).contains(seconds));
    seconds.map(Duration::from_secs).ok_or_else(|| "from 1s to 30 days".to_owned())
}

fn shard(text: &str) -> Result<(u64, u64), String> {
    let parsed = text.split_once('/').and_then(|(part, of)| Some((part.parse().ok()?, of.parse().ok()?)));
    parsed
        .filter(|(part, of)| (1..=*of).contains(part))
        .ok_or_else(|| format!("`{text}`: write 1/4 for the first of four"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units() {
        assert_eq!(time("90"), Ok(Duration::from_secs(90)));
        assert_eq!(time("15m"), Ok(Duration::from_mins(15)));
        assert_eq!(time("3d"), Err("`d` is no unit of time: s, m or h".to_owned()));
        assert_eq!(time("m"), Err("`m` is no time: write 90s, 15m or 2h".to_owned()));
        assert!(time("0s").is_err() && time("9999999999999999999h").is_err());
    }

    #[test]
    fn a_shard_is_one_of_several() {
        assert_eq!(shard("2/3"), Ok((2, 3)));
        assert!(shard("4/3").is_err() && shard("0/3").is_err() && shard("x").is_err());
    }
}
