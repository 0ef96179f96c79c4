//! Invariants of one packet by itself: its form, which the decoder judges.

use crate::scenario::{Holding, Observation};
use crate::wire::FrameKind;
use mqtt_assay_codec::{Packet, PacketType, Properties, PropertyId, PropertyType, ReasonCode, Rule, Version};

/// Invariants of form, which the decoder judges: by rule, by the packets that they are about (none: all), and by what
/// such a packet must have for the rule to be there to be broken.
macro_rules! by_decoder {
    ($($check:ident: $($rule:ident)|+ in [$($packet:ident)*] with $there:expr;)*) => {$(
        pub(super) fn $check(observation: &Observation<'_>) -> Holding {
            by_decoder(observation, &[$(Rule::$rule),+], &[$(PacketType::$packet),*], $there)
        }
    )*};
}

by_decoder! {
    fixed_header_flags: FixedHeaderFlags in [Connack Puback Pubrec Pubcomp Suback Unsuback Pingresp] with always;
    pubrel_flags: FixedHeaderFlags in [Pubrel] with always;
    disconnect_flags: FixedHeaderFlags in [Disconnect] with always;
    pingresp_length: TrailingBytes in [Pingresp] with always;
    acknowledgement_length: TrailingBytes in [Puback Pubrec Pubrel Pubcomp] with always;
    packet_end: TrailingBytes in [] with always;
    shortest_lengths: NonMinimalVariableByteInteger in [] with always;
    direction: WrongDirection | ReservedPacketType in [] with always;
    connack_flags: ConnackFlags in [Connack] with always;
    no_session_present_in_refusal: SessionPresentWithError in [Connack] with refuses;
    connack_code: UndefinedReasonCode in [Connack] with always;
    suback_codes: UndefinedReasonCode in [Suback] with always;
    unsuback_codes: UndefinedReasonCode in [Unsuback] with always;
    puback_code: UndefinedReasonCode in [Puback] with always;
    pubrec_code: UndefinedReasonCode in [Pubrec] with always;
    pubrel_code: UndefinedReasonCode in [Pubrel] with always;
    pubcomp_code: UndefinedReasonCode in [Pubcomp] with always;
    disconnect_code: UndefinedReasonCode | ReasonCodeFromWrongSide in [Disconnect] with always;
    publish_identifier: PacketIdZero in [Publish] with has_identifier;
    publish_qos: PublishQos3 in [Publish] with always;
    qos0_dup: DupWithQos0 in [Publish] with is_qos0;
    topic_utf8: TopicNameUtf8 in [Publish] with has_topic;
    topic_nul: NulInTopic in [Publish] with has_topic;
    topic_wildcard: TopicNameWildcard in [Publish] with has_topic;
    topic_empty: TopicNameEmpty in [Publish] with always;
    response_topic_utf8: ResponseTopicUtf8 in [Publish] with |packet| has(packet, PropertyId::RESPONSE_TOPIC);
    response_topic_wildcard: ResponseTopicWildcard in [Publish] with |packet| has(packet, PropertyId::RESPONSE_TOPIC);
    content_type_utf8: ContentTypeUtf8 in [Publish] with |packet| has(packet, PropertyId::CONTENT_TYPE);
    user_property_utf8: UserPropertyUtf8 in [] with |packet| has(packet, PropertyId::USER_PROPERTY);
    string_utf8: StringUtf8 in [] with has_string;
    string_nul: NulInString in [] with has_string;
    property_length: PropertyLengthMissing in [Connack Publish Suback Unsuback] with always;
    properties: UnknownProperty | ForeignProperty | PropertyCutOff | UserPropertyCutOff in [] with has_properties;
    topic_alias_value: TopicAliasZero in [Publish] with |packet| has(packet, PropertyId::TOPIC_ALIAS);
    subscription_identifier_value: SubscriptionIdentifierZero in [Publish] with |packet| has(packet, PropertyId::SUBSCRIPTION_IDENTIFIER);
    no_session_expiry_in_disconnect: SessionExpiryFromServer in [Disconnect] with always;
    second_session_expiry: DuplicateSessionExpiryInterval in [Connack] with |packet| has(packet, PropertyId::SESSION_EXPIRY_INTERVAL);
    second_receive_maximum: DuplicateReceiveMaximum in [Connack] with |packet| has(packet, PropertyId::RECEIVE_MAXIMUM);
    second_maximum_qos: DuplicateMaximumQos in [Connack] with |packet| has(packet, PropertyId::MAXIMUM_QOS);
    second_retain_available: DuplicateRetainAvailable in [Connack] with |packet| has(packet, PropertyId::RETAIN_AVAILABLE);
    second_maximum_packet_size: DuplicateMaximumPacketSize in [Connack] with |packet| has(packet, PropertyId::MAXIMUM_PACKET_SIZE);
    second_assigned_client_identifier: DuplicateAssignedClientIdentifier in [Connack] with |packet| has(packet, PropertyId::ASSIGNED_CLIENT_IDENTIFIER);
    second_topic_alias_maximum: DuplicateTopicAliasMaximum in [Connack] with |packet| has(packet, PropertyId::TOPIC_ALIAS_MAXIMUM);
    second_reason_string_in_connack: DuplicateReasonString in [Connack] with |packet| has(packet, PropertyId::REASON_STRING);
    second_wildcard_subscription_available: DuplicateWildcardSubscriptionAvailable in [Connack] with |packet| has(packet, PropertyId::WILDCARD_SUBSCRIPTION_AVAILABLE);
    second_subscription_identifier_available: DuplicateSubscriptionIdentifierAvailable in [Connack] with |packet| has(packet, PropertyId::SUBSCRIPTION_IDENTIFIER_AVAILABLE);
    second_shared_subscription_available: DuplicateSharedSubscriptionAvailable in [Connack] with |packet| has(packet, PropertyId::SHARED_SUBSCRIPTION_AVAILABLE);
    second_server_keep_alive: DuplicateServerKeepAlive in [Connack] with |packet| has(packet, PropertyId::SERVER_KEEP_ALIVE);
    second_response_information: DuplicateResponseInformation in [Connack] with |packet| has(packet, PropertyId::RESPONSE_INFORMATION);
    second_server_reference: DuplicateServerReference in [Connack] with |packet| has(packet, PropertyId::SERVER_REFERENCE);
    second_authentication_method: DuplicateAuthenticationMethod in [Connack] with |packet| has(packet, PropertyId::AUTHENTICATION_METHOD);
    receive_maximum_value: ReceiveMaximumZero in [Connack] with |packet| has(packet, PropertyId::RECEIVE_MAXIMUM);
    maximum_qos_value: MaximumQosValue in [Connack] with |packet| has(packet, PropertyId::MAXIMUM_QOS);
    retain_available_value: RetainAvailableValue in [Connack] with |packet| has(packet, PropertyId::RETAIN_AVAILABLE);
    maximum_packet_size_value: MaximumPacketSizeZero in [Connack] with |packet| has(packet, PropertyId::MAXIMUM_PACKET_SIZE);
    wildcard_subscription_available_value: WildcardSubscriptionAvailableValue in [Connack] with |packet| has(packet, PropertyId::WILDCARD_SUBSCRIPTION_AVAILABLE);
    subscription_identifier_available_value: SubscriptionIdentifierAvailableValue in [Connack] with |packet| has(packet, PropertyId::SUBSCRIPTION_IDENTIFIER_AVAILABLE);
    shared_subscription_available_value: SharedSubscriptionAvailableValue in [Connack] with |packet| has(packet, PropertyId::SHARED_SUBSCRIPTION_AVAILABLE);
    second_reason_string_in_puback: DuplicateReasonString in [Puback] with |packet| has(packet, PropertyId::REASON_STRING);
    second_reason_string_in_pubrec: DuplicateReasonString in [Pubrec] with |packet| has(packet, PropertyId::REASON_STRING);
    second_reason_string_in_pubrel: DuplicateReasonString in [Pubrel] with |packet| has(packet, PropertyId::REASON_STRING);
    second_reason_string_in_pubcomp: DuplicateReasonString in [Pubcomp] with |packet| has(packet, PropertyId::REASON_STRING);
    second_reason_string_in_suback: DuplicateReasonString in [Suback] with |packet| has(packet, PropertyId::REASON_STRING);
    second_reason_string_in_unsuback: DuplicateReasonString in [Unsuback] with |packet| has(packet, PropertyId::REASON_STRING);
    second_reason_string_in_disconnect: DuplicateReasonString in [Disconnect] with |packet| has(packet, PropertyId::REASON_STRING);
    second_server_reference_in_disconnect: DuplicateServerReference in [Disconnect] with |packet| has(packet, PropertyId::SERVER_REFERENCE);
    second_authentication_data: DuplicateAuthenticationData in [Connack] with |packet| has(packet, PropertyId::AUTHENTICATION_DATA);
    second_reason_string_in_auth: DuplicateReasonString in [Auth] with |packet| has(packet, PropertyId::REASON_STRING);
    auth_flags: FixedHeaderFlags in [Auth] with always;
    auth_code: UndefinedReasonCode | ReasonCodeFromWrongSide in [Auth] with always;
}

