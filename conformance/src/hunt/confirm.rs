//! Whether a suspicion is seen again, and the smallest case that shows it.

use super::case::{Case, Outcome};
use super::ground::Ground;
use super::road::Road;
use super::session::{Act, Cut, Session, Step, Terms};
use super::table::Table;
use super::trial::{Key, Oracle};
use std::time::{Duration, Instant};

/// How often a case is played again.
pub(super) const TIMES: u32 = 20;

/// How many tries the smallest case may take, and how long.
const TRIES: u32 = 300;
const TIME: Duration = Duration::from_secs(20);

/// Who plays cases again.
pub(super) struct Confirmer<'a> {
    pub(super) ground: &'a Ground,
    pub(super) table: &'a Table,
    pub(super) terms: Terms,
    /// Tells the names of these plays from all others.
    pub(super) name: String,
    pub(super) played: u64,
    pub(super) road: Option<Box<dyn Road>>,
}

/// What came of it.
pub(super) struct Confirmed {
    /// How often it was seen, of how many times.
    pub(super) seen: (u32, u32),
    pub(super) case: Case,
    /// The record of the smallest case.
    pub(super) outcome: Option<Outcome>,
}

impl Confirmer<'_> {
    /// Plays a case alone; what came of it.
    pub(super) fn play(&mut self, case: &Case) -> Option<Outcome> {
        self.played += 1;
        let tag = format!("{}{}", self.name, self.played);
        // The reference broker is a new one each time, so that what is seen once is seen always.
        if self.road.is_none() || self.ground.is_inside() {
            self.road = Some(self.ground.road());
        }
        let road = self.road.as_mut()?;
        case.play(road.as_mut(), self.table, self.terms, &tag)
    }

    fn shows(&mut self, case: &Case, key: &Key) -> Option<Outcome> {
        if super::memory::is_about(key) {
            return super::memory::weigh(case, self.ground, self.table, self.terms);
        }
        if key.oracle == Oracle::Canary.word() {
            return self.harms(case, key);
        }
        self.play(case).filter(|outcome| outcome.suspicions.iter().any(|suspicion| suspicion.key() == *key))
    }

    /// Makes it smaller as long as it is still seen, and then counts how often.
    pub(super) fn confirm(&mut self, case: &Case, key: &Key) -> Confirmed {
        let first = (0..3).find_map(|_| self.shows(case, key));
        let Some(first) = first else {
            return Confirmed { seen: (0, 3), case: case.clone(), outcome: None };
        };
        let mut best = (case.clone(), first);
        let mut left = Left { tries: TRIES, until: Instant::now() + TIME };
        while let Some(smaller) = self.smaller(&best.0, key, &mut left) {
            best = smaller;
        }
        let (case, mut outcome) = best;
        let mut seen = 0;
        let times = if self.ground.is_inside() { 2 } else { TIMES };
        for _ in 0..times {
            if let Some(again) = self.shows(&case, key) {
                seen += 1;
                outcome = again;
            }
        }
        Confirmed { seen: (seen, times), case, outcome: Some(outcome) }
    }

    /// A smaller case that still shows it, if one is found.
    fn smaller(&mut self, case: &Case, key: &Key, left: &mut Left) -> Option<(Case, Outcome)> {
        match case {
            Case::Fresh(_) => None,
            Case::Kept(version, entries) => {
                self.without_parts(entries, key, left, &|rest| Case::Kept(*version, rest.to_vec()))
            }
            Case::Session(session) => self
                .without_parts(&session.steps, key, left, &|rest| {
                    Case::Session(Session { cast: session.cast.clone(), steps: rest.to_vec() })
                })
                .or_else(|| self.without_clients(session, key, left))
                .or_else(|| self.simpler(session, key, left)),
        }
    }

    /// Leaves out halves, quarters, and so on down to single parts.
    fn without_parts<T: Clone>(
        &mut self,
        parts: &[T],
        key: &Key,
        left: &mut Left,
        of: &dyn Fn(&[T]) -> Case,
    ) -> Option<(Case, Outcome)> {
        let mut chunk = (parts.len() / 2).max(1);
        loop {
            for start in (0..parts.len()).step_by(chunk) {
                let rest: Vec<T> = parts[..start].iter().chain(parts.iter().skip(start + chunk)).cloned().collect();
                if rest.is_empty() || !left.one() {
                    continue;
                }
                let smaller = of(&rest);
                if let Some(outcome) = self.shows(&smaller, key) {
                    return Some((smaller, outcome));
                }
            }
            if chunk == 1 {
                return None;
            }
            chunk = chunk.div_ceil(2).min(chunk - 1).max(1);
        }
    }

    fn without_clients(&mut self, session: &Session, key: &Key, left: &mut Left) -> Option<(Case, Outcome)> {
        (0..session.cast.len()).find_map(|who| {
            let smaller = session.without(who);
            if smaller == *session || smaller.clients() == 0 || !left.one() {
                return None;
            }
            let smaller = Case::Session(smaller);
            self.shows(&smaller, key).map(|outcome| (smaller, outcome))
        })
    }

    fn simpler(&mut self, session: &Session, key: &Key, left: &mut Left) -> Option<(Case, Outcome)> {
        for (place, step) in session.steps.iter().enumerate() {
            for simpler in simpler(step) {
                if !left.one() {
                    return None;
                }
                let mut smaller = session.clone();
                smaller.steps[place] = simpler;
                let smaller = Case::Session(smaller);
                if let Some(outcome) = self.shows(&smaller, key) {
                    return Some((smaller, outcome));
                }
            }
        }
        None
    }
}

