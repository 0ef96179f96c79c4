//! How often a message comes and in which order, wills and shares among them.

use super::{
    ONE, TWO, Trace, VERSIONS, assert_broken, assert_silent, assert_sound, at, message, packet_id, pair, retained,
};
use crate::auditor::{Conn, Point};
use mqtt_assay_codec::{
    Acknowledgement, Connack, Connect, Disconnect, Packet, PacketId, PropertiesBuf, Property, Publish, QoS,
    SubscriptionOptions, Version, Will,
};

#[test]
fn messages_come_in_the_order_of_their_publisher() {
    for version in VERSIONS {
        let (mut trace, subscriber, publisher) = pair(version, ONE);
        let other = trace.open(version, "other", true);
        let (first, second) = (message(QoS::AtLeastOnce, 7, b"first"), message(QoS::AtLeastOnce, 8, b"second"));
        let third = message(QoS::AtLeastOnce, 9, b"third");
        trace.publish(publisher, first);
        trace.publish(publisher, second);
        trace.publish(other, third);
        // Nothing is said of two publishers.
        assert_silent(&trace.take(subscriber, third));
        assert_broken(&trace.take(subscriber, second), Point::Owed);
        assert_broken(&trace.take(subscriber, first), Point::Order);
    }
}

#[test]
fn messages_of_qos_2_may_come_in_the_order_of_their_pubrels() {
    let (mut trace, subscriber, publisher) = pair(Version::V5, TWO);
    let (first, second) = (message(QoS::ExactlyOnce, 7, b"first"), message(QoS::ExactlyOnce, 8, b"second"));
    for publish in [first, second] {
        trace.client(publisher, Packet::Publish(publish));
        trace.server(publisher, Packet::Pubrec(Acknowledgement::success(publish.packet_id.expect("one"))));
    }
    for id in [8, 7] {
        trace.client(publisher, Packet::Pubrel(Acknowledgement::success(packet_id(id))));
    }
    assert_silent(&trace.take(subscriber, second));
    assert_silent(&trace.take(subscriber, first));
}

#[test]
fn a_message_of_qos_2_comes_once_for_each_subscription() {
    for version in VERSIONS {
        let (mut trace, subscriber, publisher) = pair(version, TWO);
        let one = message(QoS::ExactlyOnce, 7, b"first");
        trace.publish(publisher, one);
        assert_sound(&trace.take(subscriber, one), Point::CopiesOfQos2);
        // Sent again is no second copy.
        assert_silent(&trace.deliver(subscriber, Publish { dup: true, ..one }));
        let second = Publish { packet_id: PacketId::new(8), ..one };
        assert_broken(&trace.deliver(subscriber, second), Point::CopiesOfQos2);
    }
}

#[test]
fn of_two_messages_with_one_payload_a_copy_is_of_the_one_whose_properties_it_has() {
    let (mut trace, subscriber, publisher) = pair(Version::V5, TWO);
    trace.subscribe(subscriber, "run/case/#", TWO);
    let plain = message(QoS::ExactlyOnce, 7, b"same");
    let properties = PropertiesBuf::new().with(Property::ContentType("text/plain"));
    let typed = Publish { packet_id: PacketId::new(8), properties: properties.as_properties(), ..plain };
    trace.publish(publisher, plain);
    trace.publish(publisher, typed);
    for (publish, id) in [(plain, 1), (typed, 2), (plain, 3), (typed, 4)] {
        assert_silent(&trace.take(subscriber, Publish { packet_id: PacketId::new(id), ..publish }));
    }
    let more = Publish { packet_id: PacketId::new(5), ..plain };
    assert_broken(&trace.take(subscriber, more), Point::CopiesOfQos2);
}

#[test]
fn a_message_that_comes_with_dup_1_at_once_has_come() {
    let (mut trace, subscriber, publisher) = pair(Version::V5, ONE);
    let (first, second) = (message(QoS::AtLeastOnce, 7, b"first"), message(QoS::AtLeastOnce, 8, b"second"));
    trace.publish(publisher, first);
    trace.publish(publisher, second);
    trace.take(subscriber, Publish { dup: true, ..first });
    assert_sound(&trace.take(subscriber, second), Point::Owed);
}

