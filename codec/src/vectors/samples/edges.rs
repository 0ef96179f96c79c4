//! Edges that were picked by hand: sizes at the steps of the lengths, odd strings and topics, and what brokers and
//! decoders are known to have stumbled over.

use alloc::string::ToString;
use alloc::vec::Vec;
use bytes::Bytes;

use crate::packet::{
    Connect, Context, Packet, PacketId, Properties, PropertiesBuf, Property, Publish, QoS, Sender, Subscribe,
    SubscriptionsBuf, TopicFiltersBuf, Unsubscribe, Version, Will,
};
use crate::vectors::samples::legal::Sample;
use crate::vectors::vector::Verdict;

/// A packet at an edge.
pub(crate) struct Edge {
    pub(crate) sample: Sample,
    pub(crate) comment: &'static str,
    pub(crate) verdict: Verdict,
    /// Title of the nearest legal packet, of the same version and sender.
    pub(crate) twin: Option<&'static str>,
}

struct Edges {
    version: Version,
    all: Vec<Edge>,
}

impl Edges {
    fn add(&mut self, title: &str, comment: &'static str, packet: &Packet<'_>) {
        let bytes = packet.to_bytes(self.version).unwrap_or_else(|error| panic!("{title}: {error}"));
        self.add_bytes(title, comment, (Verdict::Valid, None), bytes);
    }

