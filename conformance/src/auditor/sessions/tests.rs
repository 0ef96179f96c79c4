//! Sessions by themselves: histories of a few connections of one client, and what is said of their packets.

mod again;
mod legal;

use super::super::{Audit, Auditor, Conn, Facts, Finding, Holding, Point};
use mqtt_assay_codec::{
    Acknowledgement, Connack, Connect, Disconnect, Packet, PacketId, PropertiesBuf, Property, Publish, QoS, ReasonCode,
    Version,
};
use std::time::Duration;

const VERSIONS: [Version; 2] = [Version::V3_1_1, Version::V5];

/// A run, whose time the test tells.
struct Run {
    version: Version,
    auditor: Auditor,
    now: Duration,
}

impl Run {
    fn new(version: Version) -> Self {
        Self { version, auditor: Auditor::default(), now: Duration::ZERO }
    }

    fn passes(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
    }

    fn open(&self) -> Conn {
        self.auditor.opened(Facts {
            version: self.version,
            case: "case".to_owned(),
            role: "role".to_owned(),
            broker: 1,
            own_clients: "own".to_owned(),
            own_topics: String::new(),
            is_simulated: true,
            is_clean_up: false,
        })
    }

    fn write(&self, conn: Conn, packet: Packet<'_>) {
        let bytes = packet.to_bytes(self.version).expect("a legal packet");
        self.auditor.wrote(conn, self.now, 0, &bytes, false);
    }

    fn read(&self, conn: Conn, packet: Packet<'_>) -> Audit {
        self.auditor.read(conn, self.now, 0, &packet, None)
    }

    /// CONNECT, with these properties where the version has them.
    fn connect(&self, client_id: &str, clean_start: bool, properties: &[Property<'_>]) -> Conn {
        let conn = self.open();
        let mut buffer = PropertiesBuf::new();
        if self.version == Version::V5 {
            buffer.extend(properties.iter().copied());
        }
        let properties = buffer.as_properties();
        self.write(conn, Packet::Connect(Connect { client_id, clean_start, properties, ..Connect::default() }));
        conn
    }

    /// CONNECT that asks for a session that stays.
    fn stays(&self, clean_start: bool) -> Conn {
        let clean_start = clean_start && self.version == Version::V5;
        self.connect("own-ann", clean_start, &[Property::SessionExpiryInterval(1000)])
    }

    fn connack(&self, conn: Conn, session_present: bool) -> Audit {
        self.read(conn, Packet::Connack(Connack { session_present, ..Connack::default() }))
    }

    /// Our DISCONNECT and the broker's end.
    fn leaves(&self, conn: Conn) {
        self.write(conn, Packet::Disconnect(Disconnect::default()));
        self.auditor.client_ended(conn, self.now, 0);
        self.auditor.broker_ended(conn, self.now, 0);
    }

    /// The connection breaks; the broker's end is read.
    fn is_lost(&self, conn: Conn) {
        self.auditor.client_ended(conn, self.now, 0);
        self.auditor.broker_ended(conn, self.now, 0);
    }

    /// All that we wrote before has been read.
    fn asks(&self, conn: Conn) {
        self.write(conn, Packet::Pingreq);
        assert!(!self.read(conn, Packet::Pingresp).finds());
    }
}

fn id(id: u16) -> PacketId {
    PacketId::new(id).expect("not zero")
}

fn ack(packet_id: u16) -> Acknowledgement<'static> {
    Acknowledgement::success(id(packet_id))
}

