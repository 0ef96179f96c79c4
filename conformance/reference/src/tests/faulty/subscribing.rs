//! Stops of the tour about subscriptions: SUBSCRIBE and UNSUBSCRIBE, which topics match, overlaps and shares.

use super::*;

pub(super) fn subscribing(fault: Option<Fault>, version: Version) -> Stop {
    let mut stop = Stop::new(fault, version, &[], &[]);
    let at = |qos| SubscriptionOptions::at(level(qos));
    stop.act(|script| script.subscribe_with(2, &[("s/a", at(1)), ("s/b", at(0)), ("secret/x", at(0))], None));
    for (topic, qos) in [("s/a", 2), ("s/b", 1), ("s/a", 0)] {
        stop.complete(1, topic, qos, "x");
    }
    stop.subscribe(2, "s/a", 2);
    stop.complete(1, "s/a", 2, "replaced");
    stop.subscribe(2, "s/+", 2);
    stop.complete(1, "s/a", 2, "both");
    stop.subscribe(2, "s/a", 0);
    stop.complete(1, "s/a", 2, "replaced again");
    stop.act(|script| script.unsubscribe(2, &["s/missing"]));
    stop.act(|script| script.unsubscribe(2, &["s/b", "s/+", "s/missing"]));
    stop.complete(1, "s/b", 0, "x");
    stop.complete(1, "s/c", 0, "x");
    stop.subscribe(2, "s/ab", 0);
    stop.act(|script| script.unsubscribe(2, &["s/a"]));
    stop.complete(1, "s/a", 0, "x");
    stop.complete(1, "s/ab", 0, "x");
    stop.act(|script| script.unsubscribe(2, &["s/#"]));
    stop.complete(1, "s/ab", 0, "x");
    stop.act(|script| script.lose(2));
    stop.store(3, version, "queued", &[Property::ReceiveMaximum(1)]);
    stop.subscribe(3, "q", 1);
    for payload in ["one", "two", "three"] {
        stop.tell(1, "q", 1, payload);
    }
    stop.raw(3, b"\xc0\x00");
    stop.subscribe(3, "q", 1);
    stop.act(|script| script.puback(3, 1));
    stop.act(|script| script.unsubscribe(3, &["q"]));
    stop.act(|script| script.lose(3));
    stop.store(4, version, "queued", &[]);
    stop
}

pub(super) fn matching(fault: Option<Fault>, version: Version) -> Stop {
    let mut stop = Stop::new(fault, version, &[], &[]);
    stop.join(3, version, "matcher");
    for filter in ["m/#", "p/+", "case", "prefix", "+/dollar", "$own/dollar"] {
        stop.subscribe(3, filter, 0);
    }
    for topic in ["m", "m/a", "p/", "p/a", "p/a/b", "CASE", "prefixed", "$own/dollar", "/dollar"] {
        stop.tell(2, topic, 0, topic);
    }
    let filters: SubscriptionsBuf = [("behind", SubscriptionOptions::at(QoS::AtMostOnce))].into_iter().collect();
    let (properties, filters) = (Properties::EMPTY, filters.as_subscriptions());
    let mut bytes = Vec::new();
    Packet::Subscribe(Subscribe { packet_id: number(9), properties, filters })
        .encode(version, &mut bytes)
        .expect("a packet");
    bytes.extend_from_slice(b"\xc0\x00");
    stop.raw(3, &bytes);
    stop.tell(2, "behind", 0, "x");
    stop.tell(2, "\u{1}\u{ffff}", 0, "control");
    stop
}

/// The copies of overlapping subscriptions, with identifiers.
pub(super) fn overlapping(fault: Option<Fault>, version: Version) -> Stop {
    let mut stop = Stop::new(fault, version, &[], &[]);
    stop.join(3, version, "overlapping");
    for (filter, qos, identifier) in [("o/#", 0, 1), ("o/+", 1, 2), ("other", 0, 3)] {
        let identifier = (version == V5).then_some(identifier);
        stop.options(3, filter, SubscriptionOptions::at(level(qos)), identifier);
    }
    stop.tell(2, "o/x", 2, "x");
    stop
}

pub(super) fn sharing(fault: Option<Fault>, version: Version) -> Stop {
    let mut stop = Stop::new(fault, version, &[], &[]);
    if version != V5 {
        return stop;
    }
    stop.act(|script| script.retain(2, "g/t", 1, "kept"));
    for (id, name) in [(3, "one"), (4, "two")] {
        stop.join(id, version, name);
        let identifier = u32::try_from(id).ok();
        stop.options(id, "$share/g/g/+", SubscriptionOptions::at(QoS::AtLeastOnce), identifier);
    }
    stop.options(3, "$share/g/g/+", SubscriptionOptions::at(QoS::AtLeastOnce), Some(9));
    for payload in ["a", "b"] {
        stop.tell(2, "g/t", 1, payload);
    }
    let refusal =
        Acknowledgement { packet_id: number(1), reason: ReasonCode::UNSPECIFIED_ERROR, properties: Properties::EMPTY };
    stop.say(3, &Packet::Puback(refusal));
    stop.act(|script| script.lose(4));
    stop.join(4, version, "two");
    stop.options(4, "$share/g/g/+", SubscriptionOptions::at(QoS::AtMostOnce), None);
    stop.act(|script| script.unsubscribe(3, &["$share/g/g/+"]));
    for payload in ["c", "d"] {
        stop.tell(2, "g/t", 1, payload);
    }
    let no_local = SubscriptionOptions { no_local: true, ..SubscriptionOptions::at(QoS::AtMostOnce) };
    stop.options(4, "n", no_local, Some(4));
    stop.options(4, "n", no_local, Some(5));
    stop.tell(4, "n", 0, "own");
    stop.tell(2, "n", 0, "foreign");
    stop
}
