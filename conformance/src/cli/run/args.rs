//! The arguments of `mqtt-assay run`, and what they come to: options of the run, the console, the head of its text.

use super::super::broker::BrokerArgs;
use super::super::choices::{FilterArgs, Versions, variant};
use super::super::exit::Exit;
use super::super::explore::ExploreArgs;
use super::super::failure::Failure;
use super::super::labels::{in_header, label};
use super::super::output::{Color, screen_of};
use super::super::reach::INSECURE;
use super::report_args::ReportArgs;
use crate::broker::{RunDefaults, Target, Variant};
use crate::report::console::{Console, Verbosity};
use crate::report::document::{Choices, ShardOf};
use crate::report::next::Reports;
use crate::report::remaining::Schedule;
use crate::report::{Asked, RunFacts, TargetName};
use crate::run::{Order, RunOptions, Shard};
use crate::scenario::{Instance, RunNames, base36, hash};
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
  mqtt-assay run mosquitto --write-baseline known.toml     then, each time: --baseline known.toml
  mqtt-assay run mqtt://10.0.0.7 --user ann --password-file secret.txt --bad-password no

What may follow -f: mqtt-assay explain filters. Limits of time: mqtt-assay explain bounds.";

/// The seed of a run that names none: the same run every time.
const DEFAULT_SEED: u64 = 1;

/// How many cases run side by side where nobody says.
const DEFAULT_JOBS: usize = 64;

/// The longest client identifier prefix that leaves room for run, case and role within 23 bytes.
const LONGEST_CLIENT_ID_PREFIX: usize = 9;

/// Letters of the word for the selected cases.
const SELECTION: usize = 12;

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

    /// Versions to run [default: all]
    #[arg(long, value_enum, value_name = "VERSION", help_heading = "Which cases")]
    pub(super) mqtt: Option<Versions>,

    /// Run only cases that need this set-up of the broker; all cases by tls, mutual-tls, websocket, secure-websocket, unix
    #[arg(long, value_name = "VARIANT", value_parser = variant, help_heading = "Which cases")]
    pub(super) variant: Option<Variant>,

    /// Run the K-th of N parts of the cases; `mqtt-assay report --merge` puts their reports together
    #[arg(long, value_name = "K/N", value_parser = str::parse::<Shard>, help_heading = "Which cases", conflicts_with = "explore")]
    pub(super) shard: Option<Shard>,

    /// Run intrusive cases also on a broker beyond this machine
    #[arg(long, help_heading = "Which cases")]
    intrusive: bool,

    /// Cases side by side: a number, or `all`. Three times as many more may wait [default: 64]
    #[arg(short, long, value_parser = jobs, help_heading = "How")]
    jobs: Option<Jobs>,

    /// End the whole run after so many seconds (exit 130)
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..), help_heading = "How")]
    pub(super) timeout: Option<u64>,

    /// Stretch the suite's own limits of time for a slow broker [default: x1]
    #[arg(long, value_name = "x2", value_parser = patience, help_heading = "How")]
    pub(super) patience: Option<u32>,

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

    /// Expect what this baseline lists, and nothing else: exit 5 where it no longer holds
    #[arg(long, value_name = "FILE", help_heading = "Baseline")]
    pub(super) baseline: Option<PathBuf>,

    /// Write what fails or is not judged as a baseline, with --strict also what is weak; together with --baseline: bring
    /// that one up to date, with the reasons of what still holds
    #[arg(long, value_name = "FILE", conflicts_with = "fail_fast", help_heading = "Baseline")]
    pub(super) write_baseline: Option<PathBuf>,

    /// With both: what differs is the broker's own chance; mark it as varying
    #[arg(long, requires = "baseline", requires = "write_baseline", help_heading = "Baseline")]
    pub(super) mark_varying: bool,

    /// What else reports say of this run (repeatable); `version` is the broker's where it doesn't tell its own
    #[arg(long, value_name = "KEY=VALUE", value_parser = label, help_heading = "Output")]
    pub(super) label: Vec<(String, String)>,

    #[command(flatten)]
    pub(super) reports: ReportArgs,

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

