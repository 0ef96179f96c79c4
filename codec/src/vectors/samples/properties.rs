//! Legal packets with a single property, for every property wherever it may stand, with its smallest and its largest
//! value; and one for every reason code.

use alloc::format;
use alloc::vec::Vec;

use crate::packet::wire::MAX_VARIABLE_BYTE_INTEGER;
use crate::packet::{
    Acknowledgement, Auth, Connack, Connect, Context, Disconnect, Packet, PacketId, PacketType, Properties,
    PropertiesBuf, Property, PropertyHome, PropertyId, PropertyType, Publish, QoS, RawValue, ReasonCode, ReasonCodes,
    Sender, Suback, Subscribe, SubscriptionsBuf, TopicFiltersBuf, Unsuback, Unsubscribe, Version, Will,
};
use crate::rule::{broken_value_rule, holds};
use crate::vectors::samples::legal::Sample;

/// Long enough for a Property Length of two bytes.
const LONG: usize = 130;

/// The sides that may send this packet.
fn sides(packet: PacketType, version: Version) -> impl Iterator<Item = Sender> {
    [Sender::Client, Sender::Server].into_iter().filter(move |&side| side.may_be(packet.sent_by(version)))
}

/// A packet of each property, home and side (5.0).
pub(crate) fn property_samples() -> Vec<Sample> {
    let mut all = Vec::new();
    for packet in PacketType::ALL {
        for from in sides(packet, Version::V5) {
            for home in [PropertyHome::Packet(packet), PropertyHome::Will] {
                if home != PropertyHome::Will || packet == PacketType::Connect {
                    all.extend(PropertyId::ALL.into_iter().flat_map(|id| of_property(packet, from, home, id)));
                }
            }
        }
    }
    all
}

fn of_property(packet: PacketType, from: Sender, home: PropertyHome, id: PropertyId) -> Vec<Sample> {
    if !holds(home, id, from) {
        return Vec::new();
    }
    let long = "x".repeat(LONG);
    let [smallest, largest] = values(id, &long);
    let home_name = if home == PropertyHome::Will { "will " } else { "" };
    [("smallest", smallest), ("largest", largest)]
        .into_iter()
        .filter_map(|(size, value)| {
            let property = Property::from_raw(id, value)?;
            let title = format!("{packet} with {home_name}{id} {size}").to_lowercase();
            Some(sample(&title, Context::new(Version::V5, from), packet, &block(packet, home, property), home))
        })
        .collect()
}

/// The property alone, but for the method that authentication data and AUTH cannot be without.
fn block(packet: PacketType, home: PropertyHome, property: Property<'_>) -> PropertiesBuf {
    let is_method = property.id() == PropertyId::AUTHENTICATION_METHOD;
    let needs_method = property.id() == PropertyId::AUTHENTICATION_DATA || packet == PacketType::Auth;
    let method = Property::AuthenticationMethod("method");
    let method = (needs_method && !is_method && home != PropertyHome::Will).then_some(method);
    method.into_iter().chain([property]).collect()
}

/// The smallest and the largest legal value.
fn values(id: PropertyId, long: &str) -> [RawValue<'_>; 2] {
    let least = u32::from(broken_value_rule(id, 0).is_some());
    match id.value_type() {
        Some(PropertyType::Byte) => [RawValue::Byte(0), RawValue::Byte(1)],
        Some(PropertyType::TwoByteInteger) => {
            [RawValue::TwoByteInteger(least as u16), RawValue::TwoByteInteger(u16::MAX)]
        }
        Some(PropertyType::FourByteInteger) => [RawValue::FourByteInteger(least), RawValue::FourByteInteger(u32::MAX)],
        Some(PropertyType::VariableByteInteger) => {
            [RawValue::VariableByteInteger(least), RawValue::VariableByteInteger(MAX_VARIABLE_BYTE_INTEGER)]
        }
        Some(PropertyType::BinaryData) => [RawValue::BinaryData(b""), RawValue::BinaryData(long.as_bytes())],
        Some(PropertyType::Utf8StringPair) => [RawValue::Utf8StringPair("", ""), RawValue::Utf8StringPair(long, long)],
        _ if id == PropertyId::RESPONSE_TOPIC => [RawValue::Utf8String("/"), RawValue::Utf8String(long)],
        _ => [RawValue::Utf8String(""), RawValue::Utf8String(long)],
    }
}

