//! The cases as data for the script: an index that the lists are made from, and a part for each run and chapter that is read
//! when a case of it is opened. Small words, since there are thousands of each.

use super::bytes::{self, Field, Paths};
use super::json;
use super::lines::{Kind, Told};
use super::matrix::Judged;
use super::shown::Shown;
use crate::report::document::{CaseReport, Document, Mark, RuleReport};
use crate::report::tested::Tested;
use crate::text::single_line;
use mqtt_assay_codec::Version;
use serde::ser::{Serialize, SerializeSeq, Serializer};
use std::collections::BTreeMap;

/// What stands in the page as JSON.
pub(super) struct Data {
    pub(super) index: String,
    pub(super) parts: Vec<Part>,
}

/// The details of the cases of a run and chapter.
pub(super) struct Part {
    pub(super) id: String,
    pub(super) json: String,
}

/// What all lists are made from.
#[derive(serde::Serialize)]
struct Index<'a> {
    runs: Vec<Run>,
    /// Word, words, sign.
    shown: Vec<[&'static str; 3]>,
    chapters: Vec<String>,
    rules: Vec<Rule<'a>>,
    paths: &'a [String],
    cases: Vec<Case>,
}

/// A run: its name, and what its commands are made of.
#[derive(serde::Serialize)]
struct Run {
    name: String,
    before: String,
    broker: String,
    seed: u64,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    decoder: bool,
}

/// Id, version, level, section, what it says, how it is judged, chapter of the standard.
#[derive(serde::Serialize)]
struct Rule<'a>(&'a str, &'a str, &'a str, &'a str, &'a str, &'a str, &'a str);

/// Id, title, chapter, version, rules, and what came of it in each run.
#[derive(serde::Serialize)]
struct Case(String, String, usize, String, Vec<usize>, Vec<Option<Came>>);

/// Verdict, 1 broken or 2 lenient, milliseconds, variant, deciding rule, and what was seen where it isn't a pass.
#[derive(Clone, serde::Serialize)]
struct Came(usize, u8, u64, String, Option<usize>, String);

/// A case of a run in full.
#[derive(serde::Serialize)]
struct Detail {
    /// Rule, verdict, basis, line.
    rules: Vec<(usize, usize, String, Option<u32>)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expected: Option<String>,
    seen: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sent: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    repeat: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    alone: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    noticed: Vec<(String, u32)>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    others: BTreeMap<String, String>,
    roles: Vec<String>,
    lines: Vec<Line>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    packets: Vec<Vec<Field>>,
}

/// A line: number, microseconds, role, kind, text, digits, mutation, number of its packet from 1. What is empty at its end is
/// left out.
struct Line {
    number: u32,
    micros: u64,
    role: usize,
    kind: Kind,
    rest: [String; 3],
    packet: usize,
}

impl Serialize for Line {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let texts = self.rest.iter().rposition(|text| !text.is_empty()).map_or(0, |last| last + 1);
        let texts = if self.packet > 0 { self.rest.len() } else { texts };
        let mut out = serializer.serialize_seq(None)?;
        out.serialize_element(&self.number)?;
        out.serialize_element(&self.micros)?;
        out.serialize_element(&self.role)?;
        out.serialize_element(&(self.kind as u8))?;
        for text in &self.rest[..texts] {
            out.serialize_element(text)?;
        }
        if self.packet > 0 {
            out.serialize_element(&self.packet)?;
        }
        out.end()
    }
}

/// Numbers of chapters and rules.
struct Places<'a> {
    chapters: BTreeMap<&'a str, usize>,
    rules: BTreeMap<(&'a str, &'a str), usize>,
}

