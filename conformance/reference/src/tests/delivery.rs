//! Queues, windows, re-sends, message expiry, what the client takes.

use super::*;

/// A stored session with a subscription to `t` at QoS 2 as connection 1, a publisher as connection 2.
fn stored(script: Script, version: Version) -> Script {
    let mut script = script;
    script.connect_stored(1, version, "sleeper");
    script.subscribe(1, "t", 2);
    script.connect(2, version, "publisher");
    script
}

fn send_all(script: &mut Script, messages: &[(u8, &str)]) {
    for (qos, payload) in messages {
        script.publish(2, "t", *qos, payload);
        if *qos == 2 {
            script.pubrel(2, 10);
        }
    }
}

#[test]
fn messages_wait_for_an_absent_client() {
    for version in BOTH {
        let mut script = stored(Script::new(), version);
        script.lose(1);
        send_all(&mut script, &[(1, "a"), (0, "lost"), (2, "b"), (1, "c")]);
        let got = script.connect_stored(3, version, "sleeper");
        assert_eq!(got, ["CONNACK 1 00", "PUBLISH 1/1 t=a", "PUBLISH 2/2 t=b", "PUBLISH 1/3 t=c"]);
    }
}

#[test]
fn what_was_sent_into_a_lost_connection_comes_again_under_the_quirk() {
    for version in BOTH {
        let mut script = stored(Script::quirky(Quirk::LateLoss), version);
        script.lose(1);
        send_all(&mut script, &[(1, "a"), (0, "lost")]);
        assert_eq!(script.got(1), ["closed"]);
        let got = script.connect_stored(3, version, "sleeper");
        assert_eq!(got, ["CONNACK 1 00", "PUBLISH 1/1 dup t=a"]);
    }
}

#[test]
fn what_was_not_acknowledged_is_sent_again_in_order() {
    for version in BOTH {
        let mut script = stored(Script::new(), version);
        send_all(&mut script, &[(1, "a"), (2, "b"), (2, "c"), (1, "d")]);
        script.puback(1, 4);
        script.pubrec(1, 2);
        script.lose(1);
        let got = script.connect_stored(3, version, "sleeper");
        let again = ["CONNACK 1 00", "PUBREL 2 00", "PUBLISH 1/1 dup t=a", "PUBLISH 2/3 dup t=c"];
        assert_eq!(got, again);
        script.puback(3, 1);
        script.pubrec(3, 3);
        script.pubcomp(3, 3);
        script.pubcomp(3, 2);
        assert_eq!(script.got(3), ["PUBREL 3 00"]);
        script.lose(3);
        assert_eq!(script.connect_stored(4, version, "sleeper"), ["CONNACK 1 00"]);
    }
}

#[test]
fn pubrels_are_sent_again_in_the_order_of_their_pubrecs() {
    let mut script = stored(Script::new(), V3);
    send_all(&mut script, &[(2, "a"), (2, "b")]);
    script.pubrec(1, 2);
    script.pubrec(1, 1);
    script.lose(1);
    assert_eq!(script.connect_stored(3, V3, "sleeper"), ["CONNACK 1 00", "PUBREL 2 00", "PUBREL 1 00"]);
}

