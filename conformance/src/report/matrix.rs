//! Several runs side by side as Markdown: a rule a row, a broker a column; the rules on which they differ first.

use super::document::{CaseReport, Document};
use super::tested::Tested;
use crate::run::Summary;
use crate::scenario::Verdict;
use crate::testee;
use crate::text::markdown::{cell, code, prose};
use crate::text::{counted, grouped};
use mqtt_assay_codec::Version;
use mqtt_assay_standard::{self as standard, RuleId};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// What a cell says of a rule that was not judged there.
const NOTHING: &str = "";

const LEGEND: &str = "\
A cell has the worst of the cases that judge the rule: *fail 2/14* where 2 of 14 that came to a verdict do. *Weak*: a \
recommendation, or a rule that the text only implies, was not kept. *Observed*: a permission, never judged. An empty cell: not \
offered, not exercised, or not judged at all.
";

/// The runs, each with the name of its column.
pub(crate) struct Matrix<'a> {
    runs: &'a [(String, Document)],
}

/// What a broker made of a rule.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Cell {
    counts: Summary,
}

impl Cell {
    /// Its verdict; nothing where no case came to one.
    fn verdict(&self) -> Option<Verdict> {
        let Summary { pass, fail, weak, inconclusive, observed, .. } = self.counts;
        let found = [
            (fail, Verdict::Fail),
            (weak, Verdict::Weak),
            (pass, Verdict::Pass),
            (observed, Verdict::Observed),
            (inconclusive, Verdict::Inconclusive),
        ];
        found.into_iter().find(|(count, _)| *count > 0).map(|(_, verdict)| verdict)
    }

    fn text(&self) -> String {
        let (judged, counts) = (self.counts.judged(), &self.counts);
        match self.verdict() {
            Some(Verdict::Fail) => format!("**fail** {}/{judged}", counts.fail),
            Some(Verdict::Weak) => format!("weak {}/{judged}", counts.weak),
            Some(verdict) => verdict.phrase().to_owned(),
            None => NOTHING.to_owned(),
        }
    }
}

/// A rule over all runs.
struct Row<'a> {
    rule: &'a str,
    cells: Vec<Cell>,
}

impl Row<'_> {
    /// The verdicts of those that judged it.
    fn verdicts(&self) -> BTreeSet<Verdict> {
        self.cells.iter().filter_map(Cell::verdict).collect()
    }

    fn differs(&self) -> bool {
        self.verdicts().len() > 1
    }

    fn failing(&self) -> usize {
        self.cells.iter().filter(|cell| cell.verdict() == Some(Verdict::Fail)).count()
    }
}

impl<'a> Matrix<'a> {
    pub(crate) fn of(runs: &'a [(String, Document)]) -> Self {
        Self { runs }
    }

    /// What the columns are; brokers where some are.
    fn tested(&self) -> Tested {
        let is_of_decoders = self.runs.iter().all(|(_, document)| document.tested() == Tested::Decoder);
        if is_of_decoders { Tested::Decoder } else { Tested::Broker }
    }

    /// The whole of it.
    pub(crate) fn markdown(&self) -> String {
        let mut out = format!("# {}s and rules\n\n", self.tested().capital());
        out.push_str(&self.brokers());
        let _ = writeln!(out, "\n{LEGEND}");
        let versions: BTreeSet<&str> =
            self.runs.iter().flat_map(|(_, document)| document.mqtt.iter().map(String::as_str)).collect();
        for version in versions {
            out.push_str(&self.version(version));
        }
        if self.tested() == Tested::Decoder {
            out.push_str(&disagreements(self.runs));
        }
        out.truncate(out.trim_end().len());
        out + "\n"
    }

    fn brokers(&self) -> String {
        let mut out = format!("| {} ", self.tested().noun());
        out.push_str(
            "| run on | with | MQTT | cases | pass | fail | of these lenient | weak | inconclusive | not offered | \
             not exercised | observed |\n\
             | --- | --- | --- | --- | --: | --: | --: | --: | --: | --: | --: | --: | --: |\n",
        );
        for (name, document) in self.runs {
            let tool = format!("{} {}", document.tool.name, document.tool.version);
            for (version, summary) in &document.summary {
                let Summary { cases, pass, fail, lenient, weak, .. } = *summary;
                let Summary { inconclusive, not_offered, not_exercised, observed, .. } = *summary;
                let counts = [cases, pass, fail, lenient, weak, inconclusive, not_offered, not_exercised, observed];
                let counts: Vec<String> = counts.into_iter().map(grouped).collect();
                let (day, version) = (prose(document.day()), prose(version));
                let _ =
                    writeln!(out, "| {} | {day} | {} | {version} | {} |", cell(name), prose(&tool), counts.join(" | "));
            }
        }
        out
    }

    fn version(&self, version: &str) -> String {
        let (mut differing, alike): (Vec<Row<'_>>, Vec<Row<'_>>) =
            self.rows(version).into_iter().partition(Row::differs);
        differing.sort_by_key(|row| std::cmp::Reverse(row.failing()));
        let mut out = format!("## MQTT {}: they differ on {}\n\n", prose(version), counted(differing.len(), "rule"));
        if !differing.is_empty() {
            let names: Vec<String> = self.runs.iter().map(|(name, _)| cell(name)).collect();
            let _ = writeln!(out, "| rule | {} | what it says |", names.join(" | "));
            let _ = writeln!(out, "| --- |{} --- |", " --- |".repeat(names.len()));
        }
        for row in &differing {
            let cells: Vec<String> = row.cells.iter().map(Cell::text).collect();
            let _ = writeln!(out, "| {} | {} | {} |", cell(row.rule), cells.join(" | "), says(version, row.rule));
        }
        out.push_str(&the_same(version, &alike));
        out + "\n"
    }

