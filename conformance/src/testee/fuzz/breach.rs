//! What a decoder gets wrong, and what it is: an answer held against what was due.

use super::due::{Due, DueOfStream};
use crate::testee::{Answer, Difference, End, RefusalKind, compare};
use mqtt_assay_codec::vectors::Values;
use mqtt_assay_codec::{DecodeError, Rule};
use serde::Serialize;
use std::collections::BTreeSet;

/// The sorts of what decoders get wrong, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sort {
    /// It dies.
    Crash,
    /// It does not answer.
    Hang,
    /// It claims to have read more bytes than there are.
    PastEnd,
    /// It accepts what is to be refused.
    Accepts,
    /// It hands out a packet that is not all there.
    AcceptsPart,
    /// A field has another value than the bytes say.
    Value,
    /// It takes another number of bytes than the packet has.
    Length,
    /// It refuses what is to be accepted.
    Refuses,
    /// It refuses what can still become legal.
    RefusesPart,
    /// It waits for bytes although all are there.
    Waits,
    /// It reads the shortest form of what it has read differently.
    Canonical,
    /// In pieces it reads something else than at once.
    Pieces,
    /// Its answer is none of the protocol.
    Garbled,
}

impl Sort {
    /// The word that names it in findings and their files.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Crash => "crash",
            Self::Hang => "hang",
            Self::PastEnd => "past-end",
            Self::Accepts => "accepts",
            Self::AcceptsPart => "accepts-part",
            Self::Value => "value",
            Self::Length => "length",
            Self::Refuses => "refuses",
            Self::RefusesPart => "refuses-part",
            Self::Waits => "waits",
            Self::Canonical => "canonical",
            Self::Pieces => "pieces",
            Self::Garbled => "garbled",
        }
    }
}

/// One thing that a decoder gets wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breach {
    /// What sort of thing.
    pub sort: Sort,
    /// What it is about: a rule, a field, where it died. Two breaches of one sort about one thing are one finding.
    pub about: String,
    /// The rule that it does not see broken.
    pub rule: Option<Rule>,
    /// The statement of the standard.
    pub statement: Option<&'static str>,
    /// What was due, in words.
    pub due: String,
    /// What came, in words.
    pub came: String,
}

impl Breach {
    fn new(sort: Sort, about: impl Into<String>, due: impl Into<String>, came: impl Into<String>) -> Self {
        Self { sort, about: about.into(), rule: None, statement: None, due: due.into(), came: came.into() }
    }

    fn of(self, error: &DecodeError) -> Self {
        Self { rule: Some(error.rule), statement: error.id(), ..self }
    }

    /// Whether both are the same thing. What is said of legal packets is told apart by the type of the packet alone until the
    /// packet is as small as can be: then its fields say what matters.
    pub fn is_the_same_as(&self, other: &Self) -> bool {
        let type_of = |breach: &Self| breach.about.split(' ').next().map(str::to_owned);
        let alike = self.about == other.about || self.is_of_a_shape() && type_of(self) == type_of(other);
        self.sort == other.sort && alike
    }

    /// Whether it is about the fields that a legal packet has.
    pub fn is_of_a_shape(&self) -> bool {
        matches!(self.sort, Sort::Refuses | Sort::Waits) && self.rule.is_none()
    }

    /// Whether each time it is shown costs a restart or a deadline.
    pub fn is_costly(&self) -> bool {
        matches!(self.sort, Sort::Crash | Sort::Hang | Sort::Garbled)
    }

    /// Of the canonical form.
    pub fn canonical(packet: &str, stated: &str, came: &End) -> Self {
        Self::new(Sort::Canonical, packet, stated, told(came))
    }
}