fn message(qos: QoS, packet_id: u16, payload: &'static [u8]) -> Publish<'static> {
    Publish { qos, packet_id: Some(id(packet_id)), topic: "news", payload, ..Publish::default() }
}

fn first(qos: QoS, packet_id: u16, payload: &'static [u8]) -> Packet<'static> {
    Packet::Publish(message(qos, packet_id, payload))
}

fn again(qos: QoS, packet_id: u16, payload: &'static [u8]) -> Packet<'static> {
    Packet::Publish(Publish { dup: true, ..message(qos, packet_id, payload) })
}

#[track_caller]
fn assert_broken(audit: &Audit, point: Point) {
    assert!(audit.breaks(point), "{point:?} of {audit:?}");
}

#[track_caller]
fn assert_kept(audit: &Audit, point: Point) {
    assert_eq!(audit.of(point), Holding::Kept, "{point:?} of {audit:?}");
}

#[track_caller]
fn assert_silent(audit: &Audit, point: Point) {
    assert_eq!(audit.of(point), Holding::NotThere, "{point:?} of {audit:?}");
}

#[test]
fn a_clean_start_finds_no_session() {
    for version in VERSIONS {
        for (present, is_right) in [(false, true), (true, false)] {
            let run = Run::new(version);
            let audit = run.connack(run.connect("own-ann", true, &[]), present);
            assert_eq!(audit.breaks(Point::NoSessionAtCleanStart), !is_right);
        }
    }
}

#[test]
fn who_was_never_there_has_no_session_unless_others_may_have_its_name() {
    for version in VERSIONS {
        let run = Run::new(version);
        let own = run.connect("own-bob", false, &[]);
        assert_broken(&run.connack(own, true), Point::NoSessionWhereNone);
        let other = run.connect("0123456789", false, &[]);
        assert_silent(&run.connack(other, true), Point::NoSessionWhereNone);
    }
}

#[test]
fn a_session_is_there_where_it_was_left_and_gone_where_it_ended() {
    for version in VERSIONS {
        let run = Run::new(version);
        let conn = run.stays(true);
        run.connack(conn, false);
        run.leaves(conn);
        assert_broken(&run.connack(run.stays(false), false), Point::SessionWhereKept);

        let run = Run::new(version);
        let conn = run.connect("own-ann", true, &[]);
        run.connack(conn, false);
        run.leaves(conn);
        assert_broken(&run.connack(run.stays(false), true), Point::NoSessionWhereNone);
    }
}

#[test]
fn of_a_connection_that_the_broker_has_not_ended_nothing_is_known_where_that_matters() {
    for version in VERSIONS {
        for present in [false, true] {
            let run = Run::new(version);
            let conn = run.connect("own-ann", true, &[]);
            run.connack(conn, false);
            run.write(conn, Packet::Disconnect(Disconnect::default()));
            run.auditor.client_ended(conn, run.now, 0);
            assert_silent(&run.connack(run.stays(false), present), Point::NoSessionWhereNone);
        }
    }
    let run = Run::new(Version::V5);
    let conn = run.stays(true);
    run.connack(conn, false);
    let ends = PropertiesBuf::new().with(Property::SessionExpiryInterval(0));
    let properties = ends.as_properties();
    run.write(conn, Packet::Disconnect(Disconnect { properties, ..Disconnect::default() }));
    let audit = run.connack(run.stays(false), false);
    assert_silent(&audit, Point::SessionWhereKept);
}

#[test]
fn an_expiry_in_disconnect_counts_once_the_broker_has_dealt_with_it() {
    for is_reset in [false, true] {
        let mut run = Run::new(Version::V5);
        let conn = run.stays(true);
        run.connack(conn, false);
        let ends = PropertiesBuf::new().with(Property::SessionExpiryInterval(0));
        let properties = ends.as_properties();
        run.write(conn, Packet::Disconnect(Disconnect { properties, ..Disconnect::default() }));
        if is_reset {
            run.auditor.broker_reset(conn, run.now, 0);
        } else {
            run.auditor.broker_ended(conn, run.now, 0);
        }
        run.passes(1);
        let back = run.connack(run.stays(false), true);
        assert_eq!(back.breaks(Point::NoSessionWhereNone), !is_reset, "{back:?}");
    }
}

#[test]
fn a_session_is_owed_until_shortly_before_its_time_and_gone_well_after_it() {
    for (seconds, present, kept, none) in [
        (3, false, true, false),
        (3, true, false, false),
        (10, false, false, false),
        (10, true, false, false),
        (22, true, false, false),
        (23, true, false, true),
        (23, false, false, false),
    ] {
        let mut run = Run::new(Version::V5);
        let conn = run.connect("own-ann", true, &[Property::SessionExpiryInterval(10)]);
        run.connack(conn, false);
        run.leaves(conn);
        run.passes(seconds);
        let audit = run.connack(run.connect("own-ann", false, &[]), present);
        assert_eq!(audit.breaks(Point::SessionWhereKept), kept, "{seconds} s {present}");
        assert_eq!(audit.breaks(Point::NoSessionWhereNone), none, "{seconds} s {present}");
    }
}

#[test]
fn what_connack_says_of_the_expiry_counts() {
    let mut run = Run::new(Version::V5);
    let conn = run.stays(true);
    let states = PropertiesBuf::new().with(Property::SessionExpiryInterval(2));
    run.read(conn, Packet::Connack(Connack { properties: states.as_properties(), ..Connack::default() }));
    run.leaves(conn);
    run.passes(5);
    assert_silent(&run.connack(run.stays(false), false), Point::SessionWhereKept);
}

#[test]
fn a_connect_without_an_answer_or_against_the_standard_leaves_nothing_certain() {
    for version in VERSIONS {
        for ends in [false, true] {
            let run = Run::new(version);
            let conn = run.stays(true);
            run.connack(conn, false);
            run.leaves(conn);
            let ghost = run.connect("own-ann", true, &[]);
            if ends {
                run.is_lost(ghost);
            }
            let audit = run.connack(run.stays(false), false);
            // Its end is read, and it was never let in: what became of the session is not known.
            assert_silent(&audit, Point::SessionWhereKept);
        }
        let run = Run::new(version);
        let conn = run.stays(true);
        run.connack(conn, false);
        run.auditor.wrote(conn, run.now, 0, &[0xFF, 0x00], false);
        run.is_lost(conn);
        assert_silent(&run.connack(run.stays(false), false), Point::SessionWhereKept);
    }
}

#[test]
fn a_connection_that_is_taken_over_leaves_its_session() {
    for version in VERSIONS {
        let run = Run::new(version);
        let conn = run.stays(true);
        run.connack(conn, false);
        assert_broken(&run.connack(run.stays(false), false), Point::SessionWhereKept);
    }
}

#[test]
fn what_comes_again_has_dup_and_is_what_it_was() {
    for version in VERSIONS {
        for qos in [QoS::AtLeastOnce, QoS::ExactlyOnce] {
            let resumed = || {
                let run = Run::new(version);
                let conn = run.stays(true);
                run.connack(conn, false);
                run.read(conn, first(qos, 1, b"one"));
                run.is_lost(conn);
                let next = run.stays(false);
                run.connack(next, true);
                (run, next)
            };
            let (run, conn) = resumed();
            let right = run.read(conn, again(qos, 1, b"one"));
            assert!(!right.finds(), "{right:?}");
            assert_kept(&right, Point::DupAfterResume);
            assert_kept(&right, Point::UnchangedAfterResume);
            assert_kept(&right, Point::OwedAfterResume);
            let (run, conn) = resumed();
            assert_broken(&run.read(conn, first(qos, 1, b"one")), Point::DupAfterResume);
            let (run, conn) = resumed();
            assert_broken(&run.read(conn, again(qos, 1, b"two")), Point::UnchangedAfterResume);
            let (run, conn) = resumed();
            assert_broken(&run.read(conn, first(qos, 1, b"two")), Point::FreshIdentifier);
            let (run, conn) = resumed();
            assert_kept(&run.read(conn, first(qos, 2, b"two")), Point::FreshIdentifier);
        }
    }
}

#[test]
fn what_is_acknowledged_does_not_come_again_once_that_was_read() {
    for version in VERSIONS {
        for is_read in [false, true] {
            let run = Run::new(version);
            let conn = run.stays(true);
            run.connack(conn, false);
            run.read(conn, first(QoS::AtLeastOnce, 1, b"one"));
            run.read(conn, first(QoS::ExactlyOnce, 2, b"two"));
            run.write(conn, Packet::Puback(ack(1)));
            run.write(conn, Packet::Pubrec(ack(2)));
            if is_read {
                run.asks(conn);
            }
            run.is_lost(conn);
            let next = run.stays(false);
            run.connack(next, true);
            let one = run.read(next, again(QoS::AtLeastOnce, 1, b"one"));
            assert_eq!(one.breaks(Point::Qos1Settled), is_read, "{one:?}");
            let two = run.read(next, again(QoS::ExactlyOnce, 2, b"two"));
            assert_eq!(two.breaks(Point::Qos2Received), is_read, "{two:?}");
        }
    }
}

#[test]
fn a_release_comes_again_until_it_is_completed_and_the_message_does_not() {
    for version in VERSIONS {
        let released = || {
            let run = Run::new(version);
            let conn = run.stays(true);
            run.connack(conn, false);
            run.read(conn, first(QoS::ExactlyOnce, 2, b"two"));
            run.write(conn, Packet::Pubrec(ack(2)));
            run.read(conn, Packet::Pubrel(ack(2)));
            (run, conn)
        };
        let (run, conn) = released();
        run.is_lost(conn);
        let next = run.stays(false);
        run.connack(next, true);
        assert_kept(&run.read(next, Packet::Pubrel(ack(2))), Point::OwedPubrel);

        let (run, conn) = released();
        run.is_lost(conn);
        let next = run.stays(false);
        run.connack(next, true);
        assert_broken(&run.read(next, again(QoS::ExactlyOnce, 2, b"two")), Point::Qos2Received);

        // A farewell that the broker has dealt with shows that all before it was read.
        let (run, conn) = released();
        run.write(conn, Packet::Pubcomp(ack(2)));
        run.leaves(conn);
        let next = run.stays(false);
        run.connack(next, true);
        assert_broken(&run.read(next, Packet::Pubrel(ack(2))), Point::Qos2Settled);

        let (run, conn) = released();
        run.write(conn, Packet::Pubcomp(ack(2)));
        run.is_lost(conn);
        let next = run.stays(false);
        run.connack(next, true);
        assert!(!run.read(next, Packet::Pubrel(ack(2))).finds(), "the PUBCOMP may be lost");
    }
}

#[test]
fn what_was_refused_does_not_come_again() {
    let run = Run::new(Version::V5);
    let conn = run.stays(true);
    run.connack(conn, false);
    run.read(conn, first(QoS::AtLeastOnce, 1, b"one"));
    run.write(conn, Packet::Puback(Acknowledgement { reason: ReasonCode::UNSPECIFIED_ERROR, ..ack(1) }));
    run.asks(conn);
    run.is_lost(conn);
    let next = run.stays(false);
    run.connack(next, true);
    assert_broken(&run.read(next, again(QoS::AtLeastOnce, 1, b"one")), Point::RefusedSettled);
}

#[test]
fn in_3_1_1_what_comes_again_keeps_its_order() {
    let run = Run::new(Version::V3_1_1);
    let conn = run.stays(true);
    run.connack(conn, false);
    for (number, payload) in [(1, b"one".as_slice()), (2, b"two"), (3, b"three")] {
        run.read(conn, first(QoS::AtLeastOnce, number, payload));
    }
    run.is_lost(conn);
    let next = run.stays(false);
    run.connack(next, true);
    assert!(!run.read(next, again(QoS::AtLeastOnce, 3, b"three")).finds());
    assert_broken(&run.read(next, again(QoS::AtLeastOnce, 1, b"one")), Point::OrderAfterResume);
    assert!(!run.read(next, again(QoS::AtLeastOnce, 2, b"two")).finds(), "one breach is one");
}

#[test]
fn in_3_1_1_releases_come_again_in_the_order_of_their_pubrecs() {
    let run = Run::new(Version::V3_1_1);
    let conn = run.stays(true);
    run.connack(conn, false);
    run.read(conn, first(QoS::ExactlyOnce, 1, b"one"));
    run.read(conn, first(QoS::ExactlyOnce, 2, b"two"));
    for number in [2, 1] {
        run.write(conn, Packet::Pubrec(ack(number)));
        run.read(conn, Packet::Pubrel(ack(number)));
    }
    run.is_lost(conn);
    let next = run.stays(false);
    run.connack(next, true);
    assert_broken(&run.read(next, Packet::Pubrel(ack(1))), Point::OrderOfPubrels);
}

#[test]
fn what_is_owed_has_ten_seconds_in_which_nothing_else_goes_on_and_the_broker_lives() {
    for version in VERSIONS {
        for (waits, lives, is_found) in [(9, true, false), (10, true, true), (30, false, false)] {
            let mut run = Run::new(version);
            let conn = run.stays(true);
            run.connack(conn, false);
            run.read(conn, first(QoS::AtLeastOnce, 1, b"one"));
            run.is_lost(conn);
            let next = run.stays(false);
            run.connack(next, true);
            run.passes(waits);
            if lives {
                run.connack(run.connect("own-bob", true, &[]), false);
            }
            let found = run.auditor.due(run.now);
            assert_eq!(found.iter().any(|finding| finding.point == Point::OwedAfterResume), is_found, "{found:?}");
        }
    }
}

#[test]
fn what_is_owed_waits_while_the_broker_serves_others_of_the_case() {
    for (serves, is_found) in [(false, true), (true, false)] {
        let mut run = Run::new(Version::V5);
        let conn = run.stays(true);
        run.connack(conn, false);
        run.read(conn, first(QoS::AtLeastOnce, 1, b"one"));
        run.is_lost(conn);
        let next = run.stays(false);
        run.connack(next, true);
        let other = run.connect("own-bob", true, &[]);
        run.connack(other, false);
        run.write(other, Packet::Publish(message(QoS::AtLeastOnce, 9, b"nine")));
        run.passes(9);
        if serves {
            run.read(other, Packet::Puback(ack(9)));
        }
        run.passes(1);
        run.asks(next);
        let is_owed = |found: &[Finding]| found.iter().any(|finding| finding.point == Point::OwedAfterResume);
        assert_eq!(is_owed(&run.auditor.due(run.now)), is_found);
        run.passes(9);
        run.asks(next);
        assert_eq!(is_owed(&run.auditor.due(run.now)), serves, "told once");
    }
}

#[test]
fn nothing_is_owed_while_something_waits_for_us_or_after_it_came() {
    for came in [again(QoS::AtLeastOnce, 1, b"one"), first(QoS::AtLeastOnce, 2, b"two")] {
        let mut run = Run::new(Version::V5);
        let conn = run.stays(true);
        run.connack(conn, false);
        run.read(conn, first(QoS::AtLeastOnce, 1, b"one"));
        run.is_lost(conn);
        let next = run.stays(false);
        run.connack(next, true);
        run.read(next, came);
        run.passes(20);
        run.connack(run.connect("own-bob", true, &[]), false);
        assert_eq!(run.auditor.due(run.now), []);
    }
}

#[test]
fn limits_are_those_of_this_connection() {
    let run = Run::new(Version::V5);
    let conn = run.connect("own-ann", true, &[Property::ReceiveMaximum(1), Property::MaximumPacketSize(20)]);
    run.connack(conn, false);
    assert_kept(&run.read(conn, first(QoS::ExactlyOnce, 1, b"one")), Point::ReceiveMaximum);
    run.write(conn, Packet::Pubrec(ack(1)));
    assert_broken(&run.read(conn, first(QoS::AtLeastOnce, 2, b"two")), Point::ReceiveMaximum);
    run.write(conn, Packet::Puback(ack(2)));
    run.read(conn, Packet::Pubrel(ack(1)));
    run.write(conn, Packet::Pubcomp(ack(1)));
    assert_kept(&run.read(conn, first(QoS::AtLeastOnce, 3, b"three")), Point::ReceiveMaximum);
    assert_broken(&run.read(conn, first(QoS::AtLeastOnce, 4, b"longer than that")), Point::PacketSize);
}

#[test]
fn exactly_the_maximum_packet_size_is_taken() {
    let packet = first(QoS::AtLeastOnce, 1, b"ten letters");
    let length = packet.encoded_len(Version::V5).expect("a legal packet") as u32;
    for (most, is_right) in [(length, true), (length - 1, false)] {
        let run = Run::new(Version::V5);
        let conn = run.connect("own-ann", true, &[Property::MaximumPacketSize(most)]);
        run.connack(conn, false);
        assert_eq!(run.read(conn, packet).breaks(Point::PacketSize), !is_right, "{most}");
    }
}

#[test]
fn aliases_are_those_of_this_connection() {
    let with = |alias: u16, topic: &'static str| {
        let buffer = PropertiesBuf::new().with(Property::TopicAlias(alias));
        (buffer, topic)
    };
    let run = Run::new(Version::V5);
    let conn = run.connect("own-ann", true, &[Property::TopicAliasMaximum(2)]);
    run.connack(conn, false);
    let send = |conn, (buffer, topic): &(PropertiesBuf, &'static str)| {
        let properties = buffer.as_properties();
        run.read(conn, Packet::Publish(Publish { topic, properties, payload: b"x", ..Publish::default() }))
    };
    assert_broken(&send(conn, &with(1, "")), Point::AliasKnown);
    assert_kept(&send(conn, &with(1, "news")), Point::AliasMaximum);
    assert_kept(&send(conn, &with(1, "")), Point::AliasKnown);
    assert_broken(&send(conn, &with(3, "news")), Point::AliasMaximum);
    let next = run.connect("own-bob", true, &[]);
    run.connack(next, false);
    assert_broken(&send(next, &with(1, "news")), Point::NoAlias);
}

#[test]
fn a_chosen_client_identifier_is_nobody_elses() {
    let assigned = PropertiesBuf::new().with(Property::AssignedClientIdentifier("auto-1"));
    let accept = |run: &Run, conn| {
        let properties = assigned.as_properties();
        run.read(conn, Packet::Connack(Connack { properties, ..Connack::default() }))
    };
    let run = Run::new(Version::V5);
    let conn = run.connect("", true, &[]);
    assert_kept(&accept(&run, conn), Point::AssignedToOne);
    assert_broken(&accept(&run, run.connect("", true, &[])), Point::AssignedToOne);
    let run = Run::new(Version::V5);
    let conn = run.connect("", true, &[]);
    accept(&run, conn);
    run.leaves(conn);
    assert_kept(&accept(&run, run.connect("", true, &[])), Point::AssignedToOne);
}

#[test]
fn codes_of_a_farewell_do_not_contradict_what_happened() {
    let blame = |reason| Packet::Disconnect(Disconnect { reason, ..Disconnect::default() });
    let begun = || {
        let run = Run::new(Version::V5);
        let conn = run.stays(true);
        run.connack(conn, false);
        (run, conn)
    };
    for reason in
        [ReasonCode::SESSION_TAKEN_OVER, ReasonCode::RECEIVE_MAXIMUM_EXCEEDED, ReasonCode::TOPIC_ALIAS_INVALID]
    {
        let (run, conn) = begun();
        assert_broken(&run.read(conn, blame(reason)), Point::FittingCode);
    }
    let (run, conn) = begun();
    run.stays(false);
    assert_kept(&run.read(conn, blame(ReasonCode::SESSION_TAKEN_OVER)), Point::FittingCode);
    let (run, conn) = begun();
    assert_broken(&run.read(conn, blame(ReasonCode::KEEP_ALIVE_TIMEOUT)), Point::KeepAliveCode);
}

#[test]
fn response_information_is_for_who_asks() {
    let tells = PropertiesBuf::new().with(Property::ResponseInformation("here"));
    for (asks, is_right) in [(1, true), (0, false)] {
        let run = Run::new(Version::V5);
        let conn = run.connect("own-ann", true, &[Property::RequestResponseInformation(asks)]);
        let properties = tells.as_properties();
        let audit = run.read(conn, Packet::Connack(Connack { properties, ..Connack::default() }));
        assert_eq!(audit.breaks(Point::ResponseInformation), !is_right);
    }
}
