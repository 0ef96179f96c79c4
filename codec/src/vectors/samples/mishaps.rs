//! What decoders are known to have read past, or taken for MQTT: packets that end too early at lengths of powers of two, long
//! blocks of properties and what they end in, and the first bytes of other protocols.

use alloc::format;
use alloc::vec::Vec;

use crate::packet::wire::put_variable;
use crate::packet::{
    Packet, PacketId, PropertiesBuf, Property, Publish, QoS, Sender, Subscribe, SubscriptionsBuf, Version,
};
use crate::rule::Layer;
use crate::vectors::samples::edges::Edges;
use crate::vectors::vector::Verdict;

/// A block of 130 bytes that ends in a property of one byte: the legal packet beside one whose block is past its end.
const BLOCK: &str = "publish with 130 bytes of properties that end in a byte";

/// Blocks whose length takes two and three bytes, and which end in a property of each width.
pub(super) fn blocks(edges: &mut Edges) {
    edges.layer = Layer::Framing;
    for (length, payload) in [(130, &b"x"[..]), (16_384, b"")] {
        for (width, last, size) in [
            ("a byte", Property::PayloadFormatIndicator(1), 2),
            ("two bytes", Property::TopicAlias(258), 3),
            ("four bytes", Property::MessageExpiryInterval(16_909_060), 5),
            ("text", Property::ContentType("t"), 4),
            ("binary data", Property::CorrelationData(b"\0"), 4),
            ("a pair", Property::UserProperty("a", "b"), 7),
        ] {
            let block = block(length, last, size);
            let publish = Publish { topic: "t", properties: block.as_properties(), payload, ..Publish::default() };
            let title = format!("publish with {length} bytes of properties that end in {width}");
            edges.add(&title, "the last property ends where its block does", &Packet::Publish(publish));
        }
        let block = block(length, Property::SubscriptionIdentifier(268_435_455), 5);
        let filters: SubscriptionsBuf = [("f", QoS::AtMostOnce)].into_iter().collect();
        let filters = filters.as_subscriptions();
        let subscribe = Subscribe { packet_id: PacketId::MIN, properties: block.as_properties(), filters };
        let title = format!("subscribe with {length} bytes of properties that end in a variable byte integer");
        edges.add(&title, "the last property ends where its block does", &Packet::Subscribe(subscribe));
    }
    let block = [&b"\x30\x87\x01\x00\x01t\x84\x01\x26\x00\x01k\x00\x7a"[..], &[b'v'; 122], b"\x01\x01"].concat();
    edges.add_bytes(
        "publish with a block of properties past its end",
        "a Property Length of 132 bytes, and 130 follow",
        Sender::Client,
        (Verdict::Invalid, BLOCK),
        block,
    );
}

/// A User Property that fills the block up, then the last property, which takes so many bytes.
fn block(length: usize, last: Property<'_>, size: usize) -> PropertiesBuf {
    let value = "v".repeat(length - b"\x26\x00\x01k\x00\x00".len() - size);
    [Property::UserProperty("k", &value), last].into_iter().collect()
}

/// Packets without what must follow, of remaining lengths at which buffers end.
pub(super) fn cuts(edges: &mut Edges) {
    edges.layer = Layer::Framing;
    let v5 = edges.version == Version::V5;
    for length in [128, 1024, 16_384] {
        // What the long ones show has nothing to do with the version.
        if length < 16_384 || v5 {
            let title = format!("subscribe cut behind its filter at {length}");
            let head: &[u8] = if v5 { b"\x00\x01\x00" } else { b"\x00\x01" };
            cut(
                edges,
                &title,
                "ends with its topic filter, without the options",
                (0x82, head, length, b""),
                "subscribe",
            );
            let title = format!("publish of qos 1 cut behind its topic at {length}");
            let comment = "ends with its topic name, without a packet identifier";
            cut(edges, &title, comment, (0x32, b"", length, b""), "publish of qos 1");
        }
    }
    let title = "unsubscribe cut within the length of its last filter at 1024";
    let head: &[u8] = if v5 { b"\x00\x01\x00" } else { b"\x00\x01" };
    cut(edges, title, "ends with the first byte of a length", (0xA2, head, 1024, b"\x00"), "unsubscribe");
    if edges.version != Version::V3_1 {
        let level = edges.version.level();
        let head = [&b"\0\x04MQTT"[..], &[level, 0x06, 0, 60], if v5 { &b"\0"[..] } else { b"" }].concat();
        let title = "connect cut behind its client identifier at 1024";
        cut(edges, title, "ends with its client identifier, without the will", (0x10, &head, 1024, b""), "connect");
    }
    if v5 {
        let title = "publish cut behind its topic at 1024";
        cut(
            edges,
            title,
            "ends with its topic name, without a Property Length",
            (0x30, b"", 1024, b""),
            "publish of qos 0",
        );
        endless(edges);
    }
}

/// A head, text that fills the packet up to the remaining length, and a tail.
fn cut(
    edges: &mut Edges,
    title: &str,
    comment: &'static str,
    (first, head, length, tail): (u8, &[u8], usize, &[u8]),
    twin: &'static str,
) {
    let text = length - head.len() - tail.len() - 2;
    let mut bytes = Vec::from([first]);
    put_variable(&mut bytes, length as u32);
    bytes.extend_from_slice(head);
    bytes.extend_from_slice(&(text as u16).to_be_bytes());
    bytes.extend_from_slice(&b"a".repeat(text));
    bytes.extend_from_slice(tail);
    edges.add_bytes(title, comment, Sender::Client, (Verdict::Invalid, twin), bytes);
}

/// Short packets whose last byte is not the last one of its field.
fn endless(edges: &mut Edges) {
    for (title, comment, twin, bytes) in [
        (
            "puback with an unterminated property length",
            "the Property Length is a byte that says that another one follows, and none does",
            "puback",
            &b"\x40\x04\x00\x01\x10\x80"[..],
        ),
        ("unsuback of one byte", "half a packet identifier", "unsuback", b"\xb0\x01\x00"),
        (
            "suback with an unterminated property length",
            "the Property Length is a byte that says that another one follows, and none does",
            "suback",
            b"\x90\x03\x00\x01\xff",
        ),
    ] {
        edges.add_bytes(title, comment, Sender::Server, (Verdict::Invalid, twin), bytes);
    }
}

/// The first bytes of other protocols, as many as the packet that they seem to be would have.
pub(super) fn strangers(edges: &mut Edges) {
    edges.layer = Layer::Framing;
    let http = " /mqtt HTTP/1.1\r\nHost: broker.example:1883\r\nUser-Agent: browser\r\nAccept: */*\r\n\r\n";
    let ssh =
        "SSH-2.0-OpenSSH_9.2p1 a client that has mistaken the port for the one where the shell is to be found\r\n";
    for (title, comment, twin, bytes) in [
        (
            "tls greeting",
            "a ClientHello of TLS",
            "connect",
            Vec::from(&b"\x16\x03\x01\x01\x01\x01\0\0\xfd\x03\x03\0"[..]),
        ),
        ("http get request", "a request of HTTP", "puback", ["GET", http].concat().into_bytes()),
        (
            "http post request",
            "a request of HTTP, with the flags of a PUBREC",
            "pubrec",
            ["POST", http].concat().into_bytes(),
        ),
        ("ssh greeting", "the greeting of SSH", "pubrec", ssh.into()),
    ] {
        edges.add_bytes(title, comment, Sender::Client, (Verdict::Invalid, twin), bytes);
    }
}
