//! A decoder that was certified, as a document: the same data as of a broker's run, so that all reports can be made from it.

use super::document::{
    CaseReport, Choices, CommandWords, DecidedBy, DecoderFacts, Document, LETTERS_KEPT, Mark, NamesUsed, RuleReport,
    SCHEMA, Times, Tool, Transcripts, milliseconds,
};
use super::{End, TargetName};
use crate::baseline::Expectations;
use crate::link::{Remark, Transcript, What};
use crate::run::Summary;
use crate::scenario::Verdict;
use crate::testee::{Greeting, Judged, RuleJudged, Trial, catalogued};
use crate::text::{cut, single_line};
use mqtt_assay_codec::{Sender, Version};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Who speaks in a transcript besides the side whose bytes they are.
const DECODER: &str = "decoder";

/// What is known of the run besides its results.
pub(crate) struct Facts<'a> {
    pub(crate) greeting: &'a Greeting,
    /// The command of the decoder, quoted for a shell.
    pub(crate) words: &'a str,
    pub(crate) filter: &'a [String],
    pub(crate) strict: bool,
    pub(crate) selected: usize,
    pub(crate) transcripts: Transcripts,
    pub(crate) expectations: Option<&'a Expectations>,
}

/// What the decoder is called.
pub(crate) fn target(greeting: &Greeting) -> TargetName {
    TargetName {
        name: greeting.name.clone(),
        address: String::new(),
        version: Some(greeting.version.clone()),
        learnt_from: Some("its greeting".to_owned()),
        carrier: None,
        insecure: false,
    }
}

impl Document {
    /// A decoder that has just been certified.
    pub(crate) fn of_decoder(
        facts: &Facts<'_>,
        times: &Times,
        results: Vec<CaseReport>,
        of: Counted,
        end: &End,
    ) -> Self {
        let mut document = Self {
            schema: SCHEMA,
            tool: Tool::this(),
            target: target(facts.greeting),
            command: CommandWords { before: String::new(), broker: facts.words.to_owned() },
            set_ups: BTreeMap::new(),
            mqtt: versions(&results).into_iter().map(|version| version.name().to_owned()).collect(),
            labels: BTreeMap::new(),
            started: times.started.clone(),
            seed: 0,
            took_ms: milliseconds(times.took),
            ended: end.ended,
            exit: end.exit,
            why: end.why.clone(),
            selected: facts.selected,
            shard: None,
            options: Choices {
                filter: facts.filter.to_vec(),
                patience: 1,
                strict: facts.strict,
                transcripts: facts.transcripts,
                ..Choices::default()
            },
            selection: String::new(),
            names: NamesUsed::default(),
            left_behind: Vec::new(),
            summary: BTreeMap::new(),
            results,
            explore: None,
            baseline: end.baseline.clone(),
            decoder: Some(DecoderFacts {
                can: facts.greeting.can.iter().cloned().collect(),
                hides: facts.greeting.hides.iter().cloned().collect(),
                hidden_fields: of.hidden,
                questions: of.questions,
                left_out: Trial::left_out(),
            }),
        };
        document.count_anew();
        document
    }

    /// Counts its results.
    pub(crate) fn count_anew(&mut self) {
        self.summary.clear();
        for case in &self.results {
            let summary: &mut Summary = self.summary.entry(case.mqtt.clone()).or_default();
            summary.count_one(case.verdict, case.marked == Some(Mark::Lenient));
            let is_expected = case.verdict == Verdict::Fail && case.expected_by_baseline.is_some();
            summary.expected_fail += usize::from(is_expected);
        }
    }
}

/// What is counted over all results.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counted {
    pub(crate) hidden: usize,
    pub(crate) questions: usize,
}

impl Counted {
    /// With one more.
    pub(crate) fn add(&mut self, judged: &Judged) {
        self.hidden += judged.hidden;
        self.questions += judged.questions;
    }
}

fn versions(results: &[CaseReport]) -> Vec<Version> {
    let used: BTreeSet<&str> = results.iter().map(|case| case.mqtt.as_str()).collect();
    Version::ALL.into_iter().filter(|version| used.contains(version.name())).collect()
}