fn by_decoder(
    observation: &Observation<'_>,
    rules: &[Rule],
    packets: &[PacketType],
    is_there: fn(&Packet<'_>) -> bool,
) -> Holding {
    let is_about = |packet_type| packets.is_empty() || packets.contains(&packet_type);
    if is_answer_in_other_version(observation) {
        return Holding::NotThere;
    }
    match (observation.error, observation.packet) {
        // A type that does not exist belongs to no packet.
        (Some(error), _) if rules.contains(&error.rule) && error.packet_type.is_none_or(is_about) => {
            Holding::Broken(error.to_string())
        }
        (_, Some(packet)) if is_about(packet.packet_type()) && is_there(packet) => Holding::Kept,
        _ => Holding::NotThere,
    }
}

/// Every packet can break the rule.
fn always(_: &Packet<'_>) -> bool {
    true
}

fn refuses(packet: &Packet<'_>) -> bool {
    matches!(packet, Packet::Connack(connack) if connack.reason != ReasonCode::SUCCESS)
}

fn has_topic(packet: &Packet<'_>) -> bool {
    matches!(packet, Packet::Publish(publish) if !publish.topic.is_empty())
}

fn has_identifier(packet: &Packet<'_>) -> bool {
    matches!(packet, Packet::Publish(publish) if publish.packet_id.is_some())
}

fn is_qos0(packet: &Packet<'_>) -> bool {
    matches!(packet, Packet::Publish(publish) if publish.packet_id.is_none())
}

/// The properties of a packet that brokers send.
fn properties_of<'a>(packet: &Packet<'a>) -> Properties<'a> {
    match packet {
        Packet::Connack(connack) => connack.properties,
        Packet::Publish(publish) => publish.properties,
        Packet::Puback(ack) | Packet::Pubrec(ack) | Packet::Pubrel(ack) | Packet::Pubcomp(ack) => ack.properties,
        Packet::Suback(suback) => suback.properties,
        Packet::Unsuback(unsuback) => unsuback.properties,
        Packet::Disconnect(disconnect) => disconnect.properties,
        Packet::Auth(auth) => auth.properties,
        _ => Properties::EMPTY,
    }
}

