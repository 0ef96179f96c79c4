//! Results as tests of reports need them.

use super::document::{CaseReport, DecidedBy, Document, Mark, RuleReport, Times, Transcripts};
use super::{End, Ended, RunFacts, TargetName};
use crate::link::{Transcript, What};
use crate::run::CaseResult;
use crate::run::Summary;
use crate::scenario::{Case, CaseRules, Instance, Method, RuleVerdict, RunNames, Stop, Verdict};
use bytes::Bytes;
use mqtt_assay_codec::Version;
use mqtt_assay_standard::{Basis, RuleId};
use std::collections::BTreeMap;
use std::time::Duration;

const CASE_OF_ITS_OWN: Case =
    Case::new("an_example", "", "An example", Method::Steps(|_| Box::pin(async { Err(Stop::Failed) })));
static CASE: Case = CASE_OF_ITS_OWN;
static ANOTHER: Case = Case { function: "another", ..CASE_OF_ITS_OWN };
static A_THIRD: Case = Case { function: "a_third", ..CASE_OF_ITS_OWN };
static RULES: CaseRules =
    CaseRules { breaks: &[], proves: &[&[RuleId::v5("MQTT-3.3.1-3")], &[RuleId::v5("MQTT-3.3.1-8")]] };

/// A run of a broker without a version.
pub(super) fn facts() -> RunFacts {
    let target = TargetName {
        name: "x".to_owned(),
        address: String::new(),
        version: None,
        learnt_from: None,
        carrier: None,
        insecure: false,
    };
    RunFacts {
        target,
        target_words: "x".to_owned(),
        labels: BTreeMap::new(),
        before: String::new(),
        versions: vec![Version::V5],
        seed: 3,
        cases: 5,
        asked: super::Asked::default(),
        names: RunNames { topic_prefix: "t".to_owned(), client_id_prefix: "c".to_owned(), run: "k3x9q2".to_owned() },
        expectations: None,
        set_ups: BTreeMap::new(),
    }
}

/// An end of a run.
pub(super) fn end(ended: Ended) -> End {
    End { ended, exit: 0, why: "why \u{1b}[2J".to_owned(), left_behind: Vec::new(), explore: None, baseline: None }
}

/// A result of a case of two rules, whose transcript has three lines.
pub(super) fn result(verdicts: &[(Verdict, &str)], stop: Option<Stop>) -> CaseResult {
    of_case(&CASE, verdicts, stop)
}

/// The same of a case of this name: `another`, or `a-third`.
pub(super) fn result_of(name: &str, verdicts: &[(Verdict, &str)], stop: Option<Stop>) -> CaseResult {
    of_case(if name == "another" { &ANOTHER } else { &A_THIRD }, verdicts, stop)
}

fn of_case(case: &'static Case, verdicts: &[(Verdict, &str)], stop: Option<Stop>) -> CaseResult {
    let instance = Instance { chapter: "publish", case, version: Version::V5, rules: &RULES };
    let mut transcript = Transcript::new(instance.id(), Version::V5);
    let sent = What::Sent { bytes: Bytes::from_static(&[0x30, 4, 0, 1, b'a', 0]), mutation: None };
    transcript.add(Duration::ZERO, "publisher", sent);
    transcript.add(Duration::ZERO, "publisher", What::Sent { bytes: Bytes::from_static(&[0xc0, 0]), mutation: None });
    transcript.add(Duration::ZERO, "watcher", What::Received(Bytes::from_static(&[0x38, 4, 0, 1, b'a', 0])));
    let rules = RULES.judged().zip(verdicts);
    let judged = rules.map(|(rule, (verdict, seen))| RuleVerdict {
        rule,
        basis: Basis::Direct,
        verdict: *verdict,
        line: Some(3),
        expected: "DUP 0".to_owned(),
        seen: (*seen).to_owned(),
    });
    CaseResult::new(instance, &judged.collect::<Vec<_>>(), stop, transcript)
}

/// The report of a run with these results.
pub(super) fn document(results: &[CaseResult]) -> Document {
    document_of(&facts(), results)
}

/// The same of a run of which this is known.
pub(super) fn document_of(facts: &RunFacts, results: &[CaseResult]) -> Document {
    let times = Times { started: "2026-01-02T03:04:05Z".to_owned(), took: Duration::from_millis(7) };
    Document::of(facts, &times, results, &end(Ended::Complete), Transcripts::Failed)
}

/// A case of a report that one rule decided; a fail is the broker's own.
pub(super) fn case(id: &str, verdict: Verdict, rule: &str, seen: &str) -> CaseReport {
    let (mqtt, name) = id.split_once('/').expect("a version and a name");
    let (chapter, _) = name.split_once('/').expect("a chapter and a name");
    let rules = vec![RuleReport {
        id: rule.to_owned(),
        level: "must".to_owned(),
        basis: "direct".to_owned(),
        breaks: false,
        seen: None,
        verdict,
        line: Some(3),
    }];
    CaseReport {
        case: id.to_owned(),
        mqtt: mqtt.to_owned(),
        chapter: chapter.to_owned(),
        title: "An example".to_owned(),
        variant: "plain".to_owned(),
        verdict,
        marked: (verdict == Verdict::Fail).then_some(Mark::Broken),
        expected_by_baseline: None,
        took_ms: 1,
        alone: None,
        rules,
        decided_by: DecidedBy { rule: Some(rule.to_owned()), line: Some(3), seen: seen.to_owned() },
        expected: Some("DUP 0".to_owned()),
        sent_in_line: None,
        repeat: None,
        other_versions: BTreeMap::new(),
        noticed: Vec::new(),
        transcript: Vec::new(),
    }
}

/// A report of these cases.
pub(super) fn report(cases: Vec<CaseReport>) -> Document {
    let times = Times { started: "2026-01-01T00:00:00Z".to_owned(), took: Duration::from_millis(1234) };
    let mut document = Document::of(&facts(), &times, &[], &end(Ended::Complete), Transcripts::All);
    document.summary = ["3.1.1", "5"]
        .into_iter()
        .map(|version| {
            let mut summary = Summary::default();
            for case in cases.iter().filter(|case| case.mqtt == version) {
                summary.count_one(case.verdict, case.marked == Some(Mark::Lenient));
            }
            (version.to_owned(), summary)
        })
        .collect();
    document.results = cases;
    document
}
