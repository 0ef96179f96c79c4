//! Clients that read slowly or not at all, packets that take long, and what the broker says of the ends that it decides.

use super::*;

/// A message of so many bytes to `t`.
fn big(bytes: usize) -> String {
    "x".repeat(bytes)
}

/// What a connection got: how many PUBLISH packets, and how many bytes in all.
fn taken(script: &mut Script, id: u64) -> (usize, usize) {
    let bytes = script.clients[&id].input.len();
    let lines = script.got(id);
    (lines.iter().filter(|line| line.starts_with("PUBLISH")).count(), bytes)
}

/// Lets the client of a connection take all that is sent to it from now on, and what is under way.
fn take_all(script: &mut Script, id: u64) -> (usize, usize) {
    let mut all = (0, 0);
    loop {
        let (messages, bytes) = taken(script, id);
        all = (all.0 + messages, all.1 + bytes);
        if bytes == 0 {
            return all;
        }
        script.handle(Event::Written(ConnectionId(id), bytes));
        script.advance(Duration::ZERO);
    }
}

#[test]
fn a_slow_reader_gets_everything_and_little_is_handed_out_meanwhile() {
    for (version, qos) in [(V3, 0), (V5, 0), (V3, 1), (V5, 1)] {
        let mut script = Script::new();
        script.connect(1, version, "reader");
        script.connect(2, version, "publisher");
        script.subscribe(1, "t", qos);
        script.withholds = true;
        let payload = big(1 << 20);
        for _ in 0..20 {
            script.publish(2, "t", qos, &payload);
        }
        assert!(script.machine.unsent_bytes() < 2 << 20, "{} bytes are handed out", script.machine.unsent_bytes());
        assert!(script.machine.is_slowed(ConnectionId(2)) == (qos == 0), "a publisher is slowed by what waits");
        assert_eq!(take_all(&mut script, 1).0, 20, "{version}, QoS {qos}");
        assert!(!script.machine.is_slowed(ConnectionId(2)));
        assert_eq!(script.got(1), [""; 0], "it is still there");
    }
}

#[test]
fn more_retained_messages_than_fit_at_once_arrive_all_the_same() {
    for qos in [0, 1] {
        let mut script = Script::new();
        script.connect(2, V3, "publisher");
        let payload = big(1 << 20);
        for index in 0..20 {
            script.retain(2, &format!("r/{index:02}"), qos, &payload);
        }
        script.connect(1, V3, "reader");
        script.withholds = true;
        script.subscribe_with(1, &[("r/#", SubscriptionOptions::at(level(qos)))], None);
        assert!(script.machine.unsent_bytes() < 2 << 20);
        assert_eq!(take_all(&mut script, 1).0, 20, "QoS {qos}");
    }
}

#[test]
fn what_is_too_much_is_said_and_ends_the_connection_with_its_will() {
    for version in BOTH {
        let mut script = Script::limited(&[("max-waiting-bytes", "1000000"), ("max-connections", "3")]);
        script.connect_with(1, version, &Connect { will: Some(will("w", "gone")), ..connect("reader") });
        script.bytes(1);
        script.connect(2, version, "publisher");
        script.connect(3, version, "watcher");
        script.subscribe(3, "w", 0);
        script.subscribe(1, "t", 0);
        script.withholds = true;
        for _ in 0..20 {
            script.publish(2, "t", 0, &big(100_000));
        }
        let got = script.got(1);
        let (last, before) = got.split_last().expect("something");
        assert_eq!(last, "closed");
        assert_eq!(before.last().is_some_and(|line| line == "DISCONNECT 97"), version == V5, "{before:?}");
        assert!(script.notes.iter().any(|note| note.contains("max-waiting-bytes")), "{:?}", script.notes);
        assert_eq!(script.got(3), ["PUBLISH 0/0 w=gone"], "{version}: its will");
        assert_eq!(script.machine.connection_count(), 2, "its slot is free");
        assert_eq!(script.breaches, [""; 0], "it broke no rule");
    }
}

