//! The way that the machine is on: each condition holds on its way, and nowhere else.

use super::*;
use crate::{Condition, FaultOn};

/// A machine that does this wrong on that way.
fn wrong_on(fault: Fault, way: Condition) -> Script {
    Script::with(Settings { faults: FaultSet::from(FaultOn { fault, way: Some(way) }), ..Settings::default() })
}

/// Something that happens, with a message `x` for connection 1 at its end.
type Scene = fn(&mut Script);

/// A client with a stored session as this connection, which takes over what there is of it.
fn join(script: &mut Script, id: u64, clean_start: bool) {
    let properties = PropertiesBuf::new().with(Property::SessionExpiryInterval(100));
    let properties = properties.as_properties();
    script.connect_with(id, V5, &Connect { clean_start, properties, ..connect("receiver") });
}

fn begin(script: &mut Script, filters: &[(&str, u8)]) {
    join(script, 1, true);
    let filters: Vec<_> = filters.iter().map(|(filter, qos)| (*filter, SubscriptionOptions::at(level(*qos)))).collect();
    script.subscribe_with(1, &filters, None);
    script.connect(100, V5, "publisher");
}

/// Leaves and comes back so often; what is published meanwhile waits.
fn come_back(script: &mut Script, times: u64, meanwhile: Option<&str>) {
    for time in 1..=times {
        script.disconnect(time);
        if let Some(payload) = meanwhile.filter(|_| time == times) {
            script.publish(100, "a/b", 1, payload);
        }
        join(script, time + 1, false);
    }
}

fn will_of(script: &mut Script, retain: bool) {
    script.connect_with(200, V5, &Connect { will: Some(Will { retain, ..will("a/b", "x") }), ..connect("mortal") });
    script.lose(200);
}

const LONG: &str = "x.......................................................................................................\
    ...................................................................................................";

/// Scenes, the connection that gets the message, and the conditions that hold there: all of them.
const SCENES: &[(Scene, u64, &str)] = &[
    (live, 1, "live fresh exact qos1"),
    (|script| along(script, "+/b"), 1, "live fresh plus qos1"),
    (|script| along(script, "a/#"), 1, "live fresh hash qos1"),
    (|script| along(script, "+/#"), 1, "live fresh plus-and-hash qos1"),
    (|script| along(script, "$share/g/a/b"), 1, "live shared fresh exact qos1"),
    (retained, 1, "retained fresh exact qos1"),
    (|script| waits(script, 1), 2, "queued resumed exact qos1"),
    (|script| waits(script, 2), 3, "queued resumed second-time exact qos1"),
    (|script| waits(script, 3), 4, "queued resumed second-time third-time exact qos1"),
    (|script| again_live(script, false), 2, "live resumed taken-over exact qos1"),
    (|script| again_live(script, true), 2, "live fresh taken-over-clean exact qos1"),
    (a_will, 1, "will fresh exact qos1"),
    (a_retained_will, 1, "retained-will fresh exact qos1"),
    (one_of_two, 1, "live fresh exact one-of-several qos1"),
    (replaced, 1, "live fresh exact replaced qos1"),
    (overlapping, 1, "live fresh one-of-several overlapping qos1"),
    (at_two, 1, "live fresh exact qos2"),
    (lowered, 1, "live fresh exact qos1 lowered"),
    (from_another_version, 1, "live fresh exact qos1 other-version"),
    (the_eleventh, 1, "live fresh exact qos1 after:10"),
    (long, 1, "live fresh exact qos1 above:200"),
];

fn live(script: &mut Script) {
    along(script, "a/b");
}

fn along(script: &mut Script, filter: &str) {
    begin(script, &[(filter, 1)]);
    script.publish(100, "a/b", 1, "x");
}

fn retained(script: &mut Script) {
    script.connect(100, V5, "keeper");
    script.retain(100, "a/b", 1, "x");
    script.disconnect(100);
    script.clients.remove(&100);
    join(script, 1, true);
    script.subscribe_with(1, &[("a/b", SubscriptionOptions::at(QoS::AtLeastOnce))], None);
}

