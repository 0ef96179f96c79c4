//! Reason strings and user properties of acknowledgements in 5.0: left out where the client has no room for them, or wants
//! none.

use super::prelude::*;
use mqtt_assay_codec::PropertyId;

pub(super) const CASES: &[Case] = &[
    case!(reason_string_fits["puback"]: "The Reason String of PUBACK is left out for a client to which it would be too large",
        v5: proves ["MQTT-3.4.2-2"],
        caught: [Fault::ReasonStringTooLong],
        variant: Variant::WITH_ACCESS),
    case!(reason_string_fits["pubrec"]: "The Reason String of PUBREC is left out for a client to which it would be too large",
        v5: proves ["MQTT-3.5.2-2"],
        caught: [Fault::ReasonStringTooLong],
        variant: Variant::WITH_ACCESS, needs: &["qos2"]),
    case!(reason_string_fits["pubrel"]: "The Reason String of PUBREL is left out for a client to which it would be too large",
        v5: proves ["MQTT-3.6.2-2"],
        caught: [Fault::ReasonStringTooLong],
        variant: Variant::WITH_ACCESS, needs: &["qos2"]),
    case!(reason_string_fits["pubcomp"]: "The Reason String of PUBCOMP is left out for a client to which it would be too large",
        v5: proves ["MQTT-3.7.2-2"],
        caught: [Fault::ReasonStringTooLong],
        variant: Variant::WITH_ACCESS, needs: &["qos2"]),
    case!(reason_string_fits["suback"]: "The Reason String of SUBACK is left out for a client to which it would be too large",
        v5: proves ["MQTT-3.9.2-1"],
        caught: [Fault::ReasonStringTooLong],
        variant: Variant::WITH_ACCESS),
    case!(reason_string_fits["unsuback"]: "The Reason String of UNSUBACK is left out for a client to which it would be too large",
        v5: proves ["MQTT-3.11.2-1"],
        caught: [Fault::ReasonStringTooLong]),
    case!(user_property_fits["puback"]: "The User Properties of PUBACK are left out for a client to which they would be too large",
        v5: proves ["MQTT-3.4.2-3"],
        caught: [Fault::UserPropertyTooLong],
        variant: Variant::WITH_ACCESS),
    case!(user_property_fits["pubrec"]: "The User Properties of PUBREC are left out for a client to which they would be too large",
        v5: proves ["MQTT-3.5.2-3"],
        caught: [Fault::UserPropertyTooLong],
        variant: Variant::WITH_ACCESS, needs: &["qos2"]),
    case!(user_property_fits["pubrel"]: "The User Properties of PUBREL are left out for a client to which they would be too large",
        v5: proves ["MQTT-3.6.2-3"],
        caught: [Fault::UserPropertyTooLong],
        variant: Variant::WITH_ACCESS, needs: &["qos2"]),
    case!(user_property_fits["pubcomp"]: "The User Properties of PUBCOMP are left out for a client to which they would be too large",
        v5: proves ["MQTT-3.7.2-3"],
        caught: [Fault::UserPropertyTooLong],
        variant: Variant::WITH_ACCESS, needs: &["qos2"]),
    case!(user_property_fits["suback"]: "The User Properties of SUBACK are left out for a client to which they would be too large",
        v5: proves ["MQTT-3.9.2-2"],
        caught: [Fault::UserPropertyTooLong],
        variant: Variant::WITH_ACCESS),
    case!(user_property_fits["unsuback"]: "The User Properties of UNSUBACK are left out for a client to which they would be too large",
        v5: proves ["MQTT-3.11.2-2"],
        caught: [Fault::UserPropertyTooLong]),
    case!(none_wanted["puback"]: "A client that wants no problem information gets none in PUBACK",
        v5: proves ["MQTT-3.1.2-29"],
        caught: [Fault::IgnoresProblemInformation],
        variant: Variant::WITH_ACCESS),
    case!(none_wanted["pubrec"]: "A client that wants no problem information gets none in PUBREC",
        v5: proves ["MQTT-3.1.2-29"],
        caught: [Fault::IgnoresProblemInformation],
        variant: Variant::WITH_ACCESS, needs: &["qos2"]),
    case!(none_wanted["pubrel"]: "A client that wants no problem information gets none in PUBREL",
        v5: proves ["MQTT-3.1.2-29"],
        caught: [Fault::IgnoresProblemInformation],
        variant: Variant::WITH_ACCESS, needs: &["qos2"]),
    case!(none_wanted["pubcomp"]: "A client that wants no problem information gets none in PUBCOMP",
        v5: proves ["MQTT-3.1.2-29"],
        caught: [Fault::IgnoresProblemInformation],
        variant: Variant::WITH_ACCESS, needs: &["qos2"]),
    case!(none_wanted["suback"]: "A client that wants no problem information gets none in SUBACK",
        v5: proves ["MQTT-3.1.2-29"],
        caught: [Fault::IgnoresProblemInformation],
        variant: Variant::WITH_ACCESS),
    case!(none_wanted["unsuback"]: "A client that wants no problem information gets none in UNSUBACK",
        v5: proves ["MQTT-3.1.2-29"],
        caught: [Fault::IgnoresProblemInformation]),
];

