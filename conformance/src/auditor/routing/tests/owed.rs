//! What was owed and did not come, and who is said to have subscribed.

use super::{ONE, TWO, Trace, VERSIONS, assert_broken, assert_silent, assert_sound, message, packet_id, pair};
use crate::auditor::{Conn, Point};
use mqtt_assay_codec::{
    Acknowledgement, Connack, Connect, Packet, PropertiesBuf, Property, Publish, QoS, ReasonCode, SubscriptionOptions,
    Version,
};

#[test]
fn nobody_has_subscribed_where_the_code_says_so() {
    for (is_there, no_local) in [(true, false), (true, true), (false, false)] {
        let mut trace = Trace::default();
        let publisher = trace.open(Version::V5, "publisher", true);
        if is_there {
            trace.subscribe(publisher, "run/case/#", SubscriptionOptions { no_local, ..ONE });
        }
        trace.client(publisher, Packet::Publish(message(QoS::AtLeastOnce, 7, b"first")));
        let reason = ReasonCode::NO_MATCHING_SUBSCRIBERS;
        let audit = trace
            .server(publisher, Packet::Puback(Acknowledgement { reason, ..Acknowledgement::success(packet_id(7)) }));
        if is_there && !no_local {
            assert_broken(&audit, Point::NoSubscribers);
        } else {
            assert_sound(&audit, Point::NoSubscribers);
        }
    }
}

#[test]
fn what_waited_for_an_absent_client_is_missed_behind_a_later_message() {
    for session_present in [true, false] {
        let mut trace = Trace::default();
        let connect = Connect { client_id: "sleeper", ..Connect::default() };
        let sleeper = trace.connect(Version::V3_1_1, connect);
        trace.subscribe(sleeper, "run/case/#", ONE);
        trace.leave(sleeper);
        let publisher = trace.open(Version::V3_1_1, "publisher", true);
        for (id, payload) in [(7, &b"first"[..]), (8, b"second")] {
            trace.publish(publisher, message(QoS::AtLeastOnce, id, payload));
        }
        let back = trace.connect_with(Version::V3_1_1, connect, Connack { session_present, ..Connack::default() });
        let audit = trace.take(back, message(QoS::AtLeastOnce, 8, b"second"));
        if session_present { assert_broken(&audit, Point::Owed) } else { assert_silent(&audit) }
    }
}

#[test]
fn what_is_owned_is_missed_after_a_long_silence_and_not_before() {
    for version in VERSIONS {
        let (mut trace, subscriber, publisher) = pair(version, ONE);
        let one = message(QoS::AtLeastOnce, 7, b"first");
        trace.publish(publisher, one);
        trace.wait(9);
        assert_eq!(trace.findings(), []);
        let two = message(QoS::AtLeastOnce, 8, b"second");
        trace.publish(publisher, two);
        trace.wait(20);
        let found = trace.findings();
        let owed: Vec<_> = found.iter().map(|finding| (finding.conn, finding.point)).collect();
        assert_eq!(owed, [(subscriber, Point::Owed); 2]);
        assert_eq!(trace.findings(), []);
    }
}

#[test]
fn what_is_small_enough_is_owed_behind_what_is_too_large() {
    // A packet of it has 49 bytes at most, and as many again are left for what a broker may add.
    for (limit, is_owed) in [(97, false), (98, true)] {
        let mut trace = Trace::default();
        let small = PropertiesBuf::new().with(Property::MaximumPacketSize(limit));
        let connect = Connect { client_id: "small", properties: small.as_properties(), ..Connect::default() };
        let subscriber = trace.connect(Version::V5, connect);
        trace.subscribe(subscriber, "run/case/#", ONE);
        let publisher = trace.open(Version::V5, "publisher", true);
        trace.publish(publisher, Publish { payload: &[b'l'; 200], ..message(QoS::AtLeastOnce, 7, b"") });
        let named = PropertiesBuf::new().with(Property::ContentType("a"));
        let one = message(QoS::AtLeastOnce, 8, b"one");
        trace.publish(publisher, Publish { properties: named.as_properties(), ..one });
        trace.wait(20);
        let owed: Vec<_> = trace.findings().iter().map(|finding| (finding.conn, finding.point)).collect();
        assert_eq!(owed, if is_owed { vec![(subscriber, Point::Owed)] } else { vec![] }, "{limit}");
    }
}

