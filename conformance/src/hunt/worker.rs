//! One who hunts: case after case on a road of its own, each judged, and what is wrong followed up at once.

use super::canary::Canary;
use super::case::{Case, Outcome};
use super::causes::Verdict;
use super::confirm::Confirmer;
use super::corpus;
use super::feedback::Feedback;
use super::finding::{Again, Finding};
use super::fresh::{Choice, Done, Fresh};
use super::ground::Ground;
use super::kept::{BATCH, Kept};
use super::leak::Leak;
use super::road::Road;
use super::session::{Maker, Names, Session, Terms, play};
use super::shared::{FRESH, KEPT, KINDS, SESSIONS, Shared, end_key, lock};
use super::table::State;
use super::trial::{Oracle, Suspicion, Trial, Weight};
use super::tries::CameTo;
use crate::chance::Random;
use crate::link::Transcript;
use crate::scenario::base36;
use mqtt_assay_codec::Version;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::sync::atomic::AtomicUsize;
use std::time::{Duration, Instant};

/// How many cases are remembered, for who has to find out which of them ended the broker.
const RING: usize = 1000;

/// After how many cases the canary of a broker in this process beats.
const BEAT: u64 = 50;

/// One who hunts.
pub(super) struct Worker<'a> {
    shared: &'a Shared<'a>,
    ground: &'a Ground,
    terms: Terms,
    versions: Vec<Version>,
    road: Box<dyn Road>,
    fresh: Fresh<'a>,
    kept: Vec<Kept<'a>>,
    confirmer: Confirmer<'a>,
    ring: VecDeque<(u64, Case)>,
    canary: Option<Canary>,
    deaths: (u64, u64),
    ends: BTreeMap<(&'static str, &'static str), u64>,
    done: u64,
    /// Packets of the table, in their states, that were weighed.
    weighed: BTreeSet<(usize, State)>,
}

/// What cases have brought up, to be followed up once the road is free.
type Brought = Vec<Suspected>;

/// A case that is suspicious.
struct Suspected {
    index: u64,
    case: Case,
    suspicions: Vec<Suspicion>,
    /// What was seen, where nobody has seen it before.
    record: Option<Transcript>,
}

impl Suspected {
    fn new(shared: &Shared<'_>, index: u64, case: Case, trial: &Trial) -> Self {
        let suspicions = trial.suspicions().to_vec();
        let record = shared.wants(&suspicions).then(|| trial.transcript("hunt/first"));
        Self { index, case, suspicions, record }
    }
}

impl<'a> Worker<'a> {
    pub(super) fn new(shared: &'a Shared<'a>, ground: &'a Ground, terms: Terms, number: u32) -> Self {
        let versions = terms.offer.versions();
        let road = ground.road();
        let is_simulated = road.is_simulated();
        let name = format!("hk{}{number:02x}", base36(shared.options.seed, 6));
        let kept = versions
            .iter()
            .map(|version| {
                let name = format!("{name}{}", super::table::place(*version));
                Kept::new(shared.table, terms.offer, terms.pace, *version, &name)
            })
            .collect();
        let confirmer = Confirmer {
            ground,
            table: shared.table,
            terms,
            name: format!("r{number}{}", base36(shared.options.seed, 3)),
            played: 0,
            road: None,
            limit: shared.limit(),
            calm: None,
            deaths: 0,
            came_to: CameTo::End,
            beside: shared.beside(),
        };
        let first = versions.last().copied().unwrap_or(Version::V5);
        Self {
            shared,
            ground,
            terms,
            fresh: Fresh::new(shared.table, terms.offer, terms.pace),
            kept,
            confirmer,
            ring: VecDeque::new(),
            canary: is_simulated.then(|| Canary::new(first, terms.pace)),
            deaths: (ground.deaths(), road.deaths()),
            versions,
            road,
            ends: BTreeMap::new(),
            done: 0,
            weighed: BTreeSet::new(),
        }
    }

    /// Hunts until it is time to end.
    pub(super) fn hunt(&mut self) {
        let begun = Instant::now();
        while let Some(index) = self.shared.next() {
            if self.once(index).is_err() && !self.comes_again() {
                return self.lose_broker(index);
            }
            self.done += 1;
            self.look_after();
            self.look_for_leak();
            self.hold_back(begun);
        }
        let brought = self.drained();
        self.follow_up(brought);
        // A death of the last cases comes to be known only now.
        if !self.ground.has_survived(self.deaths.0) || self.road.deaths() != self.deaths.1 {
            self.mourn();
        }
        self.shared.ended(&mut self.ends);
        self.shared.sent(self.road.digest());
    }

