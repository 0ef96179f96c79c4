//! What was judged, rule by rule: the matrix of rules and runs, and the picture by chapter that is made from it.

use super::many;
use super::shown::Shown;
use super::standards::{self, Chapter};
use crate::report::document::{CaseReport, Document};
use crate::testee;
use crate::text::single_line;
use mqtt_assay_standard::{Rule, RuleId};
use std::collections::{BTreeMap, BTreeSet};

/// How many cases came to each verdict.
type Counts = [usize; Shown::ALL.len()];

/// A rule with what all runs say of it.
pub(super) struct Judged {
    pub(super) version: String,
    pub(super) id: String,
    pub(super) level: String,
    pub(super) chapter: Chapter,
    rule: Option<RuleId>,
    runs: Vec<Counts>,
    /// Chapters of the suite whose cases are about it.
    suite: BTreeSet<String>,
}

/// Version first, then the order of the text.
type Place = (String, Chapter, Option<RuleId>, String);

/// Every rule that some case of some run is about, in the order of the text.
pub(super) fn judged(documents: &[Document]) -> Vec<Judged> {
    let mut all: BTreeMap<Place, Judged> = BTreeMap::new();
    for (run, document) in documents.iter().enumerate() {
        for case in &document.results {
            count(&mut all, case, run, documents.len());
        }
    }
    all.into_values().collect()
}

fn count(all: &mut BTreeMap<Place, Judged>, case: &CaseReport, run: usize, runs: usize) {
    for told in &case.rules {
        let rule = standards::rule(&case.mqtt, &told.id);
        let section = rule.map_or_else(|| section_of_own(&told.id), |rule| rule.rule().section);
        let chapter = Chapter::of(&case.mqtt, section);
        let place = (case.mqtt.clone(), chapter.clone(), rule, told.id.clone());
        let judged = all.entry(place).or_insert_with(|| Judged {
            version: single_line(&case.mqtt),
            id: single_line(&told.id),
            level: single_line(&told.level),
            chapter,
            rule,
            runs: vec![Counts::default(); runs],
            suite: BTreeSet::new(),
        });
        judged.runs[run][Shown::of_rule(case, told.verdict).place()] += 1;
        judged.suite.insert(single_line(&case.chapter));
    }
}

/// A rule of a decoder that is none of the standard is asked by the suite.
fn section_of_own(id: &str) -> &'static str {
    if testee::says(id).is_some() { "-" } else { "" }
}

/// The worst of some verdicts.
fn worst(counts: &Counts) -> Option<Shown> {
    Shown::ALL.into_iter().find(|shown| counts[shown.place()] > 0)
}

impl Judged {
    /// The worst that a run says of it.
    pub(super) fn worst(&self, run: usize) -> Option<Shown> {
        worst(&self.runs[run])
    }

    /// Whether the runs come to different verdicts; of one run, whether the rule was seen not to be kept.
    fn is_told_first(&self) -> bool {
        let mut verdicts = (0..self.runs.len()).map(|run| self.worst(run));
        match self.runs.len() {
            1 => verdicts.any(|shown| matches!(shown, Some(Shown::Fail | Shown::Inconclusive | Shown::Weak))),
            _ => verdicts.next().is_some_and(|first| verdicts.any(|other| other != first)),
        }
    }

    fn row(&self) -> Row {
        let cells: Vec<Option<Cell>> = self.runs.iter().map(Cell::of).collect();
        let verdicts = |run: usize| self.worst(run).map(Shown::word);
        Row {
            version: self.version.clone(),
            id: self.id.clone(),
            level: self.level.clone(),
            section: self.rule.map_or("", |rule| rule.rule().section),
            says: self.rule.map_or_else(|| self.own_words(), |rule| rule.rule().says),
            chapters: self
                .suite
                .iter()
                .map(String::as_str)
                .chain([self.chapter.number.as_str()])
                .collect::<Vec<_>>()
                .join(" "),
            verdicts: (0..self.runs.len()).map(|run| verdicts(run).unwrap_or("none")).collect::<Vec<_>>().join(" "),
            is_told_first: self.is_told_first(),
            cells,
        }
    }

    /// What a rule asks that is a decoder's own.
    pub(super) fn own_words(&self) -> &'static str {
        testee::says(&self.id).unwrap_or_default()
    }

    /// Where such a rule stands.
    pub(super) fn own_section(&self) -> &'static str {
        section_of_own(&self.id)
    }

    /// The catalog's words.
    pub(super) fn rule(&self) -> Option<&'static Rule> {
        self.rule.map(RuleId::rule)
    }
}

/// A rule, a line of the matrix.
pub(super) struct Row {
    pub(super) version: String,
    pub(super) id: String,
    pub(super) level: String,
    pub(super) section: &'static str,
    pub(super) says: &'static str,
    /// By which it is found: of the suite, and of the standard.
    pub(super) chapters: String,
    /// A word a run.
    pub(super) verdicts: String,
    pub(super) is_told_first: bool,
    /// One a run; none where no case of it is about the rule.
    pub(super) cells: Vec<Option<Cell>>,
}

/// What a run says of a rule.
pub(super) struct Cell {
    pub(super) shown: Shown,
    /// How many cases.
    pub(super) count: String,
    /// The same in words.
    pub(super) words: String,
}

impl Cell {
    fn of(counts: &Counts) -> Option<Self> {
        let shown = worst(counts)?;
        let count = counts[shown.place()];
        let all: usize = counts.iter().sum();
        let (count, words) = match shown {
            Shown::Fail | Shown::Expected | Shown::Inconclusive | Shown::Weak => {
                (format!("{count}/{all}"), format!("{} in {count} of {}", shown.phrase(), many(all, "case")))
            }
            _ => (count.to_string(), format!("{} in {}", shown.phrase(), many(count, "case"))),
        };
        Some(Self { shown, count, words })
    }
}

