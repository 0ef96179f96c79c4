//! The judge of messages by itself: traces of a few packets, and what it says of the last.

mod blame;
mod content;
mod copies;
mod legal;
mod owed;
mod retained;
mod subscriptions;

use super::Routing;
use crate::auditor::{Audit, Conn, Facts, Finding, Holding, Moment, Point};
use mqtt_assay_codec::{
    Acknowledgement, Connack, Connect, Disconnect, Packet, PacketId, PropertiesBuf, Property, Publish, QoS,
    ReasonCodes, Suback, Subscribe, SubscriptionOptions, SubscriptionsBuf, TopicFiltersBuf, Unsuback, Unsubscribe,
    Version,
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

/// A message is retained, and a watcher has seen it.
fn retaining(version: Version) -> (Trace, Conn, Publish<'static>) {
    let (mut trace, watcher, publisher) = pair(version, ONE);
    let one = message(QoS::AtLeastOnce, 7, b"first");
    trace.publish(publisher, retained(one));
    trace.take(watcher, one);
    (trace, publisher, one)
}
