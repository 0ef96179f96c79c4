//! What a packet says, field by field, in a form that decoders of any language can be compared by.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::packet::{
    Acknowledgement, Auth, Connack, Connect, Disconnect, Packet, PacketType, Properties, Property, Publish, RawValue,
    ReasonCode, ReasonCodes, Subscribe, SubscriptionOptions, Unsubscribe, Version, Will,
};

/// The values of a packet: its type, and every field under a stable name.
///
/// [`Display`](fmt::Display) writes them in one line, type first, then `name=value` for each field: numbers in decimal
/// digits, flags as 0 or 1, text and binary data in hexadecimal digits. A field that the packet has not is left out; one that
/// repeats comes several times, in the order of the packet. The order of different names means nothing.
///
/// ```
/// use mqtt_assay_codec::vectors::Values;
/// use mqtt_assay_codec::{Packet, PropertiesBuf, Property, Publish, Version};
/// let properties = PropertiesBuf::new().with(Property::UserProperty("k", "v"));
/// let publish = Publish { topic: "a/b", properties: properties.as_properties(), payload: b"3-0", ..Publish::default() };
/// let values = Values::of(&Packet::Publish(publish), Version::V5);
/// assert_eq!(values.to_string(), "PUBLISH dup=0 qos=0 retain=0 topic=612f62 user-property=6b:76 payload=332d30");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Values {
    /// Type of the packet.
    pub packet: PacketType,
    /// Name and value of each field, in the order of the packet.
    pub fields: Vec<(String, Value)>,
}

/// The value of one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A number, a flag, or a code.
    Number(u32),
    /// Text or binary data.
    Bytes(Vec<u8>),
    /// Name and value of a User Property.
    Pair(Vec<u8>, Vec<u8>),
    /// A topic filter of a SUBSCRIBE with its options: QoS, and in 5.0 No Local, Retain As Published and Retain Handling.
    Filter(Vec<u8>, Vec<u8>),
}

impl Values {
    /// The values of a packet in this version.
    pub fn of(packet: &Packet<'_>, version: Version) -> Self {
        let mut values = Self { packet: packet.packet_type(), fields: Vec::new() };
        match packet {
            Packet::Connect(connect) => values.connect(connect, version),
            Packet::Connack(connack) => values.connack(connack, version),
            Packet::Publish(publish) => values.publish(publish),
            Packet::Puback(answer) | Packet::Pubrec(answer) | Packet::Pubrel(answer) | Packet::Pubcomp(answer) => {
                values.acknowledgement(answer, version);
            }
            Packet::Subscribe(subscribe) => values.subscribe(subscribe, version),
            Packet::Suback(suback) => values.codes(suback.packet_id.get(), &suback.properties, suback.reasons),
            Packet::Unsubscribe(unsubscribe) => values.unsubscribe(unsubscribe),
            Packet::Unsuback(unsuback) => {
                values.codes(unsuback.packet_id.get(), &unsuback.properties, unsuback.reasons)
            }
            Packet::Disconnect(Disconnect { reason, properties }) | Packet::Auth(Auth { reason, properties }) => {
                values.reason(*reason, version);
                values.properties("", properties);
            }
            Packet::Pingreq | Packet::Pingresp => {}
        }
        values
    }

    fn number(&mut self, name: &str, value: impl Into<u32>) {
        self.fields.push((name.into(), Value::Number(value.into())));
    }

    fn bytes(&mut self, name: &str, value: &[u8]) {
        self.fields.push((name.into(), Value::Bytes(value.into())));
    }

    fn properties(&mut self, prefix: &str, properties: &Properties<'_>) {
        for property in properties {
            let name = [prefix, &property_name(&property)].concat();
            let value = match property.raw() {
                RawValue::Byte(value) => Value::Number(value.into()),
                RawValue::TwoByteInteger(value) => Value::Number(value.into()),
                RawValue::FourByteInteger(value) | RawValue::VariableByteInteger(value) => Value::Number(value),
                RawValue::Utf8String(text) => Value::Bytes(text.into()),
                RawValue::BinaryData(bytes) => Value::Bytes(bytes.into()),
                RawValue::Utf8StringPair(name, value) => Value::Pair(name.into(), value.into()),
            };
            self.fields.push((name, value));
        }
    }

