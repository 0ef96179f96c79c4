//! `mqtt-assay serve`: the reference broker on a socket, which names each rule that a client breaks; beside a command of the
//! user's it ends with it.

mod address;
mod args;
mod breach;
mod certificates;
mod clients;
mod each;
mod lines;
mod listen;
mod log;
mod report;
mod serving;

pub(crate) use args::ServeArgs;

use super::exit::Exit;
use super::failure::Failure;
use super::guard::Guard;
use super::reports::ReportFile;
use super::trouble;
use crate::broker::{Command, CommandEnd, Output};
use crate::run::clock;
use crate::text::single_line;
use clients::Ledger;
use listen::{Entrance, Listeners};
use log::Log;
use mqtt_assay_reference::Settings;
use report::{CommandReport, Facts};
use serving::Serving;
use std::ffi::OsString;
use std::time::Instant;

/// Serves until the command ends, or until it is interrupted.
pub(crate) fn serve(args: &ServeArgs) -> Result<Exit, Failure> {
    let settings = args.settings()?;
    let guard = Guard::start(None, None).map_err(|error| trouble::no_means("nobody can listen to signals", &error))?;
    let json = args.json.as_deref().map(|path| ReportFile::open(path, &guard)).transpose()?;
    let entrance = Entrance::of(args)?;
    if !args.each.is_empty() {
        return each::serve_each(args, &entrance, &guard, json);
    }
    clock::real(serve_here(args, settings, &entrance, &guard, json))
        .map_err(|error| trouble::no_means("no runtime", &error))?
}

/// How the service ended.
enum Ended {
    Interrupted,
    Command(CommandEnd),
}

async fn serve_here(
    args: &ServeArgs,
    settings: Settings,
    entrance: &Entrance,
    guard: &Guard,
    json: Option<ReportFile>,
) -> Result<Exit, Failure> {
    let (started, begun) = (crate::text::now(), Instant::now());
    let listeners = Listeners::bind(entrance, &settings.faults).await?;
    let has_command = !args.command.is_empty();
    let log = Log::start(has_command).map_err(|error| trouble::no_means("there is no thread for the log", &error))?;
    log.line(&listeners.greeting(has_command));
    if let Some(line) = listeners.certificates() {
        log.line(&line);
    }
    let serving = Serving::start(settings, &args.quirk, Some(log.clone()), args.verbose);
    listeners.serve(&serving);
    let ended = served(args, &listeners, guard).await?;
    if matches!(ended, Ended::Command(_)) {
        listeners.have_taken_all().await;
        serving.settle().await;
    }
    let ledger = serving.ledger();
    let facts = Facts {
        args,
        listening: listeners.urls(),
        started: &started,
        took: begun.elapsed(),
        command: command_report(args, &ended),
        ledger: &ledger,
    };
    let outcome = outcome(args, &ended, &ledger);
    log.end(&format!("{}{}", lines::summary(&ledger, args.strict), outcome.last_line()))?;
    let written =
        json.map_or(Ok(()), |file| file.written(|out| report::write(&facts, outcome.exit, &outcome.why, out)));
    match written {
        Err(failure) => Err(Failure { exit: Exit::worst(&[outcome.exit, failure.exit]), ..failure }),
        Ok(()) => Ok(outcome.exit),
    }
}

/// Ends with the command, or where there is none or it is too early, when it is interrupted.
async fn served(args: &ServeArgs, listeners: &Listeners, guard: &Guard) -> Result<Ended, Failure> {
    if args.command.is_empty() {
        guard.asked_to_end().await;
        return Ok(Ended::Interrupted);
    }
    let mut command = start(&args.command, listeners, Output::Through)?;
    let ended = tokio::select! {
        biased;
        ended = command.wait() => Some(ended),
        () = guard.asked_to_end() => None,
    };
    match ended {
        Some(Ok(end)) => Ok(Ended::Command(end)),
        Some(Err(why)) => Err(Failure::new(Exit::OurBug, format!("nobody knows how the command ended: {why}"))),
        None => {
            command.end().await;
            Ok(Ended::Interrupted)
        }
    }
}

/// Starts the command with the address in its environment.
fn start(words: &[OsString], listeners: &Listeners, output: Output) -> Result<Command, Failure> {
    Command::start(words, &listeners.environment(), output).map_err(|error| {
        let program = words.first().map(|word| single_line(&word.to_string_lossy())).unwrap_or_default();
        Failure::usage(format!("the command {program} can't be started: {error}"))
    })
}

fn command_report(args: &ServeArgs, ended: &Ended) -> Option<CommandReport> {
    let words = (!args.command.is_empty()).then(|| args.shown_command())?;
    let end = match ended {
        Ended::Command(end) => Some(end.status),
        Ended::Interrupted => None,
    };
    Some(CommandReport { words, status: end.map(|end| end.to_string()), exit: end.and_then(|end| end.code()) })
}

/// What it all comes to.
struct Outcome {
    exit: Exit,
    why: String,
    has_command: bool,
}

impl Outcome {
    /// With a command the reason of the exit code; without one there is nothing to explain.
    fn last_line(&self) -> String {
        if self.has_command { format!("exit {}: {}\n", self.exit.code(), self.why) } else { String::new() }
    }
}

fn outcome(args: &ServeArgs, ended: &Ended, ledger: &Ledger) -> Outcome {
    let broken = lines::broken(ledger, args.strict);
    let (exit, why) = match ended {
        Ended::Interrupted if args.command.is_empty() => (Exit::Success, "interrupted, as it was to be".to_owned()),
        Ended::Interrupted => (Exit::Interrupted, format!("interrupted before the command ended; {broken}")),
        Ended::Command(end) if ledger.counted(args.strict) > 0 => {
            (Exit::Failed, format!("{broken}; the command ended with {}", end.status))
        }
        Ended::Command(end) if !end.status.success() => {
            (Exit::CommandFailed, format!("the command failed by itself, with {}; {broken}", end.status))
        }
        Ended::Command(_) => (Exit::Success, format!("the command ended well; {broken}")),
    };
    Outcome { exit, why: single_line(&why), has_command: !args.command.is_empty() }
}
