//! Stops of the tour about messages: exchanges of QoS 1 and 2, what is sent again, retained messages, odd payloads.

use super::*;

pub(super) fn exchanging(fault: Option<Fault>, version: Version) -> Stop {
    let mut stop = Stop::new(fault, version, &[("receive-maximum", "2")], &[]);
    for topic in ["t", "a//b", "a\u{feff}", "secret/x"] {
        for qos in 0..=2 {
            stop.tell(2, topic, qos, "payload");
            if qos == 2 {
                stop.say(2, &Packet::Publish(Publish { dup: true, ..publish(topic, 2, "payload") }));
                stop.act(|script| script.pubrel(2, 10));
            }
        }
    }
    stop.say(2, &Packet::Publish(Publish { dup: true, ..publish("t", 1, "dup") }));
    stop.act(|script| script.pubrel(2, 99));
    stop.act(|script| script.pubrec(2, 99));
    stop.raw(2, b"\xc0\x00");
    stop.act(|script| script.pubrec(1, 2));
    stop.act(|script| script.pubcomp(1, 2));
    if version == V5 {
        stop.raw(2, b"\x40\x03\x00\x09\x00");
        stop.raw(2, b"\x40\x04\x00\x09\x00\x00");
        stop.act(|script| script.pubrec(1, 1));
    }
    for packet_id in [20, 21, 22] {
        stop.say(2, &Packet::Publish(Publish { packet_id: Some(number(packet_id)), ..publish("t", 2, "open") }));
    }
    stop
}

pub(super) fn redelivering(fault: Option<Fault>, version: Version) -> Stop {
    let mut stop = Stop::new(fault, version, &[], &[]);
    stop.store(3, version, "sleeper", &[]);
    stop.subscribe(3, "t", 2);
    for (qos, payload) in [(1, "one"), (2, "two"), (2, "three"), (2, "four"), (1, "five"), (1, "six"), (2, "seven")] {
        stop.tell(2, "t", qos, payload);
        stop.act(|script| script.pubrel(2, 10));
    }
    stop.act(|script| script.puback(3, 1));
    stop.act(|script| script.pubrec(3, 2));
    stop.act(|script| script.pubrec(3, 3));
    if version == V5 {
        let refusal = |packet_id| Acknowledgement {
            packet_id: number(packet_id),
            reason: ReasonCode::UNSPECIFIED_ERROR,
            properties: Properties::EMPTY,
        };
        stop.say(3, &Packet::Puback(refusal(5)));
        stop.say(3, &Packet::Pubrec(refusal(7)));
    }
    stop.wait(25);
    stop.act(|script| script.lose(3));
    stop.store(4, version, "sleeper", &[]);
    stop
}

pub(super) fn retaining(fault: Option<Fault>, version: Version) -> Stop {
    let mut stop = Stop::new(fault, version, &[], &[]);
    for (topic, qos, payload) in
        [("r/a", 1, "old"), ("r/a", 1, "new"), ("r/b", 1, "gone"), ("r/b", 1, ""), ("r/c", 1, "")]
    {
        stop.act(|script| script.retain(2, topic, qos, payload));
    }
    stop.join(3, version, "early");
    stop.subscribe(3, "r/#", 1);
    stop.subscribe(3, "r/#", 1);
    stop.tell(2, "r/a", 0, "plain");
    stop.join(4, version, "late");
    stop.subscribe(4, "r/#", 1);
    stop.act(|script| script.lose(2));
    stop.join(5, version, "later");
    stop.subscribe(5, "r/#", 1);
    if version == V5 {
        for retain_handling in [RetainHandling::SendIfNew, RetainHandling::SendIfNew, RetainHandling::DoNotSend] {
            let options = SubscriptionOptions {
                retain_handling,
                retain_as_published: true,
                ..SubscriptionOptions::at(QoS::AtLeastOnce)
            };
            stop.options(5, "r/+", options, None);
        }
        stop.act(|script| script.retain(3, "r/a", 0, "live"));
    }
    stop
}

