//! RETAIN, and what is retained.

use super::{
    ONE, TWO, Trace, VERSIONS, assert_broken, assert_silent, assert_sound, message, pair, retained, retaining,
};
use crate::auditor::Point;
use mqtt_assay_codec::{
    Connack, Connect, PacketId, PropertiesBuf, Property, Publish, QoS, RetainHandling, SubscriptionOptions, Version,
    Will,
};

#[test]
fn a_live_message_has_retain_0_unless_the_subscription_asks_for_it() {
    for version in VERSIONS {
        let (mut trace, subscriber, publisher) = pair(version, ONE);
        let (first, second) = (message(QoS::AtLeastOnce, 7, b"first"), message(QoS::AtLeastOnce, 8, b"second"));
        trace.publish(publisher, retained(first));
        trace.publish(publisher, retained(second));
        assert_sound(&trace.take(subscriber, first), Point::LiveRetain);
        // One may have been looked up late; two can't.
        assert_silent(&trace.take(subscriber, retained(first)));
        assert_broken(&trace.take(subscriber, retained(second)), Point::LiveRetain);
    }
}

#[test]
fn a_live_message_that_came_as_a_retained_one_only_shows_behind_the_next() {
    let (mut trace, subscriber, publisher) = pair(Version::V5, ONE);
    let (first, second) = (message(QoS::AtLeastOnce, 7, b"first"), message(QoS::AtLeastOnce, 8, b"second"));
    trace.publish(publisher, retained(first));
    trace.publish(publisher, second);
    assert_silent(&trace.take(subscriber, retained(first)));
    assert_broken(&trace.take(subscriber, second), Point::LiveRetain);
}

#[test]
fn retain_as_published_is_as_published() {
    let options = SubscriptionOptions { retain_as_published: true, ..ONE };
    let (mut trace, subscriber, publisher) = pair(Version::V5, options);
    let (first, second) = (message(QoS::AtLeastOnce, 7, b"first"), message(QoS::AtLeastOnce, 8, b"second"));
    trace.publish(publisher, retained(first));
    trace.publish(publisher, retained(second));
    assert_sound(&trace.take(subscriber, retained(first)), Point::RetainAsPublished);
    assert_broken(&trace.take(subscriber, second), Point::RetainAsPublished);
}

#[test]
fn the_answer_to_a_subscribe_has_retain_1() {
    for version in VERSIONS {
        for retain in [false, true] {
            let (mut trace, _, one) = retaining(version);
            let late = trace.open(version, "late", true);
            trace.subscribe(late, "run/case/news", ONE);
            let audit = trace.deliver(late, Publish { retain, ..one });
            if retain { assert_sound(&audit, Point::RetainedFlag) } else { assert_broken(&audit, Point::RetainedFlag) }
        }
    }
}

#[test]
fn a_message_that_nobody_has_seen_may_come_live_to_a_later_subscription() {
    let mut trace = Trace::default();
    let publisher = trace.open(Version::V5, "publisher", true);
    let one = message(QoS::AtLeastOnce, 7, b"first");
    trace.publish(publisher, retained(one));
    let late = trace.open(Version::V5, "late", true);
    trace.subscribe(late, "run/case/news", ONE);
    assert_silent(&trace.deliver(late, one));
}

#[test]
fn what_was_not_published_to_be_retained_is_not() {
    for version in VERSIONS {
        let (mut trace, watcher, publisher) = pair(version, ONE);
        let one = message(QoS::AtLeastOnce, 7, b"first");
        trace.publish(publisher, one);
        trace.take(watcher, one);
        let late = trace.open(version, "late", true);
        trace.subscribe(late, "run/case/news", ONE);
        assert_broken(&trace.deliver(late, retained(one)), Point::PlainRetained);
    }
}

#[test]
fn options_and_shares_say_who_gets_retained_messages() {
    let handling = |retain_handling| SubscriptionOptions { retain_handling, ..ONE };
    for (filter, options, point) in [
        ("run/case/news", handling(RetainHandling::DoNotSend), Point::RetainHandlingNever),
        ("$share/group/run/case/news", ONE, Point::RetainedToShare),
    ] {
        let (mut trace, _, one) = retaining(Version::V5);
        let late = trace.open(Version::V5, "late", true);
        trace.subscribe(late, filter, options);
        assert_broken(&trace.deliver(late, retained(one)), point);
    }
}

