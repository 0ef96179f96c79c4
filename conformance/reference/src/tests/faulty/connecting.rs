//! Stops of the tour about connections and sessions: CONNECT, its refusal, what comes before it, resumption, farewells and wills.

use super::*;

pub(super) fn connecting(fault: Option<Fault>, version: Version) -> Stop {
    let mut stop = Stop::new(fault, version, &[("session-expiry-maximum", "1000")], &[]);
    stop.store(3, version, "stored", &[]);
    stop.act(|script| script.lose(3));
    stop.store(4, version, "stored", &[]);
    stop.store(5, version, "stored", &[]);
    stop.raw(4, b"\xc0\x00");
    stop.act(|script| script.lose(5));
    stop.store(6, version, "unknown", &[]);
    stop.join(7, version, "");
    stop.join(8, version, "");
    stop.join(9, version, "abcdefghijklmnopqrstuvw");
    stop.join_with(10, version, &connect("forever"), &[Property::SessionExpiryInterval(u32::MAX)]);
    let (one, two) = (Property::UserProperty("a", "1"), Property::UserProperty("a", "2"));
    stop.join_with(11, version, &connect("twice"), &[one, two]);
    stop.join_with(
        12,
        version,
        &connect("unsorted"),
        &[Property::ReceiveMaximum(9), Property::SessionExpiryInterval(1)],
    );
    if version == V5 {
        stop.join_with(13, version, &Connect { password: Some(b"x"), ..connect("alone") }, &[]);
        stop.join_with(14, version, &Connect { clean_start: false, ..connect("") }, &[]);
        stop.raw(1, b"\xf0\x06\x19\x04\x15\x00\x01x");
    }
    stop.act(|script| script.send(2, &Packet::Connect(connect("rogue"))));
    stop.raw(2, b"\xc0\x00");
    stop
}

pub(super) fn refusing(fault: Option<Fault>, version: Version) -> Stop {
    let mut stop = Stop::new(fault, version, &[], &[]);
    let ann = Connect { user_name: Some("ann"), password: Some(b"guess"), ..connect("ann") };
    stop.join_with(3, version, &ann, &[]);
    stop.join_with(4, version, &Connect { clean_start: false, ..connect("") }, &[]);
    stop.join_with(5, version, &connect("method"), &[Property::AuthenticationMethod("scram")]);
    let refused = Packet::Connect(ann).to_bytes(version).expect("a packet");
    let message = Packet::Publish(publish("t", 0, "after")).to_bytes(version).expect("a packet");
    stop.act(|script| script.open(6, version));
    stop.raw(6, &[&refused[..], &message[..]].concat());
    stop.act(|script| script.open(7, version));
    stop.raw(
        7,
        if version == V5 {
            b"\x10\x0e\x00\x04MQTT\x05\x03\x00\x00\x00\x00\x01a"
        } else {
            b"\x10\x0d\x00\x04MQTT\x04\x03\x00\x00\x00\x01a"
        },
    );
    stop
}

pub(super) fn before_connecting(fault: Option<Fault>, version: Version) -> Stop {
    let mut stop = Stop::new(fault, version, &[], &[]);
    stop.act(|script| script.open(3, version));
    stop.raw(3, b"\xc0\x00");
    stop.raw(3, b"\xc0\x00");
    stop.act(|script| script.open(4, version));
    stop.wait(12);
    stop
}

pub(super) fn resuming(fault: Option<Fault>, version: Version) -> Stop {
    let mut stop = Stop::new(fault, version, &[], &[]);
    stop.store(3, version, "sleeper", &[]);
    stop.subscribe(3, "t", 1);
    stop.act(|script| script.lose(3));
    stop.tell(2, "t", 1, "one");
    stop.tell(2, "t", 1, "two");
    stop.store(4, version, "sleeper", &[]);
    stop.tell(2, "t", 1, "three");
    stop.raw(4, b"\xc0\x00");
    stop.tell(2, "t", 1, "four");
    stop.join(5, version, "sleeper");
    stop.tell(2, "t", 1, "five");
    stop.act(|script| script.lose(5));
    stop.store(6, version, "sleeper", &[]);
    stop
}

pub(super) fn mourning(fault: Option<Fault>, version: Version) -> Stop {
    let mut stop = Stop::new(fault, version, &[], &[]);
    let retained = Will { retain: true, ..will("w/retained", "x") };
    let plain = will("w/plain", "x");
    let mortal = |will| Connect { will: Some(will), keep_alive: 4, ..connect("mortal") };
    stop.join_with(3, version, &mortal(retained), &[]);
    stop.act(|script| script.lose(3));
    stop.join(4, version, "mortal");
    stop.act(|script| script.lose(4));
    stop.join_with(5, version, &mortal(plain), &[]);
    stop.wait(7);
    stop.join_with(6, version, &mortal(plain), &[]);
    stop.raw(6, b"\x00\x00");
    stop.join_with(7, version, &mortal(plain), &[]);
    stop.join_with(8, version, &mortal(plain), &[]);
    stop.act(|script| script.disconnect(8));
    stop.join(9, version, "late");
    stop.subscribe(9, "w/#", 0);
    if version == V5 {
        stop.join_with(10, version, &mortal(plain), &[]);
        stop.say(10, &goodbye(ReasonCode::DISCONNECT_WITH_WILL_MESSAGE));
        let properties: PropertiesBuf = [
            Property::WillDelayInterval(5),
            Property::MessageExpiryInterval(50),
            Property::UserProperty("a", "1"),
            Property::UserProperty("b", "2"),
        ]
        .into_iter()
        .collect();
        let delayed = Will { properties: properties.as_properties(), ..plain };
        for (id, expiry, absence) in [(11, 3, 8), (13, 60, 8), (15, 60, 2)] {
            stop.join_with(id, version, &mortal(delayed), &[Property::SessionExpiryInterval(expiry)]);
            stop.act(|script| script.lose(id));
            stop.wait(absence);
            stop.store(id + 1, version, "mortal", &[]);
            stop.wait(8);
        }
    }
    stop
}

