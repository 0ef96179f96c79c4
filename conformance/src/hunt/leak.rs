//! Whether the process grows by what cases do to it: those of late are played again and again while nobody else hunts, some
//! at a time, and of those by which it grows each alone, made shorter where it is a session, a thousand times and thousands of
//! times more. A plain case is the control: what grows by that too has no one case to blame.

use super::case::Case;
use super::confirm::Limit;
use super::finding::{Again, Finding};
use super::fresh::{Choice, Fresh};
use super::ground::Ground;
use super::session::{Act, Cut, Greeting, Session, Step, Terms};
use super::shorter::shortest;
use super::table::{State, Table};
use super::trial::{Suspicion, Weight};
use super::watch::{NAMES, Sample, sample};
use mqtt_assay_codec::PacketType;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// How many sessions are suspected together, how often they are played in all, and by how many clients of ours side by side:
/// they wait more than they do.
const FEW: usize = 8;
const PLAYS: usize = 400;
const SIDE_BY_SIDE: usize = 8;

/// How many kinds of packets are suspected together, and how often each is played then: one that leaves no more behind than
/// a topic name has to show.
const TOGETHER: usize = 64;
const ROUNDS: usize = 1000;

/// How often one is played alone before what it leaves is weighed.
const TIMES: usize = 1000;

/// What counts as growth, of one alone: kB of memory, descriptors, threads. In the search for it half of that does.
const LEAST: Sample = [24, 64, 16];

/// How many times more than the control the case has to add.
const BEYOND_CONTROL: u64 = 4;

/// How long all of it may take, and how long each search: for a session, for its shortest form, for a kind of packets.
const TIME: Duration = Duration::from_mins(3);
const SEARCH: Duration = Duration::from_secs(45);

/// How long cases that are suspected together are played at most.
const SLICE: Duration = Duration::from_secs(8);

/// How long the process is left alone before it is weighed, and how often it is.
const QUIET: Duration = Duration::from_millis(200);
const LOOKS: u32 = 3;

/// Who finds it out.
pub(super) struct Leak<'a> {
    pub(super) ground: &'a Ground,
    pub(super) table: &'a Table,
    pub(super) terms: Terms,
    pub(super) limit: Limit<'a>,
    pub(super) pid: u32,
    /// Which part of a sample has grown.
    pub(super) which: usize,
    /// How many names were given out: what is kept for each name that was ever used shows with new ones only.
    pub(super) named: AtomicUsize,
}

/// When it began to be found out: the number of the case of then, and the time of the hunt.
type Begun = (u64, Duration);

