//! How long a run will still take: by the waits that its cases are known to make, the limits of what they wait for in vain,
//! and how quickly the others have ended so far.

use crate::scenario::{Instance, Method};
use mqtt_assay_codec::Version;
use mqtt_assay_standard::bounds;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Cases beside each that works, as the run has them wait there.
const WAITING: usize = 3;

/// A case that takes so much longer than its known waits is waiting for what does not come.
const SOON: Duration = Duration::from_secs(1);

/// So many cases must have ended before their speed says anything.
const ENOUGH: usize = 20;

/// The cases of a run that have not ended.
#[derive(Debug, Clone)]
pub(crate) struct Schedule {
    open: BTreeMap<String, Open>,
    /// Places for cases side by side.
    places: usize,
    /// Waits cost nothing on the clock of the embedded broker.
    waits_cost_time: bool,
    begun: Instant,
    ended: usize,
}

/// A case that has not ended.
#[derive(Debug, Clone, Copy)]
struct Open {
    waits: Duration,
    /// It runs behind the others, alone.
    is_heavy: bool,
    started: Option<Instant>,
}

impl Schedule {
    /// Of these cases, so many side by side.
    pub(crate) fn of(cases: &[Instance], jobs: usize, waits_cost_time: bool, now: Instant) -> Self {
        let steps = cases.iter().filter(|instance| matches!(instance.case.method, Method::Steps(_)));
        let open = steps.map(|instance| {
            let case = instance.case;
            (instance.id(), Open { waits: case.waits(), is_heavy: case.is_heavy(), started: None })
        });
        let places = jobs.max(1).saturating_mul(1 + WAITING);
        Self { open: open.collect(), places, waits_cost_time, begun: now, ended: 0 }
    }

    pub(super) fn started(&mut self, case: &str, now: Instant) {
        if let Some(open) = self.open.get_mut(case) {
            open.started = Some(now);
        }
    }

    /// It was disturbed, and begins again later.
    pub(super) fn postponed(&mut self, case: &str) {
        if let Some(open) = self.open.get_mut(case) {
            open.started = None;
        }
    }

    /// Cases of this version are not run.
    pub(super) fn not_spoken(&mut self, version: Version) {
        let own = format!("{version}/");
        self.open.retain(|case, _| !case.starts_with(&own));
    }

    pub(super) fn ended(&mut self, case: &str) {
        self.ended += usize::from(self.open.remove(case).is_some());
    }

    /// How long it will still take, as far as that can be said.
    pub(super) fn left(&self, now: Instant) -> Option<Duration> {
        if self.open.is_empty() {
            return None;
        }
        let by_speed = self.by_speed(now);
        if !self.waits_cost_time {
            return by_speed;
        }
        let (heavy, others): (Vec<&Open>, Vec<&Open>) = self.open.values().partition(|open| open.is_heavy);
        let waits = |open: &[&Open]| open.iter().map(|open| open.left(now)).collect::<Vec<_>>();
        let others = waits(&others);
        let all: Duration = others.iter().sum();
        let places = u32::try_from(self.places).unwrap_or(u32::MAX);
        let longest = others.into_iter().max().unwrap_or_default().max(all / places);
        let alone: Duration = waits(&heavy).iter().sum();
        let known = longest + alone + bounds::WATCH;
        // Before anything has ended nothing is known but the waits, and without any the first moments say nothing.
        match by_speed {
            Some(by_speed) => Some(known.max(by_speed)),
            None => Some(known).filter(|known| *known > bounds::WATCH),
        }
    }

    /// By how long those have taken that have ended.
    fn by_speed(&self, now: Instant) -> Option<Duration> {
        let waiting = |open: &&Open| open.started.is_none() && open.waits.is_zero();
        let left = u32::try_from(self.open.values().filter(waiting).count()).ok()?;
        let ended = u32::try_from(self.ended).ok().filter(|_| self.ended >= ENOUGH)?;
        Some(now.saturating_duration_since(self.begun) * left / ended)
    }
}

impl Open {
    fn left(&self, now: Instant) -> Duration {
        let Some(started) = self.started else { return self.waits };
        let taken = now.saturating_duration_since(started);
        let in_vain = self.waits + bounds::GRACE;
        let until = if taken > self.waits + SOON { in_vain } else { self.waits };
        until.saturating_sub(taken)
    }
}

/// The time in words: `8s left`.
pub(super) fn in_words(left: Duration) -> String {
    let seconds = left.as_secs() + u64::from(left.subsec_millis() >= 500);
    match seconds {
        0 => String::new(),
        1..100 => format!(", {seconds}s left"),
        _ => format!(", {}m left", seconds.div_ceil(60)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(waits: &[(&str, u64, bool)], places: usize) -> (Schedule, Instant) {
        let now = Instant::now();
        let open = waits.iter().map(|&(name, seconds, is_heavy)| {
            (name.to_owned(), Open { waits: Duration::from_secs(seconds), is_heavy, started: None })
        });
        let schedule = Schedule { open: open.collect(), places, waits_cost_time: true, begun: now, ended: 0 };
        (schedule, now)
    }

    fn after(now: Instant, seconds: u64) -> Instant {
        now + Duration::from_secs(seconds)
    }

    #[test]
    fn the_longest_wait_decides_and_those_that_run_alone_come_behind() {
        let (mut schedule, now) = schedule(&[("a", 8, false), ("b", 5, false), ("c", 4, true)], 4);
        assert_eq!(schedule.left(now), Some(Duration::from_secs(12) + bounds::WATCH));
        schedule.started("a", now);
        assert_eq!(schedule.left(after(now, 3)), Some(Duration::from_secs(9) + bounds::WATCH));
        schedule.ended("a");
        schedule.ended("b");
        assert_eq!(schedule.left(after(now, 8)), Some(Duration::from_secs(4) + bounds::WATCH));
        schedule.ended("c");
        assert_eq!(schedule.left(after(now, 12)), None);
    }

    #[test]
    fn more_waits_than_places_take_their_turns() {
        let names = ["a", "b", "c", "d"];
        let (schedule, now) = schedule(&names.map(|name| (name, 6, false)), 2);
        assert_eq!(schedule.left(now), Some(Duration::from_secs(12) + bounds::WATCH));
    }

    #[test]
    fn who_waits_in_vain_has_its_limit() {
        let (mut schedule, now) = schedule(&[("a", 0, false)], 4);
        assert_eq!(schedule.left(now), None);
        schedule.started("a", now);
        assert_eq!(
            schedule.left(after(now, 5)),
            Some(bounds::GRACE.saturating_sub(Duration::from_secs(5)) + bounds::WATCH)
        );
        schedule.postponed("a");
        assert_eq!(schedule.left(after(now, 6)), None);
    }

    #[test]
    fn the_speed_of_those_that_ended_counts_for_those_that_come() {
        let names: Vec<String> = (0..40).map(|number| format!("{number}")).collect();
        let all: Vec<(&str, u64, bool)> = names.iter().map(|name| (name.as_str(), 0, false)).collect();
        let (mut schedule, now) = schedule(&all, 4);
        names.iter().take(20).for_each(|name| schedule.ended(name));
        assert_eq!(schedule.left(after(now, 10)), Some(Duration::from_secs(10)));
        assert_eq!(in_words(Duration::from_millis(9600)), ", 10s left");
        assert_eq!(in_words(Duration::from_millis(200)), "");
        assert_eq!(in_words(Duration::from_secs(121)), ", 3m left");
    }
}
