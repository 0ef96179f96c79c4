//! Whether a suspicion is seen again, and the smallest case that shows it.

use super::against::Beside;
use super::calm::Calm;
use super::case::{Case, Outcome};
use super::finding::Again;
use super::ground::Ground;
use super::road::Road;
use super::session::{Act, Cut, Session, Step, Terms};
use super::table::Table;
use super::trial::{Key, Oracle, Suspicion};
use super::tries::{CameTo, FIRST, TIMES, Tally};
use crate::scenario::base36;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How often a play is begun anew because the broker died.
const PLAYS: u32 = 3;

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
    /// When it has to end, whatever is left to try.
    pub(super) limit: Limit<'a>,
    /// Where others hunt meanwhile.
    pub(super) calm: Option<&'a Calm>,
    /// How often the broker had died when its road was made.
    pub(super) deaths: u64,
    /// What may be said of the last play.
    pub(super) came_to: CameTo,
    /// Other brokers that are met with the same sessions.
    pub(super) beside: Vec<Beside<'a>>,
}

/// When whoever follows something up has to end: soon after the hunt's time is over, or at once where somebody asks for it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limit<'a> {
    pub(super) stop: &'a AtomicBool,
    pub(super) until: Option<Instant>,
}

impl Limit<'_> {
    pub(super) fn is_over(self) -> bool {
        self.stop.load(Ordering::Relaxed) || self.until.is_some_and(|until| Instant::now() >= until)
    }
}

/// What came of it.
pub(super) struct Confirmed {
    /// Whether it was seen again.
    pub(super) again: Again,
    pub(super) case: Case,
    /// The record of the smallest case.
    pub(super) outcome: Option<Outcome>,
}

