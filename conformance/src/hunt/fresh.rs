//! Fresh cases: a connection of its own, one write of CONNECT, what stands before, a packet of the table and a PINGREQ, and
//! then whatever comes, until the connection has shown which end it takes.

use super::expected::{Answers, End, Expected, judge};
use super::pace::{Offer, Pace};
use super::road::{Came, Road};
use super::table::{CLIENT, Entry, FOLDER, State, Table, place};
use super::trial::{Oracle, Suspicion, Trial};
use crate::chance::Random;
use crate::wire::Ending;
use mqtt_assay_codec::{
    Packet, PacketId, PacketType, Publish, QoS, Subscribe, SubscriptionOptions, SubscriptionsBuf, Version,
};
use std::collections::VecDeque;
use std::io;
use std::time::Duration;

const PINGREQ: [u8; 2] = [0xC0, 0];

/// How many connections are under way side by side: while the broker works on one, the next is prepared.
pub(super) const WIDTH: usize = 16;

/// How long the oldest is waited for before it is laid aside.
pub(super) const ASIDE: Duration = Duration::from_millis(1);

/// How many may lie aside.
const MOST_ASIDE: usize = 64;

/// One case, as it is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Choice {
    /// Its number in the hunt.
    pub(super) index: u64,
    pub(super) entry: usize,
    pub(super) state: State,
}

/// How one has ended.
pub(super) struct Done<'a> {
    pub(super) choice: Choice,
    pub(super) end: End,
    /// What is wrong, and the record.
    pub(super) trial: &'a Trial,
}

/// What all fresh cases share.
pub(super) struct Fresh<'t> {
    table: &'t Table,
    offer: Offer,
    pace: Pace,
    greetings: [Vec<u8>; 2],
    preludes: [[Vec<u8>; 4]; 2],
    running: VecDeque<Running>,
    aside: VecDeque<Running>,
    spare: Vec<Running>,
    /// Whether one that is answered is waited for a while longer: some brokers answer a PINGREQ before what came before it.
    lingers: bool,
}

/// One that has been sent.
struct Running {
    choice: Choice,
    connection: usize,
    trial: Trial,
    bytes: Vec<u8>,
    answers: Answers,
    /// When it is to be decided.
    until: Duration,
    is_half_closed: bool,
    is_silent: bool,
    /// It was answered, and is waited for a while longer.
    is_answered: bool,
}

impl Choice {
    /// The choice of a case by its number.
    pub(super) fn by(index: u64, random: &mut Random, table: &Table, versions: &[Version]) -> Self {
        let version = versions[random.below(versions.len())];
        let entries = table.of(version);
        let entry = entries[random.below(entries.len())];
        let state = if table.entry(entry).packet == PacketType::Connect {
            random.weighted(&[(7, State::First), (1, State::Connected)])
        } else {
            let drawn = random.weighted(&[
                (3, State::First),
                (20, State::Connected),
                (4, State::Subscribed),
                (8, State::InFlight),
            ]);
            if table.entry(entry).fits(drawn) { drawn } else { State::Connected }
        };
        Self { index, entry, state }
    }
}

impl<'t> Fresh<'t> {
    pub(super) fn new(table: &'t Table, offer: Offer, pace: Pace) -> Self {
        let both = [Version::V3_1_1, Version::V5];
        Self {
            table,
            offer,
            pace,
            greetings: both.map(|version| table.greeting(version).to_vec()),
            preludes: both.map(|version| State::ALL.map(|state| prelude(version, state))),
            running: VecDeque::new(),
            aside: VecDeque::new(),
            spare: Vec::new(),
            lingers: false,
        }
    }

