//! CONNECT, CONNACK, sessions, takeover, keep alive.

use super::*;
use crate::{Access, User};

#[test]
fn a_connect_is_answered_in_both_versions() {
    for version in BOTH {
        let mut script = Script::new();
        script.connect_with(1, version, &connect("a"));
        assert_eq!(script.got(1), ["CONNACK 0 00"], "{version}");
        script.raw(1, b"\xc0\x00");
        assert_eq!(script.got(1), ["PINGRESP"], "{version}");
        script.disconnect(1);
        assert_eq!(script.got(1), ["closed"], "{version}");
        assert!(script.breaches.is_empty());
        assert_eq!(script.machine.session_count(), 0);
        assert_eq!(script.machine.stored_bytes(), 0);
    }
}

#[test]
fn bytes_may_come_one_by_one() {
    for version in BOTH {
        let mut script = Script::new();
        script.open(1, version);
        let connect = Packet::Connect(connect("a")).to_bytes(version).expect("a packet");
        for byte in connect.iter().chain(b"\xc0\x00") {
            script.raw(1, &[*byte]);
        }
        assert_eq!(script.got(1), ["CONNACK 0 00", "PINGRESP"], "{version}");
    }
}

#[test]
fn unknown_levels_are_refused_in_their_own_form() {
    for (level, name, answer, version) in [
        (3, &b"\x00\x06MQIsdp"[..], &b"\x20\x02\x00\x01"[..], V3),
        (3, b"\x00\x04MQTT", b"\x20\x02\x00\x01", V3),
        (6, b"\x00\x04MQTT", b"\x20\x03\x00\x84\x00", V5),
        (4, b"\x00\x04MQTX", b"", V3),
        (5, b"\x00\x04mqtt", b"", V3),
        (4, b"\x00\x09something", b"", V3),
    ] {
        let mut script = Script::new();
        script.open(1, version);
        let mut bytes = vec![0x10, 0];
        bytes.extend_from_slice(name);
        bytes.extend_from_slice(&[level, 2, 0, 0, 0, 1, b'a']);
        bytes[1] = u8::try_from(bytes.len() - 2).expect("short");
        script.raw(1, &bytes);
        assert_eq!(&script.bytes(1)[..], answer, "{name:?} {level}");
        assert_eq!(script.got(1), ["closed"]);
        let is_3_1 = name.ends_with(b"MQIsdp");
        assert_eq!(script.breaches.len(), usize::from(!is_3_1), "{name:?} {level}");
        assert_eq!(script.notes.iter().any(|note| note.contains("speaks MQTT 3.1")), is_3_1, "{name:?} {level}");
    }
}

#[test]
fn what_is_not_a_connect_is_refused_without_an_answer() {
    for bytes in [&b"\xc0\x00"[..], b"\x30\x03\x00\x01a", b"\x00\x00", b"\x20\x02\x00\x00"] {
        let mut script = Script::new();
        script.open(1, V3);
        script.raw(1, bytes);
        assert_eq!(script.got(1), ["closed"]);
        assert_eq!(script.breaches, ["MQTT-3.1.0-1"]);
    }
}

#[test]
fn a_malformed_connect_gets_a_connack_in_5_only() {
    let flags_with_reserved_bit = b"\x10\x0d\x00\x04MQTT\x04\x03\x00\x00\x00\x01a";
    let mut script = Script::new();
    script.open(1, V3);
    script.raw(1, flags_with_reserved_bit);
    assert_eq!(script.got(1), ["closed"]);
    assert_eq!(script.breaches, ["MQTT-3.1.2-3"]);

    let mut bytes = b"\x10\x0e\x00\x04MQTT\x05\x03\x00\x00\x00\x00\x01a".to_vec();
    for (quirk, answer) in
        [(None, vec!["CONNACK 0 81", "closed"]), (Some(Quirk::ClosesBadConnectAtOnce), vec!["closed"])]
    {
        let mut script = Script::with(Settings { quirks: quirk.into_iter().collect(), ..Settings::default() });
        script.open(1, V5);
        script.raw(1, &bytes);
        assert_eq!(script.got(1), answer);
    }
    bytes[9] = 0x02;
    let mut script = Script::new();
    script.open(1, V5);
    script.raw(1, &bytes);
    assert_eq!(script.got(1), ["CONNACK 0 00"]);
}

#[test]
fn a_second_connect_closes() {
    for (version, answer) in [(V3, vec!["closed"]), (V5, vec!["DISCONNECT 82", "closed"])] {
        let mut script = Script::new();
        script.connect(1, version, "a");
        script.send(1, &Packet::Connect(connect("a")));
        assert_eq!(script.got(1), answer);
        assert_eq!(script.breaches, ["MQTT-3.1.0-2"]);
    }
}

