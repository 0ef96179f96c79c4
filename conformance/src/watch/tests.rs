//! Clients that keep their duties, and clients that break one: histories of a few packets, and what is noticed.

use super::{Noticed, Watch};
use mqtt_assay_codec::{
    Acknowledgement, Connack, Connect, Disconnect, Packet, PacketId, Properties, PropertiesBuf, Property, Publish, QoS,
    ReasonCode, Subscribe, SubscriptionOptions, SubscriptionsBuf, Version,
};
use std::time::Duration;

const VERSIONS: [Version; 2] = [Version::V3_1_1, Version::V5];

/// What goes over the connections of one client, and what is noticed of it.
struct Traffic {
    version: Version,
    watch: Watch,
    now: Duration,
    broken: Vec<(&'static str, u64)>,
    told: Vec<String>,
}

fn id(id: u16) -> PacketId {
    PacketId::new(id).expect("an identifier")
}

fn message(qos: QoS, packet_id: u16, payload: &'static str) -> Publish<'static> {
    let packet_id = (qos > QoS::AtMostOnce).then(|| id(packet_id));
    Publish { topic: "t", payload: payload.as_bytes(), qos, packet_id, ..Publish::default() }
}

fn qos1(packet_id: u16, payload: &'static str) -> Publish<'static> {
    message(QoS::AtLeastOnce, packet_id, payload)
}

fn qos2(packet_id: u16, payload: &'static str) -> Publish<'static> {
    message(QoS::ExactlyOnce, packet_id, payload)
}

fn again(publish: Publish<'static>) -> Publish<'static> {
    Publish { dup: true, ..publish }
}

fn ack(packet_id: u16) -> Acknowledgement<'static> {
    Acknowledgement::success(id(packet_id))
}

impl Traffic {
    fn new(version: Version) -> Self {
        Self { version, watch: Watch::default(), now: Duration::ZERO, broken: Vec::new(), told: Vec::new() }
    }

    /// A connection that is let in; `clean` or with a session that stays, which is present or not.
    fn welcomed(version: Version, clean: bool, present: bool) -> Self {
        let mut traffic = Self::new(version);
        traffic.connect(0, clean);
        traffic.connack(0, present);
        traffic
    }

    /// A session that stays, whose connection was lost with these messages unacknowledged.
    fn lost_behind(version: Version, messages: &[Publish<'_>]) -> Self {
        let mut traffic = Self::welcomed(version, false, false);
        for message in messages {
            traffic.publishes(0, *message);
        }
        traffic.drops(0);
        traffic
    }

    /// A session that stays, whose connection was lost behind the PUBREL of message 1.
    fn lost_at_pubrel(version: Version) -> Self {
        let mut traffic = Self::welcomed(version, false, false);
        traffic.publishes(0, qos2(1, "one"));
        traffic.gets(0, Packet::Pubrec(ack(1)));
        traffic.sends(0, &[Packet::Pubrel(ack(1))]);
        traffic.drops(0);
        traffic
    }

    fn sends(&mut self, number: u64, packets: &[Packet<'_>]) {
        let version = self.version;
        let bytes = packets.iter().map(|packet| packet.to_bytes(version).expect("a legal packet"));
        let bytes = bytes.fold(Vec::new(), |all, packet| [&all[..], &packet[..]].concat());
        let (broken, told) = (&mut self.broken, &mut self.told);
        self.watch.read(number, &bytes, |noticed| note(broken, told, noticed));
    }

    fn gets(&mut self, number: u64, packet: Packet<'_>) {
        let bytes = packet.to_bytes(self.version).expect("a legal packet");
        let (broken, told) = (&mut self.broken, &mut self.told);
        self.watch.wrote(number, &bytes, self.now, |noticed| note(broken, told, noticed));
    }

    fn publishes(&mut self, number: u64, publish: Publish<'_>) {
        self.sends(number, &[Packet::Publish(publish)]);
    }

    fn connect(&mut self, number: u64, clean_start: bool) {
        self.watch.opened(number);
        let mut properties = PropertiesBuf::new();
        if self.version == Version::V5 {
            properties = properties.with(Property::SessionExpiryInterval(1000));
        }
        let properties = properties.as_properties();
        self.sends(
            number,
            &[Packet::Connect(Connect { client_id: "a", clean_start, properties, ..Connect::default() })],
        );
    }

    fn connack(&mut self, number: u64, session_present: bool) {
        let mut properties = PropertiesBuf::new();
        if self.version == Version::V5 {
            properties = properties.with(Property::ReceiveMaximum(2));
        }
        let properties = properties.as_properties();
        self.gets(number, Packet::Connack(Connack { session_present, properties, ..Connack::default() }));
    }

    fn drops(&mut self, number: u64) {
        let (broken, told) = (&mut self.broken, &mut self.told);
        self.watch.closes(number, true, self.now, |noticed| note(broken, told, noticed));
        self.watch.ended(number);
    }

    fn leaves(&mut self, number: u64) {
        self.sends(number, &[Packet::Disconnect(Disconnect::default())]);
        self.drops(number);
    }

    /// The client comes back on the next connection, and finds its session or not.
    fn comes_back(&mut self, number: u64, clean: bool, present: bool) {
        self.connect(number, clean);
        self.connack(number, present);
    }

    /// Nothing is broken, or these rules by these packets (0: by none).
    fn broke(&self, v3_1_1: &[(&str, u64)], v5: &[(&str, u64)]) {
        let expected = if self.version == Version::V5 { v5 } else { v3_1_1 };
        assert_eq!(self.broken, expected, "MQTT {}: {:#?}", self.version, self.told);
    }

    fn keeps_all(&self) {
        self.broke(&[], &[]);
    }
}

fn note(broken: &mut Vec<(&'static str, u64)>, told: &mut Vec<String>, noticed: Noticed<'_>) {
    if let Noticed::Breach(breach) = noticed {
        broken.push((breach.rule, breach.number));
        told.push(breach.what);
    }
}

/// The history in both versions.
fn each(history: impl Fn(Version) -> Traffic, v3_1_1: &[(&str, u64)], v5: &[(&str, u64)]) {
    for version in VERSIONS {
        history(version).broke(v3_1_1, v5);
    }
}

#[test]
fn an_identifier_is_free_once_its_acknowledgement_was_written() {
    for version in VERSIONS {
        let mut traffic = Traffic::welcomed(version, true, false);
        traffic.publishes(0, qos1(7, "one"));
        traffic.gets(0, Packet::Puback(ack(7)));
        traffic.publishes(0, qos1(7, "two"));
        traffic.gets(0, Packet::Puback(ack(7)));
        traffic.publishes(0, qos2(7, "three"));
        traffic.gets(0, Packet::Pubrec(ack(7)));
        traffic.sends(0, &[Packet::Pubrel(ack(7))]);
        traffic.gets(0, Packet::Pubcomp(ack(7)));
        traffic.publishes(0, qos1(7, "four"));
        traffic.gets(0, Packet::Puback(ack(7)));
        traffic.leaves(0);
        traffic.keeps_all();
    }
}

#[test]
fn an_identifier_in_use_is_not_taken_for_another_packet() {
    let rules = (&[("MQTT-2.3.1-2", 3)], &[("MQTT-2.2.1-3", 3)]);
    let messages = |version| {
        let mut traffic = Traffic::welcomed(version, true, false);
        traffic.sends(0, &[Packet::Publish(qos1(7, "one")), Packet::Publish(qos1(7, "two"))]);
        traffic
    };
    each(messages, rules.0, rules.1);
    let subscribes = |version| {
        let mut traffic = Traffic::welcomed(version, true, false);
        let mut filters = SubscriptionsBuf::new();
        filters.push("t", SubscriptionOptions::at(QoS::AtMostOnce)).expect("a topic filter");
        traffic.publishes(0, qos2(7, "one"));
        traffic.gets(0, Packet::Pubrec(ack(7)));
        let subscribe =
            Subscribe { packet_id: id(7), filters: filters.as_subscriptions(), properties: Properties::EMPTY };
        traffic.sends(0, &[Packet::Subscribe(subscribe)]);
        traffic
    };
    each(subscribes, rules.0, rules.1);
    let open_before = |version| {
        let mut traffic = Traffic::lost_behind(version, &[qos1(7, "one")]);
        traffic.comes_back(1, false, true);
        traffic.sends(1, &[Packet::Pingreq]);
        traffic.publishes(1, qos1(7, "two"));
        traffic
    };
    each(open_before, rules.0, rules.1);
}

#[test]
fn what_is_sent_again_after_a_resume_says_so_and_keeps_its_order() {
    for version in VERSIONS {
        let mut traffic = Traffic::lost_behind(version, &[qos1(1, "one"), qos2(2, "two")]);
        traffic.comes_back(1, false, true);
        traffic.publishes(1, again(qos1(1, "one")));
        traffic.publishes(1, again(qos2(2, "two")));
        traffic.leaves(1);
        traffic.keeps_all();
    }
    let without_dup = |version| {
        let mut traffic = Traffic::lost_behind(version, &[qos1(1, "one")]);
        traffic.comes_back(1, false, true);
        traffic.publishes(1, qos1(1, "one"));
        traffic.leaves(1);
        traffic
    };
    each(without_dup, &[("MQTT-3.3.1-1", 2)], &[("MQTT-3.3.1-1", 2)]);
    let in_disorder = |version| {
        let mut traffic = Traffic::lost_behind(version, &[qos1(1, "one"), qos1(2, "two")]);
        traffic.comes_back(1, false, true);
        traffic.publishes(1, again(qos1(2, "two")));
        traffic.publishes(1, again(qos1(1, "one")));
        traffic
    };
    each(in_disorder, &[("MQTT-4.6.0-1", 3)], &[("MQTT-4.6.0-1", 3)]);
}

#[test]
fn what_was_not_acknowledged_is_owed_to_a_session_that_goes_on() {
    let forgets = |version| {
        let mut traffic = Traffic::lost_behind(version, &[qos1(1, "one")]);
        traffic.comes_back(1, false, true);
        traffic.sends(1, &[Packet::Pingreq]);
        traffic.leaves(1);
        traffic
    };
    each(forgets, &[("MQTT-4.4.0-1", 0)], &[("MQTT-4.4.0-1", 0)]);
    let forgets_pubrel = |version| {
        let mut traffic = Traffic::lost_at_pubrel(version);
        traffic.comes_back(1, false, true);
        traffic.now = Duration::from_secs(11);
        traffic.drops(1);
        traffic
    };
    each(forgets_pubrel, &[("MQTT-4.4.0-1", 0)], &[("MQTT-4.4.0-1", 0)]);
    for version in VERSIONS {
        // Gone at once, without its session, or acknowledged: nothing is owed for certain.
        let mut hasty = Traffic::lost_behind(version, &[qos1(1, "one")]);
        hasty.comes_back(1, false, true);
        hasty.drops(1);
        hasty.comes_back(2, false, false);
        hasty.sends(2, &[Packet::Pingreq]);
        hasty.leaves(2);
        hasty.keeps_all();
        let mut done = Traffic::welcomed(version, false, false);
        done.publishes(0, qos1(1, "one"));
        done.gets(0, Packet::Puback(ack(1)));
        done.drops(0);
        done.comes_back(1, false, true);
        done.sends(1, &[Packet::Pingreq]);
        done.leaves(1);
        done.keeps_all();
    }
}

#[test]
fn no_publish_follows_its_pubrel() {
    let resends = |version| {
        let mut traffic = Traffic::lost_at_pubrel(version);
        traffic.comes_back(1, false, true);
        traffic.publishes(1, again(qos2(1, "one")));
        traffic
    };
    each(resends, &[("MQTT-4.3.3-1", 2)], &[("MQTT-4.3.3-6", 2)]);
    for version in VERSIONS {
        let mut traffic = Traffic::lost_at_pubrel(version);
        traffic.comes_back(1, false, true);
        traffic.sends(1, &[Packet::Pubrel(ack(1))]);
        traffic.gets(1, Packet::Pubcomp(ack(1)));
        traffic.leaves(1);
        traffic.keeps_all();
    }
}

#[test]
fn on_a_live_connection_version_5_sends_nothing_again() {
    let timers = |version| {
        let mut traffic = Traffic::welcomed(version, true, false);
        traffic.publishes(0, qos1(1, "one"));
        traffic.publishes(0, again(qos1(1, "one")));
        traffic.gets(0, Packet::Puback(ack(1)));
        traffic.gets(0, Packet::Puback(ack(1)));
        traffic
    };
    each(timers, &[], &[("MQTT-4.4.0-1", 3)]);
}

#[test]
fn a_session_that_is_over_leaves_nothing_behind() {
    let reuses = |version| {
        let mut traffic = Traffic::lost_behind(version, &[qos1(1, "one")]);
        traffic.comes_back(1, true, false);
        traffic.publishes(1, again(qos1(1, "one")));
        traffic
    };
    each(reuses, &[("MQTT-3.1.2-6", 2)], &[("MQTT-3.1.2-4", 2)]);
    let lost = |version| {
        let mut traffic = Traffic::lost_behind(version, &[qos1(1, "one")]);
        traffic.comes_back(1, false, false);
        traffic.publishes(1, again(qos1(1, "one")));
        traffic
    };
    // In 3.1.1 the client may go on with what it holds.
    each(lost, &[], &[("MQTT-3.2.2-5", 2)]);
    let releases = |clean| {
        move |version| {
            let mut traffic = Traffic::lost_at_pubrel(version);
            traffic.comes_back(1, clean, false);
            traffic.sends(1, &[Packet::Pubrel(ack(1))]);
            traffic
        }
    };
    each(releases(true), &[("MQTT-3.1.2-6", 2)], &[("MQTT-3.1.2-4", 2)]);
    each(releases(false), &[], &[("MQTT-3.2.2-5", 2)]);
    let first = |version| {
        let mut traffic = Traffic::welcomed(version, true, false);
        traffic.publishes(0, again(qos2(1, "one")));
        traffic
    };
    each(first, &[("MQTT-4.3.3-1", 2)], &[("MQTT-4.3.3-2", 2)]);
    let foreign = |version| {
        let mut traffic = Traffic::welcomed(version, true, true);
        traffic.sends(0, &[Packet::Pingreq, Packet::Pingreq]);
        traffic
    };
    each(foreign, &[], &[("MQTT-3.2.2-4", 2)]);
}

#[test]
fn no_more_is_open_than_the_broker_takes() {
    let floods = |version| {
        let mut traffic = Traffic::welcomed(version, true, false);
        traffic.publishes(0, qos1(1, "one"));
        traffic.publishes(0, qos2(2, "two"));
        traffic.gets(0, Packet::Pubrec(ack(2)));
        traffic.publishes(0, qos1(3, "three"));
        // Once, until there is room again.
        traffic.publishes(0, qos1(4, "four"));
        traffic
    };
    each(floods, &[], &[("MQTT-3.3.4-7", 4)]);
    for version in VERSIONS {
        let mut traffic = Traffic::welcomed(version, true, false);
        for number in 1..100 {
            traffic.publishes(0, qos1(2 * number, "one"));
            traffic.publishes(0, qos2(2 * number + 1, "two"));
            traffic.gets(0, Packet::Puback(ack(2 * number)));
            let refusal = if version == Version::V5 { ReasonCode::QUOTA_EXCEEDED } else { ReasonCode::SUCCESS };
            traffic.gets(0, Packet::Pubrec(Acknowledgement { reason: refusal, ..ack(2 * number + 1) }));
            if version != Version::V5 {
                traffic.sends(0, &[Packet::Pubrel(ack(2 * number + 1))]);
                traffic.gets(0, Packet::Pubcomp(ack(2 * number + 1)));
            }
        }
        traffic.keeps_all();
    }
}

#[test]
fn who_sends_before_connack_is_not_held_to_it() {
    let mut traffic = Traffic::new(Version::V5);
    traffic.connect(0, false);
    for number in 1..5 {
        traffic.publishes(0, qos1(number, "early"));
    }
    traffic.connack(0, true);
    traffic.publishes(0, qos1(5, "late"));
    traffic.keeps_all();
}

/// A client that gets two messages of each QoS, with identifiers 1 to 4.
fn with_messages(version: Version) -> Traffic {
    let mut traffic = Traffic::welcomed(version, true, false);
    for publish in [qos1(1, "one"), qos2(2, "two"), qos1(3, "three"), qos2(4, "four")] {
        traffic.gets(0, Packet::Publish(publish));
    }
    traffic
}

#[test]
fn acknowledgements_come_in_the_order_of_the_messages_of_their_qos() {
    for version in VERSIONS {
        let mut traffic = with_messages(version);
        traffic.sends(0, &[Packet::Pubrec(ack(2)), Packet::Pubrec(ack(4))]);
        traffic.sends(0, &[Packet::Puback(ack(1)), Packet::Puback(ack(3))]);
        for number in [4, 2] {
            traffic.gets(0, Packet::Pubrel(ack(number)));
        }
        // Nothing orders PUBCOMPs.
        traffic.sends(0, &[Packet::Pubcomp(ack(2)), Packet::Pubcomp(ack(4))]);
        traffic.leaves(0);
        traffic.keeps_all();
    }
    let pubacks = |version| {
        let mut traffic = with_messages(version);
        traffic.sends(0, &[Packet::Puback(ack(3)), Packet::Puback(ack(1))]);
        traffic
    };
    each(pubacks, &[("MQTT-4.6.0-2", 3)], &[("MQTT-4.6.0-2", 3)]);
    let pubrecs = |version| {
        let mut traffic = with_messages(version);
        traffic.sends(0, &[Packet::Pubrec(ack(4)), Packet::Pubrec(ack(2))]);
        traffic
    };
    each(pubrecs, &[("MQTT-4.6.0-3", 3)], &[("MQTT-4.6.0-3", 3)]);
    let passed_over = |version| {
        let mut traffic = with_messages(version);
        traffic.sends(0, &[Packet::Puback(ack(3)), Packet::Pubrec(ack(2))]);
        traffic.leaves(0);
        traffic
    };
    each(passed_over, &[("MQTT-4.5.0-2", 0)], &[("MQTT-4.5.0-2", 0)]);
}

#[test]
fn pubrels_come_in_the_order_of_the_pubrecs() {
    let history = |releases: &'static [u16], leaves: bool| {
        move |version| {
            let mut traffic = Traffic::welcomed(version, true, false);
            for number in [1, 2] {
                traffic.publishes(0, qos2(number, "one"));
            }
            for number in [2, 1] {
                traffic.gets(0, Packet::Pubrec(ack(number)));
            }
            for number in releases {
                traffic.sends(0, &[Packet::Pubrel(ack(*number))]);
            }
            if leaves {
                traffic.leaves(0);
            }
            traffic
        }
    };
    each(history(&[2, 1], true), &[], &[]);
    each(history(&[1, 2], true), &[("MQTT-4.6.0-4", 5)], &[("MQTT-4.6.0-4", 5)]);
    each(history(&[1], true), &[("MQTT-4.3.3-1", 0)], &[("MQTT-4.3.3-4", 0)]);
    each(history(&[], true), &[], &[]);
}

#[test]
fn an_acknowledgement_fits_its_message() {
    let other_qos = |version| {
        let mut traffic = with_messages(version);
        traffic.sends(0, &[Packet::Pubrec(ack(1)), Packet::Puback(ack(2))]);
        traffic
    };
    each(other_qos, &[("MQTT-3.3.4-1", 2), ("MQTT-3.3.4-1", 3)], &[("MQTT-3.3.4-1", 2), ("MQTT-3.3.4-1", 3)]);
    let nothing = |version| {
        let mut traffic = with_messages(version);
        traffic.sends(0, &[Packet::Puback(ack(9)), Packet::Pubcomp(ack(9)), Packet::Pubrel(ack(9))]);
        traffic
    };
    each(
        nothing,
        &[("MQTT-2.3.1-6", 2), ("MQTT-4.3.3-2", 3), ("MQTT-2.3.1-6", 4)],
        &[("MQTT-2.2.1-5", 2), ("MQTT-2.2.1-5", 3), ("MQTT-2.2.1-5", 4)],
    );
}

#[test]
fn a_broker_that_errs_is_answered_as_it_asks() {
    for version in VERSIONS {
        let mut traffic = with_messages(version);
        traffic.gets(0, Packet::Pubrel(ack(8)));
        traffic.sends(0, &[Packet::Pubcomp(ack(8))]);
        traffic.publishes(0, qos2(5, "five"));
        traffic.gets(0, Packet::Pubrec(ack(6)));
        traffic.sends(0, &[Packet::Pubrel(ack(6))]);
        traffic.keeps_all();
        let mut twice = with_messages(version);
        for publish in [qos2(1, "two"), qos1(1, "three")] {
            twice.gets(0, Packet::Publish(publish));
        }
        twice.sends(0, &[Packet::Pubrec(ack(1)), Packet::Puback(ack(1)), Packet::Puback(ack(1))]);
        twice.keeps_all();
        let mut early = Traffic::new(version);
        early.connect(0, true);
        early.gets(0, Packet::Publish(qos1(1, "early")));
        early.connack(0, false);
        early.gets(0, Packet::Publish(qos1(2, "late")));
        early.sends(0, &[Packet::Puback(ack(2))]);
        early.leaves(0);
        early.keeps_all();
    }
}

#[test]
fn a_taken_over_session_goes_on_with_the_other_connection() {
    for version in VERSIONS {
        let mut traffic = Traffic::welcomed(version, false, false);
        traffic.publishes(0, qos1(1, "one"));
        traffic.comes_back(1, false, true);
        traffic.publishes(1, again(qos1(1, "one")));
        traffic.gets(1, Packet::Puback(ack(1)));
        traffic.drops(0);
        traffic.leaves(1);
        traffic.keeps_all();
    }
}

#[test]
fn a_flood_is_forgotten_and_breaks_nothing() {
    for version in [Version::V3_1_1] {
        let mut traffic = Traffic::welcomed(version, true, false);
        for number in 1..=5_000 {
            traffic.publishes(0, qos2(number, "one"));
        }
        traffic.publishes(0, qos2(5_000, "two"));
        traffic.keeps_all();
        let mut traffic = Traffic::welcomed(version, true, false);
        for number in 1..=5_000 {
            traffic.publishes(0, qos1(number, "one"));
            traffic.gets(0, Packet::Puback(ack(number)));
        }
        traffic.keeps_all();
    }
}

#[test]
fn bytes_that_are_no_packet_end_the_judgement() {
    let mut traffic = with_messages(Version::V5);
    traffic.watch.read(0, &[0, 0], |_| panic!("nothing is told of them"));
    traffic.sends(0, &[Packet::Puback(ack(3)), Packet::Puback(ack(1))]);
    traffic.leaves(0);
    traffic.keeps_all();
}
