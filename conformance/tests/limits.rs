//! The whole suite on brokers that take less than the usual, and say so in CONNACK (5.0 section 3.2.2.3): no case may ask for
//! more, but where it is about just that, and nothing may be held against such a broker. 3.1.1 has no means to say so; what the
//! same broker says in 5.0 holds there as well.

use mqtt_assay::broker::{EmbeddedOptions, EmbeddedTarget, Target};
use mqtt_assay::cases;
use mqtt_assay::run::{Order, RunOptions, RunResult, clock, run};
use mqtt_assay::scenario::{Instance, RunNames, Verdict};
use mqtt_assay_codec::Version;
use std::fmt::Write as _;

fn judge(version: Version, limits: &[(&str, &str)]) -> RunResult {
    let names = RunNames { topic_prefix: "mqtt-assay".into(), client_id_prefix: "ma".into(), run: "limited".into() };
    let options = RunOptions {
        seed: 1,
        jobs: 64,
        patience: 1,
        order: Order::default(),
        fail_fast: false,
        intrusive: true,
        names,
    };
    let selected: Vec<Instance> = cases::all().filter(|instance| instance.version == version).collect();
    let limits = limits.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let target = Target::Embedded(EmbeddedTarget::new(EmbeddedOptions { limits, ..EmbeddedOptions::default() }));
    clock::simulated(async { run(&target, &selected, &options, std::future::pending(), |_| {}).await })
        .unwrap_or_else(|nothing| panic!("the control failed: {}", nothing.0))
}

/// Nothing is held against the broker, and at least so many cases are judged: excuses are no way out.
#[track_caller]
fn assert_kept(limits: &[(&str, &str)], least: usize) {
    assert_kept_in(Version::V5, limits, least);
}

#[track_caller]
fn assert_kept_in(version: Version, limits: &[(&str, &str)], least: usize) {
    let result = judge(version, limits);
    let mut complaints = String::new();
    for case in &result.results {
        if matches!(case.verdict, Verdict::Fail | Verdict::Weak | Verdict::Inconclusive) {
            let reason = case.reason.as_deref().unwrap_or_default();
            let _ = writeln!(complaints, "{} {}: {reason}\n{}", case.instance.id(), case.verdict, case.transcript);
        }
    }
    assert!(complaints.is_empty(), "{limits:?}\n{complaints}");
    let judged = result.results.iter().filter(|case| case.verdict == Verdict::Pass).count();
    assert!(judged >= least, "{limits:?}: only {judged} cases pass");
}

#[test]
fn few_exchanges_at_once() {
    assert_kept(&[("receive-maximum", "1")], 600);
    assert_kept(&[("receive-maximum", "2")], 600);
}

#[test]
fn small_packets() {
    assert_kept(&[("max-packet-size", "256")], 590);
    assert_kept(&[("max-packet-size", "1024")], 590);
}

#[test]
fn no_topic_aliases() {
    assert_kept(&[("topic-alias-maximum", "0")], 600);
}

#[test]
fn lower_qos() {
    assert_kept(&[("max-qos", "1")], 500);
    assert_kept(&[("max-qos", "0")], 300);
}

#[test]
fn no_retained_messages() {
    assert_kept(&[("retain", "no")], 580);
}

#[test]
fn no_wildcards() {
    assert_kept(&[("wildcards", "no")], 560);
}

#[test]
fn neither_shares_nor_identifiers() {
    assert_kept(&[("shared-subscriptions", "no")], 590);
    assert_kept(&[("subscription-identifiers", "no")], 590);
}

#[test]
fn sessions_that_end_with_their_connection() {
    assert_kept(&[("session-expiry-maximum", "0")], 540);
}

#[test]
fn all_of_it_at_once() {
    let limits = [
        ("receive-maximum", "1"),
        ("max-packet-size", "256"),
        ("topic-alias-maximum", "0"),
        ("retain", "no"),
        ("wildcards", "no"),
        ("shared-subscriptions", "no"),
        ("subscription-identifiers", "no"),
        ("max-in-flight", "1"),
    ];
    assert_kept(&limits, 400);
}

#[test]
fn what_is_stated_in_5_0_holds_in_3_1_1() {
    assert_kept_in(Version::V3_1_1, &[("max-qos", "1")], 300);
    assert_kept_in(Version::V3_1_1, &[("retain", "no")], 300);
    assert_kept_in(Version::V3_1_1, &[("wildcards", "no")], 300);
}
