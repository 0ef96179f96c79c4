//! Properties (5.0) that are twice there, out of range, unknown, or in the wrong packet.

use super::{EITHER, FORBIDDEN, MALFORMED, rogue_with_control};
use crate::cases::prelude::*;

pub(in crate::cases) const CASES: &[Case] = &[
    case!(connect_forbidden["prop.duplicate@session-expiry-interval"]: "A CONNECT with Session Expiry Interval twice is refused",
        v5: breaks ["U5-051"] proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::DuplicateSessionExpiryInterval)]),
    case!(connect_forbidden["prop.duplicate@receive-maximum"]: "A CONNECT with Receive Maximum twice is refused",
        v5: breaks ["U5-052"] proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::DuplicateReceiveMaximum)]),
    case!(connect_forbidden["prop.duplicate@maximum-packet-size"]: "A CONNECT with Maximum Packet Size twice is refused",
        v5: breaks ["U5-054"] proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::DuplicateMaximumPacketSize)]),
    case!(connect_forbidden["prop.duplicate@topic-alias-maximum"]: "A CONNECT with Topic Alias Maximum twice is refused",
        v5: breaks ["U5-056"] proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::DuplicateTopicAliasMaximum)]),
    case!(connect_forbidden["prop.duplicate@request-response-information"]: "A CONNECT with Request Response Information twice is refused",
        v5: breaks ["U5-057"] proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::DuplicateRequestResponseInformation)]),
    case!(connect_forbidden["prop.duplicate@request-problem-information"]: "A CONNECT with Request Problem Information twice is refused",
        v5: breaks ["U5-059"] proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::DuplicateRequestProblemInformation)]),
    case!(connect_forbidden["prop.zero-forbidden@receive-maximum"]: "A CONNECT with Receive Maximum 0 is refused",
        v5: breaks ["U5-053"] proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::ReceiveMaximumZero)]),
    case!(connect_forbidden["prop.zero-forbidden@maximum-packet-size"]: "A CONNECT with Maximum Packet Size 0 is refused",
        v5: breaks ["U5-055"] proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::MaximumPacketSizeZero)]),
    case!(connect_forbidden["prop.max@request-response-information"]: "A CONNECT with Request Response Information 2 is refused",
        v5: breaks ["U5-058"] proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::RequestResponseInformationValue)]),
    case!(connect_forbidden["prop.max@request-problem-information"]: "A CONNECT with Request Problem Information 2 is refused",
        v5: breaks ["U5-060"] proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::RequestProblemInformationValue)]),
    case!(connect_malformed["prop.foreign@subscription-identifier"]: "A CONNECT with the foreign property Subscription Identifier is refused",
        v5: breaks ["U5-032"] proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::ForeignProperty)]),
    case!(connect_malformed["prop.foreign@assigned-client-identifier"]: "A CONNECT with the foreign property Assigned Client Identifier is refused",
        v5: breaks ["U5-032"] proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::ForeignProperty)]),
    case!(connect_malformed["prop.foreign@server-keep-alive"]: "A CONNECT with the foreign property Server Keep Alive is refused",
        v5: breaks ["U5-032"] proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::ForeignProperty)]),
    case!(connect_malformed["prop.foreign@reason-string"]: "A CONNECT with the foreign property Reason String is refused",
        v5: breaks ["U5-032"] proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::ForeignProperty)]),
    case!(connect_malformed["prop.foreign@topic-alias"]: "A CONNECT with the foreign property Topic Alias is refused",
        v5: breaks ["U5-032"] proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::ForeignProperty)]),
    case!(connect_malformed["prop.foreign@maximum-qos"]: "A CONNECT with the foreign property Maximum Qos is refused",
        v5: breaks ["U5-032"] proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::ForeignProperty)]),
    case!(connect_malformed["prop.foreign@will-delay-interval"]: "A CONNECT with the foreign property Will Delay Interval is refused",
        v5: breaks ["U5-032"] proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::ForeignProperty)]),
    case!(connect_malformed["prop.foreign@content-type"]: "A CONNECT with the foreign property Content Type is refused",
        v5: breaks ["U5-032"] proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::ForeignProperty)]),
    case!(connect_malformed["prop.unknown.00"]: "A CONNECT with the unknown property 0x00 is refused",
        v5: breaks ["U5-043"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::UnknownProperty)]),
    case!(connect_malformed["prop.unknown.7f"]: "A CONNECT with the unknown property 0x7F is refused",
        v5: breaks ["U5-043"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::UnknownProperty)]),
    case!(connect_malformed["len.props.over"]: "A CONNECT whose properties reach past its end is refused",
        v5: breaks ["U5-030"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::PropertyLengthPastEnd)]),
    case!(connect_forbidden["prop.duplicate@will.will-delay-interval"]: "A will with Will Delay Interval twice is refused",
        v5: breaks ["U5-067"] proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::DuplicateWillDelayInterval)],
        needs: &["will"]),
    case!(connect_forbidden["prop.duplicate@will.payload-format-indicator"]: "A will with Payload Format Indicator twice is refused",
        v5: breaks ["U5-068"] proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::DuplicatePayloadFormatIndicator)],
        needs: &["will"]),
    case!(connect_forbidden["prop.duplicate@will.message-expiry-interval"]: "A will with Message Expiry Interval twice is refused",
        v5: breaks ["U5-071"] proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::DuplicateMessageExpiryInterval)],
        needs: &["will"]),
    case!(connect_forbidden["prop.duplicate@will.content-type"]: "A will with Content Type twice is refused",
        v5: breaks ["U5-073"] proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::DuplicateContentType)],
        needs: &["will"]),
    case!(connect_forbidden["prop.duplicate@will.response-topic"]: "A will with Response Topic twice is refused",
        v5: breaks ["U5-074"] proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::DuplicateResponseTopic)],
        needs: &["will"]),
    case!(connect_forbidden["prop.duplicate@will.correlation-data"]: "A will with Correlation Data twice is refused",
        v5: breaks ["U5-076"] proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::DuplicateCorrelationData)],
        needs: &["will"]),
    case!(connect_forbidden["prop.max@will.payload-format-indicator"]: "A will with Payload Format Indicator 2 is refused",
        v5: breaks ["U5-069"] proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::PayloadFormatIndicatorValue)],
        needs: &["will"]),
    case!(connect_forbidden["topic.wildcard-in-name.hash@will-response-topic"]: "A will with # in its response topic is refused",
        v5: breaks ["U5-075"] proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::ResponseTopicWildcard)],
        needs: &["will"]),
    case!(connect_forbidden["topic.wildcard-in-name.plus@will-response-topic"]: "A will with + in its response topic is refused",
        v5: breaks ["U5-075"] proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::ResponseTopicWildcard)],
        needs: &["will"]),
    case!(connect_malformed["prop.foreign@will.session-expiry-interval"]: "A will with the foreign property Session Expiry Interval is refused",
        v5: breaks ["U5-033"] proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::ForeignWillProperty)],
        needs: &["will"]),
    case!(connect_malformed["prop.foreign@will.topic-alias"]: "A will with the foreign property Topic Alias is refused",
        v5: breaks ["U5-033"] proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::ForeignWillProperty)],
        needs: &["will"]),
    case!(connect_malformed["prop.foreign@will.subscription-identifier"]: "A will with the foreign property Subscription Identifier is refused",
        v5: breaks ["U5-033"] proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::ForeignWillProperty)],
        needs: &["will"]),
    case!(connect_malformed["prop.foreign@will.reason-string"]: "A will with the foreign property Reason String is refused",
        v5: breaks ["U5-033"] proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::ForeignWillProperty)],
        needs: &["will"]),
    case!(connect_malformed["prop.foreign@will.server-keep-alive"]: "A will with the foreign property Server Keep Alive is refused",
        v5: breaks ["U5-033"] proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::ForeignWillProperty)],
        needs: &["will"]),
    case!(connect_malformed["prop.unknown@will"]: "A will with an unknown property is refused",
        v5: breaks ["U5-043"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::UnknownProperty)],
        needs: &["will"]),
    case!(connect_malformed["prop.cut-off@will"]: "A will with a property cut short is refused",
        v5: breaks ["U5-044"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::PropertyCutOff)],
        needs: &["will"]),
    case!(publish_forbidden["prop.duplicate@payload-format-indicator"]: "A PUBLISH with Payload Format Indicator twice is refused",
        v5: breaks ["U5-122"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::DuplicatePayloadFormatIndicator)]),
    case!(publish_forbidden["prop.duplicate@message-expiry-interval"]: "A PUBLISH with Message Expiry Interval twice is refused",
        v5: breaks ["U5-125"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::DuplicateMessageExpiryInterval)]),
    case!(publish_forbidden["prop.duplicate@response-topic"]: "A PUBLISH with Response Topic twice is refused",
        v5: breaks ["U5-128"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::DuplicateResponseTopic)]),
    case!(publish_forbidden["prop.duplicate@correlation-data"]: "A PUBLISH with Correlation Data twice is refused",
        v5: breaks ["U5-130"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::DuplicateCorrelationData)]),
    case!(publish_forbidden["prop.duplicate@content-type"]: "A PUBLISH with Content Type twice is refused",
        v5: breaks ["U5-133"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::DuplicateContentType)]),
    case!(publish_forbidden["prop.max@payload-format-indicator"]: "A PUBLISH with Payload Format Indicator 2 is refused",
        v5: breaks ["U5-123"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::PayloadFormatIndicatorValue)]),
    case!(publish_forbidden["prop.wrong-side"]: "A PUBLISH of a client with a Subscription Identifier is refused",
        v5: breaks ["MQTT-3.3.4-6"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::SubscriptionIdentifierFromClient)]),
    case!(identifier_0: "A PUBLISH of a client with Subscription Identifier 0 is refused",
        v5: breaks ["U5-131", "MQTT-3.3.4-6"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::SubscriptionIdentifierFromClient)]),
    case!(publish_forbidden["topic.wildcard-in-name.hash@response-topic"]: "A PUBLISH with # in its response topic is refused",
        v5: breaks ["MQTT-3.3.2-14", "U5-129"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::ResponseTopicWildcard), ActsOn(Rule::ResponseTopicWildcard)]),
    case!(publish_forbidden["topic.wildcard-in-name.plus@response-topic"]: "A PUBLISH with + in its response topic is refused",
        v5: breaks ["MQTT-3.3.2-14", "U5-129"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::ResponseTopicWildcard), ActsOn(Rule::ResponseTopicWildcard)]),
    case!(alias_0: "A PUBLISH with Topic Alias 0 is refused",
        v5: breaks ["MQTT-3.3.2-8", "U5-134"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::TopicAliasZero)]),
    case!(alias_twice: "A PUBLISH with Topic Alias twice is refused",
        v5: breaks ["U5-126"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::DuplicateTopicAlias)]),
    case!(publish_malformed["prop.foreign@session-expiry-interval"]: "A PUBLISH with the foreign property Session Expiry Interval is refused",
        v5: breaks ["U5-034"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::ForeignProperty)]),
    case!(publish_malformed["prop.foreign@receive-maximum"]: "A PUBLISH with the foreign property Receive Maximum is refused",
        v5: breaks ["U5-034"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::ForeignProperty)]),
    case!(publish_malformed["prop.foreign@reason-string"]: "A PUBLISH with the foreign property Reason String is refused",
        v5: breaks ["U5-034"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::ForeignProperty)]),
    case!(publish_malformed["prop.foreign@server-keep-alive"]: "A PUBLISH with the foreign property Server Keep Alive is refused",
        v5: breaks ["U5-034"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::ForeignProperty)]),
    case!(publish_malformed["prop.foreign@maximum-qos"]: "A PUBLISH with the foreign property Maximum Qos is refused",
        v5: breaks ["U5-034"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::ForeignProperty)]),
    case!(publish_malformed["prop.foreign@will-delay-interval"]: "A PUBLISH with the foreign property Will Delay Interval is refused",
        v5: breaks ["U5-034"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::ForeignProperty)]),
    case!(publish_malformed["prop.unknown.00"]: "A PUBLISH with the unknown property 0x00 is refused",
        v5: breaks ["U5-043"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::UnknownProperty)]),
    case!(publish_malformed["prop.unknown.04"]: "A PUBLISH with the unknown property 0x04 is refused",
        v5: breaks ["U5-043"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::UnknownProperty)]),
    case!(publish_malformed["prop.unknown.2b"]: "A PUBLISH with the unknown property 0x2B is refused",
        v5: breaks ["U5-043"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::UnknownProperty)]),
    case!(publish_malformed["prop.unknown.7f"]: "A PUBLISH with the unknown property 0x7F is refused",
        v5: breaks ["U5-043"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::UnknownProperty)]),
    case!(publish_malformed["prop.unknown.two-bytes"]: "A PUBLISH with the unknown property of two bytes is refused",
        v5: breaks ["U5-043"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::UnknownProperty)]),
    case!(publish_malformed["prop.cut-off"]: "A PUBLISH with a property cut short is refused",
        v5: breaks ["U5-044"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::PropertyCutOff)]),
    case!(publish_malformed["len.props.over"]: "A PUBLISH whose properties reach past its end is refused",
        v5: breaks ["U5-030"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::PropertyLengthPastEnd)]),
    case!(publish_malformed["varint.five-bytes@property-length"]: "A PUBLISH with a Property Length of five bytes is refused",
        v5: breaks ["U5-005"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::VariableByteIntegerTooLong)]),
    case!(half_user_property: "A PUBLISH with half a User Property is refused",
        v5: breaks ["MQTT-1.5.7-1", "U5-008"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::UserPropertyCutOff)]),
    case!(no_property_length["publish"]: "A PUBLISH that ends before its Property Length is refused",
        v5: breaks ["MQTT-2.2.2-1", "U5-031"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::PropertyLengthMissing)]),
    case!(no_property_length["subscribe"]: "A SUBSCRIBE that ends before its Property Length is refused",
        v5: breaks ["MQTT-2.2.2-1", "U5-031"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::PropertyLengthMissing)]),
    case!(subscribe_forbidden["prop.duplicate@subscription-identifier"]: "A SUBSCRIBE with Subscription Identifier twice is refused",
        v5: breaks ["U5-161"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::DuplicateSubscriptionIdentifier)],
        needs: &["subscription-identifiers"]),
    case!(subscribe_forbidden["prop.zero-forbidden@subscription-identifier"]: "A SUBSCRIBE with Subscription Identifier 0 is refused",
        v5: breaks ["U5-162"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::SubscriptionIdentifierZero)],
        needs: &["subscription-identifiers"]),
    case!(foreign_property["puback"]: "A PUBACK with a property that it does not have is refused",
        v5: breaks ["U5-035"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::ForeignProperty)]),
    case!(foreign_property["pubrec"]: "A PUBREC with a property that it does not have is refused",
        v5: breaks ["U5-036"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::ForeignProperty)],
        needs: &["qos2"]),
    case!(foreign_property["pubrel"]: "A PUBREL with a property that it does not have is refused",
        v5: breaks ["U5-037"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::ForeignProperty)],
        needs: &["qos2"]),
    case!(foreign_property["pubcomp"]: "A PUBCOMP with a property that it does not have is refused",
        v5: breaks ["U5-038"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::ForeignProperty)],
        needs: &["qos2"]),
    case!(foreign_property["subscribe"]: "A SUBSCRIBE with a property that it does not have is refused",
        v5: breaks ["U5-039"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::ForeignProperty)]),
    case!(foreign_property["unsubscribe"]: "An UNSUBSCRIBE with a property that it does not have is refused",
        v5: breaks ["U5-040"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::ForeignProperty)]),
    case!(two_reason_strings["puback"]: "A PUBACK with two Reason Strings is refused",
        v5: breaks ["U5-145"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::DuplicateReasonString)]),
    case!(two_reason_strings["pubrec"]: "A PUBREC with two Reason Strings is refused",
        v5: breaks ["U5-149"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::DuplicateReasonString)],
        needs: &["qos2"]),
    case!(two_reason_strings["pubrel"]: "A PUBREL with two Reason Strings is refused",
        v5: breaks ["U5-154"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::DuplicateReasonString)],
        needs: &["qos2"]),
    case!(two_reason_strings["pubcomp"]: "A PUBCOMP with two Reason Strings is refused",
        v5: breaks ["U5-159"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::DuplicateReasonString)],
        needs: &["qos2"]),
    case!(undefined_code["puback"]: "A PUBACK with a reason code that no packet has is refused",
        v5: breaks ["U5-144"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::UndefinedReasonCode)]),
    case!(undefined_code["pubrec"]: "A PUBREC with a reason code that no packet has is refused",
        v5: breaks ["U5-148"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::UndefinedReasonCode)],
        needs: &["qos2"]),
    case!(undefined_code["pubrel"]: "A PUBREL with a reason code that no packet has is refused",
        v5: breaks ["U5-152"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::UndefinedReasonCode)],
        needs: &["qos2"]),
    case!(undefined_code["pubcomp"]: "A PUBCOMP with a reason code that no packet has is refused",
        v5: breaks ["U5-157"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::UndefinedReasonCode)],
        needs: &["qos2"]),
];

