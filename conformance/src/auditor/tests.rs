//! The auditor by itself: conversations of a few packets, and what it says of the last.

mod legal;

use super::{Audit, Auditor, Conn, Facts, Holding, Point};
use mqtt_assay_codec::{
    Acknowledgement, Auth, Connack, Connect, Disconnect, Packet, PacketId, PropertiesBuf, Property, Publish, QoS,
    ReasonCode, ReasonCodes, Suback, Subscribe, SubscriptionsBuf, Version,
};
use std::rc::Rc;
use std::time::Duration;

/// Both sides of one connection.
struct Talk {
    version: Version,
    auditor: Rc<Auditor>,
    conn: Conn,
}

impl Talk {
    fn new(version: Version) -> Self {
        Self::of(version, &Rc::default())
    }

    fn of(version: Version, auditor: &Rc<Auditor>) -> Self {
        Self::about(version, auditor, "")
    }

    /// With a judge of messages, whose topics begin so.
    fn about(version: Version, auditor: &Rc<Auditor>, own_topics: &str) -> Self {
        let facts = Facts {
            version,
            case: String::new(),
            role: String::new(),
            broker: 1,
            own_topics: own_topics.to_owned(),
            own_clients: String::new(),
            is_simulated: true,
            is_clean_up: false,
        };
        Self { version, auditor: Rc::clone(auditor), conn: auditor.opened(facts) }
    }

    fn write(&self, bytes: &[u8]) {
        self.auditor.wrote(self.conn, Duration::ZERO, 0, bytes, false);
    }

    /// A connection that was accepted.
    fn accepted(version: Version) -> Self {
        let mut talk = Self::new(version);
        talk.connect("client");
        talk.server(Packet::Connack(Connack::default()));
        talk
    }

    fn connect(&mut self, client_id: &str) {
        self.client(Packet::Connect(Connect { client_id, clean_start: true, ..Connect::default() }));
    }

    fn client(&mut self, packet: Packet<'_>) {
        let bytes = packet.to_bytes(self.version).expect("a legal packet");
        // However it is cut.
        let (first, rest) = bytes.split_at(1);
        self.write(first);
        self.write(rest);
    }

    fn server(&mut self, packet: Packet<'_>) -> Audit {
        self.auditor.read(self.conn, Duration::ZERO, 0, &packet, None)
    }

    fn subscribe(&mut self, id: u16, filters: &[&str], qos: QoS) {
        let mut buffer = SubscriptionsBuf::new();
        for filter in filters {
            buffer.push(filter, qos).expect("a filter");
        }
        let (packet_id, properties) = (packet_id(id), PropertiesBuf::new());
        let filters = buffer.as_subscriptions();
        self.client(Packet::Subscribe(Subscribe { packet_id, properties: properties.as_properties(), filters }));
    }

    fn suback(&mut self, id: u16, codes: &[u8]) -> Audit {
        let properties = PropertiesBuf::new();
        let (packet_id, reasons) = (packet_id(id), ReasonCodes::from(codes));
        self.server(Packet::Suback(Suback { packet_id, properties: properties.as_properties(), reasons }))
    }
}

const VERSIONS: [Version; 2] = [Version::V3_1_1, Version::V5];

fn packet_id(id: u16) -> PacketId {
    PacketId::new(id).expect("an identifier")
}

fn ack(id: u16) -> Acknowledgement<'static> {
    Acknowledgement::success(packet_id(id))
}

