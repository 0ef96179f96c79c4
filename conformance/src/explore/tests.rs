//! Sequences on the reference broker: silent where it keeps the standard, whatever freedoms it takes; and a finding where it
//! doesn't, shrunk and repeated.

use super::{ExploreOptions, Explored, Sequence, explore};
use crate::broker::{EmbeddedOptions, EmbeddedTarget, Target};
use crate::run::{Order, RunOptions, clock};
use crate::scenario::RunNames;
use mqtt_assay_codec::Version;
use mqtt_assay_reference::{FaultOn, Quirk};
use std::cell::RefCell;

const BOTH: [Version; 2] = [Version::V3_1_1, Version::V5];

fn options(count: u64, seed: u64) -> ExploreOptions {
    let names =
        RunNames { topic_prefix: "mqtt-assay".to_owned(), client_id_prefix: "ma".to_owned(), run: "test".to_owned() };
    let run = RunOptions {
        seed,
        jobs: 1,
        patience: 1,
        order: Order::LongWaitsFirst,
        fail_fast: false,
        intrusive: true,
        names,
    };
    ExploreOptions { count, seed, versions: BOTH.to_vec(), run, tries: super::TRIES }
}

fn explored(faults: Vec<FaultOn>, quirks: Vec<Quirk>, options: &ExploreOptions) -> Explored {
    let target = EmbeddedOptions { faults, quirks, seed: options.seed, ..EmbeddedOptions::default() };
    let target = Target::Embedded(EmbeddedTarget::new(target));
    let explored = clock::simulated(explore(&target, options, std::future::pending(), |_| {}));
    explored.unwrap_or_else(|nothing| panic!("{}", nothing.0))
}

/// What was found, with all that is needed to look at it.
fn in_words(explored: &Explored) -> String {
    let findings = explored.findings.iter().map(|finding| {
        let found = &finding.found;
        format!(
            "{} {} (MQTT {}, {} line {}), sequence {}, {} of {} steps, {} times\n{}\n{}",
            found.rule.id(),
            found.seen,
            found.version,
            found.role,
            found.line,
            finding.index,
            finding.sequence.steps.len(),
            finding.steps_before,
            finding.times,
            finding.sequence,
            finding.transcript
        )
    });
    let unfinished = explored.unfinished.iter().map(|(index, why)| format!("sequence {index}: {why}"));
    findings.chain(unfinished).collect::<Vec<_>>().join("\n\n")
}

fn require_silence(explored: &Explored, count: u64, with: &str) {
    let text = in_words(explored);
    assert!(text.is_empty() && explored.sequences == count, "{with}, {} sequences:\n{text}", explored.sequences);
}

#[test]
fn a_broker_that_keeps_the_standard_is_found_nothing_of() {
    require_silence(&explored(Vec::new(), Vec::new(), &options(200, 1)), 200, "sound");
}

#[test]
fn no_freedom_of_the_standard_is_a_finding() {
    // The control tells that this one can't be judged.
    for &quirk in Quirk::ALL.iter().filter(|quirk| **quirk != Quirk::RewritesTopics) {
        require_silence(&explored(Vec::new(), vec![quirk], &options(12, 2)), 12, quirk.name());
    }
}

fn record(index: u64) -> String {
    played(&super::generate::generate(1, index, &BOTH)).transcript.to_string()
}

/// Plays one on a broker that keeps the standard.
fn played(sequence: &Sequence) -> super::finding::Played {
    let target = EmbeddedTarget::new(EmbeddedOptions::default());
    clock::simulated(async {
        let ready = target.prepare(crate::broker::Variant::PLAIN).expect("it starts");
        let (silence, run) = (mqtt_assay_standard::bounds::SET_UP, options(1, 1).run);
        super::search::play(sequence, ready, "explore/1/0", Version::V5, silence, &run, &RefCell::default()).await
    })
}

/// Sequences in which a judge once saw a breach that was none.
const ONCE_BLAMED: [&str; 5] = [
    "cast ann=5 ben=3.1.1
     ann connect
     ben connect keeps
     ann subscribe filter=x/# qos=1
     ann connect keeps
     ben publish topic=x/b qos=1
     ann leave with-will",
    "cast ann=5 ben=3.1.1
     ann connect
     ann subscribe filter=a/+ qos=1 as-published
     ben connect keeps
     ben publish topic=a/b qos=2 retain at-once
     ann subscribe filter=a/b qos=1",
    "cast ann=3.1.1 ben=5
     ann connect keeps
     ben connect clean keeps
     ben subscribe filter=# qos=2
     ben connect
     ann subscribe filter=a/# qos=1
     ben connect keeps will=a/b/c qos=1 retain
     ben connect
     ben subscribe filter=# qos=0 handling=1",
    "cast ben=5
     ben connect clean keeps
     ben publish topic=a qos=0 retain
     ben subscribe filter=# qos=2
     ben connect
     ben connect keeps
     ben subscribe filter=# qos=0 handling=1 identifier=70000",
    "cast ben=5
     ben connect clean keeps
     ben publish topic=a qos=0 retain
     ben subscribe filter=# qos=2
     ben connect
     ben connect
     ben subscribe filter=# qos=0 handling=1",
];

#[test]
fn what_was_blamed_without_reason_is_blamed_no_more() {
    for text in ONCE_BLAMED {
        let sequence: Sequence = text.parse().expect("a sequence");
        let played = played(&sequence);
        assert!(played.found.is_empty(), "{text}\n{:?}\n{}", played.found, played.transcript);
    }
}

#[test]
fn a_sequence_repeats_itself() {
    for index in 0..5 {
        assert_eq!(record(index), record(index));
    }
}
