//! Packets with a mistake in their bytes: how they come about, and which rules a broker breaks that sends them.

use std::collections::BTreeSet;
use std::num::NonZeroU16;

use bytes::Bytes;
use mqtt_assay_codec::{
    Acknowledgement, Auth, Connack, Context, Disconnect, Expectation, Mutation, Packet, PacketType, PropertiesBuf,
    Property, Publish, QoS, ReasonCode, ReasonCodes, Sender, Suback, Unsuback, Version,
};

/// The packet with the mistake, if it has a place for it and breaks a rule for servers with it.
pub(crate) fn mistaken(mutation: Mutation, legal: &[u8], version: Version) -> Option<Bytes> {
    let packet_type = PacketType::from_number(legal.first()? >> 4)?;
    let (bytes, _) = broken(mutation, legal, packet_type, version)?;
    strikes(mutation, packet_type, legal).then_some(bytes)
}

/// Some mistakes make a packet useless to every case that waits for it. Those strike few messages and nothing else, so
/// that the rest of the suite goes on: of QoS 0 and not retained, or where those have no place for the mistake, of QoS 1
/// and retained.
fn strikes(mutation: Mutation, packet_type: PacketType, legal: &[u8]) -> bool {
    let flags = legal.first().copied().unwrap_or_default() & 0b0111;
    let is_publish = packet_type == PacketType::Publish;
    match mutation.name {
        "pid.zero" | "flags.qos3" => is_publish && flags == 0b0011,
        "topic.wildcard-in-name.hash" | "prop.cut-off" | "cut.before-field@property-length" => is_publish && flags == 0,
        name if name.ends_with("@topic-name") => is_publish && flags == 0,
        _ => true,
    }
}

fn broken(
    mutation: Mutation,
    legal: &[u8],
    packet_type: PacketType,
    version: Version,
) -> Option<(Bytes, &'static str)> {
    let mutated = mutation.apply(legal, Context::new(version, Sender::Server))?;
    let id = match mutated.expectation {
        Expectation::MustRefuse(rule) => rule.id_from(version, packet_type, Sender::Server)?,
        // Whoever receives it may take it, and yet it must not be sent.
        _ if version == Version::V5 && mutation.name.starts_with("varint.nonminimal") => "MQTT-1.5.5-1",
        _ => return None,
    };
    Some((Bytes::from(mutated.bytes), id))
}

/// The rules for a server that the mistake breaks in any packet that this broker sends.
pub(super) fn broken_by(mutation: Mutation, version: Version) -> Vec<&'static str> {
    if version == Version::V3_1 {
        return Vec::new();
    }
    let samples = samples(version);
    let broken: BTreeSet<&'static str> = samples
        .iter()
        .filter_map(|(packet_type, legal)| broken(mutation, legal, *packet_type, version))
        .map(|(_, id)| id)
        .chain(unasked(mutation, version))
        .collect();
    broken.into_iter().chain(lost_by(mutation, version).iter().copied()).collect()
}

/// The rules about what the mistake overwrites: a subscription identifier that is 0 is no longer the one asked for.
fn lost_by(mutation: Mutation, version: Version) -> &'static [&'static str] {
    match mutation.name {
        "prop.zero-forbidden@subscription-identifier" if version == Version::V5 => {
            &["MQTT-3.3.4-3", "MQTT-3.3.4-4", "U5-107", "U5-138", "U5-140", "U5-171"]
        }
        "prop.zero-forbidden@topic-alias" if version == Version::V5 => &["MQTT-3.1.2-27"],
        "utf8.surrogate@response-topic" | "topic.wildcard-in-name.hash@response-topic" if version == Version::V5 => {
            &["MQTT-3.3.2-15"]
        }
        "utf8.surrogate@content-type" if version == Version::V5 => &["MQTT-3.3.2-20"],
        "flags.qos3" if version == Version::V5 => &["MQTT-3.8.4-8"],
        "flags.qos3" => &["MQTT-3.3.1-5"],
        "prop.duplicate@reason-string" if version == Version::V5 => &["MQTT-3.1.2-29"],
        _ => &[],
    }
}

