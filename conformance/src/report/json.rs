//! The JSON report, schema 1: what `run --json` writes. Fields are only ever added.

use super::explored::ExploreReport;
use super::{End, Ended, RunFacts, TargetName};
use crate::link::{Line, Remark, Transcript, What};
use crate::run::{CaseResult, Disturbance, Noticed, Summary};
use crate::scenario::{Case, LeftBehind, Verdict};
use crate::text::cut;
use mqtt_assay_codec::Version;
use serde::{Serialize, Serializer};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::Duration;

/// The schema's number; it changes when a field changes its meaning or goes.
const SCHEMA: u32 = 1;

/// Letters of what was expected and seen, names and lists of a broker's included.
const LETTERS_KEPT: usize = 4000;

/// How much of the transcripts the report holds. Those of cases that fail, are weak or inconclusive are whole in each;
/// a weighty case has a whole one only there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Transcripts {
    // Of the other cases the lines that decided them. What a comment for the documentation says here, `--help` would say.
    #[default]
    Deciding,
    // The others whole, too.
    All,
    // None of the others.
    Failed,
}

impl Transcripts {
    /// Whether the whole transcript of a case with this verdict is in the report.
    pub(crate) fn are_wanted_of(self, case: &Case, verdict: Verdict) -> bool {
        let is_weighty = case.weighty;
        self == Self::All && !is_weighty || matches!(verdict, Verdict::Fail | Verdict::Weak | Verdict::Inconclusive)
    }
}

#[derive(Serialize)]
struct Report<'a> {
    schema: u32,
    tool: Tool,
    target: &'a TargetName,
    /// What the user says of the run.
    labels: &'a BTreeMap<String, String>,
    mqtt: Vec<&'static str>,
    /// UTC, RFC 3339.
    started: &'a str,
    seed: u64,
    took_ms: u128,
    ended: Ended,
    exit: u8,
    /// What it all comes to, in one line.
    why: &'a str,
    /// How many cases were to be run.
    selected: usize,
    left_behind: &'a [LeftBehind],
    summary: BTreeMap<&'static str, Summary>,
    results: Results<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    explore: Option<&'a ExploreReport>,
}

#[derive(Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

/// Cases, and below them lines of transcripts, are put into words one by one: all at once they would be several times
/// what the run itself keeps in memory.
struct Results<'a> {
    of: &'a [CaseResult],
    transcripts: Transcripts,
}

impl Serialize for Results<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.of.iter().map(|result| case_report(result, self.transcripts)))
    }
}

/// Lines of a transcript's text form, long packets cut, without its head.
enum Lines<'a> {
    None,
    All(&'a Transcript),
    /// Those that decided a rule, and what was said to each.
    Deciding(&'a CaseResult),
}

impl Serialize for Lines<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::None => serializer.collect_seq(std::iter::empty::<String>()),
            Self::All(transcript) => {
                serializer.collect_seq(transcript.lines.iter().map(|line| transcript.print_line_cut(line)))
            }
            Self::Deciding(result) => {
                let decides = |line: &&Line| {
                    matches!(line.what, What::Said(Remark::Decides, _))
                        || result.rules.iter().any(|rule| rule.line == Some(line.number))
                };
                let lines = result.transcript.lines.iter().filter(decides);
                serializer.collect_seq(lines.map(|line| result.transcript.print_line_cut(line)))
            }
        }
    }
}

impl<'a> Lines<'a> {
    fn of(result: &'a CaseResult, transcripts: Transcripts) -> Self {
        if transcripts.are_wanted_of(result.instance.case, result.verdict) {
            Self::All(&result.transcript)
        } else if transcripts == Transcripts::Deciding {
            Self::Deciding(result)
        } else {
            Self::None
        }
    }
}

#[derive(Serialize)]
struct CaseReport<'a> {
    case: String,
    mqtt: &'static str,
    chapter: &'static str,
    title: &'static str,
    variant: &'static str,
    verdict: Verdict,
    took_ms: u128,
    /// What had disturbed it beside others; then this is what came of it alone. `null` where nothing had.
    alone: Option<Disturbance>,
    rules: Vec<RuleReport>,
    decided_by: DecidedBy<'a>,
    /// What the deciding step expected; `null` where none was reached.
    expected: Option<Cow<'a, str>>,
    /// Roles of its transcript that speak another version than the case, and which.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    other_versions: BTreeMap<&'a str, &'static str>,
    /// What was found broken in its traffic beside its own rules.
    #[serde(skip_serializing_if = "<[Noticed]>::is_empty")]
    noticed: &'a [Noticed],
    transcript: Lines<'a>,
}

#[derive(Serialize)]
struct RuleReport {
    id: &'static str,
    level: &'static str,
    basis: &'static str,
    verdict: Verdict,
}

/// What decided a case: the rule, the line of its transcript, and what was seen there. Without a rule: why nothing was
/// judged.
#[derive(Serialize)]
struct DecidedBy<'a> {
    rule: Option<&'static str>,
    line: Option<u32>,
    seen: Cow<'a, str>,
}

/// When and how long a run went.
#[derive(Debug, Clone)]
pub(crate) struct Times {
    /// UTC, RFC 3339.
    pub(crate) started: String,
    /// On the wall.
    pub(crate) took: Duration,
}

