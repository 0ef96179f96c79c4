//! Results as tests of reports need them.

use super::{End, Ended, RunFacts, TargetName};
use crate::link::{Transcript, What};
use crate::run::CaseResult;
use crate::scenario::{Case, CaseRules, Instance, Method, RuleVerdict, Stop, Verdict};
use bytes::Bytes;
use mqtt_assay_codec::Version;
use mqtt_assay_standard::{Basis, RuleId};
use std::time::Duration;

static CASE: Case = Case::new("an_example", "", "An example", Method::Steps(|_| Box::pin(async { Err(Stop::Failed) })));
static RULES: CaseRules =
    CaseRules { breaks: &[], proves: &[&[RuleId::v5("MQTT-3.3.1-3")], &[RuleId::v5("MQTT-3.3.1-8")]] };

/// A run of a broker without a version.
pub(super) fn facts() -> RunFacts {
    let target = TargetName { name: "x".to_owned(), address: String::new(), version: None, learnt_from: None };
    RunFacts {
        target,
        target_words: "x".to_owned(),
        labels: std::collections::BTreeMap::new(),
        before: String::new(),
        versions: vec![Version::V5],
        seed: 3,
        cases: 5,
    }
}

/// An end of a run.
pub(super) fn end(ended: Ended) -> End {
    End { ended, exit: 0, why: "why \u{1b}[2J".to_owned(), left_behind: Vec::new(), explore: None }
}

/// A result of a case of two rules, whose transcript has three lines.
pub(super) fn result(verdicts: &[(Verdict, &str)], stop: Option<Stop>) -> CaseResult {
    let instance = Instance { chapter: "publish", case: &CASE, version: Version::V5, rules: &RULES };
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