    fn once(&mut self, index: u64) -> io::Result<()> {
        let mut random = Random::of(self.shared.options.seed, index);
        let kind = random.weighted(&KINDS);
        let brought = match self.shared.options.only.unwrap_or(kind) {
            FRESH => self.once_fresh(index, &mut random)?,
            KEPT => self.once_kept(index, &mut random)?,
            _ => self.once_session(index, &mut random),
        };
        // What a case shows in which the broker dies is its death, which is told by itself.
        if self.road.deaths() == self.deaths.1 {
            self.follow_up(brought);
        }
        Ok(())
    }

    fn once_fresh(&mut self, index: u64, random: &mut Random) -> io::Result<Brought> {
        let choice = Choice::by(index, random, self.shared.table, &self.versions);
        self.remember(index, Case::Fresh(choice));
        let mut brought = Brought::new();
        let (shared, ends, offer) = (self.shared, &mut self.ends, self.terms.offer);
        let each = &mut |done: &Done<'_>| tell(shared, &offer, ends, &mut brought, done);
        self.fresh.step(self.road.as_mut(), choice, each)?;
        if self.road.is_simulated() && self.weighed.insert((choice.entry, choice.state)) {
            brought.extend(self.weigh(index, Case::Fresh(choice)));
        }
        Ok(brought)
    }

    /// Brings fresh cases to their end.
    fn drained(&mut self) -> Brought {
        let mut brought = Brought::new();
        let (shared, ends, offer) = (self.shared, &mut self.ends, self.terms.offer);
        self.fresh.drain(self.road.as_mut(), &mut |done| tell(shared, &offer, ends, &mut brought, done));
        brought
    }

    fn once_kept(&mut self, index: u64, random: &mut Random) -> io::Result<Brought> {
        let place = random.below(self.kept.len());
        let kept = &mut self.kept[place];
        let entries = kept.choose(random);
        let version = self.versions[place];
        let mut brought = Brought::new();
        let shared = self.shared;
        let done = kept.batch(self.road.as_mut(), &entries, &mut |trial, sent| {
            brought.push(Suspected::new(shared, index, Case::Kept(version, sent.to_vec()), trial));
        });
        self.remember(index, Case::Kept(version, entries));
        done?;
        self.shared.judged(KEPT, BATCH as u64);
        Ok(brought)
    }

    fn once_session(&mut self, index: u64, random: &mut Random) -> Brought {
        let session = self.session(random);
        self.remember(index, Case::Session(session.clone()));
        let tag = format!("{}{}", base36(self.shared.options.seed, 4), base36(index, 6));
        let before = super::memory::of(self.road.as_ref());
        let played = play(&session, self.road.as_mut(), self.terms, &Names::new(&tag));
        let has_left = super::memory::of(self.road.as_ref()) > before;
        self.shared.judged(SESSIONS, 1);
        for &(version, answer) in &played.unanswered {
            self.terms.futile.missed(version, answer);
        }
        if self.shared.options.feedback {
            let is_new = lock(&self.shared.feedback).take(&session, &played.seen);
            if let (true, Some(folder)) = (is_new, &self.shared.options.corpus) {
                corpus::keep(folder, &session, &played.trial);
            }
        }
        match played.trial.suspicions() {
            [] if has_left => self.weigh(index, Case::Session(session)).into_iter().collect(),
            [] => self.differing(index, session, &played.trial, &tag),
            _ => vec![Suspected::new(self.shared, index, Case::Session(session), &played.trial)],
        }
    }

    /// What another broker does otherwise in a session that is in order here.
    fn differing(&mut self, index: u64, session: Session, trial: &Trial, tag: &str) -> Brought {
        if self.shared.against.is_empty() {
            return Brought::new();
        }
        let (case, here) = (Case::Session(session), Outcome::of(trial, tag));
        let suspicions = self.confirmer.differences(&case, &here, tag);
        if suspicions.is_empty() {
            return Brought::new();
        }
        vec![Suspected { index, case, suspicions, record: Some(here.transcript) }]
    }

    /// A case that may leave something behind each time it is played.
    fn weigh(&self, index: u64, case: Case) -> Option<Suspected> {
        let outcome = super::memory::weigh(&case, self.ground, self.shared.table, self.terms)?;
        Some(Suspected { index, case, suspicions: outcome.suspicions, record: Some(outcome.transcript) })
    }

    fn session(&self, random: &mut Random) -> Session {
        let varied = (self.shared.options.feedback && random.chance(50))
            .then(|| Feedback::choose(&lock(&self.shared.feedback), random))
            .flatten();
        let (alias, qos) = (self.terms.offer.alias(), self.terms.offer.qos());
        let mut maker = Maker::new(random, &self.versions, alias, qos);
        match varied {
            Some((session, other)) => maker.variation(&session, &other),
            None => maker.session(),
        }
    }

