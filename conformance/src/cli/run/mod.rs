//! `mqtt-assay run`: certifies a broker.

mod args;
mod ending;
mod outputs;

pub(crate) use args::RunArgs;

use super::broker::Broker;
use super::exit::Exit;
use super::failure::Failure;
use super::guard::{Guard, SILENCE};
use super::trouble;
use crate::broker::Target;
use crate::explore::SEQUENCE;
use crate::report::console::Console;
use crate::report::document::Times;
use crate::report::remaining::Schedule;
use crate::report::{RunFacts, TargetName};
use crate::run::{Event, RunOptions, RunResult, clock};
use crate::scenario::Instance;
use ending::{Came, Outcome, conclude};
use mqtt_assay_codec::Version;
use mqtt_assay_standard::bounds;
use outputs::Outputs;
use std::time::{Duration, Instant};

/// How long nothing may happen in the run before that is a defect of ours. On the machine's clock a case may rightly be
/// silent up to its deadline, while a broker is being started for the next one.
fn silence(target: &Target, selected: &[Instance], args: &RunArgs) -> Duration {
    if target.is_embedded() {
        return SILENCE;
    }
    let waits = selected.iter().map(|instance| instance.case.waits()).max().unwrap_or_default();
    let longest = (bounds::CASE * bounds::DISTANT).max(SEQUENCE);
    (longest + bounds::START + bounds::CLEAN_UP) * args.patience + waits + SILENCE
}

/// Runs the cases, reports, and says how it ended.
pub(crate) fn run(args: &RunArgs) -> Result<Exit, Failure> {
    let is_alone = args.explore.is_alone(&args.filter);
    let selected = if is_alone { Vec::new() } else { args.filter.select(args.mqtt, args.variant)? };
    let Broker { target, words, before } = args.broker.resolve(args.seed, args.patience)?;
    let timeout = args.timeout.map(Duration::from_secs);
    // From here on a signal ends the run in order.
    let guard = Guard::start(timeout, Some(silence(&target, &selected, args)))
        .map_err(|error| trouble::no_means("nobody can watch over the run", &error))?;
    let reports = Outputs::open(args, &guard)?;
    let (started, begun) = (crate::text::now(), Instant::now());
    learn_version(&target, &guard)?;
    let facts = RunFacts {
        target: TargetName::of(&target),
        target_words: words,
        before,
        versions: if is_alone { args.mqtt.list() } else { versions_of(&selected) },
        seed: args.seed,
        cases: selected.len(),
        set_ups: target.set_ups(selected.iter().map(|instance| instance.case.variant)),
    };
    let options = args.options(&target, selected.len());
    let schedule = Schedule::of(&selected, options.jobs, !target.is_embedded(), begun);
    let mut console = args.console(&facts, schedule);
    console.say(&args.header(&facts));
    let mut outcome = if is_alone {
        Outcome::Ran(RunResult::default())
    } else {
        judge(&target, &selected, &options, &guard, &mut console)?
    };
    let mut sequences = None;
    match args.explore.play(&target, args.mqtt.list(), options, &guard, &facts, &mut console)? {
        Ok(played) => sequences = played,
        Err(nothing) if is_alone => outcome = Outcome::Nothing(nothing),
        // Behind the cases that is told already.
        Err(_) => {}
    }
    // Brokers that were started end here, before anything is written.
    drop(target);
    let times = Times { started, took: begun.elapsed() };
    let came = Came { outcome, sequences };
    Ok(conclude(args, &facts, &times, came, reports, &guard, console))
}

/// Asks a broker that is to be started for its version, as long as nobody asks the run to end.
fn learn_version(target: &Target, guard: &Guard) -> Result<(), Failure> {
    if target.is_embedded() {
        return Ok(());
    }
    let work = async {
        tokio::select! {
            biased;
            () = guard.asked_to_end() => {}
            () = target.learn_version() => {}
        }
    };
    clock::real(work).map_err(|error| trouble::no_means("no runtime", &error))
}

/// The run itself, on the clock that its broker needs.
fn judge(
    target: &Target,
    selected: &[Instance],
    options: &RunOptions,
    guard: &Guard,
    console: &mut Console,
) -> Result<Outcome, Failure> {
    let on_event = |event: Event<'_>| {
        match &event {
            Event::Started(instance) => guard.note(&instance.id(), true),
            Event::Finished(result) | Event::Revised(result) => guard.note(&result.instance.id(), false),
            Event::Postponed(instance) => guard.note(&instance.id(), false),
            Event::BrokerLost(_) | Event::Hint(_) | Event::NotSpoken(..) => {}
        }
        console.on_event(&event);
    };
    let work = async {
        tokio::select! {
            biased;
            () = guard.asked_to_end_before_it_began() => Outcome::Interrupted,
            result = crate::run::run(target, selected, options, guard.asked_to_end(), on_event) => match result {
                Ok(result) => Outcome::Ran(result),
                Err(nothing) => Outcome::Nothing(nothing),
            },
        }
    };
    if target.is_embedded() {
        return Ok(clock::simulated(work));
    }
    clock::real(work).map_err(|error| trouble::no_means("no runtime", &error))
}

fn versions_of(selected: &[Instance]) -> Vec<Version> {
    let mut versions: Vec<Version> = selected.iter().map(|instance| instance.version).collect();
    versions.sort();
    versions.dedup();
    versions
}
