//! One case under judgement: what went over its connections is written down, read strictly, and told to an auditor of its
//! own, that knows nothing of other cases.

mod log;
mod rules;
mod suspicion;

pub(in crate::hunt) use log::{Happening, Log, Role};
pub use suspicion::{Key, Oracle, Suspicion, Weight};

use crate::auditor::{Auditor, Conn, Facts};
use crate::link::Transcript;
use crate::scenario::Observation;
use crate::wire::Ending;
use mqtt_assay_codec::{
    Context, DecodeError, Decoded, Limits, Packet, PacketType, Rule, Sender, Version, decode, decode_waiving,
};
use mqtt_assay_standard::{RuleId, find};
use std::time::Duration;

/// How many suspicions one case can have: what follows from the first is not worth more.
const MOST: usize = 16;

/// A case that is judged.
#[derive(Debug)]
pub(super) struct Trial {
    auditor: Auditor,
    log: Log,
    sides: Vec<Side>,
    suspicions: Vec<Suspicion>,
    own_topics: String,
    own_clients: String,
    /// The last mutation that was sent, for the keys of what follows it.
    mutation: Option<&'static str>,
}

/// One connection of it.
#[derive(Debug)]
struct Side {
    conn: Conn,
    role: Role,
    inbox: Vec<u8>,
    /// What was read of the inbox.
    read: usize,
    is_unreadable: bool,
    is_over: bool,
    /// Its CONNECT had a mistake, so that the broker may have taken it for one of another version.
    is_of_any_version: bool,
    /// A packet with a mistake was sent on it.
    is_spoiled: bool,
}

impl Trial {
    /// A case whose topics and client identifiers begin so.
    pub(super) fn new(own_topics: &str, own_clients: &str) -> Self {
        Self {
            auditor: Auditor::default(),
            log: Log::default(),
            sides: Vec::new(),
            suspicions: Vec::new(),
            own_topics: own_topics.to_owned(),
            own_clients: own_clients.to_owned(),
            mutation: None,
        }
    }

    /// The same for the next case.
    pub(super) fn renew(&mut self) {
        self.auditor = Auditor::default();
        self.log.clear();
        self.sides.clear();
        self.suspicions.clear();
        self.mutation = None;
    }

    /// A connection was opened; its number here.
    pub(super) fn opened(&mut self, at: Duration, role: &str, version: Version) -> usize {
        let conn = self.auditor.opened(Facts {
            version,
            case: String::new(),
            role: role.to_owned(),
            broker: 1,
            own_topics: self.own_topics.clone(),
            own_clients: self.own_clients.clone(),
            // A case waits without a look at what comes, on a simulated clock too: across that nothing is owed.
            is_simulated: false,
            is_clean_up: false,
        });
        let side = self.sides.len();
        let role = Role { name: role.to_owned(), version };
        self.sides.push(Side {
            conn,
            role,
            inbox: Vec::new(),
            read: 0,
            is_unreadable: false,
            is_over: false,
            is_of_any_version: false,
            is_spoiled: false,
        });
        self.log.add(at, side, Happening::Open, &[]);
        side
    }

    /// We write this; before it is written.
    pub(super) fn wrote(&mut self, side: usize, at: Duration, bytes: &[u8], mutation: Option<&'static str>) {
        if bytes.is_empty() {
            return;
        }
        let line = self.log.add(at, side, Happening::Sent(mutation), bytes);
        self.mutation = mutation.or(self.mutation);
        self.sides[side].is_spoiled |= mutation.is_some();
        let is_connect = bytes.first().is_some_and(|first| first >> 4 == 1);
        self.sides[side].is_of_any_version |= is_connect && mutation.is_some();
        self.auditor.wrote(self.sides[side].conn, at, line, bytes, mutation.is_some());
    }

    /// Where what comes is read into.
    pub(super) fn inbox(&mut self, side: usize) -> &mut Vec<u8> {
        &mut self.sides[side].inbox
    }