#[test]
fn the_same_message_published_twice_comes_twice() {
    let (mut trace, subscriber, publisher) = pair(Version::V5, TWO);
    let one = message(QoS::ExactlyOnce, 7, b"first");
    for id in [7, 8] {
        trace.publish(publisher, Publish { packet_id: PacketId::new(id), ..one });
    }
    for id in [1, 2] {
        assert_silent(&trace.take(subscriber, Publish { packet_id: PacketId::new(id), ..one }));
    }
    assert_broken(&trace.take(subscriber, Publish { packet_id: PacketId::new(3), ..one }), Point::CopiesOfQos2);
}

/// Somebody has died, and a subscriber waits for the will.
fn mourning(version: Version) -> (Trace, Conn) {
    let (mut trace, subscriber, _) = pair(version, TWO);
    let will = Will { qos: QoS::ExactlyOnce, topic: "run/case/news", payload: b"gone", ..Will::default() };
    let connect = Connect { client_id: "mortal", clean_start: true, will: Some(will), ..Connect::default() };
    let mortal = trace.connect(version, connect);
    trace.broker_ends(mortal);
    (trace, subscriber)
}

#[test]
fn a_copy_with_retain_may_be_what_is_retained_and_is_no_will_too_many() {
    let mut trace = Trace::default();
    let subscriber = trace.open(Version::V5, "subscriber", true);
    let zero = SubscriptionOptions { qos: QoS::AtMostOnce, ..TWO };
    trace.subscribe(subscriber, "run/case/#", SubscriptionOptions { retain_as_published: true, ..zero });
    trace.subscribe(subscriber, "run/case/+", zero);
    let will = Will { topic: "run/case/news", payload: b"gone", retain: true, ..Will::default() };
    let connect = Connect { client_id: "mortal", clean_start: true, will: Some(will), ..Connect::default() };
    let mortal = trace.connect(Version::V5, connect);
    trace.broker_ends(mortal);
    let came = |retain| Publish { retain, topic: "run/case/news", payload: b"gone", ..Publish::default() };
    for retain in [true, true, true, false] {
        let audit = trace.take(subscriber, came(retain));
        assert!(!audit.finds(), "RETAIN {retain}: {audit:?}");
    }
    trace.take(subscriber, came(false));
    assert_broken(&trace.take(subscriber, came(false)), Point::WillOnce);
}

#[test]
fn a_will_is_published_once_and_as_it_was_left() {
    for version in VERSIONS {
        let (mut trace, subscriber) = mourning(version);
        assert_sound(&trace.take(subscriber, message(QoS::ExactlyOnce, 9, b"gone")), Point::WillOnce);
        assert_broken(&trace.take(subscriber, message(QoS::ExactlyOnce, 8, b"gone")), Point::WillOnce);
        let (mut trace, subscriber) = mourning(version);
        assert_broken(&trace.take(subscriber, message(QoS::AtLeastOnce, 7, b"gone")), Point::WillQos);
    }
}

#[test]
fn a_disconnect_deletes_the_will_once_the_broker_has_ended_the_connection() {
    for version in VERSIONS {
        for (has_ended, is_reset) in [(false, false), (true, false), (true, true)] {
            let (mut trace, subscriber, _) = pair(version, ONE);
            let will = Will { qos: QoS::AtLeastOnce, topic: "run/case/news", payload: b"gone", ..Will::default() };
            let connect = Connect { client_id: "mortal", clean_start: true, will: Some(will), ..Connect::default() };
            let mortal = trace.connect(version, connect);
            trace.client(mortal, Packet::Disconnect(Disconnect::default()));
            // Whoever resets the connection may not have read that.
            if is_reset {
                trace.routing.broker_reset(mortal);
            }
            if has_ended {
                trace.broker_ends(mortal);
            }
            let audit = trace.take(subscriber, message(QoS::AtLeastOnce, 7, b"gone"));
            if has_ended && !is_reset {
                assert_broken(&audit, Point::WillDeleted);
            } else {
                assert_silent(&audit);
            }
            trace.broker_ends(mortal);
            let found = trace.findings();
            assert_eq!(found.len(), usize::from(!has_ended), "{found:?}");
        }
    }
}

