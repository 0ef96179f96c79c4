//! Answers that look wrong and are legal: packets of both sides that cross on the wire, and answers from before a reconnect;
//! and their neighbours that are not.

use super::{Talk, VERSIONS, ack, again, assert_broken, assert_says, message, packet_id};
use crate::auditor::{Auditor, Holding, Point};
use mqtt_assay_codec::{
    Acknowledgement, Auth, Connack, Connect, Packet, PropertiesBuf, Property, Publish, QoS, ReasonCode, Version,
};
use std::rc::Rc;
use std::time::Duration;

/// A connection that takes up a session from before.
fn resumed(version: Version) -> Talk {
    let clients = Rc::<Auditor>::default();
    let mut talk = Talk::of(version, &clients);
    talk.connect("client");
    talk.server(Packet::Connack(Connack::default()));
    let mut talk = Talk::of(version, &clients);
    talk.client(Packet::Connect(Connect { client_id: "client", ..Connect::default() }));
    talk.server(Packet::Connack(Connack { session_present: true, ..Connack::default() }));
    talk
}

#[test]
fn a_pubrec_that_is_sent_again_may_cross_the_pubrel() {
    for version in VERSIONS {
        let mut talk = Talk::accepted(version);
        talk.client(Packet::Publish(message(QoS::ExactlyOnce, 7, b"one")));
        assert!(!talk.server(Packet::Pubrec(ack(7))).finds());
        talk.client(Packet::Pubrel(ack(7)));
        assert!(!talk.server(Packet::Pubrec(ack(7))).finds(), "sent before the PUBREL was read");
        assert!(!talk.server(Packet::Pubcomp(ack(7))).finds());
        assert_broken(&talk.server(Packet::Pubrec(ack(7))), Point::AnsweredOnce);
    }
}

#[test]
fn each_pubrec_may_be_answered_by_a_pubrel() {
    for version in VERSIONS {
        let mut talk = Talk::accepted(version);
        talk.server(Packet::Publish(message(QoS::ExactlyOnce, 7, b"one")));
        talk.client(Packet::Pubrec(ack(7)));
        // It comes again before that was read, and is received again.
        talk.server(again(message(QoS::ExactlyOnce, 7, b"one")));
        talk.client(Packet::Pubrec(ack(7)));
        assert!(!talk.server(Packet::Pubrel(ack(7))).finds());
        talk.client(Packet::Pubcomp(ack(7)));
        talk.client(Packet::Pingreq);
        talk.server(Packet::Pingresp);
        assert!(!talk.server(Packet::Pubrel(ack(7))).finds(), "to the second PUBREC");
        assert_broken(&talk.server(Packet::Pubrel(ack(7))), Point::Qos2Once);
    }
}

#[test]
fn what_was_sent_again_after_a_reconnect_may_be_answered_for_both_times() {
    for version in VERSIONS {
        let mut talk = resumed(version);
        talk.client(again(message(QoS::AtLeastOnce, 7, b"one")));
        for _ in 0..2 {
            assert!(!talk.server(Packet::Puback(ack(7))).finds());
        }
        assert_broken(&talk.server(Packet::Puback(ack(7))), Point::AnsweredOnce);
        talk.client(Packet::Pubrel(ack(8)));
        assert!(!talk.server(Packet::Pubrec(ack(8))).finds(), "the PUBREC from before");
        for _ in 0..2 {
            assert!(!talk.server(Packet::Pubcomp(ack(8))).finds());
        }
        assert_broken(&talk.server(Packet::Pubcomp(ack(8))), Point::AnsweredOnce);
        // Nothing new can have been answered before.
        talk.client(Packet::Publish(message(QoS::AtLeastOnce, 9, b"new")));
        assert!(!talk.server(Packet::Puback(ack(9))).finds());
        assert_broken(&talk.server(Packet::Puback(ack(9))), Point::AnsweredOnce);
    }
}