pub(super) fn leaving(fault: Option<Fault>, version: Version) -> Stop {
    let mut stop = Stop::new(fault, version, &[], &[]);
    let goodbye = goodbye(ReasonCode::SUCCESS).to_bytes(version).expect("a packet");
    let message = Packet::Publish(publish("t", 0, "after")).to_bytes(version).expect("a packet");
    stop.raw(2, &[&goodbye[..], &message[..]].concat());
    stop.join(3, version, "rogue");
    stop.join(4, version, "bystander");
    stop.raw(3, b"\x00\x00");
    stop.raw(3, b"\xc0\x00");
    if version == V5 {
        stop.join_with(5, version, &connect("anew"), &[Property::SessionExpiryInterval(60)]);
        stop.act(|script| script.lose(5));
        stop.store(6, version, "anew", &[]);
        stop.raw(4, b"\xe0\x02\x00\x00");
        for (id, asked, leave, absence) in
            [(11, 60, Some(5), 10), (13, 0, Some(5), 1), (15, 60, None, 50), (17, 60, None, 70)]
        {
            let expiry = [Property::SessionExpiryInterval(asked)];
            stop.join_with(id, version, &connect("leaver"), &expiry);
            let properties: PropertiesBuf = leave.map(Property::SessionExpiryInterval).into_iter().collect();
            let properties = properties.as_properties();
            stop.say(id, &Packet::Disconnect(Disconnect { reason: ReasonCode::SUCCESS, properties }));
            stop.wait(absence);
            stop.store(id + 1, version, "leaver", &[]);
            stop.act(|script| script.lose(id + 1));
        }
    }
    stop
}

/// A CONNECT in two pieces, and a session taken up after PUBCOMP.
pub(super) fn breaking_off(fault: Option<Fault>, version: Version) -> Stop {
    let mut stop = Stop::new(fault, version, &[], &[]);
    let mut bytes = Vec::new();
    Packet::Connect(connect("slow")).encode(version, &mut bytes).expect("a packet");
    stop.act(|script| script.open(3, version));
    stop.raw(3, &bytes[..12]);
    stop.raw(3, &bytes[12..]);
    stop.raw(3, b"\xc0");
    stop.raw(3, b"\x00");
    let unusual = "x".repeat(1001);
    for (id, name) in [(6, "a/b"), (7, unusual.as_str())] {
        stop.join(id, version, name);
        stop.raw(id, b"\xc0\x00");
    }
    bytes.clear();
    Packet::Connect(connect("hasty")).encode(version, &mut bytes).expect("a packet");
    bytes.extend_from_slice(b"\xc0\x00");
    stop.act(|script| script.open(8, version));
    stop.raw(8, &bytes);
    stop.store(4, version, "sleeper", &[]);
    stop.subscribe(4, "q", 2);
    stop.complete(2, "q", 2, "done");
    stop.act(|script| script.pubrec(4, 1));
    stop.act(|script| script.pubcomp(4, 1));
    stop.act(|script| script.lose(4));
    stop.store(5, version, "sleeper", &[]);
    stop
}

/// What a broker may not survive, with a question behind it; first a CONNECT whose first field is no text.
pub(super) fn outliving(fault: Option<Fault>, version: Version) -> Stop {
    let mut stop = Stop::new(fault, version, &[], &[]);
    stop.act(|script| script.open(3, version));
    let properties: &[u8] = if version == V5 { &[0] } else { &[] };
    let level = if version == V5 { 5 } else { 4 };
    let body = [b"\x00\x04MQTT", &[level, 2, 0, 0][..], properties, b"\x00\x0f\xff\xfeabcdefghijklm"].concat();
    let length = u8::try_from(body.len()).expect("a short packet");
    stop.raw(3, &[&[0x10, length][..], &body].concat());
    stop.act(|script| script.open(4, version));
    stop.raw(4, if version == V5 { b"\x30\x06\x00\x03a/+\x00" } else { b"\x30\x05\x00\x03a/+" });
    stop.raw(2, if version == V5 { b"\x30\x06\x00\x03a/+\x00" } else { b"\x30\x05\x00\x03a/+" });
    stop.join(5, version, "deep");
    stop.subscribe(5, &"/".repeat(1001), 0);
    stop.raw(5, b"\xc0\x00");
    stop
}