impl<'a> Places<'a> {
    fn of(chapters: &[&'a str], judged: &'a [Judged]) -> Self {
        Self {
            chapters: chapters.iter().enumerate().map(|(place, chapter)| (*chapter, place)).collect(),
            rules: judged
                .iter()
                .enumerate()
                .map(|(place, rule)| ((rule.version.as_str(), rule.id.as_str()), place))
                .collect(),
        }
    }

    fn rule(&self, case: &CaseReport, id: &str) -> Option<usize> {
        self.rules.get(&(single_line(&case.mqtt).as_str(), single_line(id).as_str())).copied()
    }

    fn rules(&self, case: &CaseReport) -> Vec<usize> {
        case.rules.iter().filter_map(|rule| self.rule(case, &rule.id)).collect()
    }
}

/// The data of these runs.
pub(super) fn data(documents: &[Document], names: &[String], judged: &[Judged]) -> Data {
    let chapters = chapters(documents);
    let places = Places::of(&chapters, judged);
    let mut paths = Paths::default();
    let mut details = Details { places: &places, paths: &mut paths, is_one: documents.len() == 1 };
    let parts = documents.iter().enumerate().flat_map(|(run, document)| details.parts(document, run));
    let parts = parts.collect();
    let runs = documents.iter().zip(names).map(|(document, name)| Run {
        name: name.clone(),
        before: single_line(&document.command.before),
        broker: single_line(broker_words(document)),
        seed: document.seed,
        decoder: document.tested() == Tested::Decoder,
    });
    let index = Index {
        runs: runs.collect(),
        shown: Shown::ALL.map(|shown| [shown.word(), shown.phrase(), shown.sign()]).to_vec(),
        rules: judged.iter().map(rule).collect(),
        paths: paths.all(),
        cases: cases(documents, &places),
        chapters: chapters.into_iter().map(single_line).collect(),
    };
    Data { index: json(&index), parts }
}

/// The broker as it stands in commands; a report of an earlier release has only its name.
pub(super) fn broker_words(document: &Document) -> &str {
    let words = &document.command.broker;
    if words.is_empty() { &document.target.name } else { words }
}

/// Chapters of the suite, as they come.
pub(super) fn chapters(documents: &[Document]) -> Vec<&str> {
    let mut chapters: Vec<&str> = Vec::new();
    for case in documents.iter().flat_map(|document| &document.results) {
        if !chapters.contains(&case.chapter.as_str()) {
            chapters.push(&case.chapter);
        }
    }
    chapters
}

fn rule(judged: &Judged) -> Rule<'_> {
    let known = judged.rule();
    let of = |text: fn(&mqtt_assay_standard::Rule) -> &'static str| known.map_or("", text);
    Rule(
        &judged.id,
        &judged.version,
        &judged.level,
        known.map_or(judged.own_section(), |rule| rule.section),
        known.map_or_else(|| judged.own_words(), |rule| rule.says),
        of(|rule| rule.policy),
        &judged.chapter.number,
    )
}

fn cases(documents: &[Document], places: &Places<'_>) -> Vec<Case> {
    let mut found: BTreeMap<&str, usize> = BTreeMap::new();
    let mut cases: Vec<Case> = Vec::new();
    for (run, document) in documents.iter().enumerate() {
        for case in &document.results {
            let place = *found.entry(&case.case).or_insert_with(|| {
                let chapter = places.chapters.get(case.chapter.as_str()).copied().unwrap_or_default();
                let none = vec![None; documents.len()];
                let (id, title) = (single_line(&case.case), single_line(&case.title));
                cases.push(Case(id, title, chapter, single_line(&case.mqtt), places.rules(case), none));
                cases.len() - 1
            });
            cases[place].5[run] = Some(came(case, places));
        }
    }
    // As the suite lists them: a chapter's cases stand together.
    cases.sort_by_key(|case| case.2);
    cases
}

fn came(case: &CaseReport, places: &Places<'_>) -> Came {
    let shown = Shown::of(case);
    let mark = match case.marked {
        Some(Mark::Broken) => 1,
        Some(Mark::Lenient) => 2,
        None => 0,
    };
    let rule = case.decided_by.rule.as_deref().and_then(|id| places.rule(case, id));
    let seen = if shown == Shown::Pass { String::new() } else { single_line(&case.decided_by.seen) };
    Came(shown.place(), mark, case.took_ms, single_line(&case.variant), rule, seen)
}

