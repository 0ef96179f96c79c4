//! What a sequence has found: by the invariants of the run, by an answer that never came, by a fence that passed a message.

use crate::link::{Transcript, describe};
use crate::scenario::{Client, Invariants, LeftBehind, StepRules, Verdict, rule};
use mqtt_assay_codec::{PacketType, Version};
use mqtt_assay_standard::RuleId;
use std::time::Duration;

/// Something that a sequence has found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The rule.
    pub rule: RuleId,
    /// The version of the connection that it was seen on.
    pub version: Version,
    /// Fail, or weak where the rule's level allows no more.
    pub verdict: Verdict,
    /// The role there.
    pub role: String,
    /// What was seen.
    pub seen: String,
    /// The line of the transcript.
    pub line: u32,
}

impl Found {
    /// Whether both are the same finding: of the same rule.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        (self.rule, self.version) == (other.rule, other.version)
    }
}

/// What the invariants have seen broken.
pub(super) fn by_invariants(invariants: &Invariants) -> Vec<Found> {
    let mut all = Vec::new();
    for tally in invariants.tallies() {
        let (Some(breach), Some(rule)) = (tally.broken, tally.instance.rules.judged().next()) else { continue };
        let verdict = Verdict::broken(rule.rule().level);
        let version = tally.instance.version;
        all.push(Found { rule, version, verdict, role: breach.role, seen: breach.seen, line: breach.line });
    }
    all
}

/// What does not come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    /// A packet of this type.
    Answer(PacketType),
    /// The UNSUBACK for what was not subscribed.
    IdleUnsuback,
}

/// The broker did not answer.
pub(super) fn unanswered(client: &Client, missing: Missing, limit: Duration) -> Option<Found> {
    let (missing, rules) = match missing {
        Missing::Answer(answer) => (answer, rules_of(answer)?),
        Missing::IdleUnsuback => (PacketType::Unsuback, rule!(v311 "MQTT-3.10.4-5", v5 "MQTT-3.10.4-5")),
    };
    let seen = format!("no {} came, and nothing else for {limit:?}; the connection is open", missing.name());
    found(client, rules, seen)
}

fn rules_of(answer: PacketType) -> Option<StepRules> {
    Some(match answer {
        PacketType::Pubrel => rule!(v311 "MQTT-4.3.3-1", v5 "MQTT-4.3.3-4"),
        PacketType::Connack => rule!(v311 "MQTT-3.1.4-4", v5 "MQTT-3.1.4-5"),
        PacketType::Puback => rule!(v311 "MQTT-4.3.2-2", v5 "MQTT-4.3.2-4"),
        PacketType::Pubrec => rule!(v311 "MQTT-4.3.3-2", v5 "MQTT-4.3.3-8"),
        PacketType::Pubcomp => rule!(v311 "MQTT-4.3.3-2", v5 "MQTT-4.3.3-11"),
        PacketType::Suback => rule!(v311 "MQTT-3.8.4-1", v5 "MQTT-3.8.4-1"),
        PacketType::Unsuback => rule!(v311 "MQTT-3.10.4-4", v5 "MQTT-3.10.4-4"),
        PacketType::Pingresp => rule!(v311 "MQTT-3.12.4-1", v5 "MQTT-3.12.4-1"),
        _ => return None,
    })
}

/// A message that was taken over did not come to a session that it was owed to.
pub(super) fn lost(client: &Client, topic: &str, payload: &[u8]) -> Option<Found> {
    let shown = describe::quoted(&payload[..payload.len().min(12)]);
    let seen = format!("the message {shown} on \"{topic}\" was taken over and never came, nor anything else for long");
    found(client, rule!(v311 "MQTT-4.5.0-1", v5 "MQTT-4.5.0-1"), seen)
}

fn found(client: &Client, rules: StepRules, seen: String) -> Option<Found> {
    let rule = rules.of(client.version())?;
    let verdict = Verdict::broken(rule.rule().level);
    let line =
        client.context().say(&client.link().label, crate::link::Remark::Decides, format!("{}: {seen}", rule.id()));
    Some(Found { rule, version: client.version(), verdict, role: client.role().to_owned(), seen, line })
}

/// What came of one playing of a sequence.
#[derive(Debug, Clone)]
pub(super) struct Played {
    /// What was found.
    pub found: Vec<Found>,
    /// Why it did not come to its end, if it didn't.
    pub is_over: Option<String>,
    /// The record.
    pub transcript: Transcript,
    /// What could not be removed from the broker.
    pub left_behind: Vec<LeftBehind>,
}