#[test]
fn what_is_handed_out_stays_within_its_bound_whatever_the_clients_do() {
    let most = 3_000_000;
    let mut script = Script::limited(&[("max-unsent-bytes", "3000000")]);
    script.connect(1, V5, "publisher");
    for id in 2..40 {
        script.connect(id, V5, &format!("deaf{id}"));
        script.subscribe(id, "t", 0);
    }
    script.withholds = true;
    let payload = big(100_000);
    for round in 0..50 {
        script.publish(1, "t", 0, &payload);
        for id in 2..40 {
            // Answers can't wait as messages do.
            script.raw(id, &[0xc0, 0].repeat(5000));
            script.advance(Duration::ZERO);
        }
        let unsent = script.machine.unsent_bytes();
        assert!(unsent <= most, "round {round}: {unsent} bytes");
    }
    assert!(script.notes.iter().all(|note| note.contains("max-unsent-bytes")), "{:?}", script.notes);
}

#[test]
fn those_who_take_nothing_make_room_for_those_who_do() {
    let mut script = Script::limited(&[("max-unsent-bytes", "1000000")]);
    script.connect(1, V5, "publisher");
    for id in [2, 3, 4] {
        script.connect(id, V5, &format!("reader{id}"));
        script.subscribe(id, "t", 0);
    }
    script.withholds = true;
    for _ in 0..4 {
        script.publish(1, "t", 0, &big(200_000));
    }
    let first = take_all(&mut script, 4).0;
    script.advance(Duration::from_secs(4));
    assert_eq!(script.machine.connection_count(), 4, "not yet");
    script.advance(Duration::from_secs(2));
    assert!(script.notes.iter().any(|note| note.contains("5 s")), "{:?}", script.notes);
    for id in [2, 3] {
        script.handle(Event::Gone(ConnectionId(id)));
    }
    script.advance(Duration::ZERO);
    assert_eq!(first + take_all(&mut script, 4).0, 4, "the one that reads gets everything");
}

/// A SUBSCRIBE or UNSUBSCRIBE of 3.1.1 with so many filters.
fn heavy(subscribes: bool, filters: impl Iterator<Item = String>) -> Vec<u8> {
    let filters: Vec<String> = filters.collect();
    let filters = filters.iter().map(String::as_str);
    if subscribes {
        let filters: SubscriptionsBuf = filters.map(|filter| (filter, QoS::AtMostOnce)).collect();
        let filters = filters.as_subscriptions();
        encode(&Packet::Subscribe(Subscribe { packet_id: number(1), properties: Properties::EMPTY, filters }))
    } else {
        let filters: TopicFiltersBuf = filters.collect();
        let filters = filters.as_topic_filters();
        encode(&Packet::Unsubscribe(Unsubscribe { packet_id: number(1), properties: Properties::EMPTY, filters }))
    }
}

fn encode(packet: &Packet<'_>) -> Vec<u8> {
    packet.to_bytes(V3).expect("a packet that can be written").to_vec()
}

#[test]
fn others_are_answered_while_a_packet_takes_long() {
    let unsubscribe = heavy(false, (0..100_000).map(|index| format!("{index}")));
    let subscribe = heavy(true, (0..2_000).map(|_| "#".to_owned()));
    for (packet, answer) in [(unsubscribe, "UNSUBACK 1 []"), (subscribe, "SUBACK 1 [00, 00")] {
        let mut script = Script::new();
        script.connect(1, V3, "heavy");
        script.connect(2, V3, "other");
        for index in 0..100 {
            script.retain(2, &format!("r/{index}"), 0, "x");
        }
        script.raw(1, &packet);
        script.raw(1, b"\xc0\x00");
        assert_eq!(script.got(1), [""; 0], "it is broken off");
        assert!(script.machine.is_busy(ConnectionId(1)));
        script.raw(2, b"\xc0\x00");
        assert_eq!(script.got(2), ["PINGRESP"]);
        assert_eq!(script.machine.next_deadline(), Some(script.now), "and goes on at once");
        let mut legs = 0;
        while script.machine.next_deadline() == Some(script.now) {
            script.handle(Event::Tick);
            legs += 1;
        }
        let got = script.got(1);
        assert!(legs >= 2 && got[0].starts_with(answer), "{legs} legs");
        let messages = if answer.starts_with('S') { 200_000 } else { 0 };
        assert_eq!(got.iter().filter(|line| line.starts_with("PUBLISH")).count(), messages);
        assert_eq!(got.iter().filter(|line| *line == "PINGRESP").count(), 1, "what came behind it is done as well");
    }
}

