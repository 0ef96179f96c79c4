//! One thing that a broker does wrong has one name, where it shows in several ways or in a way that others show too.

use super::{ONE, TWO, Trace, VERSIONS, assert_broken, assert_silent, at, message, pair, retained, retaining};
use crate::auditor::{Holding, Point};
use mqtt_assay_codec::{
    Connack, Connect, Disconnect, Packet, PacketId, PropertiesBuf, Property, Publish, QoS, RetainHandling,
    SubscriptionOptions, Version, Will,
};

#[test]
fn the_qos_of_the_publisher_says_nothing_of_a_subscription_that_was_replaced() {
    for version in VERSIONS {
        let (mut trace, subscriber, publisher) = pair(version, TWO);
        trace.subscribe(subscriber, "run/case/+", ONE);
        let one = message(QoS::ExactlyOnce, 7, b"first");
        trace.publish(publisher, one);
        let audit = trace.deliver(subscriber, one);
        assert_broken(&audit, Point::QosOwed);
        assert_eq!(audit.of(Point::Replaced), Holding::Kept);
    }
}

#[test]
fn a_subscription_that_was_shown_to_be_replaced_is_not_blamed() {
    for version in VERSIONS {
        let (mut trace, subscriber, publisher) = pair(version, at(QoS::AtMostOnce));
        trace.subscribe(subscriber, "run/case/+", ONE);
        for (id, payload) in [(7, &b"first"[..]), (8, b"second")] {
            trace.publish(publisher, message(QoS::AtLeastOnce, id, payload));
        }
        assert_silent(&trace.take(subscriber, message(QoS::AtLeastOnce, 7, b"first")));
        assert_broken(&trace.take(subscriber, message(QoS::AtMostOnce, 0, b"second")), Point::QosOwed);
        // Had the first come by the old one, the second would too.
        let (mut trace, subscriber, publisher) = pair(version, at(QoS::AtMostOnce));
        trace.subscribe(subscriber, "run/case/+", ONE);
        for (id, payload) in [(7, &b"first"[..]), (8, b"second")] {
            trace.publish(publisher, message(QoS::AtLeastOnce, id, payload));
            assert_broken(&trace.take(subscriber, message(QoS::AtMostOnce, 0, payload)), Point::Replaced);
            assert_silent(&trace.take(subscriber, message(QoS::AtLeastOnce, id, payload)));
        }
    }
}

#[test]
fn a_retained_message_at_another_qos_is_no_live_one_with_a_wrong_flag() {
    for version in VERSIONS {
        let (mut trace, publisher, _) = retaining(version);
        let one = retained(message(QoS::ExactlyOnce, 8, b"kept"));
        trace.publish(publisher, one);
        let late = trace.open(version, "late", true);
        trace.subscribe(late, "run/case/news", TWO);
        assert_silent(&trace.take(late, one));
        trace.subscribe(late, "run/case/news", ONE);
        let audit = trace.take(late, one);
        assert_broken(&audit, Point::QosOwed);
        assert!(!matches!(audit.of(Point::LiveRetain), Holding::Broken(_)), "{audit:?}");
    }
}

#[test]
fn what_comes_beside_a_later_subscription_does_not_come_by_one_that_was_removed() {
    for version in VERSIONS {
        let (mut trace, subscriber, publisher) = pair(version, ONE);
        trace.unsubscribe(subscriber, "run/case/+");
        trace.subscribe(subscriber, "run/case/n", ONE);
        let one = message(QoS::AtLeastOnce, 7, b"first");
        trace.publish(publisher, one);
        assert_broken(&trace.deliver(subscriber, one), Point::MatchingSubscription);
    }
}

#[test]
fn what_is_looked_up_at_a_resumption_has_one_breach() {
    for (retain_handling, point) in [
        (RetainHandling::Send, Point::LiveRetain),
        (RetainHandling::SendIfNew, Point::RetainHandlingIfNew),
        (RetainHandling::DoNotSend, Point::RetainHandlingNever),
    ] {
        let mut trace = Trace::default();
        let connect = Connect { client_id: "sleeper", ..Connect::default() };
        let kept = PropertiesBuf::new().with(Property::SessionExpiryInterval(1000));
        let connect = Connect { properties: kept.as_properties(), ..connect };
        let sleeper = trace.connect(Version::V5, connect);
        trace.subscribe_as(sleeper, "run/case/+", SubscriptionOptions { retain_handling, ..TWO }, Some(5));
        let publisher = trace.open(Version::V5, "publisher", true);
        let one = message(QoS::ExactlyOnce, 7, b"first");
        trace.publish(publisher, retained(one));
        let five = PropertiesBuf::new().with(Property::SubscriptionIdentifier(5));
        assert_silent(&trace.take(sleeper, Publish { properties: five.as_properties(), ..one }));
        trace.leave(sleeper);
        let session_present = true;
        let back = trace.connect_with(Version::V5, connect, Connack { session_present, ..Connack::default() });
        for id in [8, 9] {
            let again = retained(Publish { packet_id: PacketId::new(id), ..one });
            let audit = trace.take(back, again);
            assert_broken(&audit, point);
            assert!(!matches!(audit.of(Point::CopiesOfQos2), Holding::Broken(_)), "{audit:?}");
        }
    }
}

