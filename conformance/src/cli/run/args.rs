//! The arguments of `mqtt-assay run`, and what they come to: options of the run, the console, the head of its text.

use super::super::broker::BrokerArgs;
use super::super::choices::{FilterArgs, Versions, variant};
use super::super::explore::ExploreArgs;
use super::super::output::Color;
use crate::broker::{Target, Variant};
use crate::report::console::{Console, Verbosity};
use crate::report::document::Transcripts;
use crate::report::{RunFacts, TargetName};
use crate::run::{Order, RunOptions};
use crate::scenario::{RunNames, base36};
use crate::text::counted;
use anstream::AutoStream;
use clap::{ArgAction, Args, Parser, ValueEnum};
use indicatif::ProgressDrawTarget;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  mqtt-assay run mqtt://localhost:1883
  mqtt-assay run mosquitto -f 'chapter(publish) & level(must)' -v
  mqtt-assay run --spawn 'mybroker --port {port}' --mqtt 5 --json report.json
  mqtt-assay run --fault drops-binary      see the suite catch a broken broker
  mqtt-assay run mqtt://10.0.0.7 --user ann --password-file secret.txt --bad-password no

What may follow -f: mqtt-assay explain filters. Limits of time: mqtt-assay explain bounds.";

/// The seed of a run that names none: the same run every time.
const DEFAULT_SEED: u64 = 1;

/// How many cases run side by side where nobody says.
const DEFAULT_JOBS: usize = 64;

/// The longest client identifier prefix that leaves room for run, case and role within 23 bytes.
const LONGEST_CLIENT_ID_PREFIX: usize = 9;

/// Letters of a run's own name.
const RUN_NAME: usize = 6;

/// Certify a broker: run the cases against it
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(super) broker: BrokerArgs,

    #[command(flatten, next_help_heading = "Which cases")]
    pub(super) filter: FilterArgs,

    /// Versions to run
    #[arg(long, value_enum, default_value = "all", value_name = "VERSION", help_heading = "Which cases")]
    pub(super) mqtt: Versions,

    /// Run only cases that need this set-up of the broker
    #[arg(long, value_name = "VARIANT", value_parser = variant, help_heading = "Which cases")]
    pub(super) variant: Option<Variant>,

    /// Run intrusive cases also on a broker beyond this machine
    #[arg(long, help_heading = "Which cases")]
    intrusive: bool,

    /// Cases side by side: a number, or `all`. Three times as many more may wait
    #[arg(short, long, default_value_t = Jobs::Number(DEFAULT_JOBS), value_parser = jobs, help_heading = "How")]
    jobs: Jobs,

    /// End the whole run after so many seconds (exit 130)
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..), help_heading = "How")]
    pub(super) timeout: Option<u64>,

    /// Stretch the suite's own limits of time for a slow broker
    #[arg(long, value_name = "x2", default_value = "x1", value_parser = patience, help_heading = "How")]
    pub(super) patience: u32,

    /// Order of starting: `listed` (long waits first) or `random` (by the seed)
    #[arg(long, value_enum, default_value_t, help_heading = "How")]
    order: OrderChoice,

    /// Decides the random order, and on the embedded broker all names
    #[arg(long, default_value_t = DEFAULT_SEED, help_heading = "How")]
    pub(super) seed: u64,

    /// Start no more cases after the first fail
    #[arg(long, help_heading = "How")]
    fail_fast: bool,

    /// Count a weak case as failed (exit 1)
    #[arg(long, help_heading = "How")]
    pub(super) strict: bool,

    #[command(flatten)]
    pub(super) explore: ExploreArgs,

    /// Before every topic of the suite
    #[arg(long, value_name = "PREFIX", default_value = "mqtt-assay", value_parser = topic_prefix, help_heading = "How")]
    topic_prefix: String,

    /// Before every client identifier of the suite: at most 9 letters and digits
    #[arg(long, value_name = "PREFIX", default_value = "ma", value_parser = client_id_prefix, help_heading = "How")]
    client_id_prefix: String,

    /// Write a JSON report; `-`: to standard output, and the text to standard error
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(super) json: Option<PathBuf>,

    /// Write a JUnit report, as CI servers read it; `-` as with --json
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(super) junit: Option<PathBuf>,

    /// Write an HTML report for people into this folder: DIR/index.html, one file that opens from a disk
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    pub(super) html: Option<PathBuf>,

    /// Transcripts in the reports: whole of cases that are not as they should be; of the others the deciding lines (in
    /// JSON), all, or none
    #[arg(long, value_enum, default_value_t, help_heading = "Output")]
    pub(super) transcripts: Transcripts,

    /// A bar: `auto` on a terminal, `always` also where only standard error is one
    #[arg(long, value_enum, default_value_t, value_name = "WHEN", help_heading = "Output")]
    progress: Progress,

    /// Colours
    #[arg(long, value_enum, default_value_t, value_name = "WHEN", help_heading = "Output")]
    color: Color,

    /// Say only what isn't right, and the summary
    #[arg(short, long, conflicts_with = "verbose", help_heading = "Output")]
    pub(super) quiet: bool,

    /// Print transcripts of cases that don't pass; twice: of all
    #[arg(short, long, action = ArgAction::Count, help_heading = "Output")]
    verbose: u8,
}

