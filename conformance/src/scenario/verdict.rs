//! The verdicts, how they combine, and what a case may return.
//!
//! A verdict is about one rule. Only deciding steps ([`crate::client`]) make [`Evidence`], and a case can end well
//! only with evidence in its hand: silence is never a pass.

use crate::link::breach_of_form;
use mqtt_assay_codec::{OwnedPacket, Packet};
use mqtt_assay_standard::{Basis, Level, RuleId};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What is known of one rule, or of a case, after a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// A MUST was seen broken.
    Fail,
    /// The set-up failed; nothing was judged.
    Inconclusive,
    /// A recommendation was not kept, or a rule that the text only implies.
    Weak,
    /// The rule was seen kept, at a named line.
    Pass,
    /// A permission was seen used or not used: no judgement.
    Observed,
    /// The broker says, or the target's set-up implies, that it cannot be tried here.
    NotOffered,
    /// Nothing happened that could break the rule.
    NotExercised,
}

impl Verdict {
    /// All of them, worst first.
    pub const ALL: [Self; 7] =
        [Self::Fail, Self::Inconclusive, Self::Weak, Self::Pass, Self::Observed, Self::NotOffered, Self::NotExercised];

    /// The word in machine-readable reports: `not-offered`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Inconclusive => "inconclusive",
            Self::Weak => "weak",
            Self::Pass => "pass",
            Self::Observed => "observed",
            Self::NotOffered => "not-offered",
            Self::NotExercised => "not-exercised",
        }
    }

    /// The words for people: `not offered`.
    pub const fn phrase(self) -> &'static str {
        match self {
            Self::NotOffered => "not offered",
            Self::NotExercised => "not exercised",
            other => other.word(),
        }
    }

    /// What becomes of a case from the verdicts of its rules: the worst judged one; *not offered* and
    /// *not exercised* only where nothing was judged.
    pub fn of_case(rules: impl IntoIterator<Item = Self>) -> Self {
        rules.into_iter().min().unwrap_or(Self::NotExercised)
    }

    /// The verdict on a rule of this level that was seen broken.
    pub const fn broken(level: Level) -> Self {
        match level {
            Level::Must | Level::Behaviour => Self::Fail,
            Level::Implied | Level::Should => Self::Weak,
            Level::May => Self::Observed,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.phrase())
    }
}

/// One rule's verdict in one case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleVerdict {
    /// The rule.
    pub rule: RuleId,
    /// Whose breach a fail would show here: the broker's own, or its missing reaction to ours.
    pub basis: Basis,
    /// The verdict.
    pub verdict: Verdict,
    /// The transcript line that decided it.
    pub line: Option<u32>,
    /// What was expected there.
    pub expected: String,
    /// What was seen there.
    pub seen: String,
}

/// Proof that a deciding step was reached and held: the step has written its lines down for its rules.
///
/// There is no way to make one but a deciding step.
#[derive(Debug)]
#[must_use = "a case ends with the evidence of its last deciding step"]
pub struct Evidence {
    line: u32,
    packet: Option<OwnedPacket>,
}

impl Evidence {
    pub(crate) fn new(line: u32, packet: Option<OwnedPacket>) -> Self {
        Self { line, packet }
    }

    /// The packet that decided, where it was one.
    pub fn packet(&self) -> Option<Packet<'_>> {
        self.packet.as_ref().map(OwnedPacket::packet)
    }

    /// The packet identifier of the packet that decided, 0 where it has none.
    pub fn id(&self) -> u16 {
        self.packet.as_ref().and_then(|packet| packet.packet().packet_id()).map_or(0, u16::from)
    }
}

/// A packet that a set-up step has received. It proves nothing by itself; a deciding step may look at it.
#[derive(Debug)]
pub struct Received {
    pub(crate) line: u32,
    pub(crate) packet: OwnedPacket,
}

impl Received {
    /// The payload of a message; empty for other packets.
    pub fn payload(&self) -> &[u8] {
        match self.packet() {
            Packet::Publish(publish) => publish.payload,
            _ => &[],
        }
    }

