//! Sessions by chance: mostly legal, weighted towards what meets. Pools are small, so that clients, topics, filters and
//! packet identifiers collide; sizes and counts stand on edges.

use super::op::{Act, Cut, Greeting, Id, Manner, Message, Session, Step, Storm, Willing};
use crate::chance::Random;
use mqtt_assay_codec::{MUTATIONS, Version};

/// How many topics and filters there are, and behind them shares.
pub(super) const TOPICS: usize = 6;
pub(super) const FILTERS: usize = 10;
pub(super) const SHARES: usize = 3;

/// Sizes of payloads.
const SIZES: [u32; 14] = [0, 1, 2, 20, 120, 127, 128, 129, 1023, 1024, 1025, 16_383, 16_384, 40_000];

const ONE: (usize, usize) = (1, 4);

/// How wrong a session is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flavour {
    Legal,
    OneMistake,
    Mistakes,
    Stormy,
}

/// Makes sessions.
pub(in crate::hunt) struct Maker<'a> {
    pub(in crate::hunt) random: &'a mut Random,
    pub(in crate::hunt) versions: &'a [Version],
    /// The highest alias and QoS that the broker takes.
    pub(in crate::hunt) alias: u16,
    pub(in crate::hunt) qos: u8,
}

impl Maker<'_> {
    /// A session.
    pub(in crate::hunt) fn session(&mut self) -> Session {
        let count = self.random.weighted(&[(2, 1), (6, 2), (4, 3), (1, 4)]);
        let turn = self.random.below(self.versions.len());
        let cast: Vec<bool> =
            (0..count).map(|who| self.versions[(who + turn) % self.versions.len()] == Version::V5).collect();
        let flavour = self.random.weighted(&[
            (11, Flavour::Legal),
            (6, Flavour::OneMistake),
            (3, Flavour::Mistakes),
            (1, Flavour::Stormy),
        ]);
        let mut steps: Vec<Step> = (0..count).map(|who| plain(who, Act::Connect(self.greeting(&cast, who)))).collect();
        for (who, is_5) in cast.iter().enumerate() {
            if who == 0 || self.random.chance(40) {
                steps.push(plain(who, self.subscribe(*is_5)));
            }
        }
        let length = 4 + self.random.below(26);
        for _ in 0..length {
            let step = self.step(&cast, flavour == Flavour::Mistakes);
            steps.push(step);
        }
        match flavour {
            Flavour::OneMistake => {
                let at = 1 + self.random.below(steps.len());
                let mistake = self.mistake(&cast);
                steps.insert(at.min(steps.len()), mistake);
            }
            Flavour::Stormy => {
                let who = self.random.below(count);
                let kinds = [Storm::Takeover, Storm::Retained, Storm::Subscribe, Storm::Publish];
                let storm = Act::Storm(self.random.one_of(&kinds), self.random.one_of(&[8, 20, 60]));
                let at = self.random.below(steps.len());
                steps.insert(at, plain(who, storm));
            }
            Flavour::Legal | Flavour::Mistakes => {}
        }
        Session { cast, steps }
    }

    /// Some step.
    pub(in crate::hunt) fn step(&mut self, cast: &[bool], may_err: bool) -> Step {
        if may_err && self.random.chance(20) {
            return self.mistake(cast);
        }
        let who = self.random.below(cast.len());
        let act = self.legal(cast, who);
        let at = 1 + self.random.below(12) as u16;
        let cut = self.random.weighted(&[(30, Cut::Whole), (1, Cut::Bytes), (2, Cut::At(at)), (2, Cut::Joined)]);
        Step { who, act, mutation: None, cut }
    }

    fn legal(&mut self, cast: &[bool], who: usize) -> Act {
        let is_5 = cast[who];
        match self.random.below(100) {
            0..=8 => Act::Connect(self.greeting(cast, who)),
            9..=20 => self.subscribe(is_5),
            21..=25 => self.unsubscribe(),
            26..=66 => Act::Publish(self.message(is_5)),
            67..=71 => Act::Manner(self.random.weighted(&[(3, Manner::Later), (2, Manner::Now)])),
            72..=78 => Act::Acknowledge { all: self.random.chance(60) },
            79..=81 => Act::Ping,
            82 => Act::Deaf(self.random.chance(50)),
            83..=87 => Act::Leave { code: if is_5 && self.random.chance(30) { 4 } else { 0 }, expiry: None },
            88..=91 => Act::Reset,
            92..=94 => Act::Fin,
            95 => Act::HalfClose,
            96..=97 => Act::Wait(self.random.weighted(&[(8, 1), (4, 5), (1, 30)])),
            _ => Act::Publish(Message { retain: true, ..self.message(is_5) }),
        }
    }

    /// A step that breaks the standard: by a mutation of its bytes, or by what it does when.
    fn mistake(&mut self, cast: &[bool]) -> Step {
        let who = self.random.below(cast.len());
        let is_5 = cast[who];
        let act = match self.random.below(20) {
            0 => return plain(who, Act::Publish(Message { id: Id::Again, qos: 2, ..self.message(is_5) })),
            1 => return plain(who, Act::Stray(self.random.one_of(&[4, 5, 6, 7]), self.random.one_of(&[1, 2, 0xFFFF]))),
            2 => return plain(who, Act::Manner(Manner::Wrongly)),
            3 if is_5 => {
                let alias = self.alias.saturating_add(self.random.one_of(&[1, 10]));
                return plain(who, Act::Publish(Message { alias, ..self.message(is_5) }));
            }
            4 => {
                let flips = (0..=self.random.below(3))
                    .map(|_| (self.random.below(40) as u16, self.random.below(256) as u8))
                    .collect();
                let act = self.packet(cast, who);
                return plain(who, Act::Flipped(Box::new(act), flips));
            }
            5 => return plain(who, Act::Stray(self.random.one_of(&[2, 9, 11, 13]), 1)),
            6..=8 => Act::Connect(self.greeting(cast, who)),
            _ => self.packet(cast, who),
        };
        let mutation = MUTATIONS[self.random.below(MUTATIONS.len())].name.to_owned();
        Step { who, act, mutation: Some(mutation), cut: Cut::Whole }
    }

    fn packet(&mut self, cast: &[bool], who: usize) -> Act {
        match self.random.below(10) {
            0..=3 => Act::Publish(self.message(cast[who])),
            4..=6 => self.subscribe(cast[who]),
            7 => self.unsubscribe(),
            8 => Act::Leave { code: 0, expiry: None },
            _ => Act::Ping,
        }
    }

    /// With this chance in a hundred one of these, for clients of 5.0.
    fn sometimes<T: Copy>(&mut self, is_5: bool, percent: usize, choices: &[T]) -> Option<T> {
        let is_drawn = self.random.chance(percent);
        (is_drawn && is_5).then(|| self.random.one_of(choices))
    }

    fn greeting(&mut self, cast: &[bool], who: usize) -> Greeting {
        let is_5 = cast[who];
        let client = if self.random.chance(90) { who } else { self.random.below(cast.len()) };
        let will = self.random.chance(25).then(|| Willing {
            topic: self.random.below(TOPICS) as u8,
            qos: self.any_qos(),
            retain: self.random.chance(20),
            delay: None,
            properties: self.random.chance(40),
        });
        Greeting {
            client,
            clean: self.random.chance(35),
            keep_alive: self.random.one_of(&[0, 60, 60, 65_535]),
            expiry: self.sometimes(is_5, 65, &[0, 30, 300, u32::MAX]),
            receive_maximum: self.sometimes(is_5, 25, &[1, 2, 10, 65_535]),
            packet_size: self.sometimes(is_5, 15, &[60, 128, 1000, 100_000]),
            aliases: self.sometimes(is_5, 20, &[1, 5, 65_535]),
            problems: self.sometimes(is_5, 15, &[0, 1]),
            will,
        }
    }

    fn any_qos(&mut self) -> u8 {
        self.random.weighted(&[(2, 0), (4, 1), (4, 2)]).min(self.qos)
    }

    fn subscribe(&mut self, is_5: bool) -> Act {
        let count = self.random.weighted(&[(5, 1), (2, 2), (1, 3)]);
        let mut filters: Vec<(u8, u8)> = Vec::new();
        for _ in 0..count {
            let is_shared = is_5 && self.random.chance(10);
            let filter = if is_shared { FILTERS + self.random.below(SHARES) } else { self.random.below(FILTERS) };
            if filters.iter().any(|(known, _)| usize::from(*known) == filter) {
                continue;
            }
            let mut options = self.any_qos();
            if is_5 {
                options |= if !is_shared && self.random.chance(20) { 4 } else { 0 };
                options |= if self.random.chance(25) { 8 } else { 0 };
                options |= self.random.weighted(&[(6, 0), (1, 16), (1, 32)]);
            }
            filters.push((filter as u8, options));
        }
        Act::Subscribe { filters, identifier: self.sometimes(is_5, 30, &[1, 127, 128, 268_435_455]), id: Id::Fresh }
    }

    fn unsubscribe(&mut self) -> Act {
        let count = self.random.weighted(&[(4, ONE.0), (1, ONE.1)]);
        let filters = (0..count).map(|_| self.random.below(FILTERS) as u8).collect();
        Act::Unsubscribe { filters, id: Id::Fresh }
    }

    fn message(&mut self, is_5: bool) -> Message {
        let size = if self.random.chance(80) { 8 } else { self.random.one_of(&SIZES) };
        let alias = if self.alias > 0 { self.sometimes(is_5, 10, &[1, self.alias]) } else { None };
        Message {
            topic: self.random.below(TOPICS) as u8,
            qos: self.any_qos(),
            retain: self.random.chance(12),
            dup: false,
            size,
            id: Id::Fresh,
            alias: alias.unwrap_or_default(),
            properties: self.sometimes(is_5, 30, &[1, 2, 4, 8, 16, 31, 12]).unwrap_or_default(),
            expiry: self.sometimes(is_5, 8, &[1, 60, u32::MAX]),
        }
    }

    /// Another session, made of one that was worth keeping, and perhaps of a second.
    pub(in crate::hunt) fn variation(&mut self, of: &Session, other: &Session) -> Session {
        let mut session = of.clone();
        for _ in 0..=self.random.below(4) {
            self.vary(&mut session, other);
        }
        session.steps.truncate(80);
        session
    }

    fn vary(&mut self, session: &mut Session, other: &Session) {
        let length = session.steps.len();
        let at = self.random.below(length.max(1));
        match self.random.below(7) {
            0 if length > 2 => drop(session.steps.remove(at)),
            1 if length > 0 => {
                let again = session.steps[at].clone();
                let to = self.random.below(length + 1);
                session.steps.insert(to, again);
            }
            2 if length > 1 => {
                let to = self.random.below(length);
                session.steps.swap(at, to);
            }
            3 => {
                let mistake = self.mistake(&session.cast);
                session.steps.insert(at, mistake);
            }
            4 => {
                let from = self.random.below(other.steps.len().max(1));
                let cast = session.cast.len();
                let taken = other.steps.iter().skip(from).take(8).filter(|step| step.who < cast).cloned();
                let taken: Vec<Step> = taken.collect();
                session.steps.splice(at..at, taken);
            }
            _ => {
                let step = self.step(&session.cast, true);
                session.steps.insert(at, step);
            }
        }
    }
}

/// A step of one write and without a mistake.
pub(super) const fn plain(who: usize, act: Act) -> Step {
    Step { who, act, mutation: None, cut: Cut::Whole }
}