#[test]
fn a_disconnect_that_may_not_be_deletes_no_will() {
    for expiry in [0, 60] {
        let (mut trace, subscriber, _) = pair(Version::V5, ONE);
        let will = Will { qos: QoS::AtLeastOnce, topic: "run/case/news", payload: b"gone", ..Will::default() };
        let connect = Connect { client_id: "mortal", clean_start: true, will: Some(will), ..Connect::default() };
        let mortal = trace.connect(Version::V5, connect);
        let properties = PropertiesBuf::new().with(Property::SessionExpiryInterval(expiry));
        let farewell = Disconnect { properties: properties.as_properties(), ..Disconnect::default() };
        trace.client(mortal, Packet::Disconnect(farewell));
        trace.broker_ends(mortal);
        let audit = trace.take(subscriber, message(QoS::AtLeastOnce, 7, b"gone"));
        if expiry == 0 { assert_broken(&audit, Point::WillDeleted) } else { assert_silent(&audit) }
    }
}

#[test]
fn a_clients_own_message_in_spite_of_no_local_is_that_and_no_other_mistake() {
    let no_local = |qos| SubscriptionOptions { no_local: true, ..at(qos) };
    let mut trace = Trace::default();
    let client = trace.open(Version::V5, "client", true);
    trace.subscribe(client, "run/case/news", TWO);
    trace.subscribe(client, "run/case/#", no_local(QoS::AtLeastOnce));
    let one = message(QoS::ExactlyOnce, 7, b"first");
    trace.publish(client, one);
    assert_silent(&trace.take(client, one));
    let audit = trace.take(client, message(QoS::AtLeastOnce, 8, b"first"));
    assert_broken(&audit, Point::NoLocal);
    assert!(!matches!(audit.of(Point::QosOwed), Holding::Broken(_)), "{audit:?}");
}

#[test]
fn one_copy_too_many_is_put_down_to_no_local_where_that_would_have_kept_it_away() {
    let mut trace = Trace::default();
    let client = trace.open(Version::V5, "client", true);
    trace.subscribe(client, "run/case/news", TWO);
    trace.subscribe(client, "run/case/#", SubscriptionOptions { no_local: true, ..TWO });
    trace.publish(client, message(QoS::ExactlyOnce, 7, b"first"));
    assert_silent(&trace.take(client, message(QoS::ExactlyOnce, 7, b"first")));
    assert_broken(&trace.take(client, message(QoS::ExactlyOnce, 8, b"first")), Point::NoLocal);
    // What No Local can't explain is a copy of nothing.
    assert_broken(&trace.take(client, message(QoS::ExactlyOnce, 9, b"first")), Point::CopiesOfQos2);
}

#[test]
fn what_a_share_has_looked_up_is_no_live_message_with_a_wrong_flag() {
    let (mut trace, publisher, _) = retaining(Version::V5);
    let late = trace.open(Version::V5, "late", true);
    trace.subscribe(late, "run/case/+", at(QoS::AtMostOnce));
    let one = retained(message(QoS::AtLeastOnce, 8, b"kept"));
    trace.publish(publisher, one);
    assert_silent(&trace.take(late, message(QoS::AtMostOnce, 0, b"kept")));
    trace.subscribe(late, "$share/group/run/case/news", ONE);
    let audit = trace.take(late, one);
    assert_broken(&audit, Point::RetainedToShare);
    assert!(!matches!(audit.of(Point::LiveRetain), Holding::Broken(_)), "{audit:?}");
}

#[test]
fn a_clients_own_message_has_one_name_whatever_else_its_subscription_asked_for() {
    let options = SubscriptionOptions { no_local: true, retain_as_published: true, ..ONE };
    let mut trace = Trace::default();
    let client = trace.open(Version::V5, "client", true);
    trace.subscribe(client, "run/case/news", options);
    let one = message(QoS::AtLeastOnce, 7, b"first");
    trace.publish(client, retained(one));
    let audit = trace.take(client, one);
    assert_broken(&audit, Point::NoLocal);
    assert!(!matches!(audit.of(Point::RetainedFlag), Holding::Broken(_)), "{audit:?}");
}