fn message(qos: QoS, id: u16, payload: &'static [u8]) -> Publish<'static> {
    Publish { qos, packet_id: PacketId::new(id), topic: "news", payload, ..Publish::default() }
}

fn again(publish: Publish<'static>) -> Packet<'static> {
    Packet::Publish(Publish { dup: true, ..publish })
}

#[track_caller]
fn assert_broken(audit: &Audit, point: Point) {
    assert!(matches!(audit.of(point), Holding::Broken(_)), "{point:?} of {audit:?}");
}

#[track_caller]
fn assert_says(audit: &Audit, point: Point, holding: &Holding) {
    assert_eq!(audit.of(point), *holding, "{point:?} of {audit:?}");
}

#[test]
fn an_acknowledgement_belongs_to_a_message_and_comes_once() {
    for version in VERSIONS {
        let mut talk = Talk::accepted(version);
        talk.client(Packet::Publish(message(QoS::AtLeastOnce, 7, b"one")));
        assert_broken(&talk.server(Packet::Puback(ack(8))), Point::AcknowledgementIdentifier);
        let right = talk.server(Packet::Puback(ack(7)));
        assert_says(&right, Point::AcknowledgementIdentifier, &Holding::Kept);
        assert_says(&right, Point::AnsweredOnce, &Holding::Kept);
        assert_broken(&talk.server(Packet::Puback(ack(7))), Point::AnsweredOnce);
        assert_broken(&talk.server(Packet::Pingresp), Point::AnsweredOnce);
        assert_broken(&talk.server(Packet::Pubcomp(ack(9))), Point::CompletionIdentifier);
    }
}

#[test]
fn a_message_that_was_sent_twice_is_acknowledged_twice() {
    let mut talk = Talk::accepted(Version::V3_1_1);
    let published = message(QoS::ExactlyOnce, 7, b"one");
    talk.client(Packet::Publish(published));
    talk.client(again(published));
    for _ in 0..2 {
        assert!(!talk.server(Packet::Pubrec(ack(7))).finds());
    }
    talk.client(Packet::Pubrel(ack(7)));
    assert!(!talk.server(Packet::Pubcomp(ack(7))).finds());
    assert_broken(&talk.server(Packet::Pubcomp(ack(7))), Point::AnsweredOnce);
}

#[test]
fn an_identifier_that_the_client_used_twice_is_not_judged() {
    let mut talk = Talk::accepted(Version::V5);
    talk.client(Packet::Publish(message(QoS::AtLeastOnce, 7, b"one")));
    talk.client(Packet::Publish(message(QoS::ExactlyOnce, 7, b"other")));
    for packet in [Packet::Pubrec(ack(7)), Packet::Puback(ack(7)), Packet::Puback(ack(7))] {
        assert!(!talk.server(packet).finds());
    }
}

#[test]
fn a_mistake_of_the_client_excuses_odd_answers_but_not_what_follows_a_farewell() {
    let mut talk = Talk::accepted(Version::V5);
    talk.write(&[0xFF, 0x00]);
    assert!(!talk.server(Packet::Puback(ack(8))).finds());
    let farewell = talk.server(Packet::Disconnect(Disconnect::default()));
    assert_says(&farewell, Point::NothingAfterDisconnect, &Holding::Kept);
    let behind = talk.server(Packet::Pingresp);
    assert_broken(&behind, Point::NothingAfterDisconnect);
    assert_says(&behind, Point::AnsweredOnce, &Holding::NotThere);
}

#[test]
fn connack_comes_first_and_once() {
    for version in VERSIONS {
        let mut talk = Talk::new(version);
        talk.connect("client");
        assert_broken(&talk.server(Packet::Pingresp), Point::ConnackFirst);
        let mut talk = Talk::new(version);
        talk.connect("client");
        let connack = || Packet::Connack(Connack::default());
        assert_says(&talk.server(connack()), Point::ConnackFirst, &Holding::Kept);
        let second = talk.server(connack());
        assert_broken(&second, Point::ConnackOnce);
        assert_says(&second, Point::ConnackFirst, &Holding::NotThere);
    }
}

#[test]
fn auth_may_precede_connack_where_a_method_was_named() {
    let mut talk = Talk::new(Version::V5);
    let properties = PropertiesBuf::new().with(Property::AuthenticationMethod("method"));
    let connect = Connect { client_id: "client", properties: properties.as_properties(), ..Connect::default() };
    talk.client(Packet::Connect(connect));
    let reason = ReasonCode::CONTINUE_AUTHENTICATION;
    let challenge = Packet::Auth(Auth { reason, properties: properties.as_properties() });
    assert!(!talk.server(challenge).finds());
    assert_says(&talk.server(Packet::Connack(Connack::default())), Point::ConnackFirst, &Holding::Kept);
    let mut talk = Talk::new(Version::V5);
    talk.connect("client");
    assert_broken(&talk.server(challenge), Point::AuthenticationUnasked);
}

#[test]
fn a_suback_has_a_code_for_each_filter_and_comes_once() {
    for version in VERSIONS {
        let mut talk = Talk::accepted(version);
        talk.subscribe(7, &["a", "b"], QoS::AtLeastOnce);
        assert_broken(&talk.suback(8, &[0, 0]), Point::RequestIdentifier);
        let short = talk.suback(7, &[0]);
        assert_broken(&short, Point::SubackCodes);
        assert_says(&short, Point::RequestIdentifier, &Holding::Kept);
        let second = talk.suback(7, &[0, 0]);
        assert_broken(&second, Point::OneSuback);
        assert_says(&second, Point::AnsweredOnce, &Holding::NotThere);
    }
}

#[test]
fn a_first_delivery_has_dup_0_where_nothing_can_have_been_left_behind() {
    for version in VERSIONS {
        let clients = Rc::<Auditor>::default();
        let delivered = |present: bool, clients: &Rc<Auditor>| {
            let mut talk = Talk::of(version, clients);
            talk.connect("client");
            talk.server(Packet::Connack(Connack { session_present: present, ..Connack::default() }));
            talk.server(again(message(QoS::AtLeastOnce, 1, b"one")))
        };
        assert_broken(&delivered(false, &clients), Point::DupOfFirst);
        assert_says(&delivered(false, &clients), Point::DupOfFirst, &Holding::NotThere);
        assert_says(&delivered(true, &Rc::default()), Point::DupOfFirst, &Holding::NotThere);
        let mut talk = Talk::accepted(version);
        let right = talk.server(Packet::Publish(message(QoS::AtLeastOnce, 1, b"one")));
        assert_says(&right, Point::DupOfFirst, &Holding::Kept);
        assert_says(&right, Point::FreshIdentifier, &Holding::NotThere);
    }
}

#[test]
fn what_comes_again_is_no_second_message_until_its_acknowledgement_was_read() {
    for version in VERSIONS {
        let mut talk = Talk::accepted(version);
        let one = message(QoS::AtLeastOnce, 1, b"one");
        talk.server(Packet::Publish(one));
        let repeated = talk.server(again(one));
        assert!(repeated.is_repetition() && !repeated.finds());
        assert_eq!(matches!(repeated.of(Point::Qos1Once), Holding::Observed(_)), version == Version::V5);
        talk.client(Packet::Puback(ack(1)));
        // Both may be under way at once.
        assert!(talk.server(again(one)).is_repetition());
        talk.client(Packet::Pingreq);
        assert_says(&talk.server(Packet::Pingresp), Point::AnsweredOnce, &Holding::Kept);
        let late = talk.server(again(one));
        assert!(!late.is_repetition());
        assert_broken(&late, Point::Qos1Once);
    }
}

#[test]
fn a_message_is_not_sent_again_after_its_pubrel_nor_that_after_pubcomp() {
    for version in VERSIONS {
        let mut talk = Talk::accepted(version);
        let one = message(QoS::ExactlyOnce, 1, b"one");
        talk.server(Packet::Publish(one));
        assert_broken(&talk.server(Packet::Pubrel(ack(1))), Point::PubrelAfterPubrec);
        talk.server(Packet::Publish(message(QoS::ExactlyOnce, 2, b"two")));
        talk.client(Packet::Pubrec(ack(2)));
        assert_says(&talk.server(Packet::Pubrel(ack(2))), Point::PubrelAfterPubrec, &Holding::Kept);
        assert_broken(&talk.server(again(message(QoS::ExactlyOnce, 2, b"two"))), Point::Qos2Once);
        talk.client(Packet::Pubcomp(ack(2)));
        talk.client(Packet::Pingreq);
        assert!(!talk.server(Packet::Pubrel(ack(2))).finds(), "before the PUBCOMP is known to have been read");
        talk.server(Packet::Pingresp);
        assert_broken(&talk.server(Packet::Pubrel(ack(2))), Point::Qos2Once);
        assert_broken(&talk.server(Packet::Pubrel(ack(3))), Point::AcknowledgementIdentifier);
    }
}

#[test]
fn a_new_message_has_an_identifier_that_is_free() {
    let mut talk = Talk::accepted(Version::V5);
    talk.server(Packet::Publish(message(QoS::AtLeastOnce, 1, b"one")));
    let second = talk.server(Packet::Publish(message(QoS::AtLeastOnce, 2, b"two")));
    assert_says(&second, Point::FreshIdentifier, &Holding::Kept);
    assert_broken(&talk.server(Packet::Publish(message(QoS::AtLeastOnce, 1, b"three"))), Point::FreshIdentifier);
    talk.client(Packet::Puback(ack(1)));
    assert!(!talk.server(Packet::Publish(message(QoS::AtLeastOnce, 1, b"four"))).finds());
}

#[test]
fn no_message_has_a_higher_qos_than_was_granted_to_a_filter_that_matches() {
    for (filter, topic_is_known) in [("news", true), ("$share/group/news", true), ("#", true), ("weather", false)] {
        let mut talk = Talk::accepted(Version::V5);
        talk.subscribe(1, &[filter], QoS::AtLeastOnce);
        let before_suback = talk.server(Packet::Publish(message(QoS::AtLeastOnce, 1, b"early")));
        assert!(!before_suback.finds());
        talk.suback(1, &[0]);
        let above = talk.server(Packet::Publish(message(QoS::AtLeastOnce, 2, b"one")));
        assert_eq!(above.finds(), topic_is_known, "{filter}: {above:?}");
        assert!(!talk.server(Packet::Publish(message(QoS::AtMostOnce, 0, b"two"))).finds());
    }
}

#[test]
fn one_breach_is_one() {
    let talk = Talk::accepted(Version::V5);
    let bytes = [0x41, 0x02, 0x00, 0x08];
    let context = mqtt_assay_codec::Context::new(Version::V5, mqtt_assay_codec::Sender::Server);
    let error = mqtt_assay_codec::decode(&bytes, context, &mqtt_assay_codec::Limits::default()).err();
    assert!(error.is_some(), "wrong flags");
    assert!(!talk.auditor.read(talk.conn, Duration::ZERO, 0, &Packet::Puback(ack(8)), error.as_ref()).finds());
}
