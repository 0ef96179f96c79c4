//! Reason strings and user properties of CONNACK, DISCONNECT and AUTH in 5.0: left out where the client has no room for them.

use super::authentication::greeting;
use super::prelude::*;
use crate::scenario::{Client, Received};
use mqtt_assay_codec::{Auth, Connack, Disconnect, Packet, PropertiesBuf, PropertyId};

pub(super) const CASES: &[Case] = &[
    case!(reason_string_fits["connack"]: "The Reason String of CONNACK is left out for a client to which it would be too large",
        v5: proves ["MQTT-3.2.2-19"],
        caught: [Fault::ReasonStringTooLong]),
    case!(reason_string_fits["disconnect"]: "The Reason String of DISCONNECT is left out for a client to which it would be too large",
        v5: proves ["MQTT-3.14.2-3"],
        caught: [Fault::ReasonStringTooLong]),
    case!(reason_string_fits["auth"]: "The Reason String of AUTH is left out for a client to which it would be too large",
        v5: proves ["MQTT-3.15.2-2"],
        caught: [Fault::ReasonStringTooLong],
        variant: Variant::WITH_AUTHENTICATION, needs: &["enhanced-auth"]),
    case!(user_property_fits["connack"]: "The User Properties of CONNACK are left out for a client to which they would be too large",
        v5: proves ["MQTT-3.2.2-20"],
        caught: [Fault::UserPropertyTooLong]),
    case!(user_property_fits["disconnect"]: "The User Properties of DISCONNECT are left out for a client to which they would be too large",
        v5: proves ["MQTT-3.14.2-4"],
        caught: [Fault::UserPropertyTooLong]),
    case!(user_property_fits["auth"]: "The User Properties of AUTH are left out for a client to which they would be too large",
        v5: proves ["MQTT-3.15.2-3"],
        caught: [Fault::UserPropertyTooLong],
        variant: Variant::WITH_AUTHENTICATION, needs: &["enhanced-auth"]),
];

/// A Maximum Packet Size, in bytes, that has room for CONNACK and for a reason code.
const NARROW: usize = 32;

/// The packet that the family's member names, for a client with this CONNECT; nothing where the broker closes without it.
async fn provoked(
    broker: &Subject,
    role: &'static str,
    most: Option<usize>,
) -> Result<(Client, Option<Received>), Stop> {
    let limited = |draft: Draft| match most {
        Some(most) => draft.property(Property::MaximumPacketSize(most as u32)),
        None => draft,
    };
    let mut client = match broker.member() {
        "disconnect" => broker.connect_as(role, limited(connect())).await?,
        _ => broker.open(role).await?,
    };
    let (provokes, packet_type) = match broker.member() {
        "connack" => {
            let unknown = connect().property(Property::AuthenticationMethod(broker.unique()));
            (limited(unknown), PacketType::Connack)
        }
        "disconnect" => (publish("news", b"to all").with("topic.wildcard-in-name.hash"), PacketType::Disconnect),
        _ => (limited(greeting(&broker.authentication()?)), PacketType::Auth),
    };
    client.send(provokes)?;
    let answer = client.receive_or_end(any(packet_type)).await?;
    if let Some(answer) = &answer {
        client.receive_right(answer, &undisturbed(packet_type))?;
        if !answer.is_well_formed() {
            return Err(Stop::Inconclusive { why: "the packet is misshapen".to_owned(), line: Some(answer.line) });
        }
    }
    Ok((client, answer))
}

/// The packet with nothing about it that is wrong by another rule.
fn undisturbed(packet_type: PacketType) -> Pattern {
    let refusing: Vec<ReasonCode> = (0x80..=u8::MAX).map(ReasonCode).collect();
    match packet_type {
        PacketType::Connack => a_connack().code(&refusing).session_present(false),
        PacketType::Disconnect => any(packet_type).lacks(PropertyId::SESSION_EXPIRY_INTERVAL),
        _ => any(packet_type),
    }
}

/// How long the packet is without its explanation.
fn bare_length(packet: &Packet<'_>) -> usize {
    let is_needed =
        |property: &Property<'_>| ![PropertyId::REASON_STRING, PropertyId::USER_PROPERTY].contains(&property.id());
    let needed: PropertiesBuf = packet.properties().iter().filter(is_needed).collect();
    let properties = needed.as_properties();
    let bare = match *packet {
        Packet::Connack(connack) => Packet::Connack(Connack { properties, ..connack }),
        Packet::Disconnect(disconnect) => Packet::Disconnect(Disconnect { properties, ..disconnect }),
        Packet::Auth(auth) => Packet::Auth(Auth { properties, ..auth }),
        other => other,
    };
    bare.encoded_len(Version::V5).unwrap_or(usize::MAX)
}

/// Decides: a packet that tells `property` to a client with room does not tell it to one without.
async fn left_out_where_too_large(broker: &Subject, property: PropertyId) -> Outcome {
    let (_, explained) = provoked(broker, "curious", None).await?;
    let not_told = || Stop::NotExercised(format!("the broker gives no {property} of any length here"));
    let explained = explained.ok_or_else(not_told)?;
    let most = bare_length(&explained.packet()).saturating_add(1).max(NARROW);
    let is_told = properties(&explained.packet()).iter().any(|told| told.id() == property);
    if !is_told || explained.length() <= most {
        return Err(not_told());
    }

    let (mut narrow, brief) = provoked(broker, "narrow", Some(most)).await?;

    let brief = brief.ok_or_else(|| Stop::NotExercised("the broker closes without this packet then".to_owned()))?;
    let packet = any(explained.packet().packet_type());
    // One that is too large for another reason breaks another rule.
    let right = if brief.length() > most { packet.lacks(property) } else { packet.at_most(most) };
    narrow.expect_right(&brief, right).await
}

async fn reason_string_fits(broker: &Subject) -> Outcome {
    left_out_where_too_large(broker, PropertyId::REASON_STRING).await
}

async fn user_property_fits(broker: &Subject) -> Outcome {
    left_out_where_too_large(broker, PropertyId::USER_PROPERTY).await
}