    fn remember(&mut self, index: u64, case: Case) {
        self.shared.plans(index, &case);
        if self.ring.len() >= RING {
            self.ring.pop_front();
        }
        self.ring.push_back((index, case));
    }

    fn follow_up(&mut self, brought: Brought) {
        for Suspected { index, case, suspicions, record } in brought {
            let suspicions = self.allowed(suspicions);
            let (case, record) = (Some(&case), record.as_ref());
            if self.ground.is_inside() {
                self.shared.suspect(&suspicions, index, case, record, &mut self.confirmer);
            } else {
                self.shared.suspect_later(&suspicions, index, case, record);
            }
        }
    }

    /// Tells of what can't be tried any more.
    fn lay_down(&self, brought: Brought) {
        for Suspected { index, case, suspicions, record } in brought {
            for suspicion in self.allowed(suspicions) {
                let mut finding = Finding::new(suspicion, (index, self.shared.elapsed()), Some(&case), false);
                finding.transcript.clone_from(&record);
                finding.again = Again::Untried("the broker was gone");
                self.shared.found(finding);
            }
        }
    }

    /// Nobody can be reached any more: what was done last is all that is known of it.
    fn lose_broker(&mut self, index: u64) {
        let words = self.ground.last_words();
        let suspicion = Suspicion {
            oracle: Oracle::Process,
            version: self.versions.last().copied().unwrap_or(Version::V5),
            rule: None,
            weight: Weight::Crash,
            mutation: None,
            place: "unreachable".to_owned(),
            seen: format!("no connection is to be had any more{}{words}", if words.is_empty() { "" } else { ": " }),
            line: 0,
        };
        let last = self.ring.back().map(|(_, case)| case);
        let mut finding = Finding::new(suspicion, (index, self.shared.elapsed()), last, false);
        finding.again = Again::Otherwise("not tried: there is no broker any more that it could be tried on".to_owned());
        self.shared.found(finding);
        self.shared.fails(format!("the broker can't be reached any more{words}"));
    }

    /// What may be said, where somebody wants to see what the auditor is worth.
    fn allowed(&self, mut suspicions: Vec<Suspicion>) -> Vec<Suspicion> {
        if self.shared.options.without_auditor {
            suspicions.retain(|suspicion| suspicion.oracle != Oracle::Auditor);
        }
        suspicions
    }

    /// Looks whether the broker lives, and those whom no case has to do with.
    fn look_after(&mut self) {
        let deaths = (self.ground.deaths(), self.road.deaths());
        if deaths != self.deaths {
            self.mourn();
        }
        let is_due = self.done.is_multiple_of(BEAT);
        if is_due {
            self.shared.ended(&mut self.ends);
        }
        // On the simulated clock a session takes so long that a canary would be let go before the next.
        if !is_due && !self.ring.back().is_some_and(|(_, case)| matches!(case, Case::Session(_))) {
            return;
        }
        let Some(mut canary) = self.canary.take() else { return };
        let before = self.road.deaths();
        if let Some(suspicion) = canary.beat(self.road.as_mut()) {
            if self.road.deaths() == before {
                // One that is known is only counted.
                if self.shared.wants(std::slice::from_ref(&suspicion)) {
                    let found = self.blame(suspicion);
                    self.shared.found(found);
                } else {
                    self.shared.suspect(&[suspicion], self.done, None, None, &mut self.confirmer);
                }
            }
            // A broker that answers nobody any more is of no use: the next one is new.
            self.renew_road();
        }
        self.shared.says_canary(canary.words());
        self.canary = Some(canary);
    }

    fn renew_road(&mut self) {
        let brought = self.drained();
        for kept in &mut self.kept {
            kept.close(self.road.as_mut());
        }
        if let Some(canary) = &mut self.canary {
            canary.let_go(self.road.as_mut());
        }
        self.road = self.ground.road();
        self.deaths = (self.ground.deaths(), self.road.deaths());
        self.follow_up(brought);
    }

    /// Which of the last cases did harm to those whom it had nothing to do with: the first whose end shows the same.
    fn blame(&mut self, suspicion: Suspicion) -> Finding {
        let first = (self.done, self.shared.elapsed());
        let ring: Vec<Case> = self.ring.iter().rev().take(BEAT as usize + 4).map(|(_, case)| case.clone()).collect();
        let key = suspicion.key();
        let culprit = ring.iter().find_map(|case| Some((case, self.confirmer.harms(case, &key)?.transcript)));
        let mut finding = Finding::new(suspicion, first, culprit.as_ref().map(|(case, _)| *case), false);
        finding.again = match culprit {
            Some((_, record)) => {
                finding.transcript = Some(record).filter(|record| !record.lines.is_empty());
                Again::Seen(1, 1)
            }
            None => {
                Again::Otherwise(format!("the last {} cases were played again, each alone, and did it not", ring.len()))
            }
        };
        finding
    }

