//! Strategies of proptest for legal packets of every version, with every property, from either side.

use alloc::string::String;
use alloc::vec::Vec;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use crate::code::ReasonCode;
use crate::lists::{ReasonCodes, SubscriptionsBuf, TopicFiltersBuf};
use crate::packet::{
    Acknowledgement, Auth, Connack, Connect, Disconnect, Packet, PacketId, Publish, QoS, RetainHandling, Suback,
    Subscribe, SubscriptionOptions, Unsuback, Unsubscribe, Will,
};
use crate::properties::PropertiesBuf;
use crate::property::{Property, PropertyHome, PropertyId, PropertyType, RawValue};
use crate::rule_scope::holds;
use crate::version::{Context, PacketType, Sender, Version};

/// A legal packet that owns what it holds.
#[derive(Debug, Clone)]
pub(crate) struct AnyPacket {
    /// Version and side that it is legal for.
    pub(crate) context: Context,
    content: Content,
    properties: PropertiesBuf,
}

#[derive(Debug, Clone)]
enum Content {
    Connect(AnyConnect),
    Connack(bool, ReasonCode),
    Publish(AnyPublish),
    Acknowledgement(PacketType, PacketId, ReasonCode),
    Subscribe(PacketId, SubscriptionsBuf),
    Unsubscribe(PacketId, TopicFiltersBuf),
    Suback(PacketId, Vec<u8>),
    Unsuback(PacketId, Vec<u8>),
    Pingreq,
    Pingresp,
    Disconnect(ReasonCode),
    Auth(ReasonCode),
}

#[derive(Debug, Clone)]
struct AnyConnect {
    clean_start: bool,
    keep_alive: u16,
    client_id: String,
    will: Option<AnyWill>,
    user_name: Option<String>,
    password: Option<Vec<u8>>,
}

#[derive(Debug, Clone)]
struct AnyWill {
    qos: QoS,
    retain: bool,
    topic: String,
    payload: Vec<u8>,
    properties: PropertiesBuf,
}

#[derive(Debug, Clone)]
struct AnyPublish {
    dup: bool,
    qos: QoS,
    retain: bool,
    topic: String,
    packet_id: PacketId,
    payload: Vec<u8>,
}

impl AnyPacket {
    /// The packet.
    pub(crate) fn packet(&self) -> Packet<'_> {
        let properties = self.properties.as_properties();
        match &self.content {
            Content::Connect(connect) => Packet::Connect(Connect { properties, ..connect.packet() }),
            &Content::Connack(session_present, reason) => {
                Packet::Connack(Connack { session_present, reason, properties })
            }
            Content::Publish(publish) => Packet::Publish(Publish { properties, ..publish.packet() }),
            &Content::Acknowledgement(packet_type, packet_id, reason) => {
                let acknowledgement = Acknowledgement { packet_id, reason, properties };
                match packet_type {
                    PacketType::Puback => Packet::Puback(acknowledgement),
                    PacketType::Pubrec => Packet::Pubrec(acknowledgement),
                    PacketType::Pubrel => Packet::Pubrel(acknowledgement),
                    _ => Packet::Pubcomp(acknowledgement),
                }
            }
            Content::Subscribe(packet_id, filters) => {
                Packet::Subscribe(Subscribe { packet_id: *packet_id, properties, filters: filters.as_subscriptions() })
            }
            Content::Unsubscribe(packet_id, filters) => Packet::Unsubscribe(Unsubscribe {
                packet_id: *packet_id,
                properties,
                filters: filters.as_topic_filters(),
            }),
            Content::Suback(packet_id, codes) => {
                let reasons = ReasonCodes::from(codes.as_slice());
                Packet::Suback(Suback { packet_id: *packet_id, properties, reasons })
            }
            Content::Unsuback(packet_id, codes) => {
                let reasons = ReasonCodes::from(codes.as_slice());
                Packet::Unsuback(Unsuback { packet_id: *packet_id, properties, reasons })
            }
            Content::Pingreq => Packet::Pingreq,
            Content::Pingresp => Packet::Pingresp,
            &Content::Disconnect(reason) => Packet::Disconnect(Disconnect { reason, properties }),
            &Content::Auth(reason) => Packet::Auth(Auth { reason, properties }),
        }
    }

    /// The packet in bytes.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.packet().to_bytes(self.context.version).expect("a legal packet can be written").to_vec()
    }
}