/// The rule against what a mistake puts into a CONNACK that has no reason to hold it even once.
fn unasked(mutation: Mutation, version: Version) -> Option<&'static str> {
    match (version, mutation.name) {
        (Version::V5, "prop.duplicate@response-information") => Some("MQTT-3.1.2-28"),
        (Version::V5, "prop.duplicate@authentication-method") => Some("MQTT-4.12.0-6"),
        (Version::V5, "prop.duplicate@server-reference") => Some("U5-115"),
        _ => None,
    }
}

/// One of each packet that this broker sends, with every property that it may have.
fn samples(version: Version) -> Vec<(PacketType, Bytes)> {
    let packet_id = NonZeroU16::MIN;
    let reason = ReasonCode::SUCCESS;
    let block = |properties: &[Property<'_>]| -> PropertiesBuf {
        if version == Version::V5 { properties.iter().copied().collect() } else { PropertiesBuf::new() }
    };
    let announced = block(&[
        Property::SessionExpiryInterval(1),
        Property::ReceiveMaximum(1),
        Property::MaximumQoS(1),
        Property::RetainAvailable(0),
        Property::MaximumPacketSize(100),
        Property::AssignedClientIdentifier("a"),
        Property::TopicAliasMaximum(1),
        Property::ReasonString("a"),
        Property::WildcardSubscriptionAvailable(0),
        Property::SubscriptionIdentifierAvailable(0),
        Property::SharedSubscriptionAvailable(0),
        Property::ServerKeepAlive(1),
        Property::AuthenticationMethod("a"),
        Property::AuthenticationData(b"a"),
    ]);
    let asked =
        block(&[Property::AuthenticationMethod("a"), Property::AuthenticationData(b"a"), Property::ReasonString("a")]);
    let forwarded = block(&[
        Property::PayloadFormatIndicator(0),
        Property::MessageExpiryInterval(1),
        Property::ResponseTopic("a"),
        Property::CorrelationData(b"a"),
        Property::SubscriptionIdentifier(1),
        Property::ContentType("a"),
        Property::UserProperty("a", "a"),
    ]);
    let explained = block(&[Property::ReasonString("a")]);
    let acknowledgement = Acknowledgement { packet_id, reason, properties: explained.as_properties() };
    let publish = Publish { topic: "a", properties: forwarded.as_properties(), payload: b"a", ..Publish::default() };
    let acknowledged = Publish { qos: QoS::AtLeastOnce, packet_id: Some(packet_id), ..publish };
    let (properties, reasons) = (explained.as_properties(), ReasonCodes::from(&b"\0"[..]));
    let refusal = ReasonCode(if version == Version::V5 { 0x87 } else { 5 });
    let packets = [
        Packet::Connack(Connack { session_present: false, reason: refusal, properties: explained.as_properties() }),
        Packet::Connack(Connack { session_present: false, reason, properties: announced.as_properties() }),
        Packet::Publish(publish),
        Packet::Publish(acknowledged),
        Packet::Puback(acknowledgement),
        Packet::Pubrec(acknowledgement),
        Packet::Pubrel(acknowledgement),
        Packet::Pubcomp(acknowledgement),
        Packet::Suback(Suback { packet_id, properties, reasons }),
        Packet::Unsuback(unsuback(packet_id, version, explained.as_properties())),
        Packet::Pingresp,
        Packet::Disconnect(Disconnect { reason: ReasonCode::PROTOCOL_ERROR, properties }),
        Packet::Auth(Auth { reason: ReasonCode::CONTINUE_AUTHENTICATION, properties: asked.as_properties() }),
    ];
    packets.iter().filter_map(|packet| Some((packet.packet_type(), packet.to_bytes(version).ok()?))).collect()
}

fn unsuback(packet_id: NonZeroU16, version: Version, properties: mqtt_assay_codec::Properties<'_>) -> Unsuback<'_> {
    let reasons = if version == Version::V5 { ReasonCodes::from(&b"\0"[..]) } else { ReasonCodes::EMPTY };
    Unsuback { packet_id, properties, reasons }
}