/// Rules below one heading.
pub(super) struct Group {
    pub(super) anchor: String,
    pub(super) heading: String,
    pub(super) rows: Vec<Row>,
}

/// The matrix: what differs first, or of one run what isn't kept; then all others by chapter.
pub(super) fn matrix(judged: &[Judged]) -> Vec<Group> {
    let is_one = judged.first().is_none_or(|rule| rule.runs.len() == 1);
    let heading = if is_one { "Not kept, or not judged to the end" } else { "Where the runs differ" };
    let mut first = Group { anchor: "first".to_owned(), heading: heading.to_owned(), rows: Vec::new() };
    let mut groups: Vec<Group> = Vec::new();
    let mut told_first: Vec<&Judged> = judged.iter().filter(|rule| rule.is_told_first()).collect();
    told_first.sort_by_key(|rule| (0..rule.runs.len()).filter_map(|run| rule.worst(run)).min());
    first.rows = told_first.into_iter().map(Judged::row).collect();
    for rule in judged.iter().filter(|rule| !rule.is_told_first()) {
        let row = rule.row();
        let anchor = format!("chapter-{}-{}", rule.version, rule.chapter.number);
        if let Some(group) = groups.last_mut().filter(|group| group.anchor == anchor) {
            group.rows.push(row);
        } else {
            let heading = format!("MQTT {}: {}", rule.version, rule.chapter.heading());
            groups.push(Group { anchor, heading, rows: vec![row] });
        }
    }
    std::iter::once(first).chain(groups).filter(|group| !group.rows.is_empty()).collect()
}

/// A bar: shares of a whole, in the order in which they are drawn.
pub(super) struct Bar {
    pub(super) parts: Vec<Part>,
    /// Rules that were broken, weak, kept; and all.
    pub(super) broken: usize,
    pub(super) weak: usize,
    pub(super) kept: usize,
    pub(super) all: usize,
}

/// A part of a bar, in hundredths of its length.
pub(super) struct Part {
    pub(super) class: &'static str,
    pub(super) start: String,
    pub(super) length: String,
}

/// The order of a bar's parts: what is wrong begins at its left end.
const DRAWN: [Shown; 8] = [
    Shown::Fail,
    Shown::Expected,
    Shown::Weak,
    Shown::Inconclusive,
    Shown::Pass,
    Shown::Observed,
    Shown::NotOffered,
    Shown::NotExercised,
];

impl Bar {
    /// A bar of so many of each.
    pub(super) fn of(counts: &Counts) -> Self {
        let all: usize = counts.iter().sum();
        let hundredths =
            |count: usize| format!("{}.{:02}", count * 100 / all.max(1), count * 10_000 / all.max(1) % 100);
        let mut parts = Vec::new();
        let mut start = 0;
        for shown in DRAWN {
            let count = counts[shown.place()];
            if count > 0 {
                parts.push(Part { class: shown.word(), start: hundredths(start), length: hundredths(count) });
            }
            start += count;
        }
        let of = |shown: Shown| counts[shown.place()];
        Self { parts, broken: of(Shown::Fail) + of(Shown::Expected), weak: of(Shown::Weak), kept: of(Shown::Pass), all }
    }

    /// Rules that were judged.
    pub(super) fn judged(&self) -> usize {
        self.broken + self.weak + self.kept
    }

    /// For who can't see it.
    pub(super) fn words(&self) -> String {
        let rest = self.all - self.judged();
        format!("{} broken, {} weak, {} kept, {rest} not judged", self.broken, self.weak, self.kept)
    }
}

/// A chapter of the standard with a bar a column; none where it has no rule there.
pub(super) struct PictureRow {
    pub(super) number: String,
    pub(super) title: &'static str,
    pub(super) heading: String,
    pub(super) bars: Vec<Option<Bar>>,
}

/// Conformance by chapter: of one run a column a version, of several a column a run.
pub(super) struct Picture {
    pub(super) columns: Vec<String>,
    pub(super) all: Vec<Option<Bar>>,
    pub(super) rows: Vec<PictureRow>,
}

impl Picture {
    /// Draws it.
    pub(super) fn of(judged: &[Judged], names: &[String]) -> Self {
        let versions: BTreeSet<&str> = judged.iter().map(|rule| rule.version.as_str()).collect();
        let columns: Vec<String> = match names {
            [_] => versions.iter().map(|version| format!("MQTT {version}")).collect(),
            several => several.to_vec(),
        };
        let versions: Vec<&str> = versions.into_iter().collect();
        let counted = |rules: &[&Judged]| -> Vec<Option<Bar>> {
            (0..columns.len())
                .map(|column| {
                    let mut counts = Counts::default();
                    let is_meant = |rule: &&&Judged| names.len() > 1 || rule.version == versions[column];
                    for rule in rules.iter().filter(is_meant) {
                        if let Some(shown) = rule.worst(if names.len() > 1 { column } else { 0 }) {
                            counts[shown.place()] += 1;
                        }
                    }
                    Some(Bar::of(&counts)).filter(|bar| bar.all > 0)
                })
                .collect()
        };
        let mut chapters: BTreeMap<&Chapter, Vec<&Judged>> = BTreeMap::new();
        for rule in judged {
            chapters.entry(&rule.chapter).or_default().push(rule);
        }
        let rows = chapters.into_iter().map(|(chapter, rules)| PictureRow {
            number: chapter.number.clone(),
            title: chapter.title,
            heading: chapter.heading(),
            bars: counted(&rules),
        });
        let rows = rows.collect();
        Self { all: counted(&judged.iter().collect::<Vec<_>>()), rows, columns }
    }
}
