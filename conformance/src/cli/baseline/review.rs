//! `mqtt-assay baseline review`: what a run changes in a baseline, taken over one by one. On a terminal by keys; elsewhere
//! the differences are listed, and options say which are taken over.

use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::guard::Guard;
use super::super::output::print;
use super::super::reports::ReportFile;
use super::super::trouble;
use super::read;
use super::walk::{Decision, Walk, walk};
use crate::baseline::{self, Baseline, Difference, How, compare, taken_over};
use crate::report::baseline::{broker_name, entries, told_whole};
use crate::report::document::Document;
use crate::report::json;
use crate::run::filter::glob_matches;
use crate::text::{counted, quoted, shell, single_line};
use clap::Args;
use console::Term;
use std::fmt::Write as _;
use std::io::{self, IsTerminal};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  mqtt-assay baseline review a.json --baseline known.toml
  mqtt-assay baseline review a.json --baseline known.toml --accept '5/wills/*' --reason 'issue 12'
  mqtt-assay baseline review a.json --baseline known.toml --accept-all --mark-varying

Without --accept and --accept-all a terminal asks about each difference; elsewhere they are
listed. Exit code 0: nothing differs any more, 5: differences are left.";

/// Go through what a run changes in a baseline: accept, reject, or mark as varying
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ReviewArgs {
    /// A report of `mqtt-assay run --json`
    #[arg(value_name = "REPORT")]
    report: PathBuf,

    /// The baseline, which is written anew where something is accepted
    #[arg(long, value_name = "FILE")]
    baseline: PathBuf,

    /// Take over the differences of these cases: ids, globs, or ids of rules (repeatable)
    #[arg(long, value_name = "ID")]
    accept: Vec<String>,

    /// Take over all of them
    #[arg(long, conflicts_with = "accept")]
    accept_all: bool,

    /// Why what is taken over is accepted
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,

    /// Take over by marking as varying: what is listed is right, and what came is too
    #[arg(long)]
    mark_varying: bool,

    /// What is weak and not listed is a difference too
    #[arg(long)]
    strict: bool,
}

pub(super) fn review(args: &ReviewArgs) -> Result<Exit, Failure> {
    let mut baseline = read(&args.baseline)?;
    let document = json::read(&args.report).map_err(Failure::usage)?;
    let came = document.came().ok_or_else(|| {
        let report = single_line(&args.report.to_string_lossy());
        Failure::usage(format!(
            "{report}: an earlier release wrote it, which did not say what was seen of each rule; run it again"
        ))
    })?;
    let differences = compare(&baseline, &came, args.strict).differences;
    if differences.is_empty() {
        print(&format!(
            "Nothing differs: {} and the report say the same\n",
            single_line(&args.baseline.to_string_lossy())
        ))?;
        return Ok(Exit::Success);
    }
    let decisions = if args.accept_all || !args.accept.is_empty() {
        by_options(args, &differences)?
    } else if io::stdin().is_terminal() && io::stdout().is_terminal() {
        match by_keys(args, &baseline, &document, &differences)? {
            Some(decisions) => decisions,
            None => return Ok(Exit::Interrupted),
        }
    } else {
        print(&listed(args, &differences))?;
        return Ok(Exit::BaselineStale);
    };
    conclude(args, &mut baseline, &document, &differences, &decisions)
}

/// What the options say of each difference.
fn by_options(args: &ReviewArgs, differences: &[Difference]) -> Result<Vec<Decision>, Failure> {
    let is_meant =
        |id: &String, difference: &Difference| glob_matches(id, &difference.key.case) || *id == difference.key.rule;
    if let Some(idle) = args.accept.iter().find(|id| !differences.iter().any(|difference| is_meant(id, difference))) {
        let near = crate::text::did_you_mean(idle, differences.iter().map(|difference| difference.key.case.as_str()));
        let message =
            format!("--accept {}: no case with a difference is meant{near}; nothing was written", quoted(idle));
        return Err(Failure::usage(message));
    }
    let how = if args.mark_varying { How::Vary } else { How::Replace };
    let accepts = |difference: &Difference| args.accept_all || args.accept.iter().any(|id| is_meant(id, difference));
    let decide = |difference: &Difference| {
        if accepts(difference) { Decision::Accept(how, None) } else { Decision::Skip }
    };
    Ok(differences.iter().map(decide).collect())
}

/// What somebody at the terminal says of each; nothing where it was broken off.
fn by_keys(
    args: &ReviewArgs,
    baseline: &Baseline,
    document: &Document,
    differences: &[Difference],
) -> Result<Option<Vec<Decision>>, Failure> {
    let with_reason = args.reason.is_some();
    let mut terminal = Term::stdout();
    walk(&mut terminal, &Walk { baseline, document, differences, with_reason })
        .map_err(|error| trouble::no_means("the terminal can't be read", &error))
}

/// Writes what was taken over, and says what is left.
fn conclude(
    args: &ReviewArgs,
    baseline: &mut Baseline,
    document: &Document,
    differences: &[Difference],
    decisions: &[Decision],
) -> Result<Exit, Failure> {
    let mut accepted = 0;
    for (difference, decision) in differences.iter().zip(decisions) {
        let Decision::Accept(how, reason) = decision else { continue };
        taken_over(baseline, difference, args.strict, *how);
        if let (Some(entry), Some(reason)) =
            (baseline.entries.get_mut(&difference.key), reason.as_ref().or(args.reason.as_ref()))
        {
            entry.reason.clone_from(reason);
        }
        accepted += 1;
    }
    if accepted > 0 {
        write(args, baseline, document)?;
    }
    let count = |wanted: &Decision| decisions.iter().filter(|decision| *decision == wanted).count();
    let (rejected, skipped) = (count(&Decision::Reject), count(&Decision::Skip));
    let mut out = format!("\n{} taken over, {rejected} rejected, {skipped} left\n", counted(accepted, "difference"));
    for (difference, _) in differences.iter().zip(decisions).filter(|(_, decision)| **decision == Decision::Reject) {
        let _ = writeln!(out, "  rejected: {}", single_line(&difference.key.to_string()));
    }
    if accepted > 0 {
        let file = single_line(&args.baseline.to_string_lossy());
        let (count, without) = (baseline.entries.len(), baseline.without_reason());
        let _ = writeln!(out, "{file}: {}, {without} without a reason", entries(count));
    }
    print(&out)?;
    Ok(if rejected + skipped == 0 { Exit::Success } else { Exit::BaselineStale })
}

/// The baseline is one of the broker of the report now.
fn write(args: &ReviewArgs, baseline: &mut Baseline, document: &Document) -> Result<(), Failure> {
    let guard =
        Guard::start(None, None).map_err(|error| trouble::no_means("nobody can watch over the writing", &error))?;
    let renewed = Baseline::of_broker(broker_name(&document.target));
    (baseline.broker, baseline.tool) = (renewed.broker, renewed.tool);
    ReportFile::open(&args.baseline, &guard)?.written(|out| baseline::write(out, baseline))
}

/// All differences, and how to take them over.
fn listed(args: &ReviewArgs, differences: &[Difference]) -> String {
    let told = told_whole(differences);
    let (report, file) = (&args.report.to_string_lossy(), &args.baseline.to_string_lossy());
    let command =
        format!("mqtt-assay baseline review {} --baseline {}", shell::for_shell(report), shell::for_shell(file));
    let told = anstream::adapter::strip_str(&told).to_string();
    format!(
        "{told}\n{}. To take over: {command} --accept ID | --accept-all, with --reason TEXT\n",
        counted(differences.len(), "difference")
    )
}
