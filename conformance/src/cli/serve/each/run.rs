//! One run of the command beside a broker of its own.

use super::chosen::Chosen;
use crate::broker::Output;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::guard::Guard;
use crate::cli::serve::args::ServeArgs;
use crate::cli::serve::breach::counts;
use crate::cli::serve::listen::{Entrance, Listeners};
use crate::cli::serve::serving::Serving;
use crate::cli::serve::start;
use crate::cli::trouble;
use crate::run::clock;
use mqtt_assay_codec::Version;
use mqtt_assay_reference::Quirk;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Passes,
    Fails,
    Hangs,
    Interrupted,
}

impl Outcome {
    /// The word used in tables and reports.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Passes => "passes",
            Self::Fails => "fails",
            Self::Hangs => "hangs",
            Self::Interrupted => "interrupted",
        }
    }
}

/// A run, and what its clients broke.
pub(crate) struct Run {
    pub(crate) outcome: Outcome,
    /// Exit status or signal in words, and the exit code; of a command that ended by itself.
    pub(crate) status: Option<String>,
    pub(crate) exit: Option<i32>,
    /// What the command printed last.
    pub(crate) said: String,
    pub(crate) took: Duration,
    pub(crate) broken: BTreeMap<(Version, &'static str), u64>,
}

impl Run {
    /// How many breaches count.
    pub(crate) fn counted(&self, strict: bool) -> u64 {
        let counted = self.broken.iter().filter(|((version, rule), _)| counts(*version, rule, strict));
        counted.map(|(_, times)| times).sum()
    }

    /// The rules that it breaks and the other doesn't.
    pub(crate) fn breaks_beyond(&self, other: &Self) -> BTreeMap<(Version, &'static str), u64> {
        let beyond = self.broken.iter().filter(|(rule, _)| !other.broken.contains_key(*rule));
        beyond.map(|(rule, times)| (*rule, *times)).collect()
    }
}

/// Runs the command beside a broker with this fault or quirk, in a runtime of its own.
pub(super) fn run(
    args: &ServeArgs,
    entrance: &Entrance,
    chosen: Option<&Chosen>,
    guard: &Guard,
) -> Result<Run, Failure> {
    clock::real(run_here(args, entrance, chosen, guard)).map_err(|error| trouble::no_means("no runtime", &error))?
}

async fn run_here(
    args: &ServeArgs,
    entrance: &Entrance,
    chosen: Option<&Chosen>,
    guard: &Guard,
) -> Result<Run, Failure> {
    let quirks: Vec<Quirk> = args.quirk.iter().copied().chain(chosen.and_then(|chosen| chosen.quirk)).collect();
    let settings = args.settings_with(chosen.and_then(|chosen| chosen.fault), &quirks)?;
    let listeners = Listeners::bind(entrance, &settings.faults).await?;
    let serving = Serving::start(settings, &quirks, None, false);
    listeners.serve(&serving);
    let begun = Instant::now();
    let mut command = start(&args.command, &listeners, Output::Kept)?;
    let mut run = Run {
        outcome: Outcome::Hangs,
        status: None,
        exit: None,
        said: String::new(),
        took: Duration::ZERO,
        broken: BTreeMap::new(),
    };
    tokio::select! {
        biased;
        ended = command.wait() => {
            let end = ended.map_err(|why| Failure::new(Exit::OurBug, format!("nobody knows how the command ended: {why}")))?;
            run.outcome = if end.status.success() { Outcome::Passes } else { Outcome::Fails };
            (run.status, run.exit, run.said) = (Some(end.status.to_string()), end.status.code(), end.said);
        }
        () = guard.asked_to_end() => run.outcome = Outcome::Interrupted,
        () = sleep(Duration::from_secs(args.each_timeout)) => {}
    }
    run.took = begun.elapsed();
    if matches!(run.outcome, Outcome::Hangs | Outcome::Interrupted) {
        command.end().await;
    }
    if run.outcome == Outcome::Hangs {
        run.said = command.wait().await.map(|end| end.said).unwrap_or_default();
    }
    listeners.have_taken_all().await;
    serving.settle().await;
    run.broken = serving.ledger().by_rule.clone();
    Ok(run)
}
