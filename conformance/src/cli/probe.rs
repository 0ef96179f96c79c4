//! `mqtt-assay probe`: what a broker offers, and its limits, as a table, as JSON, and as a profile.

use super::broker::{Broker, BrokerArgs};
use super::choices::Versions;
use super::exit::Exit;
use super::failure::Failure;
use super::guard::{Guard, SILENCE};
use super::output::print;
use super::reports::{ReportFile, require_different_files};
use super::trouble;
use crate::broker::Target;
use crate::probe::{Findings, Place, ProbeOptions, Source, probe, profile, table};
use crate::report::TargetName;
use crate::run::clock;
use crate::scenario::base36;
use crate::text::{counted, now, paragraph, seconds};
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget};
use serde::Serialize;
use std::cell::RefCell;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const EXAMPLES: &str = "\
Examples:
  mqtt-assay probe mqtt://localhost:1883
  mqtt-assay probe mosquitto --json -
  mqtt-assay probe mqtt://localhost:1883 --write mine.toml && mqtt-assay run ./mine.toml

Each figure comes with how it was learnt: announced (in CONNACK), or tried. Limits are looked for one step beyond; with \
`>=` the search ended at its own bound, which is 16 MiB for packets (1 MiB on a broker beyond this machine), 256 MiB with \
--deep. A broker that dies of a try is named with it. Nothing is judged; topics begin with mqtt-assay/, and nothing is left behind unless it is \
interrupted.

Exit codes: 0 all was asked, 1 the broker died, 3 it can't be asked, 130 interrupted.";

/// The schema's number; it changes when a field changes its meaning or goes.
const SCHEMA: u32 = 1;

/// Letters of a line.
const WIDTH: usize = 80;

/// Letters of a run's own name.
const RUN_NAME: usize = 6;

/// How long one try may be silent on the machine's clock, besides its own limits: none is.
const LONGEST_TRY: Duration = Duration::from_mins(5);

/// Find out what a broker offers, and its limits
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ProbeArgs {
    #[command(flatten)]
    broker: BrokerArgs,

    /// Versions to ask in
    #[arg(long, value_enum, default_value = "all", value_name = "VERSION", help_heading = "How")]
    mqtt: Versions,

    /// Look further: packets of 256 MiB, thousands of levels, a thousand connections. Not for a broker in use
    #[arg(long, help_heading = "How")]
    deep: bool,

    /// Stretch the limits of time for a slow broker
    #[arg(long, value_name = "x2", default_value = "x1", value_parser = super::run::patience, help_heading = "How")]
    patience: u32,

    /// End after so many seconds, with what was found by then (exit 130)
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..), help_heading = "How")]
    timeout: Option<u64>,

    /// Write JSON; `-`: to standard output, in the place of the table
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    json: Option<PathBuf>,

    /// Write a profile for `mqtt-assay run`, in the place of what is in the file; `-` as with --json
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    write: Option<PathBuf>,
}

#[derive(Serialize)]
struct Report<'a> {
    schema: u32,
    tool: Tool,
    target: TargetName,
    /// UTC, RFC 3339.
    started: &'a str,
    took_ms: u128,
    deep: bool,
    exit: u8,
    #[serde(flatten)]
    found: &'a Findings,
}

#[derive(Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