    /// Judges what has come on a connection; tells `each` of every packet with its line.
    pub(super) fn came(&mut self, side: usize, at: Duration, mut each: impl FnMut(&Packet<'_>)) {
        let inbox = std::mem::take(&mut self.sides[side].inbox);
        let mut read = self.sides[side].read;
        while read < inbox.len() && !self.sides[side].is_unreadable {
            match self.packet(side, at, &inbox[read..], &mut each) {
                0 => break,
                len => read += len,
            }
        }
        let known = &mut self.sides[side];
        known.inbox = inbox;
        if read == known.inbox.len() || known.is_unreadable {
            known.inbox.clear();
            read = 0;
        }
        known.read = read;
    }

    /// Judges the first packet of these bytes; how long it is, or 0 where its end is missing.
    fn packet(&mut self, side: usize, at: Duration, bytes: &[u8], each: &mut impl FnMut(&Packet<'_>)) -> usize {
        let version = self.sides[side].role.version;
        let (context, limits) = (Context::new(version, Sender::Server), Limits::default());
        let error = match decode(bytes, context, &limits) {
            Ok(Decoded::Complete { packet, len }) => {
                let line = self.log.add(at, side, Happening::Received, &bytes[..len]);
                let audit = self.auditor.read(self.sides[side].conn, at, line, &packet, None);
                if audit.finds() {
                    self.suspect(
                        Oracle::Auditor,
                        line,
                        version,
                        &Observation { version, packet: Some(&packet), error: None, frame: None, audit: &audit },
                    );
                }
                each(&packet);
                return len;
            }
            Ok(Decoded::Partial { .. }) => return 0,
            Err(error) => error,
        };
        if self.sides[side].is_of_any_version
            && let Some(len) = self.packet_of_another_version(side, at, bytes, each)
        {
            return len;
        }
        let waived = decode_waiving(bytes, context, &limits, error.rule);
        let Ok(Decoded::Complete { packet, len }) = waived else {
            if let Ok(Decoded::Partial { .. }) = waived {
                return 0;
            }
            let line = self.log.add(at, side, Happening::Received, bytes);
            self.malformed(line, version, &error);
            self.lose_sight(side, at);
            return bytes.len();
        };
        let line = self.log.add(at, side, Happening::Received, &bytes[..len]);
        self.auditor.read(self.sides[side].conn, at, line, &packet, Some(&error));
        self.malformed(line, version, &error);
        each(&packet);
        len
    }

    /// The first packet of these bytes, where it is one of another version than was asked for: how long it is.
    fn packet_of_another_version(
        &mut self,
        side: usize,
        at: Duration,
        bytes: &[u8],
        each: &mut impl FnMut(&Packet<'_>),
    ) -> Option<usize> {
        let own = self.sides[side].role.version;
        let other = [Version::V5, Version::V3_1_1, Version::V3_1].into_iter().filter(|version| *version != own);
        for version in other {
            let context = Context::new(version, Sender::Server);
            if let Ok(Decoded::Complete { packet, len }) = decode(bytes, context, &Limits::default()) {
                self.log.add(at, side, Happening::Received, &bytes[..len]);
                self.auditor.lost_sight(self.sides[side].conn, at);
                each(&packet);
                return Some(len);
            }
        }
        None
    }

    fn malformed(&mut self, line: u32, version: Version, error: &DecodeError) {
        if self.mutation.is_some_and(|name| follows(error.rule, name)) {
            return;
        }
        let rule = rule_of(version, error);
        let packet = error.packet_type.map_or("bytes", PacketType::name);
        let place = format!("{packet} {}", error.rule.name());
        self.add(Suspicion {
            oracle: Oracle::Form,
            version,
            rule,
            weight: weight_of(rule),
            mutation: None,
            place,
            seen: error.to_string(),
            line,
        });
    }

    fn suspect(&mut self, oracle: Oracle, line: u32, version: Version, observation: &Observation<'_>) {
        for broken in rules::broken(observation) {
            self.add_broken(oracle, line, version, broken);
        }
    }

    fn add_broken(&mut self, oracle: Oracle, line: u32, version: Version, broken: rules::Broken) {
        self.add(Suspicion {
            oracle,
            version,
            rule: broken.rule,
            weight: weight_of(broken.rule),
            mutation: self.mutation,
            place: broken.name.to_owned(),
            seen: broken.why,
            line,
        });
    }

    /// Something is wrong.
    pub(super) fn add(&mut self, suspicion: Suspicion) {
        if self.suspicions.len() < MOST {
            self.suspicions.push(suspicion);
        }
    }

    fn lose_sight(&mut self, side: usize, at: Duration) {
        self.sides[side].is_unreadable = true;
        self.auditor.lost_sight(self.sides[side].conn, at);
    }

    /// The broker's half was read to its end.
    pub(super) fn ended(&mut self, side: usize, at: Duration, ending: Ending) {
        let line = self.log.add(at, side, Happening::Ended(ending), &[]);
        self.sides[side].is_over = true;
        if ending == Ending::Reset && self.sides[side].is_spoiled {
            // Whoever resets has not read all that was sent behind the mistake.
            self.auditor.lost_sight(self.sides[side].conn, at);
        }
        if ending == Ending::Reset {
            return self.auditor.broker_reset(self.sides[side].conn, at, line);
        }
        self.auditor.broker_ended(self.sides[side].conn, at, line);
    }

    /// We end our half, or all of it.
    pub(super) fn closed(&mut self, side: usize, at: Duration, ending: Option<Ending>) {
        if ending.is_some() && std::mem::replace(&mut self.sides[side].is_over, true) {
            return self.auditor.client_ended(self.sides[side].conn, at, self.log.last());
        }
        let line = self.log.add(at, side, ending.map_or(Happening::HalfClosed, Happening::Closed), &[]);
        self.auditor.client_ended(self.sides[side].conn, at, line);
    }

    /// Takes a connection into the record on which was taken away what the case had left. It is not judged.
    pub(super) fn cleaned(&mut self, (from, to): (Duration, Duration), version: Version, sent: &[u8], came: &[u8]) {
        let side = self.opened(from, "cleaner", version);
        for packet in packets(sent, Context::new(version, Sender::Client)) {
            self.log.add(from, side, Happening::Sent(None), packet);
        }
        for packet in packets(came, Context::new(version, Sender::Server)) {
            self.log.add(to, side, Happening::Received, packet);
        }
        self.log.add(to, side, Happening::Closed(Ending::Fin), &[]);
    }

    /// What was owed until now and did not come.
    pub(super) fn settle(&mut self, now: Duration) {
        for finding in self.auditor.due(now) {
            let version = self.auditor.facts(finding.conn).version;
            let holding = crate::auditor::Holding::Broken(finding.why);
            let audit = crate::auditor::Audit::saying(finding.point, holding);
            for broken in rules::broken_without_packet(version, &audit) {
                self.add_broken(Oracle::Auditor, finding.owed.line, version, broken);
            }
        }
    }

    /// What was found so far.
    pub(super) fn suspicions(&self) -> &[Suspicion] {
        &self.suspicions
    }

    /// The last line of the record.
    pub(super) fn line(&self) -> u32 {
        self.log.last()
    }

    /// The record, for people and for `replay`.
    pub(super) fn transcript(&self, case: &str) -> Transcript {
        let roles: Vec<Role> = self.sides.iter().map(|side| side.role.clone()).collect();
        let notes = self.suspicions.iter().map(|suspicion| {
            let rule = suspicion.rule.map_or("", RuleId::id);
            (suspicion.line, format!("{} {rule} {}: {}", suspicion.oracle.word(), suspicion.place, suspicion.seen))
        });
        self.log.transcript(case, &roles, &notes.collect::<Vec<_>>())
    }
}

/// The packets one by one; what is none comes whole.
fn packets(mut bytes: &[u8], context: Context) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let len = match decode(bytes, context, &Limits::default()) {
            Ok(Decoded::Complete { len, .. }) => len,
            _ => bytes.len(),
        };
        let (packet, rest) = bytes.split_at_checked(len)?;
        bytes = rest;
        Some(packet).filter(|packet| !packet.is_empty())
    })
}

