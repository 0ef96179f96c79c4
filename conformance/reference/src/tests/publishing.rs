//! PUBLISH from clients and its acknowledgements, limits and aliases.

use super::*;
use crate::Access;

/// A connected watcher of everything as connection 1, a publisher as connection 2.
fn watched(version: Version) -> Script {
    watched_by(Script::new(), version)
}

fn watched_by(mut script: Script, version: Version) -> Script {
    script.connect(1, version, "watcher");
    script.subscribe(1, "#", 2);
    script.connect(2, version, "publisher");
    script
}

#[test]
fn every_qos_is_acknowledged_and_delivered() {
    for version in BOTH {
        let mut script = watched(version);
        script.publish(2, "a/b", 0, "zero");
        assert_eq!(script.got(1), ["PUBLISH 0/0 a/b=zero"]);
        assert!(script.got(2).is_empty());
        script.publish(2, "a/b", 1, "one");
        assert_eq!(script.got(2), ["PUBACK 10 00"]);
        assert_eq!(script.got(1), ["PUBLISH 1/1 a/b=one"]);
        script.puback(1, 1);
        script.publish(2, "a/b", 2, "two");
        assert_eq!(script.got(2), ["PUBREC 10 00"]);
        assert_eq!(script.got(1), ["PUBLISH 2/2 a/b=two"]);
        script.pubrel(2, 10);
        assert_eq!(script.got(2), ["PUBCOMP 10 00"]);
        script.pubrec(1, 2);
        assert_eq!(script.got(1), ["PUBREL 2 00"]);
        script.pubcomp(1, 2);
        assert!(script.breaches.is_empty());
    }
}

#[test]
fn a_qos_2_message_is_delivered_once() {
    for version in BOTH {
        let mut script = watched(version);
        script.publish(2, "t", 2, "x");
        let again = Publish { dup: true, ..publish("t", 2, "x") };
        script.send(2, &Packet::Publish(again));
        assert_eq!(script.got(2), ["PUBREC 10 00", "PUBREC 10 00"]);
        script.pubrel(2, 10);
        script.publish(2, "t", 2, "y");
        assert_eq!(script.got(2), ["PUBCOMP 10 00", "PUBREC 10 00"]);
        assert_eq!(script.got(1), ["PUBLISH 2/1 t=x", "PUBLISH 2/2 t=y"]);
    }
}

#[test]
fn an_open_qos_2_exchange_outlives_the_connection() {
    let mut script = watched(V3);
    script.connect_stored(3, V3, "stored");
    script.publish(3, "t", 2, "x");
    script.lose(3);
    script.connect_stored(4, V3, "stored");
    script.send(4, &Packet::Publish(Publish { dup: true, ..publish("t", 2, "x") }));
    script.pubrel(4, 10);
    assert_eq!(script.got(4), ["PUBREC 10 00", "PUBCOMP 10 00"]);
    assert_eq!(script.got(1), ["PUBLISH 2/1 t=x"]);
}

#[test]
fn a_message_of_an_open_exchange_without_dup_is_a_breach_and_yet_no_new_message() {
    for version in [V3, V5] {
        let mut script = watched(version);
        script.connect_stored(3, version, "stored");
        script.publish(3, "t", 2, "x");
        script.lose(3);
        script.connect_stored(4, version, "stored");
        script.publish(4, "t", 2, "x");
        assert_eq!(script.got(4), ["PUBREC 10 00"]);
        script.pubrel(4, 10);
        script.publish(4, "t", 2, "y");
        assert_eq!(script.breaches, ["MQTT-3.3.1-1"]);
        assert_eq!(script.got(1), ["PUBLISH 2/1 t=x", "PUBLISH 2/2 t=y"]);
    }
}

#[test]
fn a_used_identifier_is_a_new_message_after_puback() {
    let mut script = watched(V5);
    script.publish(2, "t", 1, "x");
    script.send(2, &Packet::Publish(Publish { dup: true, ..publish("t", 1, "x") }));
    assert_eq!(script.got(2), ["PUBACK 10 00", "PUBACK 10 00"]);
    assert_eq!(script.got(1), ["PUBLISH 1/1 t=x", "PUBLISH 1/2 t=x"]);
}