fn has_properties(packet: &Packet<'_>) -> bool {
    !properties_of(packet).is_empty()
}

fn has(packet: &Packet<'_>, id: PropertyId) -> bool {
    properties_of(packet).iter().any(|property| property.id() == id)
}

/// Whether it has a string with no rule of its own.
fn has_string(packet: &Packet<'_>) -> bool {
    let own_rule = [PropertyId::RESPONSE_TOPIC, PropertyId::CONTENT_TYPE];
    let mut ids = properties_of(packet).iter().map(|property| property.id());
    ids.any(|id| id.value_type() == Some(PropertyType::Utf8String) && !own_rule.contains(&id))
}

/// To an unknown protocol level a broker that speaks 5.0 too may answer CONNACK 0x84 in the form of 5.0.
fn is_answer_in_other_version(observation: &Observation<'_>) -> bool {
    observation.version != Version::V5
        && match observation.packet {
            Some(Packet::Connack(connack)) => connack.reason == ReasonCode::UNSUPPORTED_PROTOCOL_VERSION,
            Some(_) => false,
            None => observation.error.is_some_and(|error| error.packet_type == Some(PacketType::Connack)),
        }
}

pub(super) fn server_reference(observation: &Observation<'_>) -> Holding {
    let Some(Packet::Connack(connack)) = observation.packet.filter(|_| observation.error.is_none()) else {
        return Holding::NotThere;
    };
    let elsewhere = [ReasonCode::USE_ANOTHER_SERVER, ReasonCode::SERVER_MOVED];
    match connack.properties.server_reference() {
        Some(server) if !elsewhere.contains(&connack.reason) => {
            Holding::Broken(format!("Server Reference {server:?} beside code {}", connack.reason))
        }
        Some(_) => Holding::Kept,
        None => Holding::NotThere,
    }
}

/// Only frames that have packets are looked at; pings and closes are WebSocket's own.
pub(super) fn frame_kind(observation: &Observation<'_>) -> Holding {
    match observation.frame {
        None => Holding::NotThere,
        Some(FrameKind::Text) => Holding::Broken("it came in a text frame".to_owned()),
        Some(_) => Holding::Kept,
    }
}