#[test]
fn retain_handling_1_brings_retained_messages_to_a_new_subscription_only() {
    let options = SubscriptionOptions { retain_handling: RetainHandling::SendIfNew, ..ONE };
    let (mut trace, _, one) = retaining(Version::V5);
    let late = trace.open(Version::V5, "late", true);
    trace.subscribe(late, "run/case/news", options);
    assert_sound(&trace.take(late, retained(one)), Point::RetainedFlag);
    trace.subscribe(late, "run/case/news", options);
    assert_broken(&trace.take(late, retained(one)), Point::RetainHandlingIfNew);
}

#[test]
fn a_retained_message_that_was_displaced_does_not_come_back() {
    let (mut trace, publisher, first) = retaining(Version::V3_1_1);
    let second = message(QoS::AtLeastOnce, 8, b"second");
    trace.publish(publisher, retained(second));
    // Before anybody has seen the second one stored, the first may be there still.
    let early = trace.open(Version::V3_1_1, "early", true);
    trace.subscribe(early, "run/case/news", ONE);
    assert_silent(&trace.take(early, retained(first)));
    let sees = trace.open(Version::V3_1_1, "sees", true);
    trace.subscribe(sees, "run/case/news", ONE);
    assert_sound(&trace.take(sees, retained(second)), Point::RetainedReplaced);
    let late = trace.open(Version::V3_1_1, "late", true);
    trace.subscribe(late, "run/case/news", ONE);
    assert_broken(&trace.take(late, retained(first)), Point::RetainedReplaced);
}

#[test]
fn what_names_the_identifier_of_the_old_subscription_came_by_that_and_not_by_the_new_one() {
    let mut trace = Trace::default();
    let kept = PropertiesBuf::new().with(Property::SessionExpiryInterval(1000));
    let connect = Connect { client_id: "sleeper", properties: kept.as_properties(), ..Connect::default() };
    let sleeper = trace.connect(Version::V5, connect);
    let retain_handling = RetainHandling::SendIfNew;
    let options = SubscriptionOptions { retain_handling, retain_as_published: true, ..ONE };
    trace.subscribe_as(sleeper, "run/case/#", options, Some(5));
    trace.leave(sleeper);
    let publisher = trace.open(Version::V5, "publisher", true);
    let one = retained(message(QoS::AtLeastOnce, 7, b"first"));
    trace.publish(publisher, one);
    let back = trace.connect_with(Version::V5, connect, Connack { session_present: true, ..Connack::default() });
    trace.ask(back, 2, "run/case/+", TWO, None);
    let five = PropertiesBuf::new().with(Property::SubscriptionIdentifier(5));
    assert_silent(&trace.take(back, Publish { properties: five.as_properties(), ..one }));
    trace.grant(back, 2, 2);
    assert_silent(&trace.take(back, Publish { packet_id: PacketId::new(8), ..one }));
}

#[test]
fn a_retained_will_may_come_live_and_looked_up_late_for_two_subscriptions() {
    let mut trace = Trace::default();
    let ann = trace.open(Version::V5, "ann", true);
    let will = Will { qos: QoS::ExactlyOnce, retain: true, topic: "run/case/x", payload: b"gone", ..Will::default() };
    let connect = Connect { client_id: "ben", clean_start: true, will: Some(will), ..Connect::default() };
    let ben = trace.connect(Version::V3_1_1, connect);
    let own = SubscriptionOptions { no_local: true, retain_as_published: true, ..ONE };
    trace.subscribe(ann, "run/case/#", own);
    let never = SubscriptionOptions { retain_handling: RetainHandling::DoNotSend, ..own };
    trace.subscribe(ann, "run/case/+/#", never);
    trace.connect(Version::V3_1_1, Connect { client_id: "ben", ..Connect::default() });
    let came = |qos, id| retained(Publish { topic: "run/case/x", ..message(qos, id, b"gone") });
    assert_silent(&trace.take(ann, came(QoS::AtLeastOnce, 1)));
    trace.broker_ends(ben);
    trace.subscribe(ann, "run/case/+", TWO);
    // By the first subscription, and by the last.
    assert_silent(&trace.take(ann, came(QoS::AtLeastOnce, 2)));
    assert_silent(&trace.take(ann, came(QoS::ExactlyOnce, 3)));
}