    fn add_bytes(
        &mut self,
        title: &str,
        comment: &'static str,
        (verdict, twin): (Verdict, Option<&'static str>),
        bytes: Bytes,
    ) {
        let context = Context::new(self.version, Sender::Client);
        let title = title.to_string();
        self.all.push(Edge { sample: Sample { title, context, bytes }, comment, verdict, twin });
    }
}

/// The edges of a version, all of them from a client.
pub(crate) fn edges(version: Version) -> Vec<Edge> {
    let mut edges = Edges { version, all: Vec::new() };
    sizes(&mut edges);
    topics(&mut edges);
    connects(&mut edges);
    filters(&mut edges);
    options_missing(&mut edges);
    if version.has_properties() {
        properties(&mut edges);
    }
    edges.all
}

/// Remaining lengths around the steps of their own length, and lengths of powers of two.
fn sizes(edges: &mut Edges) {
    let small = [0, 1, 126, 127, 128, 129, 255, 256, 1023, 1024, 1025];
    let large: &[usize] = if edges.version == Version::V5 { &[16_383, 16_384] } else { &[] };
    for remaining in small.into_iter().chain(large.iter().copied()) {
        let head = if edges.version.has_properties() { 4 } else { 3 };
        let Some(payload) = remaining.checked_sub(head) else { continue };
        let payload = b"p".repeat(payload);
        let publish = Publish { topic: "t", payload: &payload, ..Publish::default() };
        let title = alloc::format!("publish of remaining length {remaining}");
        edges.add(&title, "a remaining length at a step", &Packet::Publish(publish));
    }
    let packet_id = Some(PacketId::MAX);
    let publish = Publish { topic: "t", qos: QoS::AtLeastOnce, packet_id, ..Publish::default() };
    edges.add("publish with the largest packet identifier", "packet identifier 65535", &Packet::Publish(publish));
}

fn topics(edges: &mut Edges) {
    for (title, topic, comment) in [
        ("slash", "/", "a slash alone is a topic of two empty levels"),
        ("empty levels", "//a//", "levels may be empty"),
        ("space", "a b", "a topic may have spaces"),
        ("dollar alone", "$", "a topic may be a dollar alone"),
        ("four-byte characters", "\u{10348}/\u{10ffff}", "UTF-8 of four bytes, up to the last code point"),
        ("byte order mark alone", "\u{feff}", "U+FEFF is a character and stays"),
        ("two-byte character", "\u{80}\u{7ff}", "UTF-8 of two bytes at both ends"),
        ("three-byte character", "\u{800}\u{d7ff}\u{e000}", "UTF-8 of three bytes around the surrogates"),
    ] {
        let publish = Publish { topic, ..Publish::default() };
        edges.add(&alloc::format!("publish to {title}"), comment, &Packet::Publish(publish));
    }
}

fn connects(edges: &mut Edges) {
    let plain = Connect { clean_start: true, client_id: "c", ..Connect::default() };
    let id_of = |count| "i".repeat(count);
    let (most, more) = (id_of(23), id_of(24));
    let add = |edges: &mut Edges, title: &str, comment, connect| edges.add(title, comment, &Packet::Connect(connect));
    add(
        edges,
        "connect with 23 characters",
        "the longest client identifier of 3.1",
        Connect { client_id: &most, ..plain },
    );
    if edges.version != Version::V3_1 {
        let connect = Connect { client_id: &more, ..plain };
        add(edges, "connect with 24 characters", "longer than 3.1 allows, and legal since", connect);
    }
    let empty = Connect { user_name: Some(""), password: Some(b""), ..plain };
    add(edges, "connect with empty user name and password", "empty, and there all the same", empty);
    let of_bytes = Connect { user_name: Some("u"), password: Some(b"\x00\xff"), ..plain };
    add(edges, "connect with a password of bytes", "a password is any bytes", of_bytes);
    let will = Will { topic: "w", qos: QoS::ExactlyOnce, retain: true, payload: b"", ..Will::default() };
    add(edges, "connect with an empty will", "a will of no bytes", Connect { will: Some(will), ..plain });
    add(edges, "connect with the longest keep alive", "keep alive 65535", Connect { keep_alive: u16::MAX, ..plain });
    add(edges, "connect to resume", "no clean session", Connect { clean_start: false, ..plain });
}

fn filters(edges: &mut Edges) {
    let v5 = edges.version.has_properties();
    let shared: &[(&str, &str)] = if v5 {
        &[("shared all", "$share/g/#"), ("shared slash", "$share/g//"), ("shared plus", "$share/g/+/a")]
    } else {
        &[("share as an ordinary level", "$share/g")]
    };
    let plain = [
        ("hash", "#"),
        ("plus", "+"),
        ("plusses", "+/+/+"),
        ("plus and hash", "a/+/#"),
        ("slash", "/"),
        ("leading slash and plus", "/+"),
        ("dollar", "$other/#"),
    ];
    for (title, filter) in plain.iter().chain(shared) {
        let (packet_id, properties) = (PacketId::MAX, Properties::EMPTY);
        let filters: SubscriptionsBuf = [(*filter, QoS::ExactlyOnce)].into_iter().collect();
        let subscribe = Subscribe { packet_id, properties, filters: filters.as_subscriptions() };
        let comment = "a topic filter at the edge of what is legal";
        edges.add(&alloc::format!("subscribe to {title}"), comment, &Packet::Subscribe(subscribe));
        let filters: TopicFiltersBuf = [*filter].into_iter().collect();
        let unsubscribe = Unsubscribe { packet_id, properties, filters: filters.as_topic_filters() };
        edges.add(&alloc::format!("unsubscribe from {title}"), comment, &Packet::Unsubscribe(unsubscribe));
    }
}

/// A SUBSCRIBE that ends behind its topic filter, of a size that filled a decoder's buffer to the last byte.
fn options_missing(edges: &mut Edges) {
    let head = if edges.version.has_properties() { 5 } else { 4 };
    let filter = "f".repeat(1024 - head);
    let filters: SubscriptionsBuf = [(filter.as_str(), QoS::AtMostOnce)].into_iter().collect();
    let subscribe =
        Subscribe { packet_id: PacketId::MIN, properties: Properties::EMPTY, filters: filters.as_subscriptions() };
    let title = "subscribe of remaining length 1025";
    edges.add(title, "ends with the options of its only filter", &Packet::Subscribe(subscribe));
    let whole = edges.all.last().map(|edge| edge.sample.bytes.to_vec()).unwrap_or_default();
    let mut cut = whole[..whole.len() - 1].to_vec();
    // 1025 and 1024 in two bytes differ in the first one.
    cut[1] -= 1;
    edges.add_bytes(
        "subscribe of remaining length 1024 without options",
        "ends behind the topic filter, without its options",
        (Verdict::Invalid, Some(title)),
        cut.into(),
    );
}

fn properties(edges: &mut Edges) {
    let text: PropertiesBuf = [Property::PayloadFormatIndicator(1)].into_iter().collect();
    let publish = Publish { topic: "t", payload: b"text", properties: text.as_properties(), ..Publish::default() };
    edges.add("publish of text", "the payload is what its indicator says", &Packet::Publish(publish));
    let bytes =
        Packet::Publish(Publish { payload: b"\xff\xfe", ..publish }).to_bytes(Version::V5).expect("can be written");
    edges.add_bytes(
        "publish of text that is none",
        "the payload is not UTF-8 although its indicator says so: a receiver may judge that or not",
        (Verdict::Either, Some("publish of text")),
        bytes,
    );
    let many: PropertiesBuf = (0..40).map(|_| Property::UserProperty("n", "v")).collect();
    let publish = Publish { topic: "t", properties: many.as_properties(), ..Publish::default() };
    edges.add(
        "publish with 40 equal user properties",
        "a User Property may come again, name and all",
        &Packet::Publish(publish),
    );
    for length in [127_usize, 128, 16_383, 16_384] {
        let correlation = b"d".repeat(length - 3);
        let data: PropertiesBuf = [Property::CorrelationData(&correlation)].into_iter().collect();
        let publish = Publish { topic: "t", properties: data.as_properties(), ..Publish::default() };
        let title = alloc::format!("publish of property length {length}");
        edges.add(&title, "a property length at a step", &Packet::Publish(publish));
    }
    for (title, bytes, comment) in [
        ("puback of remaining length 3", &b"\x40\x03\x00\x01\x10"[..], "a code and no properties"),
        (
            "puback of remaining length 4",
            b"\x40\x04\x00\x01\x00\x00",
            "code 0x00 and an empty block, both of which it could leave out",
        ),
        ("disconnect of remaining length 1", b"\xe0\x01\x00", "code 0x00, which it could leave out"),
        (
            "disconnect of remaining length 2",
            b"\xe0\x02\x00\x00",
            "code 0x00 and an empty block, both of which it could leave out",
        ),
    ] {
        edges.add_bytes(title, comment, (Verdict::Valid, None), Bytes::from_static(bytes));
    }
    edges.add_bytes(
        "auth of remaining length 0",
        "the short form of AUTH has no authentication method, so it is never right",
        (Verdict::Invalid, Some("auth")),
        Bytes::from_static(b"\xf0\x00"),
    );
}
