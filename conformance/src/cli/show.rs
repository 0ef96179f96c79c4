//! `mqtt-assay show`: reads a report of `run --json` again: its end, or a case in full, as a block for an issue tracker, as a script.

use super::choices::{ReportFiles, reported};
use super::exit::Exit;
use super::failure::Failure;
use super::output::{Color, screen_of, settle};
use crate::cases;
use crate::report::console::Screen;
use crate::report::document::{CaseReport, Document};
use crate::report::next::Reports;
use crate::report::summary::{Page, ending};
use crate::report::{full, issue, json, script};
use crate::run::filter::{Filter, glob_matches};
use crate::run::reported::Wanted;
use crate::text::{counted, did_you_mean, quoted, short};
use anstream::AutoStream;
use clap::Args;
use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  mqtt-assay show a.json                            the end of the run, all of it
  mqtt-assay show a.json 5/qos/pubrel-again         a case in full, packets field by field
  mqtt-assay show a.json ':fail & chapter(qos)'     every case that the filter means
  mqtt-assay show a.json 5/qos/pubrel-again --markdown > issue.md
  mqtt-assay show a.json 5/qos/pubrel-again --script > steps.py
  python3 steps.py localhost 1883

A script needs the whole transcript: a report holds it of cases that fail, are weak or inconclusive, \
and with `run --transcripts whole` of all. Run it on a broker that has nothing of an earlier run. \
Exit code 0: shown; 4: no such case.";

/// Read a report of `run --json` again: its end, or a case in full
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ShowArgs {
    /// A report that `run --json` has written; `-`: standard input
    #[arg(value_name = "REPORT")]
    report: PathBuf,

    /// Cases of it: an id, a glob, a filter; `:fail` for those with a verdict
    #[arg(value_name = "CASE")]
    case: Option<String>,

    /// As a block for an issue tracker
    #[arg(long, requires = "case", conflicts_with = "script")]
    markdown: bool,

    /// One case's steps as a Python 3 script over a plain socket
    #[arg(long, requires = "case")]
    script: bool,

    /// Name every case of the groups
    #[arg(short, long)]
    verbose: bool,

    /// Colours
    #[arg(long, value_enum, default_value_t, value_name = "WHEN")]
    color: Color,
}

pub(crate) fn show(args: &ShowArgs) -> Result<Exit, Failure> {
    let document = json::read_for_people(&args.report).map_err(Failure::usage)?;
    let text = match &args.case {
        None => end(args, &document),
        Some(case) => cases_in_full(args, &document, &selected(args, &document, case)?)?,
    };
    let mut out = AutoStream::new(io::stdout(), args.color.on_stdout());
    settle(out.write_all(text.as_bytes()).and_then(|()| out.flush()))?;
    Ok(Exit::Success)
}

/// What the run has said at its end, whatever room there is.
fn end(args: &ShowArgs, document: &Document) -> String {
    let screen = screen_of(&io::stdout());
    let width = screen.map_or(Page::default().width, |Screen { width, .. }| width);
    let page = Page { width, height: None, is_verbose: args.verbose };
    let name = args.report.to_string_lossy().into_owned();
    let reports = Reports { json: Some(name).filter(|name| name != "-"), html: None };
    let ending = ending(document, &reports, &page);
    format!("{}{}{}", head(document), ending.body, ending.result)
}

/// Which run it was.
fn head(document: &Document) -> String {
    let target = &document.target;
    let version = target.version.as_ref().map_or_else(String::new, |version| format!(" {version}"));
    format!(
        "mqtt-assay {}: {} of {} of MQTT {} on {}{version}, {}, seed {}\n",
        document.tool.version,
        document.results.len(),
        counted(document.selected, "case"),
        document.mqtt.join(" and "),
        target.name,
        document.started,
        document.seed
    )
}

/// The cases of the report that are meant.
fn selected<'a>(args: &ShowArgs, document: &'a Document, wanted: &str) -> Result<Vec<&'a CaseReport>, Failure> {
    let by_name = document.results.iter().filter(|case| glob_matches(wanted, &case.case));
    let by_name: Vec<&CaseReport> = by_name.collect();
    if !by_name.is_empty() {
        return Ok(by_name);
    }
    let verdicts = wanted.strip_prefix(':').and_then(|verdicts| Wanted::parse(verdicts).ok());
    let found: Vec<&CaseReport> = if let Some(verdicts) = verdicts {
        document.results.iter().filter(|case| verdicts.means(&reported(case))).collect()
    } else {
        let ids = by_filter(args, document, wanted)?;
        document.results.iter().filter(|case| ids.contains(&case.case)).collect()
    };
    if found.is_empty() {
        return Err(no_such_case(args, document, wanted));
    }
    Ok(found)
}

/// The ids that a filter means; in it `:fail` stands for this report's.
fn by_filter(args: &ShowArgs, document: &Document, wanted: &str) -> Result<BTreeSet<String>, Failure> {
    let own = format!("@{}:", crate::report::next::quoted_in_filter(&args.report.to_string_lossy()));
    let mut text = String::new();
    let mut before = ' ';
    for letter in wanted.chars() {
        let begins = before.is_whitespace() || "(&|!".contains(before);
        if letter == ':' && begins {
            text.push_str(&own);
        } else {
            text.push(letter);
        }
        before = letter;
    }
    let filter = Filter::parse_with(&text, &ReportFiles).map_err(|error| {
        if error.is_unknown_case { no_such_case(args, document, wanted) } else { Failure::usage(error.to_string()) }
    })?;
    Ok(cases::all().filter(|instance| filter.matches(instance)).map(|instance| instance.id()).collect())
}

fn no_such_case(args: &ShowArgs, document: &Document, wanted: &str) -> Failure {
    let name = short(&args.report.to_string_lossy());
    let near = did_you_mean(wanted, document.results.iter().map(|case| case.case.as_str()));
    let held = counted(document.results.len(), "case");
    let message = format!("{name} has no case {} among its {held}{near}", quoted(wanted));
    Failure::new(Exit::NothingSelected, message)
}

fn cases_in_full(args: &ShowArgs, document: &Document, found: &[&CaseReport]) -> Result<String, Failure> {
    if !args.script {
        let width = screen_of(&io::stdout()).map(|screen| screen.width);
        let told = |case: &&CaseReport| {
            if args.markdown { issue::block(document, case) } else { full::told(document, case, width) }
        };
        return Ok(found.iter().map(told).collect::<Vec<_>>().join("\n"));
    }
    match found {
        [case] => script::script(document, case).map_err(Failure::usage),
        _ => Err(Failure::usage(format!("a script is of one case, and {} are meant: name one by its id", found.len()))),
    }
}