#[test]
fn what_is_sent_again_keeps_its_order() {
    for version in VERSIONS {
        for is_turned in [false, true] {
            let mut trace = Trace::default();
            let properties = PropertiesBuf::new().with(Property::SessionExpiryInterval(100));
            let none = PropertiesBuf::new();
            let properties = if version == Version::V5 { &properties } else { &none };
            let connect =
                Connect { client_id: "sleeper", properties: properties.as_properties(), ..Connect::default() };
            let sleeper = trace.connect(version, connect);
            trace.subscribe(sleeper, "run/case/#", ONE);
            let publisher = trace.open(version, "publisher", true);
            let mut both = [message(QoS::AtLeastOnce, 7, b"first"), message(QoS::AtLeastOnce, 8, b"second")];
            for one in both {
                trace.publish(publisher, one);
                trace.deliver(sleeper, one);
            }
            trace.broker_ends(sleeper);
            let back = trace.connect_with(version, connect, Connack { session_present: true, ..Connack::default() });
            if is_turned {
                both.reverse();
            }
            let [one, other] = both.map(|one| Publish { dup: true, ..one });
            assert_silent(&trace.deliver(back, one));
            let audit = trace.deliver(back, other);
            if is_turned { assert_broken(&audit, Point::Order) } else { assert_sound(&audit, Point::Order) }
        }
    }
}

#[test]
fn an_acknowledgement_of_another_qos_ends_no_message() {
    let mut trace = Trace::default();
    let connect = Connect { client_id: "sleeper", ..Connect::default() };
    let connack = Connack { session_present: true, ..Connack::default() };
    let sleeper = trace.connect(Version::V3_1_1, connect);
    trace.subscribe(sleeper, "run/case/#", ONE);
    let publisher = trace.open(Version::V3_1_1, "publisher", true);
    let both = [message(QoS::AtLeastOnce, 7, b"first"), message(QoS::AtLeastOnce, 8, b"second")];
    for one in both {
        trace.publish(publisher, one);
        trace.deliver(sleeper, one);
    }
    // Of QoS 2 it would be the last.
    trace.client(sleeper, Packet::Pubcomp(Acknowledgement::success(packet_id(7))));
    trace.broker_ends(sleeper);
    for _ in 0..2 {
        let back = trace.connect_with(Version::V3_1_1, connect, connack);
        for one in both {
            assert!(!trace.deliver(back, Publish { dup: true, ..one }).breaks(Point::Order));
        }
        trace.broker_ends(back);
    }
}

#[test]
fn what_was_published_while_the_session_had_no_other_connection_comes_for_the_first_time() {
    for version in VERSIONS {
        // Before the earlier connection ended, while there was none, or when the client was back. Whose connection was lost may
        // have been sent it there, as long as the broker does not know.
        for (when, leaves, is_first) in
            [("before", true, false), ("between", true, true), ("behind", true, true), ("between", false, false)]
        {
            let mut trace = Trace::default();
            let properties = PropertiesBuf::new().with(Property::SessionExpiryInterval(100));
            let none = PropertiesBuf::new();
            let properties = if version == Version::V5 { &properties } else { &none };
            let connect =
                Connect { client_id: "sleeper", properties: properties.as_properties(), ..Connect::default() };
            let sleeper = trace.connect(version, connect);
            trace.subscribe(sleeper, "run/case/#", ONE);
            let publisher = trace.open(version, "publisher", true);
            let one = message(QoS::AtLeastOnce, 7, b"first");
            let publish_at = |trace: &mut Trace, now: &str| {
                if now == when {
                    trace.publish(publisher, one);
                }
            };
            publish_at(&mut trace, "before");
            if leaves {
                trace.leave(sleeper);
            } else {
                trace.broker_ends(sleeper);
            }
            publish_at(&mut trace, "between");
            let back = trace.connect_with(version, connect, Connack { session_present: true, ..Connack::default() });
            publish_at(&mut trace, "behind");
            let again = Publish { dup: true, ..one };
            assert_eq!(trace.deliver(back, again).breaks(Point::DupOfFirst), is_first, "{version} {when} {leaves}");
            // Once it has come it may come again.
            assert!(!trace.deliver(back, again).breaks(Point::DupOfFirst), "{version} {when}");
        }
    }
}

