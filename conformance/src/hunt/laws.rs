//! What the fuzz targets `session` and `auditor` do with their input. A law that does not hold panics.
//!
//! Not a part of the crate's interface: nothing here is stable.

use super::ground::Ground;
use super::road::Inside;
use super::session::{Maker, Names, Terms, play};
use super::trial::Trial;
use crate::chance::Random;
use crate::link::Transcript;
use crate::wire::Ending;
use mqtt_assay_codec::Version;
use mqtt_assay_reference::{Machine, Settings};
use std::sync::OnceLock;
use std::time::Duration;

const BOTH: [Version; 2] = [Version::V3_1_1, Version::V5];

/// How many connections a trace has at most.
const SIDES: usize = 8;

fn sound() -> Machine {
    Machine::new(Settings::default())
}

/// What the reference broker is met with, found out once.
fn terms() -> Terms {
    static TERMS: OnceLock<Terms> = OnceLock::new();
    let learn = || super::run::terms(&Ground::Inside(Box::new(sound))).expect("the reference broker answers");
    *TERMS.get_or_init(learn)
}

/// Any bytes as the choices of a session: the reference broker does nothing in it that the judge, or who waits for answers,
/// finds fault with.
///
/// # Panics
///
/// If the law does not hold.
pub fn session(input: &[u8]) {
    let terms = terms();
    let mut random = Random::told(input);
    let session = Maker::new(&mut random, &BOTH, terms.offer.alias(), terms.offer.qos()).session();
    let played = play(&session, &mut Inside::new(sound()), terms, &Names::new("law"));
    assert!(played.trial.suspicions().is_empty(), "{}", played.trial.transcript("law"));
}

/// Any bytes as a trace of up to eight connections: the judge comes to its end whatever came, says the same of the same
/// trace, each time of a line that is there, and the record of it can be read again.
///
/// # Panics
///
/// If the law does not hold.
pub fn auditor(input: &[u8]) {
    let (first, again) = (judged(input), judged(input));
    let seen = |trial: &Trial| trial.suspicions().to_vec();
    assert_eq!(seen(&first), seen(&again));
    assert!(first.suspicions().iter().all(|suspicion| suspicion.line <= first.line()), "{:?}", first.suspicions());
    let record = first.transcript("law").to_string();
    let read = record.parse::<Transcript>();
    assert!(read.is_ok(), "{read:?} of {record}");
}

/// A byte for the connection and what happens on it, one for how much, and so many bytes.
fn judged(input: &[u8]) -> Trial {
    let mut trial = Trial::new("", "");
    let (mut sides, mut now, mut rest) = (0, Duration::ZERO, input);
    while let [head, length, tail @ ..] = rest {
        let (bytes, behind) = tail.split_at(tail.len().min(usize::from(*length)));
        rest = behind;
        now += Duration::from_millis(1);
        let side = usize::from(head & 7);
        match head >> 3 & 7 {
            0 if sides < SIDES => {
                trial.opened(now, ["ann", "ben", "cid"][sides % 3], BOTH[side & 1]);
                sides += 1;
            }
            _ if side >= sides => {}
            1 | 2 => trial.wrote(side, now, bytes, None),
            3 | 4 => {
                trial.inbox(side).extend_from_slice(bytes);
                trial.came(side, now, |_| {});
            }
            5 => now += Duration::from_secs((*length).into()),
            6 => trial.ended(side, now, Ending::Fin),
            _ => trial.closed(side, now, (length & 1 == 1).then_some(Ending::Reset)),
        }
    }
    trial.settle(now + Duration::from_mins(1));
    trial
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::What;
    use std::fs;
    use std::path::{Path, PathBuf};

    /// How many seeds there are of each.
    const SEEDS: u64 = 40;

    fn folder(kind: &str, target: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz").join(kind).join(target)
    }

    fn replay(target: &str, law: fn(&[u8])) {
        let folders = ["corpus", "regressions"].map(|kind| folder(kind, target));
        let files = folders.iter().flat_map(|folder| fs::read_dir(folder).into_iter().flatten());
        let mut files: Vec<PathBuf> = files.map(|entry| entry.expect("can be listed").path()).collect();
        files.sort();
        assert!((1..500).contains(&files.len()), "{} files of {target}", files.len());
        for path in files {
            let input = fs::read(&path).expect("can be read");
            assert!(std::panic::catch_unwind(|| law(&input)).is_ok(), "{}: see the panic above", path.display());
        }
    }

    #[test]
    fn the_corpora_break_no_law() {
        replay("session", session);
        replay("auditor", auditor);
    }

    #[test]
    fn the_seeds_break_no_law() {
        let is_writing = std::env::var_os("MQTT_ASSAY_WRITE").is_some_and(|value| value == "1");
        for number in 0..SEEDS {
            let choices = choices(number);
            session(&choices);
            let trace = trace(&choices);
            assert!(judged(&trace).line() > 3, "{number}");
            auditor(&trace);
            for (target, seed) in [("session", choices), ("auditor", trace)] {
                if is_writing {
                    fs::create_dir_all(folder("seeds", target)).expect("can be made");
                    fs::write(folder("seeds", target).join(format!("{number:05}")), seed).expect("can be written");
                }
            }
        }
    }

    fn choices(number: u64) -> Vec<u8> {
        let mut random = Random::of(17, number);
        (0..400).map(|_| random.below(256) as u8).collect()
    }

    /// What goes over the connections of a session.
    fn trace(choices: &[u8]) -> Vec<u8> {
        let terms = terms();
        let session = Maker::new(&mut Random::told(choices), &BOTH, terms.offer.alias(), terms.offer.qos()).session();
        let played = play(&session, &mut Inside::new(sound()), terms, &Names::new("law"));
        let transcript = played.trial.transcript("law");
        let mut sides: Vec<&str> = Vec::new();
        let mut trace = Vec::new();
        for line in &transcript.lines {
            let known = sides.iter().position(|role| *role == line.role);
            let version = transcript.others.get(line.role.split('#').next().unwrap_or_default());
            let version = version.copied().unwrap_or(transcript.mqtt);
            let side = known.unwrap_or(sides.len()) as u8 & 7;
            match &line.what {
                What::Open => {
                    sides.push(&line.role);
                    trace.extend([u8::from(version == Version::V5), 0]);
                }
                What::Sent { bytes, .. } => add(&mut trace, side | 1 << 3, bytes),
                What::Received(bytes) => add(&mut trace, side | 3 << 3, bytes),
                What::Ended(_) => trace.extend([side | 6 << 3, 0]),
                What::Closed(_) => trace.extend([side | 7 << 3, 1]),
                What::HalfClosed => trace.extend([side | 7 << 3, 0]),
                What::Said(..) => {}
            }
        }
        trace
    }

    fn add(trace: &mut Vec<u8>, head: u8, bytes: &[u8]) {
        for part in bytes.chunks(255) {
            trace.extend([head, part.len() as u8]);
            trace.extend_from_slice(part);
        }
    }
}
