//! SUBSCRIBE, UNSUBSCRIBE, retained messages, shared subscriptions.

use super::*;
use mqtt_assay_codec::RetainHandling;

fn options(qos: u8) -> SubscriptionOptions {
    SubscriptionOptions::at(level(qos))
}

#[test]
fn each_filter_has_its_code_in_order() {
    for version in BOTH {
        let mut script = Script::new();
        script.connect(1, version, "a");
        script.subscribe_with(1, &[("a", options(1)), ("b/+", options(2)), ("#", options(0))], None);
        assert_eq!(script.got(1), ["SUBACK 77 [01, 02, 00]"]);
        script.unsubscribe(1, &["b/+", "missing"]);
        let answer = if version == V5 { "UNSUBACK 78 [00, 11]" } else { "UNSUBACK 78 []" };
        assert_eq!(script.got(1), [answer]);
    }
}

#[test]
fn the_lower_qos_wins() {
    let mut script = Script::new();
    script.connect(1, V3, "watcher");
    script.connect(2, V3, "publisher");
    for (granted, published) in [(0, 2), (1, 2), (2, 1), (1, 0)] {
        script.subscribe(1, "t", granted);
        script.publish(2, "t", published, "x");
        let got = script.got(1);
        let qos = granted.min(published);
        assert!(got.len() == 1 && got[0].starts_with(&format!("PUBLISH {qos}/")), "{granted} {published}: {got:?}");
        script.pubrel(2, 10);
    }
}

#[test]
fn overlapping_subscriptions_get_one_copy_at_the_highest_qos() {
    let mut script = Script::new();
    script.connect(1, V5, "a");
    script.subscribe_with(1, &[("t/#", options(0))], Some(1));
    script.subscribe_with(1, &[("t/+", options(1))], Some(2));
    script.bytes(1);
    script.publish(1, "t/x", 2, "x");
    let copy = "PUBLISH 1/1 t/x=x SubscriptionIdentifier(1) SubscriptionIdentifier(2)";
    assert_eq!(script.got(1), [copy, "PUBREC 10 00"]);

    let mut script = Script::quirky(Quirk::ExtraCopies);
    script.connect(1, V3, "a");
    script.subscribe(1, "t/#", 0);
    script.subscribe(1, "t/+", 1);
    script.publish(1, "t/x", 1, "x");
    assert_eq!(script.got(1), ["PUBLISH 0/0 t/x=x", "PUBLISH 1/1 t/x=x", "PUBACK 10 00"]);
}

#[test]
fn a_repeated_subscription_replaces_the_old_one() {
    for version in BOTH {
        let mut script = Script::new();
        script.connect(1, version, "a");
        script.retain(1, "t", 1, "kept");
        script.bytes(1);
        for qos in [2, 0] {
            script.subscribe_with(1, &[("t", options(qos))], None);
            let retained = if qos == 0 { "PUBLISH 0/0 retained t=kept" } else { "PUBLISH 1/1 retained t=kept" };
            assert_eq!(script.got(1), [format!("SUBACK 77 [0{qos}]"), retained.to_owned()]);
        }
        script.publish(1, "t", 1, "x");
        assert_eq!(script.got(1), ["PUBLISH 0/0 t=x", "PUBACK 10 00"]);
    }
}

#[test]
fn unsubscribing_compares_filters_exactly() {
    let mut script = Script::new();
    script.connect(1, V3, "a");
    script.subscribe(1, "t/a", 0);
    script.subscribe(1, "t/+", 1);
    script.unsubscribe(1, &["t/#", "t/+"]);
    script.bytes(1);
    script.publish(1, "t/a", 1, "x");
    script.publish(1, "t/b", 1, "x");
    assert_eq!(script.got(1), ["PUBLISH 0/0 t/a=x", "PUBACK 10 00", "PUBACK 10 00"]);
}

#[test]
fn retained_messages_come_and_go() {
    for version in BOTH {
        let mut script = Script::new();
        script.connect(1, version, "publisher");
        script.connect(2, version, "live");
        script.subscribe(2, "t/#", 0);
        for (topic, payload) in [("t/a", "old"), ("t/a", "new"), ("t/b", "gone"), ("t/b", "")] {
            script.retain(1, topic, 1, payload);
        }
        script.publish(1, "t/a", 1, "not retained");
        assert_eq!(
            script.got(2),
            [
                "PUBLISH 0/0 t/a=old",
                "PUBLISH 0/0 t/a=new",
                "PUBLISH 0/0 t/b=gone",
                "PUBLISH 0/0 t/b=",
                "PUBLISH 0/0 t/a=not retained"
            ]
        );
        script.lose(1);
        script.connect(3, version, "late");
        script.subscribe_with(3, &[("t/+", options(2))], None);
        assert_eq!(script.got(3), ["SUBACK 77 [02]", "PUBLISH 1/1 retained t/a=new"]);
    }
}

#[test]
fn retain_handling_and_retain_as_published() {
    let mut script = Script::new();
    script.connect(1, V5, "a");
    script.retain(1, "t", 0, "kept");
    let with = |retain_handling, retain_as_published| SubscriptionOptions {
        retain_handling,
        retain_as_published,
        ..options(0)
    };
    for (options, comes) in [
        (with(RetainHandling::DoNotSend, false), false),
        (with(RetainHandling::SendIfNew, false), false),
        (with(RetainHandling::Send, false), true),
    ] {
        script.subscribe_with(1, &[("t", options)], None);
        assert_eq!(script.got(1).len(), if comes { 2 } else { 1 }, "{options:?}");
    }
    script.unsubscribe(1, &["t"]);
    script.bytes(1);
    script.subscribe_with(1, &[("t", with(RetainHandling::SendIfNew, true))], None);
    assert_eq!(script.got(1), ["SUBACK 77 [00]", "PUBLISH 0/0 retained t=kept"]);
    script.retain(1, "t", 0, "live");
    script.publish(1, "t", 0, "plain");
    assert_eq!(script.got(1), ["PUBLISH 0/0 retained t=live", "PUBLISH 0/0 t=plain"]);
}