/// Tries and time that are left.
struct Left {
    tries: u32,
    until: Instant,
}

impl Left {
    fn one(&mut self) -> bool {
        let is_left = self.tries > 0 && Instant::now() < self.until;
        self.tries = self.tries.saturating_sub(1);
        is_left
    }
}

/// The step with one thing less, for each that can be left out.
fn simpler(step: &Step) -> Vec<Step> {
    let mut all = Vec::new();
    let mut add = |act: Act| all.push(Step { act, ..step.clone() });
    match &step.act {
        Act::Connect(greeting) => {
            let mut with = |change: &dyn Fn(&mut super::session::Greeting)| {
                let mut greeting = greeting.clone();
                change(&mut greeting);
                add(Act::Connect(greeting));
            };
            with(&|greeting| greeting.will = None);
            with(&|greeting| greeting.expiry = None);
            with(&|greeting| greeting.receive_maximum = None);
            with(&|greeting| greeting.packet_size = None);
            with(&|greeting| greeting.aliases = None);
            with(&|greeting| greeting.problems = None);
            with(&|greeting| greeting.padding = 0);
            with(&|greeting| greeting.keep_alive = 60);
        }
        Act::Publish(message) => {
            let mut with = |change: &dyn Fn(&mut super::session::Message)| {
                let mut message = message.clone();
                change(&mut message);
                add(Act::Publish(message));
            };
            with(&|message| message.properties = 0);
            with(&|message| message.expiry = None);
            with(&|message| message.alias = 0);
            with(&|message| message.size = 8);
            with(&|message| message.retain = false);
            with(&|message| message.size /= 2);
        }
        Act::Subscribe { filters, identifier, id } => {
            add(Act::Subscribe { filters: filters.clone(), identifier: None, id: *id });
            for place in 0..filters.len().saturating_sub(1) {
                let mut fewer = filters.clone();
                fewer.remove(place);
                add(Act::Subscribe { filters: fewer, identifier: *identifier, id: *id });
            }
            let plain = filters.iter().map(|(filter, options)| (*filter, options & 3)).collect();
            add(Act::Subscribe { filters: plain, identifier: *identifier, id: *id });
        }
        Act::Storm(storm, count) if *count > 1 => add(Act::Storm(*storm, count / 2)),
        Act::Flipped(act, flips) if flips.len() > 1 => add(Act::Flipped(act.clone(), flips[1..].to_vec())),
        _ => {}
    }
    if step.cut != Cut::Whole {
        all.push(Step { cut: Cut::Whole, ..step.clone() });
    }
    all.retain(|simpler| simpler != step);
    all
}