fn waits(script: &mut Script, times: u64) {
    begin(script, &[("a/b", 1)]);
    come_back(script, times, Some("x"));
}

fn again_live(script: &mut Script, clean_start: bool) {
    begin(script, &[("a/b", 1)]);
    join(script, 2, clean_start);
    if clean_start {
        script.subscribe_with(2, &[("a/b", SubscriptionOptions::at(QoS::AtLeastOnce))], None);
    }
    script.publish(100, "a/b", 1, "x");
}

fn a_will(script: &mut Script) {
    begin(script, &[("a/b", 1)]);
    will_of(script, false);
}

fn a_retained_will(script: &mut Script) {
    will_of(script, true);
    begin(script, &[("a/b", 1)]);
}

fn one_of_two(script: &mut Script) {
    begin(script, &[("c", 1), ("a/b", 1)]);
    script.publish(100, "a/b", 1, "x");
}

fn replaced(script: &mut Script) {
    begin(script, &[("a/b", 0)]);
    script.subscribe_with(1, &[("a/b", SubscriptionOptions::at(QoS::AtLeastOnce))], None);
    script.publish(100, "a/b", 1, "x");
}

fn overlapping(script: &mut Script) {
    begin(script, &[("a/+", 1), ("a/b", 1)]);
    script.publish(100, "a/b", 1, "x");
}

fn at_two(script: &mut Script) {
    begin(script, &[("a/b", 2)]);
    script.publish(100, "a/b", 2, "x");
}

fn lowered(script: &mut Script) {
    begin(script, &[("a/b", 1)]);
    script.publish(100, "a/b", 2, "x");
}

fn from_another_version(script: &mut Script) {
    begin(script, &[("a/b", 1)]);
    script.connect(101, V3, "elder");
    script.publish(101, "a/b", 1, "x");
}

fn the_eleventh(script: &mut Script) {
    begin(script, &[("a/b", 1)]);
    for _ in 0..10 {
        script.publish(100, "a/b", 1, "before");
    }
    script.publish(100, "a/b", 1, "x");
}

fn long(script: &mut Script) {
    begin(script, &[("a/b", 1)]);
    script.publish(100, "a/b", 1, LONG);
}

#[test]
fn each_condition_of_a_delivery_holds_on_its_way_only() {
    for &(scene, id, expected) in SCENES {
        for &condition in Condition::ALL {
            let mut script = wrong_on(Fault::DupOnFirstDelivery, condition);
            scene(&mut script);
            let got = script.got(id);
            let came: Vec<&String> = got.iter().filter(|line| line.contains("a/b=x")).collect();
            assert_eq!(came.len(), 1, "{expected}: {got:?}");
            let is_wild = condition == Condition::Wildcard && (expected.contains("plus") || expected.contains("hash"));
            let holds = is_wild || expected.split(' ').any(|name| name == condition.name());
            assert_eq!(came[0].contains(" dup"), holds, "{} where it is {expected}: {got:?}", condition.name());
        }
    }
}

#[test]
fn what_is_sent_again_is_on_the_way_of_its_message() {
    for (condition, is_wrong) in [
        (Condition::SentAgain, true),
        (Condition::Queued, false),
        (Condition::Resumed, true),
        (Condition::SecondTime, false),
        (Condition::Live, false),
    ] {
        let mut script = wrong_on(Fault::DupMissingOnRedelivery, condition);
        live(&mut script);
        assert!(script.got(1).iter().any(|line| line == "PUBLISH 1/1 a/b=x"));
        come_back(&mut script, 1, None);
        let dup = if is_wrong { "" } else { " dup" };
        let again = format!("PUBLISH 1/1{dup} a/b=x");
        assert_eq!(script.got(2).last(), Some(&again), "{}", condition.name());
    }
}

