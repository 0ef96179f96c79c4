//! Quirks of a broker that takes its time: for routing, for retained messages, for copies, for packets.

use super::*;

fn with_watcher(quirk: Quirk, filters: &[&str]) -> Script {
    let mut script = Script::quirky(quirk);
    script.connect(1, V5, "watcher");
    for filter in filters {
        script.subscribe(1, filter, 1);
    }
    script.connect(2, V5, "publisher");
    script.got(1);
    script
}

fn pass(script: &mut Script, milliseconds: u64) {
    script.advance(Duration::from_millis(milliseconds));
}

#[test]
fn a_message_is_routed_after_its_acknowledgement_to_who_subscribed_before() {
    let mut script = with_watcher(Quirk::AcknowledgesFirst, &["t"]);
    script.publish(2, "t", 1, "x");
    assert_eq!(script.got(2), ["PUBACK 10 00"]);
    script.connect(3, V5, "late");
    script.subscribe(3, "t", 1);
    script.got(3);
    pass(&mut script, 399);
    assert!(script.got(1).is_empty());
    pass(&mut script, 1);
    assert_eq!(script.got(1), ["PUBLISH 1/1 t=x"]);
    assert!(script.got(3).is_empty(), "it subscribed too late");
}

#[test]
fn retained_messages_come_later_unless_their_client_has_gone() {
    let mut script = with_watcher(Quirk::LooksUpRetainedLater, &[]);
    let kept = Publish { retain: true, ..publish("t", 1, "kept") };
    script.send(2, &Packet::Publish(kept));
    script.subscribe(1, "t", 1);
    pass(&mut script, 599);
    assert!(script.got(1).is_empty());
    pass(&mut script, 1);
    assert_eq!(script.got(1), ["PUBLISH 1/1 retained t=kept"]);
    script.connect(3, V5, "hasty");
    script.subscribe(3, "t", 1);
    script.lose(3);
    pass(&mut script, 600);
    assert_eq!(script.got(3), ["closed"]);
}

#[test]
fn copies_come_apart_and_in_the_order_of_their_messages() {
    let mut script = with_watcher(Quirk::CopiesApart, &["t", "+"]);
    script.publish(2, "t", 0, "x");
    script.publish(2, "t", 0, "y");
    assert_eq!(script.got(1), ["PUBLISH 0/0 t=x"]);
    pass(&mut script, 300);
    assert_eq!(script.got(1), ["PUBLISH 0/0 t=x", "PUBLISH 0/0 t=y"]);
    pass(&mut script, 300);
    assert_eq!(script.got(1), ["PUBLISH 0/0 t=y"]);
}

#[test]
fn the_order_of_receivers_changes_and_nobody_is_left_out() {
    let mut script = Script::quirky(Quirk::FansOutInAnyOrder);
    let mut firsts = std::collections::BTreeSet::new();
    for id in 1..=4 {
        script.connect(id, V5, &format!("watcher {id}"));
        script.subscribe(id, "t", 0);
        script.got(id);
    }
    for _ in 0..20 {
        let mut effects = Vec::new();
        let message = Packet::Publish(publish("t", 0, "x")).to_bytes(V5).expect("a packet");
        script.machine.handle(Event::Received(ConnectionId(1), &message), script.now, &mut effects);
        let sends = effects.iter().filter_map(|effect| match effect {
            Effect::Send(id, _) => Some(id.0),
            _ => None,
        });
        let order: Vec<u64> = sends.collect();
        assert_eq!(order.len(), 4);
        firsts.insert(order[0]);
    }
    assert!(firsts.len() > 1, "{firsts:?}");
}

#[test]
fn each_packet_takes_its_time_and_a_client_that_has_gone_is_heard_to_the_end() {
    let mut script = Script::quirky(Quirk::SlowPackets);
    script.connect_with(1, V5, &connect("a"));
    script.raw(1, b"\xc0\x00\xc0\x00");
    assert!(script.got(1).is_empty());
    pass(&mut script, 1200);
    assert_eq!(script.got(1), ["CONNACK 0 00"]);
    pass(&mut script, 1200);
    assert_eq!(script.got(1), ["PINGRESP"]);
    script.lose(1);
    pass(&mut script, 1200);
    assert_eq!(script.got(1), ["PINGRESP", "closed"]);
}

#[test]
fn nothing_is_left_of_a_slow_packet_when_its_connection_is_taken_over() {
    let mut script = Script::quirky(Quirk::SlowPackets);
    script.connect_with(1, V5, &connect("a"));
    script.raw(1, b"\xc0\x00");
    script.connect_with(2, V5, &connect("a"));
    pass(&mut script, 1200);
    assert_eq!(script.got(1), ["CONNACK 0 00", "DISCONNECT 8e", "closed"]);
    assert_eq!(script.got(2), ["CONNACK 0 00"]);
    assert_eq!(script.machine.next_deadline(), None, "a timer of the connection that has ended");
}
