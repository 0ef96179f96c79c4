//! One thing that a broker does wrong has one name, where it shows in several ways or in a way that others show too.

use super::{ONE, TWO, Trace, VERSIONS, assert_broken, assert_silent, at, message, pair, retained, retaining};
use crate::auditor::{Audit, Conn, Holding, Point};
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

/// Nothing that is retained is asked for.
const LIVE: SubscriptionOptions = SubscriptionOptions { retain_handling: RetainHandling::DoNotSend, ..ONE };

/// A subscriber whose second SUBSCRIBE has other options than its first, and a publisher.
fn changed(first: SubscriptionOptions, second: SubscriptionOptions) -> (Trace, Conn, Conn) {
    let (mut trace, subscriber, publisher) = pair(Version::V5, first);
    trace.subscribe(subscriber, "run/case/+", second);
    (trace, subscriber, publisher)
}

/// Another client gets its flags right, with Retain As Published or without.
fn others_are_right(trace: &mut Trace, publisher: Conn, retain: bool) {
    let other = trace.open(Version::V5, "other", true);
    trace.subscribe(other, "run/case/#", SubscriptionOptions { retain_as_published: retain, ..LIVE });
    let one = message(QoS::AtLeastOnce, 6, b"earlier");
    trace.publish(publisher, retained(one));
    assert_silent(&trace.take(other, Publish { retain, ..one }));
}

#[test]
fn a_flag_that_the_first_subscribe_asked_for_shows_that_the_second_has_not_replaced_it() {
    let published = SubscriptionOptions { retain_as_published: true, ..LIVE };
    for (first, second, retain, point) in
        [(published, LIVE, true, Point::LiveRetain), (LIVE, published, false, Point::RetainAsPublished)]
    {
        for is_right in [true, false] {
            let (mut trace, subscriber, publisher) = changed(first, second);
            if is_right {
                others_are_right(&mut trace, publisher, !retain);
            }
            let one = message(QoS::AtLeastOnce, 7, b"first");
            trace.publish(publisher, retained(one));
            // Who was never seen to get it right may get it wrong whatever was there before.
            assert_broken(
                &trace.take(subscriber, Publish { retain, ..one }),
                if is_right { Point::Replaced } else { point },
            );
        }
    }
}

#[test]
fn a_flag_of_the_first_subscribe_is_no_retained_message_at_another_qos() {
    let first = SubscriptionOptions { qos: QoS::AtMostOnce, retain_as_published: true, ..LIVE };
    let (mut trace, subscriber, publisher) = changed(first, ONE);
    trace.subscribe(subscriber, "run/case/+", SubscriptionOptions { qos: QoS::AtMostOnce, ..LIVE });
    trace.publish(publisher, retained(message(QoS::ExactlyOnce, 7, b"first")));
    let audit = trace.take(subscriber, retained(message(QoS::AtMostOnce, 0, b"first")));
    assert_broken(&audit, Point::LiveRetain);
    assert!(!matches!(audit.of(Point::QosOwed), Holding::Broken(_)), "{audit:?}");
}

#[test]
fn a_clients_own_message_is_put_down_to_the_first_subscribe_where_that_is_known_to_stay() {
    for stays in [true, false] {
        let mut trace = Trace::default();
        let client = trace.open(Version::V5, "client", true);
        let no_local = SubscriptionOptions { no_local: true, ..TWO };
        trace.subscribe(client, "run/case/+", ONE);
        trace.subscribe(client, "run/case/+", no_local);
        if stays {
            let publisher = trace.open(Version::V5, "publisher", true);
            trace.publish(publisher, message(QoS::ExactlyOnce, 7, b"first"));
            assert_broken(&trace.take(client, message(QoS::AtLeastOnce, 7, b"first")), Point::Replaced);
        }
        let own = message(QoS::AtLeastOnce, 8, b"second");
        trace.publish(client, own);
        assert_broken(&trace.take(client, own), if stays { Point::Replaced } else { Point::NoLocal });
    }
}

