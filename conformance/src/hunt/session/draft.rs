//! The bytes of a step: pools of topics, filters and client identifiers below the session's own name, and packets of them.

use super::make::FILTERS;
use super::op::{Greeting, Message};
use crate::hunt::login::{Login, known};
use mqtt_assay_codec::{
    Acknowledgement, Connect, Disconnect, Packet, PacketId, PacketType, PropertiesBuf, Property, Publish, QoS,
    ReasonCode, RetainHandling, Subscribe, SubscriptionOptions, SubscriptionsBuf, TopicFiltersBuf, Unsubscribe,
    Version, Will,
};

/// Stands for a level of many bytes.
const LONG: &str = "~";
const LONG_LEVEL: usize = 210;

/// Those that come often first; then one that others begin with, one that differs in its case, one with a byte order mark.
const TOPIC_NAMES: [&str; super::make::TOPICS] =
    ["a", "a/b", "a/b/c", "x", "x/b", "a//b", "ab", "A/b", "a/~", "a/\u{feff}b"];
const FILTER_NAMES: [&str; FILTERS] =
    ["a", "a/b", "a/b/c", "a/+", "a/#", "+/b", "#", "x/#", "+", "a/+/+", "+/#", "a/+/#", "a/~", "+/+"];
const SHARE_NAMES: [(&str, &str); super::make::SHARES] = [("g", "a/#"), ("g", "a/b"), ("h", "x/#")];

/// Names of one session, which no other has.
#[derive(Debug, Clone)]
pub(in crate::hunt) struct Names {
    /// Before its topics.
    pub(in crate::hunt) topics: String,
    /// Before its client identifiers.
    pub(in crate::hunt) clients: String,
}

impl Names {
    pub(in crate::hunt) fn new(tag: &str) -> Self {
        Self { topics: format!("hs/{tag}/"), clients: format!("hs{tag}") }
    }

    pub(super) fn topic(&self, place: u8) -> String {
        self.spelt("", TOPIC_NAMES[usize::from(place) % TOPIC_NAMES.len()])
    }

    pub(super) fn filter(&self, place: u8) -> String {
        let place = usize::from(place);
        match place.checked_sub(FILTERS) {
            Some(share) => {
                let (name, filter) = SHARE_NAMES[share % SHARE_NAMES.len()];
                self.spelt(&format!("$share/{name}/"), filter)
            }
            None => self.spelt("", FILTER_NAMES[place]),
        }
    }

    fn spelt(&self, before: &str, name: &str) -> String {
        let name = if name.contains(LONG) { name.replace(LONG, &"l".repeat(LONG_LEVEL)) } else { name.to_owned() };
        format!("{before}{}{name}", self.topics)
    }

    pub(super) fn client(&self, place: usize) -> String {
        format!("{}{}", self.clients, char::from(b'a' + (place % 26) as u8))
    }
}

fn bytes(packet: &Packet<'_>, version: Version) -> Vec<u8> {
    packet.to_bytes(version).map(Vec::from).unwrap_or_default()
}

pub(super) fn qos(number: u8) -> QoS {
    match number & 3 {
        0 => QoS::AtMostOnce,
        1 => QoS::AtLeastOnce,
        _ => QoS::ExactlyOnce,
    }
}

/// A CONNECT; the number tells its will from all others of the session.
pub(super) fn connect(
    greeting: &Greeting,
    names: &Names,
    number: u32,
    version: Version,
    login: Option<&Login>,
) -> Vec<u8> {
    let is_5 = version == Version::V5;
    let client_id = names.client(greeting.client);
    let mut properties = PropertiesBuf::new();
    if is_5 {
        let all = [
            greeting.expiry.map(Property::SessionExpiryInterval),
            greeting.receive_maximum.map(Property::ReceiveMaximum),
            greeting.packet_size.map(Property::MaximumPacketSize),
            greeting.aliases.map(Property::TopicAliasMaximum),
            greeting.problems.map(Property::RequestProblemInformation),
        ];
        properties = all.into_iter().flatten().fold(properties, PropertiesBuf::with);
        properties = padded(properties, greeting.padding);
    }
    let mut will_payload = format!("{client_id} {number:x}").into_bytes();
    let mut will_properties = PropertiesBuf::new();
    let mut topic = String::new();
    let mut will = None;
    if let Some(willing) = &greeting.will {
        topic = names.topic(willing.topic);
        if is_5 {
            if let Some(delay) = willing.delay {
                will_properties = will_properties.with(Property::WillDelayInterval(delay));
            }
            if willing.properties {
                will_properties = will_properties
                    .with(Property::ContentType("text/plain"))
                    .with(Property::UserProperty("a", "1"))
                    .with(Property::UserProperty("a", "2"))
                    .with(Property::CorrelationData(b"will"));
            }
        }
        will_payload.resize(will_payload.len().max(willing.size as usize), b'.');
        will = Some((qos(willing.qos), willing.retain));
    }
    let will = will.map(|(qos, retain)| Will {
        qos,
        retain,
        properties: will_properties.as_properties(),
        topic: &topic,
        payload: &will_payload,
    });
    let connect = Connect {
        clean_start: greeting.clean,
        keep_alive: greeting.keep_alive,
        properties: properties.as_properties(),
        client_id: &client_id,
        will,
        user_name: None,
        password: None,
    };
    bytes(&Packet::Connect(known(connect, login)), version)
}

/// With a user property of so many bytes, where it is to have one.
fn padded(properties: PropertiesBuf, padding: u16) -> PropertiesBuf {
    if padding == 0 {
        return properties;
    }
    properties.with(Property::UserProperty("padding", &"p".repeat(usize::from(padding))))
}

