//! The broker's process, seen from outside: memory, threads, descriptors. What grows is told only where it has grown over
//! several epochs, each with work in it; sessions clean up after themselves, so that nothing need be left of them.

use super::trial::{Oracle, Suspicion, Weight};
use mqtt_assay_codec::Version;
use std::fs;
use std::time::Duration;

/// How long an epoch is, and over how many something has to grow.
const EPOCH: Duration = Duration::from_secs(15);
const EPOCHS: usize = 5;

/// How much an epoch has to add, and all of them: kB of memory, descriptors, threads.
const GROWTH: [(&str, u64, u64); 3] = [("memory", 1024, 16 * 1024), ("descriptors", 8, 64), ("threads", 4, 32)];

/// What is seen at one time: kB of memory, descriptors, threads.
pub(super) type Sample = [u64; 3];

/// Follows one process.
#[derive(Debug)]
pub(super) struct Watch {
    pub(super) pid: u32,
    pub(super) first: Option<Sample>,
    pub(super) last: Option<Sample>,
    /// The least of each epoch.
    epochs: Vec<(Sample, u64)>,
    current: Option<Sample>,
    until: Duration,
    has_told: [bool; 3],
}

impl Watch {
    pub(super) fn new(pid: u32) -> Self {
        Self { pid, first: None, last: None, epochs: Vec::new(), current: None, until: EPOCH, has_told: [false; 3] }
    }

    /// Looks once; `cases` is how many were judged so far. What has grown, where something has.
    pub(super) fn look(&mut self, now: Duration, cases: u64) -> Vec<Suspicion> {
        let Some(sample) = sample(self.pid) else { return Vec::new() };
        self.first.get_or_insert(sample);
        self.last = Some(sample);
        let least = self.current.map_or(sample, |current| std::array::from_fn(|at| current[at].min(sample[at])));
        self.current = Some(least);
        if now < self.until {
            return Vec::new();
        }
        self.until = now + EPOCH;
        self.epochs.push((least, cases));
        self.current = None;
        (0..GROWTH.len()).filter_map(|at| self.has_grown(at)).collect()
    }

    fn has_grown(&mut self, at: usize) -> Option<Suspicion> {
        let recent = self.epochs.get(self.epochs.len().checked_sub(EPOCHS)?..)?;
        let (name, each, all) = GROWTH[at];
        let grows = recent.windows(2).all(|pair| pair[1].0[at] >= pair[0].0[at] + each && pair[1].1 > pair[0].1);
        let (first, last) = (recent.first()?, recent.last()?);
        let growth = last.0[at].saturating_sub(first.0[at]);
        if !grows || growth < all || std::mem::replace(&mut self.has_told[at], true) {
            return None;
        }
        let cases = last.1 - first.1;
        Some(Suspicion {
            oracle: Oracle::Process,
            version: Version::V5,
            rule: None,
            weight: Weight::Weak,
            mutation: None,
            place: name.to_owned(),
            seen: format!(
                "{name} grew by {growth}{} in each of {EPOCHS} epochs, over {cases} cases that left nothing behind",
                if at == 0 { " kB" } else { "" }
            ),
            line: 0,
        })
    }
}

/// What `/proc` says of a process; nothing where there is none.
fn sample(pid: u32) -> Option<Sample> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let value = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse().ok()
    };
    let descriptors = fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, |all| all.count() as u64);
    Some([value("VmRSS:")?, descriptors, value("Threads:").unwrap_or_default()])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watch(of: &[u64]) -> Watch {
        let mut watch = Watch::new(0);
        watch.epochs = of.iter().zip(1..).map(|(memory, cases)| ([*memory, 9, 1], cases * 1000)).collect();
        watch
    }

    #[test]
    fn only_steady_growth_is_told_and_once() {
        let mut grown = watch(&[10_000, 15_000, 20_000, 25_000, 30_000]);
        assert_eq!(grown.has_grown(0).map(|suspicion| suspicion.place), Some("memory".to_owned()));
        assert_eq!(grown.has_grown(0), None);
        assert_eq!(grown.has_grown(1), None);
        assert_eq!(watch(&[10_000, 40_000, 40_000, 40_000, 40_000]).has_grown(0), None);
        assert_eq!(watch(&[10_000, 15_000, 20_000]).has_grown(0), None);
    }
}
