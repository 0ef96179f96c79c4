//! Edges that were picked by hand: sizes at the steps of the lengths, odd strings and topics, and what brokers and
//! decoders are known to have stumbled over.

use alloc::string::ToString;
use alloc::vec::Vec;
use bytes::Bytes;

use crate::packet::{
    Acknowledgement, Connect, Context, Disconnect, Packet, PacketId, Properties, PropertiesBuf, Property, Publish, QoS,
    ReasonCode, Sender, Subscribe, SubscriptionsBuf, TopicFiltersBuf, Unsubscribe, Version, Will,
};
use crate::rule::Layer;
use crate::vectors::samples::legal::Sample;
use crate::vectors::samples::mishaps::{blocks, cuts, strangers};
use crate::vectors::vector::Verdict;

/// A packet at an edge.
pub(crate) struct Edge {
    pub(crate) sample: Sample,
    pub(crate) comment: &'static str,
    pub(crate) verdict: Verdict,
    /// What is tried, where no rule is broken.
    pub(crate) layer: Layer,
    /// Title of the nearest legal packet, of the same version and sender.
    pub(crate) twin: Option<&'static str>,
}

pub(super) struct Edges {
    pub(super) version: Version,
    /// That of the edges that follow.
    pub(super) layer: Layer,
    all: Vec<Edge>,
}

impl Edges {
    pub(super) fn add(&mut self, title: &str, comment: &'static str, packet: &Packet<'_>) {
        let sample = Sample::of(title, Context::new(self.version, Sender::Client), packet);
        self.all.push(Edge { sample, comment, verdict: Verdict::Valid, layer: self.layer, twin: None });
    }

    /// A legal packet in another form than the codec writes it in.
    fn add_form(&mut self, title: &str, comment: &'static str, packet: &Packet<'_>, bytes: &'static [u8]) {
        self.add(title, comment, packet);
        if let Some(edge) = self.all.last_mut() {
            edge.sample.bytes = Bytes::from_static(bytes);
        }
    }

    /// What is not legal, or need not be taken.
    pub(super) fn add_bytes(
        &mut self,
        title: &str,
        comment: &'static str,
        from: Sender,
        (verdict, twin): (Verdict, &'static str),
        bytes: impl Into<Bytes>,
    ) {
        let context = Context::new(self.version, from);
        let sample = Sample { title: title.to_string(), context, bytes: bytes.into(), values: None };
        self.all.push(Edge { sample, comment, verdict, layer: self.layer, twin: Some(twin) });
    }
}

/// The edges of a version.
pub(crate) fn edges(version: Version) -> Vec<Edge> {
    let mut edges = Edges { version, layer: Layer::Framing, all: Vec::new() };
    sizes(&mut edges);
    topics(&mut edges);
    connects(&mut edges);
    filters(&mut edges);
    options_missing(&mut edges);
    if version.has_properties() {
        properties(&mut edges);
        blocks(&mut edges);
    }
    cuts(&mut edges);
    strangers(&mut edges);
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
        edges.layer = if topic.is_ascii() { Layer::Semantics } else { Layer::Text };
        edges.add(&alloc::format!("publish to {title}"), comment, &Packet::Publish(publish));
    }
}

fn connects(edges: &mut Edges) {
    let plain = Connect { clean_start: true, client_id: "c", ..Connect::default() };
    let id_of = |count| "i".repeat(count);
    let (most, more) = (id_of(23), id_of(24));
    let add = |edges: &mut Edges, title: &str, comment, connect| edges.add(title, comment, &Packet::Connect(connect));
    edges.layer = Layer::Semantics;
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
    edges.layer = Layer::Fields;
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
    edges.layer = Layer::Semantics;
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
    edges.layer = Layer::Framing;
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
        Sender::Client,
        (Verdict::Invalid, title),
        cut,
    );
}

fn properties(edges: &mut Edges) {
    edges.layer = Layer::Fields;
    let text: PropertiesBuf = [Property::PayloadFormatIndicator(1)].into_iter().collect();
    let publish = Publish { topic: "t", payload: b"text", properties: text.as_properties(), ..Publish::default() };
    edges.add("publish of text", "the payload is what its indicator says", &Packet::Publish(publish));
    edges.layer = Layer::Text;
    let packet = Packet::Publish(Publish { payload: b"\xff\xfe", ..publish });
    let bytes = packet.to_bytes(Version::V5).expect("can be written");
    edges.add_bytes(
        "publish of text that is none",
        "the payload is not UTF-8 although its indicator says so: a receiver may judge that or not",
        Sender::Client,
        (Verdict::Either, "publish of text"),
        bytes,
    );
    edges.layer = Layer::Fields;
    let many: PropertiesBuf = (0..40).map(|_| Property::UserProperty("n", "v")).collect();
    let publish = Publish { topic: "t", properties: many.as_properties(), ..Publish::default() };
    edges.add(
        "publish with 40 equal user properties",
        "a User Property may come again, name and all",
        &Packet::Publish(publish),
    );
    edges.layer = Layer::Framing;
    for length in [127_usize, 128, 16_383, 16_384] {
        let correlation = b"d".repeat(length - 3);
        let data: PropertiesBuf = [Property::CorrelationData(&correlation)].into_iter().collect();
        let publish = Publish { topic: "t", properties: data.as_properties(), ..Publish::default() };
        let title = alloc::format!("publish of property length {length}");
        edges.add(&title, "a property length at a step", &Packet::Publish(publish));
    }
    short_forms(edges);
}

/// What may be left out is not left out, or the other way round.
fn short_forms(edges: &mut Edges) {
    edges.layer = Layer::Fields;
    let (success, none) = (Acknowledgement::success(PacketId::MIN), ReasonCode::NO_MATCHING_SUBSCRIBERS);
    let unmatched = Packet::Puback(Acknowledgement { reason: none, ..success });
    edges.add_form("puback of remaining length 3", "a code and no properties", &unmatched, b"\x40\x03\x00\x01\x10");
    let both = "code 0x00 and an empty block, both of which it could leave out";
    edges.add_form("puback of remaining length 4", both, &Packet::Puback(success), b"\x40\x04\x00\x01\x00\x00");
    let disconnect = Packet::Disconnect(Disconnect::default());
    let code = "code 0x00, which it could leave out";
    edges.add_form("disconnect of remaining length 1", code, &disconnect, b"\xe0\x01\x00");
    edges.add_form("disconnect of remaining length 2", both, &disconnect, b"\xe0\x02\x00\x00");
    edges.add_bytes(
        "auth of remaining length 0",
        "the short form of AUTH has no authentication method, so it is never right",
        Sender::Client,
        (Verdict::Invalid, "auth"),
        &b"\xf0\x00"[..],
    );
}
