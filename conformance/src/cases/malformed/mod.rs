//! Packets that break their own form: legal ones with exactly one thing wrong, by a named mutation.

pub(super) mod connect;
pub(super) mod properties;
pub(super) mod subscribe;

use super::prelude::*;
use crate::scenario::Client;

pub(super) const CASES: &[Case] = &[
    case!(reserved_flags["puback"]: "A PUBACK with wrong fixed header flags is refused",
        v311: proves ["MQTT-2.2.2-2"],
        v5: breaks ["U5-015", "MQTT-2.1.3-1"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::FixedHeaderFlags), ActsOn(Rule::FixedHeaderFlags)]),
    case!(reserved_flags["pubrec"]: "A PUBREC with wrong fixed header flags is refused",
        v311: proves ["MQTT-2.2.2-2"],
        v5: breaks ["U5-016", "MQTT-2.1.3-1"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::FixedHeaderFlags), ActsOn(Rule::FixedHeaderFlags)],
        needs: &["qos2"]),
    case!(reserved_flags["pubrel"]: "A PUBREL with wrong fixed header flags is refused",
        v311: proves ["MQTT-3.6.1-1" = "MQTT-2.2.2-2"],
        v5: proves ["MQTT-3.6.1-1"],
        caught: [Tolerates(Rule::FixedHeaderFlags), ActsOn(Rule::FixedHeaderFlags)],
        needs: &["qos2"]),
    case!(reserved_flags["pubcomp"]: "A PUBCOMP with wrong fixed header flags is refused",
        v311: proves ["MQTT-2.2.2-2"],
        v5: breaks ["U5-017", "MQTT-2.1.3-1"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::FixedHeaderFlags), ActsOn(Rule::FixedHeaderFlags)],
        needs: &["qos2"]),
    case!(reserved_flags["subscribe"]: "A SUBSCRIBE with wrong fixed header flags is refused",
        v311: proves ["MQTT-3.8.1-1" = "MQTT-2.2.2-2"],
        v5: proves ["MQTT-3.8.1-1"],
        caught: [Tolerates(Rule::FixedHeaderFlags), ActsOn(Rule::FixedHeaderFlags), Fault::LenientToEverything]),
    case!(reserved_flags["unsubscribe"]: "A UNSUBSCRIBE with wrong fixed header flags is refused",
        v311: proves ["MQTT-3.10.1-1" = "MQTT-2.2.2-2"],
        v5: proves ["MQTT-3.10.1-1"],
        caught: [Tolerates(Rule::FixedHeaderFlags), ActsOn(Rule::FixedHeaderFlags)]),
    case!(reserved_flags["pingreq"]: "A PINGREQ with wrong fixed header flags is refused",
        v311: proves ["MQTT-2.2.2-2"],
        v5: breaks ["U5-018", "MQTT-2.1.3-1"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::FixedHeaderFlags), ActsOn(Rule::FixedHeaderFlags)]),
    case!(server_packet["connack"]: "A client that sends CONNACK is refused",
        v311: breaks ["U3-02"] proves ["MQTT-4.8.0-1"],
        v5: breaks ["U5-010"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::WrongDirection), ActsOn(Rule::WrongDirection)]),
    case!(server_packet["suback"]: "A client that sends SUBACK is refused",
        v311: breaks ["U3-02"] proves ["MQTT-4.8.0-1"],
        v5: breaks ["U5-011"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::WrongDirection), ActsOn(Rule::WrongDirection)]),
    case!(server_packet["unsuback"]: "A client that sends UNSUBACK is refused",
        v311: breaks ["U3-02"] proves ["MQTT-4.8.0-1"],
        v5: breaks ["U5-012"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::WrongDirection), ActsOn(Rule::WrongDirection)]),
    case!(server_packet["pingresp"]: "A client that sends PINGRESP is refused",
        v311: breaks ["U3-02"] proves ["MQTT-4.8.0-1"],
        v5: breaks ["U5-013"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::WrongDirection), ActsOn(Rule::WrongDirection)]),
    case!(reserved_type["0"]: "A packet of type 0 is refused",
        v311: breaks ["U3-01"] proves ["MQTT-4.8.0-1"],
        v5: breaks ["U5-009"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::ReservedPacketType)]),
    case!(reserved_type["15"]: "A packet of type 15 is refused",
        v311: breaks ["U3-01"] proves ["MQTT-4.8.0-1"],
        caught: [Tolerates(Rule::ReservedPacketType)]),
    case!(five_length_bytes: "A remaining length of five bytes is refused",
        v311: breaks ["U3-03"] proves ["MQTT-4.8.0-1"],
        v5: breaks ["U5-005"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::VariableByteIntegerTooLong)]),
    case!(longer_length_than_needed: "A remaining length of more bytes than it needs is refused",
        v5: breaks ["U5-006"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::NonMinimalVariableByteInteger)]),
    case!(without_identifier["puback"]: "A PUBACK without a packet identifier is refused",
        v311: breaks ["U3-12"] proves ["MQTT-4.8.0-1"],
        v5: breaks ["U5-020"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::Truncated)]),
    case!(without_identifier["pubrec"]: "A PUBREC without a packet identifier is refused",
        v311: breaks ["U3-12"] proves ["MQTT-4.8.0-1"],
        v5: breaks ["U5-021"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::Truncated)],
        needs: &["qos2"]),
    case!(without_identifier["pubrel"]: "A PUBREL without a packet identifier is refused",
        v311: breaks ["U3-12"] proves ["MQTT-4.8.0-1"],
        v5: breaks ["U5-022"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::Truncated)],
        needs: &["qos2"]),
    case!(without_identifier["pubcomp"]: "A PUBCOMP without a packet identifier is refused",
        v311: breaks ["U3-12"] proves ["MQTT-4.8.0-1"],
        v5: breaks ["U5-023"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::Truncated)],
        needs: &["qos2"]),
    case!(without_identifier["publish-qos1"]: "A PUBLISH of QoS 1 that ends before its packet identifier is refused",
        v311: breaks ["U3-04"] proves ["MQTT-4.8.0-1"],
        v5: breaks ["U5-024"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::Truncated)]),
    case!(string_past_end["publish-qos1"]: "A PUBLISH whose topic name reaches past the end of the packet is refused",
        v311: breaks ["U3-04"] proves ["MQTT-4.8.0-1"],
        v5: breaks ["U5-004"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::StringPastEnd)]),
    case!(string_past_end["subscribe"]: "A SUBSCRIBE whose topic filter reaches past the end of the packet is refused",
        v311: breaks ["U3-04"] proves ["MQTT-4.8.0-1"],
        v5: breaks ["U5-004"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::StringPastEnd)]),
    case!(string_past_end["unsubscribe"]: "An UNSUBSCRIBE whose topic filter reaches past the end of the packet is refused",
        v311: breaks ["U3-04"] proves ["MQTT-4.8.0-1"],
        v5: breaks ["U5-175"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::StringPastEnd)]),
    case!(surplus_byte["puback"]: "A PUBACK with a byte behind its last field is refused",
        v311: breaks ["U3-12"] proves ["MQTT-4.8.0-1"],
        v5: breaks ["U5-026"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::TrailingBytes)]),
    case!(surplus_byte["pubrec"]: "A PUBREC with a byte behind its last field is refused",
        v311: breaks ["U3-12"] proves ["MQTT-4.8.0-1"],
        caught: [Tolerates(Rule::TrailingBytes)],
        needs: &["qos2"]),
    case!(surplus_byte["pubrel"]: "A PUBREL with a byte behind its last field is refused",
        v311: breaks ["U3-12"] proves ["MQTT-4.8.0-1"],
        caught: [Tolerates(Rule::TrailingBytes)],
        needs: &["qos2"]),
    case!(surplus_byte["pubcomp"]: "A PUBCOMP with a byte behind its last field is refused",
        v311: breaks ["U3-12"] proves ["MQTT-4.8.0-1"],
        caught: [Tolerates(Rule::TrailingBytes)],
        needs: &["qos2"]),
    case!(surplus_byte["pingreq"]: "A PINGREQ with a byte behind its fixed header is refused",
        v311: breaks ["U3-04"] proves ["MQTT-4.8.0-1"],
        v5: breaks ["U5-019"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::TrailingBytes)]),
    case!(zero_identifier["subscribe"]: "A SUBSCRIBE with packet identifier 0 is refused",
        v311: breaks ["MQTT-2.3.1-1"] proves ["MQTT-4.8.0-1"],
        v5: breaks ["MQTT-2.2.1-3", "U5-028"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::PacketIdZero), ActsOn(Rule::PacketIdZero)]),
    case!(zero_identifier["unsubscribe"]: "An UNSUBSCRIBE with packet identifier 0 is refused",
        v311: breaks ["MQTT-2.3.1-1"] proves ["MQTT-4.8.0-1"],
        v5: breaks ["MQTT-2.2.1-3", "U5-028"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::PacketIdZero), ActsOn(Rule::PacketIdZero)]),
    case!(zero_identifier["publish-qos1"]: "A PUBLISH of QoS 1 with packet identifier 0 is refused",
        v311: breaks ["MQTT-2.3.1-1"] proves ["MQTT-4.8.0-1"],
        v5: breaks ["MQTT-2.2.1-3", "U5-028"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::PacketIdZero), ActsOn(Rule::PacketIdZero)]),
    case!(zero_identifier["publish-qos2"]: "A PUBLISH of QoS 2 with packet identifier 0 is refused",
        v311: breaks ["MQTT-2.3.1-1"] proves ["MQTT-4.8.0-1"],
        v5: breaks ["MQTT-2.2.1-3", "U5-028"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::PacketIdZero), ActsOn(Rule::PacketIdZero)],
        needs: &["qos2"]),
    case!(zero_identifier["puback"]: "A PUBACK with packet identifier 0 is refused",
        v5: breaks ["U5-027"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::PacketIdZero)]),
    case!(zero_identifier["pubrec"]: "A PUBREC with packet identifier 0 is refused",
        v5: breaks ["U5-027"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::PacketIdZero)],
        needs: &["qos2"]),
    case!(zero_identifier["pubrel"]: "A PUBREL with packet identifier 0 is refused",
        v5: breaks ["U5-027"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::PacketIdZero)],
        needs: &["qos2"]),
    case!(zero_identifier["pubcomp"]: "A PUBCOMP with packet identifier 0 is refused",
        v5: breaks ["U5-027"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::PacketIdZero)],
        needs: &["qos2"]),
    case!(qos_3: "A PUBLISH of QoS 3 is refused, and nobody gets it",
        v311: proves ["MQTT-3.3.1-4"],
        v5: breaks ["MQTT-3.3.1-4", "U5-118"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::PublishQos3), ActsOn(Rule::PublishQos3)]),
    case!(empty_topic_name: "A PUBLISH with an empty topic name is refused",
        v311: breaks ["MQTT-4.7.3-1"] proves ["MQTT-4.8.0-1"],
        v5: breaks ["U5-121", "MQTT-4.7.3-1"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::TopicNameEmpty), ActsOn(Rule::TopicNameEmpty)]),
    case!(wildcard_in_topic_name["topic.wildcard-in-name.plus"]: "A PUBLISH to a topic with + is refused",
        v311: breaks ["MQTT-3.3.2-2", "MQTT-4.7.1-1"] proves ["MQTT-4.8.0-1"],
        v5: breaks ["MQTT-3.3.2-2", "MQTT-4.7.0-1"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::TopicNameWildcard), ActsOn(Rule::TopicNameWildcard)]),
];

