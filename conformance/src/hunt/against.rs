//! The same session on another broker: what clients saw there and here, without names, times and the order between
//! connections. Who is right is for the catalogue to say and for no vote: a difference is told only where no rule decides.

use super::case::{Case, Outcome};
use super::ground::Ground;
use super::road::Road;
use super::session::Terms;
use super::table::Table;
use super::trial::{Oracle, Suspicion, Weight};
use crate::link::{Transcript, What};
use crate::wire::Ending;
use mqtt_assay_codec::{
    Context, Decoded, Limits, Packet, PacketType, Publish, QoS, ReasonCode, Sender, Version, decode,
};
use std::collections::BTreeMap;

/// Begins the topic of what is shared between subscribers: who gets it is for each broker to say.
const SHARED: &[u8] = b"$share/";

/// Another broker.
pub struct Other {
    /// As findings name it.
    pub name: String,
    /// Where it is.
    pub ground: Ground,
}

impl std::fmt::Debug for Other {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Other").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Who plays sessions there too.
pub(super) struct Beside<'a> {
    other: &'a Other,
    terms: Terms,
    road: Box<dyn Road>,
}

/// What one connection has seen.
#[derive(Debug)]
struct Seen {
    version: Version,
    /// The broker ended it; behind what it was sent last, if so.
    ended: Option<String>,
    /// Packets but for messages, with their reason codes, and how often each came.
    answers: BTreeMap<String, usize>,
    /// Messages, and how often each came; nothing where our own end may have cut them off.
    messages: Option<BTreeMap<Message, usize>>,
    /// Topics by the aliases that the broker has given them.
    aliases: BTreeMap<u16, String>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Message {
    topic: String,
    payload: Vec<u8>,
    qos: QoS,
    retain: bool,
}

impl<'a> Beside<'a> {
    pub(super) fn new(other: &'a Other, terms: Terms) -> Self {
        Self { other, terms, road: other.ground.road() }
    }

