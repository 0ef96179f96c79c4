//! The command line: arguments in, exit code out; one file a subcommand.
//!
//! The top floor: it may use every room, and no room uses it.

mod baseline;
mod baselines;
mod broker;
mod choices;
mod coverage;
mod credentials;
mod decode;
mod decoder;
mod exit;
mod explain;
mod explore;
mod failure;
mod fuzz;
mod guard;
mod labels;
mod list;
mod output;
mod probe;
mod profiles;
mod prove;
mod prove_hunt;
mod reach;
mod replay;
mod report;
mod reports;
mod run;
mod serve;
mod shell;
mod show;
mod tables;
mod trouble;

pub use exit::Exit;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};
use failure::Failure;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

const ABOUT: &str = "Decides whether an MQTT broker keeps the standard, rule by rule, with evidence";

const LONG_ABOUT: &str = "\
Decides whether an MQTT broker keeps the standard, rule by rule, with evidence.

Drives a broker through cases derived from MQTT 3.1.1 and 5.0. A verdict names its rule and the line of the record that \
decided it; what could not be judged is never a pass. Without a command it certifies the reference broker that is built in.";

const EXAMPLES: &str = "\
Examples:
  mqtt-assay                                   certify the embedded reference broker
  mqtt-assay run mqtt://localhost:1883         certify a broker that is running
  mqtt-assay run mosquitto                     start a known broker and certify it
  mqtt-assay run --spawn 'mybroker -p {port}'  start any broker and certify it
  mqtt-assay probe mosquitto                   what a broker offers, and its limits
  mqtt-assay show A.json                       read a report of run --json again
  mqtt-assay explain MQTT-3.3.2-2              what a rule says and how it is judged
  mqtt-assay decode 30 04 00 01 61 00          explain bytes field by field
  mqtt-assay decoder -- python3 shim.py        certify a packet decoder in any language
  mqtt-assay fuzz mosquitto --time 15m         hunt a live broker: crashes, hangs, broken rules
  mqtt-assay serve                             a strict broker that names each rule a client breaks

Exit codes: 0 all pass, 1 a fail, 2 usage, 3 nothing judged, 4 nothing selected, 5 baseline stale,
6 inconclusive; all of them: mqtt-assay explain exit-codes";

#[derive(Parser)]
#[command(name = "mqtt-assay", version, about = ABOUT, long_about = LONG_ABOUT, after_help = EXAMPLES)]
#[command(max_term_width = 100, disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    Run(Box<run::RunArgs>),
    List(list::ListArgs),
    Explain(explain::ExplainArgs),
    Coverage(coverage::CoverageArgs),
    Prove(prove::ProveArgs),
    Probe(Box<probe::ProbeArgs>),
    Replay(Box<replay::ReplayArgs>),
    Report(report::ReportArgs),
    Show(show::ShowArgs),
    Serve(Box<serve::ServeArgs>),
    Fuzz(Box<fuzz::FuzzArgs>),
    Decode(decode::DecodeArgs),
    Decoder(Box<decoder::DecoderArgs>),
    Completions(shell::CompletionsArgs),
    Man(shell::ManArgs),
    Baseline(baseline::BaselineArgs),
}

/// The whole program: reads the arguments of the process, does what they say, and tells how it ended.
pub fn main() -> ExitCode {
    let arguments: Vec<std::ffi::OsString> = std::env::args_os().collect();
    if let Some(exit) = crate::broker::supervise(&arguments) {
        return exit;
    }
    let exit = match Cli::try_parse_from(&arguments) {
        Ok(cli) => guarded(cli),
        Err(error) => refused(&error, &arguments),
    };
    ExitCode::from(exit.code())
}

/// Does the work. A panic, whose message has been printed by then, is our bug.
fn guarded(cli: Cli) -> Exit {
    match catch_unwind(AssertUnwindSafe(|| dispatch(cli))) {
        Ok(Ok(exit)) => exit,
        Ok(Err(failure)) => {
            complain(&failure);
            failure.exit
        }
        Err(_) => {
            complain(&Failure::new(Exit::OurBug, "a defect of mqtt-assay; please report it with the message above"));
            Exit::OurBug
        }
    }
}

