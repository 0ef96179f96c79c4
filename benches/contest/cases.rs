//! The packets of each case.

use mqtt_assay_codec::{
    Acknowledgement, Connect, Packet, PacketId, PropertiesBuf, Property, Publish, QoS, Subscribe, SubscriptionsBuf,
    Version, Will,
};

use super::{Case, PACKETS, Way};

const TOPIC_16: &str = "site/7/temp/room";
const TOPIC_32: &str = "site/7/building/12/room/340/temp";
const FILTERS: [(&str, QoS); 8] = [
    ("site/+/building/12/#", QoS::AtLeastOnce),
    ("site/7/building/+/room/+/temp", QoS::AtMostOnce),
    ("alerts/#", QoS::ExactlyOnce),
    ("devices/3f9a2c/commands", QoS::AtLeastOnce),
    ("devices/3f9a2c/settings/+", QoS::AtLeastOnce),
    ("broadcast/maintenance", QoS::AtMostOnce),
    ("+/status", QoS::AtMostOnce),
    ("groups/kitchen/devices/+/state", QoS::AtLeastOnce),
];

/// All cases of a version and a way.
pub(super) fn cases(version: Version, way: Way) -> Vec<Case> {
    let v5 = version == Version::V5;
    let some =
        |name, packet: Vec<u8>, packets| Case { name, version, way, bytes: packet.repeat(packets).leak(), packets };
    let copies = |name, packet| some(name, packet, PACKETS);
    if way == Way::Stream {
        return vec![Case { name: "g stream", version, way, bytes: stream(version).leak(), packets: PACKETS }];
    }
    let mut cases =
        vec![copies("a PUBLISH, 64 bytes", small(version)), copies("b PUBLISH, 1 KiB", identified(version, 1 << 10))];
    if way == Way::Decode {
        cases.push(some("b PUBLISH, 64 KiB", identified(version, 64 << 10), 20));
        cases.push(some("b PUBLISH, 1 MiB", identified(version, 1 << 20), 4));
    }
    if v5 {
        cases.push(copies("c PUBLISH, 8 properties", with_properties()));
    }
    cases.push(copies("d CONNECT", connect(version)));
    cases.push(copies("e SUBSCRIBE, 8 filters", subscribe(version, &FILTERS)));
    cases.push(copies("f PUBACK", puback(version)));
    cases.push(copies("f PINGREQ", bytes(version, Packet::Pingreq)));
    if way == Way::Encode {
        cases.push(Case { name: "g mixed", version, way, bytes: stream(version).leak(), packets: PACKETS });
        let large = vec![7; 1 << 20];
        cases.push(Case {
            name: "1 MiB payload",
            version,
            way,
            bytes: bytes(version, Packet::Publish(Publish { topic: TOPIC_16, payload: &large, ..Publish::default() }))
                .leak(),
            packets: 1,
        });
    }
    cases
}

fn bytes(version: Version, packet: Packet<'_>) -> Vec<u8> {
    packet.to_bytes(version).expect("a packet of the benchmarks can be written").to_vec()
}

fn properties(version: Version, properties: &[Property<'_>]) -> PropertiesBuf {
    if version == Version::V5 { properties.iter().copied().collect() } else { PropertiesBuf::new() }
}

fn id(number: usize) -> PacketId {
    u16::try_from(number % 65_535 + 1).ok().and_then(PacketId::new).expect("1 to 65,535")
}

/// QoS 0, a topic of 16 bytes, a payload of 64.
fn small(version: Version) -> Vec<u8> {
    bytes(version, Packet::Publish(Publish { topic: TOPIC_16, payload: &[b'x'; 64], ..Publish::default() }))
}

/// QoS 1, a topic of 32 bytes, a payload of so many.
fn identified(version: Version, length: usize) -> Vec<u8> {
    let payload = vec![b'x'; length];
    let publish = Publish {
        qos: QoS::AtLeastOnce,
        packet_id: Some(id(1_000)),
        topic: TOPIC_32,
        payload: &payload,
        ..Publish::default()
    };
    bytes(version, Packet::Publish(publish))
}

fn with_properties() -> Vec<u8> {
    let properties = properties(
        Version::V5,
        &[
            Property::PayloadFormatIndicator(1),
            Property::MessageExpiryInterval(3_600),
            Property::TopicAlias(17),
            Property::ResponseTopic("site/7/answers"),
            Property::CorrelationData(b"0123456789abcdef"),
            Property::UserProperty("origin", "gateway-12"),
            Property::UserProperty("trace", "4bf92f3577b34da6"),
            Property::ContentType("application/json"),
        ],
    );
    let publish = Publish {
        qos: QoS::AtLeastOnce,
        packet_id: Some(id(1_000)),
        topic: TOPIC_16,
        properties: properties.as_properties(),
        payload: &[b'x'; 64],
        ..Publish::default()
    };
    bytes(Version::V5, Packet::Publish(publish))
}

fn connect(version: Version) -> Vec<u8> {
    let of_connect = properties(
        version,
        &[
            Property::SessionExpiryInterval(3_600),
            Property::ReceiveMaximum(100),
            Property::MaximumPacketSize(65_536),
            Property::UserProperty("client", "sensor-firmware-2"),
        ],
    );
    let of_will = properties(
        version,
        &[Property::WillDelayInterval(30), Property::MessageExpiryInterval(3_600), Property::ContentType("text/plain")],
    );
    let will = Will {
        qos: QoS::AtLeastOnce,
        retain: true,
        topic: "devices/3f9a2c/status",
        payload: b"offline",
        properties: of_will.as_properties(),
    };
    let connect = Connect {
        clean_start: true,
        keep_alive: 60,
        client_id: "sensor-3f9a2c-0017",
        will: Some(will),
        user_name: Some("sensor-3f9a2c"),
        password: Some(b"correct horse battery"),
        properties: of_connect.as_properties(),
    };
    bytes(version, Packet::Connect(connect))
}

fn subscribe(version: Version, filters: &[(&str, QoS)]) -> Vec<u8> {
    let filters: SubscriptionsBuf = filters.iter().copied().collect();
    let properties = properties(version, &[]);
    let subscribe =
        Subscribe { packet_id: id(1_000), properties: properties.as_properties(), filters: filters.as_subscriptions() };
    bytes(version, Packet::Subscribe(subscribe))
}

fn puback(version: Version) -> Vec<u8> {
    bytes(version, Packet::Puback(Acknowledgement::success(id(1_000))))
}

/// 900 small PUBLISH, 80 acknowledgements, 20 SUBSCRIBE with 2 filters each, evenly mixed.
fn stream(version: Version) -> Vec<u8> {
    let (small, puback, subscribe) = (small(version), puback(version), subscribe(version, &FILTERS[..2]));
    let mut stream = Vec::new();
    for number in 0..PACKETS {
        stream.extend_from_slice(match number % 50 {
            49 => &subscribe,
            9 | 19 | 29 | 39 => &puback,
            _ => &small,
        });
    }
    stream
}