#[test]
fn what_a_client_had_under_way_when_it_broke_the_standard_may_become_two_messages() {
    for breaks in [false, true] {
        let mut trace = Trace::default();
        let subscriber = trace.open(Version::V3_1_1, "subscriber", true);
        trace.subscribe(subscriber, "run/case/+", TWO);
        let connect = Connect { client_id: "publisher", ..Connect::default() };
        let connack = Connack { session_present: true, ..Connack::default() };
        let publisher = trace.connect(Version::V3_1_1, connect);
        let one = message(QoS::ExactlyOnce, 7, b"first");
        trace.client(publisher, Packet::Publish(one));
        if breaks {
            // No PUBREC has come, so that this ends an exchange which is not there.
            let moment = trace.moment();
            let release = Packet::Pubrel(Acknowledgement::success(packet_id(7)));
            trace.routing.client_sent(publisher, moment, &release, true);
        }
        trace.broker_ends(publisher);
        let back = trace.connect_with(Version::V3_1_1, connect, connack);
        trace.client(back, Packet::Publish(Publish { dup: true, ..one }));
        assert_silent(&trace.take(subscriber, Publish { packet_id: PacketId::new(1), ..one }));
        let second = trace.take(subscriber, Publish { packet_id: PacketId::new(2), ..one });
        assert_eq!(second.breaks(Point::CopiesOfQos2), !breaks, "{second:?}");
    }
}

#[test]
fn one_member_of_a_group_gets_a_message() {
    let mut trace = Trace::default();
    let members = ["one", "two"].map(|name| trace.open(Version::V5, name, true));
    for member in members {
        trace.subscribe(member, "$share/group/run/case/news", ONE);
    }
    let publisher = trace.open(Version::V5, "publisher", true);
    let one = message(QoS::AtLeastOnce, 7, b"first");
    trace.publish(publisher, one);
    assert_sound(&trace.take(members[0], one), Point::SharedOnce);
    assert_broken(&trace.take(members[1], one), Point::SharedOnce);
}

#[test]
fn a_member_that_has_gone_may_hand_its_message_on() {
    let mut trace = Trace::default();
    let members = ["one", "two"].map(|name| trace.open(Version::V5, name, true));
    for member in members {
        trace.subscribe(member, "$share/group/run/case/news", ONE);
    }
    let publisher = trace.open(Version::V5, "publisher", true);
    let one = message(QoS::AtLeastOnce, 7, b"first");
    trace.publish(publisher, one);
    assert_silent(&trace.deliver(members[0], one));
    trace.broker_ends(members[0]);
    assert_silent(&trace.take(members[1], one));
}

#[test]
fn what_was_read_late_on_a_connection_that_was_taken_over_is_no_second_copy() {
    for version in VERSIONS {
        for (id, is_second) in [(7, false), (8, true)] {
            let mut trace = Trace::default();
            let kept = PropertiesBuf::new().with(Property::SessionExpiryInterval(1000));
            let none = PropertiesBuf::new();
            let properties = if version == Version::V5 { kept.as_properties() } else { none.as_properties() };
            let connect = Connect { client_id: "sleeper", properties, ..Connect::default() };
            let sleeper = trace.connect(version, connect);
            trace.subscribe(sleeper, "run/case/#", TWO);
            let publisher = trace.open(version, "publisher", true);
            let one = message(QoS::ExactlyOnce, 7, b"first");
            trace.publish(publisher, one);
            let back = trace.connect_with(version, connect, Connack { session_present: true, ..Connack::default() });
            assert_silent(&trace.deliver(sleeper, one));
            let audit = trace.deliver(back, Publish { packet_id: PacketId::new(id), ..one });
            if is_second { assert_broken(&audit, Point::CopiesOfQos2) } else { assert_silent(&audit) }
        }
    }
}

