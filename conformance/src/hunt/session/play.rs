//! A session under way: each step is written, what comes is read and judged at once, and clients acknowledge as they are
//! told to.

use super::actor::{Actor, Open};
use super::draft::{self, Names};
use super::op::{Act, Cut, Greeting, Id, Manner, Message, Session, Step};
use crate::hunt::expected::{End, Expected};
use crate::hunt::futile::Futile;
use crate::hunt::kept::owed;
use crate::hunt::pace::{Offer, Pace};
use crate::hunt::road::{Came, Road};
use crate::hunt::trial::{Oracle, Suspicion, Trial, Weight, weight_of};
use crate::wire::Ending;
use mqtt_assay_codec::{PacketType, Rule, Version};
use mqtt_assay_standard::find;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How long a client may read nothing.
const LONGEST_DEAFNESS: Duration = Duration::from_secs(1);

/// How long is waited where that takes time.
const LONGEST_WAIT: Duration = Duration::from_millis(30);

/// How long a session may take on the wall.
const LONGEST: Duration = Duration::from_secs(30);

/// The rule that the codes of SUBACK stand in the order of the filters.
const ORDER_OF_CODES: &str = "MQTT-3.9.3-1";

/// The rule that a PUBLISH without a topic has an alias that has one.
const UNKNOWN_ALIAS: &str = "U5-136";

const PINGREQ: [u8; 2] = [0xC0, 0];

/// The bytes of a packet, and what answers it.
type Draft = (Vec<u8>, Option<(PacketType, u16)>);

/// What a session is played with.
#[derive(Debug, Clone, Copy)]
pub(in crate::hunt) struct Terms {
    pub(in crate::hunt) offer: Offer,
    pub(in crate::hunt) pace: Pace,
    /// What this broker never answers with.
    pub(in crate::hunt) futile: Futile,
    /// Whether the record tells how is taken away what a session leaves.
    pub(in crate::hunt) tells_cleaning: bool,
}

/// What came of it.
pub(in crate::hunt) struct Played {
    pub(in crate::hunt) trial: Trial,
    /// What was seen, as numbers that are the same where the same was seen.
    pub(in crate::hunt) seen: Vec<u64>,
    /// Answers that did not come.
    pub(in crate::hunt) unanswered: Vec<(Version, PacketType)>,
}

/// A session under way.
pub(super) struct Player<'a> {
    pub(super) road: &'a mut dyn Road,
    pub(super) terms: Terms,
    pub(super) names: &'a Names,
    pub(super) trial: Trial,
    pub(super) actors: Vec<Actor>,
    /// Connections that were taken over: what comes there is read too.
    pub(super) former: Vec<(usize, usize)>,
    pub(super) messages: u32,
    pub(super) connections: [usize; 4],
    pub(super) seen: Vec<u64>,
    /// The end that the last packet with a mistake in it took.
    pub(super) last_end: Option<End>,
    /// Topics that may hold a retained message.
    pub(super) retained: BTreeSet<String>,
    /// Client identifiers that may have a session.
    pub(super) clients: BTreeSet<String>,
    pub(super) unanswered: Vec<(Version, PacketType)>,
    /// Who has used each client identifier last.
    pub(super) owners: BTreeMap<usize, usize>,
}

/// Plays a session whose names no other has.
pub(in crate::hunt) fn play(session: &Session, road: &mut dyn Road, terms: Terms, names: &Names) -> Played {
    let trial = Trial::new(&names.topics, &names.clients);
    let actors = session.cast.iter().map(|is_5| Actor::new(if *is_5 { Version::V5 } else { Version::V3_1_1 }));
    let mut player = Player {
        road,
        terms,
        names,
        trial,
        actors: actors.collect(),
        former: Vec::new(),
        messages: 0,
        connections: [0; 4],
        seen: Vec::new(),
        last_end: None,
        retained: BTreeSet::new(),
        clients: BTreeSet::new(),
        unanswered: Vec::new(),
        owners: BTreeMap::new(),
    };
    let begun = player.road.now();
    for step in &session.steps {
        // A broker that leaves many answers out would keep one session going for minutes.
        if !player.road.is_simulated() && player.road.now() > begun + LONGEST {
            break;
        }
        player.step(step);
    }
    player.end();
    let Player { trial, seen, unanswered, .. } = player;
    Played { trial, seen, unanswered }
}

