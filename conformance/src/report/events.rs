//! A run as it happens: one JSON object a line, written out at once, so that what has been told stays told if the run is
//! killed. Whoever follows it takes the last line about a case: a verdict may be revised until the run ends.

use super::certified::{self, Facts};
use super::document::{CaseReport, Document, SCHEMA, Tool, Transcripts, milliseconds};
use super::{End, Ended, RunFacts, TargetName};
use crate::run::{CaseResult, Event, Summary};
use crate::scenario::RunNames;
use crate::testee::Trial;
use mqtt_assay_codec::Version;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{self, ErrorKind, Write};
use std::time::Instant;

/// A line: when, since the run began, and what.
#[derive(Serialize)]
struct Line<'a> {
    at_ms: u64,
    #[serde(flatten)]
    told: Told<'a>,
}

/// What is told; fields are only ever added.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "kebab-case", rename_all_fields = "snake_case")]
enum Told<'a> {
    Begun {
        schema: u32,
        tool: Tool,
        target: &'a TargetName,
        mqtt: Vec<&'static str>,
        started: &'a str,
        seed: u64,
        selected: usize,
        #[serde(skip_serializing_if = "Option::is_none")]
        shard: Option<&'a str>,
    },
    Started {
        case: String,
    },
    Finished {
        result: CaseReport,
    },
    Revised {
        result: CaseReport,
    },
    Postponed {
        case: String,
    },
    BrokerLost {
        how: &'a str,
    },
    NotSpoken {
        mqtt: &'static str,
        cases: usize,
        why: &'a str,
    },
    Hint {
        hint: &'a str,
    },
    Ended {
        ended: Ended,
        exit: u8,
        why: &'a str,
        took_ms: u64,
        summary: BTreeMap<&'a str, Summary>,
    },
}

/// Where the lines go.
pub(crate) struct Events {
    out: Box<dyn Write>,
    begun: Instant,
    transcripts: Transcripts,
    facts: RunFacts,
    /// The first error of writing; nothing is written after it.
    error: Option<io::Error>,
}

impl Events {
    /// Writes here; results with so much of their transcripts.
    pub(crate) fn new(out: Box<dyn Write>, transcripts: Transcripts, facts: RunFacts) -> Self {
        Self { out, begun: Instant::now(), transcripts, facts, error: None }
    }

    /// The first line.
    pub(crate) fn begin(&mut self, facts: &RunFacts, started: &str) {
        self.begun = Instant::now();
        self.tell(Told::Begun {
            schema: SCHEMA,
            tool: Tool::this(),
            target: &facts.target,
            mqtt: facts.versions.iter().map(|version| version.name()).collect(),
            started,
            seed: facts.seed,
            selected: facts.cases,
            shard: facts.asked.shard.as_ref().map(|shard| shard.shard.as_str()),
        });
    }

    /// A line for what has happened.
    pub(crate) fn on_event(&mut self, event: &Event<'_>) {
        let report = |result: &CaseResult| CaseReport::of(result, &self.facts, self.transcripts);
        self.tell(match event {
            Event::Started(instance) => Told::Started { case: instance.id() },
            Event::Finished(result) => Told::Finished { result: report(result) },
            Event::Revised(result) => Told::Revised { result: report(result) },
            Event::Postponed(instance) => Told::Postponed { case: instance.id() },
            Event::BrokerLost(how) => Told::BrokerLost { how },
            Event::NotSpoken(version, cases, why) => Told::NotSpoken { mqtt: version.name(), cases: *cases, why },
            Event::Hint(hint) => Told::Hint { hint },
        });
    }

    /// Begins to write about a decoder that is asked about these.
    pub(crate) fn of_decoder(out: Box<dyn Write>, facts: &Facts<'_>, trials: &[Trial], started: &str) -> Self {
        let versions = Version::ALL.into_iter();
        let versions =
            versions.filter(|version| trials.iter().any(|trial| trial.context.version == *version)).collect();
        let none = RunNames { topic_prefix: String::new(), client_id_prefix: String::new(), run: String::new() };
        let facts = RunFacts {
            target: certified::target(facts.greeting),
            labels: BTreeMap::new(),
            target_words: facts.words.to_owned(),
            before: String::new(),
            versions,
            seed: 0,
            cases: facts.selected,
            asked: super::Asked::default(),
            names: none,
            expectations: None,
            set_ups: BTreeMap::new(),
        };
        let mut events = Self::new(out, Transcripts::default(), facts.clone());
        events.begin(&facts, started);
        events
    }