/// How many cases run side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Jobs {
    Number(usize),
    All,
}

impl std::fmt::Display for Jobs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::All => f.write_str("all"),
        }
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum OrderChoice {
    #[default]
    Listed,
    Random,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Progress {
    #[default]
    Auto,
    Always,
    Never,
}

/// So that a bare `mqtt-assay` has the same defaults.
#[derive(Parser)]
struct Bare {
    #[command(flatten)]
    run: RunArgs,
}

impl RunArgs {
    /// The arguments of `mqtt-assay run` without any.
    pub(crate) fn bare() -> Self {
        Bare::parse_from(["mqtt-assay"]).run
    }

    fn verbosity(&self) -> Verbosity {
        match (self.quiet, self.verbose) {
            (true, _) => Verbosity::Quiet,
            (false, 0) => Verbosity::Normal,
            (false, 1) => Verbosity::Transcripts,
            (false, _) => Verbosity::AllTranscripts,
        }
    }

    pub(super) fn options(&self, target: &Target, cases: usize) -> RunOptions {
        let run = if target.is_embedded() { self.seed } else { RandomState::new().hash_one(()) };
        RunOptions {
            seed: self.seed,
            jobs: match self.jobs {
                Jobs::Number(jobs) => jobs,
                Jobs::All => cases,
            },
            patience: self.patience,
            order: match self.order {
                OrderChoice::Listed => Order::LongWaitsFirst,
                OrderChoice::Random => Order::Random,
            },
            fail_fast: self.fail_fast,
            intrusive: self.intrusive || target.is_private(),
            names: RunNames {
                topic_prefix: self.topic_prefix.clone(),
                client_id_prefix: self.client_id_prefix.clone(),
                run: base36(run, RUN_NAME),
            },
        }
    }

    pub(super) fn console(&self, facts: &RunFacts) -> Console {
        let to_stdout = ![&self.json, &self.junit].into_iter().flatten().any(|path| path.as_os_str() == "-");
        let out: Box<dyn Write> = if to_stdout {
            Box::new(AutoStream::new(io::stdout(), self.color.on_stdout()))
        } else {
            Box::new(AutoStream::new(io::stderr(), self.color.on_stderr()))
        };
        let is_terminal = if to_stdout { io::stdout().is_terminal() } else { io::stderr().is_terminal() };
        let bar = match self.progress {
            Progress::Auto | Progress::Always if is_terminal && to_stdout => Some(ProgressDrawTarget::stdout()),
            Progress::Auto if is_terminal => Some(ProgressDrawTarget::stderr()),
            Progress::Always if io::stderr().is_terminal() => Some(ProgressDrawTarget::stderr()),
            Progress::Auto | Progress::Always | Progress::Never => None,
        };
        Console::new(out, facts.clone(), self.verbosity(), bar)
    }

    pub(super) fn header(&self, facts: &RunFacts) -> String {
        if self.quiet {
            return String::new();
        }
        let TargetName { name, version, learnt_from, .. } = &facts.target;
        let version = version.as_ref().map_or_else(String::new, |version| {
            format!(" {version} ({})", learnt_from.as_deref().unwrap_or("unknown"))
        });
        let versions = facts.versions.iter().map(|version| version.name()).collect::<Vec<_>>().join(" and ");
        let mut out = format!(
            "mqtt-assay {}: {} of MQTT {versions} on {name}{version}, seed {}\n",
            env!("CARGO_PKG_VERSION"),
            match self.explore.count() {
                Some(count) if self.explore.is_alone(&self.filter) => format!("{count} generated sequences"),
                Some(count) => format!("{} and {count} generated sequences", counted(facts.cases, "case")),
                None => counted(facts.cases, "case"),
            },
            facts.seed
        );
        if self.broker.is_default() {
            out.push_str("This is the reference broker that is built in. To certify yours:\n");
            out.push_str("  mqtt-assay run mqtt://HOST:PORT | mosquitto | --spawn 'COMMAND -p {port}'\n");
        }
        out.push('\n');
        out
    }
}

fn jobs(text: &str) -> Result<Jobs, String> {
    match text.parse() {
        _ if text == "all" => Ok(Jobs::All),
        Ok(number) if number > 0 => Ok(Jobs::Number(number)),
        _ => Err("write a number from 1, or `all`".to_owned()),
    }
}

fn patience(text: &str) -> Result<u32, String> {
    match text.strip_prefix('x').unwrap_or(text).parse() {
        Ok(times @ 1..=100) => Ok(times),
        _ => Err("write x1 to x100".to_owned()),
    }
}

fn topic_prefix(text: &str) -> Result<String, String> {
    let is_usable = !text.is_empty() && !text.starts_with('$') && !text.contains(['+', '#', '\0']) && text.len() <= 200;
    if is_usable {
        Ok(text.to_owned())
    } else {
        Err("a topic of 1 to 200 bytes without `+`, `#`, U+0000 and a `$` in front".to_owned())
    }
}

fn client_id_prefix(text: &str) -> Result<String, String> {
    let is_usable = text.len() <= LONGEST_CLIENT_ID_PREFIX && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if is_usable { Ok(text.to_owned()) } else { Err(format!("at most {LONGEST_CLIENT_ID_PREFIX} letters and digits")) }
}