/// Holds the answer to a packet of so many bytes against what was due.
pub(super) fn breach_of_packet(due: &Due, answer: &Answer, given: usize, hides: &BTreeSet<String>) -> Option<Breach> {
    if let Some(breach) = broken(&answer.end) {
        return Some(breach);
    }
    match (&answer.end, due) {
        (End::Accepted { consumed, .. }, _) if *consumed > given => {
            let about = what(due);
            Some(Breach::new(Sort::PastEnd, about, format!("at most {given} bytes"), told(&answer.end)))
        }
        (End::Accepted { consumed, values }, Due::Accept { len, values: right, .. }) => {
            of_values(right, values.as_deref(), hides).or_else(|| {
                let due = format!("a packet of {len} bytes");
                (consumed != len).then(|| Breach::new(Sort::Length, right.packet.name(), due, told(&answer.end)))
            })
        }
        (End::Accepted { .. }, Due::Refuse { error, or_accept: None }) => {
            Some(Breach::new(Sort::Accepts, error.rule.name(), refusal(error), told(&answer.end)).of(error))
        }
        (End::Accepted { .. }, Due::Wait { .. }) => {
            Some(Breach::new(Sort::AcceptsPart, "a part", "more bytes are waited for", told(&answer.end)))
        }
        (End::Wants(_), Due::Accept { values, or_refuse: None, .. }) => {
            Some(Breach::new(Sort::Waits, shape(values), "the packet is all there", told(&answer.end)))
        }
        (End::Wants(_), Due::Refuse { error, or_accept: None }) if is_whole(error, given) => {
            Some(Breach::new(Sort::Waits, error.rule.name(), refusal(error), told(&answer.end)).of(error))
        }
        (End::Refused { kind, .. }, Due::Accept { values, or_refuse: None, .. }) if is_judged(*kind) => {
            Some(Breach::new(Sort::Refuses, shape(values), "the packet is legal", told(&answer.end)))
        }
        (End::Refused { kind, .. }, Due::Wait { of_legal: true }) if is_judged(*kind) => {
            Some(Breach::new(Sort::RefusesPart, "a part", "what is there can still become legal", told(&answer.end)))
        }
        _ => None,
    }
}

/// Holds the answer to a stream against what was due.
pub(super) fn breach_of_stream(
    due: &DueOfStream,
    answer: &Answer,
    given: usize,
    hides: &BTreeSet<String>,
) -> Option<Breach> {
    if let Some(breach) = broken(&answer.end) {
        return Some(breach);
    }
    if matches!(answer.end, End::Skipped(_)) {
        return None;
    }
    for (index, (piece, values)) in due.packets.iter().enumerate() {
        let Some(came) = answer.packets.get(index) else { return missing(index, values, answer) };
        if came.piece != *piece {
            let due = format!("packet {} with piece {piece}", index + 1);
            let came = format!("with piece {}", came.piece);
            return Some(Breach::new(Sort::Pieces, values.packet.name(), due, came));
        }
        if let Some(breach) = of_values(values, came.values.as_deref(), hides) {
            return Some(breach);
        }
    }
    of_rest(due, answer, given)
}

fn missing(index: usize, values: &Values, answer: &Answer) -> Option<Breach> {
    let judged = !matches!(&answer.end, End::Refused { kind, .. } if !is_judged(*kind));
    let due = format!("packet {}, {}", index + 1, values.packet);
    judged.then(|| Breach::new(Sort::Pieces, values.packet.name(), due, told(&answer.end)))
}

/// What comes behind the packets that are due.
fn of_rest(due: &DueOfStream, answer: &Answer, given: usize) -> Option<Breach> {
    let more = answer.packets.len() > due.packets.len();
    let says = |sort, about: &str, due: &str| Some(Breach::new(sort, about, due, told(&answer.end)));
    match (&due.rest, &answer.end) {
        (Some(Due::Refuse { error, or_accept: None }), _) if more => {
            Some(Breach::new(Sort::Accepts, error.rule.name(), refusal(error), "one more packet").of(error))
        }
        (Some(Due::Wait { .. }), _) if more => says(Sort::AcceptsPart, "a part", "more bytes are waited for"),
        (None, _) if more => says(Sort::Pieces, "too many", "no more packets"),
        (None | Some(Due::Wait { of_legal: true }), End::Refused { kind, .. }) if is_judged(*kind) => {
            says(Sort::RefusesPart, "a part of a stream", "what is there can still become legal")
        }
        (None, End::Wants(_)) => says(Sort::Pieces, "the end", "the stream ends where a packet ends"),
        (Some(Due::Wait { .. }), End::Accepted { .. }) => {
            says(Sort::Pieces, "the end", "the stream ends within a packet")
        }
        (None, End::Accepted { consumed, .. }) if *consumed != given => {
            Some(Breach::new(Sort::Length, "a stream", format!("{given} bytes"), told(&answer.end)))
        }
        _ => None,
    }
}

