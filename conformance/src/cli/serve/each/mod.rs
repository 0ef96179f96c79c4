//! `serve --each`: the command once beside a sound broker, then once beside each that has one fault or one quirk, and a table of
//! what it survives.

mod chosen;
mod report;
mod run;
mod table;

use super::args::ServeArgs;
use super::listen::Entrance;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::guard::Guard;
use crate::cli::output::{print, print_aside};
use crate::cli::reports::ReportFile;
use chosen::{Chosen, Kind};
use run::{Outcome, Run};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Instant;

/// All runs, and what they come to.
pub(super) struct All {
    pub(super) control: Run,
    /// Those that were run, in the order of their names' tables.
    pub(super) runs: Vec<(Chosen, Run)>,
    pub(super) selected: usize,
    pub(super) exit: Exit,
    pub(super) why: String,
}

/// Runs the command beside each.
pub(super) fn serve_each(
    args: &ServeArgs,
    entrance: &Entrance,
    guard: &Guard,
    json: Option<ReportFile>,
) -> Result<Exit, Failure> {
    let (started, begun) = (crate::text::now(), Instant::now());
    let chosen = chosen::choose(&args.each)?;
    let tell = if args.json.as_deref() == Some(Path::new("-")) { print_aside } else { print };
    let width = chosen.iter().map(|chosen| chosen.name.len()).max().unwrap_or_default().max(table::CONTROL.len());
    let control = run::run(args, entrance, None, guard)?;
    tell(&table::row(table::CONTROL, width, &control, &control, args))?;
    let (selected, passes) = (chosen.len(), control.outcome == Outcome::Passes);
    let runs = if passes {
        all(args, entrance, chosen, guard, |chosen, run| tell(&table::row(&chosen.name, width, run, &control, args)))?
    } else {
        Vec::new()
    };
    let (exit, why) = result(args, &control, &runs, guard);
    let all = All { control, runs, selected, exit, why };
    tell(&table::summary(&all, args))?;
    let written =
        json.map_or(Ok(()), |file| file.written(|out| report::write(args, &all, &started, begun.elapsed(), out)));
    written.map_err(|failure| Failure { exit: Exit::worst(&[exit, failure.exit]), ..failure }).map(|()| exit)
}

/// Runs them, as many side by side as was asked for, and tells of each in their order.
fn all(
    args: &ServeArgs,
    entrance: &Entrance,
    chosen: Vec<Chosen>,
    guard: &Guard,
    mut each: impl FnMut(&Chosen, &Run) -> Result<(), Failure>,
) -> Result<Vec<(Chosen, Run)>, Failure> {
    let next = AtomicUsize::new(0);
    let (sender, came) = channel();
    let runs = std::thread::scope(|scope| {
        for _ in 0..args.jobs {
            let (sender, next, chosen) = (sender.clone(), &next, &chosen);
            scope.spawn(move || work(args, entrance, chosen, next, guard, &sender));
        }
        drop(sender);
        in_order(&chosen, &came, &mut each)
    })?;
    Ok(chosen.into_iter().zip(runs).collect())
}

/// One of those side by side: takes the next, until there is none or the run is to end.
fn work(
    args: &ServeArgs,
    entrance: &Entrance,
    chosen: &[Chosen],
    next: &AtomicUsize,
    guard: &Guard,
    sender: &Sender<(usize, Result<Run, Failure>)>,
) {
    while guard.ending().is_none() {
        let index = next.fetch_add(1, Ordering::Relaxed);
        let Some(one) = chosen.get(index) else { return };
        if sender.send((index, run::run(args, entrance, Some(one), guard))).is_err() {
            return;
        }
    }
}

/// Tells of each as soon as all before it are there; what was interrupted, and all behind it, is left out.
fn in_order(
    chosen: &[Chosen],
    came: &Receiver<(usize, Result<Run, Failure>)>,
    each: &mut impl FnMut(&Chosen, &Run) -> Result<(), Failure>,
) -> Result<Vec<Run>, Failure> {
    let (mut early, mut told) = (BTreeMap::new(), Vec::new());
    for (index, run) in came {
        early.insert(index, run?);
        while let Some(run) = early.remove(&told.len()) {
            if run.outcome == Outcome::Interrupted {
                return Ok(told);
            }
            each(&chosen[told.len()], &run)?;
            told.push(run);
        }
    }
    Ok(told)
}

/// What it all comes to.
fn result(args: &ServeArgs, control: &Run, runs: &[(Chosen, Run)], guard: &Guard) -> (Exit, String) {
    if guard.ending().is_some() {
        return (Exit::Interrupted, format!("interrupted after {}", crate::text::counted(runs.len(), "run")));
    }
    if control.outcome != Outcome::Passes {
        let why = "the command doesn't pass beside the sound broker, so that nothing was compared".to_owned();
        return (Exit::CommandFailed, why);
    }
    let fallen = runs.iter().filter(|(chosen, run)| chosen.kind == Kind::Quirk && run.outcome != Outcome::Passes);
    let breaks = |run: &Run| run.counted(args.strict) > 0;
    let breaking = runs.iter().map(|(_, run)| run).chain([control]).filter(|run| breaks(run));
    let fallen = match fallen.count() {
        0 => None,
        count => Some(format!("it doesn't pass beside {}", crate::text::counted(count, "quirk"))),
    };
    let breaking = match breaking.count() {
        0 => None,
        count => Some(format!("it breaks rules in {}", crate::text::counted(count, "run"))),
    };
    match fallen.into_iter().chain(breaking).collect::<Vec<_>>().join(", and ") {
        none if none.is_empty() => (Exit::Success, "no quirk was too much for it, and it breaks no rule".to_owned()),
        wrong => (Exit::Failed, wrong),
    }
}