#[test]
fn credentials_are_checked() {
    let user = User { name: "ann".to_owned(), password: b"secret".to_vec() };
    let access = Access { anonymous: false, users: vec![user], denied_topic: None };
    for (version, anonymous, wrong) in [(V3, "CONNACK 0 05", "CONNACK 0 04"), (V5, "CONNACK 0 87", "CONNACK 0 86")] {
        let mut script = Script::with(Settings { access: access.clone(), ..Settings::default() });
        script.connect_with(1, version, &connect("a"));
        assert_eq!(script.got(1), [anonymous, "closed"]);
        let ann = Connect { user_name: Some("ann"), ..connect("a") };
        script.connect_with(2, version, &Connect { password: Some(b"guess"), ..ann });
        assert_eq!(script.got(2), [wrong, "closed"]);
        script.connect_with(3, version, &Connect { password: Some(b"secret"), ..ann });
        assert_eq!(script.got(3), ["CONNACK 0 00"]);
        assert!(script.breaches.is_empty());
    }
}

#[test]
fn an_empty_client_id_is_replaced() {
    let mut script = Script::new();
    script.connect_with(1, V3, &Connect { clean_start: false, ..connect("") });
    assert_eq!(script.got(1), ["CONNACK 0 02", "closed"]);
    script.connect_with(2, V3, &connect(""));
    script.connect_with(3, V3, &connect(""));
    assert_eq!([script.got(2), script.got(3)], [["CONNACK 0 00"], ["CONNACK 0 00"]]);

    script.connect_with(4, V5, &Connect { clean_start: false, ..connect("") });
    let bytes = script.bytes(4);
    let Ok(Decoded::Complete { packet, .. }) = decode(&bytes, Context::new(V5, Sender::Server), &Limits::default())
    else {
        panic!("no CONNACK");
    };
    let Packet::Connack(connack) = packet else { panic!("no CONNACK") };
    let assigned = connack.properties.assigned_client_identifier().expect("an identifier");
    assert!(assigned.starts_with("assigned-"), "{assigned}");
    assert_eq!(script.machine.session_count(), 3);
}

#[test]
fn the_connack_of_5_announces_what_is_limited() {
    let mut script = Script::limited(&[
        ("max-qos", "1"),
        ("retain", "no"),
        ("wildcards", "no"),
        ("shared-subscriptions", "no"),
        ("subscription-identifiers", "no"),
        ("receive-maximum", "3"),
        ("topic-alias-maximum", "2"),
        ("max-packet-size", "100"),
        ("server-keep-alive", "9"),
        ("session-expiry-maximum", "60"),
    ]);
    let forever = PropertiesBuf::new().with(Property::SessionExpiryInterval(u32::MAX));
    script.connect_with(1, V5, &Connect { properties: forever.as_properties(), ..connect("a") });
    let bytes = script.bytes(1);
    let Ok(Decoded::Complete { packet, .. }) = decode(&bytes, Context::new(V5, Sender::Server), &Limits::default())
    else {
        panic!("no CONNACK");
    };
    let Packet::Connack(connack) = packet else { panic!("no CONNACK") };
    let told: Vec<Property<'_>> = connack.properties.iter().collect();
    assert_eq!(
        told,
        [
            Property::SessionExpiryInterval(60),
            Property::ReceiveMaximum(3),
            Property::MaximumQoS(1),
            Property::RetainAvailable(0),
            Property::MaximumPacketSize(100),
            Property::TopicAliasMaximum(2),
            Property::WildcardSubscriptionAvailable(0),
            Property::SubscriptionIdentifierAvailable(0),
            Property::SharedSubscriptionAvailable(0),
            Property::ServerKeepAlive(9),
        ]
    );
}

#[test]
fn sessions_last_as_long_as_asked_for() {
    let mut script = Script::new();
    script.connect(1, V3, "clean");
    script.lose(1);
    assert_eq!(script.connect_stored(2, V3, "clean"), ["CONNACK 0 00"]);
    script.lose(2);
    assert_eq!(script.connect_stored(3, V3, "clean"), ["CONNACK 1 00"]);
    script.lose(3);
    script.connect_with(4, V3, &connect("clean"));
    assert_eq!(script.got(4), ["CONNACK 0 00"]);

    let minute = PropertiesBuf::new().with(Property::SessionExpiryInterval(60));
    let stored = Connect { clean_start: false, properties: minute.as_properties(), ..connect("five") };
    for (id, seconds, answer) in [(11, 0, "CONNACK 0 00"), (12, 59, "CONNACK 1 00"), (13, 60, "CONNACK 0 00")] {
        script.wait(seconds);
        script.connect_with(id, V5, &stored);
        assert_eq!(script.got(id), [answer]);
        script.lose(id);
    }
}

#[test]
fn disconnect_may_change_the_session_expiry() {
    let mut script = Script::new();
    let goodbye = |seconds| PropertiesBuf::new().with(Property::SessionExpiryInterval(seconds));
    let reason = ReasonCode::SUCCESS;
    script.connect_stored(1, V5, "a");
    let zero = goodbye(0);
    script.send(1, &Packet::Disconnect(Disconnect { reason, properties: zero.as_properties() }));
    assert_eq!(script.machine.session_count(), 0);

    script.connect(2, V5, "a");
    let ten = goodbye(10);
    script.send(2, &Packet::Disconnect(Disconnect { reason, properties: ten.as_properties() }));
    assert_eq!(script.got(2), ["DISCONNECT 82", "closed"]);
    assert_eq!(script.breaches, ["U5-185"]);
}