    /// A case has its verdict.
    pub(crate) fn finished(&mut self, case: &CaseReport) {
        self.tell(Told::Finished { result: case.clone() });
    }

    /// The last line, of a run that is told of by this document.
    pub(crate) fn end_of(mut self, document: &Document) -> io::Result<()> {
        let took_ms = milliseconds(self.begun.elapsed());
        let summary = document.summary.iter().map(|(version, summary)| (version.as_str(), *summary)).collect();
        self.tell(Told::Ended { ended: document.ended, exit: document.exit, why: &document.why, took_ms, summary });
        self.error.filter(|error| error.kind() != ErrorKind::BrokenPipe).map_or(Ok(()), Err)
    }

    /// The last line. What went wrong with writing; a reader that has gone is nothing wrong.
    pub(crate) fn end(mut self, facts: &RunFacts, results: &[CaseResult], end: &End) -> io::Result<()> {
        let of = |version| Summary::of(results.iter().filter(|result| result.instance.version == version));
        let took_ms = milliseconds(self.begun.elapsed());
        self.tell(Told::Ended {
            ended: end.ended,
            exit: end.exit,
            why: &end.why,
            took_ms,
            summary: facts.versions.iter().map(|&version| (version.name(), of(version))).collect(),
        });
        self.error.filter(|error| error.kind() != ErrorKind::BrokenPipe).map_or(Ok(()), Err)
    }

    fn tell(&mut self, told: Told<'_>) {
        if self.error.is_some() {
            return;
        }
        let line = Line { at_ms: milliseconds(self.begun.elapsed()), told };
        let written = serde_json::to_vec(&line).map_err(io::Error::from).and_then(|mut line| {
            line.push(b'\n');
            // In one piece: whoever reads beside us sees whole lines.
            self.out.write_all(&line)?;
            self.out.flush()
        });
        self.error = written.err();
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::report::document::ShardOf;
    use crate::report::samples;
    use crate::scenario::{Stop, Verdict};
    use std::cell::RefCell;
    use std::rc::Rc;

    #[derive(Clone, Default)]
    struct Paper(Rc<RefCell<Vec<u8>>>, Option<ErrorKind>);

    impl Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.1.map_or_else(|| self.0.borrow_mut().write(bytes), |kind| Err(kind.into()))
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// A line of each kind.
    pub(in crate::report) fn all_kinds(transcripts: Transcripts) -> String {
        let paper = Paper::default();
        told(&paper, transcripts).expect("memory takes it");
        let lines = paper.0.borrow().clone();
        String::from_utf8(lines).expect("UTF-8")
    }

    fn told(paper: &Paper, transcripts: Transcripts) -> io::Result<()> {
        let mut facts = samples::facts();
        facts.target.carrier = Some("tls".to_owned());
        facts.target.insecure = true;
        facts.asked.shard = Some(ShardOf { shard: "1/2".to_owned(), selected_by_all_shards: 9 });
        let mut events = Events::new(Box::new(paper.clone()), transcripts, facts.clone());
        let result = samples::result(&[(Verdict::Fail, "DUP 1\n"), (Verdict::Pass, "")], Some(Stop::Failed));
        events.begin(&facts, "2026-01-02T03:04:05Z");
        events.on_event(&Event::NotSpoken(Version::V3_1_1, 3, "not spoken"));
        events.on_event(&Event::Started(&result.instance));
        events.on_event(&Event::Postponed(&result.instance));
        events.on_event(&Event::Finished(&result));
        events.on_event(&Event::Revised(&result));
        events.on_event(&Event::BrokerLost("signal 11\n"));
        events.on_event(&Event::Hint("fewer jobs"));
        events.end(&facts, &[result], &samples::end(Ended::Complete))
    }

    #[test]
    fn each_event_is_a_line() {
        let filters = vec![
            (r#""(at|took)_ms":\d+"#, "\"${1}_ms\":[time]"),
            (r#""version":"\d[^"]*""#, "\"version\":\"[version]\""),
        ];
        insta::with_settings!({ filters => filters }, {
            insta::assert_snapshot!(all_kinds(Transcripts::Failed));
        });
    }

    #[test]
    fn a_reader_that_has_gone_is_nothing_wrong_and_a_full_disk_is() {
        assert!(told(&Paper(Rc::default(), Some(ErrorKind::BrokenPipe)), Transcripts::Failed).is_ok());
        assert!(told(&Paper(Rc::default(), Some(ErrorKind::StorageFull)), Transcripts::Failed).is_err());
    }
}
