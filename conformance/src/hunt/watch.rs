//! The broker's process, seen from outside: memory, threads, descriptors, and what it does while nobody asks anything of it.
//! What grows is suspected only where it has grown over several epochs, each with work in it; sessions clean up after
//! themselves, so that nothing need be left of them. Whether it grows by what cases do is found out by `leak`.

use super::trial::{Oracle, Suspicion, Weight};
use mqtt_assay_codec::Version;
use std::fs;
use std::time::Duration;

/// How long an epoch is, and over how many something has to grow.
const EPOCH: Duration = Duration::from_secs(15);
const EPOCHS: usize = 5;

/// How much an epoch has to add, and all of them: kB of memory, descriptors, threads. Little is enough: what is suspected is
/// no finding before a case is known by which it grows.
const GROWTH: [(u64, u64); 3] = [(128, 2 * 1024), (8, 64), (4, 32)];

/// And no less than this part of what the process had.
const SHARE: u64 = 20;

/// How often the same is suspected: each time other cases are held to be its cause.
const TIMES: u32 = 2;

/// What the parts of a sample are called, and are counted in.
pub(super) const NAMES: [(&str, &str); 3] = [("memory", " kB"), ("descriptors", ""), ("threads", "")];

/// What growth is suspected of: the suspicion, and which part of a sample has grown.
pub(super) type Growth = (Suspicion, usize);

/// How long a process may take to come to rest, what it may do then, and how long that is looked at.
const REST: Duration = Duration::from_millis(300);
const GLANCE: Duration = Duration::from_millis(500);
const IDLE: Duration = Duration::from_millis(200);
const LOOK: Duration = Duration::from_secs(3);
const BUSY: Duration = Duration::from_secs(1);

/// The clock ticks of `/proc` in a second; it has been so on every Linux.
const TICKS: u64 = 100;

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
    told: [u32; 3],
}

impl Watch {
    pub(super) fn new(pid: u32) -> Self {
        Self { pid, first: None, last: None, epochs: Vec::new(), current: None, until: EPOCH, told: [0; 3] }
    }

    /// Looks once; `cases` is how many were judged so far. What has grown, where something has.
    pub(super) fn look(&mut self, now: Duration, cases: u64) -> Vec<Growth> {
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
        (0..GROWTH.len()).filter_map(|at| Some((self.has_grown(at)?, at))).collect()
    }

    fn has_grown(&mut self, at: usize) -> Option<Suspicion> {
        let recent = self.epochs.get(self.epochs.len().checked_sub(EPOCHS)?..)?;
        let ((each, all), (name, unit)) = (GROWTH[at], NAMES[at]);
        let grows = recent.windows(2).all(|pair| pair[1].0[at] >= pair[0].0[at] + each && pair[1].1 > pair[0].1);
        let (first, last) = (recent.first()?, recent.last()?);
        let growth = last.0[at].saturating_sub(first.0[at]);
        // A runtime that collects its garbage moves by a part of what it has.
        if !grows || growth < all.max(first.0[at] / SHARE) || self.told[at] >= TIMES {
            return None;
        }
        let cases = last.1 - first.1;
        self.told[at] += 1;
        // Whoever looks for the cause adds to it.
        self.epochs.clear();
        Some(Suspicion {
            oracle: Oracle::Process,
            version: Version::V5,
            rule: None,
            weight: Weight::Weak,
            mutation: None,
            place: name.to_owned(),
            seen: format!(
                "{name} grew by {growth}{unit} over {EPOCHS} epochs, in each of them, over {cases} cases that left nothing behind"
            ),
            line: 0,
        })
    }
}

/// Looks at a process of which nobody asks anything at present: what is wrong where it does much all the same.
pub(super) fn is_busy(pid: u32) -> Option<Suspicion> {
    std::thread::sleep(REST);
    judged(&mut |time| worked(pid, time))
}

/// The same by what the process works in a time.
fn judged(worked: &mut dyn FnMut(Duration) -> Option<Duration>) -> Option<Suspicion> {
    if worked(GLANCE)? < IDLE {
        return None;
    }
    let worked = worked(LOOK).filter(|worked| *worked > BUSY)?;
    Some(Suspicion {
        oracle: Oracle::Process,
        version: Version::V5,
        rule: None,
        weight: Weight::Weak,
        mutation: None,
        place: "busy".to_owned(),
        seen: format!("the process has worked for {worked:?} in {LOOK:?} in which nobody asked anything of it"),
        line: 0,
    })
}

