//! The JSON report of `serve --each`, schema 1. Fields are only ever added.

use super::All;
use super::run::{Outcome, Run};
use super::table::last_line;
use crate::cli::serve::args::ServeArgs;
use crate::cli::serve::report::{RuleReport, SCHEMA, TOOL, Tool, rules};
use serde::Serialize;
use std::io::{self, Write};
use std::time::Duration;

#[derive(Serialize)]
struct Report<'a> {
    schema: u32,
    tool: Tool,
    started: &'a str,
    took_ms: u128,
    command: Vec<String>,
    each: &'a [String],
    faults: Vec<String>,
    quirks: Vec<&'static str>,
    timeout_s: u64,
    strict: bool,
    exit: u8,
    why: &'a str,
    summary: Summary,
    control: RunReport,
    results: Vec<Result<'a>>,
}

#[derive(Serialize)]
struct Summary {
    selected: usize,
    passes: usize,
    fails: usize,
    hangs: usize,
    /// Runs that break a rule which is kept beside the sound broker.
    breaks: usize,
}

#[derive(Serialize)]
struct Result<'a> {
    name: &'a str,
    kind: &'static str,
    says: &'a str,
    #[serde(flatten)]
    run: RunReport,
    /// The rules that are kept beside the sound broker.
    breaks_beyond: Vec<RuleReport>,
}

#[derive(Serialize)]
struct RunReport {
    outcome: &'static str,
    status: Option<String>,
    exit: Option<i32>,
    /// The last line that the command printed.
    said: Option<String>,
    took_ms: u128,
    breaks: Vec<RuleReport>,
}

/// Writes the report.
pub(super) fn write(args: &ServeArgs, all: &All, started: &str, took: Duration, out: &mut dyn Write) -> io::Result<()> {
    let report = Report {
        schema: SCHEMA,
        tool: TOOL,
        started,
        took_ms: took.as_millis(),
        command: args.shown_command(),
        each: &args.each,
        faults: args.fault.iter().map(|fault| fault.name()).collect(),
        quirks: args.quirk.iter().map(|quirk| quirk.name()).collect(),
        timeout_s: args.each_timeout,
        strict: args.strict,
        exit: all.exit.code(),
        why: &all.why,
        summary: summary(all),
        control: run_report(&all.control, args.strict),
        results: all
            .runs
            .iter()
            .map(|(chosen, run)| Result {
                name: &chosen.name,
                kind: chosen.kind.word(),
                says: &chosen.says,
                run: run_report(run, args.strict),
                breaks_beyond: rules(&run.breaks_beyond(&all.control), args.strict),
            })
            .collect(),
    };
    serde_json::to_writer_pretty(&mut *out, &report)?;
    writeln!(out)?;
    out.flush()
}

fn summary(all: &All) -> Summary {
    let count = |outcome| all.runs.iter().filter(|(_, run)| run.outcome == outcome).count();
    Summary {
        selected: all.selected,
        passes: count(Outcome::Passes),
        fails: count(Outcome::Fails),
        hangs: count(Outcome::Hangs),
        breaks: all.runs.iter().filter(|(_, run)| !run.breaks_beyond(&all.control).is_empty()).count(),
    }
}

fn run_report(run: &Run, strict: bool) -> RunReport {
    RunReport {
        outcome: run.outcome.word(),
        status: run.status.clone(),
        exit: run.exit,
        said: last_line(&run.said),
        took_ms: run.took.as_millis(),
        breaks: rules(&run.broken, strict),
    }
}
