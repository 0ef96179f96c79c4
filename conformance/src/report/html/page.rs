//! What the template is filled with.

use super::broken::Broken;
use super::data::{self, Part};
use super::matrix::{self, Group, Picture};
use super::shown::Shown;
use super::{EARLY, SCRIPT, STYLE, many, names, number, policy};
use crate::proof::coverage;
use crate::report::Ended;
use crate::report::document::{Document, Mark};
use crate::report::explored::ExploreReport;
use crate::report::tested::Tested;
use crate::scenario::Kind;
use crate::text::single_line;
use askama::Template;
use mqtt_assay_codec::Version;
use mqtt_assay_standard::{Level, RuleId};
use std::collections::BTreeSet;
use std::time::Duration;

/// The whole page.
#[derive(Template)]
#[template(path = "index.html")]
pub(super) struct Page {
    title: String,
    tool: String,
    policy: String,
    style: &'static str,
    early: &'static str,
    script: &'static str,
    tested: &'static str,
    runs: Vec<Run>,
    picture: Picture,
    matrix: Vec<Group>,
    rules: String,
    cases: String,
    filters: Filters,
    without: Vec<Without>,
    legend: [Shown; Shown::ALL.len()],
    index: String,
    parts: Vec<Part>,
}

/// A run: what was certified, how it was made, what it came to.
struct Run {
    name: String,
    learnt_from: String,
    address: String,
    started: String,
    took: String,
    command: String,
    tool: String,
    why: String,
    /// `pass`, `fail`, or `open` where nobody knows.
    result: &'static str,
    /// How it ended, where that was not in order.
    ended: &'static str,
    totals: Vec<Total>,
    left: Vec<String>,
    broken: Broken,
    explored: Option<Explored>,
}

/// What the cases of a version came to.
struct Total {
    version: String,
    cases: String,
    counts: [String; Shown::ALL.len()],
    marks: [String; 2],
}

/// What generated sequences came to.
struct Explored {
    counts: String,
    findings: Vec<Finding>,
}

/// A finding of theirs.
struct Finding {
    verdict: Shown,
    rule: String,
    version: String,
    times: u64,
    seen: String,
    steps: String,
}

/// What can be chosen in the filters.
struct Filters {
    verdicts: Vec<(Shown, String)>,
    levels: [Level; 5],
    versions: Vec<String>,
    standard: Vec<(String, String)>,
    suite: Vec<String>,
}

/// Rules of a version without a case.
struct Without {
    version: &'static str,
    counts: String,
    rules: Vec<Uncovered>,
}

/// A rule without a case, and why.
struct Uncovered {
    id: RuleId,
    reason: &'static str,
}

impl Page {
    /// The page of these runs.
    pub(super) fn of(documents: &[Document]) -> Self {
        let names = names(documents);
        let judged = matrix::judged(documents);
        let data = data::data(documents, &names, &judged);
        let picture = Picture::of(&judged, &names);
        let standard = chapters(&picture);
        let ids: BTreeSet<&str> =
            documents.iter().flat_map(|run| &run.results).map(|case| case.case.as_str()).collect();
        let title = match names.as_slice() {
            [one] => format!("{one}: {}", documents.first().map_or_else(String::new, |run| single_line(&run.why))),
            several => format!("{} {}s", several.len(), tested(documents).noun()),
        };
        Self {
            title,
            tool: format!("{} {}", env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION")),
            policy: policy(),
            style: STYLE,
            early: EARLY,
            script: SCRIPT,
            tested: tested(documents).capital(),
            runs: documents.iter().zip(&names).map(|(document, name)| Run::of(document, name)).collect(),
            matrix: matrix::matrix(&judged),
            rules: number(judged.len()),
            cases: number(ids.len()),
            filters: Filters::of(documents, standard),
            without: without(documents),
            legend: Shown::ALL,
            index: data.index,
            parts: data.parts,
            picture,
        }
    }

    fn is_one(&self) -> bool {
        self.runs.len() == 1
    }
}

/// What the page is about; brokers where some are.
fn tested(documents: &[Document]) -> Tested {
    let is_of_decoders = documents.iter().all(|document| document.tested() == Tested::Decoder);
    if is_of_decoders { Tested::Decoder } else { Tested::Broker }
}

/// Number and heading of each chapter of the standard, once: the same number may be of another subject in each version.
fn chapters(picture: &Picture) -> Vec<(String, String)> {
    let mut chapters: Vec<(String, String)> = Vec::new();
    for row in &picture.rows {
        match chapters.last_mut().filter(|(number, _)| *number == row.number) {
            Some((_, heading)) => *heading = format!("{heading}; {}", row.title),
            None => chapters.push((row.number.clone(), row.heading.clone())),
        }
    }
    chapters
}

impl Run {
    fn of(document: &Document, name: &str) -> Self {
        let took = Duration::from_millis(document.took_ms);
        let broker = data::broker_words(document);
        let before = &document.command.before;
        Self {
            name: name.to_owned(),
            learnt_from: single_line(document.target.learnt_from.as_deref().unwrap_or_default()),
            address: single_line(&document.target.address),
            started: single_line(&document.started),
            took: crate::text::seconds(took),
            command: single_line(&match document.tested() {
                Tested::Broker => format!("{before}mqtt-assay run {broker} --seed {}", document.seed),
                Tested::Decoder => format!("mqtt-assay decoder -- {broker}"),
            }),
            tool: single_line(&format!("{} {}", document.tool.name, document.tool.version)),
            why: single_line(&document.why),
            result: result(document),
            ended: match document.ended {
                Ended::Complete => "",
                other => other.word(),
            },
            totals: document.mqtt.iter().map(|version| Total::of(document, version)).collect(),
            left: document.left_behind.iter().map(left_behind).collect(),
            broken: Broken::of(document),
            explored: document.explore.as_ref().map(Explored::of),
        }
    }
}

fn result(document: &Document) -> &'static str {
    match document.exit {
        0 => "pass",
        1 => "fail",
        _ => "open",
    }
}

