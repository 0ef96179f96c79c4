//! Stops of the tour about what outlives one packet: exchanges and queues that are taken up again, the count of time, of aliases
//! and of a quota, subscriptions beside each other.

use super::*;

/// Exchanges of both directions, waiting messages and retained ones, when a session is taken up again.
pub(super) fn taking_up(fault: Option<Fault>, version: Version) -> Stop {
    let mut stop = Stop::new(fault, version, &[], &[]);
    stop.act(|script| script.retain(2, "kept", 1, "displaced"));
    stop.act(|script| script.retain(2, "kept", 1, "kept"));
    stop.store(3, version, "keeper", &[]);
    stop.subscribe(3, "kept", 1);
    stop.subscribe(3, "kept", 1);
    stop.subscribe(3, "old", 1);
    stop.tell(3, "half", 2, "begun");
    for payload in ["one", "two"] {
        stop.tell(2, "old", 1, payload);
    }
    stop.act(|script| script.puback(3, 3));
    stop.act(|script| script.lose(3));
    stop.tell(2, "old", 1, "waited");
    stop.store(4, version, "keeper", &[]);
    stop.say(4, &Packet::Publish(Publish { dup: true, ..publish("half", 2, "begun") }));
    stop
}

/// What is stored, when the broker is started again: a session, what waits and what is under way, a retained message.
pub(super) fn starting_again(fault: Option<Fault>, version: Version) -> Stop {
    let mut stop = Stop::new(fault, version, &[], &[]);
    stop.act(|script| script.retain(2, "kept", 1, "kept"));
    stop.store(3, version, "absent", &[]);
    stop.subscribe(3, "waits", 1);
    stop.tell(3, "half", 2, "begun");
    stop.act(|script| script.lose(3));
    stop.tell(2, "waits", 1, "waited");
    stop.act(|script| script.handle(Event::Restarted));
    stop.join(4, version, "sees-halves");
    stop.subscribe(4, "half", 2);
    stop.subscribe(4, "kept", 1);
    stop.store(5, version, "absent", &[]);
    stop.say(5, &Packet::Publish(Publish { dup: true, ..publish("half", 2, "begun") }));
    stop.tell(4, "waits", 1, "later");
    stop
}

/// Keep alives beside messages and questions, and a session that its connection has outlasted by far.
pub(super) fn counting_time(fault: Option<Fault>, version: Version) -> Stop {
    let mut stop = Stop::new(fault, version, &[], &[]);
    for (id, client_id) in [(3, "listens"), (4, "asks")] {
        stop.join_with(id, version, &Connect { keep_alive: 4, ..connect(client_id) }, &[]);
        stop.subscribe(id, "only/listens", 0);
    }
    stop.wait(3);
    stop.tell(2, "only/listens", 0, "x");
    stop.raw(4, b"\xc0\x00");
    stop.wait(8);
    stop.store(5, version, "outlasts", &[]);
    stop.wait(90);
    stop.act(|script| script.lose(5));
    stop.wait(50);
    stop.store(6, version, "outlasts", &[]);
    stop
}

/// CONNECT with a will of bytes, and with many user properties.
pub(super) fn connecting_richly(fault: Option<Fault>, version: Version) -> Stop {
    let mut stop = Stop::new(fault, version, &[], &[]);
    let of_bytes = Will { payload: b"\xff\x00", ..will("w/bytes", "") };
    stop.join_with(3, version, &Connect { will: Some(of_bytes), ..connect("bytes") }, &[]);
    stop.join_with(4, version, &connect("many"), &[Property::UserProperty("a", "1"); 31]);
    stop
}

/// A quota that one exchange uses up, and aliases that the client has to learn again.
pub(super) fn counting_again(fault: Option<Fault>, version: Version) -> Stop {
    let mut stop = Stop::new(fault, version, &[], &[]);
    if version != V5 {
        return stop;
    }
    stop.store(3, version, "one", &[Property::ReceiveMaximum(1)]);
    stop.subscribe(3, "quota", 2);
    for payload in ["first", "second"] {
        stop.tell(2, "quota", 1, payload);
        stop.complete(2, "quota", 2, payload);
    }
    stop.act(|script| script.puback(3, 1));
    stop.act(|script| script.pubrec(3, 2));
    stop.act(|script| script.pubcomp(3, 2));
    for id in [4, 5] {
        stop.join_with(id, version, &connect("learns"), &[Property::TopicAliasMaximum(2)]);
        stop.subscribe(id, "alias", 0);
        for payload in ["named", "by alias"] {
            stop.tell(2, "alias", 0, payload);
        }
        stop.act(|script| script.lose(id));
    }
    stop
}

/// A share and an ordinary subscription of one topic filter, of which one ends.
pub(super) fn leaving_one(fault: Option<Fault>, version: Version) -> Stop {
    let mut stop = Stop::new(fault, version, &[], &[]);
    if version != V5 {
        return stop;
    }
    stop.join(3, version, "both");
    stop.subscribe(3, "$share/g/twin", 0);
    stop.subscribe(3, "twin", 0);
    stop.act(|script| script.unsubscribe(3, &["twin"]));
    stop.tell(2, "twin", 0, "by the share");
    stop
}