/// Asks the broker, and tells what was found.
pub(crate) fn probe_broker(args: &ProbeArgs) -> Result<Exit, Failure> {
    let Broker { target, .. } = args.broker.resolve(1, args.patience, None)?;
    let source = args.write.as_ref().map(|_| source(args, &target)).transpose()?;
    let silence = if target.is_embedded() { SILENCE } else { LONGEST_TRY * args.patience };
    let guard = Guard::start(args.timeout.map(Duration::from_secs), Some(silence))
        .map_err(|error| trouble::no_means("nobody can watch over the probe", &error))?;
    let [json, write] = open(args, &guard)?;
    let (started, begun) = (now(), Instant::now());
    let found = RefCell::new(Findings::default());
    let is_whole = ask(args, &target, &guard, &found)?;
    let found = found.into_inner();
    let exit = exit_of(&found, is_whole);
    let name = TargetName::of(&target);
    drop(target);
    let to_stdout = [&args.json, &args.write].into_iter().flatten().any(|path| path.as_os_str() == "-");
    if !to_stdout {
        print(&told(&name, &found, begun.elapsed(), exit, is_whole))?;
    }
    if let Some(file) = json {
        let tool = Tool { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") };
        let took_ms = begun.elapsed().as_millis();
        let report = Report {
            schema: SCHEMA,
            tool,
            target: name,
            started: &started,
            took_ms,
            deep: args.deep,
            exit: exit.code(),
            found: &found,
        };
        file.written(|out| {
            serde_json::to_writer_pretty(&mut *out, &report)?;
            out.write_all(b"\n").and_then(|()| out.flush())
        })?;
    }
    if let (Some(file), Some(source)) = (write, source) {
        file.written(|out| out.write_all(profile(&source, &found).as_bytes()).and_then(|()| out.flush()))?;
    }
    Ok(exit)
}

/// What a profile is to name; a target that has no place of its own has none to be written.
fn source(args: &ProbeArgs, target: &Target) -> Result<Source, Failure> {
    let name = target.name();
    let user = args.broker.user();
    match (target, args.broker.command()) {
        (_, Some(command)) => Ok(Source { name, place: Place::Command(command), user }),
        (Target::Address(address), None) => {
            let host = address.url().split_once("://").map(|(_, place)| place.to_owned()).unwrap_or_default();
            Ok(Source { name: host, place: Place::Address(address.url()), user })
        }
        (Target::Listed(listed), None) => Ok(Source { name, place: Place::Address(listed.url()), user }),
        (Target::Embedded(_) | Target::Spawned(_), None) => Err(Failure::usage(
            "--write is for a broker at an address or one that is started with --spawn; this one needs no profile",
        )),
    }
}

/// The files, each tried before anything is asked.
fn open(args: &ProbeArgs, guard: &Guard) -> Result<[Option<ReportFile>; 2], Failure> {
    let options = [("--json", args.json.as_deref()), ("--write", args.write.as_deref())];
    let read = [("--password-file", args.broker.credentials.password_file.as_deref())];
    let named: Vec<(&str, &Path)> =
        read.into_iter().chain(options).filter_map(|(option, path)| Some((option, path?))).collect();
    require_different_files(&named)?;
    let [json, write] = options.map(|(_, path)| path.map(|path| ReportFile::open(path, guard)).transpose());
    Ok([json?, write?])
}

/// Asks, on the clock that the broker needs; whether it came to its end.
fn ask(args: &ProbeArgs, target: &Target, guard: &Guard, found: &RefCell<Findings>) -> Result<bool, Failure> {
    let run = if target.is_embedded() { 1 } else { RandomState::new().hash_one(()) };
    let options = ProbeOptions {
        versions: args.mqtt.list(),
        deep: args.deep,
        patience: args.patience,
        run: base36(run, RUN_NAME),
    };
    let bar = ProgressBar::new_spinner();
    bar.set_draw_target(if io::stderr().is_terminal() {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    });
    let on_step = |step: &str| {
        guard.note(step, true);
        guard.note(step, false);
        bar.set_message(step.to_owned());
        bar.tick();
    };
    let work = async {
        tokio::select! {
            biased;
            () = guard.asked_to_end() => Ok(false),
            asked = async {
                target.learn_version().await;
                probe(target, &options, found, on_step).await
            } => asked.map(|()| true),
        }
    };
    let asked = if target.is_embedded() {
        clock::simulated(work)
    } else {
        clock::real(work).map_err(|error| trouble::no_means("no runtime", &error))?
    };
    bar.finish_and_clear();
    asked.map_err(|why| nothing_found(target, &why))
}

/// What is said of a broker that can't be asked. One that was to be started says all by itself.
fn nothing_found(target: &Target, why: &str) -> Failure {
    let why = crate::text::single_line(why);
    let place = if target.outlives_run() { format!("{}: ", target.name()) } else { String::new() };
    let advice = "is it an MQTT broker, does it run there, does it want --user and --password-file?";
    let way_out = trouble::way_out(&why).or(target.outlives_run().then_some(advice));
    let way_out = way_out.map_or_else(String::new, |way_out| format!("\n  {way_out}"));
    Failure::new(Exit::NothingJudged, format!("nothing was found out: {place}{why}{way_out}"))
}

const fn exit_of(found: &Findings, is_whole: bool) -> Exit {
    if !is_whole {
        Exit::Interrupted
    } else if !found.deaths.is_empty() {
        Exit::Failed
    } else if !found.unfinished.is_empty() {
        Exit::NothingJudged
    } else {
        Exit::Success
    }
}

/// The table with a first and a last line.
fn told(name: &TargetName, found: &Findings, took: Duration, exit: Exit, is_whole: bool) -> String {
    let version = name.version.as_ref().map_or_else(String::new, |version| {
        format!(" {version} ({})", name.learnt_from.as_deref().unwrap_or("unknown"))
    });
    let result = match (is_whole, found.deaths.len()) {
        (false, _) => "ended before all was asked".to_owned(),
        (true, 0) if found.unfinished.is_empty() => "all was asked".to_owned(),
        (true, 0) => "not all could be asked".to_owned(),
        (true, deaths) => format!("the broker died {}", counted(deaths, "time")),
    };
    let head = format!("mqtt-assay {}: what {}{version} offers", env!("CARGO_PKG_VERSION"), name.name);
    format!(
        "{}\n\n{}\nResult: {result} ({}, exit code {})\n",
        paragraph(&head, WIDTH, 2),
        table(found),
        seconds(took),
        exit.code()
    )
}