/// What a payload is filled up with: text, zeros, bytes that are no text.
const FILLS: [u8; 3] = [b'.', 0, 0xFF];

/// A message; its payload tells it from all others of the session, where it is long enough.
pub(super) fn publish(message: &Message, topic: &str, number: u32, id: Option<u16>, version: Version) -> Vec<u8> {
    let mut payload = format!("{number:08x}").into_bytes();
    let is_text = version == Version::V5 && message.properties & 1 > 0;
    payload.resize(message.size as usize, if is_text { b'.' } else { FILLS[number as usize % FILLS.len()] });
    let mut properties = PropertiesBuf::new();
    if version == Version::V5 {
        let bits = message.properties;
        let all = [
            (message.alias > 0).then_some(Property::TopicAlias(message.alias)),
            message.expiry.map(Property::MessageExpiryInterval),
            (bits & 1 > 0).then_some(Property::PayloadFormatIndicator(1)),
            (bits & 2 > 0).then_some(Property::ContentType("text/plain; charset=utf-8")),
            (bits & 4 > 0).then_some(Property::ResponseTopic("hs/answer")),
            (bits & 8 > 0).then_some(Property::CorrelationData(b"\0\x01\xff")),
            (bits & 16 > 0).then_some(Property::UserProperty("k", "v")),
            (bits & 16 > 0).then_some(Property::UserProperty("k", "w")),
            (bits & 16 > 0).then_some(Property::UserProperty("", "")),
        ];
        properties = all.into_iter().flatten().fold(properties, PropertiesBuf::with);
    }
    let publish = Publish {
        dup: message.dup && message.qos > 0,
        qos: qos(message.qos),
        retain: message.retain,
        topic,
        packet_id: id.and_then(PacketId::new),
        properties: properties.as_properties(),
        payload: &payload,
    };
    bytes(&Packet::Publish(publish), version)
}

pub(super) fn subscribe(
    filters: &[(u8, u8)],
    identifier: Option<u32>,
    id: u16,
    names: &Names,
    version: Version,
) -> Vec<u8> {
    let Some(packet_id) = PacketId::new(id) else { return Vec::new() };
    let is_5 = version == Version::V5;
    let mut all = SubscriptionsBuf::new();
    for &(filter, options) in filters {
        let mut wanted = SubscriptionOptions::at(qos(options));
        if is_5 {
            wanted.no_local = options & 4 > 0;
            wanted.retain_as_published = options & 8 > 0;
            wanted.retain_handling = match options >> 4 & 3 {
                0 => RetainHandling::Send,
                1 => RetainHandling::SendIfNew,
                _ => RetainHandling::DoNotSend,
            };
        }
        // Filters are short; one that were too long would show when the packet is encoded.
        drop(all.push(&names.filter(filter), wanted));
    }
    let mut properties = PropertiesBuf::new();
    if let (true, Some(identifier)) = (is_5, identifier) {
        properties = properties.with(Property::SubscriptionIdentifier(identifier));
    }
    let packet = Subscribe { packet_id, properties: properties.as_properties(), filters: all.as_subscriptions() };
    bytes(&Packet::Subscribe(packet), version)
}

pub(super) fn unsubscribe(filters: &[u8], id: u16, names: &Names, version: Version) -> Vec<u8> {
    let Some(packet_id) = PacketId::new(id) else { return Vec::new() };
    let spelt: Vec<String> = filters.iter().map(|filter| names.filter(*filter)).collect();
    let all: TopicFiltersBuf = spelt.iter().map(String::as_str).collect();
    let properties = mqtt_assay_codec::Properties::EMPTY;
    bytes(&Packet::Unsubscribe(Unsubscribe { packet_id, properties, filters: all.as_topic_filters() }), version)
}

pub(super) fn disconnect(code: u8, expiry: Option<u32>, padding: u16, version: Version) -> Vec<u8> {
    let mut properties = padded(PropertiesBuf::new(), padding);
    if let Some(expiry) = expiry {
        properties = properties.with(Property::SessionExpiryInterval(expiry));
    }
    let is_5 = version == Version::V5;
    let properties = if is_5 { properties.as_properties() } else { mqtt_assay_codec::Properties::EMPTY };
    let reason = if is_5 { ReasonCode(code) } else { ReasonCode(0) };
    bytes(&Packet::Disconnect(Disconnect { reason, properties }), version)
}

/// PUBACK, PUBREC, PUBREL or PUBCOMP without more than an identifier; and other types that a client does not send.
pub(super) fn short(packet: u8, id: u16) -> Vec<u8> {
    let [high, low] = id.to_be_bytes();
    match packet {
        6 => vec![0x62, 2, high, low],
        2 => vec![0x20, 2, 0, 0],
        9 => vec![0x90, 3, high, low, 0],
        11 => vec![0xB0, 2, high, low],
        13 => vec![0xD0, 0],
        other => vec![other << 4, 2, high, low],
    }
}

/// The same of 5.0 with a reason code and a reason string of so many bytes.
pub(super) fn explained(packet: PacketType, id: u16, code: u8, words: usize) -> Vec<u8> {
    let Some(packet_id) = PacketId::new(id) else { return Vec::new() };
    let words = "w".repeat(words);
    let mut properties = PropertiesBuf::new();
    if !words.is_empty() {
        properties = properties.with(Property::ReasonString(&words));
    }
    let ack = Acknowledgement { packet_id, reason: ReasonCode(code), properties: properties.as_properties() };
    let packet = match packet {
        PacketType::Puback => Packet::Puback(ack),
        PacketType::Pubrec => Packet::Pubrec(ack),
        PacketType::Pubrel => Packet::Pubrel(ack),
        _ => Packet::Pubcomp(ack),
    };
    bytes(&packet, Version::V5)
}
