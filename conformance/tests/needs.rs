//! What a case asks of a broker, and what it says that it needs: found in the packets that it sends.

use mqtt_assay::broker::{EmbeddedOptions, EmbeddedTarget, Target};
use mqtt_assay::cases;
use mqtt_assay::link::{Line, What};
use mqtt_assay::run::{CaseResult, Order, RunOptions, clock, run};
use mqtt_assay::scenario::{Instance, RunNames};
use mqtt_assay_codec::{
    Connect, Context, Decoded, Limits, Packet, QoS, Sender, Subscribe, Version, decode, is_shared, split_shared,
};
use std::collections::BTreeSet;

#[test]
fn what_a_case_sends_is_among_its_needs() {
    let mut missing = BTreeSet::new();
    for case in results() {
        for feature in asked(&case) {
            if !is_known(&case.instance, feature) {
                missing.insert(format!("{} sends what needs {feature}", case.instance.id()));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

/// A case says it, or is about a broker that lacks it.
fn is_known(instance: &Instance, feature: &'static str) -> bool {
    instance.case.needs.contains(&feature) || instance.case.variant.lacks == feature
}

fn results() -> Vec<CaseResult> {
    let selected: Vec<Instance> = cases::all().collect();
    let target = Target::Embedded(EmbeddedTarget::new(EmbeddedOptions::default()));
    let names =
        RunNames { topic_prefix: "mqtt-assay".to_owned(), client_id_prefix: "ma".to_owned(), run: "needs".to_owned() };
    let options = RunOptions {
        seed: 1,
        jobs: 64,
        patience: 1,
        order: Order::LongWaitsFirst,
        fail_fast: false,
        intrusive: true,
        names,
    };
    clock::simulated(async { run(&target, &selected, &options, std::future::pending(), |_| {}).await })
        .unwrap_or_else(|nothing| panic!("the control failed: {}", nothing.0))
        .results
}

/// The features that the packets of a case ask for. Those that remove what it left are none of it.
fn asked(case: &CaseResult) -> BTreeSet<&'static str> {
    let lines = case.transcript.lines.iter().filter(|line| !line.role.starts_with("cleaner"));
    lines.flat_map(|line| of_line(line, case.instance.version)).collect()
}

fn of_line(line: &Line, version: Version) -> Vec<&'static str> {
    let What::Sent { bytes, .. } = &line.what else { return Vec::new() };
    // What a mutation made unreadable is refused for that.
    match decode(bytes, Context::new(version, Sender::Client), &Limits::default()) {
        Ok(Decoded::Complete { packet, .. }) => match packet {
            Packet::Connect(connect) => of_connect(&connect),
            Packet::Publish(publish) => of_message(publish.qos, publish.retain),
            Packet::Subscribe(subscribe) => of_subscribe(&subscribe, version),
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

fn of_connect(connect: &Connect<'_>) -> Vec<&'static str> {
    let Some(will) = connect.will else { return Vec::new() };
    let mut features = of_message(will.qos, will.retain);
    features.push("will");
    features
}

fn of_message(qos: QoS, retain: bool) -> Vec<&'static str> {
    let features = [("qos2", qos == QoS::ExactlyOnce), ("retain", retain)];
    features.into_iter().filter(|(_, is_asked)| *is_asked).map(|(feature, _)| feature).collect()
}

fn of_subscribe(subscribe: &Subscribe<'_>, version: Version) -> Vec<&'static str> {
    let is_v5 = version == Version::V5;
    let plain = |filter: &str| match split_shared(filter) {
        Some((_, plain)) if is_v5 => plain.to_owned(),
        _ => filter.to_owned(),
    };
    let filters: Vec<&str> = subscribe.filters.iter().map(|(filter, _)| filter).collect();
    let features = [
        ("wildcard", filters.iter().any(|filter| plain(filter).contains(['+', '#']))),
        ("shared-subscriptions", is_v5 && filters.iter().any(|filter| is_shared(filter))),
        ("subscription-identifiers", subscribe.properties.subscription_identifier().is_some()),
    ];
    features.into_iter().filter(|(_, is_asked)| *is_asked).map(|(feature, _)| feature).collect()
}