/// What is wrong whatever was asked.
fn broken(end: &End) -> Option<Breach> {
    match end {
        End::Died(death) => {
            let about = where_it_died(&death.stderr).unwrap_or_else(|| death.how.clone());
            Some(Breach::new(Sort::Crash, about, "an answer", told(end)))
        }
        End::Hung(_) => Some(Breach::new(Sort::Hang, "no answer", "an answer", told(end))),
        End::Garbled(_) => Some(Breach::new(Sort::Garbled, "its line", "a line of the protocol", told(end))),
        _ => None,
    }
}

/// The line of standard error that says where a decoder died: of a panic, a sanitizer, a traceback.
fn where_it_died(stderr: &str) -> Option<String> {
    let says = ["panicked at", "ERROR: ", "runtime error", "Error: ", "Exception", "overflowed its stack"];
    let line = stderr.lines().find(|line| says.iter().any(|mark| line.contains(mark)));
    let line = line.or_else(|| stderr.lines().rfind(|line| !line.trim().is_empty()))?;
    // Numbers of processes and threads, and addresses, differ from death to death.
    let words = line.split_whitespace().filter(|word| !word.starts_with('(') && !word.starts_with("0x"));
    Some(words.map(end_of_path).collect::<Vec<_>>().join(" ")).filter(|line| !line.is_empty())
}

/// The last three parts of a path, which name a file well enough: where the others lead is a matter of the machine.
fn end_of_path(word: &str) -> &str {
    let from = word.rmatch_indices('/').nth(2).map_or(0, |(at, _)| at + 1);
    &word[from..]
}

fn of_values(right: &Values, stated: Option<&str>, hides: &BTreeSet<String>) -> Option<Breach> {
    let first = first_difference(right, stated?, hides)?;
    let about = format!("{} {}", right.packet, first.name);
    let shown = |value: Option<String>| value.unwrap_or_else(|| "nothing".to_owned());
    let (due, came) =
        (format!("{}: {}", first.name, shown(first.due)), format!("{}: {}", first.name, shown(first.stated)));
    Some(Breach::new(Sort::Value, about, due, came))
}

/// The first field of which something else is stated. Most decoders state most packets right, in our own order.
pub(super) fn first_difference(right: &Values, stated: &str, hides: &BTreeSet<String>) -> Option<Difference> {
    if right.to_string() == stated {
        return None;
    }
    compare(right, stated, hides).differences.into_iter().next()
}

/// Whether the packet is all there, so that waiting for more of it would be waiting for ever.
fn is_whole(error: &DecodeError, given: usize) -> bool {
    error.packet_len.is_some_and(|len| len as usize <= given)
}

/// Whether a refusal says something of the bytes, and not of what the decoder has.
const fn is_judged(kind: RefusalKind) -> bool {
    !matches!(kind, RefusalKind::Unsupported | RefusalKind::TooLarge)
}

fn what(due: &Due) -> &str {
    match due {
        Due::Accept { values, .. } => values.packet.name(),
        Due::Refuse { error, .. } => error.rule.name(),
        Due::Wait { .. } => "a part",
    }
}

fn refusal(error: &DecodeError) -> String {
    format!("refused: {error}")
}

/// The type of the packet and the names of its fields: what tells one legal packet from another.
fn shape(values: &Values) -> String {
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in &values.fields {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    [&[values.packet.name()], names.as_slice()].concat().join(" ")
}

/// An answer in words.
pub(crate) fn told(end: &End) -> String {
    match end {
        End::Accepted { consumed, values } => {
            let values = values.as_deref().unwrap_or("no values stated");
            format!("accepted, {consumed} bytes: {values}")
        }
        End::Wants(Some(more)) => format!("waits for {more} more bytes"),
        End::Wants(None) => "waits for more bytes".into(),
        End::Refused { kind, text, .. } => format!("refused as {}: {text}", kind.word()),
        End::Skipped(why) => format!("not implemented: {why}"),
        End::Died(death) => format!("it died: {}", death.how),
        End::Hung(after) => format!("no answer within {after:?}"),
        End::Garbled(line) => format!("answered {line:?}"),
    }
}