impl Player<'_> {
    fn step(&mut self, step: &Step) {
        if step.who >= self.actors.len() {
            return;
        }
        let before = self.actors[step.who].answers;
        let begun = self.road.now();
        self.act(step);
        self.pump();
        self.note(step, &before, self.road.now().saturating_sub(begun));
    }

    pub(super) fn act(&mut self, step: &Step) {
        let who = step.who;
        match &step.act {
            Act::Connect(greeting) => self.connect(step, greeting),
            Act::Wait(milliseconds) => {
                let time = Duration::from_millis(u64::from(*milliseconds));
                let time = if self.road.is_simulated() { time * 20 } else { time.min(LONGEST_WAIT) };
                if time > LONGEST_DEAFNESS {
                    // The judge takes what is read for what has just come.
                    self.actors.iter_mut().for_each(|actor| actor.is_deaf = false);
                    self.pump();
                }
                self.road.wait(time);
            }
            _ if self.actors[who].line.is_none() || self.actors[who].is_half_closed => {}
            Act::Manner(manner) => self.actors[who].manner = *manner,
            Act::Deaf(is_deaf) => self.actors[who].is_deaf = *is_deaf,
            Act::Acknowledge { all } => {
                let count = if *all { usize::MAX } else { 1 };
                self.acknowledge(who, count);
            }
            Act::Fin => self.lose(who, Ending::Fin),
            Act::Reset => self.lose(who, Ending::Reset),
            Act::HalfClose => self.half_close(who),
            Act::Storm(storm, count) => self.storm(who, *storm, *count),
            act => self.send(step, act),
        }
    }

    /// Writes the packet of a step.
    fn send(&mut self, step: &Step, act: &Act) {
        let who = step.who;
        if let Act::Leave { .. } = act {
            self.hears(who);
        }
        let Some((legal, awaited)) = self.draft(who, act) else { return };
        match (self.mutation_of(who, step, &legal), act) {
            (Some(name), _) => {
                // Nobody knows what a packet with a mistake asks for.
                self.actors[who].asked.clear();
                self.send_mutated(who, name, &legal);
            }
            (None, Act::Flipped(..)) => self.send_doubtful(who, "raw.bitflip", &legal),
            (None, Act::Stray(packet @ (2 | 9 | 11 | 13), _)) => {
                let packet = PacketType::from_number(*packet).unwrap_or(PacketType::Connack);
                let expected = Expected::refuse(Rule::WrongDirection, self.actors[who].version, packet);
                self.send_wrong(who, "seq.server-only-packet", &legal, expected, packet, true);
            }
            (None, Act::Publish(message)) if self.names_unknown_alias(who, message) => {
                let expected = Expected::Either.or_refuse(find(Version::V5, UNKNOWN_ALIAS));
                self.send_wrong(who, "flow.alias-unknown", &legal, expected, PacketType::Publish, true);
            }
            (None, Act::Publish(message)) if self.exceeds(who, message) => {
                self.actors[who].is_tainted = true;
                self.write(who, &legal, None, step.cut);
            }
            (None, _) => {
                let is_stray = matches!(act, Act::Stray(..));
                self.actors[who].is_tainted |= is_stray;
                self.await_for(who, awaited);
                self.write(who, &legal, is_stray.then_some("flow.ack-unknown"), step.cut);
                if let Act::Leave { .. } = act {
                    self.left(who);
                } else if step.cut != Cut::Joined {
                    self.wait_for_answers(who);
                }
            }
        }
    }

    /// It leaves its topic out, and this connection has given it no number.
    fn names_unknown_alias(&self, who: usize, message: &Message) -> bool {
        let actor = &self.actors[who];
        let is_left_out = message.is_by_alias && message.alias > 0 && actor.version == Version::V5;
        is_left_out && message.alias <= self.terms.offer.alias() && !actor.aliases.contains_key(&message.alias)
    }

    fn exceeds(&self, who: usize, message: &Message) -> bool {
        let is_again = matches!(message.id, Id::Again) && message.qos > 0;
        is_again || self.actors[who].version == Version::V5 && message.alias > self.terms.offer.alias()
    }

    pub(super) fn await_for(&mut self, who: usize, awaited: Option<(PacketType, u16)>) {
        let Some((packet, id)) = awaited else { return };
        let actor = &mut self.actors[who];
        actor.awaited.push((packet, id));
        actor.misanswered.retain(|known| *known != (packet, id));
        if id > 0 {
            actor.in_use.insert(id);
        }
        if packet == PacketType::Pingresp {
            actor.pings += 1;
        }
    }

    /// The packet of a step, and what answers it.
    fn draft(&mut self, who: usize, act: &Act) -> Option<Draft> {
        let version = self.actors[who].version;
        Some(match act {
            Act::Publish(message) => self.draft_message(who, message),
            Act::Subscribe { filters, identifier, id } => {
                let id = self.actors[who].identifier(*id);
                let bytes = draft::subscribe(filters, *identifier, id, self.names, version);
                self.actors[who].asked.insert(id, filters.iter().map(|(_, options)| options & 3).collect());
                (bytes, Some((PacketType::Suback, id)))
            }
            Act::Unsubscribe { filters, id } => {
                let id = self.actors[who].identifier(*id);
                (draft::unsubscribe(filters, id, self.names, version), Some((PacketType::Unsuback, id)))
            }
            Act::Stray(packet, id) => (draft::short(*packet, (*id).max(1)), None),
            Act::Ping => (PINGREQ.to_vec(), Some((PacketType::Pingresp, 0))),
            Act::Leave { code, expiry, padding } => (draft::disconnect(*code, *expiry, *padding, version), None),
            Act::Flipped(act, flips) => {
                let (mut bytes, _) = self.draft(who, act)?;
                // What its bytes ask for now nobody knows.
                self.actors[who].asked.clear();
                for &(place, value) in flips {
                    let length = bytes.len().max(1);
                    if let Some(byte) = bytes.get_mut(usize::from(place) % length) {
                        *byte = value;
                    }
                }
                (bytes, None)
            }
            _ => return None,
        })
    }

    fn draft_message(&mut self, who: usize, message: &Message) -> Draft {
        let is_unknown = self.names_unknown_alias(who, message);
        let actor = &mut self.actors[who];
        let by_alias = message.is_by_alias && message.alias > 0 && actor.version == Version::V5;
        let number = actor.aliases.get(&message.alias).copied().filter(|_| by_alias).unwrap_or(message.topic);
        let message = &Message { topic: number, ..message.clone() };
        let topic = self.names.topic(message.topic);
        let id = (message.qos > 0).then(|| actor.identifier(message.id));
        self.messages += 1;
        if message.retain {
            self.retained.insert(topic.clone());
        }
        if !is_unknown {
            actor.published.insert((message.topic, message.qos));
            if message.alias > 0 {
                actor.aliases.insert(message.alias, message.topic);
            }
        }
        let topic = if by_alias { "" } else { &topic };
        let bytes = draft::publish(message, topic, self.messages, id, actor.version);
        self.note_open(who, message, id, &bytes);
        let awaited = id.map(|id| (if message.qos == 1 { PacketType::Puback } else { PacketType::Pubrec }, id));
        (bytes, awaited)
    }

    /// Notes what a client sends again where its session is resumed: messages of QoS 2. Those of QoS 1 would be new ones to
    /// whoever has subscribed meanwhile.
    fn note_open(&mut self, who: usize, message: &Message, id: Option<u16>, bytes: &[u8]) {
        let is_plain = message.qos == 2 && message.alias == 0 && !matches!(message.id, Id::Again);
        let Some(id) = id.filter(|_| is_plain) else { return };
        let open = Open { id, publish: Some(bytes.to_vec()) };
        self.actors[who].open.retain(|known| known.id != id);
        self.actors[who].open.push(open);
    }

    /// A session is taken up where it was: what was not answered is sent again. A new one has nothing open.
    fn take_up(&mut self, who: usize, is_same: bool) {
        if !self.actors[who].is_let_in() {
            return;
        }
        if !self.actors[who].is_resumed || !is_same {
            return self.actors[who].starts_anew();
        }
        for Open { id, publish } in self.actors[who].open.clone() {
            let is_release = publish.is_none();
            let mut bytes = publish.unwrap_or_else(|| draft::short(PacketType::Pubrel as u8, id));
            if !is_release {
                bytes[0] |= 8;
            }
            let answer = if is_release { PacketType::Pubcomp } else { PacketType::Pubrec };
            self.await_for(who, Some((answer, id)));
            self.write(who, &bytes, None, Cut::Whole);
        }
        self.wait_for_answers(who);
    }

    fn connect(&mut self, step: &Step, greeting: &Greeting) {
        let who = step.who;
        let version = self.actors[who].version;
        self.messages += 1;
        let bytes = draft::connect(greeting, self.names, self.messages, version, self.road.login());
        self.clients.insert(self.names.client(greeting.client));
        if let Some(willing) = greeting.will.as_ref().filter(|willing| willing.retain) {
            self.retained.insert(self.names.topic(willing.topic));
        }
        if let Some(name) = self.mutation_of(who, step, &bytes) {
            if self.actors[who].line.is_some() && !self.actors[who].is_half_closed {
                return self.send_mutated(who, name, &bytes);
            }
            if !self.open(who) {
                return;
            }
            return self.send_mutated(who, name, &bytes);
        }
        if self.open(who) {
            let owner = self.owners.insert(greeting.client, who);
            let before = self.actors[who].client.replace(greeting.client);
            self.actors[who].awaited.push((PacketType::Connack, 0));
            self.actors[who].has_greeted = true;
            self.write(who, &bytes, None, if step.cut == Cut::Joined { Cut::Whole } else { step.cut });
            self.wait_for_answers(who);
            self.take_up(who, before == Some(greeting.client) && owner == Some(who));
            // Whoever else used this identifier has lost his connection.
            self.pump();
        }
    }

    /// A client answers what it holds, as far as it does so at once.
    pub(super) fn answer(&mut self, who: usize) {
        match self.actors[who].manner {
            Manner::Now | Manner::Refusing | Manner::Wordy => self.acknowledge(who, usize::MAX),
            Manner::Later => {}
            Manner::Wrongly => {
                while let Some((packet, id)) = self.actors[who].held.pop_front() {
                    if packet == PacketType::Pubrel {
                        // Some brokers hand a message on only then, and owe it without an end until it comes.
                        self.await_for(who, Some((PacketType::Pubcomp, id)));
                        self.write(who, &draft::short(packet as u8, id), None, Cut::Whole);
                        continue;
                    }
                    let other = if packet == PacketType::Puback { PacketType::Pubcomp } else { PacketType::Puback };
                    self.actors[who].is_tainted = true;
                    self.write(who, &draft::short(other as u8, id), Some("flow.ack-wrongly"), Cut::Whole);
                }
            }
        }
    }

    fn acknowledge(&mut self, who: usize, most: usize) {
        let mut all = Vec::new();
        for _ in 0..most {
            if self.actors[who].is_half_closed {
                break;
            }
            let Some((packet, id)) = self.actors[who].held.pop_front() else { break };
            if packet == PacketType::Pubrel {
                self.actors[who].awaited.push((PacketType::Pubcomp, id));
            }
            all.extend(self.actors[who].acknowledgement(packet, id));
        }
        if !all.is_empty() {
            self.write(who, &all, None, Cut::Whole);
        }
    }

    /// Waits until what a client awaits has come, others being served meanwhile.
    pub(super) fn wait_for_answers(&mut self, who: usize) {
        let Terms { pace, futile, .. } = self.terms;
        let begun = self.road.now();
        let slice = pace.wait.min(Duration::from_millis(5));
        while let Some((connection, side)) = self.actors[who].line {
            if self.actors[who].awaited.is_empty() || self.actors[who].is_deaf || self.actors[who].is_half_closed {
                return;
            }
            let is_futile = futile.is_all(self.actors[who].version, &self.actors[who].awaited)
                || self.actors[who].is_owed_nothing();
            let is_hopeless = is_futile || self.actors[who].is_misanswered();
            let until = begun + if is_hopeless { pace.wait } else { pace.answer };
            let left = until.saturating_sub(self.road.now());
            if left.is_zero() && is_futile {
                self.actors[who].awaited.clear();
                return;
            } else if left.is_zero() {
                return self.unanswered(who);
            }
            match self.read(who, connection, side, left.min(slice)) {
                Came::Bytes => self.answer(who),
                Came::Ended(_) => return self.gone(who),
                // A tainted connection is owed nothing, and a client who holds back may be waited for in turn.
                Came::Nothing if self.actors[who].is_tainted || self.actors[who].manner != Manner::Now => {
                    self.actors[who].awaited.clear();
                    return;
                }
                Came::Nothing => drop(self.pump()),
            }
        }
    }

    /// A SUBACK grants more than was asked for.
    pub(super) fn suspect_grant(&mut self, who: usize, seen: String) {
        let version = self.actors[who].version;
        let rule = find(version, ORDER_OF_CODES);
        let line = self.trial.line();
        self.trial.add(Suspicion {
            oracle: Oracle::Answer,
            version,
            rule,
            weight: weight_of(rule),
            mutation: None,
            place: PacketType::Suback.name().to_owned(),
            seen,
            line,
        });
    }

    fn unanswered(&mut self, who: usize) {
        let awaited = std::mem::take(&mut self.actors[who].awaited);
        // Behind a CONNECT that was not answered nothing else is owed.
        let connack = awaited.iter().find(|(answer, _)| *answer == PacketType::Connack);
        let Some(&(answer, id)) = connack.or(awaited.first()) else { return };
        let version = self.actors[who].version;
        self.unanswered.push((version, answer));
        let rule = owed(answer, version).and_then(|id| find(version, id));
        let line = self.trial.line();
        self.trial.add(Suspicion {
            oracle: Oracle::Answer,
            version,
            rule,
            weight: Weight::Fail,
            mutation: None,
            place: answer.name().to_owned(),
            seen: format!("{} with identifier {id} did not come within {:?}", answer.name(), self.terms.pace.answer),
            line,
        });
    }
}