/// A CONNECT, with a will where the case's member is about one.
fn introduction(broker: &Subject) -> Draft {
    let (_, place) = broker.member().split_once('@').unwrap_or_default();
    let is_about_will = place == "will" || place.starts_with("will.") || place == "will-response-topic";
    if !is_about_will {
        return connect();
    }
    let of_text = will("status", b"gone").property(Property::ResponseTopic("answers"));
    connect().will(of_text.property(Property::ContentType("text")))
}

async fn connect_forbidden(broker: &Subject) -> Outcome {
    broker.connect_as("control", introduction(broker)).await?;
    let mut rogue = broker.open("rogue").await?;

    rogue.send(introduction(broker).with(broker.member()))?;

    rogue.expect_refusal(FORBIDDEN).await
}

async fn connect_malformed(broker: &Subject) -> Outcome {
    broker.connect_as("control", introduction(broker)).await?;
    let mut rogue = broker.open("rogue").await?;

    rogue.send(introduction(broker).with(broker.member()))?;

    rogue.expect_refusal(MALFORMED).await
}

/// A PUBLISH with properties.
fn message() -> Draft {
    publish("news", b"text")
        .qos(AtLeastOnce)
        .property(Property::ResponseTopic("answers"))
        .property(Property::ContentType("text"))
}