impl Leak<'_> {
    /// Looks for the case among those of late by which the process grows.
    pub(super) fn explain(&self, suspicion: Suspicion, ring: &[(u64, Case)], at: Duration) -> Finding {
        let until = Instant::now() + TIME;
        let begun = (ring.last().map_or(0, |(index, _)| *index), at);
        let (mut sessions, mut packets) = (Vec::new(), BTreeMap::new());
        for (_, case) in ring {
            match case {
                Case::Session(session) => sessions.push(session),
                // Of single packets many are of one kind, and thousands of them take a second.
                Case::Fresh(_) => drop(packets.insert(case.name(self.table), case)),
                Case::Kept(..) => {}
            }
        }
        let (mut tried, packets) = ([0, 0], packets.into_values().collect::<Vec<_>>());
        let there = [sessions.len(), packets.len()];
        let found = self
            .by_sessions(&suspicion, &sessions, begun, until, &mut tried[0])
            .or_else(|| self.by_packets(&suspicion, &packets, begun, until, &mut tried[1]));
        found.unwrap_or_else(|| {
            let mut finding = Finding::new(suspicion, begun, None, false);
            finding.again = by_none(tried, there);
            finding
        })
    }

    /// A session by which the process grows, in its shortest form. A few at a time are played often, rather than many once:
    /// what one of them leaves behind may be as little as a name.
    fn by_sessions(
        &self,
        suspicion: &Suspicion,
        sessions: &[&Session],
        begun: Begun,
        until: Instant,
        tried: &mut usize,
    ) -> Option<Finding> {
        let enough = until.min(Instant::now() + SEARCH);
        // Those of late first.
        for few in sessions.rchunks(FEW).take_while(|_| !self.is_over(enough)) {
            *tried += few.len();
            let cases: Vec<Case> = few.iter().map(|session| Case::Session((*session).clone())).collect();
            let Some(Case::Session(one)) = self.halved(cases.iter().collect(), |count| PLAYS / count, until) else {
                continue;
            };
            let grows = |session: &Session| self.grows(&[&Case::Session(session.clone())], PLAYS, until).is_some();
            let short = shortest(one.clone(), until.min(Instant::now() + SEARCH), &grows);
            let found = self.alone(suspicion, &Case::Session(short), begun, until);
            if found.is_some() {
                return found;
            }
        }
        None
    }

    /// A packet by which the process grows.
    fn by_packets(
        &self,
        suspicion: &Suspicion,
        packets: &[&Case],
        begun: Begun,
        until: Instant,
        tried: &mut usize,
    ) -> Option<Finding> {
        let enough = until.min(Instant::now() + SEARCH);
        for together in packets.chunks(TOGETHER).take_while(|_| !self.is_over(enough)) {
            *tried += together.len();
            let one = self.halved(together.to_vec(), |_| ROUNDS, until);
            if let Some(found) = one.and_then(|one| self.alone(suspicion, one, begun, until)) {
                return Some(found);
            }
        }
        None
    }

    /// One case out of many, by which the process still grows when all others are left out half by half. `rounds` says how
    /// often each is played where so many are left.
    fn halved<'c>(
        &self,
        mut cases: Vec<&'c Case>,
        rounds: impl Fn(usize) -> usize,
        until: Instant,
    ) -> Option<&'c Case> {
        let grows = |cases: &[&Case]| self.grows(cases, rounds(cases.len().max(1)).max(1), until);
        grows(&cases)?;
        while cases.len() > 1 {
            let other = cases.split_off(cases.len() / 2);
            match (grows(&cases), grows(&other)) {
                (None, None) => return None,
                (one, another) if another > one => cases = other,
                _ => {}
            }
        }
        cases.first().copied()
    }

    /// By how much the process grows when these are played so often, or as often as there is time for, if it does.
    fn grows(&self, cases: &[&Case], rounds: usize, until: Instant) -> Option<u64> {
        let growth = self.grown(cases, rounds, Instant::now() + SLICE, until);
        growth.filter(|growth| *growth >= LEAST[self.which] / 2)
    }

    fn is_over(&self, until: Instant) -> bool {
        self.limit.is_over() || Instant::now() >= until
    }

    /// One case: the first thousand may fill what is kept for reuse, the second and the third may not add to it.
    fn alone(&self, suspicion: &Suspicion, case: &Case, first: Begun, until: Instant) -> Option<Finding> {
        self.growth(&[case], TIMES, until)?;
        let least = LEAST[self.which];
        let second = self.growth(&[case], TIMES, until).filter(|growth| *growth >= least)?;
        let third = self.growth(&[case], TIMES, until).filter(|growth| *growth >= least)?;
        self.named.fetch_sub(TIMES, Ordering::Relaxed);
        let again = self.growth(&[case], TIMES, until)?;
        let control = self.control(case).map_or(Some(0), |control| self.growth(&[&control], TIMES, until))?;
        if control * BEYOND_CONTROL > second.min(third) {
            return None;
        }
        let mut suspicion = suspicion.clone();
        let (what, unit) = NAMES[self.which];
        // What is kept for each name may have a bound that was not reached.
        let is_of_use = again >= least;
        let kept = if is_of_use { "" } else { " for names" };
        suspicion.place = format!("{what}{kept} by {}", case.name(self.table));
        suspicion.weight = if is_of_use { Weight::Fail } else { Weight::Weak };
        suspicion.seen = format!(
            "{what} grew by {second}{unit} while this case alone was played {TIMES} times, each time with new names and with what \
             it leaves taken away, and by {third}{unit} in {TIMES} times more; by {again}{unit} with the same names again, by \
             {control}{unit} while as many clients only came, sent a PINGREQ, and went"
        );
        let mut finding = Finding::new(suspicion, first, Some(case), false);
        finding.again = Again::Otherwise(format!("played {} times, alone, while nobody else hunted", 4 * TIMES));
        let mut road = self.ground.road();
        let terms = Terms { tells_cleaning: true, ..self.terms };
        finding.transcript = case.play(road.as_mut(), self.table, terms, "leak").map(|outcome| outcome.transcript);
        Some(finding)
    }

    /// What the process has more once the cases were played so often; nothing where it is another one by then, or the time
    /// is over.
    fn growth(&self, cases: &[&Case], rounds: usize, until: Instant) -> Option<u64> {
        self.grown(cases, rounds, until, until)
    }

    fn grown(&self, cases: &[&Case], rounds: usize, enough: Instant, until: Instant) -> Option<u64> {
        let before = self.settled()?;
        if cases.iter().all(|case| matches!(case, Case::Fresh(_))) {
            self.play_packets(cases, rounds, enough);
        } else {
            self.play_sessions(cases, rounds, enough);
        }
        if self.is_over(until) {
            return None;
        }
        Some(self.settled()?.saturating_sub(before))
    }

    /// Side by side, as in the hunt: alone each is waited for much longer.
    fn play_packets(&self, cases: &[&Case], rounds: usize, enough: Instant) {
        let mut road = self.ground.road();
        let mut fresh = Fresh::new(self.table, self.terms.offer, self.terms.pace);
        for _ in (0..rounds).take_while(|_| !self.is_over(enough)) {
            for case in cases {
                let Case::Fresh(choice) = case else { continue };
                let choice = Choice { index: crate::scenario::hash(&self.name()), ..*choice };
                if fresh.step(road.as_mut(), choice, &mut |_| {}).is_err() {
                    return;
                }
            }
        }
        fresh.drain(road.as_mut(), &mut |_| {});
    }

    /// In turns, by some clients of ours at a time.
    fn play_sessions(&self, cases: &[&Case], rounds: usize, enough: Instant) {
        let next = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..SIDE_BY_SIDE {
                scope.spawn(|| {
                    let mut road = self.ground.road();
                    while !self.is_over(enough) {
                        let play = next.fetch_add(1, Ordering::Relaxed);
                        let Some(case) = cases.get(play % cases.len()).filter(|_| play / cases.len() < rounds) else {
                            return;
                        };
                        drop(case.play(road.as_mut(), self.table, self.terms, &self.name()));
                    }
                });
            }
        });
    }

    fn name(&self) -> String {
        format!("l{}", self.named.fetch_add(1, Ordering::Relaxed))
    }

    /// A case that leaves nothing behind in any broker; a session beside a session, so that both are cleaned up after.
    fn control(&self, case: &Case) -> Option<Case> {
        if let Case::Session(session) = case {
            let greeting = Greeting { clean: true, keep_alive: 60, ..Greeting::default() };
            let comes = Step { who: 0, act: Act::Connect(greeting), mutation: None, cut: Cut::Whole };
            return Some(Case::Session(Session { cast: session.cast.clone(), steps: vec![comes] }));
        }
        let version = self.terms.offer.newest();
        let is_plain = |entry: &&usize| {
            let entry = self.table.entry(**entry);
            entry.packet == PacketType::Pingreq && entry.mutation.is_none()
        };
        let entry = *self.table.of(version).iter().find(is_plain)?;
        Some(Case::Fresh(Choice { index: 0, entry, state: State::Connected }))
    }

    /// What it has once it is left alone: the least of some looks.
    fn settled(&self) -> Option<u64> {
        let mut least = None;
        for _ in 0..LOOKS {
            std::thread::sleep(QUIET);
            let now = sample(self.pid)?[self.which];
            least = Some(least.map_or(now, |least: u64| least.min(now)));
        }
        least
    }
}

/// What is said where it did not grow by those sessions and kinds of packets that were tried, of those that are there.
fn by_none(tried: [usize; 2], there: [usize; 2]) -> Again {
    let [sessions, packets] = tried;
    let tries = format!(
        "{sessions} sessions of late, {FEW} at a time and {PLAYS} times in all, and {packets} kinds of packets, {TOGETHER} at a \
         time and up to {ROUNDS} times each: it did not grow by them"
    );
    match tried {
        [0, 0] => Again::Untried("the time was over"),
        _ if tried == there => Again::Doubtful(tries),
        _ => {
            let [sessions, packets] = [there[0] - sessions, there[1] - packets];
            Again::Doubtful(format!("{tries}; for {sessions} sessions and {packets} kinds more there was no time"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_that_ran_out_of_time_says_what_it_left_out() {
        assert_eq!(by_none([0, 0], [400, 60]), Again::Untried("the time was over"));
        let all = by_none([40, 60], [40, 60]).to_string();
        assert!(all.starts_with("40 sessions of late") && all.ends_with("it did not grow by them"), "{all}");
        let some = by_none([16, 0], [40, 60]).to_string();
        assert!(some.ends_with("; for 24 sessions and 60 kinds more there was no time"), "{some}");
    }
}
