//! What a decoder is tried by: a vector with what is due, and the questions that are asked about it.

use super::Question;
use super::rules::REFUSES;
use mqtt_assay_codec::vectors::{self, Values, Vector, Verdict};
use mqtt_assay_codec::{Context, Layer, Limits, PacketType, annotations};
use std::collections::BTreeSet;

/// Places at which a packet is cut in two, at most.
const CUTS: usize = 64;

/// Bytes at the beginning of a packet behind each of which it is cut: the fixed header, and what comes next.
const HEAD: usize = 8;

/// Places at which bytes are cut that are to be refused.
const CUTS_OF_A_BREACH: usize = 3;

/// One thing that a decoder is tried by.
#[derive(Debug, Clone)]
pub struct Trial {
    /// The vector's id.
    pub id: &'static str,
    /// What it is, in a few words.
    pub title: &'static str,
    /// Version and sender.
    pub context: Context,
    /// Type of the packet that it begins with.
    pub packet: PacketType,
    /// What a decoder has to understand.
    pub layer: Layer,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// What is due.
    pub due: Due,
}

/// What is due.
#[derive(Debug, Clone, PartialEq)]
pub enum Due {
    /// It is accepted, with these values.
    Accepted(Option<Values>),
    /// It is refused: the rule, as reports name it.
    Refused(&'static str),
    /// The standard lets a decoder accept or refuse it; accepted it has these values, where they are known.
    Either(Option<Values>),
    /// It is waited for.
    Waited,
}

impl Trial {
    /// All that there are: vectors for a receiver without limits.
    pub fn all() -> impl Iterator<Item = Self> {
        vectors::all().filter(|vector| vector.limits == Limits::NONE).map(|vector| Self::of(&vector))
    }

    /// How many vectors are left out, for they are about a receiver's limits.
    pub fn left_out() -> usize {
        vectors::all().filter(|vector| vector.limits != Limits::NONE).count()
    }

    /// A vector as a trial.
    pub fn of(vector: &Vector) -> Self {
        let due = match vector.verdict {
            Verdict::Valid => Due::Accepted(vector.values()),
            Verdict::Invalid => Due::Refused(vector.statement.unwrap_or(REFUSES)),
            Verdict::Either => Due::Either(vector.values()),
            Verdict::Incomplete => Due::Waited,
        };
        Self {
            id: vector.id,
            title: vector.comment,
            context: vector.context,
            packet: vector.packet,
            layer: vector.layer,
            bytes: vector.bytes(),
            due,
        }
    }

    /// Whole packets as one piece of a stream.
    pub(super) fn in_one_piece(&self) -> Question {
        Question::stream(self.context, vec![self.bytes.clone()])
    }

    pub(super) fn in_two_pieces(&self, cut: usize) -> Question {
        let (start, rest) = self.bytes.split_at(cut.min(self.bytes.len()));
        Question::stream(self.context, vec![start.to_vec(), rest.to_vec()])
    }

    /// Where it is cut: a small packet everywhere, a large one in its head, at the edges of its fields and near its end.
    pub(super) fn cuts(&self) -> Vec<usize> {
        let last = self.bytes.len().saturating_sub(1);
        match self.due {
            Due::Waited | Due::Either(_) => Vec::new(),
            Due::Refused(_) => BTreeSet::from([1, last.div_ceil(2), last])
                .into_iter()
                .filter(|cut| (1..=last).contains(cut))
                .take(CUTS_OF_A_BREACH)
                .collect(),
            Due::Accepted(_) if last <= CUTS => (1..=last).collect(),
            Due::Accepted(_) => self.telling_cuts(last),
        }
    }

    fn telling_cuts(&self, last: usize) -> Vec<usize> {
        let edges = annotations(&self.bytes, self.context).into_iter().map(|field| field.range.start);
        let cuts: BTreeSet<usize> =
            (1..=HEAD).chain([last]).chain(edges).filter(|cut| (1..=last).contains(cut)).collect();
        cuts.into_iter().take(CUTS).collect()
    }

    /// The rules that it is judged by, whatever comes.
    pub(super) fn rules(&self) -> Vec<&'static str> {
        use super::rules::{ACCEPTS, LENGTH, PIECES, SURVIVES, VALUES, WAITS};
        match self.due {
            Due::Accepted(_) => vec![SURVIVES, ACCEPTS, LENGTH, VALUES, PIECES],
            Due::Refused(rule) => vec![SURVIVES, rule, PIECES],
            Due::Either(_) => vec![SURVIVES, WAITS, LENGTH],
            Due::Waited => vec![SURVIVES, WAITS, PIECES],
        }
    }
}

/// Whether there is a trial of this id that judges this rule; `None` where there is no such trial.
pub(crate) fn judges(id: &str, rule: &str) -> Option<bool> {
    Trial::all().find(|trial| trial.id == id).map(|trial| trial.rules().contains(&rule))
}
