//! Sessions by chance: mostly legal, weighted towards what meets. Pools are small, so that clients, topics, filters and
//! packet identifiers collide; sizes and counts stand on edges. Single steps come from `pieces`, rows of steps that belong
//! together from `scenes`.

use super::op::{Act, Cut, Id, Manner, Message, Session, Step, Storm};
use crate::chance::Random;
use mqtt_assay_codec::{MUTATIONS, Version};

/// How many topics and filters there are, and behind them shares; the first topics come often.
pub(super) const TOPICS: usize = 10;
pub(super) const OFTEN: usize = 6;
pub(super) const FILTERS: usize = 14;
pub(super) const SHARES: usize = 3;

/// How long a session is at most, before and after it is varied.
const LONGEST: usize = 90;

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
    pub(super) random: &'a mut Random,
    versions: &'a [Version],
    /// The highest alias and QoS that the broker takes.
    pub(super) alias: u16,
    pub(super) qos: u8,
    /// Whose session is to outlive his connections.
    pub(super) stays: [bool; 4],
}

impl<'a> Maker<'a> {
    /// One for a broker that speaks these versions, and takes so much.
    pub(in crate::hunt) fn new(random: &'a mut Random, versions: &'a [Version], alias: u16, qos: u8) -> Self {
        let stays = [(); 4].map(|()| random.chance(65));
        Self { random, versions, alias, qos, stays }
    }

    /// A session.
    pub(in crate::hunt) fn session(&mut self) -> Session {
        let count = self.random.weighted(&[(2, 1), (6, 2), (4, 3), (1, 4)]);
        // Some things take several clients of one version, others take both.
        let alike = self.random.chance(30).then(|| self.random.one_of(self.versions));
        let version = |random: &mut Random| alike.unwrap_or_else(|| random.one_of(self.versions));
        let cast: Vec<bool> = (0..count).map(|_| version(self.random) == Version::V5).collect();
        let flavour = self.random.weighted(&[
            (13, Flavour::Legal),
            (5, Flavour::OneMistake),
            (2, Flavour::Mistakes),
            (1, Flavour::Stormy),
        ]);
        let mut steps: Vec<Step> = (0..count).map(|who| plain(who, Act::Connect(self.greeting(&cast, who)))).collect();
        for (who, is_5) in cast.iter().enumerate() {
            if who == 0 || self.random.chance(40) {
                steps.push(plain(who, self.subscribe(*is_5)));
            }
        }
        let length = steps.len() + 4 + self.random.below(26);
        while steps.len() < length {
            if self.random.chance(18) {
                let scene = self.scene(&cast);
                steps.extend(scene);
            } else {
                let step = self.step(&cast, flavour == Flavour::Mistakes);
                steps.push(step);
            }
        }
        self.season(&mut steps, &cast, flavour);
        steps.truncate(LONGEST);
        Session { cast, steps }
    }

    /// Puts into it what makes it wrong.
    fn season(&mut self, steps: &mut Vec<Step>, cast: &[bool], flavour: Flavour) {
        match flavour {
            Flavour::OneMistake => {
                let at = 1 + self.random.below(steps.len());
                let mistake = self.mistake(cast);
                steps.insert(at.min(steps.len()), mistake);
            }
            Flavour::Stormy => {
                let who = self.random.below(cast.len());
                let kinds = [Storm::Takeover, Storm::Retained, Storm::Subscribe, Storm::Publish];
                let storm = Act::Storm(self.random.one_of(&kinds), self.random.one_of(&[8, 20, 60]));
                let at = self.random.below(steps.len());
                steps.insert(at, plain(who, storm));
            }
            Flavour::Legal | Flavour::Mistakes => {}
        }
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
            67..=71 => Act::Manner(self.manner(is_5)),
            72..=78 => Act::Acknowledge { all: self.random.chance(60) },
            79..=81 => Act::Ping,
            82 => Act::Deaf(self.random.chance(50)),
            83..=87 => self.leave(is_5),
            88..=91 => Act::Reset,
            92..=94 => Act::Fin,
            95 => Act::HalfClose,
            96..=97 => self.pause(),
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
            8 => Act::Leave { code: 0, expiry: None, padding: 0 },
            _ => Act::Ping,
        }
    }

    /// Another session, made of one that was worth keeping, and perhaps of a second.
    pub(in crate::hunt) fn variation(&mut self, of: &Session, other: &Session) -> Session {
        let mut session = of.clone();
        for _ in 0..=self.random.below(4) {
            self.vary(&mut session, other);
        }
        session.steps.truncate(LONGEST);
        session
    }

    fn vary(&mut self, session: &mut Session, other: &Session) {
        let length = session.steps.len();
        let at = self.random.below(length.max(1));
        match self.random.below(9) {
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
            5 | 6 => {
                let scene = self.scene(&session.cast);
                session.steps.splice(at..at, scene);
            }
            7 if length > 0 => {
                let who = session.steps[at].who;
                let version = self.random.one_of(self.versions);
                session.cast[who] = version == Version::V5;
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