/// What makes the details of cases.
struct Details<'a> {
    places: &'a Places<'a>,
    paths: &'a mut Paths,
    /// One run's page tells the deciding lines of passes too; of several each has them in its own.
    is_one: bool,
}

impl Details<'_> {
    fn parts(&mut self, document: &Document, run: usize) -> Vec<Part> {
        let mut chapters: BTreeMap<usize, BTreeMap<String, Detail>> = BTreeMap::new();
        for case in &document.results {
            let Some(chapter) = self.places.chapters.get(case.chapter.as_str()) else { continue };
            let detail = self.of(case);
            chapters.entry(*chapter).or_default().insert(single_line(&case.case), detail);
        }
        let part = |(chapter, cases)| Part { id: format!("part-{run}-{chapter}"), json: json(&cases) };
        chapters.into_iter().map(part).collect()
    }

    fn of(&mut self, case: &CaseReport) -> Detail {
        let judged = |rule: &RuleReport| {
            let shown = Shown::of_rule(case, rule.verdict).place();
            Some((self.places.rule(case, &rule.id)?, shown, single_line(&rule.basis), rule.line))
        };
        let rules = case.rules.iter().filter_map(judged).collect();
        let told = self.transcript(case);
        let noticed = case.noticed.iter().map(|noticed| (single_line(&noticed.invariant), noticed.line));
        let others = case.other_versions.iter().map(|(role, version)| (single_line(role), single_line(version)));
        Detail {
            rules,
            expected: case.expected.as_deref().map(single_line),
            seen: single_line(&case.decided_by.seen),
            line: case.decided_by.line,
            sent: case.sent_in_line,
            repeat: case.repeat.as_deref().map(single_line),
            alone: case.alone.map(crate::run::Disturbance::says),
            noticed: noticed.collect(),
            others: others.collect(),
            roles: told.roles,
            lines: told.lines,
            packets: told.packets,
        }
    }

    fn transcript(&mut self, case: &CaseReport) -> Transcript {
        let mut told = Transcript::default();
        let is_pass = Shown::of(case) == Shown::Pass;
        if is_pass && !self.is_one {
            return told;
        }
        let lines: Vec<Told<'_>> = case.transcript.iter().map(|line| Told::of(line)).collect();
        let is_whole = lines.first().is_some_and(|line| line.number == 1);
        // Where only what decided is there, the case's rules say what these lines would.
        let is_said_already = |line: &Told<'_>| is_pass && !is_whole && line.kind == Kind::Decides;
        for line in lines.iter().filter(|line| !is_said_already(line)) {
            told.add(case, line, self.paths);
        }
        told
    }
}

/// A transcript, with each role and each packet once.
#[derive(Default)]
struct Transcript {
    roles: Vec<String>,
    lines: Vec<Line>,
    packets: Vec<Vec<Field>>,
    known: BTreeMap<(String, String, bool), usize>,
}

impl Transcript {
    fn add(&mut self, case: &CaseReport, told: &Told<'_>, paths: &mut Paths) {
        let role = single_line(told.role);
        let place = self.roles.iter().position(|known| *known == role).unwrap_or_else(|| {
            self.roles.push(role);
            self.roles.len() - 1
        });
        let packet = if Shown::of(case) == Shown::Pass { 0 } else { self.packet(case, told, paths) };
        let rest = [told.text, told.hex, told.mutation].map(single_line);
        self.lines.push(Line { number: told.number, micros: told.micros, role: place, kind: told.kind, rest, packet });
    }

    /// Its fields, and their number; 0 where there is nothing to explain.
    fn packet(&mut self, case: &CaseReport, told: &Told<'_>, paths: &mut Paths) -> usize {
        let version = case.other_versions.get(told.role).unwrap_or(&case.mqtt);
        let (Some(from), Ok(read)) = (told.sender(), version.parse::<Version>()) else { return 0 };
        let key = (told.hex.to_owned(), version.clone(), told.kind == Kind::Sent);
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let fields = bytes::fields(told.hex, read, from, paths);
        if fields.is_empty() {
            return 0;
        }
        self.packets.push(fields);
        self.known.insert(key, self.packets.len());
        self.packets.len()
    }
}
