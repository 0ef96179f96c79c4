//! The hunt of the reference broker: silent where it is sound, the same for the same seed, and not silent where it errs.

use super::{Ground, HuntOptions, Hunted, Weight, hunt};
use mqtt_assay_reference::{Fault, FaultOn, Machine, Planted, Quirk, Settings};
use std::sync::atomic::AtomicBool;

fn hunted(options: &HuntOptions, faults: &[Fault], quirks: &[Quirk]) -> Hunted {
    let (faults, quirks) = (faults.to_vec(), quirks.to_vec());
    let make = move || {
        let faults = faults.iter().map(|fault| FaultOn::from(*fault)).collect();
        Machine::new(Settings { faults, quirks: quirks.iter().copied().collect(), ..Settings::default() })
    };
    hunt(&Ground::Inside(Box::new(make)), options, &AtomicBool::new(false), &|_| {}, &mut |_| {}).expect("it answers")
}

fn cases(count: u64, seed: u64) -> HuntOptions {
    HuntOptions { seed, cases: Some(count), jobs: 1, ..HuntOptions::default() }
}

fn keys(hunted: &Hunted) -> Vec<String> {
    hunted.findings.iter().map(|finding| format!("{}: {}", finding.key, finding.suspicion.seen)).collect()
}

#[test]
fn the_reference_broker_gives_no_cause() {
    let options = HuntOptions { feedback: true, ..cases(1500, 3) };
    assert_eq!(keys(&hunted(&options, &[], &[])), Vec::<String>::new());
}

fn planted(planted: Planted, options: &HuntOptions) -> Hunted {
    let make = move || Machine::new(Settings { planted: Some(planted), ..Settings::default() });
    hunt(&Ground::Inside(Box::new(make)), options, &AtomicBool::new(false), &|_| {}, &mut |_| {}).expect("it answers")
}

#[test]
fn what_is_planted_is_found_within_so_many_cases() {
    let options = HuntOptions { feedback: true, stops_at_first: true, ..cases(400, 1) };
    for (bug, word) in [
        (Planted::PublishCutAfterTopic, "process"),
        (Planted::MalformedDisconnect, "answer"),
        (Planted::UnreadableProperties, "process"),
        (Planted::ConnectReservedFlags, "expectation"),
        (Planted::PayloadOf1024, "auditor"),
    ] {
        let found = planted(bug, &options);
        let words: Vec<&str> = found.findings.iter().map(|finding| finding.key.oracle).collect();
        assert!(words.contains(&word), "{}: {:?}", bug.name(), keys(&found));
    }
}

#[test]
fn two_hunts_of_one_seed_send_the_same_bytes() {
    let digest = |seed| hunted(&cases(300, seed), &[], &[]).digest;
    assert_eq!(digest(5), digest(5));
    assert_ne!(digest(5), digest(6));
}

#[test]
fn what_is_drawn_follows_the_seed_alone_whatever_the_broker_answers() {
    for only in [None, Some(0), Some(1), Some(2)] {
        let planned = |seed, quirks: &[Quirk]| hunted(&HuntOptions { only, ..cases(60, seed) }, &[], quirks).planned;
        let otherwise = [Quirk::ReversesAcknowledgements, Quirk::ReportsNoSubscribers, Quirk::ExtraCopies];
        assert_eq!(planned(5, &[]), planned(5, &otherwise), "{only:?}");
        assert_ne!(planned(5, &[]), planned(6, &[]), "{only:?}");
        let shards = [1, 2, 3].map(|part| {
            let options = HuntOptions { only, shard: Some((part, 3)), ..cases(20, 5) };
            hunted(&options, &[], &[]).planned
        });
        assert_eq!(shards.into_iter().fold(0, u64::wrapping_add), planned(5, &[]), "{only:?}");
    }
}

#[test]
fn a_death_of_the_last_case_is_found_out() {
    // Up to the first case that ends it, and no further: found among its last.
    let options = HuntOptions { only: Some(0), stops_at_first: true, ..cases(3000, 1) };
    let first = hunted(&options, &[Fault::DiesOfWildcardTopic], &[]).findings.remove(0).first.0;
    let last = hunted(&HuntOptions { only: Some(0), ..cases(first + 1, 1) }, &[Fault::DiesOfWildcardTopic], &[]);
    assert_eq!(last.progress.deaths, 1);
    assert!(last.findings.iter().any(|finding| finding.suspicion.weight == Weight::Crash), "{:?}", keys(&last));
}

#[test]
fn a_broker_that_dies_is_found_out() {
    let options = HuntOptions { only: Some(0), stops_at_first: true, ..cases(3000, 1) };
    let found = hunted(&options, &[Fault::DiesOfWildcardTopic], &[]);
    let death = found.findings.iter().find(|finding| finding.suspicion.weight == Weight::Crash).expect("it died");
    assert!(death.key.place.contains("topic.wildcard-in-name"), "{}", death.key);
    assert!(death.transcript.is_some());
}