impl AnyConnect {
    fn packet(&self) -> Connect<'_> {
        Connect {
            clean_start: self.clean_start,
            keep_alive: self.keep_alive,
            client_id: &self.client_id,
            will: self.will.as_ref().map(|will| Will {
                qos: will.qos,
                retain: will.retain,
                properties: will.properties.as_properties(),
                topic: &will.topic,
                payload: &will.payload,
            }),
            user_name: self.user_name.as_deref(),
            password: self.password.as_deref(),
            ..Connect::default()
        }
    }
}

impl AnyPublish {
    fn packet(&self) -> Publish<'_> {
        Publish {
            dup: self.dup && self.qos != QoS::AtMostOnce,
            qos: self.qos,
            retain: self.retain,
            topic: &self.topic,
            packet_id: (self.qos != QoS::AtMostOnce).then_some(self.packet_id),
            payload: &self.payload,
            ..Publish::default()
        }
    }
}

/// A legal packet of any version, from a side that may send it.
pub(crate) fn any_packet() -> impl Strategy<Value = AnyPacket> {
    select(&Version::ALL[..]).prop_flat_map(packet_of)
}

/// A legal packet of this version, from a side that may send it.
pub(crate) fn packet_of(version: Version) -> impl Strategy<Value = AnyPacket> {
    let types: Vec<PacketType> = PacketType::ALL.into_iter().filter(|kind| kind.exists_in(version)).collect();
    (select(types), any::<bool>()).prop_flat_map(move |(packet_type, client)| {
        let from = match packet_type.sent_by(version) {
            Sender::Either if client => Sender::Client,
            Sender::Either => Sender::Server,
            side => side,
        };
        packet(Context::new(version, from), packet_type)
    })
}

fn packet(context: Context, packet_type: PacketType) -> impl Strategy<Value = AnyPacket> {
    let properties = properties(context, PropertyHome::Packet(packet_type));
    (content(context, packet_type), properties).prop_map(move |(mut content, properties)| {
        // With an alias the topic may be empty: that is where the alias is of use.
        if let (Content::Publish(publish), Some(1..=0x7FFF)) = (&mut content, properties.as_properties().topic_alias())
        {
            publish.topic.clear();
        }
        AnyPacket { context, content, properties }
    })
}

fn content(context: Context, packet_type: PacketType) -> BoxedStrategy<Content> {
    let Context { version, .. } = context;
    let reason = reason_code(context, packet_type);
    match packet_type {
        PacketType::Connect => connect(context).prop_map(Content::Connect).boxed(),
        PacketType::Connack => (any::<bool>(), reason)
            .prop_map(|(present, reason)| Content::Connack(present && reason.0 == 0, reason))
            .boxed(),
        PacketType::Publish => publish().prop_map(Content::Publish).boxed(),
        PacketType::Puback | PacketType::Pubrec | PacketType::Pubrel | PacketType::Pubcomp => (packet_id(), reason)
            .prop_map(move |(packet_id, reason)| Content::Acknowledgement(packet_type, packet_id, reason))
            .boxed(),
        PacketType::Subscribe => (packet_id(), vec((topic_filter(version), options(version)), 1..6))
            .prop_map(|(packet_id, filters)| {
                let filters =
                    filters.iter().map(|(filter, options)| (filter.as_str(), legal_options(filter, *options)));
                Content::Subscribe(packet_id, filters.collect())
            })
            .boxed(),
        PacketType::Unsubscribe => (packet_id(), vec(topic_filter(version), 1..6))
            .prop_map(|(packet_id, filters)| {
                Content::Unsubscribe(packet_id, filters.iter().map(String::as_str).collect())
            })
            .boxed(),
        PacketType::Suback => (packet_id(), vec(reason.prop_map(|reason| reason.0), 1..6))
            .prop_map(|(packet_id, codes)| Content::Suback(packet_id, codes))
            .boxed(),
        PacketType::Unsuback => {
            let count = if version.has_properties() { 1..6 } else { 0..1 };
            (packet_id(), vec(reason.prop_map(|reason| reason.0), count))
                .prop_map(|(packet_id, codes)| Content::Unsuback(packet_id, codes))
                .boxed()
        }
        PacketType::Pingreq => Just(Content::Pingreq).boxed(),
        PacketType::Pingresp => Just(Content::Pingresp).boxed(),
        PacketType::Disconnect => reason.prop_map(Content::Disconnect).boxed(),
        PacketType::Auth => reason.prop_map(Content::Auth).boxed(),
    }
}

