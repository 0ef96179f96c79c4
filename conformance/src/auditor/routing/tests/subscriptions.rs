//! What brings a message: subscriptions, sessions and their ends.

use super::{ONE, TWO, Trace, VERSIONS, assert_broken, assert_silent, assert_sound, at, message, pair};
use crate::auditor::{Holding, Point};
use mqtt_assay_codec::{Connect, Packet, PropertiesBuf, Property, Publish, QoS, SubscriptionOptions, Version};

#[test]
fn a_message_comes_as_it_was_published() {
    for version in VERSIONS {
        let (mut trace, subscriber, publisher) = pair(version, ONE);
        let one = message(QoS::AtLeastOnce, 7, b"first");
        trace.publish(publisher, one);
        assert_sound(&trace.deliver(subscriber, one), Point::PayloadUnaltered);
        let other = trace.deliver(subscriber, message(QoS::AtLeastOnce, 8, b"other"));
        assert_broken(&other, Point::PayloadUnaltered);
        let elsewhere = Publish { topic: "run/case/olds", ..message(QoS::AtLeastOnce, 9, b"first") };
        assert_broken(&trace.deliver(subscriber, elsewhere), Point::TopicUnaltered);
    }
}

#[test]
fn on_which_topic_a_message_was_published_against_the_standard_nobody_knows() {
    for is_illegal in [false, true] {
        let (mut trace, subscriber, publisher) = pair(Version::V3_1_1, ONE);
        let one = message(QoS::ExactlyOnce, 7, b"first");
        let cut_off = Publish { topic: "run/case/", ..one };
        if is_illegal {
            let moment = trace.moment();
            trace.routing.client_sent(publisher, moment, &Packet::Publish(cut_off), true);
        }
        // The client comes again, and sends it as it should have been.
        let again = trace.open(Version::V3_1_1, "publisher", true);
        trace.publish(again, Publish { dup: true, ..one });
        let mended = Publish { topic: "run/case/\u{fffd}", ..message(QoS::AtLeastOnce, 9, b"first") };
        let said = trace.deliver(subscriber, mended);
        if is_illegal { assert_silent(&said) } else { assert_broken(&said, Point::TopicUnaltered) }
    }
}

#[test]
fn what_others_publish_is_not_judged() {
    let (mut trace, subscriber, _) = pair(Version::V5, ONE);
    trace.subscribe(subscriber, "#", ONE);
    let foreign = Publish { topic: "elsewhere", retain: true, ..message(QoS::ExactlyOnce, 7, b"first") };
    assert_silent(&trace.deliver(subscriber, foreign));
}

#[test]
fn after_bytes_that_are_no_packet_whatever_comes_is_nobodys_breach() {
    let (mut trace, subscriber, publisher) = pair(Version::V5, ONE);
    let moment = trace.moment();
    trace.routing.client_broke(publisher, moment);
    assert_silent(&trace.deliver(subscriber, message(QoS::AtLeastOnce, 7, b"first")));
}

#[test]
fn a_message_needs_a_subscription_that_matches() {
    for version in VERSIONS {
        let (mut trace, subscriber, publisher) = pair(version, ONE);
        let below = Publish { topic: "run/case/a/b", ..message(QoS::AtLeastOnce, 7, b"below") };
        trace.publish(publisher, below);
        assert_broken(&trace.deliver(subscriber, below), Point::MatchingSubscription);
        // Asked for is enough: it may come before SUBACK.
        trace.ask(subscriber, 9, "run/case/a/#", ONE, None);
        let second = Publish { payload: b"second", ..below };
        trace.publish(publisher, second);
        assert_sound(&trace.deliver(subscriber, second), Point::MatchingSubscription);
    }
}

#[test]
fn who_never_subscribed_may_have_been_subscribed_by_the_broker() {
    let (mut trace, _, publisher) = pair(Version::V5, ONE);
    let guest = trace.open(Version::V5, "guest", true);
    let one = message(QoS::AtLeastOnce, 7, b"first");
    trace.publish(publisher, one);
    let audit = trace.deliver(guest, one);
    assert!(matches!(audit.of(Point::MatchingSubscription), Holding::Observed(_)), "{audit:?}");
}

#[test]
fn nothing_published_after_unsuback_comes_and_what_was_before_may() {
    for version in VERSIONS {
        let (mut trace, subscriber, publisher) = pair(version, ONE);
        let (before, after) = (message(QoS::AtLeastOnce, 7, b"before"), message(QoS::AtLeastOnce, 8, b"after"));
        trace.publish(publisher, before);
        trace.unsubscribe(subscriber, "run/case/+");
        trace.publish(publisher, after);
        assert_silent(&trace.deliver(subscriber, before));
        assert_broken(&trace.deliver(subscriber, after), Point::RemovedSubscription);
    }
}

#[test]
fn a_clean_start_throws_subscriptions_away() {
    for version in VERSIONS {
        let (mut trace, subscriber, publisher) = pair(version, ONE);
        trace.leave(subscriber);
        let again = trace.open(version, "subscriber", true);
        let one = message(QoS::AtLeastOnce, 7, b"first");
        trace.publish(publisher, one);
        assert_broken(&trace.deliver(again, one), Point::DiscardedSession);
    }
}

