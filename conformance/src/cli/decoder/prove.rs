//! `mqtt-assay decoder prove`: planted mistakes, and what finds them.

use super::super::exit::Exit;
use super::super::failure::Failure;
use crate::scenario::Verdict;
use crate::testee::fuzz::{Finding, Options, Search, Searched};
use crate::testee::planted::{BUGS, Bug};
use crate::testee::{Process, TesteeLimits, Trial, certify};
use clap::Args;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Duration;

/// An answer of a planted mistake that takes so long never comes.
const HANGS: Duration = Duration::from_secs(1);

/// The arguments of `decoder prove`.
#[derive(Debug, Clone, Args)]
pub(super) struct ProveArgs {
    /// Only this mistake (repeatable)
    #[arg(long, value_name = "NAME")]
    bug: Vec<String>,

    /// Most seconds of fuzzing for each try
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..))]
    time: u64,

    /// Seeds: so many tries, the median counts
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..))]
    seeds: u64,

    /// Write the table here as well
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
}

/// What one try of fuzzing found first.
struct Try {
    cases: u64,
    seconds: f64,
    bytes: usize,
    line: String,
}

/// Tries all mistakes, and prints the table.
pub(super) fn prove(args: &ProveArgs) -> Result<Exit, Failure> {
    let chosen = chosen(&args.bug)?;
    let mut table = String::from("bug\tvectors\tfound\tcases\tseconds\tbytes\tfinding\n");
    let mut missed = 0;
    for bug in chosen {
        let (row, is_found) = row(bug, args)?;
        println!("{}", row.replace('\t', "  "));
        missed += usize::from(!is_found);
        let _ = writeln!(table, "{row}");
    }
    if let Some(path) = &args.write {
        fs::write(path, &table).map_err(|error| Failure::report(&path.display().to_string(), &error))?;
    }
    println!("{missed} not found");
    Ok(if missed == 0 { Exit::Success } else { Exit::Failed })
}

fn chosen(names: &[String]) -> Result<Vec<&'static Bug>, Failure> {
    if names.is_empty() {
        return Ok(BUGS.iter().collect());
    }
    let named = |name: &String| BUGS.iter().find(|bug| bug.name == name).ok_or_else(|| super::unknown(name));
    names.iter().map(named).collect()
}

/// The row of a mistake, and whether most tries found it.
fn row(bug: &Bug, args: &ProveArgs) -> Result<(String, bool), Failure> {
    let vectors = certified(bug)?;
    let mut tries: Vec<Try> = Vec::new();
    for seed in 1..=args.seeds {
        tries.extend(fuzzed(bug, seed, Duration::from_secs(args.time))?);
    }
    let found = format!("{} of {}", tries.len(), args.seeds);
    tries.sort_by_key(|one| one.cases);
    let Some(median) = tries.get((args.seeds as usize - 1) / 2) else {
        return Ok((format!("{}\t{vectors}\t{found}\t-\t-\t-\tnot found", bug.name), false));
    };
    let Try { cases, seconds, bytes, line } = median;
    Ok((format!("{}\t{vectors}\t{found}\t{cases}\t{seconds:.2}\t{bytes}\t{line}", bug.name), true))
}

fn started(bug: &Bug) -> Result<Process, Failure> {
    let failed = |why: String| Failure::new(Exit::NothingJudged, why);
    let program = std::env::current_exe().map_err(|error| failed(error.to_string()))?;
    let words = ["decoder", "serve", "--bug", bug.name].map(OsString::from);
    let words: Vec<OsString> = [program.into_os_string()].into_iter().chain(words).collect();
    Process::start(&words, TesteeLimits { answer: HANGS, ..TesteeLimits::DEFAULT }).map_err(failed)
}

/// How many vectors fail.
fn certified(bug: &Bug) -> Result<usize, Failure> {
    let mut testee = started(bug)?;
    let trials: Vec<Trial> = Trial::all().collect();
    let mut fails = 0;
    let judged = certify(&mut testee, &trials, |judged| {
        fails += usize::from(matches!(judged.verdict(), Verdict::Fail | Verdict::Weak));
        ControlFlow::Continue(())
    });
    match judged {
        Ok(_) => Ok(fails),
        Err(why) => Err(Failure::new(Exit::NothingJudged, format!("{}: {why}", bug.name))),
    }
}

/// What fuzzing finds first.
fn fuzzed(bug: &Bug, seed: u64, time: Duration) -> Result<Option<Try>, Failure> {
    let mut testee = started(bug)?;
    let options = Options { seed, cases: None, time: Some(time), until_found: true };
    let Searched { findings, lost, .. } = Search::new(&mut testee).run(&options, |_| {}, |_| true);
    if let Some(why) = lost {
        return Err(Failure::new(Exit::NothingJudged, format!("{}: {why}", bug.name)));
    }
    let first = findings.into_iter().min_by_key(|finding| finding.case);
    Ok(first.map(|finding: Finding| Try {
        cases: finding.case,
        seconds: finding.at.as_secs_f64(),
        bytes: finding.input.bytes.len(),
        line: finding.line(),
    }))
}