#[test]
fn unknown_identifiers_are_answered() {
    for (version, code) in [(V3, "00"), (V5, "92")] {
        let mut script = Script::new();
        script.connect(1, version, "a");
        script.pubrel(1, 5);
        assert_eq!(script.got(1), [format!("PUBCOMP 5 {code}")]);
        script.pubrec(1, 6);
        assert_eq!(script.got(1), [format!("PUBREL 6 {code}")]);
        script.puback(1, 7);
        script.pubcomp(1, 8);
        assert!(script.got(1).is_empty());
    }
}

#[test]
fn an_acknowledgement_of_the_wrong_kind_closes() {
    let mut script = watched(V5);
    script.publish(2, "t", 1, "x");
    script.bytes(1);
    script.pubrec(1, 1);
    assert_eq!(script.got(1), ["DISCONNECT 82", "closed"]);
    assert_eq!(script.breaches, ["U5-201"]);
}

#[test]
fn identifiers_in_use_are_told() {
    let mut script = Script::new();
    script.connect(1, V5, "a");
    script.publish(1, "t", 2, "x");
    script.publish(1, "t", 1, "y");
    assert_eq!(script.got(1), ["PUBREC 10 00", "PUBACK 10 91"]);
    let filters: SubscriptionsBuf = [("t", SubscriptionOptions::at(QoS::AtMostOnce))].into_iter().collect();
    let (properties, filters) = (Properties::EMPTY, filters.as_subscriptions());
    script.send(1, &Packet::Subscribe(Subscribe { packet_id: number(10), properties, filters }));
    assert_eq!(script.got(1), ["SUBACK 10 [91]"]);
}

#[test]
fn the_receive_maximum_holds_in_5() {
    let mut script = Script::limited(&[("receive-maximum", "2")]);
    script.connect(1, V5, "a");
    for packet_id in [1, 2] {
        let packet_id = Some(number(packet_id));
        script.send(1, &Packet::Publish(Publish { packet_id, ..publish("t", 2, "x") }));
    }
    script.pubrel(1, 1);
    script.publish(1, "t", 0, "free");
    script.publish(1, "t", 2, "third");
    assert_eq!(script.got(1), ["PUBREC 1 00", "PUBREC 2 00", "PUBCOMP 1 00", "PUBREC 10 00"]);
    script.send(1, &Packet::Publish(Publish { packet_id: Some(number(11)), ..publish("t", 1, "x") }));
    assert_eq!(script.got(1), ["DISCONNECT 93", "closed"]);
    assert_eq!(script.breaches, ["MQTT-3.3.4-7"]);
}

#[test]
fn the_highest_packet_identifier_counts_as_any_other() {
    let mut script = Script::limited(&[("receive-maximum", "2")]);
    script.connect(2, V5, "publisher");
    let numbered = |packet_id| Publish { packet_id: Some(number(packet_id)), ..publish("a", 2, "x") };
    script.send(2, &Packet::Publish(numbered(1)));
    script.send(2, &Packet::Publish(numbered(u16::MAX)));
    script.pubrel(2, u16::MAX);
    script.send(2, &Packet::Publish(numbered(2)));
    assert_eq!(script.got(2), ["PUBREC 1 00", "PUBREC 65535 00", "PUBCOMP 65535 00", "PUBREC 2 00"]);
    assert!(script.breaches.is_empty());
}

#[test]
fn what_was_ruled_out_closes_in_5() {
    let mut script = Script::limited(&[("max-qos", "1"), ("retain", "no"), ("max-packet-size", "64")]);
    script.connect(1, V5, "qos");
    script.publish(1, "t", 2, "x");
    assert_eq!(script.got(1), ["DISCONNECT 9b", "closed"]);
    script.connect(2, V5, "retain");
    script.retain(2, "t", 0, "x");
    assert_eq!(script.got(2), ["DISCONNECT 9a", "closed"]);
    script.connect(3, V5, "size");
    script.publish(3, "t", 0, &"x".repeat(100));
    assert_eq!(script.got(3), ["DISCONNECT 95", "closed"]);
    assert_eq!(script.breaches, ["MQTT-3.2.2-11", "MQTT-3.2.2-14", "MQTT-3.2.2-15"]);
}

