//! `mqtt-assay fuzz`: hunts a live broker.

mod args;
mod dry;
mod files;
mod ground;
mod keeper;
mod measured;
mod merged;

pub(crate) use args::FuzzArgs;

use super::broker::Broker as Meant;
use super::exit::Exit;
use super::failure::Failure;
use super::guard::{Ending, Guard};
use super::trouble;
use crate::broker::{EmbeddedTarget, Target};
use crate::hunt::{Finding, Ground, HuntOptions, Hunted, hunt};
use crate::report::hunted::{Found, HuntFacts, HuntReport, line, progress, result};
use crate::text::Secrets;
use files::Outputs;
use keeper::{Keeper, Teller};
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::task::LocalSet;

/// Cases a second on brokers that are not on this machine.
const GENTLE: u32 = 100;

/// What came of the hunt, and of which broker.
struct Outcome {
    hunted: Hunted,
    facts: HuntFacts,
    /// Why a finding could not be written.
    problem: Option<std::io::Error>,
}

pub(crate) fn fuzz(args: &FuzzArgs) -> Result<Exit, Failure> {
    let seed = args.seed.unwrap_or_else(|| RandomState::new().hash_one(()) >> 32);
    let Meant { target, words, .. } = args.broker.resolve(seed, 1, None)?;
    if let Some(count) = args.dry_run {
        return dry::print(count, &options(args, &target, seed)?);
    }
    ground::require_leave(args, &target)?;
    let guard =
        Guard::start(None, None).map_err(|error| trouble::no_means("nobody can watch over the hunt", &error))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| trouble::no_means("no runtime", &error))?;
    if args.calibrate {
        return measured::measure(args, &target, seed, &runtime);
    }
    if !args.merge_corpus.is_empty() {
        return merged::merge(args, &target, &guard, &runtime);
    }
    hunt_down(args, &target, words, seed, &guard, &runtime)
}

/// A hunt, from its reports' places to its reports.
fn hunt_down(
    args: &FuzzArgs,
    target: &Target,
    words: String,
    seed: u64,
    guard: &Guard,
    runtime: &Runtime,
) -> Result<Exit, Failure> {
    let shard = args.shard.map(|(part, of)| format!("{part}/{of}"));
    let (broker, address, is_strict) = (target.name(), target.address(), args.strict);
    let facts = HuntFacts { words, broker, address, seed, shard, is_strict };
    let mut options = options(args, target, seed)?;
    let outputs = Outputs::open(args, guard)?;
    // They run as long as this is held.
    let others = ground::others(args, target, seed, runtime)?;
    options.against = others.iter().map(|(other, _)| Arc::clone(other)).collect();
    let outcome = match target {
        Target::Embedded(embedded) => hunt_inside(args, &options, facts, embedded, guard)?,
        _ => hunt_outside(args, &options, facts, target, guard, runtime)?,
    };
    conclude(args, outputs, &outcome, guard)
}

fn options(args: &FuzzArgs, target: &Target, seed: u64) -> Result<HuntOptions, Failure> {
    Ok(HuntOptions {
        seed,
        cases: args.cases,
        time: args.time(),
        jobs: args.jobs,
        shard: args.shard,
        feedback: !args.no_feedback,
        corpus: args.corpus.clone(),
        known: args.baseline.as_deref().map(files::known).transpose()?.unwrap_or_default(),
        rate: args.rate.or((!target.is_private()).then_some(GENTLE)),
        only: args.only.map(args::Only::number),
        without_auditor: args.without_auditor,
        against: Vec::new(),
        stops_at_first: false,
    })
}

/// The reference broker, in this process.
fn hunt_inside(
    args: &FuzzArgs,
    options: &HuntOptions,
    facts: HuntFacts,
    embedded: &EmbeddedTarget,
    guard: &Guard,
) -> Result<Outcome, Failure> {
    say_to(args, &format!("Hunting {} with seed {}\n", facts.broker, facts.seed));
    let make = embedded.maker().map_err(Failure::usage)?;
    let (told, stop) = (Told::new(args, &facts, Secrets::default()), AtomicBool::new(false));
    let teller = Teller::new();
    let is_done = AtomicBool::new(false);
    let hunted = std::thread::scope(|scope| {
        scope.spawn(|| stop_when_asked(guard, &stop, &is_done));
        let hunted = hunt(&Ground::Inside(make), options, &stop, &|finding| told.tell(finding, &teller), &mut |_| {});
        is_done.store(true, Ordering::Relaxed);
        hunted
    });
    finished(hunted, told, facts)
}