    /// Plays a session that has shown this here, under the same names; what differs.
    pub(super) fn differs(&mut self, case: &Case, here: &Outcome, table: &Table, tag: &str) -> Option<Suspicion> {
        if !matches!(case, Case::Session(_)) || !here.suspicions.is_empty() {
            return None;
        }
        if self.other.ground.is_inside() {
            self.road = self.other.ground.road();
        }
        let there = case.play(self.road.as_mut(), table, self.terms, tag)?;
        // One that can't be reached any more has seen nothing.
        let is_there = self.road.open().map(|line| self.road.close(line, Ending::Fin)).is_ok();
        if !there.suspicions.is_empty() || !is_there {
            return None;
        }
        let what = difference(&here.transcript, &there.transcript)?;
        Some(Suspicion {
            oracle: Oracle::Against,
            version: what.version,
            rule: None,
            weight: Weight::Weak,
            mutation: None,
            place: format!("differs from {}: {}", self.other.name, what.what),
            seen: format!("here {}; {} {}", what.here, self.other.name, what.there),
            line: 0,
        })
    }
}

/// The first thing in which two records differ.
#[derive(Debug, PartialEq, Eq)]
struct Difference {
    /// Of the connection that shows it.
    version: Version,
    /// In words that are the same for the same cause.
    what: String,
    here: String,
    there: String,
}

/// How the records of one session differ: in the ends of connections; else in answers; else in messages.
fn difference(here: &Transcript, there: &Transcript) -> Option<Difference> {
    let (here, there) = (seen(here), seen(there));
    let pairs = || here.iter().filter_map(|(role, seen)| Some((role, seen, there.get(role)?)));
    pairs()
        .find_map(|(role, one, two)| in_end(role, one, two))
        .or_else(|| pairs().find_map(|(role, one, two)| in_answers(role, one, two)))
        .or_else(|| pairs().find_map(|(role, one, two)| in_messages(role, one, two)))
}

fn in_end(role: &str, here: &Seen, there: &Seen) -> Option<Difference> {
    let ((Some(behind), None) | (None, Some(behind))) = (&here.ended, &there.ended) else { return None };
    let say = |seen: &Seen| {
        let did = if seen.ended.is_some() { "ended it" } else { "did not end it" };
        format!("the broker {did} ({role})")
    };
    let what =
        if behind.is_empty() { "an end before anything was sent".to_owned() } else { format!("an end after {behind}") };
    Some(Difference { version: here.version, what, here: say(here), there: say(there) })
}

fn in_answers(role: &str, here: &Seen, there: &Seen) -> Option<Difference> {
    let (first, one, two) = first_difference(&here.answers, &there.answers)?;
    let packet = |answer: &str| answer.split(' ').next().unwrap_or_default().to_owned();
    // Another code of the same packet is one difference, and not that one code is missing and one too many.
    let more = |mine: &Seen, theirs: &Seen| {
        let count = |seen: &Seen, answer: &String| seen.answers.get(answer).copied().unwrap_or_default();
        let mut all = mine.answers.keys().filter(|answer| packet(answer) == packet(&first));
        all.find(|answer| count(mine, answer) > count(theirs, answer)).cloned()
    };
    let what = match (more(here, there), more(there, here)) {
        (Some(mine), Some(theirs)) => format!("{mine} here, {theirs} there"),
        _ => first.clone(),
    };
    let say = |times: usize| format!("{first} came {times} times ({role})");
    Some(Difference { version: here.version, what, here: say(one), there: say(two) })
}

fn in_messages(role: &str, here: &Seen, there: &Seen) -> Option<Difference> {
    let version = here.version;
    let (here, there) = (here.messages.as_ref()?, there.messages.as_ref()?);
    let (message, one, two) = first_difference(here, there)?;
    // The same message with another QoS or flag, or in another number.
    let alike = |all: &BTreeMap<Message, usize>| {
        all.keys().find(|known| (&known.topic, &known.payload) == (&message.topic, &message.payload)).cloned()
    };
    let what = match (one, two) {
        (0, _) | (_, 0) => match (alike(here), alike(there)) {
            (Some(mine), Some(theirs)) if mine.qos != theirs.qos => "the QoS of a message",
            (Some(mine), Some(theirs)) if mine.retain != theirs.retain => "RETAIN of a message",
            (None, _) => "a message that came there alone",
            (_, None) => "a message that came here alone",
            _ => "copies of a message",
        },
        _ => "copies of a message",
    };
    let say = |times: usize| format!("{} came {times} times ({role})", message.in_words());
    Some(Difference { version, what: what.to_owned(), here: say(one), there: say(two) })
}

/// The first key that has another number on each side.
fn first_difference<K: Ord + Clone>(
    here: &BTreeMap<K, usize>,
    there: &BTreeMap<K, usize>,
) -> Option<(K, usize, usize)> {
    let count = |all: &BTreeMap<K, usize>, key: &K| all.get(key).copied().unwrap_or_default();
    let keys = here.keys().chain(there.keys());
    let differing = keys.map(|key| (key, count(here, key), count(there, key))).find(|(_, one, two)| one != two);
    differing.map(|(key, one, two)| (key.clone(), one, two))
}

/// What each connection has seen.
fn seen(record: &Transcript) -> BTreeMap<&str, Seen> {
    let mut all: BTreeMap<&str, Seen> = BTreeMap::new();
    let mut last: BTreeMap<&str, String> = BTreeMap::new();
    let last_sent = record.lines.iter().rposition(|line| matches!(line.what, What::Sent { .. })).unwrap_or_default();
    let mut is_shared = false;
    for (place, line) in record.lines.iter().enumerate() {
        let role = line.role.as_str();
        let version = record.version_of(role);
        let seen = all.entry(role).or_insert_with(|| Seen::of(version));
        match &line.what {
            What::Sent { bytes, mutation } => {
                is_shared |= bytes.windows(SHARED.len()).any(|window| window == SHARED);
                last.insert(role, name_of(bytes, mutation.as_deref()));
            }
            What::Ended(_) => seen.ended = Some(last.get(role).cloned().unwrap_or_default()),
            // What was on its way when we left is there or not by chance.
            What::Closed(_) | What::HalfClosed if place < last_sent => seen.messages = None,
            What::Received(bytes) => seen.take(bytes),
            _ => {}
        }
    }
    if is_shared {
        for seen in all.values_mut() {
            seen.messages = None;
        }
    }
    all
}

/// A packet that was sent, by its type and its mistake.
fn name_of(bytes: &[u8], mutation: Option<&str>) -> String {
    let packet = bytes.first().and_then(|first| PacketType::from_number(first >> 4));
    let name = packet.map_or("bytes", PacketType::name);
    mutation.map_or_else(|| name.to_owned(), |mutation| format!("{name} !{mutation}"))
}

impl Seen {
    const fn of(version: Version) -> Self {
        Self {
            version,
            ended: None,
            answers: BTreeMap::new(),
            messages: Some(BTreeMap::new()),
            aliases: BTreeMap::new(),
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        let decoded = decode(bytes, Context::new(self.version, Sender::Server), &Limits::default());
        let Ok(Decoded::Complete { packet, .. }) = decoded else {
            return *self.answers.entry("bytes that are no packet".to_owned()).or_default() += 1;
        };
        match &packet {
            Packet::Publish(publish) => {
                let message = self.message(publish);
                if let Some(messages) = &mut self.messages {
                    *messages.entry(message).or_default() += 1;
                }
            }
            // How many PINGRESPs and how much of a handshake came is a matter of when.
            Packet::Pingresp | Packet::Pubrel(_) => {}
            _ => {
                let name = packet.packet_type().name();
                let codes: Vec<String> = codes(&packet).iter().map(|code| format!("{:#04x}", code.0)).collect();
                *self.answers.entry(format!("{name} {}", codes.join(" ")).trim_end().to_owned()).or_default() += 1;
            }
        }
    }
}

/// The reason codes of an answer.
fn codes(packet: &Packet<'_>) -> Vec<ReasonCode> {
    match packet {
        Packet::Connack(connack) => vec![connack.reason],
        Packet::Puback(ack) | Packet::Pubrec(ack) | Packet::Pubcomp(ack) => vec![ack.reason],
        Packet::Suback(suback) => suback.reasons.iter().collect(),
        Packet::Unsuback(unsuback) => unsuback.reasons.iter().collect(),
        Packet::Disconnect(disconnect) => vec![disconnect.reason],
        _ => Vec::new(),
    }
}

impl Seen {
    /// A message under its topic's name, whether that came or an alias.
    fn message(&mut self, publish: &Publish<'_>) -> Message {
        let mut topic = publish.topic.to_owned();
        if let Some(alias) = publish.properties.topic_alias() {
            if topic.is_empty() {
                topic = self.aliases.get(&alias).cloned().unwrap_or_default();
            } else {
                self.aliases.insert(alias, topic.clone());
            }
        }
        Message { topic, payload: publish.payload.to_vec(), qos: publish.qos, retain: publish.retain }
    }
}

impl Message {
    fn in_words(&self) -> String {
        let retain = if self.retain { ", RETAIN" } else { "" };
        let start = String::from_utf8_lossy(&self.payload[..self.payload.len().min(16)]).into_owned();
        format!("a message on {} (QoS {}{retain}, {} bytes: {start})", self.topic, self.qos as u8, self.payload.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(lines: &str) -> Transcript {
        format!("mqtt-assay transcript 1\ncase x\nmqtt 5\n{lines}").parse().expect("a transcript")
    }

    fn what(here: &str, there: &str) -> Option<String> {
        difference(&record(here), &record(there)).map(|difference| difference.what)
    }

    #[test]
    fn order_between_connections_and_identifiers_make_no_difference() {
        let one = "1 0 ann -> c000\n2 0 ann <- 4003000100\n3 0 ben <- d000\n";
        let two = "1 0 ann -> c000\n2 1 ben <- d000\n3 9 ann <- 4003000700\n";
        assert_eq!(what(one, two), None);
    }

    #[test]
    fn codes_ends_and_messages_do() {
        let plain = "1 0 ann -> c000\n2 0 ann <- 4003000100\n";
        assert_eq!(
            what(plain, "1 0 ann -> c000\n2 0 ann <- 4003000110\n"),
            Some("PUBACK 0x00 here, PUBACK 0x10 there".to_owned())
        );
        assert_eq!(what(plain, &format!("{plain}3 0 ann <- fin\n")), Some("an end after PINGREQ".to_owned()));
        let message = "1 0 ann -> c000\n2 0 ann <- 30050001610031\n";
        let retained = "1 0 ann -> c000\n2 0 ann <- 31050001610031\n";
        assert_eq!(what(message, retained), Some("RETAIN of a message".to_owned()));
        assert_eq!(what(message, "1 0 ann -> c000\n"), Some("a message that came here alone".to_owned()));
    }

    #[test]
    fn messages_on_a_connection_that_we_have_left_are_not_compared() {
        let message = "1 0 ann <- 30050001610031\n2 0 ann -> rst\n3 0 ben -> c000\n";
        assert_eq!(what(message, "1 0 ann -> rst\n2 0 ben -> c000\n"), None);
        let [here, there] = ["30050001610031", "30050001610032"]
            .map(|message| format!("1 0 ann -> 82120001000c2473686172652f672f6161610000\n2 0 ann <- {message}\n"));
        assert_eq!(what(&here, &there), None, "who gets what is shared is for the broker to say");
    }
}
