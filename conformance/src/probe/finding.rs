//! What was found: for each question and version a value, whether more may be possible, and how it was learnt.

use mqtt_assay_codec::Version;
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;

/// A value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Value {
    /// There or not.
    Is(bool),
    /// A number.
    Number(u64),
    /// Anything else, in words.
    Words(String),
}

impl Value {
    /// For people.
    pub fn in_words(&self) -> String {
        match self {
            Self::Is(true) => "yes".to_owned(),
            Self::Is(false) => "no".to_owned(),
            Self::Number(number) => number.to_string(),
            Self::Words(words) => words.clone(),
        }
    }
}

/// One question in one version.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Cell {
    /// What the broker says of itself in CONNACK.
    pub announced: Option<Value>,
    /// What was seen to work.
    pub tried: Option<Value>,
    /// More may be possible: the search ended at its own bound, or the broker died.
    pub at_least: bool,
    /// What was seen beyond it, or why it doesn't work; empty where there is nothing to say.
    pub note: String,
}

impl Cell {
    /// What was tried and came out so.
    pub fn tried(value: Value, note: impl Into<String>) -> Self {
        Self { tried: Some(value), note: note.into(), ..Self::default() }
    }

    /// What the broker says.
    pub fn announced(value: Value) -> Self {
        Self { announced: Some(value), ..Self::default() }
    }

    /// With what the broker says.
    #[must_use]
    pub fn and_announced(mut self, value: Option<Value>) -> Self {
        self.announced = value;
        self
    }

    /// What holds: what was tried, else what is announced.
    pub fn value(&self) -> Option<&Value> {
        self.tried.as_ref().or(self.announced.as_ref())
    }

    /// Whether what the broker says is not what was seen.
    pub fn is_contradicted(&self) -> bool {
        match (&self.announced, &self.tried) {
            (Some(Value::Is(announced)), Some(Value::Is(tried))) => announced != tried,
            (Some(Value::Number(announced)), Some(Value::Number(tried))) => {
                announced < tried || announced > tried && !self.at_least
            }
            _ => false,
        }
    }

    /// How it was learnt.
    pub const fn learnt(&self) -> &'static str {
        match (&self.announced, &self.tried) {
            (Some(_), Some(_)) => "announced, tried",
            (Some(_), None) => "announced",
            (None, Some(_)) => "tried",
            (None, None) => "",
        }
    }
}

/// What a question is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Group {
    /// Something is there or not.
    Features,
    /// A number.
    Limits,
}

impl Group {
    /// As a heading.
    pub const fn heading(self) -> &'static str {
        match self {
            Self::Features => "Features",
            Self::Limits => "Limits",
        }
    }
}

/// One question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Its name, which stays.
    pub id: &'static str,
    /// What it is about.
    pub group: Group,
    /// For people.
    pub title: &'static str,
    /// By the names of versions.
    #[serde(serialize_with = "by_name")]
    pub by_version: BTreeMap<Version, Cell>,
}

fn by_name<S: Serializer>(cells: &BTreeMap<Version, Cell>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(cells.iter().map(|(version, cell)| (version.name(), cell)))
}

impl Finding {
    /// How it was learnt, in all versions together.
    pub fn learnt(&self) -> &'static str {
        let cells = || self.by_version.values();
        let together = Cell {
            announced: cells().find_map(|cell| cell.announced.clone()),
            tried: cells().find_map(|cell| cell.tried.clone()),
            ..Cell::default()
        };
        together.learnt()
    }
}

/// Whether a version is spoken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VersionFound {
    /// Its name.
    pub mqtt: &'static str,
    /// Whether a CONNECT of it is accepted.
    pub spoken: bool,
    /// What came where it isn't.
    pub note: String,
}

/// A broker that died while it was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Death {
    /// The version in use.
    pub mqtt: &'static str,
    /// What was tried.
    pub after: String,
    /// How that shows.
    pub how: String,
}

/// All that was found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Findings {
    /// The versions, the oldest first.
    pub versions: Vec<VersionFound>,
    /// The questions, in the order in which they are told.
    pub findings: Vec<Finding>,
    /// Deaths, in the order in which they happened.
    pub deaths: Vec<Death>,
    /// What could not be asked any more, and why; empty where all was.
    pub unfinished: String,
}

impl Findings {
    /// Notes what was found.
    pub(super) fn note(&mut self, version: Version, question: (&'static str, Group, &'static str), cell: Cell) {
        let (id, group, title) = question;
        let known = self.findings.iter_mut().find(|finding| finding.id == id);
        match known {
            Some(finding) => drop(finding.by_version.insert(version, cell)),
            None => {
                self.findings.push(Finding { id, group, title, by_version: BTreeMap::from([(version, cell)]) });
            }
        }
    }

    /// What was found in one version.
    pub fn cell(&self, id: &str, version: Version) -> Option<&Cell> {
        self.findings.iter().find(|finding| finding.id == id)?.by_version.get(&version)
    }

    /// Whether a version is spoken.
    pub fn speaks(&self, version: Version) -> bool {
        self.versions.iter().any(|found| found.mqtt == version.name() && found.spoken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_announced_and_what_is_seen_are_held_against_each_other() {
        let cell = |announced, tried, at_least| Cell {
            announced: Some(Value::Number(announced)),
            tried: Some(Value::Number(tried)),
            at_least,
            note: String::new(),
        };
        assert!(!cell(10, 10, false).is_contradicted());
        assert!(cell(10, 11, false).is_contradicted() && cell(10, 9, false).is_contradicted());
        assert!(!cell(10, 9, true).is_contradicted(), "nobody looked further");
        let is = |announced, tried| Cell::tried(Value::Is(tried), "").and_announced(Some(Value::Is(announced)));
        assert!(is(true, false).is_contradicted() && !is(false, false).is_contradicted());
        assert!(!Cell::tried(Value::Is(true), "").is_contradicted());
    }
}