    /// The broker has died: finds out of what, and tells it.
    fn mourn(&mut self) {
        self.shared.died((!self.ground.is_inside()).then(|| self.ground.deaths()));
        let words = self.ground.last_words();
        let ring: Vec<(u64, Case)> = self.ring.drain(..).collect();
        // One after the other: who plays cases again must not take another's death for his own.
        let mut explained = self.shared.calm.alone();
        let is_explained = !self.ground.is_inside() && *explained >= self.ground.deaths();
        if !is_explained && self.ground.await_up() {
            let found = self.look_into(&ring, &words);
            if found.as_ref().is_none_or(|found| matches!(found.again, Again::Seen(..))) {
                *explained = self.ground.deaths();
            }
            if let Some(found) = found {
                self.shared.found(found);
            }
        }
        drop(explained);
        self.renew_road();
    }

    /// What it has died of; nothing where that is known.
    fn look_into(&self, ring: &[(u64, Case)], words: &str) -> Option<Finding> {
        let Worker { shared, ground, terms, .. } = *self;
        let death = super::death::Death { ground, table: shared.table, terms, limit: shared.limit() };
        let elapsed = shared.elapsed();
        match shared.causes.ask(words, elapsed) {
            Verdict::Known(key) => {
                shared.was_met_again(&key);
                return None;
            }
            Verdict::Tried => return Some(super::death::unexplained(ring, words, elapsed, terms)),
            Verdict::Open => {}
        }
        let begun = Instant::now();
        let found = death.explain(ring, words, elapsed);
        let key = matches!(found.again, Again::Seen(..)).then(|| found.key.clone());
        shared.causes.looked_into(words, begun.elapsed(), key);
        Some(found)
    }

    /// A connection was not to be had: whether there will be one again.
    fn comes_again(&mut self) -> bool {
        let brought = self.drained();
        let is_there = self.is_there_again();
        if is_there {
            self.follow_up(brought);
        } else {
            self.lay_down(brought);
        }
        is_there
    }

    fn is_there_again(&mut self) -> bool {
        for _ in 0..50 {
            // Whoever watches over the broker may not have seen its end yet.
            if self.ground.is_up()
                && self.road.open().map(|line| self.road.close(line, crate::wire::Ending::Reset)).is_ok()
            {
                return true;
            }
            if !self.ground.await_up() {
                return false;
            }
            std::thread::sleep(Duration::from_millis(100));
            if self.ground.deaths() != self.deaths.0 {
                return self.ground.await_up();
            }
        }
        false
    }

    /// Holds still where somebody wants that, and looks for the cause where the process has grown.
    fn look_for_leak(&mut self) {
        if self.shared.is_still() {
            let brought = self.drained();
            self.follow_up(brought);
            self.shared.rest();
        }
        if !self.done.is_multiple_of(BEAT) {
            return;
        }
        let Worker { shared, ground, terms, .. } = *self;
        let Some(pid) = ground.pid() else { return };
        let Some((suspicion, which)) = lock(&shared.growth).take() else { return };
        let brought = self.drained();
        self.follow_up(brought);
        let ring: Vec<(u64, Case)> = self.ring.iter().cloned().collect();
        let leak =
            Leak { ground, table: shared.table, terms, limit: shared.limit(), pid, which, named: AtomicUsize::new(0) };
        let found = shared
            .while_still(shared.options.jobs.max(1) - 1, || leak.explain(suspicion.clone(), &ring, shared.elapsed()));
        match found {
            Some(found) => shared.found(found),
            // Not all have come to rest: another time.
            None => drop(lock(&shared.growth).get_or_insert((suspicion, which))),
        }
    }

    fn hold_back(&self, begun: Instant) {
        let Some(rate) = self.shared.options.rate else { return };
        let due =
            Duration::from_secs_f64(super::roughly(self.done) * f64::from(self.shared.options.jobs) / f64::from(rate));
        std::thread::sleep(due.saturating_sub(begun.elapsed()));
    }
}

/// Notes how a fresh case has ended.
fn tell(
    shared: &Shared<'_>,
    offer: &super::pace::Offer,
    ends: &mut BTreeMap<(&'static str, &'static str), u64>,
    brought: &mut Brought,
    done: &Done<'_>,
) {
    let entry = shared.table.entry(done.choice.entry);
    let expected = offer.excuses(entry.expected_in(done.choice.state), entry.asks, entry.bytes.len());
    *ends.entry(end_key(expected, done.end)).or_default() += 1;
    shared.met(done.choice.entry, done.choice.state);
    shared.judged(FRESH, 1);
    if !done.trial.suspicions().is_empty() {
        brought.push(Suspected::new(shared, done.choice.index, Case::Fresh(done.choice), done.trial));
    }
}
