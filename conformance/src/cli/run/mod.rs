//! `mqtt-assay run`: certifies a broker.

mod args;
mod ending;
mod github;
mod outputs;
mod report_args;

pub(crate) use args::{RunArgs, patience};
pub(super) use ending::{beside_baseline, judged_in_words};

use super::baselines::{Baselines, Named};
use super::broker::Broker;
use super::exit::Exit;
use super::failure::Failure;
use super::guard::{Guard, SILENCE};
use super::trouble;
use crate::broker::Target;
use crate::explore::SEQUENCE;
use crate::report::document::Times;
use crate::report::remaining::Schedule;
use crate::report::{RunFacts, TargetName};
use crate::run::{CaseResult, Event, RunOptions, RunResult, clock, run_expecting};
use crate::scenario::Instance;
use ending::{Came, Files, Outcome, conclude};
use github::Workflow;
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
    (longest + bounds::START + bounds::CLEAN_UP) * args.patience() + waits + SILENCE
}

/// Runs the cases, reports, and says how it ended.
pub(crate) fn run(args: &RunArgs) -> Result<Exit, Failure> {
    let args = &args.with_defaults_of_profile()?;
    let is_alone = args.explore.is_alone(&args.filter);
    if is_alone && (args.baseline.is_some() || args.write_baseline.is_some()) {
        let message = "a baseline is about cases, and --explore alone runs none; add -f '*' for both";
        return Err(Failure::usage(message));
    }
    // What a broker is reached by says nothing of which cases are run there.
    let carrier = args.variant.filter(|variant| variant.carrier.is_some());
    let needed = args.variant.filter(|_| carrier.is_none());
    let all = if is_alone { Vec::new() } else { args.filter.select(args.mqtt(), needed)? };
    let selected = args.part_of(&all)?;
    let Broker { target, words, before } = args.broker.resolve(args.seed, args.patience(), carrier)?;
    let timeout = args.timeout.map(Duration::from_secs);
    // From here on a signal ends the run in order.
    let guard = Guard::start(timeout, Some(silence(&target, &selected, args)))
        .map_err(|error| trouble::no_means("nobody can watch over the run", &error))?;
    let mut reports = Outputs::open(args, &guard)?;
    let named = Named {
        baseline: args.baseline.as_deref(),
        write_baseline: args.write_baseline.as_deref(),
        strict: args.strict,
        mark_varying: args.mark_varying,
    };
    let baselines = Baselines::open(&named, &guard)?;
    let (started, begun) = (crate::text::now(), Instant::now());
    learn_version(&target, &guard)?;
    let options = args.options(&target, selected.len());
    let facts = RunFacts {
        target: TargetName {
            insecure: args.broker.reach.is_insecure(),
            ..TargetName::of(&target).labelled(&args.label)
        },
        labels: args.label.iter().cloned().collect(),
        target_words: words,
        before,
        versions: if is_alone { args.mqtt().list() } else { versions_of(&selected) },
        seed: args.seed,
        cases: selected.len(),
        asked: args.asked(&options, &all),
        names: options.names.clone(),
        expectations: baselines.expected(),
        set_ups: target.set_ups(selected.iter().map(|instance| instance.case.variant)),
    };
    reports.begin(args, &facts, &started)?;
    let schedule = Schedule::of(&selected, options.jobs, !target.is_embedded(), begun);
    let mut console = args.console(&facts, schedule);
    let workflow = Workflow::begin(args.reports.github, &mut console);
    console.say(&args.header(&facts));
    let mut outcome = if is_alone {
        Outcome::Ran(RunResult::default())
    } else {
        judge(&target, &selected, &options, &guard, &facts, |event| {
            reports.on_event(event);
            console.on_event(event);
        })?
    };
    let mut sequences = None;
    match args.explore.play(&target, args.mqtt().list(), options, &guard, &facts, &mut console)? {
        Ok(played) => sequences = played,
        Err(nothing) if is_alone => outcome = Outcome::Nothing(nothing),
        // Behind the cases that is told already.
        Err(_) => {}
    }
    // Brokers that were started end here, before anything is written.
    drop(target);
    let times = Times { started, took: begun.elapsed() };
    let came = Came { outcome, sequences, workflow };
    Ok(conclude(args, &facts, &times, came, Files { reports, baselines }, &guard, console))
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
    facts: &RunFacts,
    mut tell: impl FnMut(&Event<'_>),
) -> Result<Outcome, Failure> {
    let on_event = |event: Event<'_>| {
        match &event {
            Event::Started(instance) => guard.note(&instance.id(), true),
            Event::Finished(result) | Event::Revised(result) => guard.note(&result.instance.id(), false),
            Event::Postponed(instance) => guard.note(&instance.id(), false),
            Event::BrokerLost(_) | Event::Hint(_) | Event::NotSpoken(..) => {}
        }
        tell(&event);
    };
    let is_expected = |result: &CaseResult| facts.accepted(result).is_some();
    let work = async {
        tokio::select! {
            biased;
            () = guard.asked_to_end_before_it_began() => Outcome::Interrupted,
            result = run_expecting(target, selected, options, guard.asked_to_end(), on_event, &is_expected) => match result {
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