/// A code that this packet may carry from this side.
fn reason_code(context: Context, packet_type: PacketType) -> impl Strategy<Value = ReasonCode> {
    let codes: Vec<ReasonCode> = (0..=u8::MAX)
        .map(ReasonCode)
        .filter(|code| code.allowed_in(context.version, packet_type) && context.from.may_be(code.sent_by(packet_type)))
        .collect();
    let usual = if codes.is_empty() { ReasonCode::SUCCESS } else { codes[0] };
    prop_oneof![Just(usual), select(if codes.is_empty() { alloc::vec![usual] } else { codes })]
}

fn packet_id() -> impl Strategy<Value = PacketId> {
    any::<PacketId>()
}

fn qos() -> impl Strategy<Value = QoS> {
    select(&QoS::ALL[..])
}

/// Any string that the format carries: no U+0000, everything else.
pub(crate) fn text() -> impl Strategy<Value = String> {
    let character = prop_oneof![
        8 => proptest::char::range(' ', '~'),
        1 => any::<char>(),
        1 => select(&['\u{1}', '\u{7f}', '\u{feff}', '\u{ffff}', '\u{10ffff}', '/', '$'][..]),
    ];
    vec(character, 0..20).prop_map(|characters| characters.into_iter().filter(|&character| character != '\0').collect())
}

/// Any topic name, not empty.
pub(crate) fn topic_name() -> impl Strategy<Value = String> {
    text().prop_map(|text| {
        let name: String = text.chars().filter(|character| !matches!(character, '+' | '#')).collect();
        if name.is_empty() { String::from("/") } else { name }
    })
}

/// Any topic filter; in 5.0 some are shared subscriptions.
pub(crate) fn topic_filter(version: Version) -> impl Strategy<Value = String> {
    let level = prop_oneof![3 => topic_name().prop_map(|name| name.replace('/', "")), 1 => Just(String::from("+"))];
    let share = option::of("\\$share/[a-z]{1,5}/");
    (vec(level, 1..5), any::<bool>(), share).prop_map(move |(levels, all_below, share)| {
        let mut filter = levels.join("/");
        if all_below {
            filter.push_str("/#");
        }
        if filter.is_empty() || filter.starts_with("$share/") {
            filter = String::from("#");
        }
        if version.has_properties() { share.unwrap_or_default() + &filter } else { filter }
    })
}

fn options(version: Version) -> impl Strategy<Value = SubscriptionOptions> {
    let handling = select(&[RetainHandling::Send, RetainHandling::SendIfNew, RetainHandling::DoNotSend][..]);
    (qos(), any::<bool>(), any::<bool>(), handling).prop_map(
        move |(qos, no_local, retain_as_published, retain_handling)| {
            if version.has_properties() {
                SubscriptionOptions { qos, no_local, retain_as_published, retain_handling }
            } else {
                SubscriptionOptions::at(qos)
            }
        },
    )
}

/// A shared subscription may not have No Local.
fn legal_options(filter: &str, options: SubscriptionOptions) -> SubscriptionOptions {
    SubscriptionOptions { no_local: options.no_local && !crate::topic::is_shared(filter), ..options }
}

/// Payloads of all sizes, mostly small ones and those around the steps of the remaining length.
fn payload() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        6 => vec(any::<u8>(), 0..40),
        2 => (90_usize..140).prop_map(|size| alloc::vec![b'x'; size]),
        1 => (16_330_usize..16_390).prop_map(|size| alloc::vec![b'y'; size]),
    ]
}

fn publish() -> impl Strategy<Value = AnyPublish> {
    (any::<bool>(), qos(), any::<bool>(), topic_name(), packet_id(), payload()).prop_map(
        |(dup, qos, retain, topic, packet_id, payload)| AnyPublish { dup, qos, retain, topic, packet_id, payload },
    )
}