/// What a broker should say of a packet that breaks its form.
pub(in crate::cases) const MALFORMED: &[ReasonCode] = &[ReasonCode::MALFORMED_PACKET];
/// What it should say of a packet that is well formed and forbidden.
pub(in crate::cases) const FORBIDDEN: &[ReasonCode] = &[ReasonCode::PROTOCOL_ERROR];
/// Where both fit.
pub(in crate::cases) const EITHER: &[ReasonCode] = &[ReasonCode::MALFORMED_PACKET, ReasonCode::PROTOCOL_ERROR];

/// A client that is about to send a legal packet of the kind that the case's member names; acknowledgements in a live
/// exchange, so that nothing else is wrong with them.
async fn about_to_send(broker: &Subject, role: &'static str) -> Result<(Client, Draft), Stop> {
    let mut client = broker.connect(role).await?;
    let draft = match broker.member() {
        "puback" => puback(delivered(&mut client, AtLeastOnce).await?),
        "pubrec" => pubrec(delivered(&mut client, ExactlyOnce).await?),
        "pubcomp" => {
            let id = delivered(&mut client, ExactlyOnce).await?;
            client.send(pubrec(id))?;
            client.receive(a_pubrel(id)).await?;
            pubcomp(id)
        }
        "pubrel" => {
            let id = client.send(publish("news", b"to be released").qos(ExactlyOnce))?;
            client.receive(a_pubrec(id)).await?;
            pubrel(id)
        }
        "publish-qos1" => publish("news", b"at QoS 1").qos(AtLeastOnce),
        "publish-qos2" => publish("news", b"at QoS 2").qos(ExactlyOnce),
        "unsubscribe" => unsubscribe(["news"]),
        "pingreq" => pingreq(),
        _ => subscribe("news", AtMostOnce),
    };
    Ok((client, draft))
}