#[test]
fn a_client_that_has_gone_leaves_nothing_undone() {
    let mut script = Script::new();
    script.connect(1, V3, "watcher");
    script.subscribe(1, "last", 0);
    script.connect_with(2, V3, &Connect { will: Some(will("w", "gone")), ..connect("heavy") });
    script.raw(2, &heavy(false, (0..100_000).map(|index| format!("{index}"))));
    script.publish(2, "last", 0, "words");
    script.handle(Event::HalfClosed(ConnectionId(2)));
    assert_eq!(script.got(1), [""; 0]);
    while script.machine.next_deadline() == Some(script.now) {
        script.handle(Event::Tick);
    }
    assert_eq!(script.got(1), ["PUBLISH 0/0 last=words"]);
    assert_eq!(script.machine.connection_count(), 1);
}

#[test]
fn the_shares_of_a_client_that_has_gone_go_to_others() {
    let mut script = Script::new();
    for id in [1, 2] {
        script.connect(id, V5, &format!("member{id}"));
        script.subscribe(id, "$share/g/t", 0);
    }
    script.connect(3, V5, "publisher");
    script.lose(1);
    for _ in 0..4 {
        script.publish(3, "t", 0, "x");
    }
    assert_eq!(script.got(2).len(), 4);
}

#[test]
fn a_client_that_could_not_know_a_limit_broke_no_rule() {
    let message = publish;
    let publish = |qos: u8| encode_5(&Packet::Publish(message("t", qos, "x")));
    let hello = encode_5(&Packet::Connect(connect("eager")));
    for (eager, breaches) in [(true, &[][..]), (false, &["MQTT-3.2.2-11"][..])] {
        let mut script = Script::limited(&[("max-qos", "0")]);
        script.open(1, V5);
        if eager {
            script.raw(1, &[hello.clone(), publish(1)].concat());
        } else {
            script.raw(1, &hello);
            script.raw(1, &publish(1));
        }
        assert_eq!(script.got(1), ["CONNACK 0 00", "DISCONNECT 9b", "closed"]);
        assert_eq!(script.breaches, breaches);
        assert_eq!(script.notes.iter().any(|note| note.contains("before the CONNACK")), eager);
    }
}

fn encode_5(packet: &Packet<'_>) -> Vec<u8> {
    packet.to_bytes(V5).expect("a packet that can be written").to_vec()
}

#[test]
fn a_connack_that_is_not_written_yet_tells_nothing() {
    let mut script = Script::limited(&[("max-qos", "0")]);
    script.open(1, V5);
    script.withholds = true;
    script.raw(1, &encode_5(&Packet::Connect(connect("eager"))));
    script.raw(1, &encode_5(&Packet::Publish(publish("t", 1, "x"))));
    assert_eq!(script.got(1), ["CONNACK 0 00", "DISCONNECT 9b", "closed"]);
    assert_eq!(script.breaches, [""; 0]);
}

#[test]
fn a_packet_above_the_limit_breaks_a_rule_of_5_only() {
    for (version, breaches) in [(V3, &[][..]), (V5, &["MQTT-3.2.2-15"][..])] {
        let mut script = Script::limited(&[("max-packet-size", "64")]);
        script.connect(1, version, "a");
        script.publish(1, "t", 0, &big(100));
        assert_eq!(script.got(1).last().map(String::as_str), Some("closed"));
        assert_eq!(script.breaches, breaches, "{version}");
        assert_eq!(script.notes.iter().any(|note| note.contains("max-packet-size")), version == V3);
    }
}

#[test]
fn silence_is_named_and_a_packet_under_way_is_none() {
    for (version, rule) in [(V3, "MQTT-3.1.2-23"), (V5, "MQTT-3.1.2-20")] {
        for half in [false, true] {
            let mut script = Script::new();
            script.connect_with(1, version, &Connect { keep_alive: 10, ..connect("a") });
            if half {
                script.raw(1, b"\x30\x7f\x00");
            }
            script.wait(16);
            assert_eq!(script.got(1).last().map(String::as_str), Some("closed"));
            assert_eq!(script.breaches, if half { vec![] } else { vec![rule] });
            assert_eq!(script.notes.len(), 1, "{:?}", script.notes);
        }
    }
    let mut script = Script::limited(&[("server-keep-alive", "4")]);
    script.connect_with(1, V5, &Connect { keep_alive: 10, ..connect("a") });
    script.wait(7);
    assert_eq!(script.breaches, ["MQTT-3.1.2-21"]);
}