#[test]
fn the_qos_that_was_granted_is_that_of_the_topic_behind_an_alias() {
    let mut talk = Talk::accepted(Version::V5);
    talk.subscribe(1, &["#"], QoS::AtMostOnce);
    talk.suback(1, &[0]);
    talk.subscribe(2, &["news"], QoS::AtLeastOnce);
    talk.suback(2, &[1]);
    let alias = PropertiesBuf::new().with(Property::TopicAlias(1));
    let with = |topic, qos, id| Publish { topic, properties: alias.as_properties(), ..message(qos, id, b"one") };
    for (topic, qos, is_right) in
        [("news", QoS::AtLeastOnce, true), ("", QoS::AtLeastOnce, true), ("", QoS::ExactlyOnce, false)]
    {
        let audit = talk.server(Packet::Publish(with(topic, qos, 1)));
        assert_eq!(matches!(audit.of(Point::GrantedQos), Holding::Broken(_)), !is_right, "{topic} {qos:?}");
        talk.client(Packet::Puback(ack(1)));
    }
    let unknown = PropertiesBuf::new().with(Property::TopicAlias(9));
    let publish = Publish { properties: unknown.as_properties(), ..with("", QoS::AtLeastOnce, 4) };
    assert_says(&talk.server(Packet::Publish(publish)), Point::GrantedQos, &Holding::NotThere);
}

#[test]
fn a_message_that_is_open_does_not_come_with_dup_0_once_more() {
    for version in VERSIONS {
        let mut talk = Talk::accepted(version);
        let one = message(QoS::ExactlyOnce, 1, b"one");
        talk.server(Packet::Publish(one));
        assert_broken(&talk.server(Packet::Publish(one)), Point::FreshIdentifier);
        talk.client(Packet::Pubrec(ack(1)));
        talk.server(Packet::Pubrel(ack(1)));
        talk.client(Packet::Pubcomp(ack(1)));
        assert!(!talk.server(Packet::Publish(one)).finds(), "a new one that says the same");
    }
}

#[test]
fn a_message_of_qos_1_has_no_pubrel() {
    for version in VERSIONS {
        for is_acknowledged in [false, true] {
            let mut talk = Talk::accepted(version);
            talk.server(Packet::Publish(message(QoS::AtLeastOnce, 1, b"one")));
            if is_acknowledged {
                talk.client(Packet::Puback(ack(1)));
            }
            assert_broken(&talk.server(Packet::Pubrel(ack(1))), Point::PubrelAfterPubrec);
            // Of a session from before there may be one.
            let mut talk = resumed(version);
            talk.server(Packet::Publish(message(QoS::AtLeastOnce, 1, b"one")));
            assert!(!talk.server(Packet::Pubrel(ack(1))).finds());
        }
    }
}

#[test]
fn auth_explains_itself_only_to_who_wants_it() {
    for (wants, is_right) in [(1, true), (0, false)] {
        let mut talk = Talk::new(Version::V5);
        let method = || PropertiesBuf::new().with(Property::AuthenticationMethod("method"));
        let asks = method().with(Property::RequestProblemInformation(wants));
        let connect = Connect { client_id: "client", properties: asks.as_properties(), ..Connect::default() };
        talk.client(Packet::Connect(connect));
        let says = method().with(Property::ReasonString("because"));
        let reason = ReasonCode::CONTINUE_AUTHENTICATION;
        let audit = talk.server(Packet::Auth(Auth { reason, properties: says.as_properties() }));
        assert_eq!(matches!(audit.of(Point::ProblemInformation), Holding::Broken(_)), !is_right, "{audit:?}");
    }
}

#[test]
fn a_message_that_was_refused_leaves_its_identifier_free() {
    let mut talk = Talk::accepted(Version::V5);
    talk.server(Packet::Publish(message(QoS::ExactlyOnce, 1, b"one")));
    let reason = ReasonCode::UNSPECIFIED_ERROR;
    talk.client(Packet::Pubrec(Acknowledgement { reason, ..Acknowledgement::success(packet_id(1)) }));
    assert!(!talk.server(Packet::Publish(message(QoS::ExactlyOnce, 1, b"two"))).finds());
}

