//! One case of any kind, as it is chosen, kept, and played alone.

use super::fresh::{Choice, Fresh};
use super::kept::Kept;
use super::road::{self, Road};
use super::session::{Names, Session, Terms, play};
use super::table::Table;
use super::trial::{Suspicion, Trial};
use crate::link::{Transcript, What};
use mqtt_assay_codec::Version;

/// One case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Case {
    /// A packet on a connection of its own.
    Fresh(Choice),
    /// Packets on one connection, in this version.
    Kept(Version, Vec<usize>),
    /// A session.
    Session(Session),
}

/// What came of one that was played alone.
pub(super) struct Outcome {
    pub(super) suspicions: Vec<Suspicion>,
    pub(super) transcript: Transcript,
}

impl Case {
    /// How many things are done in it.
    pub(super) fn operations(&self) -> usize {
        match self {
            Self::Fresh(_) => 2,
            Self::Kept(_, entries) => entries.len() + 1,
            Self::Session(session) => session.steps.len(),
        }
    }

    /// Its kind, in a word.
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::Fresh(_) => "fresh",
            Self::Kept(..) => "kept",
            Self::Session(_) => "session",
        }
    }

    /// What it is, in words that are the same for cases of one kind.
    pub(super) fn name(&self, table: &Table) -> String {
        match self {
            Self::Fresh(choice) => {
                let entry = table.entry(choice.entry);
                format!("{} {} {}", entry.packet.name(), entry.name(), choice.state.word())
            }
            Self::Kept(version, _) => format!("packets on a kept connection of {version}"),
            Self::Session(session) => {
                let mutation = session.steps.iter().find_map(|step| step.mutation.as_deref());
                format!("a session ({})", mutation.unwrap_or("legal"))
            }
        }
    }

    /// Tells it from any other case that could be drawn: its number, and the bytes or steps that it is made of. What clients
    /// answer to the broker's own messages is not drawn, and no part of it.
    pub(super) fn fingerprint(&self, index: u64, table: &Table) -> u64 {
        let mut number = road::digest(index, b"case");
        let mut of = |bytes: &[u8]| number = road::digest(number, bytes);
        match self {
            Self::Fresh(choice) => {
                of(choice.state.word().as_bytes());
                of(&table.entry(choice.entry).bytes);
            }
            Self::Kept(version, entries) => {
                of(version.name().as_bytes());
                for entry in entries {
                    of(&table.entry(*entry).bytes);
                }
            }
            Self::Session(session) => of(&serde_json::to_vec(session).unwrap_or_default()),
        }
        number
    }

    /// Plays it alone, with names that nobody else has; nothing where the broker can't be reached.
    pub(super) fn play(&self, road: &mut dyn Road, table: &Table, terms: Terms, tag: &str) -> Option<Outcome> {
        let mut outcome = None;
        match self {
            Self::Fresh(choice) => {
                let mut fresh = Fresh::new(table, terms.offer, terms.pace);
                let choice = Choice { index: crate::scenario::hash(tag), ..*choice };
                fresh.alone(road, choice, &mut |done| outcome = Some(Outcome::of(done.trial, tag))).ok()?;
            }
            Self::Kept(version, entries) => {
                let mut kept = Kept::new(table, terms.offer, terms.pace, *version, tag);
                for batch in entries.chunks(super::kept::BATCH) {
                    let done = kept.batch(road, batch, &mut |trial, _| outcome = Some(Outcome::of(trial, tag)));
                    if done.is_err() || outcome.is_some() {
                        break;
                    }
                }
                kept.close(road);
            }
            Self::Session(session) => {
                let played = play(session, road, terms, &Names::new(tag));
                outcome = Some(Outcome::of(&played.trial, tag));
            }
        }
        outcome
    }
}

impl Outcome {
    /// Nothing came of it.
    pub(super) fn silent() -> Self {
        Self { suspicions: Vec::new(), transcript: Trial::new("", "").transcript("") }
    }

    /// Whether the broker did anything at all.
    pub(super) fn is_answered(&self) -> bool {
        self.transcript.lines.iter().any(|line| matches!(line.what, What::Received(_) | What::Ended(_)))
    }

    /// Whether anybody was let in.
    pub(super) fn is_let_in(&self) -> bool {
        let is_connack = |bytes: &[u8]| bytes.first() == Some(&0x20) && bytes.get(3) == Some(&0);
        self.transcript.lines.iter().any(|line| matches!(&line.what, What::Received(bytes) if is_connack(bytes)))
    }

    pub(super) fn of(trial: &Trial, name: &str) -> Self {
        Self { suspicions: trial.suspicions().to_vec(), transcript: trial.transcript(name) }
    }
}