/// A packet of each reason code that its side may send.
pub(crate) fn reason_samples(version: Version) -> Vec<Sample> {
    let mut all = Vec::new();
    for packet in PacketType::ALL {
        for from in sides(packet, version) {
            for code in (0..=u8::MAX).map(ReasonCode) {
                all.extend(of_reason(packet, Context::new(version, from), code));
            }
        }
    }
    all
}

fn of_reason(packet: PacketType, context: Context, reason: ReasonCode) -> Option<Sample> {
    let allowed = reason.allowed_in(context.version, packet) && context.from.may_be(reason.sent_by(packet));
    if !has_reason(packet, context.version) || !allowed {
        return None;
    }
    let method = PropertiesBuf::new().with(Property::AuthenticationMethod("method"));
    let of_auth = packet == PacketType::Auth;
    let properties = if of_auth { method.as_properties() } else { Properties::EMPTY };
    let title = format!("{packet} with code {:02x}", reason.0).to_lowercase();
    Some(with_reason(&title, context, (packet, properties, reason)))
}

/// Whether packets of this type carry a reason code in this version.
pub(crate) fn has_reason(packet: PacketType, version: Version) -> bool {
    use PacketType::{Auth, Connack, Disconnect, Puback, Pubcomp, Pubrec, Pubrel, Suback, Unsuback};
    match packet {
        Connack | Suback => true,
        Puback | Pubrec | Pubrel | Pubcomp | Unsuback | Disconnect | Auth => version.has_properties(),
        _ => false,
    }
}

fn sample(title: &str, context: Context, packet: PacketType, block: &PropertiesBuf, home: PropertyHome) -> Sample {
    let properties = block.as_properties();
    match (home, packet, context.from) {
        (PropertyHome::Will, ..) => Sample::of(title, context, &connect(Properties::EMPTY, Some(properties))),
        // What a client may say in AUTH is not success.
        (_, PacketType::Auth, Sender::Client) => {
            with_reason(title, context, (packet, properties, ReasonCode::CONTINUE_AUTHENTICATION))
        }
        _ => with_reason(title, context, (packet, properties, ReasonCode::SUCCESS)),
    }
}

fn connect<'a>(properties: Properties<'a>, of_will: Option<Properties<'a>>) -> Packet<'a> {
    let will = of_will.map(|properties| Will { topic: "w", properties, ..Will::default() });
    Packet::Connect(Connect { clean_start: true, client_id: "c", properties, will, ..Connect::default() })
}

/// The smallest packet of this type with these properties and this code.
fn with_reason(
    title: &str,
    context: Context,
    (packet, properties, reason): (PacketType, Properties<'_>, ReasonCode),
) -> Sample {
    let packet_id = PacketId::MIN;
    let acknowledgement = Acknowledgement { packet_id, reason, properties };
    let filters: SubscriptionsBuf = [("f", QoS::AtMostOnce)].into_iter().collect();
    let names: TopicFiltersBuf = ["f"].into_iter().collect();
    let codes = [reason.0];
    let reasons = ReasonCodes::from(&codes[..]);
    let packet = match packet {
        PacketType::Connect => connect(properties, None),
        PacketType::Connack => Packet::Connack(Connack { session_present: false, reason, properties }),
        PacketType::Publish => Packet::Publish(Publish { topic: "t", properties, ..Publish::default() }),
        PacketType::Puback => Packet::Puback(acknowledgement),
        PacketType::Pubrec => Packet::Pubrec(acknowledgement),
        PacketType::Pubrel => Packet::Pubrel(acknowledgement),
        PacketType::Pubcomp => Packet::Pubcomp(acknowledgement),
        PacketType::Subscribe => {
            Packet::Subscribe(Subscribe { packet_id, properties, filters: filters.as_subscriptions() })
        }
        PacketType::Suback => Packet::Suback(Suback { packet_id, properties, reasons }),
        PacketType::Unsubscribe => {
            Packet::Unsubscribe(Unsubscribe { packet_id, properties, filters: names.as_topic_filters() })
        }
        PacketType::Unsuback => Packet::Unsuback(Unsuback { packet_id, properties, reasons }),
        PacketType::Pingreq => Packet::Pingreq,
        PacketType::Pingresp => Packet::Pingresp,
        PacketType::Disconnect => Packet::Disconnect(Disconnect { reason, properties }),
        PacketType::Auth => Packet::Auth(Auth { reason, properties }),
    };
    Sample::of(title, context, &packet)
}
