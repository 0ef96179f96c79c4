//! The judge of messages by itself: traces of a few packets, and what it says of the last.

mod blame;
mod legal;

use super::Routing;
use crate::auditor::{Audit, Conn, Facts, Finding, Holding, Moment, Point};
use mqtt_assay_codec::{
    Acknowledgement, Connack, Connect, Disconnect, Packet, PacketId, PropertiesBuf, Property, Publish, QoS, ReasonCode,
    ReasonCodes, RetainHandling, Suback, Subscribe, SubscriptionOptions, SubscriptionsBuf, TopicFiltersBuf, Unsuback,
    Unsubscribe, Version, Will,
};
use std::time::Duration;

/// A run of a few connections.
#[derive(Default)]
pub(super) struct Trace {
    routing: Routing,
    seq: u64,
    at: Duration,
    conns: usize,
    is_real: bool,
}

/// What stands before the topics of every connection.
const OWN: &str = "run/case/";

impl Trace {
    fn moment(&mut self) -> Moment {
        self.seq += 1;
        Moment { seq: self.seq, at: self.at, line: u32::try_from(self.seq).unwrap_or_default() }
    }

    pub(super) fn wait(&mut self, seconds: u64) {
        self.at += Duration::from_secs(seconds);
    }

    fn open(&mut self, version: Version, client_id: &str, clean_start: bool) -> Conn {
        self.connect(version, Connect { client_id, clean_start, ..Connect::default() })
    }

    fn connect(&mut self, version: Version, connect: Connect<'_>) -> Conn {
        self.connect_with(version, connect, Connack::default())
    }

    pub(super) fn connect_with(&mut self, version: Version, connect: Connect<'_>, connack: Connack<'_>) -> Conn {
        let conn = Conn(self.conns);
        self.conns += 1;
        let (case, role) = (String::new(), String::new());
        let facts = Facts {
            version,
            case,
            role,
            broker: 1,
            own_clients: String::new(),
            own_topics: OWN.to_owned(),
            is_simulated: !self.is_real,
            is_clean_up: false,
        };
        self.routing.opened(conn, &facts);
        self.client(conn, Packet::Connect(connect));
        self.server(conn, Packet::Connack(connack));
        conn
    }

    fn client(&mut self, conn: Conn, packet: Packet<'_>) {
        let moment = self.moment();
        self.routing.client_sent(conn, moment, &packet, false);
    }

    fn server(&mut self, conn: Conn, packet: Packet<'_>) -> Audit {
        let (moment, mut audit) = (self.moment(), Audit::default());
        self.routing.broker_sent(conn, moment, &packet, &mut audit);
        audit
    }

    /// Asks without waiting for the answer.
    fn ask(&mut self, conn: Conn, id: u16, filter: &str, options: SubscriptionOptions, identifier: Option<u32>) {
        let mut filters = SubscriptionsBuf::new();
        filters.push(filter, options).expect("a filter");
        let properties: PropertiesBuf = identifier.into_iter().map(Property::SubscriptionIdentifier).collect();
        let (packet_id, properties) = (packet_id(id), properties.as_properties());
        self.client(conn, Packet::Subscribe(Subscribe { packet_id, properties, filters: filters.as_subscriptions() }));
    }

    fn grant(&mut self, conn: Conn, id: u16, code: u8) {
        let properties = PropertiesBuf::new();
        let (packet_id, codes) = (packet_id(id), [code]);
        let (properties, reasons) = (properties.as_properties(), ReasonCodes::from(&codes[..]));
        self.server(conn, Packet::Suback(Suback { packet_id, properties, reasons }));
    }

    pub(super) fn subscribe(&mut self, conn: Conn, filter: &str, options: SubscriptionOptions) {
        self.subscribe_as(conn, filter, options, None);
    }

    fn subscribe_as(&mut self, conn: Conn, filter: &str, options: SubscriptionOptions, identifier: Option<u32>) {
        let id = u16::try_from(self.seq).expect("a short trace");
        self.ask(conn, id, filter, options, identifier);
        self.grant(conn, id, options.qos as u8);
    }