#[test]
fn a_session_that_ended_with_its_connection_leaves_none() {
    for version in VERSIONS {
        let (mut trace, subscriber, publisher) = pair(version, ONE);
        trace.leave(subscriber);
        let again = trace.open(version, "subscriber", false);
        let one = message(QoS::AtLeastOnce, 7, b"first");
        trace.publish(publisher, one);
        assert_broken(&trace.deliver(again, one), Point::EndedSession);
    }
}

#[test]
fn where_the_end_was_not_seen_the_session_may_go_on() {
    let (mut trace, _, publisher) = pair(Version::V5, ONE);
    let again = trace.open(Version::V5, "subscriber", false);
    let one = message(QoS::AtLeastOnce, 7, b"first");
    trace.publish(publisher, one);
    assert_sound(&trace.deliver(again, one), Point::MatchingSubscription);
}

#[test]
fn a_kept_session_has_its_subscriptions() {
    for version in VERSIONS {
        let mut trace = Trace::default();
        let properties = PropertiesBuf::new().with(Property::SessionExpiryInterval(100));
        let properties = if version == Version::V5 { properties } else { PropertiesBuf::new() };
        let connect = Connect { client_id: "sleeper", properties: properties.as_properties(), ..Connect::default() };
        let sleeper = trace.connect(version, connect);
        trace.subscribe(sleeper, "run/case/#", ONE);
        trace.leave(sleeper);
        let publisher = trace.open(version, "publisher", true);
        let one = message(QoS::AtLeastOnce, 7, b"first");
        trace.publish(publisher, one);
        let back = trace.connect(version, connect);
        assert_sound(&trace.deliver(back, one), Point::MatchingSubscription);
    }
}

#[test]
fn no_local_keeps_a_clients_own_messages_away_and_no_others() {
    let options = SubscriptionOptions { no_local: true, ..ONE };
    let (mut trace, subscriber, publisher) = pair(Version::V5, options);
    let (own, other) = (message(QoS::AtLeastOnce, 7, b"own"), message(QoS::AtLeastOnce, 7, b"other"));
    trace.publish(subscriber, own);
    trace.publish(publisher, other);
    assert_broken(&trace.deliver(subscriber, own), Point::NoLocal);
    assert_sound(&trace.deliver(subscriber, other), Point::NoLocal);
}

#[test]
fn a_message_comes_at_the_lower_qos() {
    for version in VERSIONS {
        for (published, granted, came, is_right) in [
            (QoS::ExactlyOnce, QoS::AtLeastOnce, QoS::AtLeastOnce, true),
            (QoS::ExactlyOnce, QoS::AtLeastOnce, QoS::ExactlyOnce, false),
            (QoS::ExactlyOnce, QoS::AtLeastOnce, QoS::AtMostOnce, false),
            (QoS::AtLeastOnce, QoS::ExactlyOnce, QoS::AtLeastOnce, true),
            (QoS::AtLeastOnce, QoS::ExactlyOnce, QoS::ExactlyOnce, false),
            (QoS::AtMostOnce, QoS::ExactlyOnce, QoS::AtLeastOnce, false),
        ] {
            let (mut trace, subscriber, publisher) = pair(version, at(granted));
            trace.publish(publisher, message(published, u16::from(published as u8 > 0) * 7, b"first"));
            let audit = trace.deliver(subscriber, message(came, u16::from(came as u8 > 0) * 7, b"first"));
            if is_right { assert_sound(&audit, Point::QosOwed) } else { assert_broken(&audit, Point::QosOwed) }
        }
    }
}

#[test]
fn overlapping_subscriptions_allow_the_qos_of_each() {
    let (mut trace, subscriber, publisher) = pair(Version::V5, ONE);
    trace.subscribe(subscriber, "run/case/#", TWO);
    let one = message(QoS::ExactlyOnce, 7, b"first");
    trace.publish(publisher, one);
    assert_silent(&trace.deliver(subscriber, message(QoS::AtLeastOnce, 8, b"first")));
    assert_silent(&trace.deliver(subscriber, one));
    let zero = Publish { packet_id: None, ..message(QoS::AtMostOnce, 7, b"first") };
    assert_broken(&trace.deliver(subscriber, zero), Point::QosOwed);
}

#[test]
fn a_subscription_that_was_replaced_brings_nothing_more() {
    for version in VERSIONS {
        let (mut trace, subscriber, publisher) = pair(version, ONE);
        let early = message(QoS::ExactlyOnce, 7, b"early");
        trace.publish(publisher, early);
        trace.subscribe(subscriber, "run/case/+", at(QoS::AtMostOnce));
        let one = message(QoS::ExactlyOnce, 8, b"first");
        trace.publish(publisher, one);
        assert_silent(&trace.deliver(subscriber, Publish { qos: QoS::AtLeastOnce, ..early }));
        assert_broken(&trace.deliver(subscriber, Publish { qos: QoS::AtLeastOnce, ..one }), Point::Replaced);
    }
}