/// Asserts that this is put down to a subscription that was not replaced, and to nothing else.
fn assert_replaced_only(audit: &Audit) {
    assert_broken(audit, Point::Replaced);
    for point in [Point::QosOwed, Point::IdentifierMissing, Point::IdentifierReplaced, Point::NoLocal] {
        assert!(!matches!(audit.of(point), Holding::Broken(_)), "{audit:?}");
    }
}

#[test]
fn old_options_with_the_new_qos_or_identifier_are_those_of_a_subscription_that_was_not_replaced() {
    let own = SubscriptionOptions { no_local: true, retain_as_published: true, ..TWO };
    // The copy has the QoS of the second SUBSCRIBE, which keeps it from its client, and the flag of the first.
    let mut trace = Trace::default();
    let client = trace.open(Version::V5, "client", true);
    trace.subscribe(client, "run/case/+", ONE);
    trace.subscribe(client, "run/case/+", SubscriptionOptions { qos: QoS::AtMostOnce, ..own });
    trace.subscribe(client, "run/case/#", TWO);
    trace.publish(client, retained(message(QoS::ExactlyOnce, 7, b"first")));
    assert_replaced_only(&trace.take(client, message(QoS::AtMostOnce, 0, b"first")));
    assert_silent(&trace.take(client, message(QoS::ExactlyOnce, 7, b"first")));
    // Or its identifier, here none at all.
    let mut trace = Trace::default();
    let client = trace.open(Version::V5, "client", true);
    trace.subscribe_as(client, "run/case/#", ONE, Some(127));
    trace.subscribe_as(client, "run/case/+", at(QoS::AtMostOnce), Some(127));
    trace.subscribe(client, "run/case/#", own);
    trace.publish(client, retained(message(QoS::AtMostOnce, 0, b"first")));
    assert_replaced_only(&trace.take(client, message(QoS::AtMostOnce, 0, b"first")));
    // From then on it is known to stay.
    let second = message(QoS::AtMostOnce, 0, b"second");
    trace.publish(client, second);
    assert_replaced_only(&trace.take(client, second));
}

#[test]
fn an_old_flag_without_identifier_is_none_of_an_identifier_where_the_new_subscription_has_none() {
    for before in [None, Some(1)] {
        old_flag_without_identifier(before);
    }
}

/// The first subscription has this identifier, and the second none.
fn old_flag_without_identifier(before: Option<u32>) {
    let mut trace = Trace::default();
    let kept = PropertiesBuf::new().with(Property::SessionExpiryInterval(1000));
    let connect = Connect { client_id: "sleeper", properties: kept.as_properties(), ..Connect::default() };
    let sleeper = trace.connect(Version::V5, connect);
    trace.subscribe_as(sleeper, "run/case/+", SubscriptionOptions { retain_as_published: true, ..TWO }, before);
    trace.subscribe(sleeper, "run/case/+", TWO);
    trace.broker_ends(sleeper);
    let back = trace.connect_with(Version::V5, connect, Connack { session_present: true, ..Connack::default() });
    // What this one might look up has an identifier.
    trace.subscribe_as(back, "run/case/#", TWO, Some(1));
    let publisher = trace.open(Version::V5, "publisher", true);
    let one = message(QoS::ExactlyOnce, 7, b"first");
    trace.publish(publisher, retained(one));
    assert_replaced_only(&trace.take(back, retained(one)));
}

