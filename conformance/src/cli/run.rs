//! `mqtt-assay run`: certifies a broker.

use super::broker::{Broker, BrokerArgs};
use super::choices::{FilterArgs, Versions};
use super::complain;
use super::exit::Exit;
use super::explore::{ExploreArgs, Sequences};
use super::failure::Failure;
use super::guard::{Ending, Guard, SILENCE};
use super::output::Color;
use super::reach::INSECURE;
use super::reports::{ReportFile, require_different_files};
use super::trouble;
use crate::broker::{Target, Variant};
use crate::explore::SEQUENCE;
use crate::report::console::{Console, Verbosity};
use crate::report::json::{self, Times, Transcripts};
use crate::report::{End, Ended, RunFacts, TargetName};
use crate::report::{junit, text};
use crate::run::{CaseResult, Event, NothingJudged, Order, RunOptions, RunResult, clock};
use crate::scenario::{Instance, RunNames, Verdict, base36};
use crate::text::counted;
use anstream::AutoStream;
use clap::{ArgAction, Args, Parser, ValueEnum};
use indicatif::ProgressDrawTarget;
use mqtt_assay_codec::Version;
use mqtt_assay_standard::bounds;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

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
    broker: BrokerArgs,

    #[command(flatten, next_help_heading = "Which cases")]
    filter: FilterArgs,

    /// Versions to run
    #[arg(long, value_enum, default_value = "all", value_name = "VERSION", help_heading = "Which cases")]
    mqtt: Versions,

    /// Run only cases that need this set-up of the broker; all cases by tls, mutual-tls, websocket, secure-websocket, unix
    #[arg(long, value_name = "VARIANT", value_parser = super::choices::variant, help_heading = "Which cases")]
    variant: Option<Variant>,

    /// Run intrusive cases also on a broker beyond this machine
    #[arg(long, help_heading = "Which cases")]
    intrusive: bool,

    /// Cases side by side: a number, or `all`. Three times as many more may wait
    #[arg(short, long, default_value_t = Jobs::Number(DEFAULT_JOBS), value_parser = jobs, help_heading = "How")]
    jobs: Jobs,

    /// End the whole run after so many seconds (exit 130)
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..), help_heading = "How")]
    timeout: Option<u64>,

    /// Stretch the suite's own limits of time for a slow broker
    #[arg(long, value_name = "x2", default_value = "x1", value_parser = patience, help_heading = "How")]
    patience: u32,

    /// Order of starting: `listed` (long waits first) or `random` (by the seed)
    #[arg(long, value_enum, default_value_t, help_heading = "How")]
    order: OrderChoice,

    /// Decides the random order, and on the embedded broker all names
    #[arg(long, default_value_t = DEFAULT_SEED, help_heading = "How")]
    seed: u64,

    /// Start no more cases after the first fail
    #[arg(long, help_heading = "How")]
    fail_fast: bool,

    /// Count a weak case as failed (exit 1)
    #[arg(long, help_heading = "How")]
    strict: bool,

    #[command(flatten)]
    explore: ExploreArgs,

    /// Before every topic of the suite
    #[arg(long, value_name = "PREFIX", default_value = "mqtt-assay", value_parser = topic_prefix, help_heading = "How")]
    topic_prefix: String,

    /// Before every client identifier of the suite: at most 9 letters and digits
    #[arg(long, value_name = "PREFIX", default_value = "ma", value_parser = client_id_prefix, help_heading = "How")]
    client_id_prefix: String,

    /// Write a JSON report; `-`: to standard output, and the text to standard error
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    json: Option<PathBuf>,

    /// Write a JUnit report, as CI servers read it; `-` as with --json
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    junit: Option<PathBuf>,

    /// Transcripts in the reports: whole of cases that are not as they should be; of the others the deciding lines (in
    /// JSON), all, or none
    #[arg(long, value_enum, default_value_t, help_heading = "Output")]
    transcripts: Transcripts,

    /// A bar: `auto` on a terminal, `always` also where only standard error is one
    #[arg(long, value_enum, default_value_t, value_name = "WHEN", help_heading = "Output")]
    progress: Progress,

    /// Colours
    #[arg(long, value_enum, default_value_t, value_name = "WHEN", help_heading = "Output")]
    color: Color,

    /// Say only what isn't right, and the summary
    #[arg(short, long, conflicts_with = "verbose", help_heading = "Output")]
    quiet: bool,

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

    fn options(&self, target: &Target, cases: usize) -> RunOptions {
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

    fn console(&self, facts: &RunFacts) -> Console {
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

    fn header(&self, facts: &RunFacts) -> String {
        if self.quiet {
            return String::new();
        }
        let TargetName { name, version, learnt_from, carrier, .. } = &facts.target;
        let version = version.as_ref().map_or_else(String::new, |version| {
            format!(" {version} ({})", learnt_from.as_deref().unwrap_or("unknown"))
        });
        let versions = facts.versions.iter().map(|version| version.name()).collect::<Vec<_>>().join(" and ");
        let mut out = format!(
            "mqtt-assay {}: {} of MQTT {versions} on {name}{version}{}, seed {}\n",
            env!("CARGO_PKG_VERSION"),
            match self.explore.count() {
                Some(count) if self.explore.is_alone(&self.filter) => format!("{count} generated sequences"),
                Some(count) => format!("{} and {count} generated sequences", counted(facts.cases, "case")),
                None => counted(facts.cases, "case"),
            },
            carrier.filter(|_| facts.target.address.is_empty()).map_or_else(String::new, |by| format!(" by {by}")),
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
    // What a broker is reached by says nothing of which cases are run there.
    let carrier = args.variant.filter(|variant| variant.carrier.is_some());
    let selected = if is_alone {
        Vec::new()
    } else {
        args.filter.select(args.mqtt, args.variant.filter(|_| carrier.is_none()))?
    };
    let Broker { target, words, before } = args.broker.resolve(args.seed, args.patience, carrier)?;
    let timeout = args.timeout.map(Duration::from_secs);
    // From here on a signal ends the run in order.
    let guard = Guard::start(timeout, Some(silence(&target, &selected, args)))
        .map_err(|error| trouble::no_means("nobody can watch over the run", &error))?;
    let reports = Reports::open(args, &guard)?;
    let (started, begun) = (crate::text::now(), Instant::now());
    learn_version(&target, &guard)?;
    let facts = RunFacts {
        target: TargetName { insecure: args.broker.reach.is_insecure(), ..TargetName::of(&target) },
        target_words: words,
        before,
        versions: if is_alone { args.mqtt.list() } else { versions_of(&selected) },
        seed: args.seed,
        cases: selected.len(),
    };
    let mut console = args.console(&facts);
    console.say(&args.header(&facts));
    let options = args.options(&target, selected.len());
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

/// What came of a run.
enum Outcome {
    Ran(RunResult),
    Nothing(NothingJudged),
    /// Ended while the broker was being made ready.
    Interrupted,
}

/// The same, with what generated sequences came to.
struct Came {
    outcome: Outcome,
    sequences: Option<Sequences>,
}

/// A run as its reports tell it.
#[derive(Clone, Copy)]
struct Told<'a> {
    facts: &'a RunFacts,
    times: &'a Times,
    results: &'a [CaseResult],
    sequences: Option<&'a Sequences>,
}

/// Writes the reports and finds the exit code.
fn conclude(
    args: &RunArgs,
    facts: &RunFacts,
    times: &Times,
    came: Came,
    reports: Reports,
    guard: &Guard,
    mut console: Console,
) -> Exit {
    let Came { outcome, sequences } = came;
    let sequences = sequences.as_ref();
    let ended = ended(&outcome, sequences, guard);
    let mut exits: Vec<Exit> = sequences.iter().flat_map(|sequences| sequences.exits(args.strict, guard)).collect();
    let mut reason = None;
    let mut left_behind = Vec::new();
    let results = match outcome {
        Outcome::Ran(result) => {
            let is_empty = result.results.is_empty() && sequences.is_some_and(Sequences::judged);
            exits.extend(
                exits_of(&result, args.strict, guard)
                    .into_iter()
                    .filter(|exit| !is_empty || *exit != Exit::NothingJudged),
            );
            left_behind = result.left_behind;
            left_behind.extend(sequences.iter().flat_map(|sequences| sequences.left_behind()).cloned());
            reason = result.broker_lost.map(|how| format!("the broker was lost: {how}"));
            result.results
        }
        Outcome::Nothing(NothingJudged(why)) => {
            complain(&nothing_judged(facts, &why));
            exits.push(Exit::NothingJudged);
            reason = Some(why);
            Vec::new()
        }
        Outcome::Interrupted => {
            exits.push(Exit::Interrupted);
            Vec::new()
        }
    };
    if !results.is_empty() {
        console.finish(&results);
    }
    console.say(&sequences.map_or_else(String::new, |sequences| sequences.summary(args.quiet)));
    console.say(&text::left_behind(&left_behind));
    let told = Told { facts, times, results: &results, sequences };
    exits.extend(sequences.iter().flat_map(|sequences| sequences.problems()).map(|problem| {
        complain(problem);
        problem.exit
    }));
    let problems = reports.write(args, &told, |failed| {
        let exit = Exit::worst(&[&exits, failed].concat());
        let mut why = in_words(exit, &told, guard);
        if let Some(reason) = &reason {
            why = format!("{why}: {reason}");
        }
        let explore = sequences.map(Sequences::report);
        End { ended, exit: exit.code(), why, left_behind: left_behind.clone(), explore }
    });
    for problem in problems {
        complain(&problem);
        exits.push(Exit::ReportNotWritten);
    }
    console.say(&closing(Exit::worst(&exits), &told, guard));
    if console.into_error().is_some() {
        exits.push(Exit::ReportNotWritten);
    }
    Exit::worst(&exits)
}

/// How the run came to its end.
fn ended(outcome: &Outcome, sequences: Option<&Sequences>, guard: &Guard) -> Ended {
    let asked = || if guard.ending() == Some(Ending::Timeout) { Ended::Timeout } else { Ended::Interrupted };
    match outcome {
        Outcome::Nothing(_) => Ended::NothingJudged,
        Outcome::Interrupted => asked(),
        Outcome::Ran(result) if result.is_partial && guard.ending().is_some() => asked(),
        Outcome::Ran(result) if result.broker_lost.is_some() => Ended::BrokerDied,
        Outcome::Ran(result) if result.is_partial => Ended::FailFast,
        Outcome::Ran(_) if sequences.is_some() && guard.ending().is_some() => asked(),
        Outcome::Ran(result) if judged(&result.results) == 0 && !sequences.is_some_and(Sequences::judged) => {
            Ended::NothingJudged
        }
        Outcome::Ran(_) => Ended::Complete,
    }
}

/// How many cases came to a verdict about the broker.
fn judged(results: &[CaseResult]) -> usize {
    let is_judged = |result: &&CaseResult| matches!(result.verdict, Verdict::Pass | Verdict::Fail | Verdict::Weak);
    results.iter().filter(is_judged).count()
}

fn exits_of(result: &RunResult, is_strict: bool, guard: &Guard) -> Vec<Exit> {
    let has = |verdict| result.results.iter().any(|result| result.verdict == verdict);
    let applying = [
        (
            Exit::OurBug,
            guard.ending() == Some(Ending::Standstill) || result.results.iter().any(|result| result.is_our_bug),
        ),
        (Exit::Interrupted, result.is_partial && guard.ending().is_some()),
        (Exit::Failed, has(Verdict::Fail) || is_strict && has(Verdict::Weak)),
        (Exit::Inconclusive, has(Verdict::Inconclusive) || result.broker_lost.is_some()),
    ];
    let mut exits: Vec<Exit> = applying.into_iter().filter(|(_, applies)| *applies).map(|(exit, _)| exit).collect();
    if exits.is_empty() && !has(Verdict::Pass) && !has(Verdict::Weak) {
        exits.push(Exit::NothingJudged);
    }
    exits
}

fn nothing_judged(facts: &RunFacts, why: &str) -> Failure {
    let why = crate::text::single_line(why);
    let message = format!("nothing judged: {}: {why}", facts.target.name);
    let advice = match trouble::way_out(&why) {
        Some(way_out) => format!("\n  {way_out}"),
        // What was to be started did not even begin to listen, and its message says all.
        None if facts.target.address.is_empty() && why.contains(&format!("{}: ", facts.target.name)) => String::new(),
        None => {
            let rule = "before any case a client connects, subscribes, publishes and receives, which must work:";
            let way_out = "is it an MQTT broker, does it run there, does it want --user and --password?";
            format!("\n  {rule}\n  {way_out}")
        }
    };
    Failure::new(Exit::NothingJudged, message + &advice)
}

/// What it all comes to.
fn in_words(exit: Exit, told: &Told<'_>, guard: &Guard) -> String {
    let Told { facts, results, sequences, .. } = *told;
    let alone = sequences.filter(|_| results.is_empty()).and_then(|sequences| sequences.in_words(exit));
    if let Some(words) = alone {
        return words;
    }
    let count = |verdict| results.iter().filter(|result| result.verdict == verdict).count();
    match (exit, guard.ending()) {
        (Exit::Success, _) => "pass".to_owned(),
        (Exit::Failed, _) if count(Verdict::Fail) == 0 => {
            format!("FAIL: {} weak, and --strict is set", count(Verdict::Weak))
        }
        (Exit::Failed, _) => format!("FAIL: {} of {}", count(Verdict::Fail), results.len()),
        (Exit::Inconclusive, _) => format!("INCONCLUSIVE: {} of {}", count(Verdict::Inconclusive), results.len()),
        (Exit::OurBug, Some(Ending::Standstill)) => {
            format!("nothing happened for too long: a defect of mqtt-assay; running: {}", guard.running().join(", "))
        }
        (Exit::OurBug, _) => "a defect of mqtt-assay in a case; please report it".to_owned(),
        (Exit::Interrupted, why) => {
            let why = if why == Some(Ending::Timeout) { "--timeout is over" } else { "interrupted" };
            format!("{why}: {} of {} cases had ended", results.len(), facts.cases)
        }
        (Exit::NothingJudged, _) if results.is_empty() => "nothing judged".to_owned(),
        (Exit::NothingJudged, _) => {
            let [not_offered, not_exercised, observed] =
                [Verdict::NotOffered, Verdict::NotExercised, Verdict::Observed].map(count);
            format!(
                "nothing judged: of {}, {not_offered} not offered, {not_exercised} not exercised, {observed} observed",
                counted(results.len(), "case")
            )
        }
        (other, _) => other.says().to_owned(),
    }
}

/// The last line.
fn closing(exit: Exit, told: &Told<'_>, guard: &Guard) -> String {
    let (what, took) = (in_words(exit, told, guard), crate::text::seconds(told.times.took));
    format!("\nResult: {what} ({took}, exit code {})\n", exit.code())
}

/// The reports that were asked for.
struct Reports {
    json: Option<ReportFile>,
    junit: Option<ReportFile>,
}

impl Reports {
    /// Tries all of them, so that a run isn't made in vain.
    fn open(args: &RunArgs, guard: &Guard) -> Result<Self, Failure> {
        let options = [("--json", args.json.as_deref()), ("--junit", args.junit.as_deref())];
        let read = [("--password-file", args.broker.credentials.password_file.as_deref())];
        let all = read.into_iter().chain(args.broker.reach.files()).chain(options);
        let named: Vec<(&str, &Path)> = all.filter_map(|(option, path)| Some((option, path?))).collect();
        require_different_files(&named)?;
        let [json, junit] = options.map(|(_, path)| path.map(|path| ReportFile::open(path, guard)).transpose());
        Ok(Self { json: json?, junit: junit? })
    }

    /// Writes them, each whatever came of the others, and returns what went wrong. The exit code in the JSON report is the
    /// one that holds when the other has been written.
    fn write(self, args: &RunArgs, told: &Told<'_>, end: impl Fn(&[Exit]) -> End) -> Vec<Failure> {
        let options = junit::Options { is_strict: args.strict, transcripts: args.transcripts };
        let Told { facts, times, results, .. } = *told;
        let mut problems = Vec::new();
        if let Some(report) = self.junit {
            problems.extend(report.written(|out| junit::write(out, facts, times, results, &end(&[]), options)).err());
        }
        if let Some(report) = self.json {
            let failed: Vec<Exit> = problems.iter().map(|problem| problem.exit).collect();
            let end = end(&failed);
            problems
                .extend(report.written(|out| json::write(out, facts, times, results, &end, args.transcripts)).err());
        }
        problems
    }
}

fn versions_of(selected: &[Instance]) -> Vec<Version> {
    let mut versions: Vec<Version> = selected.iter().map(|instance| instance.version).collect();
    versions.sort();
    versions.dedup();
    versions
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
