//! What the hunt tells of: findings as they come, and how it goes.

use super::case::Case;
use super::confirm::Confirmed;
use super::session::Session;
use super::trial::{Key, Suspicion, Weight};
use crate::link::Transcript;
use crate::text::Secrets;
use std::collections::BTreeMap;
use std::time::Duration;

/// Whether something was seen again when it was tried alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Again {
    /// Nobody has tried yet.
    #[default]
    NotYet,
    /// So often, of so many times.
    Seen(u32, u32),
    /// No case can be named that would be tried.
    NoCase,
    /// It was tried, and not seen as it would have to be; how, in words.
    Doubtful(String),
    /// It could not be tried; why, in words.
    Untried(&'static str),
    /// Cases were tried, but it is not one of them alone; how, in words.
    Otherwise(String),
    /// A baseline knows it, so that nobody tries.
    Known,
}

impl Again {
    /// The word in reports for machines.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::NotYet => "not-yet",
            Self::Seen(0, _) | Self::Doubtful(_) => "not-seen",
            Self::Seen(..) => "seen",
            Self::NoCase => "no-case",
            Self::Untried(_) => "untried",
            Self::Otherwise(_) => "otherwise",
            Self::Known => "known",
        }
    }
}

impl std::fmt::Display for Again {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotYet => f.write_str("not tried yet"),
            Self::Seen(seen, times) => write!(f, "{seen} of {times} times, alone"),
            Self::NoCase => f.write_str("not tried: there is no one case that it can be named for"),
            Self::Untried(why) => write!(f, "not repeated: {why}"),
            Self::Otherwise(how) | Self::Doubtful(how) => f.write_str(how),
            Self::Known => f.write_str("not tried: the baseline knows it"),
        }
    }
}

/// Something that a broker does wrong.
#[derive(Debug, Clone)]
pub struct Finding {
    /// What makes it the same as another.
    pub key: Key,
    /// What was seen.
    pub suspicion: Suspicion,
    /// Whether it was seen again.
    pub again: Again,
    /// How many cases have shown it.
    pub count: u64,
    /// The case of the hunt that showed it first, and since when the hunt went on.
    pub first: (u64, Duration),
    /// What was done in that case, and in the smallest.
    pub operations: (usize, usize),
    /// The record of the smallest case.
    pub transcript: Option<Transcript>,
    /// The session, for who wants to vary it.
    pub session: Option<String>,
    /// The baseline knows it.
    pub is_known: bool,
    /// How many cases were played again for it.
    pub(super) tries: u32,
}

impl Finding {
    pub(super) fn new(suspicion: Suspicion, first: (u64, Duration), case: Option<&Case>, is_known: bool) -> Self {
        let operations = case.map_or(0, Case::operations);
        Self {
            key: suspicion.key(),
            suspicion,
            again: if is_known {
                Again::Known
            } else if case.is_none() {
                Again::NoCase
            } else {
                Again::NotYet
            },
            count: 1,
            first,
            operations: (operations, operations),
            transcript: None,
            session: case.and_then(session_of),
            is_known,
            tries: 0,
        }
    }

    /// Doesn't show these passwords in its record.
    pub(crate) fn hide(&mut self, secrets: &Secrets) {
        if let Some(transcript) = &mut self.transcript {
            transcript.hide(secrets.clone());
        }
    }

    pub(super) fn confirm(&mut self, confirmed: Confirmed) {
        self.tries += 1;
        self.again = confirmed.again;
        self.operations.1 = confirmed.case.operations();
        self.session = session_of(&confirmed.case);
        if let Some(outcome) = confirmed.outcome {
            let shown = outcome.suspicions.iter().find(|suspicion| suspicion.key() == self.key);
            if let Some(shown) = shown {
                self.suspicion = shown.clone();
            }
            self.transcript = Some(outcome.transcript);
        }
    }

    /// Whether it was seen again, or is one of those that can't be played again.
    pub fn is_confirmed(&self) -> bool {
        match self.again {
            Again::Seen(seen, _) => seen > 0,
            Again::NoCase | Again::Otherwise(_) | Again::Known => true,
            Again::NotYet | Again::Untried(_) | Again::Doubtful(_) => false,
        }
    }

    /// Whether it counts: known ones and those that were never seen again don't.
    pub fn counts(&self, is_strict: bool) -> bool {
        let is_heavy = is_strict || self.suspicion.weight != Weight::Weak;
        !self.is_known && self.is_confirmed() && is_heavy
    }
}

fn session_of(case: &Case) -> Option<String> {
    match case {
        Case::Session(session) => serde_json::to_string(session).ok(),
        Case::Fresh(_) | Case::Kept(..) => None,
    }
}

/// Reads a session that was written down.
pub(super) fn read_session(text: &str) -> Option<Session> {
    let session: Session = serde_json::from_str(text).ok()?;
    let is_sound = (1..=4).contains(&session.cast.len()) && session.steps.len() <= 1000;
    is_sound.then_some(session)
}

/// How it goes.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    /// Since the hunt began.
    pub time: Duration,
    /// Cases that were judged: those on fresh connections, on kept ones, and sessions.
    pub cases: [u64; 3],
    /// Packets of the table in a state that were met, of how many there are.
    pub covered: (usize, usize),
    /// Findings by rule.
    pub by_rule: BTreeMap<String, u64>,
    /// What the canary says.
    pub canary: String,
    /// Memory of the broker in kB, where its process is known: at first, and now.
    pub memory: Option<(u64, u64)>,
    /// Sessions that are kept since they showed something new.
    pub kept: usize,
    /// How often the broker has died.
    pub deaths: u64,
}

impl Progress {
    /// All cases.
    pub fn all(&self) -> u64 {
        self.cases.iter().sum()
    }
}

/// What the hunt has come to.
#[derive(Debug, Clone, Default)]
pub struct Hunted {
    /// How it went.
    pub progress: Progress,
    /// What was found, by key.
    pub findings: Vec<Finding>,
    /// How each mutation of single packets has ended, by expectation and end.
    pub ends: BTreeMap<(&'static str, &'static str), u64>,
    /// A digest of all cases that were drawn, whoever drew them and in which order.
    pub planned: u64,
    /// A digest of all bytes that the first who hunted has sent, in order.
    pub digest: u64,
    /// Why it could not go on, where it could not.
    pub trouble: Option<String>,
}