/// Whether an answer without this is what comes of taking a packet with that mistake: whoever was sent a packet identifier 0
/// repeats it, and has no code for no topic filter.
fn follows(rule: Rule, mutation: &str) -> bool {
    match rule {
        Rule::PacketIdZero => mutation.starts_with("pid.zero"),
        Rule::NoReasonCodes => mutation.ends_with("subscribe.no-filters"),
        _ => false,
    }
}

/// The rule that a packet breaks by its form. Without any code it is their number that is wrong, not their order.
fn rule_of(version: Version, error: &DecodeError) -> Option<RuleId> {
    let id = match (error.rule, version, error.packet_type) {
        (Rule::NoReasonCodes, Version::V5, Some(PacketType::Unsuback)) => Some("MQTT-3.11.3-2"),
        (Rule::NoReasonCodes, Version::V5, _) => Some("MQTT-3.8.4-6"),
        (Rule::NoReasonCodes, ..) => Some("MQTT-3.8.4-5"),
        _ => error.id(),
    };
    id.and_then(|id| find(version, id))
}

/// How much a breach of this rule says.
pub(super) fn weight_of(rule: Option<RuleId>) -> Weight {
    if rule.is_none_or(|rule| rule.rule().level.is_weak()) { Weight::Weak } else { Weight::Fail }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A SUBACK without codes, behind a SUBSCRIBE with that mistake or without one: the rules of what is suspected.
    fn rules(version: Version, mutation: Option<&'static str>, suback: &[u8]) -> Vec<Option<&'static str>> {
        let mut trial = Trial::new("run/case/", "own");
        let side = trial.opened(Duration::ZERO, "role", version);
        trial.wrote(side, Duration::ZERO, b"\x82\x02\x00\x01", mutation);
        trial.inbox(side).extend_from_slice(suback);
        trial.came(side, Duration::ZERO, |_| {});
        trial.suspicions().iter().map(|suspicion| suspicion.rule.map(RuleId::id)).collect()
    }

    #[test]
    fn without_codes_it_is_their_number_that_is_wrong_unless_we_asked_for_none() {
        for (version, suback, rule) in [
            (Version::V3_1_1, b"\x90\x02\x00\x01".as_slice(), "MQTT-3.8.4-5"),
            (Version::V5, b"\x90\x03\x00\x01\x00", "MQTT-3.8.4-6"),
            (Version::V5, b"\xB0\x03\x00\x01\x00", "MQTT-3.11.3-2"),
        ] {
            assert_eq!(rules(version, Some("filter.empty"), suback), [Some(rule)]);
            assert_eq!(rules(version, Some("subscribe.no-filters"), suback), []);
        }
    }
}