    pub(super) fn unsubscribe(&mut self, conn: Conn, filter: &str) {
        let mut filters = TopicFiltersBuf::new();
        filters.push(filter).expect("a filter");
        let (packet_id, properties) = (packet_id(99), PropertiesBuf::new());
        let properties = properties.as_properties();
        self.client(
            conn,
            Packet::Unsubscribe(Unsubscribe { packet_id, properties, filters: filters.as_topic_filters() }),
        );
        let codes = [0];
        let reasons = ReasonCodes::from(&codes[..]);
        self.server(conn, Packet::Unsuback(Unsuback { packet_id, properties, reasons }));
    }

    /// Publishes and, above QoS 0, sees the message taken.
    pub(super) fn publish(&mut self, conn: Conn, publish: Publish<'_>) {
        self.client(conn, Packet::Publish(publish));
        let Some(packet_id) = publish.packet_id else { return };
        let ack = Acknowledgement::success(packet_id);
        if publish.qos == QoS::ExactlyOnce {
            self.server(conn, Packet::Pubrec(ack));
            self.client(conn, Packet::Pubrel(ack));
            self.server(conn, Packet::Pubcomp(ack));
        } else {
            self.server(conn, Packet::Puback(ack));
        }
    }

    fn deliver(&mut self, conn: Conn, publish: Publish<'_>) -> Audit {
        self.server(conn, Packet::Publish(publish))
    }

    /// A message comes and is acknowledged.
    pub(super) fn take(&mut self, conn: Conn, publish: Publish<'_>) -> Audit {
        let audit = self.deliver(conn, publish);
        if let Some(packet_id) = publish.packet_id {
            let ack = Acknowledgement::success(packet_id);
            let is_exact = publish.qos == QoS::ExactlyOnce;
            self.client(conn, if is_exact { Packet::Pubcomp(ack) } else { Packet::Puback(ack) });
        }
        audit
    }

    fn broker_ends(&mut self, conn: Conn) {
        let moment = self.moment();
        self.routing.broker_ended(conn, moment);
    }

    pub(super) fn leave(&mut self, conn: Conn) {
        self.client(conn, Packet::Disconnect(Disconnect::default()));
        self.broker_ends(conn);
    }

    pub(super) fn findings(&mut self) -> Vec<Finding> {
        let mut findings = Vec::new();
        self.routing.due(self.at, &mut findings);
        findings
    }
}

const VERSIONS: [Version; 2] = [Version::V3_1_1, Version::V5];

pub(super) fn packet_id(id: u16) -> PacketId {
    PacketId::new(id).expect("an identifier")
}