impl Confirmer<'_> {
    /// Plays a case alone; what came of it. A play in which the broker dies, be it of another case, says nothing.
    pub(super) fn play(&mut self, case: &Case) -> Option<Outcome> {
        let Some(calm) = self.calm else { return self.play_once(case) };
        self.came_to = CameTo::Nothing;
        for _ in 0..PLAYS {
            let _playing = calm.play();
            if self.limit.is_over() || !self.ground.await_up() {
                return None;
            }
            let deaths = self.ground.deaths();
            if deaths != self.deaths {
                (self.road, self.deaths) = (None, deaths);
            }
            let outcome = self.play_once(case);
            if outcome.as_ref().is_some_and(|outcome| !outcome.is_let_in()) && self.meets_a_closed_door() {
                self.came_to = CameTo::Silence;
                // One that can be ended is of more use then.
                if self.ground.gives_up() {
                    continue;
                }
                return None;
            }
            if self.ground.deaths() == deaths {
                let is_answered = outcome.as_ref().is_none_or(Outcome::is_answered);
                self.came_to = if is_answered { CameTo::End } else { CameTo::Silence };
                return outcome;
            }
        }
        None
    }

    /// Whether the broker lets nobody in, whoever it is, so that no play says anything.
    fn meets_a_closed_door(&mut self) -> bool {
        let Some(road) = self.road.as_mut() else { return false };
        self.ground.lets_nobody_in(road.as_mut(), self.terms.offer.newest())
    }

    /// What stands in the names of this play: as long as in the hunt itself, so that packets are as long as there.
    pub(super) fn tag(&self) -> String {
        format!("{}{}", self.name, base36(self.played, 5))
    }

    fn play_once(&mut self, case: &Case) -> Option<Outcome> {
        self.played += 1;
        let tag = self.tag();
        // The reference broker is a new one each time, so that what is seen once is seen always.
        if self.road.is_none() || self.ground.is_inside() {
            self.road = Some(self.ground.road());
        }
        let road = self.road.as_mut()?;
        case.play(road.as_mut(), self.table, self.terms, &tag)
    }

    /// What a session that was played here has shown otherwise there.
    pub(super) fn differences(&mut self, case: &Case, here: &Outcome, tag: &str) -> Vec<Suspicion> {
        let table = self.table;
        self.beside.iter_mut().filter_map(|beside| beside.differs(case, here, table, tag)).collect()
    }

    fn shows(&mut self, case: &Case, key: &Key) -> Option<Outcome> {
        self.came_to = CameTo::End;
        if super::memory::is_about(key) {
            return super::memory::weigh(case, self.ground, self.table, self.terms);
        }
        if key.oracle == Oracle::Canary.word() {
            return self.harms(case, key);
        }
        let mut outcome = self.play(case)?;
        if key.oracle == Oracle::Against.word() {
            let tag = self.tag();
            outcome.suspicions = self.differences(case, &outcome, &tag);
        }
        Some(outcome).filter(|outcome| outcome.suspicions.iter().any(|suspicion| suspicion.key() == *key))
    }

    /// Makes it smaller as long as it is still seen, and then counts how often.
    pub(super) fn confirm(&mut self, case: &Case, key: &Key) -> Confirmed {
        let is_against = key.oracle == Oracle::Against.word();
        // Two brokers have to differ each time, and the one inside does the same each time.
        let most = if is_against || self.ground.is_inside() { FIRST } else { TIMES };
        let (mut sought, mut first, begun) = (Tally::default(), None, Instant::now());
        while sought.is_sought(most, begun.elapsed()) && !self.limit.is_over() {
            first = self.shows(case, key);
            sought.count(self.came_to, first.is_some());
        }
        let Some(first) = first else {
            let again = sought.not_seen(self.limit.is_over());
            return Confirmed { again, case: case.clone(), outcome: None };
        };
        // Of two brokers that differ now and then it is not known that they differ.
        if is_against && (sought.numbers() != (1, 1) || (1..FIRST).any(|_| self.shows(case, key).is_none())) {
            let again = Again::Doubtful(format!("they did not differ each of {FIRST} times"));
            return Confirmed { again, case: case.clone(), outcome: Some(first) };
        }
        let mut best = (case.clone(), first);
        let mut left = Left { tries: TRIES, until: Instant::now() + TIME };
        while let Some(smaller) = self.smaller(&best.0, key, &mut left) {
            best = smaller;
        }
        let (case, mut outcome) = best;
        let wanted = if self.ground.is_inside() { 2 } else { TIMES };
        let (mut counted, begun) = (Tally::default(), Instant::now());
        while counted.is_counted_on(wanted, begun.elapsed()) && !self.limit.is_over() {
            let again = self.shows(&case, key);
            counted.count(self.came_to, again.is_some());
            outcome = again.unwrap_or(outcome);
        }
        let again = if is_against && !counted.is_always() {
            let (seen, times) = counted.numbers();
            Again::Doubtful(format!("they differed {seen} of {times} times"))
        } else {
            counted.seen(sought)
        };
        Confirmed { again, case, outcome: Some(outcome) }
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
                if rest.is_empty() || self.limit.is_over() || !left.one() {
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
            if smaller == *session || smaller.clients() == 0 || self.limit.is_over() || !left.one() {
                return None;
            }
            let smaller = Case::Session(smaller);
            self.shows(&smaller, key).map(|outcome| (smaller, outcome))
        })
    }

    fn simpler(&mut self, session: &Session, key: &Key, left: &mut Left) -> Option<(Case, Outcome)> {
        for (place, step) in session.steps.iter().enumerate() {
            for simpler in simpler(step) {
                if self.limit.is_over() || !left.one() {
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

#[cfg(test)]
mod tests {
    use super::super::fresh::Choice;
    use super::super::ground::{Broker, Ground};
    use super::super::run::terms;
    use super::super::table::State;
    use super::*;
    use mqtt_assay_codec::Version;
    use mqtt_assay_reference::{Machine, Settings};
    use std::net::TcpListener;

    /// A broker that ends each connection at once, whoever comes.
    fn closed() -> Ground {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it listens");
        std::thread::spawn(move || listener.incoming().for_each(drop));
        Ground::Broker(Broker::at(address, &[Version::V5], None, None))
    }

    #[test]
    fn a_play_at_a_closed_door_does_not_count() {
        let inside = Ground::Inside(Box::new(|| Machine::new(Settings::default())));
        let terms = terms(&inside).expect("it answers");
        let (ground, table, calm, stop) = (closed(), Table::new(None), Calm::default(), AtomicBool::new(false));
        let plain =
            |entry: &&usize| table.entry(**entry).name() == "none" && !table.entry(**entry).is_silent_in(State::First);
        let entry = *table.of(Version::V5).iter().find(plain).expect("there are plain packets");
        let case = Case::Fresh(Choice { index: 0, entry, state: State::First });
        let shown = case.play(ground.road().as_mut(), &table, terms, "x").expect("it is played").suspicions;
        let mut confirmer = Confirmer {
            ground: &ground,
            table: &table,
            terms,
            name: "t".to_owned(),
            played: 0,
            road: None,
            limit: Limit { stop: &stop, until: None },
            calm: Some(&calm),
            deaths: 0,
            came_to: CameTo::End,
            beside: Vec::new(),
        };
        let confirmed = confirmer.confirm(&case, &shown.first().expect("it was refused").key());
        assert_eq!(confirmed.again, Again::Untried("the broker answered nobody when it was played"));
    }
}