    fn connect(&mut self, connect: &Connect<'_>, version: Version) {
        let (name, level) = (version.protocol_name(), version.level());
        self.bytes("protocol-name", name.as_bytes());
        self.number("protocol-level", level);
        self.number("clean-start", connect.clean_start);
        self.number("keep-alive", connect.keep_alive);
        self.properties("", &connect.properties);
        self.bytes("client-identifier", connect.client_id.as_bytes());
        if let Some(will) = &connect.will {
            self.will(will);
        }
        if let Some(name) = connect.user_name {
            self.bytes("user-name", name.as_bytes());
        }
        if let Some(password) = connect.password {
            self.bytes("password", password);
        }
    }

    fn will(&mut self, will: &Will<'_>) {
        self.number("will-qos", will.qos as u8);
        self.number("will-retain", will.retain);
        self.properties("will.", &will.properties);
        self.bytes("will-topic", will.topic.as_bytes());
        self.bytes("will-payload", will.payload);
    }

    fn connack(&mut self, connack: &Connack<'_>, version: Version) {
        if version != Version::V3_1 {
            self.number("session-present", connack.session_present);
        }
        self.number("reason-code", connack.reason.0);
        self.properties("", &connack.properties);
    }

    fn publish(&mut self, publish: &Publish<'_>) {
        self.number("dup", publish.dup);
        self.number("qos", publish.qos as u8);
        self.number("retain", publish.retain);
        self.bytes("topic", publish.topic.as_bytes());
        if let Some(packet_id) = publish.packet_id {
            self.number("packet-identifier", packet_id.get());
        }
        self.properties("", &publish.properties);
        self.bytes("payload", publish.payload);
    }

    fn acknowledgement(&mut self, answer: &Acknowledgement<'_>, version: Version) {
        self.number("packet-identifier", answer.packet_id.get());
        self.reason(answer.reason, version);
        self.properties("", &answer.properties);
    }

    /// The reason code of 5.0, which is 0 where it is left out.
    fn reason(&mut self, reason: ReasonCode, version: Version) {
        if version.has_properties() {
            self.number("reason-code", reason.0);
        }
    }

    fn subscribe(&mut self, subscribe: &Subscribe<'_>, version: Version) {
        self.number("packet-identifier", subscribe.packet_id.get());
        self.properties("", &subscribe.properties);
        for (filter, options) in subscribe.filters {
            self.fields.push(("topic-filter".into(), Value::Filter(filter.into(), options_of(options, version))));
        }
    }

    fn unsubscribe(&mut self, unsubscribe: &Unsubscribe<'_>) {
        self.number("packet-identifier", unsubscribe.packet_id.get());
        self.properties("", &unsubscribe.properties);
        for filter in unsubscribe.filters {
            self.bytes("topic-filter", filter.as_bytes());
        }
    }

    fn codes(&mut self, packet_id: u16, properties: &Properties<'_>, codes: ReasonCodes<'_>) {
        self.number("packet-identifier", packet_id);
        self.properties("", properties);
        for code in codes.iter() {
            self.number("reason-code", code.0);
        }
    }
}

fn options_of(options: SubscriptionOptions, version: Version) -> Vec<u8> {
    let mut all = Vec::from([options.qos as u8]);
    if version.has_properties() {
        all.extend([options.no_local.into(), options.retain_as_published.into(), options.retain_handling as u8]);
    }
    all
}

fn property_name(property: &Property<'_>) -> String {
    property.id().name().unwrap_or_default().replace(' ', "-")
}

impl fmt::Display for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.packet.name())?;
        self.fields.iter().try_for_each(|(name, value)| write!(f, " {name}={value}"))
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hex = |f: &mut fmt::Formatter<'_>, bytes: &[u8]| bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"));
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Bytes(bytes) => hex(f, bytes),
            Self::Pair(name, value) => {
                hex(f, name)?;
                f.write_str(":")?;
                hex(f, value)
            }
            Self::Filter(filter, options) => {
                hex(f, filter)?;
                options.iter().try_for_each(|option| write!(f, ":{option}"))
            }
        }
    }
}
