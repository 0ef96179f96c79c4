//! What comes again where a session is taken up while messages are under way, or is not what was sent before.

use super::{Run, VERSIONS, ack, again, assert_broken, first, message};
use crate::auditor::{Conn, Point};
use mqtt_assay_codec::{Packet, PropertiesBuf, Property, Publish, QoS, Version};

/// A client that was lost with so many messages open, of three, and has taken its session up.
fn resumed(version: Version, count: usize) -> (Run, Conn) {
    let run = Run::new(version);
    let conn = run.stays(true);
    run.connack(conn, false);
    for (number, payload) in [(1, b"one".as_slice()), (2, b"two"), (3, b"three")].into_iter().take(count) {
        run.read(conn, first(QoS::AtLeastOnce, number, payload));
    }
    run.is_lost(conn);
    let next = run.stays(false);
    run.connack(next, true);
    (run, next)
}

#[test]
fn what_came_on_a_connection_that_was_taken_over_comes_again_with_dup_1() {
    for version in VERSIONS {
        for (dup, acknowledges, is_found) in [(false, false, true), (true, false, false), (false, true, false)] {
            let run = Run::new(version);
            let conn = run.stays(true);
            run.connack(conn, false);
            let next = run.stays(false);
            run.connack(next, true);
            assert!(!run.read(conn, first(QoS::AtLeastOnce, 7, b"one")).finds());
            if acknowledges {
                run.write(conn, Packet::Puback(ack(7)));
            }
            let second = Publish { dup, ..message(QoS::AtLeastOnce, 7, b"one") };
            let audit = run.read(next, Packet::Publish(second));
            assert_eq!(audit.breaks(Point::DupAfterResume), is_found, "{audit:?}");
        }
    }
}

#[test]
fn what_came_on_a_connection_of_an_earlier_session_is_no_matter_of_the_next() {
    let run = Run::new(Version::V5);
    let conn = run.stays(true);
    run.connack(conn, false);
    let next = run.stays(true);
    run.connack(next, false);
    run.read(conn, first(QoS::AtLeastOnce, 7, b"one"));
    assert!(!run.read(next, first(QoS::AtLeastOnce, 7, b"one")).finds());
}

#[test]
fn what_never_comes_again_breaks_no_order() {
    let (mut run, next) = resumed(Version::V3_1_1, 3);
    for (number, payload) in [(2, b"two".as_slice()), (3, b"three")] {
        assert!(!run.read(next, again(QoS::AtLeastOnce, number, payload)).finds());
        run.write(next, Packet::Puback(ack(number)));
    }
    run.passes(10);
    run.asks(next);
    let found = run.auditor.due(run.now);
    assert_eq!(found.iter().map(|finding| finding.point).collect::<Vec<_>>(), [Point::OwedAfterResume]);
}

#[test]
fn who_gives_other_identifiers_to_what_comes_again_is_not_blamed_for_their_order() {
    let (run, next) = resumed(Version::V3_1_1, 3);
    assert_broken(&run.read(next, again(QoS::AtLeastOnce, 1, b"two")), Point::UnchangedAfterResume);
    assert!(!run.read(next, again(QoS::AtLeastOnce, 3, b"three")).finds());
    assert!(!run.read(next, again(QoS::AtLeastOnce, 2, b"two")).finds());
}

#[test]
fn who_was_only_slow_owes_nothing_any_more() {
    for comes in [false, true] {
        let (mut run, next) = resumed(Version::V5, 1);
        run.passes(10);
        assert_eq!(run.auditor.due(run.now), [], "nobody has seen the broker alive");
        run.passes(10);
        if comes {
            run.read(next, again(QoS::AtLeastOnce, 1, b"one"));
        }
        run.asks(next);
        assert_eq!(run.auditor.due(run.now).len(), usize::from(!comes));
    }
}

#[test]
fn what_came_under_an_alias_is_longer_where_it_has_to_name_its_topic() {
    // It is 13 bytes long, and 17 with the topic `news` beside the alias.
    for (most, is_found) in [(16, false), (17, true)] {
        let mut run = Run::new(Version::V5);
        let expiry = Property::SessionExpiryInterval(1000);
        let conn = run.connect("own-ann", true, &[expiry, Property::TopicAliasMaximum(1)]);
        run.connack(conn, false);
        let alias = PropertiesBuf::new().with(Property::TopicAlias(1));
        let set = Publish { topic: "news", properties: alias.as_properties(), ..Publish::default() };
        run.read(conn, Packet::Publish(set));
        let by_alias = Publish { topic: "", properties: alias.as_properties(), ..message(QoS::AtLeastOnce, 1, b"one") };
        run.read(conn, Packet::Publish(by_alias));
        run.is_lost(conn);
        let next = run.connect("own-ann", false, &[expiry, Property::MaximumPacketSize(most)]);
        run.connack(next, true);
        run.passes(10);
        run.connack(run.connect("own-bob", true, &[]), false);
        let found = run.auditor.due(run.now);
        let is_owed = found.iter().any(|finding| finding.point == Point::OwedAfterResume);
        assert_eq!(is_owed, is_found, "{most}: {found:?}");
    }
}