async fn publish_forbidden(broker: &Subject) -> Outcome {
    let mut rogue = broker.connect("rogue").await?;
    rogue.publish_draft(message()).await?;

    rogue.send(message().with(broker.member()))?;

    rogue.expect_refusal(FORBIDDEN).await
}

async fn publish_malformed(broker: &Subject) -> Outcome {
    let mut rogue = broker.connect("rogue").await?;
    rogue.publish_draft(message()).await?;

    rogue.send(message().with(broker.member()))?;

    rogue.expect_refusal(MALFORMED).await
}

async fn identifier_0(broker: &Subject) -> Outcome {
    let mut rogue = broker.connect("rogue").await?;
    rogue.publish_draft(message()).await?;

    // No value is right in a message of a client, so that this is what is wrong with it, and nothing else.
    rogue.send(message().property(Property::SubscriptionIdentifier(0)))?;

    rogue.expect_refusal(FORBIDDEN).await
}

async fn alias_0(broker: &Subject) -> Outcome {
    let mut rogue = broker.connect("rogue").await?;
    rogue.publish_draft(message()).await?;

    rogue.send(message().with("prop.zero-forbidden@topic-alias"))?;

    rogue.expect_refusal(&[ReasonCode::TOPIC_ALIAS_INVALID]).await
}

