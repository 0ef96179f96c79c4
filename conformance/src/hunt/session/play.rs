//! A session under way: each step is written, what comes is read and judged at once, and clients acknowledge as they are
//! told to.

use super::draft::{self, Names};
use super::op::{Act, Cut, Greeting, Id, Manner, Message, Session, Step};
use crate::hunt::expected::{Answers, End, Expected};
use crate::hunt::futile::Futile;
use crate::hunt::kept::owed;
use crate::hunt::pace::{Offer, Pace};
use crate::hunt::road::{Came, Road};
use crate::hunt::trial::{Oracle, Suspicion, Trial, Weight};
use crate::wire::Ending;
use mqtt_assay_codec::{Packet, PacketId, PacketType, QoS, Rule, Version};
use mqtt_assay_standard::find;
use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

const NAMES: [&str; 4] = ["ann", "ben", "cid", "dee"];

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
}

/// One who takes part.
pub(super) struct Actor {
    pub(super) version: Version,
    /// Its connection on the road, and in the trial.
    pub(super) line: Option<(usize, usize)>,
    pub(super) answers: Answers,
    pub(super) manner: Manner,
    pub(super) held: VecDeque<(PacketType, u16)>,
    pub(super) awaited: Vec<(PacketType, u16)>,
    pub(super) in_use: BTreeSet<u16>,
    pub(super) last_id: u16,
    pub(super) pings: u32,
    pub(super) is_deaf: bool,
    pub(super) is_half_closed: bool,
    pub(super) is_tainted: bool,
    /// Bytes that are written together with the next.
    pub(super) joined: Vec<u8>,
    /// What it has published: topic and QoS.
    pub(super) published: BTreeSet<(u8, u8)>,
}

/// Plays a session whose names no other has.
pub(in crate::hunt) fn play(session: &Session, road: &mut dyn Road, terms: Terms, names: &Names) -> Played {
    let trial = Trial::new(&names.topics, &names.clients, road.is_simulated());
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
    };
    for step in &session.steps {
        player.step(step);
    }
    player.end();
    let Player { trial, seen, unanswered, .. } = player;
    Played { trial, seen, unanswered }
}

impl Actor {
    fn new(version: Version) -> Self {
        Self {
            version,
            line: None,
            answers: Answers::default(),
            manner: Manner::Now,
            held: VecDeque::new(),
            awaited: Vec::new(),
            in_use: BTreeSet::new(),
            last_id: 0,
            pings: 0,
            is_deaf: false,
            is_half_closed: false,
            is_tainted: false,
            joined: Vec::new(),
            published: BTreeSet::new(),
        }
    }

    fn begins(&mut self, line: (usize, usize)) {
        self.line = Some(line);
        self.answers = Answers::default();
        (self.manner, self.pings) = (Manner::Now, 0);
        (self.is_deaf, self.is_half_closed, self.is_tainted) = (false, false, false);
        self.held.clear();
        self.awaited.clear();
        self.joined.clear();
        // A session may be taken up in which identifiers are in use: fresh ones go on from where they were.
    }

    /// Each PINGREQ is answered, those before a packet with a mistake included.
    pub(super) fn has_all_pongs(&self) -> bool {
        self.answers.pongs >= self.pings
    }

    pub(super) fn is_let_in(&self) -> bool {
        self.answers.connack.is_some_and(|code| code.0 == 0)
    }

    fn identifier(&mut self, id: Id) -> u16 {
        let chosen = match id {
            Id::Fresh => {
                let mut next = self.last_id;
                loop {
                    next = next.checked_add(1).unwrap_or(1);
                    if !self.in_use.contains(&next) || next == self.last_id {
                        break next;
                    }
                }
            }
            Id::Again => self.last_id.max(1),
            Id::Number(number) => number.max(1),
        };
        self.last_id = chosen;
        chosen
    }