pub(super) fn message(qos: QoS, id: u16, payload: &'static [u8]) -> Publish<'static> {
    Publish { qos, packet_id: PacketId::new(id), topic: "run/case/news", payload, ..Publish::default() }
}

fn retained(publish: Publish<'_>) -> Publish<'_> {
    Publish { retain: true, ..publish }
}

fn at(qos: QoS) -> SubscriptionOptions {
    SubscriptionOptions::at(qos)
}

const ONE: SubscriptionOptions = SubscriptionOptions::at(QoS::AtLeastOnce);
const TWO: SubscriptionOptions = SubscriptionOptions::at(QoS::ExactlyOnce);

/// A subscriber and a publisher.
fn pair(version: Version, options: SubscriptionOptions) -> (Trace, Conn, Conn) {
    let mut trace = Trace::default();
    let subscriber = trace.open(version, "subscriber", true);
    trace.subscribe(subscriber, "run/case/+", options);
    let publisher = trace.open(version, "publisher", true);
    (trace, subscriber, publisher)
}

#[track_caller]
fn assert_broken(audit: &Audit, point: Point) {
    assert!(matches!(audit.of(point), Holding::Broken(_)), "{point:?} of {audit:?}");
}

#[track_caller]
fn assert_sound(audit: &Audit, kept: Point) {
    assert!(!audit.finds(), "{audit:?}");
    assert_eq!(audit.of(kept), Holding::Kept, "{kept:?} of {audit:?}");
}

#[track_caller]
fn assert_silent(audit: &Audit) {
    assert!(!audit.finds(), "{audit:?}");
}

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
fn a_live_message_has_retain_0_unless_the_subscription_asks_for_it() {
    for version in VERSIONS {
        let (mut trace, subscriber, publisher) = pair(version, ONE);
        let (first, second) = (message(QoS::AtLeastOnce, 7, b"first"), message(QoS::AtLeastOnce, 8, b"second"));
        trace.publish(publisher, retained(first));
        trace.publish(publisher, retained(second));
        assert_sound(&trace.take(subscriber, first), Point::LiveRetain);
        // One may have been looked up late; two can't.
        assert_silent(&trace.take(subscriber, retained(first)));
        assert_broken(&trace.take(subscriber, retained(second)), Point::LiveRetain);
    }
}

#[test]
fn a_live_message_that_came_as_a_retained_one_only_shows_behind_the_next() {
    let (mut trace, subscriber, publisher) = pair(Version::V5, ONE);
    let (first, second) = (message(QoS::AtLeastOnce, 7, b"first"), message(QoS::AtLeastOnce, 8, b"second"));
    trace.publish(publisher, retained(first));
    trace.publish(publisher, second);
    assert_silent(&trace.take(subscriber, retained(first)));
    assert_broken(&trace.take(subscriber, second), Point::LiveRetain);
}

#[test]
fn retain_as_published_is_as_published() {
    let options = SubscriptionOptions { retain_as_published: true, ..ONE };
    let (mut trace, subscriber, publisher) = pair(Version::V5, options);
    let (first, second) = (message(QoS::AtLeastOnce, 7, b"first"), message(QoS::AtLeastOnce, 8, b"second"));
    trace.publish(publisher, retained(first));
    trace.publish(publisher, retained(second));
    assert_sound(&trace.take(subscriber, retained(first)), Point::RetainAsPublished);
    assert_broken(&trace.take(subscriber, second), Point::RetainAsPublished);
}

/// A message is retained, and a watcher has seen it.
fn retaining(version: Version) -> (Trace, Conn, Publish<'static>) {
    let (mut trace, watcher, publisher) = pair(version, ONE);
    let one = message(QoS::AtLeastOnce, 7, b"first");
    trace.publish(publisher, retained(one));
    trace.take(watcher, one);
    (trace, publisher, one)
}

#[test]
fn the_answer_to_a_subscribe_has_retain_1() {
    for version in VERSIONS {
        for retain in [false, true] {
            let (mut trace, _, one) = retaining(version);
            let late = trace.open(version, "late", true);
            trace.subscribe(late, "run/case/news", ONE);
            let audit = trace.deliver(late, Publish { retain, ..one });
            if retain { assert_sound(&audit, Point::RetainedFlag) } else { assert_broken(&audit, Point::RetainedFlag) }
        }
    }
}

#[test]
fn a_message_that_nobody_has_seen_may_come_live_to_a_later_subscription() {
    let mut trace = Trace::default();
    let publisher = trace.open(Version::V5, "publisher", true);
    let one = message(QoS::AtLeastOnce, 7, b"first");
    trace.publish(publisher, retained(one));
    let late = trace.open(Version::V5, "late", true);
    trace.subscribe(late, "run/case/news", ONE);
    assert_silent(&trace.deliver(late, one));
}

#[test]
fn what_was_not_published_to_be_retained_is_not() {
    for version in VERSIONS {
        let (mut trace, watcher, publisher) = pair(version, ONE);
        let one = message(QoS::AtLeastOnce, 7, b"first");
        trace.publish(publisher, one);
        trace.take(watcher, one);
        let late = trace.open(version, "late", true);
        trace.subscribe(late, "run/case/news", ONE);
        assert_broken(&trace.deliver(late, retained(one)), Point::PlainRetained);
    }
}

#[test]
fn options_and_shares_say_who_gets_retained_messages() {
    let handling = |retain_handling| SubscriptionOptions { retain_handling, ..ONE };
    for (filter, options, point) in [
        ("run/case/news", handling(RetainHandling::DoNotSend), Point::RetainHandlingNever),
        ("$share/group/run/case/news", ONE, Point::RetainedToShare),
    ] {
        let (mut trace, _, one) = retaining(Version::V5);
        let late = trace.open(Version::V5, "late", true);
        trace.subscribe(late, filter, options);
        assert_broken(&trace.deliver(late, retained(one)), point);
    }
}

#[test]
fn retain_handling_1_brings_retained_messages_to_a_new_subscription_only() {
    let options = SubscriptionOptions { retain_handling: RetainHandling::SendIfNew, ..ONE };
    let (mut trace, _, one) = retaining(Version::V5);
    let late = trace.open(Version::V5, "late", true);
    trace.subscribe(late, "run/case/news", options);
    assert_sound(&trace.take(late, retained(one)), Point::RetainedFlag);
    trace.subscribe(late, "run/case/news", options);
    assert_broken(&trace.take(late, retained(one)), Point::RetainHandlingIfNew);
}

#[test]
fn a_retained_message_that_was_displaced_does_not_come_back() {
    let (mut trace, publisher, first) = retaining(Version::V3_1_1);
    let second = message(QoS::AtLeastOnce, 8, b"second");
    trace.publish(publisher, retained(second));
    // Before anybody has seen the second one stored, the first may be there still.
    let early = trace.open(Version::V3_1_1, "early", true);
    trace.subscribe(early, "run/case/news", ONE);
    assert_silent(&trace.take(early, retained(first)));
    let sees = trace.open(Version::V3_1_1, "sees", true);
    trace.subscribe(sees, "run/case/news", ONE);
    assert_sound(&trace.take(sees, retained(second)), Point::RetainedReplaced);
    let late = trace.open(Version::V3_1_1, "late", true);
    trace.subscribe(late, "run/case/news", ONE);
    assert_broken(&trace.take(late, retained(first)), Point::RetainedReplaced);
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

fn properties() -> PropertiesBuf {
    PropertiesBuf::new()
        .with(Property::PayloadFormatIndicator(1))
        .with(Property::ContentType("text"))
        .with(Property::ResponseTopic("answer"))
        .with(Property::CorrelationData(b"\x00\xff"))
        .with(Property::UserProperty("a", "1"))
        .with(Property::UserProperty("a", "2"))
}

fn without(properties: &PropertiesBuf, index: usize) -> PropertiesBuf {
    properties.as_properties().iter().enumerate().filter(|&(at, _)| at != index).map(|(_, property)| property).collect()
}

#[test]
fn the_properties_of_a_message_are_passed_on() {
    let all = properties();
    let (mut trace, subscriber, publisher) = pair(Version::V5, ONE);
    let one = Publish { properties: all.as_properties(), ..message(QoS::AtLeastOnce, 7, b"first") };
    trace.publish(publisher, one);
    let points =
        [Point::PayloadFormat, Point::ContentType, Point::ResponseTopic, Point::CorrelationData, Point::UserProperties];
    for (index, point) in points.into_iter().enumerate() {
        assert_sound(&trace.take(subscriber, one), point);
        let less = without(&all, index);
        assert_broken(&trace.take(subscriber, Publish { properties: less.as_properties(), ..one }), point);
    }
}

#[test]
fn user_properties_keep_their_order_and_others_may_be_added() {
    let (mut trace, subscriber, publisher) = pair(Version::V5, ONE);
    let all = properties();
    let one = Publish { properties: all.as_properties(), ..message(QoS::AtLeastOnce, 7, b"first") };
    trace.publish(publisher, one);
    let turned =
        without(&without(&all, 5), 4).with(Property::UserProperty("a", "2")).with(Property::UserProperty("a", "1"));
    let audit = trace.take(subscriber, Publish { properties: turned.as_properties(), ..one });
    assert_broken(&audit, Point::UserPropertyOrder);
    let more = properties().with(Property::UserProperty("by", "the broker"));
    let audit = trace.take(subscriber, Publish { properties: more.as_properties(), ..one });
    assert_silent(&audit);
    assert!(matches!(audit.of(Point::UserProperties), Holding::Observed(_)), "{audit:?}");
}

#[test]
fn a_client_of_the_other_version_gets_no_properties() {
    let mut trace = Trace::default();
    let subscriber = trace.open(Version::V3_1_1, "subscriber", true);
    trace.subscribe(subscriber, "run/case/+", ONE);
    let publisher = trace.open(Version::V5, "publisher", true);
    let all = properties();
    let one = message(QoS::AtLeastOnce, 7, b"first");
    trace.publish(publisher, Publish { properties: all.as_properties(), ..one });
    assert_silent(&trace.deliver(subscriber, one));
}

#[test]
fn the_expiry_is_what_is_left_of_it() {
    for (came, is_right) in [(Some(98), true), (Some(97), true), (Some(100), false), (Some(95), false), (None, false)] {
        let (mut trace, watcher, publisher) = pair(Version::V5, ONE);
        let expiry = |seconds: Option<u32>| seconds.into_iter().map(Property::MessageExpiryInterval).collect();
        let hundred: PropertiesBuf = expiry(Some(100));
        let one = message(QoS::AtLeastOnce, 7, b"first");
        trace.publish(publisher, Publish { properties: hundred.as_properties(), ..retained(one) });
        trace.take(watcher, Publish { properties: hundred.as_properties(), ..one });
        trace.wait(2);
        let late = trace.open(Version::V5, "late", true);
        trace.subscribe(late, "run/case/news", ONE);
        let left: PropertiesBuf = expiry(came);
        let audit = trace.deliver(late, Publish { properties: left.as_properties(), ..retained(one) });
        let point = Point::ExpiryPassedOn;
        if is_right { assert_sound(&audit, point) } else { assert_broken(&audit, point) }
    }
}

#[test]
fn what_has_expired_does_not_come() {
    for (waited, is_right) in [(10, true), (11, false)] {
        let (mut trace, watcher, publisher) = pair(Version::V5, ONE);
        let ten = PropertiesBuf::new().with(Property::MessageExpiryInterval(10));
        let one = Publish { properties: ten.as_properties(), ..message(QoS::AtLeastOnce, 7, b"first") };
        trace.publish(publisher, Publish { retain: true, ..one });
        trace.take(watcher, one);
        trace.wait(waited);
        let late = trace.open(Version::V5, "late", true);
        trace.subscribe(late, "run/case/news", ONE);
        let nothing = PropertiesBuf::new().with(Property::MessageExpiryInterval(0));
        let audit = trace.deliver(late, Publish { properties: nothing.as_properties(), retain: true, ..one });
        if is_right { assert_silent(&audit) } else { assert_broken(&audit, Point::RetainedExpired) }
    }
}

#[test]
fn identifiers_are_those_of_matching_subscriptions() {
    let mut trace = Trace::default();
    let subscriber = trace.open(Version::V5, "subscriber", true);
    trace.subscribe_as(subscriber, "run/case/+", ONE, Some(3));
    trace.subscribe_as(subscriber, "run/case/#", ONE, Some(4));
    trace.subscribe_as(subscriber, "run/case/other", ONE, Some(5));
    let publisher = trace.open(Version::V5, "publisher", true);
    let one = message(QoS::AtLeastOnce, 7, b"first");
    trace.publish(publisher, one);
    let with = |identifiers: &[u32]| -> PropertiesBuf {
        identifiers.iter().copied().map(Property::SubscriptionIdentifier).collect()
    };
    for (identifiers, broken) in [
        (&[3, 4][..], None),
        (&[4], None),
        (&[5], Some(Point::ForeignIdentifier)),
        (&[3, 3], Some(Point::ForeignIdentifier)),
        (&[], Some(Point::IdentifierMissing)),
    ] {
        let properties = with(identifiers);
        let audit = trace.take(subscriber, Publish { properties: properties.as_properties(), ..one });
        match broken {
            Some(point) => assert_broken(&audit, point),
            None => assert_sound(&audit, Point::ForeignIdentifier),
        }
    }
}

#[test]
fn an_identifier_is_replaced_with_its_subscription() {
    let mut trace = Trace::default();
    let subscriber = trace.open(Version::V5, "subscriber", true);
    trace.subscribe_as(subscriber, "run/case/+", ONE, Some(3));
    trace.subscribe_as(subscriber, "run/case/+", ONE, Some(4));
    let publisher = trace.open(Version::V5, "publisher", true);
    let one = message(QoS::AtLeastOnce, 7, b"first");
    trace.publish(publisher, one);
    let three = PropertiesBuf::new().with(Property::SubscriptionIdentifier(3));
    let audit = trace.deliver(subscriber, Publish { properties: three.as_properties(), ..one });
    assert_broken(&audit, Point::IdentifierReplaced);
}

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
        for has_ended in [false, true] {
            let (mut trace, subscriber, _) = pair(version, ONE);
            let will = Will { qos: QoS::AtLeastOnce, topic: "run/case/news", payload: b"gone", ..Will::default() };
            let connect = Connect { client_id: "mortal", clean_start: true, will: Some(will), ..Connect::default() };
            let mortal = trace.connect(version, connect);
            trace.client(mortal, Packet::Disconnect(Disconnect::default()));
            if has_ended {
                trace.broker_ends(mortal);
            }
            let audit = trace.take(subscriber, message(QoS::AtLeastOnce, 7, b"gone"));
            if has_ended {
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
