//! What a broker has died of: of the last cases the fewest that end it again.

use super::case::Case;
use super::finding::Finding;
use super::ground::Ground;
use super::pace::Line;
use super::session::Terms;
use super::table::Table;
use super::trial::{Oracle, Suspicion, Weight};
use mqtt_assay_codec::Version;
use std::time::{Duration, Instant};

/// How many tries that may take, and how long.
const TRIES: usize = 60;
const TIME: Duration = Duration::from_mins(1);
/// How often what is found is played again.
const REPETITIONS: u32 = 3;

/// Who finds it out.
pub(super) struct Death<'a> {
    pub(super) ground: &'a Ground,
    pub(super) table: &'a Table,
    pub(super) terms: Terms,
}

impl Death<'_> {
    /// Plays the last cases again, more and more of them, and then fewer.
    pub(super) fn explain(&self, ring: &[(u64, Case)], words: &str, at: Duration) -> Finding {
        let cases: Vec<&Case> = ring.iter().map(|(_, case)| case).collect();
        let until = Instant::now() + TIME;
        let mut killers = None;
        let mut count = 1;
        while killers.is_none() && Instant::now() < until {
            let last = cases[cases.len().saturating_sub(count)..].to_vec();
            if self.kills(&last) {
                killers = Some(last);
            } else if count >= cases.len() {
                break;
            }
            count *= 4;
        }
        let index = ring.last().map_or(0, |(index, _)| *index);
        let seen = format!("the broker died: {words}");
        let mut suspicion = Suspicion {
            oracle: Oracle::Process,
            version: Version::V5,
            rule: None,
            weight: Weight::Crash,
            mutation: None,
            place: "died".to_owned(),
            seen,
            line: 0,
        };
        let fewest = killers.map(|killers| self.fewest(killers, until));
        let fewest = fewest.map(|killers| self.shorter(killers, until));
        let fewest = fewest.as_ref().map(|killers| killers.iter().collect::<Vec<_>>());
        let repeated = fewest.map(|killers| {
            let ended = (0..REPETITIONS).filter(|_| self.kills(&killers)).count() as u32;
            (killers, ended)
        });
        // What does not end it once more is not blamed; that the broker died is told all the same.
        let Some((killers, ended)) = repeated.filter(|(_, ended)| *ended > 0) else {
            let mut finding = Finding::new(suspicion, (index, at), None, false);
            finding.suspicion.seen += "; none of the last cases alone did it again";
            return finding;
        };
        let last = killers.last().copied();
        if let Some(case) = last {
            suspicion.place = format!("died of {}", self.name(case));
        }
        let mut finding = Finding::new(suspicion, (index, at), last, false);
        finding.operations.1 = killers.iter().map(|case| case.operations()).sum();
        finding.again = Some((ended, REPETITIONS));
        finding.transcript = last.and_then(|case| self.record(case));
        finding
    }

    /// What tells the deaths of two causes apart.
    fn name(&self, case: &Case) -> String {
        match case {
            Case::Fresh(choice) => {
                let entry = self.table.entry(choice.entry);
                format!("{} {} {}", entry.packet.name(), entry.name(), choice.state.word())
            }
            Case::Kept(version, _) => format!("packets on a kept connection of {version}"),
            Case::Session(session) => {
                let mutation = session.steps.iter().find_map(|step| step.mutation.clone());
                format!("a session ({})", mutation.unwrap_or_else(|| "legal".to_owned()))
            }
        }
    }

    pub(super) fn kills(&self, cases: &[&Case]) -> bool {
        // A death that comes to be known only now is that of earlier cases.
        if !self.ground.await_up() || !self.ground.has_survived(self.ground.deaths()) && !self.ground.await_up() {
            return false;
        }
        let deaths = self.ground.deaths();
        let mut road = self.ground.road();
        let before = road.deaths();
        // Somebody else is connected too, so that it shows where all connections end.
        let beside = ["hunt-besidea", "hunt-besideb"].map(|client| {
            let version = self.terms.offer.versions().last().copied().unwrap_or(Version::V5);
            Line::open_as(road.as_mut(), version, client, |_| {})
        });
        for (place, case) in cases.iter().enumerate() {
            case.play(road.as_mut(), self.table, self.terms, &format!("d{place}"));
            if road.deaths() > before {
                return true;
            }
        }
        drop(beside);
        !self.ground.has_survived(deaths)
    }

    fn fewest<'c>(&self, mut cases: Vec<&'c Case>, until: Instant) -> Vec<&'c Case> {
        let mut tries = 0;
        let mut chunk = cases.len() / 2;
        while chunk > 0 && cases.len() > 1 {
            let mut start = 0;
            while start < cases.len() && tries < TRIES && Instant::now() < until {
                tries += 1;
                let rest: Vec<&Case> = cases[..start].iter().chain(cases.iter().skip(start + chunk)).copied().collect();
                if !rest.is_empty() && self.kills(&rest) {
                    cases = rest;
                } else {
                    start += chunk;
                }
            }
            chunk /= 2;
        }
        cases
    }

    /// The record of the case that ends it.
    fn record(&self, case: &Case) -> Option<crate::link::Transcript> {
        if !self.ground.await_up() {
            return None;
        }
        let mut road = self.ground.road();
        case.play(road.as_mut(), self.table, self.terms, "death").map(|outcome| outcome.transcript)
    }
}
