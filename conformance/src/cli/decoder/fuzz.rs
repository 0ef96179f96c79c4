//! `mqtt-assay decoder fuzz`: packets by chance, each answer held against what is due.

use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::guard::Guard;
use super::super::trouble;
use super::command::CommandArgs;
use crate::report::fuzzed::{FuzzReport, in_words, summary};
use crate::testee::fuzz::{Finding, Options, Progress, Search, Searched, ask_again};
use crate::testee::{End, Question, Testee};
use crate::text::{grouped, single_line};
use clap::Args;
use std::cell::RefCell;
use std::fs;
use std::io::{IsTerminal, Write, stderr, stdout};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How often a terminal is told how far it is, and anything else.
const ON_A_TERMINAL: Duration = Duration::from_secs(1);
const ELSEWHERE: Duration = Duration::from_mins(1);
/// How long it goes on where nobody says how long.
const DEFAULT_SECONDS: u64 = 60;

/// The arguments of `decoder fuzz`.
#[derive(Debug, Clone, Args)]
pub(super) struct FuzzArgs {
    #[command(flatten)]
    testee: CommandArgs,

    /// End after so many seconds; 60 where neither this nor --cases is given
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..), help_heading = "How long")]
    time: Option<u64>,

    /// End after so many inputs
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), help_heading = "How long")]
    cases: Option<u64>,

    /// Every input follows from it: the same seed, the same inputs
    #[arg(long, value_name = "N", default_value_t = 1, help_heading = "Which inputs")]
    seed: u64,

    /// Ask this alone, as a finding's `repeat` says: D/VERSION/SENDER/HEX, or S/VERSION/SENDER/HEX,HEX
    #[arg(long, value_name = "QUESTION", conflicts_with_all = ["time", "cases", "findings", "json"], help_heading = "Which inputs")]
    only: Option<String>,

    /// Where each finding is written, the moment it is there
    #[arg(long, value_name = "DIR", default_value = "mqtt-assay-findings", help_heading = "Output")]
    findings: PathBuf,

    /// Write all findings as JSON at the end; - is standard output
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    json: Option<PathBuf>,

    /// Say only what it comes to
    #[arg(short, long, help_heading = "Output")]
    quiet: bool,
}

/// Fuzzes, and says what was found.
pub(super) fn fuzz(args: &FuzzArgs) -> Result<Exit, Failure> {
    let mut testee = args.testee.start()?;
    match &args.only {
        Some(only) => ask_one(args, only, &mut testee),
        None => search(args, &mut testee),
    }
}

fn search(args: &FuzzArgs, testee: &mut dyn Testee) -> Result<Exit, Failure> {
    let guard = Guard::start(None, None).map_err(|error| trouble::no_means("nobody can watch over the run", &error))?;
    fs::create_dir_all(&args.findings).map_err(|error| not_written(&args.findings, &error))?;
    let decoder = format!("{} {}", testee.greeting().name, testee.greeting().version);
    let words = args.testee.words();
    let told = RefCell::new(Told::new(args));
    let (mut problems, begun) = (Vec::new(), Instant::now());
    let found = |finding: &Finding| match finding.write(&args.findings, &decoder, &words) {
        Ok(path) => told.borrow().say(&format!("{}\n  {}\n", single_line(&finding.line()), path.display())),
        Err(error) => problems.push(not_written(&args.findings, &error)),
    };
    let go_on = |progress: &Progress| {
        told.borrow_mut().progress(progress);
        guard.ending().is_none()
    };
    let Searched { findings, progress, lost } = Search::new(testee).run(&args.options(), found, go_on);
    told.borrow().done();
    let report = FuzzReport::new(&decoder, &words, args.seed, &findings, &progress, begun.elapsed());
    if let Some(path) = &args.json {
        problems.extend(report.write(path).err().map(|error| not_written(path, &error)));
    }
    told.borrow().conclude(&summary(&decoder, &findings, &progress, &args.findings));
    problems.iter().for_each(super::super::complain);
    if let Some(why) = lost {
        return Err(Failure::new(
            Exit::NothingJudged,
            format!("{decoder} can't be asked any more: {}", single_line(&why)),
        ));
    }
    if progress.decodes == progress.skipped {
        return Err(Failure::new(
            Exit::NothingJudged,
            format!("nothing judged: {decoder} implements nothing that it was asked"),
        ));
    }
    Ok(match (guard.ending(), problems.is_empty(), findings.is_empty()) {
        (Some(_), ..) => Exit::Interrupted,
        (None, false, _) => Exit::ReportNotWritten,
        (None, true, false) => Exit::Failed,
        (None, true, true) => Exit::Success,
    })
}

/// Asks one question, and shows what came and what was due.
fn ask_one(args: &FuzzArgs, only: &str, testee: &mut dyn Testee) -> Result<Exit, Failure> {
    let question = Question::from_words(only).ok_or_else(|| {
        Failure::usage(format!(
            "--only {}: a finding's text says what stands here, as D/5/client/c000",
            single_line(only)
        ))
    })?;
    let (answer, breach) = ask_again(testee, &question).map_err(|why| Failure::new(Exit::NothingJudged, why))?;
    print!("{}", in_words(&question, &answer, breach.as_ref()));
    if let End::Skipped(_) = answer.end {
        return Ok(Exit::NothingJudged);
    }
    if !args.quiet && breach.is_none() {
        println!("that is right");
    }
    Ok(if breach.is_some() { Exit::Failed } else { Exit::Success })
}

fn not_written(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(Exit::ReportNotWritten, format!("{}: {error}", path.display()))
}

impl FuzzArgs {
    fn options(&self) -> Options {
        let by_default = self.cases.is_none().then_some(DEFAULT_SECONDS);
        let time = self.time.or(by_default).map(Duration::from_secs);
        Options { seed: self.seed, cases: self.cases, time, until_found: false }
    }
}

/// What is told while it goes on: findings, and how far it is.
struct Told {
    quiet: bool,
    /// Standard output is for the report.
    to_stderr: bool,
    is_terminal: bool,
    last: Instant,
}

impl Told {
    fn new(args: &FuzzArgs) -> Self {
        let to_stderr = args.json.as_ref().is_some_and(|path| path.as_os_str() == "-");
        Self { quiet: args.quiet, to_stderr, is_terminal: stderr().is_terminal(), last: Instant::now() }
    }

    fn say(&self, text: &str) {
        if self.quiet {
            return;
        }
        self.done();
        self.conclude(text);
    }

    /// Says it, quiet or not. Nobody to read it is no reason to stop: findings are in their files.
    fn conclude(&self, text: &str) {
        drop(if self.to_stderr { stderr().write_all(text.as_bytes()) } else { stdout().write_all(text.as_bytes()) });
    }

    fn progress(&mut self, progress: &Progress) {
        let every = if self.is_terminal { ON_A_TERMINAL } else { ELSEWHERE };
        if self.quiet || self.last.elapsed() < every {
            return;
        }
        self.last = Instant::now();
        let seconds = progress.elapsed.as_secs();
        let line =
            format!("{seconds} s, {} inputs, {} decodes a second", grouped(progress.cases as usize), progress.rate());
        if self.is_terminal {
            eprint!("\r\x1b[K{line}");
        } else {
            eprintln!("{line}");
        }
    }

    /// Takes the line away that says how far it is.
    fn done(&self) {
        if self.is_terminal && !self.quiet {
            eprint!("\r\x1b[K");
        }
    }
}