#[test]
fn of_a_subscribe_that_is_cut_off_the_filters_before_the_cut_may_be_heeded() {
    for version in VERSIONS {
        for (cut_at, may_come) in [(usize::MAX, true), (5, false)] {
            let clients = Rc::<Auditor>::default();
            let mut talk = Talk::about(version, &clients, "first");
            let expiry = stays(version);
            let connect = Connect { client_id: "client", properties: expiry.as_properties(), ..Connect::default() };
            talk.client(Packet::Connect(connect));
            talk.server(Packet::Connack(Connack::default()));
            talk.subscribe(1, &["other"], QoS::AtLeastOnce);
            talk.suback(1, &[1]);
            let properties: &[u8] = if version == Version::V5 { &[0] } else { &[] };
            let body = [&[0, 2], properties, b"\0\x05first\x01\0\x06second"].concat();
            let body = &body[..cut_at.min(body.len())];
            let cut = [&[0x82, body.len() as u8], body].concat();
            clients.wrote(talk.conn, Duration::ZERO, 0, &cut, true);
            clients.broker_ended(talk.conn, Duration::ZERO, 0);
            let mut back = Talk::about(version, &clients, "first");
            back.client(Packet::Connect(connect));
            back.server(Packet::Connack(Connack { session_present: true, ..Connack::default() }));
            let mut sender = Talk::about(version, &clients, "first");
            sender.connect("sender");
            sender.server(Packet::Connack(Connack::default()));
            let sent = Publish { topic: "first", ..message(QoS::AtLeastOnce, 1, b"one") };
            sender.client(Packet::Publish(sent));
            sender.server(Packet::Puback(ack(1)));
            let audit = back.server(Packet::Publish(sent));
            let is_broken = matches!(audit.of(Point::MatchingSubscription), Holding::Broken(_));
            assert_eq!(is_broken, !may_come, "{version}, cut at {cut_at}: {audit:?}");
        }
    }
}

#[test]
fn a_subscribe_whose_properties_are_none_may_bring_messages_to_the_session_of_its_client() {
    for filter in ["first", "other"] {
        let clients = Rc::<Auditor>::default();
        let mut talk = Talk::about(Version::V5, &clients, "first");
        let expiry = stays(Version::V5);
        let connect = Connect { client_id: "client", properties: expiry.as_properties(), ..Connect::default() };
        talk.client(Packet::Connect(connect));
        talk.server(Packet::Connack(Connack::default()));
        talk.subscribe(1, &["second"], QoS::AtLeastOnce);
        talk.suback(1, &[1]);
        // Subscription Identifier 0.
        let odd = [b"\x82\x0d\0\x02\x02\x0b\0\0\x05", filter.as_bytes(), b"\x01"].concat();
        clients.wrote(talk.conn, Duration::ZERO, 0, &odd, true);
        clients.broker_ended(talk.conn, Duration::ZERO, 0);
        let mut back = Talk::about(Version::V5, &clients, "first");
        back.client(Packet::Connect(connect));
        back.server(Packet::Connack(Connack { session_present: true, ..Connack::default() }));
        let mut sender = Talk::about(Version::V5, &clients, "first");
        sender.connect("sender");
        sender.server(Packet::Connack(Connack::default()));
        let sent = Publish { topic: "first", ..message(QoS::AtLeastOnce, 1, b"one") };
        sender.client(Packet::Publish(sent));
        sender.server(Packet::Puback(ack(1)));
        let audit = back.server(Packet::Publish(sent));
        let is_broken = matches!(audit.of(Point::MatchingSubscription), Holding::Broken(_));
        assert_eq!(is_broken, filter == "other", "{audit:?}");
    }
}

/// A session that stays for a minute.
fn stays(version: Version) -> PropertiesBuf {
    (version == Version::V5).then_some(Property::SessionExpiryInterval(60)).into_iter().collect()
}
