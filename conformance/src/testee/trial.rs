//! What a decoder is tried by: a vector with what is due, and the questions that are asked about it.

use super::Question;
use super::rules::REFUSES;
use mqtt_assay_codec::vectors::{self, Kind, Stream, Values, Vector, Verdict};
use mqtt_assay_codec::{Context, Layer, Limits, annotations};
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
    /// Type of the packet that it begins with, in lower case; `streams` where several may come.
    pub chapter: String,
    /// What a decoder has to understand.
    pub layer: Layer,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Of a stream: the pieces in which they come.
    pub pieces: Vec<Vec<u8>>,
    /// What is due.
    pub due: Due,
}

/// What is due.
#[derive(Debug, Clone, PartialEq)]
pub enum Due {
    /// It is accepted, with these values.
    Accepted(Option<Values>),
    /// It is refused.
    Refused {
        /// The rule, as reports name it.
        rule: &'static str,
        /// Not all of the packet is there, and it may be waited for as well.
        may_wait: bool,
    },
    /// The standard lets a decoder accept or refuse it; accepted it has these values, where they are known.
    Either(Option<Values>),
    /// It is waited for.
    Waited,
    /// Packets come out of a stream.
    Stream {
        /// The packets, in their order.
        packets: Vec<vectors::Due>,
        /// How it ends.
        end: vectors::End,
        /// The rule, if it ends with a refusal.
        refused: Option<&'static str>,
    },
}

impl Trial {
    /// All that there are: vectors for a receiver without limits, and streams.
    pub fn all() -> impl Iterator<Item = Self> {
        let packets = vectors::all().filter(|vector| vector.limits == Limits::NONE).map(|vector| Self::of(&vector));
        packets.chain(vectors::streams().map(Self::of_stream))
    }

    /// How many vectors are left out, for they are about a receiver's limits.
    pub fn left_out() -> usize {
        vectors::all().filter(|vector| vector.limits != Limits::NONE).count()
    }

    /// A vector as a trial.
    pub fn of(vector: &Vector) -> Self {
        // A CONNECT of a version that is not spoken has to be read to be answered: a decoder may hand it out for that.
        let is_answered = vector.kind == Some(Kind::AnsweredByConnack);
        let due = match vector.verdict {
            Verdict::Invalid if is_answered => Due::Either(None),
            Verdict::Valid => Due::Accepted(vector.values()),
            Verdict::Invalid => Due::Refused { rule: vector.statement.unwrap_or(REFUSES), may_wait: vector.early },
            Verdict::Either => Due::Either(vector.values()),
            Verdict::Incomplete => Due::Waited,
        };
        Self {
            id: vector.id,
            title: vector.comment,
            context: vector.context,
            chapter: vector.packet.name().to_ascii_lowercase(),
            layer: vector.layer,
            bytes: vector.bytes(),
            pieces: Vec::new(),
            due,
        }
    }

    /// A stream as a trial.
    pub fn of_stream(stream: Stream) -> Self {
        let refused = stream.refusal.map(|refusal| refusal.statement.unwrap_or(REFUSES));
        Self {
            id: stream.id,
            title: stream.comment,
            context: stream.context,
            chapter: "streams".to_owned(),
            layer: stream.layer,
            bytes: stream.pieces.concat(),
            pieces: stream.pieces,
            due: Due::Stream { packets: stream.packets, end: stream.end, refused },
        }
    }

    /// What is asked about it of who can this: the packet, then the stream in one piece, then cut in two.
    pub(super) fn questions(&self, decodes: bool, streams: bool) -> Vec<Question> {
        let mut questions = Vec::new();
        if let Due::Stream { .. } = self.due {
            questions.extend(streams.then(|| Question::stream(self.context, self.pieces.clone())));
            return questions;
        }
        if decodes {
            questions.push(Question::decode(self.context, self.bytes.clone()));
        }
        if streams && !matches!(self.due, Due::Either(_)) {
            questions.push(Question::stream(self.context, vec![self.bytes.clone()]));
            questions.extend(self.cuts().into_iter().map(|cut| self.in_two_pieces(cut)));
        }
        questions
    }

    fn in_two_pieces(&self, cut: usize) -> Question {
        let (start, rest) = self.bytes.split_at(cut.min(self.bytes.len()));
        Question::stream(self.context, vec![start.to_vec(), rest.to_vec()])
    }

    /// Where it is cut: a small packet everywhere, a large one in its head, at the edges of its fields and near its end.
    fn cuts(&self) -> Vec<usize> {
        let last = self.bytes.len().saturating_sub(1);
        match self.due {
            Due::Waited | Due::Either(_) | Due::Stream { .. } => Vec::new(),
            Due::Refused { .. } => BTreeSet::from([1, last.div_ceil(2), last])
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
            Due::Refused { rule, .. } => vec![SURVIVES, rule, PIECES],
            Due::Stream { refused: Some(rule), .. } => vec![SURVIVES, rule, PIECES, VALUES],
            Due::Stream { refused: None, .. } => vec![SURVIVES, PIECES, VALUES],
            Due::Either(_) => vec![SURVIVES, WAITS, LENGTH],
            Due::Waited => vec![SURVIVES, WAITS, PIECES],
        }
    }
}