    /// The packet.
    pub fn packet(&self) -> Packet<'_> {
        self.packet.packet()
    }

    /// True where it has the form that its version gives it.
    pub fn is_well_formed(&self) -> bool {
        breach_of_form(&self.packet).is_none()
    }

    /// Its length in bytes, fixed header included.
    pub fn length(&self) -> usize {
        self.packet.bytes().len()
    }

    /// Its packet identifier, 0 where it has none.
    pub fn id(&self) -> u16 {
        self.packet.packet().packet_id().map_or(0, u16::from)
    }
}

/// A packet that some step has brought, with its line.
pub trait Seen {
    /// Its line of the transcript.
    fn line(&self) -> u32;
    /// The packet, if it was one.
    fn owned(&self) -> Option<&OwnedPacket>;
}

impl Seen for Received {
    fn line(&self) -> u32 {
        self.line
    }

    fn owned(&self) -> Option<&OwnedPacket> {
        Some(&self.packet)
    }
}

impl Seen for Evidence {
    fn line(&self) -> u32 {
        self.line
    }

    fn owned(&self) -> Option<&OwnedPacket> {
        self.packet.as_ref()
    }
}

impl<S: Seen> Seen for &S {
    fn line(&self) -> u32 {
        (**self).line()
    }

    fn owned(&self) -> Option<&OwnedPacket> {
        (**self).owned()
    }
}

/// Why a case went no further.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// A deciding step saw a rule broken; the ledger has the rule and the line.
    Failed,
    /// A set-up step did not come about.
    Inconclusive {
        /// What was to be, and what was instead.
        why: String,
        /// The transcript line where it showed, if one did.
        line: Option<u32>,
    },
    /// What the case needs is not there, by the broker's or the target's own word.
    NotOffered(String),
    /// Nothing happened that could break the rule.
    NotExercised(String),
}

impl Stop {
    /// True where nothing came that could tell why: a limit of time was over.
    pub const fn is_silence(&self) -> bool {
        matches!(self, Self::Inconclusive { line: None, .. })
    }
}

/// What a case returns.
pub type Outcome = Result<Evidence, Stop>;

/// What a case has learnt about its rules so far; written by deciding steps only.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    entries: Vec<RuleVerdict>,
}

impl Ledger {
    /// Adds a verdict; for a rule that has one already the worse of the two stays.
    pub(crate) fn write(&mut self, entry: RuleVerdict) {
        match self.entries.iter_mut().find(|known| known.rule == entry.rule) {
            Some(known) if entry.verdict < known.verdict => *known = entry,
            Some(_) => {}
            None => self.entries.push(entry),
        }
    }

    pub(crate) fn entries(&self) -> &[RuleVerdict] {
        &self.entries
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_takes_the_worst_of_what_was_judged() {
        use Verdict::{Fail, Inconclusive, NotExercised, NotOffered, Pass, Weak};
        assert_eq!(Verdict::of_case([Pass, Fail, Inconclusive]), Fail);
        assert_eq!(Verdict::of_case([Pass, Weak, NotExercised]), Weak);
        assert_eq!(Verdict::of_case([NotExercised, Pass]), Pass);
        assert_eq!(Verdict::of_case([NotExercised, NotOffered]), NotOffered);
        assert_eq!(Verdict::of_case([]), NotExercised);
    }

    #[test]
    fn a_breach_is_called_by_the_level_of_its_rule() {
        let called = [Level::Must, Level::Behaviour, Level::Implied, Level::Should, Level::May].map(Verdict::broken);
        assert_eq!(called, [Verdict::Fail, Verdict::Fail, Verdict::Weak, Verdict::Weak, Verdict::Observed]);
    }

    #[test]
    fn the_ledger_keeps_the_worse_verdict_of_a_rule() {
        let entry = |verdict| RuleVerdict {
            rule: RuleId::v5("MQTT-3.3.2-2"),
            basis: Basis::Direct,
            verdict,
            line: None,
            expected: String::new(),
            seen: String::new(),
        };
        let mut ledger = Ledger::default();
        for verdict in [Verdict::Pass, Verdict::Fail, Verdict::Pass] {
            ledger.write(entry(verdict));
        }
        assert_eq!(ledger.entries(), [entry(Verdict::Fail)]);
    }
}
