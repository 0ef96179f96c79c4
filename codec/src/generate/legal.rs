//! A legal packet with all that it holds: what is generated for property tests and fuzzing, and the rules of what is legal
//! that both generators share.

use alloc::string::String;
use alloc::vec::Vec;

use crate::packet::{
    Acknowledgement, Auth, Connack, Connect, Context, Disconnect, Packet, PacketId, PacketType, PropertiesBuf,
    Property, PropertyHome, PropertyId, PropertyType, Publish, QoS, RawValue, ReasonCode, ReasonCodes, Sender, Suback,
    Subscribe, SubscriptionOptions, SubscriptionsBuf, TopicFiltersBuf, Unsuback, Unsubscribe, Version, Will, is_shared,
};
use crate::rule::holds;

/// A legal packet that owns what it holds: what the generators behind the features `arbitrary` and `proptest` make.
///
/// ```
/// # #[cfg(feature = "arbitrary")] {
/// use arbitrary::{Arbitrary, Unstructured};
/// use mqtt_assay_codec::{Decoded, LegalPacket, Limits, decode};
/// let legal = LegalPacket::arbitrary(&mut Unstructured::new(&[7; 100])).unwrap();
/// let bytes = legal.bytes();
/// let Ok(Decoded::Complete { packet, .. }) = decode(&bytes, legal.context(), &Limits::default()) else { panic!() };
/// assert_eq!(packet, legal.packet());
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct LegalPacket {
    pub(crate) context: Context,
    pub(super) content: Content,
    pub(crate) properties: PropertiesBuf,
}

#[derive(Debug, Clone)]
pub(super) enum Content {
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
pub(super) struct AnyConnect {
    pub(crate) clean_start: bool,
    pub(crate) keep_alive: u16,
    pub(crate) client_id: String,
    pub(crate) will: Option<AnyWill>,
    pub(crate) user_name: Option<String>,
    pub(crate) password: Option<Vec<u8>>,
}

#[derive(Debug, Clone)]
pub(super) struct AnyWill {
    pub(crate) qos: QoS,
    pub(crate) retain: bool,
    pub(crate) topic: String,
    pub(crate) payload: Vec<u8>,
    pub(crate) properties: PropertiesBuf,
}

#[derive(Debug, Clone)]
pub(super) struct AnyPublish {
    pub(crate) dup: bool,
    pub(crate) qos: QoS,
    pub(crate) retain: bool,
    pub(crate) topic: String,
    pub(crate) packet_id: PacketId,
    pub(crate) payload: Vec<u8>,
}

impl LegalPacket {
    /// A packet of these parts. With an alias a PUBLISH may have an empty topic, which is where the alias is of use:
    /// half of the aliases take it away.
    pub(super) fn new(context: Context, mut content: Content, properties: PropertiesBuf) -> Self {
        if let (Content::Publish(publish), Some(1..=0x7FFF)) = (&mut content, properties.as_properties().topic_alias())
        {
            publish.topic.clear();
        }
        Self { context, content, properties }
    }

    /// Version and side that it is legal for.
    pub const fn context(&self) -> Context {
        self.context
    }