fn dispatch(cli: Cli) -> Result<Exit, Failure> {
    match cli.command {
        None => run::run(&run::RunArgs::bare()),
        Some(Command::Run(args)) => run::run(&args),
        Some(Command::List(args)) => list::list(&args),
        Some(Command::Explain(args)) => explain::explain(&args),
        Some(Command::Coverage(args)) => coverage::coverage(&args),
        Some(Command::Prove(args)) => prove::prove(&args),
        Some(Command::Probe(args)) => probe::probe_broker(&args),
        Some(Command::Replay(args)) => replay::replay_file(&args),
        Some(Command::Report(args)) => report::report(&args),
        Some(Command::Show(args)) => show::show(&args),
        Some(Command::Serve(args)) => serve::serve(&args),
        Some(Command::Fuzz(args)) => fuzz::fuzz(&args),
        Some(Command::Decode(args)) => decode::decode(&args),
        Some(Command::Decoder(args)) => decoder::decoder(&args),
        Some(Command::Completions(args)) => shell::completions(&args),
        Some(Command::Man(args)) => shell::man(&args),
        Some(Command::Baseline(args)) => baseline::baseline(&args),
    }
}

/// Says on standard error what is wrong. If that can't be written either, the exit code must do.
fn complain(failure: &Failure) {
    use std::io::Write as _;
    let style = anstyle::AnsiColor::Red.on_default().bold();
    let _ = writeln!(anstream::stderr(), "{style}error:{style:#} {}", readable(&failure.message));
}

/// Help and version are no errors; for a broker in the place of the command there is a hint.
fn refused(error: &clap::Error, arguments: &[std::ffi::OsString]) -> Exit {
    if !error.use_stderr() {
        // Nobody may be reading help any more (`| head`).
        let _ = error.print();
        return Exit::Success;
    }
    print_refusal(error, arguments);
    let first = arguments.get(1).and_then(|first| first.to_str()).unwrap_or_default();
    if error.kind() == ErrorKind::InvalidSubcommand && broker::looks_like_one(first) {
        eprint_hint(&format!(
            "\n  tip: a broker goes behind `run`: mqtt-assay run {}",
            crate::text::shell::for_shell(&crate::text::without_password(first))
        ));
    }
    Exit::Usage
}

/// The longest line that is shown as it is, in characters.
const LONGEST_LINE: usize = 900;

/// A message as a terminal can show it, whoever brought what it repeats.
fn readable(message: &str) -> String {
    crate::text::visible(message).lines().map(shortened).collect::<Vec<_>>().join("\n")
}

/// Prints what clap says. It repeats what was written, which may be long, hold a password, or hold what a terminal obeys.
fn print_refusal(error: &clap::Error, arguments: &[std::ffi::OsString]) {
    let plain = without_passwords(error.render().to_string(), arguments);
    let shown = readable(&plain);
    if shown == plain.trim_end_matches('\n') {
        say(&without_passwords(error.render().ansi().to_string(), arguments));
    } else {
        say(&format!("{shown}\n"));
    }
}

fn shortened(line: &str) -> String {
    match line.char_indices().nth(LONGEST_LINE) {
        None => line.to_owned(),
        Some((end, _)) => format!("{}... ({} letters)", &line[..end], line.chars().count()),
    }
}

fn eprint_hint(text: &str) {
    say(&format!("{text}\n"));
}

fn say(text: &str) {
    use std::io::Write as _;
    let _ = write!(anstream::stderr(), "{text}");
}

/// The text without the passwords of addresses that are quoted in it.
fn without_passwords(text: String, arguments: &[std::ffi::OsString]) -> String {
    let addresses = arguments.iter().filter_map(|argument| argument.to_str()).filter(|argument| argument.contains('@'));
    addresses.fold(text, |text, address| text.replace(address, &crate::text::without_password(address)))
}
