//! What a broker has died of: of the last cases the fewest that end it again.

use super::case::Case;
use super::confirm::Limit;
use super::finding::{Again, Finding};
use super::ground::Ground;
use super::pace::Line;
use super::road::Road;
use super::session::Terms;
use super::table::Table;
use super::trial::{Oracle, Suspicion, Weight};
use crate::link::Transcript;
use mqtt_assay_codec::Version;
use std::time::{Duration, Instant};

/// How many tries that may take, and how long.
const TRIES: usize = 60;
const TIME: Duration = Duration::from_mins(1);
/// How long a case may take before it is asked whether the broker still answers.
const SLOW: Duration = Duration::from_secs(2);
/// How often what is found is played again, and how long that may take.
const REPETITIONS: u32 = 3;
const AGAIN: Duration = Duration::from_secs(30);

/// Who finds it out.
pub(super) struct Death<'a> {
    pub(super) ground: &'a Ground,
    pub(super) table: &'a Table,
    pub(super) terms: Terms,
    pub(super) limit: Limit<'a>,
}

impl Death<'_> {
    /// Plays the last cases again, more and more of them, and then fewer.
    pub(super) fn explain(&self, ring: &[(u64, Case)], words: &str, at: Duration) -> Finding {
        let cases: Vec<&Case> = ring.iter().map(|(_, case)| case).collect();
        let until = Instant::now() + TIME;
        let mut killers = None;
        let (mut count, mut most) = (1, 0);
        while killers.is_none() && Instant::now() < until && !self.limit.is_over() {
            let last = cases[cases.len().saturating_sub(count)..].to_vec();
            most = last.len();
            if self.kills(&last, until).is_some() {
                killers = Some(last);
            } else if count >= cases.len() {
                break;
            }
            count *= 4;
        }
        let index = ring.last().map_or(0, |(index, _)| *index);
        let mut suspicion = died(words, self.terms.offer.newest());
        let fewest = killers.map(|killers| self.fewest(killers, until));
        let fewest = fewest.map(|killers| self.shorter(killers, until));
        let fewest = fewest.as_ref().map(|killers| killers.iter().collect::<Vec<_>>());
        let repeated = fewest.map(|killers| {
            let (mut times, mut records, until) = ((0, 0), None, Instant::now() + AGAIN);
            while times.1 < REPETITIONS && !(times.1 > 0 && self.limit.is_over()) {
                let killed = self.kills(&killers, until);
                times = (times.0 + u32::from(killed.is_some()), times.1 + 1);
                records = killed.or(records);
            }
            (killers, times, records)
        });
        // What does not end it once more is not blamed; that the broker died is told all the same.
        let Some((killers, (ended, times), Some(records))) = repeated else {
            let mut finding = Finding::new(suspicion, (index, at), None, false);
            finding.again = Again::Otherwise(match most {
                0 => "not tried: the time was over, or there was nothing that could be played again".to_owned(),
                1 => "the last case before it was played again, alone, and did not end it".to_owned(),
                most => {
                    format!("the last {most} cases before it were played again, in their order, and did not end it")
                }
            });
            return finding;
        };
        let last = killers.last().copied();
        match last {
            Some(case) if killers.len() == 1 => suspicion.place = format!("died of {}", case.name(self.table)),
            // Each may have a part in it, and which of them ends it is not known.
            _ => "died of several cases".clone_into(&mut suspicion.place),
        }
        let mut finding = Finding::new(suspicion, (index, at), last, false);
        finding.operations = (operations(&cases[cases.len() - most..]), operations(&killers));
        finding.again = Again::Seen(ended, times);
        finding.transcript = Transcript::joined(records);
        finding
    }

    /// Their records where these end it, as far as that shows by then.
    pub(super) fn kills(&self, cases: &[&Case], until: Instant) -> Option<Vec<Transcript>> {
        // A death that comes to be known only now is that of earlier cases.
        if !self.ground.await_up() || !self.ground.has_survived(self.ground.deaths()) && !self.ground.await_up() {
            return None;
        }
        let deaths = self.ground.deaths();
        let mut road = self.ground.road();
        let before = road.deaths();
        // Somebody else is connected too, so that it shows where all connections end.
        let version = self.terms.offer.newest();
        let beside =
            ["hunt-besidea", "hunt-besideb"].map(|client| Line::open_as(road.as_mut(), version, client, |_| {}));
        let mut records = Vec::new();
        for (place, case) in cases.iter().enumerate() {
            if self.limit.is_over() || Instant::now() >= until {
                return None;
            }
            let begun = Instant::now();
            let played = case.play(road.as_mut(), self.table, self.terms, &format!("d{place}"));
            records.extend(played.map(|outcome| outcome.transcript));
            if road.deaths() > before {
                return Some(records);
            }
            // One that answers nobody any more would be waited for in each of the others.
            if begun.elapsed() > SLOW && !self.answers(road.as_mut(), version) {
                break;
            }
        }
        drop(beside);
        let has_ended =
            !self.ground.has_survived(deaths) || !self.answers(road.as_mut(), version) && self.ground.gives_up();
        has_ended.then_some(records)
    }

    fn answers(&self, road: &mut dyn Road, version: Version) -> bool {
        self.ground.is_up() && (0..2).any(|_| Line::open_as(road, version, "hunt-alive", |_| {}).is_ok())
    }

    fn fewest<'c>(&self, mut cases: Vec<&'c Case>, until: Instant) -> Vec<&'c Case> {
        let mut tries = 0;
        let mut chunk = cases.len() / 2;
        while chunk > 0 && cases.len() > 1 {
            let mut start = 0;
            while start < cases.len() && tries < TRIES && Instant::now() < until && !self.limit.is_over() {
                tries += 1;
                let rest: Vec<&Case> = cases[..start].iter().chain(cases.iter().skip(start + chunk)).copied().collect();
                if !rest.is_empty() && self.kills(&rest, until).is_some() {
                    cases = rest;
                } else {
                    start += chunk;
                }
            }
            chunk /= 2;
        }
        cases
    }
}

/// One more that nobody looks into.
pub(super) fn unexplained(ring: &[(u64, Case)], words: &str, at: Duration, terms: Terms) -> Finding {
    let index = ring.last().map_or(0, |(index, _)| *index);
    let mut finding = Finding::new(died(words, terms.offer.newest()), (index, at), None, false);
    finding.again = Again::Otherwise("not tried: deaths like it were looked into often enough".to_owned());
    finding
}

/// That it has died, and of nothing that is known.
fn died(words: &str, version: Version) -> Suspicion {
    Suspicion {
        oracle: Oracle::Process,
        version,
        rule: None,
        weight: Weight::Crash,
        mutation: None,
        place: "died".to_owned(),
        seen: format!("the broker died: {words}"),
        line: 0,
    }
}

/// How much is done in these.
fn operations(cases: &[&Case]) -> usize {
    cases.iter().map(|case| case.operations()).sum()
}