fn left_behind(left: &crate::scenario::LeftBehind) -> String {
    let what = match left.kind {
        Kind::Session => "the session of client",
        Kind::Retained => "the retained message on",
    };
    format!("{what} {}, by {}", single_line(&left.name), single_line(&left.case))
}

impl Total {
    fn of(document: &Document, version: &str) -> Self {
        let cases = || document.results.iter().filter(|case| case.mqtt == version);
        let of = |shown: Shown| number(cases().filter(|case| Shown::of(case) == shown).count());
        let marked = |mark: Mark| {
            number(cases().filter(|case| Shown::of(case) == Shown::Fail && case.marked == Some(mark)).count())
        };
        Self {
            version: single_line(version),
            cases: number(cases().count()),
            counts: Shown::ALL.map(of),
            marks: [marked(Mark::Broken), marked(Mark::Lenient)],
        }
    }
}

impl Explored {
    fn of(report: &ExploreReport) -> Self {
        let findings = report.findings.iter().map(|finding| Finding {
            verdict: match finding.verdict {
                crate::scenario::Verdict::Fail => Shown::Fail,
                _ => Shown::Weak,
            },
            rule: single_line(&finding.rule),
            version: single_line(&finding.mqtt),
            times: finding.times,
            seen: single_line(&finding.seen),
            steps: finding.steps.iter().map(|step| single_line(step)).collect::<Vec<_>>().join("\n"),
        });
        let findings: Vec<Finding> = findings.collect();
        let sequences = usize::try_from(report.sequences).unwrap_or(usize::MAX);
        let (sequences, found) = (many(sequences, "generated sequence"), many(findings.len(), "finding"));
        Self { counts: format!("{sequences}: {found}"), findings }
    }
}

impl Filters {
    fn of(documents: &[Document], standard: Vec<(String, String)>) -> Self {
        let all = || documents.iter().flat_map(|document| &document.results);
        let count = |shown: Shown| all().filter(|case| Shown::of(case) == shown).count();
        let verdicts = Shown::ALL.into_iter().map(|shown| (shown, count(shown))).filter(|(_, count)| *count > 0);
        let versions: BTreeSet<String> = all().map(|case| single_line(&case.mqtt)).collect();
        let mut suite: Vec<String> = data::chapters(documents).into_iter().map(single_line).collect();
        suite.sort();
        Self {
            verdicts: verdicts.map(|(shown, count)| (shown, number(count))).collect(),
            levels: [Level::Must, Level::Behaviour, Level::Should, Level::Implied, Level::May],
            versions: versions.into_iter().collect(),
            standard,
            suite,
        }
    }
}

/// The rules of the versions in use that no case judges.
fn without(documents: &[Document]) -> Vec<Without> {
    let is_used = |version: &Version| documents.iter().any(|run| run.mqtt.iter().any(|used| used == version.name()));
    let versions = [Version::V3_1_1, Version::V5].into_iter().filter(is_used);
    let of = |version: Version| {
        let coverage = coverage::of(version, None);
        let all = coverage.rules.len();
        let rules = coverage.rules.iter().filter_map(|rule| Some(Uncovered { id: rule.rule, reason: rule.reason? }));
        let rules: Vec<Uncovered> = rules.collect();
        Without { version: version.name(), counts: format!("{} of {}", rules.len(), many(all, "rule")), rules }
    };
    versions.map(of).filter(|without| !without.rules.is_empty()).collect()
}