#[test]
fn no_local_keeps_own_messages_away() {
    let mut script = Script::new();
    script.connect(1, V5, "a");
    script.connect(2, V5, "b");
    let no_local = SubscriptionOptions { no_local: true, ..options(0) };
    script.subscribe_with(1, &[("t", no_local)], None);
    script.bytes(1);
    script.publish(1, "t", 0, "own");
    script.publish(2, "t", 0, "foreign");
    assert_eq!(script.got(1), ["PUBLISH 0/0 t=foreign"]);
}

#[test]
fn what_is_not_available_is_refused() {
    let limits = [("wildcards", "no"), ("shared-subscriptions", "no"), ("subscription-identifiers", "no")];
    for (filter, identifier, code) in [("a/#", None, "a2"), ("$share/g/a", None, "9e"), ("a", Some(1), "a1")] {
        let mut script = Script::limited(&limits);
        script.connect(1, V5, "a");
        script.subscribe_with(1, &[(filter, options(0))], identifier);
        assert_eq!(script.got(1), [format!("DISCONNECT {code}"), "closed".to_owned()]);
    }
    let mut script = Script::limited(&limits);
    script.connect(1, V3, "a");
    script.subscribe_with(1, &[("a/#", options(0)), ("a", options(0))], None);
    assert_eq!(script.got(1), ["SUBACK 77 [80, 00]"]);
}

#[test]
fn refused_subscriptions_leave_the_connection_open() {
    for (version, denied, full) in [(V3, "80", "80"), (V5, "87", "97")] {
        let mut limits = BrokerLimits::default();
        limits.set("max-subscriptions", "1").expect("a limit");
        let access = crate::Access { denied_topic: Some("secret/#".to_owned()), ..Default::default() };
        let mut script = Script::with(Settings { limits, access, ..Settings::default() });
        script.connect(1, version, "a");
        script.subscribe_with(1, &[("secret/x", options(0)), ("a", options(0)), ("b", options(0))], None);
        assert_eq!(script.got(1), [format!("SUBACK 77 [{denied}, 00, {full}]")]);
    }
}

#[test]
fn a_shared_message_goes_to_one_member_in_turn() {
    let mut script = Script::new();
    for id in [1, 2] {
        script.connect(id, V5, &format!("member{id}"));
        script.subscribe(id, "$share/g/t", 1);
    }
    script.connect(3, V5, "publisher");
    script.subscribe(3, "$share/h/t", 0);
    script.retain(3, "t", 1, "x");
    script.publish(3, "t", 1, "y");
    assert_eq!(script.got(1), ["PUBLISH 1/1 t=x"]);
    assert_eq!(script.got(2), ["PUBLISH 1/1 t=y"]);
    assert_eq!(script.got(3), ["PUBLISH 0/0 t=x", "PUBACK 10 00", "PUBLISH 0/0 t=y", "PUBACK 10 00"]);
    script.unsubscribe(1, &["$share/g/t"]);
    script.bytes(1);
    script.publish(3, "t", 1, "z");
    assert!(script.got(1).is_empty());
    assert_eq!(script.got(2), ["PUBLISH 1/2 t=z"]);
    script.subscribe_with(2, &[("$share/new/t", options(1))], None);
    assert_eq!(script.got(2), ["SUBACK 77 [01]"]);
}

#[test]
fn shares_mean_nothing_in_3() {
    let mut script = Script::new();
    script.connect(1, V3, "a");
    script.subscribe(1, "$share/g/t", 0);
    script.publish(1, "t", 0, "x");
    assert!(script.got(1).is_empty());
}

#[test]
fn wildcards_spare_dollar_topics() {
    let mut script = Script::new();
    script.connect(1, V3, "a");
    script.subscribe(1, "#", 0);
    script.subscribe(1, "+/x", 0);
    script.publish(1, "$own/x", 0, "x");
    assert!(script.got(1).is_empty());
}

#[test]
fn clients_exchange_nothing_on_dollar_topics() {
    for (fault, expected) in [(None, vec![]), (Some(Fault::ExchangesDollarTopics), vec!["PUBLISH 0/0 $own/x=x"])] {
        let mut script = Script::with(Settings { faults: fault.into_iter().collect(), ..Settings::default() });
        script.connect(1, V3, "a");
        script.subscribe(1, "$own/x", 0);
        script.publish(1, "$own/x", 0, "x");
        assert_eq!(script.got(1), expected);
    }
}

#[test]
fn quirks_of_subscribing() {
    let mut script = Script::quirky(Quirk::PublishBeforeSuback);
    script.connect(1, V3, "a");
    script.retain(1, "t", 0, "x");
    script.subscribe_with(1, &[("t", options(0))], None);
    assert_eq!(script.got(1), ["PUBLISH 0/0 retained t=x", "SUBACK 77 [00]"]);

    let mut script = Script::quirky(Quirk::GrantsLowerQos);
    script.connect(1, V3, "a");
    script.subscribe_with(1, &[("t", options(2))], None);
    assert_eq!(script.got(1), ["SUBACK 77 [01]"]);

    let mut script = Script::quirky(Quirk::RefusesControlCharacters);
    script.connect(1, V3, "a");
    script.publish(1, "a\u{ffff}", 0, "x");
    assert_eq!(script.got(1), ["closed"]);
}