async fn alias_twice(broker: &Subject) -> Outcome {
    let mut rogue = broker.open("rogue").await?;
    rogue.send(connect())?;
    let connack = rogue.receive(a_connack().code(&[ReasonCode::SUCCESS])).await?;
    if connack.packet().properties().topic_alias_maximum().is_none_or(|most| most == 0) {
        return Err(Stop::NotOffered("CONNACK: no topic aliases".to_owned()));
    }
    rogue.publish_draft(message().property(Property::TopicAlias(1))).await?;

    rogue.send(message().property(Property::TopicAlias(1)).with("prop.duplicate@topic-alias"))?;

    rogue.expect_refusal(FORBIDDEN).await
}

async fn half_user_property(broker: &Subject) -> Outcome {
    let named = || publish("news", b"text").qos(AtLeastOnce).property(Property::UserProperty("name", "value"));
    let mut rogue = broker.connect("rogue").await?;
    rogue.publish_draft(named()).await?;

    rogue.send(named().with("prop.cut-off"))?;

    rogue.expect_refusal(MALFORMED).await
}

async fn no_property_length(broker: &Subject) -> Outcome {
    let mut rogue = broker.connect("rogue").await?;
    rogue.subscribe("news", AtMostOnce).await?;
    let legal = match broker.member() {
        "publish" => publish("news", b""),
        _ => subscribe("news", AtMostOnce),
    };

    rogue.send(legal.with("cut.before-field@property-length"))?;

    rogue.expect_refusal(MALFORMED).await
}

async fn subscribe_forbidden(broker: &Subject) -> Outcome {
    let numbered = || subscribe("news", AtMostOnce).property(Property::SubscriptionIdentifier(1));
    let mut rogue = broker.connect("rogue").await?;
    let id = rogue.send(numbered())?;
    rogue.receive(a_suback(id).code(&[ReasonCode::SUCCESS])).await?;

    rogue.send(numbered().with(broker.member()))?;

    rogue.expect_refusal(FORBIDDEN).await
}

async fn foreign_property(broker: &Subject) -> Outcome {
    let (mut rogue, legal) = rogue_with_control(broker).await?;

    rogue.send(legal.with("prop.foreign@topic-alias"))?;

    rogue.expect_refusal(MALFORMED).await
}

async fn two_reason_strings(broker: &Subject) -> Outcome {
    let (mut rogue, legal) = rogue_with_control(broker).await?;

    rogue.send(legal.with("prop.duplicate@reason-string"))?;

    rogue.expect_refusal(FORBIDDEN).await
}

async fn undefined_code(broker: &Subject) -> Outcome {
    let (mut rogue, legal) = rogue_with_control(broker).await?;

    rogue.send(legal.with("reason.undefined"))?;

    rogue.expect_refusal(EITHER).await
}