#[test]
fn packets_have_ways_of_their_own() {
    let puback = |script: &mut Script, publish: Publish<'_>| {
        script.send(1, &Packet::Publish(publish));
        script.got(1).concat()
    };
    for (condition, publish, is_wrong) in [
        (Condition::Qos1, publish("a", 1, "x"), true),
        (Condition::Fresh, publish("a", 1, "x"), true),
        (Condition::Resumed, publish("a", 1, "x"), false),
        (Condition::SentAgain, publish("a", 1, "x"), false),
        (Condition::SentAgain, Publish { dup: true, ..publish("a", 1, "x") }, true),
        (Condition::Above(200), publish("a", 1, "x"), false),
        (Condition::Above(200), publish("a", 1, LONG), true),
        (Condition::IdentifierAbove(9), publish("a", 1, "x"), true),
        (Condition::IdentifierAbove(10), publish("a", 1, "x"), false),
        (Condition::After(1), publish("a", 1, "x"), false),
    ] {
        let mut script = wrong_on(Fault::PubackInventsCode, condition);
        script.connect(1, V5, "publisher");
        script.got(1);
        let got = puback(&mut script, publish);
        assert_eq!(got.contains("ILLEGAL"), is_wrong, "{}: {got}", condition.name());
    }
    let mut script = wrong_on(Fault::PubackInventsCode, Condition::After(1));
    script.connect(1, V5, "publisher");
    script.got(1);
    assert_eq!(puback(&mut script, publish("a", 1, "x")), "PUBACK 10 00");
    assert!(puback(&mut script, publish("a", 1, "x")).contains("ILLEGAL"));
}

#[test]
fn subscriptions_are_on_the_way_of_their_packet() {
    for (condition, filters, is_wrong) in [
        (Condition::OneOfSeveral, &["a", "b"][..], true),
        (Condition::OneOfSeveral, &["a"], false),
        (Condition::Shared, &["$share/g/a"], true),
        (Condition::Hash, &["a/#"], true),
        (Condition::Hash, &["a"], false),
    ] {
        let mut script = wrong_on(Fault::UnsubackInventsCode, condition);
        script.connect(1, V5, "subscriber");
        script.got(1);
        script.unsubscribe(1, filters);
        let got = script.got(1).concat();
        assert_eq!(got.contains("ILLEGAL"), is_wrong, "{} {filters:?}: {got}", condition.name());
    }
}

#[test]
fn connections_are_counted() {
    for (condition, present) in [
        (Condition::Resumed, [0, 0, 0, 0]),
        (Condition::SecondTime, [0, 1, 0, 0]),
        (Condition::ThirdTime, [0, 1, 1, 0]),
        (Condition::After(1), [0, 0, 0, 0]),
        (Condition::After(2), [0, 1, 0, 0]),
        (Condition::Fresh, [0, 1, 1, 1]),
    ] {
        let mut script = wrong_on(Fault::SessionPresentNever, condition);
        begin(&mut script, &[("a/b", 1)]);
        come_back(&mut script, 3, None);
        for (id, present) in (1..).zip(present) {
            let expected = format!("CONNACK {present} 00");
            assert_eq!(script.got(id).first(), Some(&expected), "{} on connection {id}", condition.name());
        }
    }
}

#[test]
fn a_will_is_on_its_way_from_the_end_of_its_connection() {
    for (condition, is_lost) in [
        (Condition::Will, true),
        (Condition::Qos1, true),
        (Condition::Qos2, false),
        (Condition::RetainedWill, false),
        (Condition::Fresh, true),
        (Condition::Resumed, false),
    ] {
        let mut script = wrong_on(Fault::WillNotSent, condition);
        a_will(&mut script);
        let got = script.got(1);
        assert_eq!(!got.iter().any(|line| line.contains("a/b=x")), is_lost, "{}: {got:?}", condition.name());
    }
}

#[test]
fn a_will_stays_with_its_client() {
    let mut script = Script::faulty(Fault::WillStays);
    begin(&mut script, &[("#", 1)]);
    will_of(&mut script, false);
    script.connect_with(201, V5, &Connect { will: Some(will("other", "y")), ..connect("other") });
    script.lose(201);
    script.connect(202, V5, "mortal");
    script.lose(202);
    let came = script.got(1);
    assert_eq!(came.iter().filter(|line| line.contains("a/b=x")).count(), 2, "{came:?}");
}