/// The packet identifier of everything that provokes an acknowledgement.
const ID: u16 = 7;

/// What provokes the acknowledgement that the family's member names. Any code will do that the packet has: what goes with it
/// is what counts here, and a broker that sees no error explains none.
fn provoking(broker: &Subject) -> Result<(Draft, Pattern), Stop> {
    let (draft, answer, packet_type) = match broker.member() {
        "puback" => (publish(broker.denied_topic()?, b"no").qos(AtLeastOnce), a_puback(ID), PacketType::Puback),
        "pubrec" => (publish(broker.denied_topic()?, b"no").qos(ExactlyOnce), a_pubrec(ID), PacketType::Pubrec),
        "pubrel" => (pubrec(ID), a_pubrel(ID), PacketType::Pubrel),
        "pubcomp" => (pubrel(ID), a_pubcomp(ID), PacketType::Pubcomp),
        "suback" => (subscribe(broker.denied_topic()?, AtMostOnce), a_suback(ID), PacketType::Suback),
        _ => (unsubscribe(["nobody/subscribed"]), an_unsuback(ID), PacketType::Unsuback),
    };
    let known = |code: &ReasonCode| code.allowed_in(Version::V5, packet_type);
    let table: Vec<ReasonCode> = (0..=u8::MAX).map(ReasonCode).filter(known).collect();
    Ok((draft.id(ID), answer.code(&table)))
}

/// A Maximum Packet Size, in bytes, that an acknowledgement with an explanation of some length passes.
const NARROW: usize = 32;

/// Decides: an acknowledgement that tells `property` to a client with room does not tell it to one without.
async fn left_out_where_too_large(broker: &Subject, property: PropertyId) -> Outcome {
    let (draft, answer) = provoking(broker)?;
    let mut curious = broker.connect("curious").await?;
    curious.send(draft.clone())?;
    let explained = curious.receive(answer.clone()).await?;
    let is_told = properties(&explained.packet()).iter().any(|told| told.id() == property);
    if !is_told || explained.length() <= NARROW {
        return Err(Stop::NotExercised(format!("the broker gives no {property} of any length here")));
    }
    let narrow = connect().property(Property::MaximumPacketSize(NARROW as u32));
    let mut narrow = broker.connect_as("narrow", narrow).await?;

    narrow.send(draft)?;

    let brief = narrow.receive(answer.clone()).await?;
    // One that is too large for another reason breaks another rule.
    let right = if brief.length() > NARROW { answer.lacks(property) } else { answer.at_most(NARROW) };
    narrow.expect_right(&brief, right).await
}

pub(super) async fn reason_string_fits(broker: &Subject) -> Outcome {
    left_out_where_too_large(broker, PropertyId::REASON_STRING).await
}

pub(super) async fn user_property_fits(broker: &Subject) -> Outcome {
    left_out_where_too_large(broker, PropertyId::USER_PROPERTY).await
}

pub(super) async fn none_wanted(broker: &Subject) -> Outcome {
    let (draft, answer) = provoking(broker)?;
    let mut brief = broker.connect_as("brief", connect().property(Property::RequestProblemInformation(0))).await?;

    brief.send(draft)?;

    let told = brief.receive(answer.clone()).await?;
    brief.expect_right(&told, answer.lacks(PropertyId::REASON_STRING).lacks(PropertyId::USER_PROPERTY)).await
}