impl Default for Jobs {
    fn default() -> Self {
        Self::Number(DEFAULT_JOBS)
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

    /// With what the profile says where the command line says nothing.
    pub(super) fn with_defaults_of_profile(&self) -> Result<Self, Failure> {
        let RunDefaults { mqtt, jobs, patience, filter, baseline } = self.broker.run_defaults()?;
        // The profile's reader has looked at all of them.
        let mut args = self.clone();
        args.mqtt = args.mqtt.or(mqtt.and_then(|name| Versions::from_str(&name, false).ok()));
        args.jobs = args.jobs.or(jobs.and_then(|written| self::jobs(&written.to_string()).ok()));
        args.patience = args.patience.or(patience.and_then(|written| self::patience(&written.to_string()).ok()));
        args.baseline = args.baseline.or(baseline);
        if args.filter.filter.is_empty() {
            args.filter.filter = filter.map(|filter| filter.all()).unwrap_or_default();
        }
        Ok(args)
    }

    pub(super) fn mqtt(&self) -> Versions {
        self.mqtt.unwrap_or_default()
    }

    pub(super) fn patience(&self) -> u32 {
        self.patience.unwrap_or(1)
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
            jobs: match self.jobs.unwrap_or_default() {
                Jobs::Number(jobs) => jobs,
                Jobs::All => cases,
            },
            patience: self.patience(),
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

    /// The part of the selected cases that is to be run.
    pub(super) fn part_of(&self, selected: &[Instance]) -> Result<Vec<Instance>, Failure> {
        let Some(shard) = self.shard else { return Ok(selected.to_vec()) };
        let part = shard.of(selected);
        if part.is_empty() {
            let message =
                format!("shard {shard} holds no case: only {} selected; make fewer shards", are(selected.len()));
            return Err(Failure::new(Exit::NothingSelected, message));
        }
        Ok(part)
    }

    /// What the run is asked for, as its reports state it.
    pub(super) fn asked(&self, options: &RunOptions, selected: &[Instance]) -> Asked {
        let selected_by_all_shards = selected.len();
        Asked {
            options: Choices {
                filter: self.filter.filter.clone(),
                variant: self.variant.map(|variant| variant.name.to_owned()),
                patience: self.patience(),
                strict: self.strict,
                intrusive: options.intrusive,
                transcripts: self.reports.transcripts,
            },
            selection: selection(selected),
            shard: self.shard.map(|shard| ShardOf { shard: shard.to_string(), selected_by_all_shards }),
        }
    }

    pub(super) fn console(&self, facts: &RunFacts, schedule: Schedule) -> Console {
        let baseline_to_stdout = self.write_baseline.as_ref().is_some_and(|path| path.as_os_str() == "-");
        let to_stdout = !self.reports.take_stdout() && !baseline_to_stdout;
        let (out, screen): (Box<dyn Write>, _) = if to_stdout {
            (Box::new(AutoStream::new(io::stdout(), self.color.on_stdout())), screen_of(&io::stdout()))
        } else {
            (Box::new(AutoStream::new(io::stderr(), self.color.on_stderr())), screen_of(&io::stderr()))
        };
        let is_terminal = if to_stdout { io::stdout().is_terminal() } else { io::stderr().is_terminal() };
        let bar = match self.progress {
            Progress::Auto | Progress::Always if is_terminal && to_stdout => Some(ProgressDrawTarget::stdout()),
            Progress::Auto if is_terminal => Some(ProgressDrawTarget::stderr()),
            Progress::Always if io::stderr().is_terminal() => Some(ProgressDrawTarget::stderr()),
            Progress::Auto | Progress::Always | Progress::Never => None,
        };
        Console::new(out, facts.clone(), self.verbosity(), screen, bar.map(|target| (target, schedule)))
    }

    /// Where the reports are that can be read again.
    pub(super) fn reports(&self) -> Reports {
        let json = self.reports.json.as_ref().filter(|path| path.as_os_str() != "-");
        Reports {
            json: json.map(|path| path.to_string_lossy().into_owned()),
            html: self.reports.html.as_ref().map(|path| path.to_string_lossy().into_owned()),
        }
    }

    pub(super) fn header(&self, facts: &RunFacts) -> String {
        if self.quiet {
            return String::new();
        }
        let TargetName { name, version, learnt_from, carrier, .. } = &facts.target;
        let version = version.as_ref().map_or_else(String::new, |version| {
            format!(" {version} ({})", learnt_from.as_deref().unwrap_or("unknown"))
        });
        let labels = in_header(&facts.labels);
        let shard = facts.asked.shard.as_ref().map_or_else(String::new, |shard| format!(", shard {}", shard.shard));
        let versions = facts.versions.iter().map(|version| version.name()).collect::<Vec<_>>().join(" and ");
        let mut out = format!(
            "mqtt-assay {}: {} of MQTT {versions} on {name}{version}{}, seed {}{shard}{labels}\n",
            env!("CARGO_PKG_VERSION"),
            match self.explore.count() {
                Some(count) if self.explore.is_alone(&self.filter) => format!("{count} generated sequences"),
                Some(count) => format!("{} and {count} generated sequences", counted(facts.cases, "case")),
                None => counted(facts.cases, "case"),
            },
            carrier
                .as_ref()
                .filter(|_| facts.target.address.is_empty())
                .map_or_else(String::new, |by| format!(" by {by}")),
            facts.seed
        );
        if facts.target.insecure {
            for part in ["WARNING: ", INSECURE, "\n"] {
                out.push_str(part);
            }
        }
        if self.broker.is_default() {
            out.push_str("This is the reference broker that is built in. To certify yours:\n");
            out.push_str("  mqtt-assay run mqtt://HOST:PORT | mosquitto | --spawn 'COMMAND -p {port}'\n");
        }
        out.push('\n');
        out
    }
}

fn are(cases: usize) -> String {
    format!("{} {}", counted(cases, "case"), if cases == 1 { "is" } else { "are" })
}

/// One word for the selected cases, the same wherever they are selected.
fn selection(selected: &[Instance]) -> String {
    let mut ids: Vec<String> = selected.iter().map(Instance::id).collect();
    ids.sort();
    base36(hash(&ids.join("\n")), SELECTION)
}

fn jobs(text: &str) -> Result<Jobs, String> {
    match text.parse() {
        _ if text == "all" => Ok(Jobs::All),
        Ok(number) if number > 0 => Ok(Jobs::Number(number)),
        _ => Err("write a number from 1, or `all`".to_owned()),
    }
}

pub(crate) fn patience(text: &str) -> Result<u32, String> {
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