#[test]
fn a_second_subscribe_to_a_share_asks_for_no_second_copy_and_may_leave_options_as_they_are() {
    for retain in [true, false] {
        let mut trace = Trace::default();
        let client = trace.open(Version::V5, "client", true);
        let share = "$share/group/run/case/news";
        trace.subscribe(client, share, SubscriptionOptions { retain_as_published: true, ..TWO });
        trace.subscribe(client, share, TWO);
        let publisher = trace.open(Version::V5, "publisher", true);
        let one = message(QoS::ExactlyOnce, 7, b"first");
        trace.publish(publisher, Publish { retain: true, ..one });
        assert_silent(&trace.take(client, Publish { retain, ..one }));
        let second = Publish { packet_id: PacketId::new(8), retain: false, ..one };
        assert_broken(&trace.take(client, second), Point::CopiesOfQos2);
    }
}

#[test]
fn a_copy_in_spite_of_no_local_is_none_by_the_share_beside_it() {
    let mut trace = Trace::default();
    let members = ["one", "two"].map(|name| trace.open(Version::V5, name, true));
    for member in members {
        trace.subscribe(member, "$share/group/run/case/news", SubscriptionOptions::at(QoS::AtMostOnce));
    }
    trace.subscribe(members[1], "run/case/#", SubscriptionOptions { no_local: true, ..ONE });
    let one = message(QoS::AtLeastOnce, 7, b"first");
    trace.publish(members[1], one);
    assert_broken(&trace.take(members[1], one), Point::NoLocal);
    assert_silent(&trace.take(members[0], message(QoS::AtMostOnce, 0, b"first")));
}

#[test]
fn copies_of_qos_0_and_1_are_not_counted_among_those_of_qos_2() {
    for version in VERSIONS {
        let (mut trace, subscriber, publisher) = pair(version, TWO);
        trace.subscribe(subscriber, "run/case/#", SubscriptionOptions { qos: QoS::AtMostOnce, ..TWO });
        let one = message(QoS::ExactlyOnce, 7, b"first");
        trace.publish(publisher, one);
        // QoS 0 may double them.
        for _ in 0..2 {
            assert_silent(&trace.take(subscriber, Publish { qos: QoS::AtMostOnce, packet_id: None, ..one }));
        }
        assert_silent(&trace.take(subscriber, one));
        let more = |id| Publish { packet_id: PacketId::new(id), ..one };
        assert_silent(&trace.take(subscriber, more(8)));
        assert_broken(&trace.take(subscriber, more(9)), Point::CopiesOfQos2);
    }
}

#[test]
fn what_may_have_been_looked_up_is_none_by_the_share_beside_it() {
    for is_looked_up in [false, true] {
        let mut trace = Trace::default();
        let members = ["one", "two"].map(|client| trace.open(Version::V5, client, true));
        for member in members {
            let options = SubscriptionOptions { retain_as_published: true, ..TWO };
            trace.subscribe(member, "$share/group/run/case/news", options);
        }
        let publisher = trace.open(Version::V5, "publisher", true);
        let one = message(QoS::AtLeastOnce, 7, b"first");
        trace.publish(publisher, retained(one));
        trace.take(members[0], retained(one));
        if is_looked_up {
            // Of the copies of two filters one may come twice at QoS 0.
            trace.subscribe(members[1], "run/case/#", ONE);
            trace.subscribe(members[1], "run/+/news", at(QoS::AtMostOnce));
            let lowered = Publish { qos: QoS::AtMostOnce, packet_id: None, ..retained(one) };
            for copy in [retained(one), lowered, lowered] {
                trace.take(members[1], copy);
            }
            trace.subscribe(members[1], "run/+/news", TWO);
        }
        let last = trace.take(members[1], Publish { packet_id: Some(packet_id(8)), ..retained(one) });
        assert_eq!(last.breaks(Point::SharedOnce), !is_looked_up, "{last:?}");
    }
}