/// The identifier of a message that the client has got and not acknowledged.
async fn delivered(client: &mut Client, qos: QoS) -> Result<u16, Stop> {
    client.hold_acknowledgements();
    client.subscribe("delivered", qos).await?;
    let payload = format!("for the {}", client.role());
    client.publish("delivered", &payload, qos).await?;
    Ok(client.receive(a_message("delivered", &payload).qos(qos)).await?.id())
}

/// A client that is about to send a legal packet, after another one has sent the like and is served on.
pub(super) async fn rogue_with_control(broker: &Subject) -> Result<(Client, Draft), Stop> {
    let (mut control, legal) = about_to_send(broker, "control").await?;
    control.send(legal)?;
    control.serves().await?;
    about_to_send(broker, "rogue").await
}

async fn reserved_flags(broker: &Subject) -> Outcome {
    let (mut rogue, legal) = rogue_with_control(broker).await?;

    rogue.send(legal.with("flags.reserved.1"))?;

    rogue.expect_refusal(MALFORMED).await
}

/// The mutation that sets the flags of the fixed header to the bits that the case's member names.
async fn server_packet(broker: &Subject) -> Outcome {
    let packet_type = match broker.member() {
        "connack" => PacketType::Connack,
        "suback" => PacketType::Suback,
        "unsuback" => PacketType::Unsuback,
        _ => PacketType::Pingresp,
    };
    let mut rogue = broker.connect("rogue").await?;
    rogue.serves().await?;

    rogue.send(crate::scenario::draft::server_packet(packet_type))?;

    rogue.expect_refusal(FORBIDDEN).await
}

