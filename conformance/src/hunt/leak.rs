//! Whether the process grows by what cases do to it: those of late are played again and again while nobody else hunts, some
//! at a time, and of those by which it grows each alone, a thousand times and thousands of times more. A plain case is the
//! control: what grows by that too has no one case to blame.

use super::case::Case;
use super::confirm::Limit;
use super::finding::{Again, Finding};
use super::fresh::{Choice, Fresh};
use super::ground::Ground;
use super::session::Terms;
use super::table::{State, Table};
use super::trial::{Suspicion, Weight};
use super::watch::{NAMES, Sample, sample};
use mqtt_assay_codec::PacketType;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How many cases are suspected together, and how often they are played then.
const TOGETHER: usize = 16;
const ROUNDS: usize = 250;

/// How many plays it takes to weigh a half of many sessions.
const PLAYS: usize = 600;

/// How often one is played alone before what it leaves is weighed.
const TIMES: usize = 1000;

/// What counts as growth, of some together and of one alone: kB of memory, descriptors, threads.
const LEAST: Sample = [24, 64, 16];

/// How many times more than the control the case has to add.
const BEYOND_CONTROL: u64 = 4;

/// How long all of it may take.
const TIME: Duration = Duration::from_mins(2);

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
}

impl Leak<'_> {
    /// Looks for the case among those of late by which the process grows.
    pub(super) fn explain(&self, suspicion: Suspicion, ring: &[(u64, Case)], at: Duration) -> Finding {
        let until = Instant::now() + TIME;
        let is_over = || Instant::now() >= until || self.limit.is_over();
        let index = ring.last().map_or(0, |(index, _)| *index);
        let (fresh, others): (Vec<&Case>, Vec<&Case>) =
            ring.iter().map(|(_, case)| case).partition(|case| is_fresh(case));
        // No two sessions are alike, so that they are halved as long as one half makes it grow.
        if let Some(one) = self.halved(others, until)
            && let Some(finding) = self.alone(&suspicion, one, (index, at), until).filter(|_| !is_over())
        {
            return finding;
        }
        // Of single packets many are of one kind, and thousands of them take a second.
        let distinct: BTreeMap<String, &Case> = fresh.iter().map(|case| (case.name(self.table), *case)).collect();
        let cases: Vec<&Case> = distinct.into_values().collect();
        let mut tried = 0;
        for together in cases.chunks(TOGETHER) {
            if is_over() {
                break;
            }
            tried += together.len();
            if self.growth(together, ROUNDS, until).is_none_or(|growth| growth < LEAST[self.which]) {
                continue;
            }
            for case in together {
                if let Some(finding) = self.alone(&suspicion, case, (index, at), until).filter(|_| !is_over()) {
                    return finding;
                }
            }
        }
        let mut finding = Finding::new(suspicion, (index, at), None, false);
        finding.again = match tried {
            0 => Again::Untried("the time was over"),
            _ => Again::Doubtful(format!(
                "{} sessions of late, and {tried} kinds of packets, {TOGETHER} at a time and {ROUNDS} times each: it did not \
                 grow by them",
                ring.len() - fresh.len()
            )),
        };
        finding
    }

    /// One case out of many, by which the process still grows when all others are left out half by half.
    fn halved<'c>(&self, mut cases: Vec<&'c Case>, until: Instant) -> Option<&'c Case> {
        let grows = |cases: &[&Case]| {
            let rounds = (PLAYS / cases.len().max(1)).max(1);
            self.growth(cases, rounds, until).filter(|growth| *growth >= LEAST[self.which])
        };
        // What is kept for reuse is there once all were played.
        self.growth(&cases, 1, until)?;
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

    /// One case: the first thousand may fill what is kept for reuse, the second and the third may not add to it.
    fn alone(&self, suspicion: &Suspicion, case: &Case, first: (u64, Duration), until: Instant) -> Option<Finding> {
        self.growth(&[case], TIMES, until)?;
        let least = LEAST[self.which];
        let second = self.growth(&[case], TIMES, until).filter(|growth| *growth >= least)?;
        let third = self.growth(&[case], TIMES, until).filter(|growth| *growth >= least)?;
        let control = self.control().map_or(Some(0), |control| self.growth(&[&control], TIMES, until))?;
        if control * BEYOND_CONTROL > second.min(third) {
            return None;
        }
        let mut suspicion = suspicion.clone();
        let (what, unit) = NAMES[self.which];
        suspicion.place = format!("{what} by {}", case.name(self.table));
        suspicion.weight = Weight::Fail;
        suspicion.seen = format!(
            "{what} grew by {second}{unit} while this case alone was played {TIMES} times, and by {third}{unit} in \
             {TIMES} times more; by {control}{unit} while as many clients only sent a PINGREQ"
        );
        let mut finding = Finding::new(suspicion, first, Some(case), false);
        finding.again = Again::Otherwise(format!("played {} times, alone, while nobody else hunted", 3 * TIMES));
        let mut road = self.ground.road();
        finding.transcript = case.play(road.as_mut(), self.table, self.terms, "leak").map(|outcome| outcome.transcript);
        Some(finding)
    }

    /// What the process has more once the cases were played so often; nothing where it is another one by then, or the time
    /// is over.
    fn growth(&self, cases: &[&Case], rounds: usize, until: Instant) -> Option<u64> {
        let before = self.settled()?;
        let mut road = self.ground.road();
        let mut fresh = Fresh::new(self.table, self.terms.offer, self.terms.pace);
        for round in 0..rounds {
            for (place, case) in cases.iter().enumerate() {
                if self.limit.is_over() || Instant::now() >= until {
                    return None;
                }
                let name = format!("l{place}x{round}");
                match case {
                    // Side by side, as in the hunt: alone each is waited for much longer.
                    Case::Fresh(choice) => {
                        let choice = Choice { index: crate::scenario::hash(&name), ..*choice };
                        fresh.step(road.as_mut(), choice, &mut |_| {}).ok()?;
                    }
                    // A batch in which all was well has no record.
                    _ => drop(case.play(road.as_mut(), self.table, self.terms, &name)),
                }
            }
        }
        fresh.drain(road.as_mut(), &mut |_| {});
        drop(road);
        Some(self.settled()?.saturating_sub(before))
    }

    /// A case that leaves nothing behind in any broker.
    fn control(&self) -> Option<Case> {
        let version = *self.terms.offer.versions().last()?;
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

fn is_fresh(case: &Case) -> bool {
    matches!(case, Case::Fresh(_))
}
