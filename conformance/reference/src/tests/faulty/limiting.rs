//! Stops of the tour about limits of either side and properties of 5.0: what a broker announces, what a client has room for, expiry.

use super::*;

pub(super) fn limited(fault: Option<Fault>, version: Version) -> Stop {
    let limits = [
        ("max-qos", "1"),
        ("retain", "no"),
        ("shared-subscriptions", "no"),
        ("subscription-identifiers", "no"),
        ("receive-maximum", "2"),
        ("max-packet-size", "100"),
        ("server-keep-alive", "4"),
        ("session-expiry-maximum", "60"),
    ];
    let mut stop = Stop::new(fault, version, &limits, &[]);
    let mut id = 3;
    let mut rogue = |stop: &mut Stop, act: &dyn Fn(&mut Script, u64)| {
        id += 1;
        stop.join(id, version, &format!("rogue{id}"));
        stop.act(|script| act(script, id));
    };
    rogue(&mut stop, &|script, id| script.publish(id, "t", 2, "x"));
    rogue(&mut stop, &|script, id| script.retain(id, "t", 0, "x"));
    rogue(&mut stop, &|script, id| script.publish(id, "t", 0, &"x".repeat(200)));
    let at = |qos| SubscriptionOptions::at(level(qos));
    rogue(&mut stop, &|script, id| script.subscribe_with(id, &[("t", at(2))], None));
    if version == V5 {
        rogue(&mut stop, &|script, id| script.subscribe_with(id, &[("$share/g/t", at(0))], None));
        rogue(&mut stop, &|script, id| script.subscribe_with(id, &[("t", at(0))], Some(1)));
    }
    for qos in [0, 1] {
        rogue(&mut stop, &|script, id| {
            for packet_id in 1..=3 {
                let packet_id = (qos > 0).then(|| number(packet_id));
                script.send(id, &Packet::Publish(Publish { packet_id, ..publish("t", qos, "x") }));
            }
            script.publish(id, "t", 1, "x");
        });
    }
    let exact = Will { qos: QoS::ExactlyOnce, ..will("w", "x") };
    stop.join_with(40, version, &Connect { will: Some(exact), ..connect("exact") }, &[]);
    stop.join_with(
        41,
        version,
        &Connect { will: Some(Will { retain: true, ..will("w", "x") }), ..connect("kept") },
        &[],
    );
    stop.join_with(42, version, &connect("long"), &[Property::SessionExpiryInterval(u32::MAX)]);
    stop.join_with(43, version, &Connect { keep_alive: 20, ..connect("slow") }, &[]);
    stop.wait(35);
    let mut wildcards = Stop::new(fault, version, &[("wildcards", "no")], &[]);
    wildcards.trace.splice(0..0, stop.trace);
    wildcards
}

pub(super) fn expiring(fault: Option<Fault>, version: Version) -> Stop {
    let mut stop = Stop::new(fault, version, &[], &[]);
    if version != V5 {
        return stop;
    }
    stop.store(3, version, "sleeper", &[]);
    stop.subscribe(3, "e/#", 2);
    stop.tell_with(2, publish("e/sent", 2, "x"), &[Property::MessageExpiryInterval(3)]);
    stop.act(|script| script.lose(3));
    let kept = |topic| Publish { retain: true, packet_id: Some(number(11)), ..publish(topic, 1, "x") };
    for (topic, seconds) in [("e/short", 3), ("e/long", 30)] {
        stop.tell_with(2, kept(topic), &[Property::MessageExpiryInterval(seconds)]);
    }
    stop.wait(6);
    stop.act(|script| script.pubrel(2, 10));
    stop.store(4, version, "sleeper", &[]);
    stop.join(5, version, "late");
    stop.subscribe(5, "e/#", 1);
    let properties = [
        Property::PayloadFormatIndicator(1),
        Property::ContentType("text"),
        Property::ResponseTopic("reply"),
        Property::CorrelationData(b"id"),
        Property::UserProperty("a", "1"),
        Property::UserProperty("b", "2"),
    ];
    stop.tell_with(2, publish("t", 0, "x"), &properties);
    for (topic, number) in [("one", 1), ("two", 1), ("", 1), ("ten", 10), ("", 10)] {
        stop.tell_with(2, publish(topic, 0, "x"), &[Property::TopicAlias(number)]);
    }
    stop.act(|script| script.lose(2));
    stop.join(6, version, "rogue");
    stop.tell_with(6, publish("", 0, "x"), &[Property::TopicAlias(1)]);
    stop.join(7, version, "rogue");
    stop.tell_with(7, publish("high", 0, "x"), &[Property::TopicAlias(11)]);
    stop
}

pub(super) fn taking_little(fault: Option<Fault>, version: Version) -> Stop {
    let mut stop = Stop::new(fault, version, &[], &[]);
    if version != V5 {
        return stop;
    }
    let little = [Property::MaximumPacketSize(40), Property::ReceiveMaximum(1), Property::TopicAliasMaximum(1)];
    stop.store(3, version, "little", &little);
    stop.subscribe(3, "l", 2);
    stop.tell(2, "l", 1, &"x".repeat(60));
    for payload in ["a", "b", "c"] {
        stop.tell(2, "l", 2, payload);
        stop.act(|script| script.pubrel(2, 10));
    }
    stop.raw(3, b"\xc0\x00");
    let refusal =
        Acknowledgement { packet_id: number(2), reason: ReasonCode::UNSPECIFIED_ERROR, properties: Properties::EMPTY };
    stop.say(3, &Packet::Pubrec(refusal));
    stop.act(|script| script.pubrel(3, 99));
    stop
}

pub(super) fn explaining(fault: Option<Fault>, version: Version) -> Stop {
    let mut stop = Stop::new(fault, version, &[], &[]);
    if version != V5 {
        return stop;
    }
    stop.join_with(3, version, &connect("curt"), &[Property::RequestProblemInformation(0)]);
    stop.act(|script| script.pubrel(3, 99));
    stop.act(|script| script.unsubscribe(3, &["missing"]));
    stop
}
