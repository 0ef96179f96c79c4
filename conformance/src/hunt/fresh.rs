//! Fresh cases: a connection of its own, one write of CONNECT, what stands before, a packet of the table and a PINGREQ, and
//! then whatever comes, until the connection has shown which end it takes.

use super::expected::{Answers, End, Expected, judge};
use super::pace::{FIRST, Offer, Pace};
use super::road::{Came, Road};
use super::table::{FOLDER, State, Table};
use super::trial::{Oracle, Suspicion, Trial};
use super::written::Written;
use crate::chance::Random;
use crate::wire::Ending;
use mqtt_assay_codec::{PacketType, Version};
use std::collections::VecDeque;
use std::io;
use std::time::Duration;

/// How many connections are under way side by side: while the broker works on one, the next is prepared.
pub(super) const WIDTH: usize = 16;

/// How long each is looked at before it is laid aside.
pub(super) const ASIDE: Duration = Duration::from_millis(1);

/// How often one is read whose time is over.
const MOST_LATE: u32 = 64;

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
    written: Written<'t>,
    /// In the order in which they were sent.
    running: VecDeque<Box<Running>>,
    aside: VecDeque<Box<Running>>,
    spare: VecDeque<Box<Running>>,
    /// For what is asked of the road.
    asked: Vec<usize>,
    ready: Vec<usize>,
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
    sent: Duration,
    /// When it is to be decided.
    until: Duration,
    /// Something came, or may have come, that was not read.
    is_ready: bool,
    is_half_closed: bool,
    is_silent: bool,
    /// It was answered, and is waited for a while longer.
    is_answered: bool,
    /// CONNACK came only when our half had ended: for the packet behind CONNECT the broker had no time.
    is_let_in_late: bool,
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
        Self {
            table,
            offer,
            pace,
            written: Written::new(table),
            running: VecDeque::new(),
            aside: VecDeque::new(),
            spare: VecDeque::new(),
            asked: Vec::new(),
            ready: Vec::new(),
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
        while self.running.len() >= WIDTH {
            self.finish_one(road, each);
        }
        Ok(())
    }

    /// Brings all that is under way to its end.
    pub(super) fn drain(&mut self, road: &mut dyn Road, each: &mut dyn FnMut(&Done<'_>)) {
        while !self.running.is_empty() {
            self.finish_one(road, each);
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
        let mut running = self.spare.pop_back().unwrap_or_else(|| Box::new(Running::new(choice)));
        running.trial.renew();
        running.connection = road.open()?;
        let now = road.now();
        running.trial.opened(now, "rogue", entry.version);
        (running.choice, running.answers) = (choice, Answers::default());
        running.is_silent = entry.is_silent_in(choice.state);
        (running.is_answered, running.is_let_in_late) = (false, false);
        running.bytes.clear();
        let Running { trial, bytes, .. } = &mut *running;
        self.written.write(choice, bytes, |packet, which| {
            trial.wrote(0, now, packet, which.and_then(|entry| entry.mutation));
        });
        // What is not taken any more was refused before.
        road.write(running.connection, &running.bytes);
        running.is_half_closed = running.is_silent;
        if running.is_silent {
            road.half_close(running.connection);
            running.trial.closed(0, now, None);
        }
        (running.sent, running.is_ready) = (now, false);
        running.until = now + if running.is_silent { self.pace.hang } else { self.pace.wait };
        self.running.push_back(running);
        Ok(())
    }

    /// Goes on with one that the broker has answered. Where it answers none, the oldest is laid aside once it was looked at
    /// for long enough.
    fn finish_one(&mut self, road: &mut dyn Road, each: &mut dyn FnMut(&Done<'_>)) {
        if !self.running.iter().any(|running| running.is_ready) {
            self.see_ready(road);
        }
        let place = self.running.iter().position(|running| running.is_ready);
        let Some(mut running) = self.running.remove(place.unwrap_or(0)) else { return };
        running.is_ready = false;
        match (self.decide(road, &mut running, Duration::ZERO), place) {
            (Some(end), _) => self.conclude(road, running, end, each),
            (None, Some(place)) => self.running.insert(place, running),
            (None, None) => self.aside.push_back(running),
        }
        self.look_aside(road, each);
    }

    /// Waits until one can be read, or the oldest has been looked at for long enough.
    fn see_ready(&mut self, road: &mut dyn Road) {
        let Some(oldest) = self.running.front() else { return };
        let patience = (oldest.sent + ASIDE).saturating_sub(road.now());
        self.asked.clear();
        self.asked.extend(self.running.iter().map(|running| running.connection));
        road.await_any(&self.asked, patience, &mut self.ready);
        for place in &self.ready {
            self.running[*place].is_ready = true;
        }
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
        let mut late = 0;
        loop {
            let left = running.until.min(until).saturating_sub(road.now());
            let came = road.read(running.connection, running.trial.inbox(0), left);
            let now = road.now();
            match came {
                Came::Bytes => {
                    let Running { trial, answers, until, .. } = running;
                    let was_let_in = answers.connack.is_some();
                    trial.came(0, now, |packet| answers.follow(packet));
                    // From then on it has as much time for the packet as any other.
                    if !was_let_in && answers.connack.is_some() {
                        running.is_let_in_late = running.is_half_closed;
                        *until = (*until).max(now + self.pace.wait);
                    }
                    if let Some(end) = self.answered(running, now) {
                        return Some(end);
                    }
                    // What came in time is read to its end; a broker that never stops sending is not.
                    late += u32::from(now >= running.until);
                    if now < running.until || late < MOST_LATE {
                        continue;
                    }
                }
                Came::Ended(ending) => {
                    running.trial.ended(0, now, ending);
                    // Behind our half's end nobody can tell whether a PINGRESP came before a refusal or instead of one.
                    return Some(if running.is_half_closed { End::Waiting } else { End::Closed });
                }
                Came::Nothing if now < running.until => return None,
                Came::Nothing => {}
            }
            if let Some(end) = self.run_out(road, running, now) {
                return Some(end);
            }
            late = 0;
        }
    }

    /// What it is for one of which PINGRESP has come.
    fn answered(&self, running: &mut Running, now: Duration) -> Option<End> {
        if running.answers.pongs == 0 || running.is_silent {
            return None;
        }
        // Whoever was never let in and is answered was served: what comes later takes nothing of that back.
        let was_let_in = running.answers.connack.is_some_and(|code| code.0 == 0);
        if !(self.lingers && was_let_in) {
            return Some(End::Alive);
        }
        if !std::mem::replace(&mut running.is_answered, true) {
            running.until = now + self.pace.wait;
        }
        None
    }

    /// What it is for one whose time has run out: where our half has not ended it ends now, and there is more time.
    fn run_out(&self, road: &mut dyn Road, running: &mut Running, now: Duration) -> Option<End> {
        if running.is_answered {
            return Some(End::Alive);
        }
        if std::mem::replace(&mut running.is_half_closed, true) {
            // Whose CONNECT is not answered yet may be let in late.
            let may_be_let_in = running.choice.state != State::First && running.answers.connack.is_none();
            let latest = running.sent + FIRST;
            if !may_be_let_in || now >= latest {
                return Some(End::Hung);
            }
            running.until = latest;
            return None;
        }
        road.half_close(running.connection);
        running.trial.closed(0, now, None);
        running.until = now + self.pace.hang;
        None
    }

    fn conclude(&mut self, road: &mut dyn Road, mut running: Box<Running>, end: End, each: &mut dyn FnMut(&Done<'_>)) {
        let now = road.now();
        road.close(running.connection, Ending::Reset);
        running.trial.closed(0, now, Some(Ending::Reset));
        self.judge(&mut running, end);
        each(&Done { choice: running.choice, end, trial: &running.trial });
        self.spare.push_back(running);
    }

    fn judge(&self, running: &mut Running, end: End) {
        let Choice { entry, state, .. } = running.choice;
        let entry = self.table.entry(entry);
        let expected = self.offer.excuses(entry.expected_in(state), entry.asks, entry.bytes.len());
        let was_let_in = running.answers.connack.is_some_and(|code| code.0 == 0);
        if state != State::First && (!was_let_in || running.is_let_in_late) && end != End::Hung {
            // Its own CONNECT was not taken, or too late: nothing is said of what came behind it.
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
            sent: Duration::ZERO,
            until: Duration::ZERO,
            is_ready: false,
            is_half_closed: false,
            is_silent: false,
            is_answered: false,
            is_let_in_late: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hunt::road::{Altered, Inside};
    use mqtt_assay_reference::{Machine, Settings};

    #[test]
    fn a_broker_that_never_stops_sending_is_read_until_the_time_is_over_and_not_for_ever() {
        let mut inside = Inside::new(Machine::new(Settings::default()));
        let versions = [Version::V5];
        let offer = Offer::learn(&mut inside, &versions).expect("it answers");
        let pace = Pace::measure(&mut inside, Version::V5).expect("it answers");
        let (table, mut road) = (Table::new(None), endless());
        let begun = road.now();
        let mut fresh = Fresh::new(&table, offer, pace);
        let choice = Choice::by(1, &mut Random::of(1, 1), &table, &versions);
        let mut ends = Vec::new();
        fresh.alone(&mut road, choice, &mut |done| ends.push(done.end)).expect("it opens");
        assert_eq!(ends, [End::Hung]);
        assert!(road.now() >= begun + pace.wait.min(pace.hang), "{:?}", road.now());
    }

    /// A broker that never stops sending.
    fn endless() -> Altered {
        Altered::reading(|inside, _, into, _| {
            inside.wait(Duration::from_millis(1));
            into.extend_from_slice(&[0x40, 2, 0, 9]);
            Came::Bytes
        })
    }

    /// One from which nothing comes before this time.
    fn slow(first: Duration) -> Altered {
        Altered::reading(move |inside, connection, into, patience| {
            let left = first.saturating_sub(inside.now());
            inside.wait(left.min(patience));
            if left > patience { Came::Nothing } else { inside.read(connection, into, patience) }
        })
    }

    #[test]
    fn who_lets_a_client_in_late_is_blamed_for_nothing_behind_it() {
        let mut inside = Inside::new(Machine::new(Settings::default()));
        let offer = Offer::learn(&mut inside, &[Version::V5]).expect("it answers");
        let pace =
            Pace { wait: Duration::from_millis(500), ..Pace::measure(&mut inside, Version::V5).expect("it answers") };
        let (table, mut random) = (Table::new(None), Random::of(1, 1));
        for seconds in [0, 1, 4] {
            let mut ends = std::collections::BTreeSet::new();
            for index in 0..40 {
                let mut road = slow(Duration::from_secs(seconds));
                let choice =
                    Choice { state: State::Connected, ..Choice::by(index, &mut random, &table, &[Version::V5]) };
                if table.entry(choice.entry).is_silent_in(State::Connected) {
                    continue;
                }
                let mut fresh = Fresh::new(&table, offer, pace);
                let mut look = |done: &Done<'_>| {
                    ends.insert(done.end);
                    assert!(done.trial.suspicions().is_empty(), "{seconds} s: {:?}", done.trial.suspicions());
                };
                fresh.alone(&mut road, choice, &mut look).expect("it opens");
            }
            assert_eq!(ends.contains(&End::Closed), seconds == 0, "{seconds} s: {ends:?}");
            assert_eq!(ends.contains(&End::Waiting), seconds > 0, "{seconds} s: {ends:?}");
        }
    }
}