fn connect(context: Context) -> impl Strategy<Value = AnyConnect> {
    let will = (qos(), any::<bool>(), topic_name(), vec(any::<u8>(), 0..20), properties(context, PropertyHome::Will))
        .prop_map(|(qos, retain, topic, payload, properties)| AnyWill { qos, retain, topic, payload, properties });
    let user = (option::of(text()), option::of(vec(any::<u8>(), 0..12)));
    (any::<bool>(), any::<u16>(), text(), option::of(will), user).prop_map(
        move |(clean_start, keep_alive, mut client_id, will, (user_name, mut password))| {
            if context.version == Version::V3_1 && client_id.is_empty() {
                client_id.push('c');
            }
            let clean_start = clean_start || (context.version == Version::V3_1_1 && client_id.is_empty());
            if !context.version.has_properties() && user_name.is_none() {
                password = None;
            }
            AnyConnect { clean_start, keep_alive, client_id, will, user_name, password }
        },
    )
}

/// Values to make a property from.
#[derive(Debug, Clone)]
struct Values {
    number: u32,
    text: String,
    topic: String,
    data: Vec<u8>,
}

fn values() -> impl Strategy<Value = Values> {
    let number = prop_oneof![any::<u32>(), 0_u32..300, select(&[0, 127, 128, 16_383, 16_384, 2_097_152, u32::MAX][..])];
    (number, text(), topic_name(), vec(any::<u8>(), 0..12)).prop_map(|(number, text, topic, data)| Values {
        number,
        text,
        topic,
        data,
    })
}

/// A legal block of properties: any of those that may stand there, in any order, with any legal values.
fn properties(context: Context, home: PropertyHome) -> BoxedStrategy<PropertiesBuf> {
    let ids: Vec<PropertyId> = PropertyId::ALL
        .into_iter()
        .filter(|&id| context.version.has_properties() && may_hold(context, home, id))
        .collect();
    let repeated = if context.version.has_properties() { 0..4 } else { 0..1 };
    let some = subsequence(ids.clone(), 0..=ids.len()).prop_shuffle();
    (some, vec(values(), ids.len()), vec(values(), repeated))
        .prop_map(move |(ids, values, more)| {
            let mut block = PropertiesBuf::new();
            if home == PropertyHome::Packet(PacketType::Auth) && context.version.has_properties() {
                block = block.with(Property::AuthenticationMethod("method"));
            }
            let has_method = ids.contains(&PropertyId::AUTHENTICATION_METHOD);
            for (id, values) in ids.into_iter().zip(&values) {
                let alone = id == PropertyId::AUTHENTICATION_DATA && !has_method;
                if !(alone && home == PropertyHome::Packet(PacketType::Connect)) {
                    block.extend(property(id, values));
                }
            }
            if PropertyId::USER_PROPERTY.allowed_in(home) {
                block.extend(more.iter().filter_map(|values| property(PropertyId::USER_PROPERTY, values)));
            }
            block
        })
        .boxed()
}

fn may_hold(context: Context, home: PropertyHome, id: PropertyId) -> bool {
    // AUTH always begins with it.
    let is_there = home == PropertyHome::Packet(PacketType::Auth) && id == PropertyId::AUTHENTICATION_METHOD;
    holds(home, id, context.from) && !is_there
}

/// One property with a legal value.
fn property(id: PropertyId, values: &Values) -> Option<Property<'_>> {
    let number = legal_number(id, values.number);
    let raw = match id.value_type()? {
        PropertyType::Byte => RawValue::Byte(number as u8),
        PropertyType::TwoByteInteger => RawValue::TwoByteInteger(number as u16),
        PropertyType::FourByteInteger => RawValue::FourByteInteger(number),
        PropertyType::VariableByteInteger => RawValue::VariableByteInteger(number),
        PropertyType::Utf8String if id == PropertyId::RESPONSE_TOPIC => RawValue::Utf8String(&values.topic),
        PropertyType::Utf8String => RawValue::Utf8String(&values.text),
        PropertyType::BinaryData => RawValue::BinaryData(&values.data),
        PropertyType::Utf8StringPair => RawValue::Utf8StringPair(&values.text, &values.topic),
    };
    Property::from_raw(id, raw)
}

/// The nearest number that the property may have.
fn legal_number(id: PropertyId, number: u32) -> u32 {
    match id {
        PropertyId::RECEIVE_MAXIMUM | PropertyId::TOPIC_ALIAS => (number % 0xFFFF) + 1,
        PropertyId::MAXIMUM_PACKET_SIZE => number.max(1),
        PropertyId::SUBSCRIPTION_IDENTIFIER => (number % 268_435_455) + 1,
        _ if id.value_type() == Some(PropertyType::Byte) => number % 2,
        _ => number,
    }
}
