//! What looks like a broken session and is none: time that runs where nobody looks, and identifiers that are free again; and
//! what is a breach all the same.

use super::{Run, VERSIONS, ack, again, assert_kept, assert_silent, first, message};
use crate::auditor::Point;
use mqtt_assay_codec::{
    Connect, Disconnect, Packet, PropertiesBuf, Property, Publish, QoS, ReasonCode, Subscribe, SubscriptionsBuf,
    Version,
};

#[test]
fn whose_end_nobody_saw_may_have_been_gone_for_long() {
    for (waits, is_owed) in [(3, true), (10, false), (30, false)] {
        let mut run = Run::new(Version::V5);
        let conn = run.connect("own-ann", true, &[Property::SessionExpiryInterval(10)]);
        run.connack(conn, false);
        // Reset: nothing more is read of it.
        run.auditor.client_ended(conn, run.now, 0);
        run.auditor.lost_sight(conn, run.now);
        run.passes(waits);
        let audit = run.connack(run.connect("own-ann", false, &[]), false);
        assert_eq!(audit.breaks(Point::SessionWhereKept), is_owed, "after {waits} s");
    }
}

#[test]
fn a_disconnect_behind_the_brokers_end_changes_nothing() {
    let mut run = Run::new(Version::V5);
    let conn = run.stays(true);
    run.connack(conn, false);
    run.auditor.broker_ended(conn, run.now, 0);
    let ends = PropertiesBuf::new().with(Property::SessionExpiryInterval(0));
    let properties = ends.as_properties();
    run.write(conn, Packet::Disconnect(Disconnect { properties, ..Disconnect::default() }));
    run.passes(1);
    assert_kept(&run.connack(run.stays(false), true), Point::SessionWhereKept);
}

#[test]
fn a_keep_alive_is_counted_from_connect_on() {
    for (silent, is_right) in [(14, false), (15, true)] {
        let mut run = Run::new(Version::V5);
        run.passes(100);
        let conn = run.open();
        let connect = Connect { client_id: "own-ann", keep_alive: 10, clean_start: true, ..Connect::default() };
        run.write(conn, Packet::Connect(connect));
        run.connack(conn, false);
        run.passes(silent);
        let farewell = Disconnect { reason: ReasonCode::KEEP_ALIVE_TIMEOUT, ..Disconnect::default() };
        let audit = run.read(conn, Packet::Disconnect(farewell));
        assert_eq!(audit.breaks(Point::KeepAliveCode), !is_right, "{audit:?}");
    }
}

/// A message of QoS 1 was sent and not acknowledged, and its client comes back.
fn returned(expires: bool, shares: bool) -> (Run, crate::auditor::Conn) {
    let run = Run::new(Version::V5);
    let conn = run.stays(true);
    run.connack(conn, false);
    if shares {
        let mut filters = SubscriptionsBuf::new();
        filters.push("$share/group/news", QoS::AtLeastOnce).expect("a filter");
        let properties = PropertiesBuf::new();
        let (packet_id, properties) = (super::id(9), properties.as_properties());
        run.write(conn, Packet::Subscribe(Subscribe { packet_id, properties, filters: filters.as_subscriptions() }));
    }
    let expiry = PropertiesBuf::new().with(Property::MessageExpiryInterval(5));
    let none = PropertiesBuf::new();
    let properties = if expires { expiry.as_properties() } else { none.as_properties() };
    run.read(conn, Packet::Publish(Publish { properties, ..message(QoS::AtLeastOnce, 1, b"one") }));
    run.is_lost(conn);
    let next = run.stays(false);
    run.connack(next, true);
    (run, next)
}

#[test]
fn the_identifier_of_what_expired_or_went_to_another_member_is_free() {
    for (expires, shares) in [(true, false), (false, true), (false, false)] {
        let is_free = expires || shares;
        // Another message, and one that says the same.
        for (payload, point) in [(&b"two"[..], Point::FreshIdentifier), (b"one", Point::DupAfterResume)] {
            let (run, conn) = returned(expires, shares);
            assert_eq!(run.read(conn, first(QoS::AtLeastOnce, 1, payload)).breaks(point), !is_free);
        }
        let (run, conn) = returned(expires, shares);
        assert_kept(&run.read(conn, again(QoS::AtLeastOnce, 1, b"one")), Point::DupAfterResume);
    }
}