    /// Sends one, and tells of those that have ended meanwhile.
    pub(super) fn step(
        &mut self,
        road: &mut dyn Road,
        choice: Choice,
        each: &mut dyn FnMut(&Done<'_>),
    ) -> io::Result<()> {
        self.start(road, choice)?;
        if self.running.len() >= WIDTH {
            self.finish_oldest(road, each);
        }
        Ok(())
    }

    /// Brings all that is under way to its end.
    pub(super) fn drain(&mut self, road: &mut dyn Road, each: &mut dyn FnMut(&Done<'_>)) {
        while !self.running.is_empty() {
            self.finish_oldest(road, each);
        }
        while let Some(mut running) = self.aside.pop_front() {
            let end = self.decide(road, &mut running, Duration::MAX);
            self.conclude(road, running, end.unwrap_or(End::Hung), each);
        }
    }

    /// One alone, to its end.
    pub(super) fn alone(
        &mut self,
        road: &mut dyn Road,
        choice: Choice,
        each: &mut dyn FnMut(&Done<'_>),
    ) -> io::Result<()> {
        self.drain(road, each);
        self.start(road, choice)?;
        self.lingers = true;
        self.drain(road, each);
        self.lingers = false;
        Ok(())
    }

    fn start(&mut self, road: &mut dyn Road, choice: Choice) -> io::Result<()> {
        let entry = self.table.entry(choice.entry);
        let mut running = self.spare.pop().unwrap_or_else(|| Running::new(choice));
        running.trial.renew();
        running.connection = road.open()?;
        let now = road.now();
        running.trial.opened(now, "rogue", entry.version);
        (running.choice, running.answers) = (choice, Answers::default());
        running.is_silent = entry.expected_in(choice.state) == Expected::Waits;
        running.is_answered = false;
        running.bytes.clear();
        let before = choice.state != State::First;
        if before {
            let at = place(entry.version);
            for part in [&self.greetings[at], &self.preludes[at][state_place(choice.state)]] {
                running.tell(now, part, choice.index, None);
            }
        }
        running.tell(now, &entry.bytes, choice.index, Some(entry));
        if !running.is_silent {
            running.tell(now, &PINGREQ, choice.index, None);
        }
        // What is not taken any more was refused before.
        road.write(running.connection, &running.bytes);
        running.is_half_closed = running.is_silent;
        if running.is_silent {
            road.half_close(running.connection);
            running.trial.closed(0, now, None);
        }
        running.until = now + if running.is_silent { self.pace.hang } else { self.pace.wait };
        self.running.push_back(running);
        Ok(())
    }

    fn finish_oldest(&mut self, road: &mut dyn Road, each: &mut dyn FnMut(&Done<'_>)) {
        let Some(mut running) = self.running.pop_front() else { return };
        match self.decide(road, &mut running, ASIDE) {
            Some(end) => self.conclude(road, running, end, each),
            None => self.aside.push_back(running),
        }
        self.look_aside(road, each);
    }

    /// Looks after those that lie aside: the oldest, and all where they are too many.
    fn look_aside(&mut self, road: &mut dyn Road, each: &mut dyn FnMut(&Done<'_>)) {
        for _ in 0..self.aside.len() {
            let is_full = self.aside.len() > MOST_ASIDE;
            let Some(mut running) = self.aside.pop_front() else { return };
            let is_due = running.until <= road.now();
            if !is_due && !is_full {
                self.aside.push_front(running);
                return;
            }
            match self.decide(road, &mut running, if is_full { Duration::MAX } else { Duration::ZERO }) {
                Some(end) => self.conclude(road, running, end, each),
                None => self.aside.push_back(running),
            }
        }
    }

    /// Reads on until the end is known, or for so long.
    fn decide(&self, road: &mut dyn Road, running: &mut Running, patience: Duration) -> Option<End> {
        let until = road.now().saturating_add(patience);
        loop {
            let now = road.now();
            let left = running.until.min(until).saturating_sub(now);
            let came = road.read(running.connection, running.trial.inbox(0), left);
            let now = road.now();
            match came {
                Came::Bytes => {
                    let Running { trial, answers, .. } = running;
                    trial.came(0, now, |packet| answers.follow(packet));
                    if answers.pongs > 0 && !running.is_silent {
                        // Whoever was never let in and is answered was served: what comes later takes nothing of that back.
                        let was_let_in = answers.connack.is_some_and(|code| code.0 == 0);
                        if !(self.lingers && was_let_in) {
                            return Some(End::Alive);
                        }
                        if !std::mem::replace(&mut running.is_answered, true) {
                            running.until = now + self.pace.wait;
                        }
                    }
                }
                Came::Ended(ending) => {
                    running.trial.ended(0, now, ending);
                    return Some(if running.is_half_closed { End::Waiting } else { End::Closed });
                }
                Came::Nothing if now < running.until => return None,
                Came::Nothing if running.is_answered => return Some(End::Alive),
                Came::Nothing if running.is_half_closed => return Some(End::Hung),
                Came::Nothing => {
                    road.half_close(running.connection);
                    running.trial.closed(0, now, None);
                    running.is_half_closed = true;
                    running.until = now + self.pace.hang;
                }
            }
        }
    }

    fn conclude(&mut self, road: &mut dyn Road, mut running: Running, end: End, each: &mut dyn FnMut(&Done<'_>)) {
        let now = road.now();
        road.close(running.connection, Ending::Reset);
        running.trial.closed(0, now, Some(Ending::Reset));
        self.judge(&mut running, end);
        each(&Done { choice: running.choice, end, trial: &running.trial });
        self.spare.push(running);
    }

    fn judge(&self, running: &mut Running, end: End) {
        let Choice { entry, state, .. } = running.choice;
        let entry = self.table.entry(entry);
        let expected = self.offer.excuses(entry.expected_in(state), entry.asks, entry.bytes.len());
        let was_let_in = running.answers.connack.is_some_and(|code| code.0 == 0);
        if state != State::First && !was_let_in && end != End::Hung {
            // Its own CONNECT was not taken: nothing is said of what came behind it.
            return;
        }
        if state == State::Subscribed && end == End::Waiting && !running.answers.has_come(PacketType::Suback) {
            // The broker has not come to what stands behind that SUBSCRIBE.
            return;
        }
        let Some((weight, seen)) = judge(expected, end, &running.answers, entry.is_whole) else { return };
        let rule = match expected {
            Expected::Refuse(rule) => Some(rule),
            _ => None,
        };
        let line = running.trial.line();
        running.trial.add(Suspicion {
            oracle: if end == End::Hung { Oracle::Hang } else { Oracle::Expectation },
            version: entry.version,
            rule,
            weight,
            mutation: Some(entry.name()),
            place: entry.packet.name().to_owned(),
            seen: format!("{} ({}, {}): {seen}", end.word(), entry.base, state.word()),
            line,
        });
    }
}

impl Running {
    fn new(choice: Choice) -> Self {
        Self {
            choice,
            connection: 0,
            trial: Trial::new(FOLDER, ""),
            bytes: Vec::new(),
            answers: Answers::default(),
            until: Duration::ZERO,
            is_half_closed: false,
            is_silent: false,
            is_answered: false,
        }
    }

    /// Puts a packet behind those that are to be written, with this case's client identifier, and tells the judge.
    fn tell(&mut self, now: Duration, packet: &[u8], index: u64, entry: Option<&Entry>) {
        // A state may need nothing before it, and a record has no line for nothing.
        if packet.is_empty() {
            return;
        }
        let start = self.bytes.len();
        self.bytes.extend_from_slice(packet);
        if packet.first().is_some_and(|first| first >> 4 == PacketType::Connect as u8) {
            name_client(&mut self.bytes[start..], index);
        }
        let mutation = entry.and_then(|entry| entry.mutation);
        self.trial.wrote(0, now, &self.bytes[start..], mutation);
    }
}

/// Puts the case's own client identifier in the place of the one that all have.
fn name_client(bytes: &mut [u8], index: u64) {
    let digits = CLIENT.trim_end_matches('@').len();
    let head = bytes.len().min(64 + CLIENT.len());
    let Some(start) = bytes[..head].windows(CLIENT.len()).position(|window| window == CLIENT.as_bytes()) else {
        return;
    };
    let mut rest = index;
    for place in (start + digits..start + CLIENT.len()).rev() {
        bytes[place] = b"0123456789abcdefghijklmnopqrstuvwxyz"[(rest % 36) as usize];
        rest /= 36;
    }
}

fn state_place(state: State) -> usize {
    State::ALL.iter().position(|known| *known == state).unwrap_or_default()
}

/// What stands between CONNECT and the packet.
fn prelude(version: Version, state: State) -> Vec<u8> {
    let packet_id = PacketId::new(7);
    let filters: SubscriptionsBuf = [("quiet/filter", SubscriptionOptions::at(QoS::AtLeastOnce))].into_iter().collect();
    let packet = match state {
        State::First | State::Connected => return Vec::new(),
        State::Subscribed => Packet::Subscribe(Subscribe {
            packet_id: PacketId::new(6).unwrap_or_else(|| unreachable!("6 is not 0")),
            properties: mqtt_assay_codec::Properties::EMPTY,
            filters: filters.as_subscriptions(),
        }),
        State::InFlight => Packet::Publish(Publish {
            topic: "hunt/open",
            payload: b"1",
            qos: QoS::ExactlyOnce,
            packet_id,
            ..Publish::default()
        }),
    };
    packet.to_bytes(version).map(Vec::from).unwrap_or_default()
}