/// A broker behind sockets.
fn hunt_outside(
    args: &FuzzArgs,
    options: &HuntOptions,
    mut facts: HuntFacts,
    target: &Target,
    guard: &Guard,
    runtime: &Runtime,
) -> Result<Outcome, Failure> {
    let local = LocalSet::new();
    let place = local.block_on(runtime, async {
        target.learn_version().await;
        ground::find(target, args.mqtt).await
    })?;
    let version = target.version().map_or_else(String::new, |(version, _)| format!(" {version}"));
    facts.broker = format!("{}{version}", target.name());
    facts.address = format!("mqtt://{}", place.address);
    say_to(args, &format!("Hunting {} at {} with seed {}\n", facts.broker, place.address, facts.seed));
    let ground = Ground::Broker(place.broker(args.pid));
    let (told, stop) = (Told::new(args, &facts, place.secrets.clone()), AtomicBool::new(false));
    let (mut keeper, mut teller) = (Keeper { target, place, starts: 0, versions: args.mqtt }, Teller::new());
    let quiet = Teller::new();
    let hunted = hunt(&ground, options, &stop, &|finding| told.tell(finding, &quiet), &mut |now| {
        stop.fetch_or(guard.ending().is_some(), Ordering::Relaxed);
        if let Ground::Broker(broker) = &ground {
            local.block_on(runtime, keeper.turn(broker));
        }
        teller.turn(now);
    });
    teller.clear();
    finished(hunted, told, facts)
}

fn stop_when_asked(guard: &Guard, stop: &AtomicBool, is_done: &AtomicBool) {
    while !is_done.load(Ordering::Relaxed) {
        stop.fetch_or(guard.ending().is_some(), Ordering::Relaxed);
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn finished(hunted: std::io::Result<Hunted>, told: Told<'_>, facts: HuntFacts) -> Result<Outcome, Failure> {
    let problem = told.problem.into_inner().unwrap_or_else(PoisonError::into_inner);
    let unreachable = |error| Failure::new(Exit::NothingJudged, format!("{}: {error}", facts.broker));
    let mut hunted = hunted.map_err(unreachable)?;
    hunted.findings.iter_mut().for_each(|finding| finding.hide(&told.secrets));
    Ok(Outcome { hunted, facts, problem })
}

/// Who is told of findings.
struct Told<'a> {
    args: &'a FuzzArgs,
    facts: HuntFacts,
    secrets: Secrets,
    problem: Mutex<Option<std::io::Error>>,
}

impl<'a> Told<'a> {
    fn new(args: &'a FuzzArgs, facts: &HuntFacts, secrets: Secrets) -> Self {
        Self { args, facts: facts.clone(), secrets, problem: Mutex::default() }
    }

    /// Writes it, and says so once it is confirmed, or can't be.
    fn tell(&self, finding: &Finding, teller: &Teller) {
        let mut finding = finding.clone();
        finding.hide(&self.secrets);
        if let Err(error) = files::keep(&finding, &self.args.findings, &self.facts) {
            self.problem.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        }
        if !finding.is_known && finding.is_confirmed() {
            teller.clear();
            say_to(self.args, &line(&Found::of(&finding, self.facts.seed)));
        }
    }
}

fn conclude(args: &FuzzArgs, outputs: Outputs, outcome: &Outcome, guard: &Guard) -> Result<Exit, Failure> {
    let Outcome { hunted, facts, problem } = outcome;
    let mut report = HuntReport::of(hunted, facts, 0);
    let [counting, .., untried] = report.counts();
    let exit = match guard.ending() {
        Some(Ending::Signal) => Exit::Interrupted,
        _ if problem.is_some() => Exit::ReportNotWritten,
        _ if hunted.progress.all() == 0 => Exit::NothingJudged,
        _ if counting > 0 => Exit::Failed,
        _ if hunted.trouble.is_some() || untried > 0 => Exit::Inconclusive,
        _ => Exit::Success,
    };
    report.exit = exit.code();
    let say = |text: &str| say_to(args, text);
    say(&format!("{}\n", progress(&hunted.progress)));
    if let Some(trouble) = &hunted.trouble {
        say(&format!("The hunt ended early: {trouble}\n"));
    }
    say(&result(&report, &format!("; reports in {}", args.findings.display())));
    outputs.write(&report)?;
    if let Some(problem) = problem {
        let folder = args.findings.display();
        return Err(Failure::new(exit, format!("{folder}: {problem}; --findings names another folder")));
    }
    Ok(exit)
}

/// Says it where no report goes.
fn say_to(args: &FuzzArgs, text: &str) {
    if [&args.json, &args.markdown, &args.write_baseline].into_iter().flatten().any(|path| path.as_os_str() == "-") {
        let _ = write!(anstream::stderr(), "{text}");
    } else {
        say(text);
    }
}

fn say(text: &str) {
    // Nobody may be reading any more; the exit code says it all.
    let _ = write!(anstream::stdout(), "{text}");
}