    /// Follows a packet; what is to be answered to it at once.
    fn follow(&mut self, packet: &Packet<'_>) {
        self.answers.follow(packet);
        let id = packet.packet_id().map_or(0, PacketId::get);
        let packet_type = packet.packet_type();
        if let Some(place) = self.awaited.iter().position(|known| *known == (packet_type, id)) {
            self.awaited.swap_remove(place);
            if matches!(packet_type, PacketType::Puback | PacketType::Suback | PacketType::Unsuback) {
                self.in_use.remove(&id);
            }
        }
        match packet {
            Packet::Publish(publish) => match publish.qos {
                QoS::AtMostOnce => {}
                QoS::AtLeastOnce => self.held.push_back((PacketType::Puback, id)),
                QoS::ExactlyOnce => self.held.push_back((PacketType::Pubrec, id)),
            },
            Packet::Pubrec(ack) if !ack.reason.is_error() => self.held.push_back((PacketType::Pubrel, id)),
            Packet::Pubrec(_) | Packet::Pubcomp(_) => drop(self.in_use.remove(&id)),
            Packet::Pubrel(_) => self.held.push_back((PacketType::Pubcomp, id)),
            _ => {}
        }
    }
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
                let time = if self.road.is_simulated() { time * 20 } else { time };
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
        let Some((legal, awaited)) = self.draft(who, act) else { return };
        match (&step.mutation, act) {
            (Some(name), _) => self.send_mutated(who, name, &legal),
            (None, Act::Flipped(..)) => self.send_doubtful(who, "raw.bitflip", &legal),
            (None, Act::Stray(packet @ (2 | 9 | 11 | 13), _)) => {
                let packet = PacketType::from_number(*packet).unwrap_or(PacketType::Connack);
                let expected = Expected::refuse(Rule::WrongDirection, self.actors[who].version, packet);
                self.send_wrong(who, "seq.server-only-packet", &legal, expected, packet, true);
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

    fn exceeds(&self, who: usize, message: &Message) -> bool {
        let is_again = matches!(message.id, Id::Again) && message.qos > 0;
        is_again || self.actors[who].version == Version::V5 && message.alias > self.terms.offer.alias()
    }

    pub(super) fn await_for(&mut self, who: usize, awaited: Option<(PacketType, u16)>) {
        let Some((packet, id)) = awaited else { return };
        let actor = &mut self.actors[who];
        actor.awaited.push((packet, id));
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
                (bytes, Some((PacketType::Suback, id)))
            }
            Act::Unsubscribe { filters, id } => {
                let id = self.actors[who].identifier(*id);
                (draft::unsubscribe(filters, id, self.names, version), Some((PacketType::Unsuback, id)))
            }
            Act::Stray(packet, id) => (draft::short(*packet, (*id).max(1)), None),
            Act::Ping => (PINGREQ.to_vec(), Some((PacketType::Pingresp, 0))),
            Act::Leave { code, expiry } => (draft::disconnect(*code, *expiry, version), None),
            Act::Flipped(act, flips) => {
                let (mut bytes, _) = self.draft(who, act)?;
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
        let topic = self.names.topic(message.topic);
        let actor = &mut self.actors[who];
        let id = (message.qos > 0).then(|| actor.identifier(message.id));
        self.messages += 1;
        if message.retain {
            self.retained.insert(topic.clone());
        }
        actor.published.insert((message.topic, message.qos));
        let bytes = draft::publish(message, &topic, self.messages, id, actor.version);
        let awaited = id.map(|id| (if message.qos == 1 { PacketType::Puback } else { PacketType::Pubrec }, id));
        (bytes, awaited)
    }

    fn connect(&mut self, step: &Step, greeting: &Greeting) {
        let who = step.who;
        let version = self.actors[who].version;
        let bytes = draft::connect(greeting, self.names, version, self.road.login());
        self.clients.insert(self.names.client(greeting.client));
        if let Some(willing) = greeting.will.as_ref().filter(|willing| willing.retain) {
            self.retained.insert(self.names.topic(willing.topic));
        }
        if let Some(name) = &step.mutation {
            if self.actors[who].line.is_some() && !self.actors[who].is_half_closed {
                return self.send_mutated(who, name, &bytes);
            }
            if !self.open(who) {
                return;
            }
            return self.send_mutated(who, name, &bytes);
        }
        if self.open(who) {
            self.actors[who].awaited.push((PacketType::Connack, 0));
            self.write(who, &bytes, None, if step.cut == Cut::Joined { Cut::Whole } else { step.cut });
            self.wait_for_answers(who);
            // Whoever else used this identifier has lost his connection.
            self.pump();
        }
    }

    /// Opens a connection; one that is there is taken over, or let alone.
    fn open(&mut self, who: usize) -> bool {
        self.flush(who);
        if let Some(line) = self.actors[who].line.take() {
            self.former.push(line);
        }
        let Ok(connection) = self.road.open() else { return false };
        self.connections[who] += 1;
        let name = NAMES[who % NAMES.len()];
        let count = self.connections[who];
        let role = if count == 1 { name.to_owned() } else { format!("{name}#{count}") };
        let side = self.trial.opened(self.road.now(), &role, self.actors[who].version);
        self.actors[who].begins((connection, side));
        true
    }

    /// Writes, and tells the judge.
    pub(super) fn write(&mut self, who: usize, bytes: &[u8], mutation: Option<&'static str>, cut: Cut) {
        let Some((connection, side)) = self.actors[who].line else { return };
        if cut == Cut::Joined && mutation.is_none() {
            self.actors[who].joined.extend_from_slice(bytes);
            return;
        }
        let mut all = std::mem::take(&mut self.actors[who].joined);
        if !all.is_empty() {
            self.trial.wrote(side, self.road.now(), &all, None);
        }
        self.trial.wrote(side, self.road.now(), bytes, mutation);
        all.extend_from_slice(bytes);
        let is_taken = match cut {
            Cut::Bytes if all.len() <= 400 => all.chunks(1).all(|byte| self.road.write(connection, byte)),
            Cut::At(place) if usize::from(place) < all.len() => {
                let (first, second) = all.split_at(usize::from(place));
                self.road.write(connection, first) && self.road.write(connection, second)
            }
            _ => self.road.write(connection, &all),
        };
        if !is_taken {
            self.pump();
        }
    }

    pub(super) fn flush(&mut self, who: usize) {
        if !self.actors[who].joined.is_empty() && self.actors[who].line.is_some() {
            self.write(who, &[], None, Cut::Whole);
        }
    }

    /// Reads once from a client's connection.
    pub(super) fn read(&mut self, who: usize, connection: usize, side: usize, patience: Duration) -> Came {
        let came = self.road.read(connection, self.trial.inbox(side), patience);
        let now = self.road.now();
        match came {
            Came::Bytes => {
                let actor = &mut self.actors[who];
                self.trial.came(side, now, |packet| actor.follow(packet));
            }
            Came::Ended(ending) => self.trial.ended(side, now, ending),
            Came::Nothing => {}
        }
        came
    }

    /// Reads what has come to everybody, and acknowledges it.
    pub(super) fn pump(&mut self) -> bool {
        let mut has_come = false;
        for who in 0..self.actors.len() {
            while let (Some((connection, side)), false) = (self.actors[who].line, self.actors[who].is_deaf) {
                match self.read(who, connection, side, Duration::ZERO) {
                    Came::Bytes => {
                        has_come = true;
                        self.answer(who);
                    }
                    Came::Nothing => break,
                    Came::Ended(_) => self.gone(who),
                }
            }
        }
        self.pump_former();
        has_come
    }

    fn pump_former(&mut self) {
        let mut left = Vec::new();
        for (connection, side) in std::mem::take(&mut self.former) {
            let came = self.road.read(connection, self.trial.inbox(side), Duration::ZERO);
            let now = self.road.now();
            match came {
                Came::Bytes => {
                    self.trial.came(side, now, |_| {});
                    left.push((connection, side));
                }
                Came::Nothing => left.push((connection, side)),
                Came::Ended(ending) => {
                    self.trial.ended(side, now, ending);
                    self.trial.closed(side, now, Some(Ending::Fin));
                    self.road.close(connection, Ending::Fin);
                }
            }
        }
        self.former = left;
    }

    /// A client answers what it holds, as far as it does so at once.
    pub(super) fn answer(&mut self, who: usize) {
        match self.actors[who].manner {
            Manner::Now => self.acknowledge(who, usize::MAX),
            Manner::Later => {}
            Manner::Wrongly => {
                while let Some((packet, id)) = self.actors[who].held.pop_front() {
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
            all.extend(draft::short(packet as u8, id));
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
            let is_futile = futile.is_all(self.actors[who].version, &self.actors[who].awaited);
            let until = begun + if is_futile { pace.wait } else { pace.answer };
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

    fn unanswered(&mut self, who: usize) {
        let awaited = std::mem::take(&mut self.actors[who].awaited);
        let Some(&(answer, id)) = awaited.first() else { return };
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

    /// The broker has ended a client's connection.
    pub(super) fn gone(&mut self, who: usize) {
        if let Some((connection, side)) = self.actors[who].line.take() {
            let now = self.road.now();
            self.trial.closed(side, now, Some(Ending::Fin));
            self.road.close(connection, Ending::Fin);
        }
        self.actors[who].awaited.clear();
        self.actors[who].held.clear();
    }

    pub(super) fn lose(&mut self, who: usize, ending: Ending) {
        self.flush(who);
        // What the broker has sent by now was read before.
        self.pump();
        if let Some((connection, side)) = self.actors[who].line.take() {
            self.trial.closed(side, self.road.now(), Some(ending));
            self.road.close(connection, ending);
        }
        self.actors[who].awaited.clear();
        self.actors[who].held.clear();
    }

    pub(super) fn half_close(&mut self, who: usize) {
        self.flush(who);
        let Some((connection, side)) = self.actors[who].line else { return };
        self.trial.closed(side, self.road.now(), None);
        self.actors[who].is_half_closed = true;
        self.actors[who].awaited.clear();
        self.road.half_close(connection);
    }

    /// DISCONNECT was sent: the broker's end is waited for, which alone says that it was dealt with. Our own end before that
    /// would be another reason to end.
    fn left(&mut self, who: usize) {
        self.flush(who);
        let until = self.road.now() + self.terms.pace.wait;
        while let Some((connection, side)) = self.actors[who].line {
            let left = until.saturating_sub(self.road.now());
            match self.read(who, connection, side, left) {
                Came::Bytes => {}
                Came::Ended(_) | Came::Nothing => self.gone(who),
            }
        }
    }
}