/// Packets that come together, and a keep alive that runs out.
pub(super) fn swapping(fault: Option<Fault>, version: Version) -> Stop {
    let mut stop = Stop::new(fault, version, &[], &[]);
    let mut bytes = Vec::new();
    for payload in ["one", "two"] {
        Packet::Publish(publish("t", 0, payload)).encode(version, &mut bytes).expect("a packet");
    }
    stop.raw(2, &bytes);
    stop.join_with(3, version, &Connect { keep_alive: 4, ..connect("idle") }, &[]);
    stop.wait(10);
    stop
}

/// Long and empty payloads, deep topics, many packets at once, and two clients with one packet identifier.
pub(super) fn extremes(fault: Option<Fault>, version: Version) -> Stop {
    let mut stop = Stop::new(fault, version, &[], &[]);
    for (topic, payload) in
        [("t", "x".repeat(16_001)), ("t", String::new()), ("1/2/3/4/5/6/7/8/9/10/11", "deep".into())]
    {
        stop.tell(2, topic, 1, &payload);
    }
    let mut bytes = Vec::new();
    for payload in ["one", "two", "three"] {
        Packet::Publish(publish("t", 1, payload)).encode(version, &mut bytes).expect("a packet");
    }
    stop.raw(2, &bytes);
    stop.raw(2, b"\xc0\x00\xc0\x00");
    stop.join(3, version, "other");
    for id in [2, 3] {
        stop.tell(id, "t", 2, "under one identifier");
    }
    for id in [2, 3] {
        stop.act(|script| script.pubrel(id, 10));
    }
    for (topic, payload) in [("e", "above"), ("e/a", "below"), ("e", "")] {
        stop.act(|script| script.retain(2, topic, 1, payload));
    }
    stop.subscribe(3, "e/#", 1);
    stop
}

/// What faults strike that spare everything else: the longest keep alive, high packet identifiers, payloads of bytes.
pub(super) fn striking(fault: Option<Fault>, version: Version) -> Stop {
    let mut stop = Stop::new(fault, version, &[("max-qos", "1")], &[]);
    stop.join_with(3, version, &Connect { keep_alive: u16::MAX, ..connect("patient") }, &[]);
    let filters: SubscriptionsBuf = [("sport/#", SubscriptionOptions::at(QoS::AtLeastOnce))].into_iter().collect();
    let (properties, filters) = (Properties::EMPTY, filters.as_subscriptions());
    stop.say(2, &Packet::Subscribe(Subscribe { packet_id: number(0x1234), properties, filters }));
    let packet_id = Some(number(0x1234));
    let message =
        Publish { topic: "sport", qos: QoS::AtLeastOnce, packet_id, payload: b"\xff\x00 3-0", ..Publish::default() };
    stop.tell_with(2, message, &[]);
    let payload = "x".repeat(200);
    let fits = Property::MaximumPacketSize(3 + 2 + 5 + 1 + 200);
    stop.join_with(4, version, &connect("narrow"), &[fits]);
    stop.subscribe(4, "sport", 0);
    stop.tell(2, "sport", 0, &payload);
    stop
}

/// An exchange that is completed, and a question behind it; an UNSUBSCRIBE with a high packet identifier.
pub(super) fn completing(fault: Option<Fault>, version: Version) -> Stop {
    let mut stop = Stop::new(fault, version, &[], &[]);
    stop.complete(2, "t", 2, "once");
    stop.act(|script| script.pubrec(1, 1));
    stop.act(|script| script.pubcomp(1, 1));
    stop.raw(1, b"\xc0\x00");
    let unsubscribe: &[u8] =
        if version == V5 { b"\xa2\x06\x12\x34\x00\x00\x01t" } else { b"\xa2\x05\x12\x34\x00\x01t" };
    stop.raw(2, unsubscribe);
    stop
}