fn connect_taking(script: &mut Script, id: u64, client_id: &str, properties: &[Property<'_>]) -> Vec<String> {
    let stored = [Property::SessionExpiryInterval(u32::MAX)];
    let properties: PropertiesBuf = stored.iter().chain(properties).copied().collect();
    let properties = properties.as_properties();
    script.connect_with(id, V5, &Connect { clean_start: false, properties, ..connect(client_id) });
    script.got(id)
}

#[test]
fn the_clients_receive_maximum_holds() {
    let mut script = stored(Script::new(), V5);
    script.lose(1);
    send_all(&mut script, &[(1, "a"), (2, "b"), (1, "c"), (1, "d")]);
    let got = connect_taking(&mut script, 3, "sleeper", &[Property::ReceiveMaximum(2)]);
    assert_eq!(got, ["CONNACK 1 00", "PUBLISH 1/1 t=a", "PUBLISH 2/2 t=b"]);
    script.raw(3, b"\xc0\x00");
    send_all(&mut script, &[(0, "free")]);
    assert_eq!(script.got(3), ["PINGRESP", "PUBLISH 0/0 t=free"]);
    script.pubrec(3, 2);
    assert_eq!(script.got(3), ["PUBREL 2 00"], "QoS 2 gives its quota back with PUBCOMP");
    script.pubcomp(3, 2);
    assert_eq!(script.got(3), ["PUBLISH 1/3 t=c"]);
    script.lose(3);
    let got = connect_taking(&mut script, 4, "sleeper", &[Property::ReceiveMaximum(1)]);
    assert_eq!(got, ["CONNACK 1 00", "PUBLISH 1/1 dup t=a"]);
    script.puback(4, 1);
    assert_eq!(script.got(4), ["PUBLISH 1/3 dup t=c"]);
    script.puback(4, 3);
    assert_eq!(script.got(4), ["PUBLISH 1/4 t=d"]);
}

#[test]
fn a_refused_message_is_done() {
    let mut script = stored(Script::new(), V5);
    send_all(&mut script, &[(1, "a"), (2, "b")]);
    let refusal = |packet_id| {
        let reason = ReasonCode::IMPLEMENTATION_SPECIFIC_ERROR;
        Acknowledgement { packet_id: number(packet_id), reason, properties: Properties::EMPTY }
    };
    script.send(1, &Packet::Puback(refusal(1)));
    script.send(1, &Packet::Pubrec(refusal(2)));
    script.lose(1);
    assert_eq!(script.connect_stored(3, V5, "sleeper"), ["CONNACK 1 00"]);
}

#[test]
fn packets_larger_than_the_client_takes_count_as_delivered() {
    let mut script = stored(Script::new(), V5);
    script.lose(1);
    let long = "x".repeat(40);
    send_all(&mut script, &[(1, "a"), (1, &long), (1, "b"), (0, &long)]);
    let got = connect_taking(&mut script, 3, "sleeper", &[Property::MaximumPacketSize(40)]);
    assert_eq!(
        got,
        ["CONNACK 1 00", "PUBLISH 1/1 t=a", "PUBLISH 1/3 t=b"],
        "identifier 2 was spent on what was too large"
    );
    script.raw(3, b"\x60\x02\x00\x01");
    let reply = script.bytes(3);
    assert!(!reply.is_empty() && reply.len() <= 40, "a DISCONNECT without its reason string: {reply:x?}");
}

#[test]
fn reason_strings_are_left_out_where_they_are_not_wanted() {
    for (wanted, longer) in [(1, true), (0, false)] {
        let mut script = Script::new();
        connect_taking(&mut script, 1, "a", &[Property::RequestProblemInformation(wanted)]);
        script.pubrel(1, 9);
        assert_eq!(script.bytes(1).len() > 6, longer);
    }
}

#[test]
fn messages_expire_in_the_queue_and_count_down() {
    let mut script = stored(Script::new(), V5);
    script.lose(1);
    for (payload, seconds) in [("short", 5), ("long", 60)] {
        let expiry = PropertiesBuf::new().with(Property::MessageExpiryInterval(seconds));
        let packet = Publish { properties: expiry.as_properties(), retain: true, ..publish("t", 1, payload) };
        script.send(2, &Packet::Publish(packet));
    }
    script.advance(Duration::from_millis(10_500));
    let got = script.connect_stored(3, V5, "sleeper");
    assert_eq!(got, ["CONNACK 1 00", "PUBLISH 1/1 t=long MessageExpiryInterval(50)"]);
    script.wait(60);
    script.lose(3);
    let got = script.connect_stored(4, V5, "sleeper");
    assert_eq!(got, ["CONNACK 1 00", "PUBLISH 1/1 dup t=long MessageExpiryInterval(0)"], "it was sent before");
    script.subscribe_with(4, &[("t", SubscriptionOptions::at(QoS::AtMostOnce))], None);
    assert_eq!(script.got(4), ["SUBACK 77 [00]"], "the retained message has expired");
}

#[test]
fn properties_go_on_unchanged_and_in_order() {
    let mut script = stored(Script::new(), V5);
    let sent = [
        Property::UserProperty("b", "1"),
        Property::ContentType("text"),
        Property::UserProperty("a", "2"),
        Property::PayloadFormatIndicator(1),
        Property::CorrelationData(b"id"),
        Property::ResponseTopic("reply"),
        Property::UserProperty("b", "3"),
    ];
    let properties: PropertiesBuf = sent.into_iter().collect();
    script.send(2, &Packet::Publish(Publish { properties: properties.as_properties(), ..publish("t", 0, "x") }));
    let expected = sent.map(|property| format!("{property:?}")).join(" ");
    assert_eq!(script.got(1), [format!("PUBLISH 0/0 t=x {expected}")]);
    script.connect(3, V3, "old");
    script.subscribe(3, "t", 0);
    script.send(2, &Packet::Publish(Publish { properties: properties.as_properties(), ..publish("t", 0, "x") }));
    assert_eq!(script.got(3), ["PUBLISH 0/0 t=x"], "3.1.1 has no properties");
}

#[test]
fn queues_and_windows_are_bounded() {
    let limits = [("max-queued-messages", "2"), ("max-in-flight", "1")];
    let mut script = stored(Script::limited(&limits), V3);
    send_all(&mut script, &[(1, "a"), (1, "b"), (1, "c"), (1, "dropped")]);
    assert_eq!(script.got(1), ["PUBLISH 1/1 t=a"]);
    for packet_id in [1, 2, 3] {
        script.puback(1, packet_id);
    }
    assert_eq!(script.got(1), ["PUBLISH 1/2 t=b", "PUBLISH 1/3 t=c"]);
}

#[test]
fn stored_bytes_are_bounded() {
    let long = "x".repeat(1000);
    for (version, answer) in [(V3, "closed"), (V5, "PUBACK 10 97")] {
        let mut script = Script::limited(&[("max-stored-bytes", "1500")]);
        script.connect(1, version, "a");
        script.retain(1, "one", 1, &long);
        assert_eq!(script.got(1), ["PUBACK 10 00"]);
        script.retain(1, "two", 0, &long);
        assert!(script.got(1).is_empty());
        script.retain(1, "two", 1, &long);
        assert_eq!(script.got(1), [answer]);
    }
}

#[test]
fn quirks_of_delivery() {
    let mut script = stored(Script::quirky(Quirk::OneInFlight), V3);
    send_all(&mut script, &[(1, "a"), (1, "b")]);
    assert_eq!(script.got(1), ["PUBLISH 1/1 t=a"]);

    let mut script = stored(Script::quirky(Quirk::ResendsOnTimer), V3);
    send_all(&mut script, &[(1, "a")]);
    assert_eq!(script.got(1), ["PUBLISH 1/1 t=a"]);
    script.wait(41);
    assert_eq!(script.got(1), ["PUBLISH 1/1 dup t=a", "PUBLISH 1/1 dup t=a"]);
    script.puback(1, 1);
    script.wait(41);
    assert!(script.got(1).is_empty());

    let mut script = Script::quirky(Quirk::DuplicatesForQos0);
    script.connect(1, V3, "a");
    script.subscribe(1, "t", 0);
    script.publish(1, "t", 1, "x");
    assert_eq!(script.got(1), ["PUBLISH 0/0 t=x", "PUBLISH 0/0 t=x", "PUBACK 10 00"]);

    let mut script = Script::quirky(Quirk::GreetsClients);
    script.connect_with(1, V3, &connect("a"));
    assert_eq!(script.got(1), ["CONNACK 0 00", "PUBLISH 0/0 $SYS/broker/welcome=welcome"]);

    let mut script = Script::quirky(Quirk::ClosesIdleClients);
    script.connect(1, V5, "a");
    script.wait(60);
    assert_eq!(script.got(1), ["closed"]);
}

#[test]
fn quirks_of_qos_0() {
    for version in BOTH {
        let mut script = Script::quirky(Quirk::LosesQos0);
        script.connect(1, version, "a");
        script.subscribe(1, "t", 0);
        for payload in ["lost", "kept", "lost again", "kept again"] {
            script.publish(1, "t", 0, payload);
        }
        assert_eq!(script.got(1), ["PUBLISH 0/0 t=kept", "PUBLISH 0/0 t=kept again"]);
    }

    let mut script = Script::quirky(Quirk::HoldsQos0AtQuota);
    let one = PropertiesBuf::new().with(Property::ReceiveMaximum(1));
    script.connect_with(1, V5, &Connect { properties: one.as_properties(), ..connect("a") });
    script.bytes(1);
    script.subscribe(1, "t", 1);
    script.connect(2, V5, "b");
    send_all(&mut script, &[(1, "one"), (0, "held")]);
    assert_eq!(script.got(1), ["PUBLISH 1/1 t=one"]);
    script.puback(1, 1);
    assert_eq!(script.got(1), ["PUBLISH 0/0 t=held"]);
}