#[test]
fn nothing_is_missed_that_need_not_come() {
    let owed = |change: fn(&mut Trace, Conn, Conn)| {
        let (mut trace, subscriber, publisher) = pair(Version::V5, ONE);
        change(&mut trace, subscriber, publisher);
        trace.wait(20);
        trace.findings().len()
    };
    assert_eq!(owed(|trace, _, publisher| trace.publish(publisher, message(QoS::AtLeastOnce, 7, b"first"))), 1);
    // It came.
    assert_eq!(
        owed(|trace, subscriber, publisher| {
            trace.publish(publisher, message(QoS::AtLeastOnce, 7, b"first"));
            trace.take(subscriber, message(QoS::AtLeastOnce, 7, b"first"));
        }),
        0
    );
    // Another one is not acknowledged.
    assert_eq!(
        owed(|trace, subscriber, publisher| {
            trace.publish(publisher, message(QoS::AtLeastOnce, 6, b"other"));
            trace.deliver(subscriber, message(QoS::AtLeastOnce, 6, b"other"));
            trace.publish(publisher, message(QoS::AtLeastOnce, 7, b"first"));
        }),
        0
    );
    // Nobody said that it was taken, or it was refused.
    assert_eq!(
        owed(|trace, _, publisher| trace.client(publisher, Packet::Publish(message(QoS::AtLeastOnce, 7, b"first")))),
        0
    );
    assert_eq!(
        owed(|trace, _, publisher| {
            trace.client(publisher, Packet::Publish(message(QoS::AtLeastOnce, 7, b"first")));
            let reason = ReasonCode::NOT_AUTHORIZED;
            let refusal = Acknowledgement { reason, ..Acknowledgement::success(packet_id(7)) };
            trace.server(publisher, Packet::Puback(refusal));
        }),
        0
    );
    // The subscription was about to go, or the client.
    assert_eq!(
        owed(|trace, subscriber, publisher| {
            trace.unsubscribe(subscriber, "run/case/+");
            trace.publish(publisher, message(QoS::AtLeastOnce, 7, b"first"));
        }),
        0
    );
    assert_eq!(
        owed(|trace, subscriber, publisher| {
            trace.publish(publisher, message(QoS::AtLeastOnce, 7, b"first"));
            trace.leave(subscriber);
        }),
        0
    );
}

#[test]
fn what_was_denied_and_does_not_come_up_to_the_next_pingresp_is_lost() {
    for comes in [true, false] {
        let (mut trace, subscriber, publisher) = pair(Version::V5, ONE);
        let one = message(QoS::AtLeastOnce, 7, b"first");
        trace.client(publisher, Packet::Publish(one));
        let reason = ReasonCode::NO_MATCHING_SUBSCRIBERS;
        let denial = Acknowledgement { reason, ..Acknowledgement::success(packet_id(7)) };
        assert_broken(&trace.server(publisher, Packet::Puback(denial)), Point::NoSubscribers);
        trace.client(subscriber, Packet::Pingreq);
        if comes {
            trace.take(subscriber, one);
        }
        trace.server(subscriber, Packet::Pingresp);
        let found: Vec<_> = trace.findings().iter().map(|finding| (finding.conn, finding.point)).collect();
        assert_eq!(found, if comes { vec![] } else { vec![(subscriber, Point::Owed)] });
    }
}

#[test]
fn an_identifier_that_was_given_twice_owes_nothing_to_whoever_has_it_third() {
    for is_reused in [false, true] {
        let (mut trace, _, publisher) = pair(Version::V3_1_1, TWO);
        trace.client(publisher, Packet::Publish(message(QoS::ExactlyOnce, 2, b"first")));
        trace.server(publisher, Packet::Pubrec(Acknowledgement::success(packet_id(2))));
        // The exchange of the first is not over, whatever the acknowledgement of the second says.
        let second = message(QoS::AtLeastOnce, if is_reused { 2 } else { 3 }, b"second");
        trace.publish(publisher, Publish { topic: "run/case/elsewhere/far", ..second });
        trace.publish(publisher, message(QoS::ExactlyOnce, if is_reused { 2 } else { 4 }, b"third"));
        trace.wait(20);
        assert_eq!(trace.findings().len(), usize::from(!is_reused));
    }
}