    /// Every rule that some run knows, in the order of the standard; what the suite demands by itself comes last.
    fn rows(&self, version: &str) -> Vec<Row<'_>> {
        let mut rows: BTreeMap<(usize, &str), Vec<Cell>> = BTreeMap::new();
        let order: BTreeMap<&str, usize> = version
            .parse::<Version>()
            .map(|version| standard::rules(version).map(RuleId::id).zip(0..).collect())
            .unwrap_or_default();
        for (column, (_, document)) in self.runs.iter().enumerate() {
            for case in document.results.iter().filter(|case| case.mqtt == version) {
                for rule in &case.rules {
                    let place = order.get(rule.id.as_str()).copied().unwrap_or(usize::MAX);
                    let cells = rows.entry((place, rule.id.as_str())).or_default();
                    cells.resize(self.runs.len(), Cell::default());
                    cells[column].counts.count_one(rule.verdict, false);
                }
            }
        }
        rows.into_iter().map(|((_, rule), cells)| Row { rule, cells }).collect()
    }
}

/// Rules on which nobody differs, by what they all come to.
fn the_same(version: &str, rows: &[Row<'_>]) -> String {
    let mut by_verdict: BTreeMap<Option<Verdict>, Vec<&str>> = BTreeMap::new();
    for row in rows {
        by_verdict.entry(row.verdicts().first().copied()).or_default().push(row.rule);
    }
    let mut out = String::new();
    for (verdict, rules) in by_verdict {
        let verdict = verdict.map_or("judged nowhere", Verdict::phrase);
        let rules: Vec<String> = rules.iter().map(|rule| cell(rule)).collect();
        let _ = writeln!(
            out,
            "\nMQTT {}, {verdict} on all that judge it ({}): {}",
            prose(version),
            rules.len(),
            rules.join(", ")
        );
    }
    out
}

/// What each two of these decoders come to different verdicts about, by the rule of the worse one: where two that are strict
/// differ, one of them is wrong, or the vector is.
fn disagreements(runs: &[(String, Document)]) -> String {
    let mut out = String::new();
    for (index, (one, first)) in runs.iter().enumerate() {
        for (other, second) in &runs[index + 1..] {
            out.push_str(&disagreement((one, first), (other, second)));
        }
    }
    if out.is_empty() { out } else { format!("## Where two of them disagree\n\n{out}\n") }
}

/// Vectors that are named as examples.
const EXAMPLES: usize = 3;

fn disagreement((one, first): (&str, &Document), (other, second): (&str, &Document)) -> String {
    let of_second: BTreeMap<&str, &CaseReport> = second.results.iter().map(|case| (case.case.as_str(), case)).collect();
    let is_judged = |case: &CaseReport| matches!(case.verdict, Verdict::Pass | Verdict::Fail | Verdict::Weak);
    let pairs = first.results.iter().filter_map(|case| Some((case, *of_second.get(case.case.as_str())?)));
    let mut by_rule: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for (a, b) in pairs.filter(|(a, b)| is_judged(a) && is_judged(b) && a.verdict != b.verdict) {
        // The worse one comes first in the order of verdicts.
        let (name, worse) = if a.verdict < b.verdict { (one, a) } else { (other, b) };
        by_rule.entry((name, worse.decided_by.rule.as_deref().unwrap_or_default())).or_default().push(&worse.case);
    }
    let all = by_rule.values().map(Vec::len).sum();
    let mut out = format!("{} and {} disagree about {}.\n\n", cell(one), cell(other), counted(all, "vector"));
    for ((name, rule), mut cases) in by_rule {
        cases.sort_by_key(|case| (case.len(), *case));
        let examples: Vec<String> = cases.iter().take(EXAMPLES).map(|case| code(case)).collect();
        let (vectors, examples) = (counted(cases.len(), "vector"), examples.join(", "));
        let _ = writeln!(out, "- {} is the worse at {}: {vectors}, as {examples}", cell(name), code(rule));
    }
    if all == 0 { out } else { out + "\n" }
}

fn says(version: &str, rule: &str) -> String {
    let found = version.parse().ok().and_then(|version| standard::find(version, rule));
    let of_a_decoder = || testee::says(rule).map_or_else(String::new, prose);
    found.map_or_else(of_a_decoder, |id| prose(id.rule().says))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples;
    use crate::scenario::Stop;

    #[test]
    fn rows_that_differ_come_first_and_names_are_text() {
        let run = |name: &str, first, second| {
            let stop = (first == Verdict::Fail).then_some(Stop::Failed);
            let result = samples::result(&[(first, ""), (second, "")], stop);
            (name.to_owned(), samples::document(&[result.clone(), result]))
        };
        let runs = [
            run("a|b `x`", Verdict::Pass, Verdict::Pass),
            run("<other>", Verdict::Fail, Verdict::Pass),
            run("third", Verdict::NotOffered, Verdict::NotOffered),
        ];
        insta::with_settings!({ filters => vec![(r"mqtt-assay \d\S*", "mqtt-assay [version]")] }, {
            insta::assert_snapshot!(Matrix::of(&runs).markdown());
        });
    }
}