#[test]
fn what_a_share_brings_from_what_is_retained_comes_not_in_spite_of_no_local() {
    let mut trace = Trace::default();
    let client = trace.open(Version::V5, "client", true);
    let one = retained(message(QoS::AtMostOnce, 0, b"first"));
    trace.client(client, Packet::Publish(one));
    let own = SubscriptionOptions { no_local: true, retain_as_published: true, ..ONE };
    trace.subscribe(client, "run/case/+", own);
    trace.subscribe(client, "$share/group/run/case/+", at(QoS::AtMostOnce));
    assert_silent(&trace.take(client, one));
    let audit = trace.take(client, one);
    assert_broken(&audit, Point::RetainedToShare);
    assert!(!matches!(audit.of(Point::NoLocal), Holding::Broken(_)), "{audit:?}");
}

#[test]
fn a_copy_too_many_with_retain_1_behind_a_share_was_looked_up_for_it() {
    let published = SubscriptionOptions { qos: QoS::ExactlyOnce, retain_as_published: true, ..LIVE };
    let (mut trace, subscriber, publisher) = pair(Version::V5, published);
    let one = retained(message(QoS::ExactlyOnce, 7, b"first"));
    trace.publish(publisher, one);
    assert_silent(&trace.take(subscriber, one));
    trace.subscribe(subscriber, "$share/group/run/case/news", TWO);
    let audit = trace.take(subscriber, Publish { packet_id: PacketId::new(8), ..one });
    assert_broken(&audit, Point::RetainedToShare);
    assert!(!matches!(audit.of(Point::CopiesOfQos2), Holding::Broken(_)), "{audit:?}");
    // A share is looked up once for each SUBSCRIBE.
    assert_broken(&trace.take(subscriber, Publish { packet_id: PacketId::new(9), ..one }), Point::CopiesOfQos2);
}

#[test]
fn what_was_looked_up_for_a_share_may_come_after_a_resumption() {
    let mut trace = Trace::default();
    let kept = PropertiesBuf::new().with(Property::SessionExpiryInterval(1000));
    let connect = Connect { client_id: "sleeper", properties: kept.as_properties(), ..Connect::default() };
    let sleeper = trace.connect(Version::V5, connect);
    let options = SubscriptionOptions { retain_handling: RetainHandling::SendIfNew, ..TWO };
    trace.subscribe(sleeper, "run/case/+", options);
    let publisher = trace.open(Version::V5, "publisher", true);
    let one = message(QoS::ExactlyOnce, 7, b"first");
    trace.publish(publisher, retained(one));
    assert_silent(&trace.take(sleeper, one));
    trace.subscribe(sleeper, "$share/group/run/case/news", ONE);
    trace.broker_ends(sleeper);
    let back = trace.connect_with(Version::V5, connect, Connack { session_present: true, ..Connack::default() });
    let audit = trace.take(back, retained(message(QoS::AtLeastOnce, 8, b"first")));
    assert_broken(&audit, Point::RetainedToShare);
    assert!(!matches!(audit.of(Point::RetainHandlingIfNew), Holding::Broken(_)), "{audit:?}");
}

#[test]
fn a_will_that_comes_back_with_retain_1_was_not_looked_up_by_who_left_it() {
    for version in VERSIONS {
        let mut trace = Trace::default();
        let kept = PropertiesBuf::new().with(Property::SessionExpiryInterval(1000));
        let none = PropertiesBuf::new();
        let properties = if version == Version::V5 { kept.as_properties() } else { none.as_properties() };
        let will =
            Will { qos: QoS::AtLeastOnce, retain: true, topic: "run/case/news", payload: b"gone", ..Will::default() };
        let connect = Connect { client_id: "mortal", properties, ..Connect::default() };
        let mortal = trace.connect(version, Connect { will: Some(will), ..connect });
        trace.subscribe(mortal, "run/case/#", ONE);
        trace.broker_ends(mortal);
        let back = trace.connect_with(version, connect, Connack { session_present: true, ..Connack::default() });
        let audit = trace.take(back, retained(message(QoS::AtMostOnce, 0, b"gone")));
        assert_broken(&audit, Point::LiveRetain);
        assert!(!matches!(audit.of(Point::WillQos), Holding::Broken(_)), "{audit:?}");
    }
}