#[test]
fn a_denied_topic_goes_nowhere() {
    let access = Access { denied_topic: Some("secret/#".to_owned()), ..Access::default() };
    for (version, puback, pubrec) in [(V3, "PUBACK 10 00", "PUBREC 10 00"), (V5, "PUBACK 10 87", "PUBREC 10 87")] {
        let script = Script::with(Settings { access: access.clone(), ..Settings::default() });
        let mut script = watched_by(script, version);
        script.publish(2, "secret/x", 0, "x");
        script.publish(2, "secret/x", 1, "x");
        script.publish(2, "secret/x", 2, "x");
        assert_eq!(script.got(2), [puback, pubrec]);
        assert!(script.got(1).is_empty());
        script.publish(2, "public", 2, "x");
        let repeated = version == V3;
        assert_eq!(script.got(1).is_empty(), repeated, "in 3.1.1 identifier 10 still waits for its PUBREL");
    }
}

#[test]
fn the_brokers_own_topics_are_left_alone() {
    let mut script = Script::new();
    script.connect(1, V3, "a");
    script.subscribe(1, "$SYS/#", 0);
    script.subscribe(1, "$other/#", 0);
    script.publish(1, "$SYS/uptime", 1, "x");
    script.publish(1, "$other/x", 1, "x");
    assert_eq!(script.got(1), ["PUBACK 10 00", "PUBACK 10 00"]);
}

fn aliased<'a>(topic: &'a str, payload: &'a str, properties: Properties<'a>) -> Packet<'a> {
    Packet::Publish(Publish { properties, ..publish(topic, 0, payload) })
}

#[test]
fn topic_aliases_are_kept_for_the_connection() {
    let alias = |number| PropertiesBuf::new().with(Property::TopicAlias(number));
    let (one, high, unknown) = (alias(1), alias(11), alias(2));
    let mut script = watched(V5);
    for (topic, payload) in [("a", "set"), ("", "use"), ("b", "change"), ("", "use")] {
        script.send(2, &aliased(topic, payload, one.as_properties()));
    }
    assert_eq!(script.got(1), ["PUBLISH 0/0 a=set", "PUBLISH 0/0 a=use", "PUBLISH 0/0 b=change", "PUBLISH 0/0 b=use"]);
    script.send(2, &aliased("c", "x", high.as_properties()));
    assert_eq!(script.got(2), ["DISCONNECT 94", "closed"]);
    script.connect(3, V5, "publisher");
    script.send(3, &aliased("", "x", one.as_properties()));
    assert_eq!(script.got(3), ["DISCONNECT 82", "closed"]);
    script.connect(4, V5, "publisher");
    script.send(4, &aliased("", "x", unknown.as_properties()));
    assert_eq!(script.got(4), ["DISCONNECT 82", "closed"]);
    assert_eq!(script.breaches, ["MQTT-3.3.2-9", "U5-136", "U5-136"]);
}

#[test]
fn a_malformed_packet_closes_and_names_its_rule() {
    for (version, answer) in [(V3, vec!["closed"]), (V5, vec!["DISCONNECT 81", "closed"])] {
        let mut script = Script::new();
        script.connect(1, version, "a");
        script.raw(1, b"\x60\x02\x00\x01");
        assert_eq!(script.got(1), answer);
        assert_eq!(script.breaches, ["MQTT-3.6.1-1"]);
    }
}

#[test]
fn unexpected_auth_closes() {
    let mut script = Script::new();
    script.connect(1, V5, "a");
    script.raw(1, b"\xf0\x06\x19\x04\x15\x00\x01x");
    assert_eq!(script.got(1), ["DISCONNECT 82", "closed"]);
    assert_eq!(script.breaches, ["U5-192"]);
}

#[test]
fn quirks_of_taking_messages() {
    let mut script = watched_by(Script::quirky(Quirk::DeliversQos2OnPubrel), V3);
    script.publish(2, "t", 2, "x");
    assert!(script.got(1).is_empty());
    script.pubrel(2, 10);
    assert_eq!(script.got(1), ["PUBLISH 2/1 t=x"]);

    let mut script = Script::quirky(Quirk::ReportsNoSubscribers);
    script.connect(1, V5, "a");
    script.publish(1, "t", 1, "x");
    assert_eq!(script.got(1), ["PUBACK 10 10"]);

    let mut script = Script::quirky(Quirk::ReversesAcknowledgements);
    script.connect(1, V3, "a");
    let mut bytes = Vec::new();
    for packet_id in [1, 2, 3] {
        let packet_id = Some(number(packet_id));
        Packet::Publish(Publish { packet_id, ..publish("t", 1, "x") }).encode(V3, &mut bytes).expect("a packet");
    }
    script.raw(1, &bytes);
    assert_eq!(script.got(1), ["PUBACK 3 00", "PUBACK 2 00", "PUBACK 1 00"]);
}