/// For how long it works in this time, on all cores.
fn worked(pid: u32, time: Duration) -> Option<Duration> {
    let before = processor_time(pid)?;
    std::thread::sleep(time);
    Some(processor_time(pid)?.saturating_sub(before))
}

/// For how long it and all that it has started have worked, for themselves and in the system.
fn processor_time(pid: u32) -> Option<Duration> {
    let own = processor_time_of(pid)?;
    Some(descendants(pid).into_iter().filter_map(processor_time_of).fold(own, |sum, one| sum + one))
}

fn processor_time_of(pid: u32) -> Option<Duration> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // Its name stands in brackets, and may hold anything.
    let mut fields = text.rsplit_once(") ")?.1.split_whitespace().skip(11);
    let ticks: u64 = fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?;
    Some(Duration::from_millis(ticks * 1000 / TICKS))
}

/// What `/proc` says of a process and of all that it has started, together; nothing where there is none. Some brokers are
/// started by a script, which stays.
pub(super) fn sample(pid: u32) -> Option<Sample> {
    let own = sample_of(pid)?;
    let others = descendants(pid).into_iter().filter_map(sample_of);
    Some(others.fold(own, |sum, one| std::array::from_fn(|at| sum[at] + one[at])))
}

/// Processes that a process has started, and those that they have.
fn descendants(pid: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let parents: Vec<(u32, u32)> = numbers.filter_map(|number| Some((number, parent_of(number)?))).collect();
    let mut found = vec![pid];
    let mut place = 0;
    while let Some(&parent) = found.get(place) {
        found.extend(parents.iter().filter(|(_, of)| *of == parent).map(|(number, _)| *number));
        place += 1;
    }
    found.split_off(1)
}

fn parent_of(pid: u32) -> Option<u32> {
    let status = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name stands in brackets, and may have any character.
    status.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

fn sample_of(pid: u32) -> Option<Sample> {
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
    #[cfg(target_os = "linux")]
    fn who_started_others_is_weighed_with_them() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().expect("there is a sleep");
        let own = std::process::id();
        assert!(descendants(own).contains(&child.id()), "{:?}", descendants(own));
        child.kill().expect("it runs");
        child.wait().expect("it has ended");
    }

    #[test]
    fn who_works_on_is_busy_and_who_comes_to_rest_is_not() {
        let judged = |first: u64, then: u64| {
            judged(&mut |time| Some(Duration::from_millis(if time == GLANCE { first } else { then })))
        };
        assert_eq!(judged(500, 2900).map(|suspicion| suspicion.place), Some("busy".to_owned()));
        assert_eq!(judged(500, 900), None);
        assert_eq!(judged(100, 2900), None);
        assert!(super::judged(&mut |_| None).is_none(), "there is no process any more");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn work_is_seen_in_the_time_of_a_process() {
        let own = std::process::id();
        let before = processor_time(own).expect("it is there");
        let mut number = 1_u64;
        while processor_time(own).expect("it is there") <= before {
            number = std::hint::black_box(number.wrapping_mul(3));
        }
        assert_eq!(processor_time(u32::MAX), None);
    }

    #[test]
    fn only_steady_growth_is_told_and_some_times() {
        let steady = [10_000, 11_000, 12_000, 12_500, 13_500];
        let mut grown = watch(&steady);
        assert_eq!(grown.has_grown(1), None);
        for _ in 0..TIMES {
            assert_eq!(grown.has_grown(0).map(|suspicion| suspicion.place), Some("memory".to_owned()));
            assert_eq!(grown.has_grown(0), None, "what is known counts no more");
            grown.epochs = watch(&steady).epochs;
        }
        assert_eq!(grown.has_grown(0), None, "its cause was looked for often enough");
        assert_eq!(watch(&[10_000, 40_000, 40_000, 40_000, 40_000]).has_grown(0), None);
        assert_eq!(watch(&[10_000, 15_000, 20_000]).has_grown(0), None);
        // Of a large process it is little.
        assert_eq!(watch(&steady.map(|memory| memory + 200_000)).has_grown(0), None);
        assert!(watch(&steady.map(|memory| memory + 50_000)).has_grown(0).is_some());
    }
}