/// Writes the report of a run.
pub(crate) fn write(
    mut out: impl Write,
    facts: &RunFacts,
    times: &Times,
    results: &[CaseResult],
    end: &End,
    transcripts: Transcripts,
) -> io::Result<()> {
    let summary = |version: Version| Summary::of(results.iter().filter(|result| result.instance.version == version));
    let report = Report {
        schema: SCHEMA,
        tool: Tool { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") },
        target: &facts.target,
        labels: &facts.labels,
        mqtt: facts.versions.iter().map(|version| version.name()).collect(),
        started: &times.started,
        seed: facts.seed,
        took_ms: times.took.as_millis(),
        ended: end.ended,
        exit: end.exit,
        why: &end.why,
        selected: facts.cases,
        left_behind: &end.left_behind,
        summary: facts.versions.iter().map(|&version| (version.name(), summary(version))).collect(),
        results: Results { of: results, transcripts },
        explore: end.explore.as_ref(),
    };
    serde_json::to_writer_pretty(&mut out, &report)?;
    out.write_all(b"\n")?;
    out.flush()
}

fn case_report(result: &CaseResult, transcripts: Transcripts) -> CaseReport<'_> {
    let decisive = result.decisive().filter(|rule| rule.line.is_some());
    let others = result.transcript.others.iter();
    let lines = Lines::of(result, transcripts);
    let has_lines = !matches!(lines, Lines::None);
    CaseReport {
        case: result.instance.id(),
        mqtt: result.instance.version.name(),
        chapter: result.instance.chapter,
        title: result.instance.case.title,
        variant: result.instance.case.variant.name,
        verdict: result.verdict,
        took_ms: result.took.as_millis(),
        alone: result.alone,
        noticed: &result.noticed,
        rules: result
            .rules
            .iter()
            .map(|rule| RuleReport {
                id: rule.rule.id(),
                level: rule.rule.rule().level.word(),
                basis: rule.basis.word(),
                verdict: rule.verdict,
            })
            .collect(),
        decided_by: DecidedBy {
            rule: decisive.map(|rule| rule.rule.id()),
            line: decisive.and_then(|rule| rule.line),
            seen: cut(decisive.map_or(result.reason.as_deref().unwrap_or_default(), |rule| &rule.seen), LETTERS_KEPT),
        },
        expected: decisive.map(|rule| cut(&rule.expected, LETTERS_KEPT)),
        other_versions: others.filter(|_| has_lines).map(|(role, version)| (role.as_str(), version.name())).collect(),
        transcript: lines,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples;
    use crate::scenario::{Kind, Stop};

    #[test]
    fn the_end_of_the_run_is_told_and_long_texts_are_cut() {
        let long = "x".repeat(35_000);
        let results = [
            samples::result(&[(Verdict::Fail, &long), (Verdict::Pass, "")], Some(Stop::Failed)),
            samples::result(&[], Some(Stop::Inconclusive { why: long.clone(), line: None })),
        ];
        let left = LeftBehind { kind: Kind::Retained, name: "a/b".to_owned(), case: "5/x/y".to_owned() };
        let end = End { left_behind: vec![left], ..samples::end(Ended::FailFast) };
        let times = Times { started: String::new(), took: Duration::ZERO };
        let mut out = Vec::new();
        write(&mut out, &samples::facts(), &times, &results, &end, Transcripts::Failed).expect("memory takes it");
        let report: serde_json::Value = serde_json::from_slice(&out).expect("JSON");
        assert_eq!(
            (&report["ended"], &report["exit"], &report["selected"]),
            (&"fail-fast".into(), &0.into(), &5.into())
        );
        let left = serde_json::json!([{ "kind": "retained", "name": "a/b", "case": "5/x/y" }]);
        assert_eq!(report["left_behind"], left);
        for result in report["results"].as_array().expect("results") {
            let seen = result["decided_by"]["seen"].as_str().expect("text");
            assert!(seen.len() < LETTERS_KEPT + 30 && seen.ends_with("... (35000 letters)"), "{seen}");
        }
    }

    #[test]
    fn of_what_is_as_it_should_be_the_deciding_lines_are_told_or_all_or_none() {
        let told = |verdict, transcripts| {
            let results = [samples::result(&[(verdict, "DUP 0"), (Verdict::Pass, "")], None)];
            let times = Times { started: String::new(), took: Duration::ZERO };
            let mut out = Vec::new();
            let end = samples::end(Ended::Complete);
            write(&mut out, &samples::facts(), &times, &results, &end, transcripts).expect("memory takes it");
            let report: serde_json::Value = serde_json::from_slice(&out).expect("JSON");
            let lines = report["results"][0]["transcript"].as_array().expect("lines").clone();
            let number = |line: &serde_json::Value| line.as_str()?.split_whitespace().next()?.parse().ok();
            lines.iter().filter_map(number).collect::<Vec<u32>>()
        };
        assert_eq!(told(Verdict::Pass, Transcripts::Deciding), [3]);
        assert_eq!(told(Verdict::Pass, Transcripts::All), [1, 2, 3]);
        assert_eq!(told(Verdict::Pass, Transcripts::Failed), [0_u32; 0]);
        for transcripts in [Transcripts::Deciding, Transcripts::All, Transcripts::Failed] {
            assert_eq!(told(Verdict::Fail, transcripts), [1, 2, 3]);
        }
    }
}