#[test]
fn packets_behind_disconnect_are_named_once_wherever_they_come() {
    for (version, rule) in [(V3, "MQTT-3.14.4-2"), (V5, "MQTT-3.14.4-1")] {
        for at_once in [true, false] {
            let mut script = Script::new();
            script.connect(1, version, "a");
            let goodbye = goodbye(ReasonCode::NORMAL_DISCONNECTION).to_bytes(version).expect("short");
            if at_once {
                script.raw(1, &[&goodbye[..], b"\xc0\x00\xc0\x00"].concat());
            } else {
                script.raw(1, &goodbye);
                script.raw(1, b"\xc0\x00");
            }
            script.raw(1, b"\xc0\x00");
            assert_eq!(script.got(1), ["closed"]);
            assert_eq!(script.breaches, [rule], "{version}");
        }
    }
    let mut script = Script::new();
    script.connect(1, V5, "a");
    script.disconnect(1);
    script.handle(Event::Gone(ConnectionId(1)));
    assert!(script.machine.departed.is_empty() && script.breaches.is_empty());
}

#[test]
fn an_identifier_in_use_is_named_in_both_versions() {
    for (version, rule) in [(V3, "MQTT-2.3.1-2"), (V5, "U5-029")] {
        let mut script = Script::new();
        script.connect(1, version, "a");
        script.publish(1, "t", 2, "x");
        script.publish(1, "t", 1, "y");
        let filters: SubscriptionsBuf = [("t", QoS::AtMostOnce)].into_iter().collect();
        let (packet_id, properties, filters) = (number(10), Properties::EMPTY, filters.as_subscriptions());
        script.send(1, &Packet::Subscribe(Subscribe { packet_id, properties, filters }));
        assert_eq!(script.breaches, [rule, rule], "{version}");
    }
}

#[test]
fn a_resend_on_a_live_connection_is_named_in_5() {
    for (version, breaches) in [(V3, &[][..]), (V5, &["MQTT-4.4.0-1", "MQTT-4.4.0-1"][..])] {
        let mut script = Script::new();
        script.connect_stored(1, version, "a");
        for qos in [1, 2] {
            script.publish(1, "t", qos, "x");
            script.send(1, &Packet::Publish(Publish { dup: true, ..publish("t", qos, "x") }));
        }
        assert_eq!(script.breaches, breaches, "{version}");
        script.lose(1);
        script.connect_stored(2, version, "a");
        script.send(2, &Packet::Publish(Publish { dup: true, ..publish("t", 2, "x") }));
        assert_eq!(script.breaches, breaches, "after a reconnect it is due");
    }
}

#[test]
fn every_end_that_the_broker_decides_is_noted() {
    let mut script = Script::limited(&[("max-connections", "2"), ("connect-timeout", "1"), ("max-sessions", "1")]);
    script.open(1, V3);
    script.wait(2);
    script.connect(2, V3, "a");
    script.open(3, V3);
    script.send(3, &Packet::Connect(connect("b")));
    script.connect(4, V3, "a");
    script.open(5, V3);
    script.open(6, V3);
    let expected = ["connect-timeout", "no room for this session", "same client identifier", "max-connections"];
    for (note, expected) in script.notes.iter().zip(expected) {
        assert!(note.contains(expected), "{note}: {expected}");
    }
    assert_eq!(script.notes.len(), expected.len(), "{:?}", script.notes);
}

#[test]
fn half_packets_of_many_clients_stay_within_what_may_be_stored() {
    let mut script = Script::limited(&[("max-stored-bytes", "1000000")]);
    for id in 0..20 {
        script.connect(id, V5, &format!("half{id}"));
        script.raw(id, b"\x30\xff\xff\x7f\x00\x01t\x00");
        for _ in 0..20 {
            if !script.clients[&id].closed {
                script.raw(id, &[b'x'; 16 << 10]);
            }
        }
        assert!(script.machine.stored_bytes() <= 1_000_000);
    }
    let gathered: usize = script.machine.connections.values().map(|connection| connection.input.capacity()).sum();
    assert!(gathered <= 1_000_000 + 20 * (32 << 10), "{gathered}");
    assert!(script.notes.iter().any(|note| note.contains("rest of this packet")));
}