async fn reserved_type(broker: &Subject) -> Outcome {
    let mutation = if broker.member() == "0" { "type.reserved.0" } else { "type.reserved.15" };
    let mut rogue = broker.connect("rogue").await?;
    rogue.serves().await?;

    rogue.send(pingreq().with(mutation))?;

    rogue.expect_refusal(EITHER).await
}

async fn five_length_bytes(broker: &Subject) -> Outcome {
    let mut rogue = broker.connect("rogue").await?;
    rogue.publish("news", b"control", AtLeastOnce).await?;

    rogue.send(publish("news", b"too long").qos(AtLeastOnce).with("varint.five-bytes@remaining-length"))?;

    rogue.expect_refusal(MALFORMED).await
}

async fn longer_length_than_needed(broker: &Subject) -> Outcome {
    let mut rogue = broker.connect("rogue").await?;
    rogue.publish("news", b"control", AtLeastOnce).await?;

    rogue.send(publish("news", b"padded").qos(AtLeastOnce).with("varint.nonminimal@remaining-length"))?;

    rogue.expect_refusal(MALFORMED).await
}

async fn without_identifier(broker: &Subject) -> Outcome {
    let (mut rogue, legal) = rogue_with_control(broker).await?;

    rogue.send(legal.with("cut.before-field@packet-identifier"))?;

    rogue.expect_refusal(MALFORMED).await
}

async fn string_past_end(broker: &Subject) -> Outcome {
    let (mut rogue, legal) = rogue_with_control(broker).await?;
    let mutation =
        if broker.member() == "publish-qos1" { "len.str.over@topic-name" } else { "len.str.over@topic-filter" };

    rogue.send(legal.with(mutation))?;

    rogue.expect_refusal(MALFORMED).await
}

async fn surplus_byte(broker: &Subject) -> Outcome {
    let (mut rogue, legal) = rogue_with_control(broker).await?;
    // In 5.0 only a packet with properties has an end behind which nothing may stand.
    let legal = if broker.member() == "pingreq" { legal } else { legal.property(Property::UserProperty("a", "b")) };

    rogue.send(legal.with("extra.trailing"))?;

    rogue.expect_refusal(MALFORMED).await
}

async fn zero_identifier(broker: &Subject) -> Outcome {
    let (mut rogue, legal) = rogue_with_control(broker).await?;

    rogue.send(legal.with("pid.zero"))?;

    rogue.expect_refusal(EITHER).await
}

async fn qos_3(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe_tried("news", "news", AtLeastOnce).await?;
    let mut rogue = broker.connect("rogue").await?;
    rogue.publish("news", b"control", AtLeastOnce).await?;

    rogue.send(publish("news", b"at QoS 3").qos(AtLeastOnce).with("flags.qos3"))?;

    let _ = rogue.expect_refusal(MALFORMED).await?;
    let mut publisher = broker.connect("publisher").await?;
    watcher.expect_no_message(b"at QoS 3").before_message(&mut publisher, "news").await
}

/// A client that has a subscription, so that SUBSCRIBE as such is served.
async fn empty_topic_name(broker: &Subject) -> Outcome {
    let mut rogue = broker.connect("rogue").await?;
    rogue.publish("news", b"control", AtLeastOnce).await?;

    rogue.send(publish("news", b"to nowhere").qos(AtLeastOnce).with("topic.empty@topic-name"))?;

    rogue.expect_refusal(EITHER).await
}

async fn wildcard_in_topic_name(broker: &Subject) -> Outcome {
    let mut rogue = broker.connect("rogue").await?;
    rogue.publish("news", b"control", AtLeastOnce).await?;

    rogue.send(publish("news", b"to many").qos(AtLeastOnce).with(broker.member()))?;

    rogue
        .expect_refusal(&[ReasonCode::TOPIC_NAME_INVALID, ReasonCode::MALFORMED_PACKET, ReasonCode::PROTOCOL_ERROR])
        .await
}