#[test]
fn what_comes_on_a_connection_that_was_taken_over_settles_nothing() {
    for version in VERSIONS {
        let run = Run::new(version);
        let old = run.stays(true);
        run.connack(old, false);
        let new = run.stays(false);
        run.connack(new, true);
        // It was under way when the other connection came.
        assert!(!run.read(old, first(QoS::AtLeastOnce, 1, b"one")).finds());
        assert!(!run.read(new, again(QoS::AtLeastOnce, 1, b"one")).finds());
        run.write(new, Packet::Puback(ack(1)));
        assert_silent(&run.read(old, again(QoS::AtLeastOnce, 1, b"one")), Point::Qos1Settled);
    }
}

#[test]
fn whom_the_broker_sent_away_has_a_session_or_none() {
    for present in [false, true] {
        let run = Run::new(Version::V5);
        let conn = run.connect("own-ann", true, &[]);
        run.connack(conn, false);
        // Another connection of the client may have taken the session over before that.
        let farewell = Disconnect { reason: ReasonCode::SESSION_TAKEN_OVER, ..Disconnect::default() };
        run.read(conn, Packet::Disconnect(farewell));
        run.auditor.broker_ended(conn, run.now, 0);
        assert_silent(&run.connack(run.stays(false), present), Point::NoSessionWhereNone);
    }
}

#[test]
fn an_acknowledgement_on_another_connection_than_the_message_settles_nothing() {
    for version in VERSIONS {
        let run = Run::new(version);
        let conn = run.stays(true);
        run.connack(conn, false);
        run.read(conn, first(QoS::AtLeastOnce, 1, b"one"));
        run.is_lost(conn);
        let next = run.stays(false);
        run.connack(next, true);
        run.write(next, Packet::Puback(ack(1)));
        run.asks(next);
        run.is_lost(next);
        let last = run.stays(false);
        run.connack(last, true);
        assert_silent(&run.read(last, again(QoS::AtLeastOnce, 1, b"one")), Point::Qos1Settled);
    }
}

#[test]
fn a_release_whose_pubcomp_was_lost_comes_again_as_often_as_it_is() {
    for version in VERSIONS {
        let run = Run::new(version);
        let mut conn = run.stays(true);
        run.connack(conn, false);
        run.read(conn, first(QoS::ExactlyOnce, 1, b"one"));
        run.write(conn, Packet::Pubrec(ack(1)));
        run.read(conn, Packet::Pubrel(ack(1)));
        for _ in 0..2 {
            run.write(conn, Packet::Pubcomp(ack(1)));
            run.is_lost(conn);
            conn = run.stays(false);
            run.connack(conn, true);
            assert!(!run.read(conn, Packet::Pubrel(ack(1))).finds());
        }
        assert_silent(&run.read(conn, Packet::Pubrel(ack(1))), Point::Qos2Settled);
        run.write(conn, Packet::Pubcomp(ack(1)));
        run.asks(conn);
        run.is_lost(conn);
        let last = run.stays(false);
        run.connack(last, true);
        assert!(run.read(last, Packet::Pubrel(ack(1))).breaks(Point::Qos2Settled));
    }
}

#[test]
fn what_may_have_expired_or_gone_to_another_member_is_not_owed() {
    for (expires, shares, owed) in [(true, false, 0), (false, true, 0), (false, false, 1)] {
        let (mut run, _) = returned(expires, shares);
        run.passes(20);
        run.connack(run.connect("own-bob", true, &[]), false);
        assert_eq!(run.auditor.due(run.now).len(), owed);
    }
}

#[test]
fn the_highest_alias_is_taken() {
    let run = Run::new(Version::V5);
    let conn = run.connect("own-ann", true, &[Property::TopicAliasMaximum(2)]);
    run.connack(conn, false);
    let highest = PropertiesBuf::new().with(Property::TopicAlias(2));
    let properties = highest.as_properties();
    let publish = Publish { properties, ..message(QoS::AtLeastOnce, 1, b"one") };
    assert_kept(&run.read(conn, Packet::Publish(publish)), Point::AliasMaximum);
}