#[test]
fn a_new_connection_takes_the_session_over() {
    for (version, farewell) in [(V3, vec!["closed"]), (V5, vec!["DISCONNECT 8e", "closed"])] {
        let mut script = Script::new();
        script.connect_stored(1, version, "a");
        assert_eq!(script.connect_stored(2, version, "a"), ["CONNACK 1 00"]);
        assert_eq!(script.got(1), farewell);
        script.publish(2, "t", 1, "x");
        assert_eq!(script.got(2), ["PUBACK 10 00"]);
    }
}

#[test]
fn keep_alive_is_enforced_at_one_and_a_half() {
    for (version, farewell) in [(V3, vec!["closed"]), (V5, vec!["DISCONNECT 8d", "closed"])] {
        let mut script = Script::new();
        script.connect_with(1, version, &Connect { keep_alive: 10, ..connect("a") });
        script.bytes(1);
        script.wait(14);
        script.raw(1, b"\xc0\x00");
        assert_eq!(script.got(1), ["PINGRESP"]);
        script.advance(Duration::from_millis(14_999));
        assert!(script.got(1).is_empty());
        script.advance(Duration::from_millis(1));
        assert_eq!(script.got(1), farewell);
    }
}

#[test]
fn a_server_keep_alive_rules_in_5() {
    let mut script = Script::limited(&[("server-keep-alive", "2")]);
    script.connect(1, V5, "five");
    script.connect(2, V3, "three");
    script.wait(3);
    assert_eq!(script.got(1), ["DISCONNECT 8d", "closed"]);
    assert!(script.got(2).is_empty());
}

#[test]
fn a_silent_connection_is_closed() {
    let mut script = Script::limited(&[("connect-timeout", "5")]);
    script.open(1, V3);
    script.raw(1, b"\x10\x0d\x00\x04MQ");
    script.wait(4);
    assert!(script.got(1).is_empty());
    script.wait(1);
    assert_eq!(script.got(1), ["closed"]);
}

#[test]
fn limits_of_connections_and_sessions_hold() {
    let mut script = Script::limited(&[("max-connections", "2"), ("max-sessions", "1")]);
    script.connect(1, V5, "a");
    script.connect_with(2, V5, &connect("b"));
    assert_eq!(script.got(2), ["CONNACK 0 97", "closed"]);
    script.connect_with(3, V3, &connect("c"));
    assert_eq!(script.got(3), ["CONNACK 0 03", "closed"]);
    script.open(4, V3);
    script.open(5, V3);
    assert_eq!(script.got(5), ["closed"]);
}

#[test]
fn wills_beyond_the_announced_limits_are_refused_in_5() {
    let mut script = Script::limited(&[("max-qos", "0"), ("retain", "no")]);
    script.connect_with(1, V5, &Connect { will: Some(will("w", "x")), ..connect("a") });
    assert_eq!(script.got(1), ["CONNACK 0 9b", "closed"]);
    let retained = Will { qos: QoS::AtMostOnce, retain: true, ..will("w", "x") };
    script.connect_with(2, V5, &Connect { will: Some(retained), ..connect("a") });
    assert_eq!(script.got(2), ["CONNACK 0 9a", "closed"]);
}

#[test]
fn authentication_methods_are_refused() {
    let mut script = Script::new();
    let method = PropertiesBuf::new().with(Property::AuthenticationMethod("scram"));
    script.connect_with(1, V5, &Connect { properties: method.as_properties(), ..connect("a") });
    assert_eq!(script.got(1), ["CONNACK 0 8c", "closed"]);
}

#[test]
fn a_connect_that_is_too_large_is_refused() {
    for (version, answer) in [(V3, vec!["closed"]), (V5, vec!["CONNACK 0 95", "closed"])] {
        let mut script = Script::limited(&[("max-packet-size", "64")]);
        script.connect_with(1, version, &connect(&"x".repeat(100)));
        assert_eq!(script.got(1), answer);
    }
}

#[test]
fn a_session_lasts_longer_than_was_asked_under_the_quirk() {
    let mut script = Script::quirky(Quirk::LongerSessions);
    script.connect(1, V5, "a");
    script.disconnect(1);
    script.wait(3599);
    assert_eq!(script.connect_stored(2, V5, "a"), ["CONNACK 1 00"]);

    let mut script = Script::quirky(Quirk::LongerSessions);
    script.connect(1, V5, "a");
    let minute = PropertiesBuf::new().with(Property::SessionExpiryInterval(60));
    let reason = ReasonCode::SUCCESS;
    script.send(1, &Packet::Disconnect(Disconnect { reason, properties: minute.as_properties() }));
    assert_eq!(script.got(1), ["DISCONNECT 82", "closed"], "none was asked in CONNECT, whatever was stated");
}