/// A trial with what came of it, as reports tell a case.
pub(crate) fn case(judged: &Judged, facts: &Facts<'_>) -> CaseReport {
    let verdict = judged.verdict();
    let decisive = judged.decisive();
    let is_judged = !matches!(verdict, Verdict::NotOffered | Verdict::NotExercised | Verdict::Inconclusive);
    let record = transcript(judged);
    let line = record.lines.last().map(|line| line.number);
    let is_kept = match facts.transcripts {
        Transcripts::All | Transcripts::Whole => true,
        Transcripts::Deciding | Transcripts::Failed => matches!(verdict, Verdict::Fail | Verdict::Weak),
    };
    let lines = record.lines.iter().filter(|_| is_kept);
    let mark = if judged.is_lenient() { Mark::Lenient } else { Mark::Broken };
    let seen = decisive.map_or("", |rule| rule.seen.as_str());
    let mut report = CaseReport {
        case: judged.trial.id.to_owned(),
        mqtt: judged.trial.context.version.name().to_owned(),
        chapter: judged.trial.chapter.clone(),
        title: judged.trial.title.to_owned(),
        variant: "plain".to_owned(),
        verdict,
        marked: (verdict == Verdict::Fail).then_some(mark),
        took_ms: 0,
        expected_by_baseline: None,
        alone: None,
        rules: judged.rules.iter().map(|told| rule(judged, told, line)).collect(),
        decided_by: DecidedBy {
            rule: decisive.filter(|_| is_judged).map(|rule| rule.id.to_owned()),
            line: line.filter(|_| is_judged),
            seen: cut(judged.reason.as_deref().filter(|_| !is_judged).unwrap_or(seen), LETTERS_KEPT).into_owned(),
        },
        expected: decisive.filter(|rule| !rule.expected.is_empty()).map(|rule| rule.expected.clone()),
        sent_in_line: is_judged.then_some(1),
        repeat: None,
        other_versions: BTreeMap::new(),
        noticed: Vec::new(),
        transcript: lines.map(|line| record.print_line_cut(line)).collect(),
    };
    report.expected_by_baseline =
        facts.expectations.zip(report.came()).and_then(|(expectations, came)| expectations.accepts_what_came(&came));
    report
}

fn rule(judged: &Judged, told: &RuleJudged, line: Option<u32>) -> RuleReport {
    let level = catalogued(&judged.trial, told.id).map_or("must", |rule| rule.rule().level.word());
    let is_wrong = matches!(told.verdict, Verdict::Fail | Verdict::Weak | Verdict::Inconclusive);
    RuleReport {
        id: told.id.to_owned(),
        level: level.to_owned(),
        basis: judged.basis(told).word().to_owned(),
        breaks: false,
        verdict: told.verdict,
        line: line.filter(|_| !matches!(told.verdict, Verdict::NotOffered | Verdict::NotExercised)),
        seen: is_wrong.then(|| single_line(&cut(&told.seen, LETTERS_KEPT))),
    }
}

/// The bytes as their side sends them, what was asked and answered, and what decided.
fn transcript(judged: &Judged) -> Transcript {
    let trial = &judged.trial;
    let mut record = Transcript::new(trial.id, trial.context.version);
    let one = [trial.bytes.clone()];
    let pieces = if trial.pieces.is_empty() { &one } else { trial.pieces.as_slice() };
    for piece in pieces {
        let bytes = piece.clone().into();
        match trial.context.from {
            Sender::Server => record.add(Duration::ZERO, "server", What::Received(bytes)),
            Sender::Client | Sender::Either => {
                record.add(Duration::ZERO, "client", What::Sent { bytes, mutation: None })
            }
        };
    }
    let mut say = |remark, text: String| {
        record.add(Duration::ZERO, DECODER, What::Said(remark, text));
    };
    for note in &judged.notes {
        say(Remark::Notes, note.clone());
    }
    if let Some(decisive) = judged.decisive() {
        if !decisive.expected.is_empty() {
            say(Remark::Expects, decisive.expected.clone());
        }
        say(Remark::Decides, format!("{} {}: {}", decisive.verdict, decisive.id, decisive.seen));
    }
    record
}