    /// The packet.
    pub fn packet(&self) -> Packet<'_> {
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
    ///
    /// # Panics
    ///
    /// Never: a legal packet can be written.
    pub fn bytes(&self) -> Vec<u8> {
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

/// A shared subscription may not have No Local.
pub(super) fn legal_options(filter: &str, options: SubscriptionOptions) -> SubscriptionOptions {
    SubscriptionOptions { no_local: options.no_local && !is_shared(filter), ..options }
}

/// Values to make a property from.
#[derive(Debug, Clone)]
pub(super) struct Values {
    pub(crate) number: u32,
    pub(crate) text: String,
    pub(crate) topic: String,
    pub(crate) data: Vec<u8>,
}

/// Whether a generator may put the property into this block.
pub(super) fn may_hold(context: Context, home: PropertyHome, id: PropertyId) -> bool {
    // AUTH always begins with it.
    let is_there = home == PropertyHome::Packet(PacketType::Auth) && id == PropertyId::AUTHENTICATION_METHOD;
    holds(home, id, context.from) && !is_there
}

/// One property with a legal value.
pub(crate) fn property(id: PropertyId, values: &Values) -> Option<Property<'_>> {
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

/// Cuts a text to what a string has room for.
pub(super) fn within_string(mut text: String) -> String {
    text.retain(|character| character != '\0');
    let end = text.floor_char_boundary(usize::from(u16::MAX));
    text.truncate(end);
    text
}

/// A topic name from any string: without wildcards, and not empty.
pub(super) fn as_topic_name(mut text: String) -> String {
    text.retain(|character| !matches!(character, '+' | '#'));
    if text.is_empty() { String::from("/") } else { text }
}

/// The beginning of a shared subscription, with a share name from any string.
pub(super) fn as_share(text: String) -> String {
    let mut name = as_topic_name(text).replace('/', "");
    name.truncate(name.floor_char_boundary(1000));
    if name.is_empty() {
        name.push('g');
    }
    alloc::format!("$share/{name}/")
}

/// A topic filter from levels: `+`, or topic names of which only the text without slashes is taken.
pub(super) fn as_topic_filter(levels: &[String], all_below: bool, share: Option<&str>, version: Version) -> String {
    let level =
        |level: &String| if level == "+" { level.clone() } else { as_topic_name(level.clone()).replace('/', "") };
    let mut filter = levels.iter().map(level).collect::<Vec<_>>().join("/");
    let share = share.filter(|_| version.has_properties()).unwrap_or_default();
    // Room for the share name before it and the wildcard behind it.
    filter.truncate(filter.floor_char_boundary(usize::from(u16::MAX) - share.len() - 2));
    if all_below {
        filter.push_str("/#");
    }
    if filter.is_empty() || filter.starts_with("$share/") {
        filter = String::from("#");
    }
    String::from(share) + &filter
}

/// What CONNECT may not lack or have in this version is put in or left out.
pub(super) fn as_legal_connect(mut connect: AnyConnect, version: Version) -> AnyConnect {
    if version == Version::V3_1 {
        connect.client_id = connect.client_id.chars().take(23).collect();
        if connect.client_id.is_empty() {
            connect.client_id.push('c');
        }
    }
    connect.clean_start |= version == Version::V3_1_1 && connect.client_id.is_empty();
    if !version.has_properties() && connect.user_name.is_none() {
        connect.password = None;
    }
    connect
}

/// A legal block of these properties and of some more User Properties.
pub(super) fn legal_block(
    context: Context,
    home: PropertyHome,
    properties: &[(PropertyId, Values)],
    more: &[Values],
) -> PropertiesBuf {
    let mut block = PropertiesBuf::new();
    if !context.version.has_properties() {
        return block;
    }
    let of_auth = home == PropertyHome::Packet(PacketType::Auth);
    let named = properties.iter().any(|(id, _)| *id == PropertyId::AUTHENTICATION_METHOD);
    if of_auth {
        block = block.with(Property::AuthenticationMethod("method"));
    }
    for (id, values) in properties {
        // Data needs a method.
        if *id != PropertyId::AUTHENTICATION_DATA || named || home != PropertyHome::Packet(PacketType::Connect) {
            block.extend(property(*id, values));
        }
    }
    if PropertyId::USER_PROPERTY.allowed_in(home) {
        block.extend(more.iter().filter_map(|values| property(PropertyId::USER_PROPERTY, values)));
    }
    block
}

/// The codes that this packet may carry from this side; success alone where it has none.
pub(super) fn legal_codes(context: Context, packet_type: PacketType) -> Vec<ReasonCode> {
    let legal = |code: &ReasonCode| {
        code.allowed_in(context.version, packet_type) && context.from.may_be(code.sent_by(packet_type))
    };
    let codes: Vec<ReasonCode> = (0..=u8::MAX).map(ReasonCode).filter(legal).collect();
    if codes.is_empty() { [ReasonCode::SUCCESS].to_vec() } else { codes }
}

/// The properties that a generator may choose from.
pub(super) fn legal_properties(context: Context, home: PropertyHome) -> Vec<PropertyId> {
    let legal = |id: &PropertyId| context.version.has_properties() && may_hold(context, home, *id);
    PropertyId::ALL.into_iter().filter(legal).collect()
}

/// The types that a version has.
pub(super) fn types_of(version: Version) -> Vec<PacketType> {
    PacketType::ALL.into_iter().filter(|packet_type| packet_type.exists_in(version)).collect()
}

/// A side that may send this packet: the client where both may, if that is wanted.
pub(super) const fn sender_of(packet_type: PacketType, version: Version, client: bool) -> Sender {
    match packet_type.sent_by(version) {
        Sender::Either if client => Sender::Client,
        Sender::Either => Sender::Server,
        side => side,
    }
}
