//! The last lines of a run: what it comes to, and what whoever reads them may do next.

use super::baseline::BaselineReport;
use super::document::{CaseReport, Document, Mark};
use super::groups;
use super::tested::Tested;
use super::text::bold;
use crate::scenario::Verdict;
use crate::text::{seconds, shell, single_line};
use std::time::Duration;

/// Where the reports of a run are; none where they were not written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Reports {
    /// The JSON report.
    pub(crate) json: Option<String>,
    /// The folder of the HTML report.
    pub(crate) html: Option<String>,
}

/// What the run comes to, and where something is not as it should be, what to do about it.
pub(crate) fn result(document: &Document, reports: &Reports) -> Vec<String> {
    let took = seconds(Duration::from_millis(document.took_ms));
    let why = single_line(&document.why);
    let mut lines = vec![String::new(), format!("{} {why} ({took}, exit code {})", bold("Result:"), document.exit)];
    if let Some(first) = first(document).filter(|_| document.exit != 0) {
        lines.extend(advice(document, reports, first));
    }
    lines
}

/// What to look at first: the loss of the broker, the largest group of what the broker does wrong, the largest of what it lets
/// pass; where nothing fails what was not judged, then what a baseline lists and is no longer so, then what is weak.
fn first(document: &Document) -> Option<&CaseReport> {
    let wrong = [(Verdict::Fail, Some(Mark::Broken)), (Verdict::Fail, None), (Verdict::Inconclusive, None)];
    let of_kind = |verdict, mark| {
        let groups = groups::breaches(document, verdict, mark);
        groups.first().and_then(|group| group.cases.first().copied())
    };
    let wrong = wrong.into_iter().find_map(|(verdict, mark)| of_kind(verdict, mark));
    wrong.or_else(|| first_stale(document)).or_else(|| of_kind(Verdict::Weak, None))
}

/// The first case that was run and is not as the baseline lists it.
fn first_stale(document: &Document) -> Option<&CaseReport> {
    let mut stale = document.baseline.iter().flat_map(BaselineReport::stale);
    stale.find_map(|difference| document.results.iter().find(|case| case.case == difference.case))
}

fn advice(document: &Document, reports: &Reports, first: &CaseReport) -> Vec<String> {
    let mut rows = Vec::new();
    let is_repeatable = !document.command.broker.is_empty();
    if is_repeatable {
        rows.push(("repeat the first", document.repeat(first)));
    }
    let Some(file) = &reports.json else {
        let then = match document.tested() {
            Tested::Broker => "--json FILE, for `mqtt-assay show FILE [CASE]` and `run -f @FILE:fail`",
            Tested::Decoder => "--json FILE, for `mqtt-assay show FILE [CASE]`",
        };
        rows.push(("keep them all", then.to_owned()));
        return in_columns(rows, reports);
    };
    let is_of_run = is_repeatable && document.tested() == Tested::Broker;
    if is_of_run && matches!(first.verdict, Verdict::Fail | Verdict::Inconclusive) {
        let filter = shell::for_shell(&format!("@{}:{}", quoted_in_filter(file), first.verdict.word()));
        let again = format!(
            "{}mqtt-assay run {} -f {filter} --seed {}",
            document.command.before, document.command.broker, document.seed
        );
        rows.push(("repeat them all", again));
    }
    rows.push(("read one", format!("mqtt-assay show {} {}", shell::for_shell(file), shell::for_shell(&first.case))));
    let differing = document.baseline.iter().filter(|baseline| !baseline.differences.is_empty());
    rows.extend(differing.map(|baseline| ("go through them", review(file, baseline))));
    in_columns(rows, reports)
}

/// The command that goes through the differences from a baseline.
fn review(file: &str, baseline: &BaselineReport) -> String {
    let (report, known) = (shell::for_shell(file), shell::for_shell(&baseline.file));
    format!("mqtt-assay baseline review {report} --baseline {known}")
}

fn in_columns(mut rows: Vec<(&str, String)>, reports: &Reports) -> Vec<String> {
    rows.extend(reports.html.iter().map(|path| ("browse", path.clone())));
    rows.into_iter().map(|(label, text)| format!("  {label:<17} {text}")).collect()
}

/// A path as the filter language takes it.
pub(crate) fn quoted_in_filter(path: &str) -> String {
    let is_plain =
        !path.is_empty() && !path.chars().any(|letter| letter.is_whitespace() || "()&|!'\"".contains(letter));
    if is_plain {
        return path.to_owned();
    }
    let mark = if path.contains('\'') { '"' } else { '\'' };
    format!("{mark}{path}{mark}")
}

/// What stands behind the number of groups for which there was no room.
pub(crate) fn more(reports: &Reports) -> String {
    match &reports.json {
        Some(file) => format!(": mqtt-assay show {}", shell::for_shell(file)),
        None => "; with --json FILE: mqtt-assay show FILE".to_owned(),
    }
}
