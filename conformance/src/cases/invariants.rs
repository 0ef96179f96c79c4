//! What must hold of every packet that a broker ever sends, whatever case it came to.

use super::prelude::*;
use crate::scenario::{Holding, Observation, invariant};
use mqtt_assay_codec::{Mutation, Packet};

pub(super) const CASES: &[Case] = &[
    invariant!(fixed_header_flags: "Every packet has the fixed header flags of its type",
        v311: proves ["MQTT-2.2.2-1"],
        v5: proves ["MQTT-2.1.3-1"],
        caught: [Fault::PingrespReservedFlags, sends("flags.reserved.2")]),
    invariant!(pubrel_flags: "PUBREL has the fixed header flags 0010",
        v311: proves ["MQTT-3.6.1-1"],
        v5: proves ["MQTT-3.6.1-1"],
        caught: [Fault::PubrelReservedFlags]),
    invariant!(disconnect_flags: "DISCONNECT has the fixed header flags 0000",
        v5: proves ["MQTT-3.14.1-1"],
        caught: [sends("flags.reserved.2")]),
    invariant!(pingresp_length: "Nothing follows the fixed header of a PINGRESP",
        v311: proves ["U3-04"],
        caught: [Fault::PingrespWithPayload]),
    invariant!(acknowledgement_length: "An acknowledgement of PUBLISH or PUBREL is a packet identifier and nothing more",
        v311: proves ["U3-12"],
        caught: [sends("extra.trailing")]),
    invariant!(connack_flags: "The reserved flags of CONNACK are 0",
        v311: proves ["U3-08"],
        v5: proves ["MQTT-3.2.2-1"],
        caught: [Fault::ConnackReservedFlags]),
    invariant!(no_session_present_in_refusal: "A CONNACK that refuses has Session Present 0",
        v311: proves ["MQTT-3.2.2-4"],
        v5: proves ["MQTT-3.2.2-6"],
        caught: [Fault::SessionPresentOnRefusal]),
    invariant!(connack_code: "CONNACK has a code that the standard gives it",
        v311: proves ["U3-09"],
        v5: proves ["MQTT-3.2.2-8"],
        caught: [Fault::ConnackInventsCode]),
    invariant!(suback_codes: "SUBACK has codes that the standard gives it",
        v311: proves ["MQTT-3.9.3-2"],
        v5: proves ["MQTT-3.9.3-2"],
        caught: [Fault::SubackInventsCode]),
    invariant!(unsuback_codes: "UNSUBACK has codes that the standard gives it",
        v5: proves ["MQTT-3.11.3-2"],
        caught: [Fault::UnsubackInventsCode]),
    invariant!(puback_code: "PUBACK has a code that the standard gives it",
        v5: proves ["MQTT-3.4.2-1"],
        caught: [Fault::PubackInventsCode]),
    invariant!(pubrec_code: "PUBREC has a code that the standard gives it",
        v5: proves ["MQTT-3.5.2-1"],
        caught: [Fault::PubrecInventsCode]),
    invariant!(pubrel_code: "PUBREL has a code that the standard gives it",
        v5: proves ["MQTT-3.6.2-1"],
        caught: [Fault::PubrelInventsCode]),
    invariant!(pubcomp_code: "PUBCOMP has a code that the standard gives it",
        v5: proves ["MQTT-3.7.2-1"],
        caught: [Fault::PubcompInventsCode]),
    invariant!(disconnect_code: "DISCONNECT has a code that the standard gives a server",
        v5: proves ["MQTT-3.14.2-1"],
        caught: [Fault::DisconnectInventsCode]),
    invariant!(publish_identifier: "No PUBLISH has packet identifier 0",
        v311: proves ["MQTT-2.3.1-1"],
        v5: proves ["MQTT-2.2.1-4"],
        caught: [sends("pid.zero")]),
    invariant!(publish_qos: "No PUBLISH has QoS 3",
        v311: proves ["MQTT-3.3.1-4"],
        v5: proves ["MQTT-3.3.1-4"],
        caught: [sends("flags.qos3")]),
    invariant!(qos0_dup: "No PUBLISH of QoS 0 has DUP 1",
        v311: proves ["MQTT-3.3.1-2"],
        v5: proves ["MQTT-3.3.1-2"],
        caught: [Fault::DupOnQos0]),
    invariant!(topic_utf8: "The topic name of a PUBLISH is well-formed UTF-8",
        v311: proves ["MQTT-3.3.2-1"],
        v5: proves ["MQTT-3.3.2-1"],
        caught: [sends("utf8.surrogate@topic-name")]),
    invariant!(topic_nul: "No topic name of a PUBLISH has U+0000",
        v311: proves ["MQTT-4.7.3-2"],
        v5: proves ["MQTT-4.7.3-2"],
        caught: [sends("utf8.nul@topic-name")]),
    invariant!(topic_wildcard: "No topic name of a PUBLISH has a wildcard",
        v311: proves ["MQTT-3.3.2-2"],
        v5: proves ["MQTT-3.3.2-2"],
        caught: [sends("topic.wildcard-in-name.hash")]),
    invariant!(topic_empty: "No topic name of a PUBLISH is empty",
        v311: proves ["MQTT-4.7.3-1"],
        caught: [sends("topic.empty@topic-name")]),
    invariant!(response_topic_utf8: "A Response Topic is well-formed UTF-8",
        v5: proves ["MQTT-3.3.2-13"],
        caught: [sends("utf8.surrogate@response-topic")]),
    invariant!(response_topic_wildcard: "No Response Topic has a wildcard",
        v5: proves ["MQTT-3.3.2-14"],
        caught: [sends("topic.wildcard-in-name.hash@response-topic")]),
    invariant!(content_type_utf8: "A Content Type is well-formed UTF-8",
        v5: proves ["MQTT-3.3.2-19"],
        caught: [sends("utf8.surrogate@content-type")]),
    invariant!(user_property_utf8: "The names and values of User Properties are well-formed UTF-8",
        v5: proves ["MQTT-1.5.7-1"],
        caught: [sends("utf8.surrogate@user-property-value")]),
    invariant!(string_utf8: "The strings of a packet are well-formed UTF-8",
        v5: proves ["MQTT-1.5.4-1"],
        caught: [sends("utf8.surrogate@reason-string")]),
    invariant!(string_nul: "The strings of a packet have no U+0000",
        v5: proves ["MQTT-1.5.4-2"],
        caught: [sends("utf8.nul@reason-string")]),
    invariant!(property_length: "The Property Length is never left out",
        v5: proves ["MQTT-2.2.2-1"],
        caught: [sends("cut.before-field@property-length")]),
    invariant!(properties: "Every property is known, complete, and meant for its packet",
        v5: proves ["U5-046"],
        caught: [sends("prop.unknown.04"), sends("prop.cut-off"), sends("prop.foreign@server-keep-alive")]),
    invariant!(topic_alias_value: "No PUBLISH has the topic alias 0",
        v5: proves ["MQTT-3.3.2-8"],
        caught: [sends("prop.zero-forbidden@topic-alias")]),
    invariant!(subscription_identifier_value: "No PUBLISH has the subscription identifier 0",
        v5: proves ["U5-132"],
        caught: [sends("prop.zero-forbidden@subscription-identifier")]),
    invariant!(no_session_expiry_in_disconnect: "No DISCONNECT of a server has a Session Expiry Interval",
        v5: proves ["MQTT-3.14.2-2"],
        caught: [Fault::DisconnectWithExpiry]),
    invariant!(second_session_expiry: "CONNACK has no second Session Expiry Interval",
        v5: proves ["U5-082"],
        caught: [sends("prop.duplicate@session-expiry-interval")]),
    invariant!(second_receive_maximum: "CONNACK has no second Receive Maximum",
        v5: proves ["U5-084"],
        caught: [sends("prop.duplicate@receive-maximum")]),
    invariant!(second_maximum_qos: "CONNACK has no second Maximum QoS",
        v5: proves ["U5-086"],
        caught: [Fault::MaximumQosTwice]),
    invariant!(second_retain_available: "CONNACK has no second Retain Available",
        v5: proves ["U5-089"],
        caught: [sends("prop.duplicate@retain-available")]),
    invariant!(second_maximum_packet_size: "CONNACK has no second Maximum Packet Size",
        v5: proves ["U5-093"],
        caught: [sends("prop.duplicate@maximum-packet-size")]),
    invariant!(second_assigned_client_identifier: "CONNACK has no second Assigned Client Identifier",
        v5: proves ["U5-096"],
        caught: [sends("prop.duplicate@assigned-client-identifier")]),
    invariant!(second_topic_alias_maximum: "CONNACK has no second Topic Alias Maximum",
        v5: proves ["U5-097"],
        caught: [sends("prop.duplicate@topic-alias-maximum")]),
    invariant!(second_reason_string_in_connack: "CONNACK has no second Reason String",
        v5: proves ["U5-098"],
        caught: [sends("prop.duplicate@reason-string")]),
    invariant!(second_wildcard_subscription_available: "CONNACK has no second Wildcard Subscription Available",
        v5: proves ["U5-099"],
        caught: [sends("prop.duplicate@wildcard-subscription-available")]),
    invariant!(second_subscription_identifier_available: "CONNACK has no second Subscription Identifier Available",
        v5: proves ["U5-104"],
        caught: [sends("prop.duplicate@subscription-identifier-available")]),
    invariant!(second_shared_subscription_available: "CONNACK has no second Shared Subscription Available",
        v5: proves ["U5-108"],
        caught: [sends("prop.duplicate@shared-subscription-available")]),
    invariant!(second_server_keep_alive: "CONNACK has no second Server Keep Alive",
        v5: proves ["U5-112"],
        caught: [sends("prop.duplicate@server-keep-alive")]),
    invariant!(second_response_information: "CONNACK has no second Response Information",
        v5: proves ["U5-113"],
        caught: [sends("prop.duplicate@response-information")]),
    invariant!(second_server_reference: "CONNACK has no second Server Reference",
        v5: proves ["U5-114"],
        caught: [sends("prop.duplicate@server-reference")]),
    invariant!(second_authentication_method: "CONNACK has no second Authentication Method",
        v5: proves ["U5-116"],
        caught: [sends("prop.duplicate@authentication-method")]),
    invariant!(receive_maximum_value: "Receive Maximum in CONNACK is not 0",
        v5: proves ["U5-085"],
        caught: [sends("prop.zero-forbidden@receive-maximum")]),
    invariant!(maximum_qos_value: "Maximum QoS in CONNACK is 0 or 1",
        v5: proves ["U5-087"],
        caught: [sends("prop.max@maximum-qos")]),
    invariant!(retain_available_value: "Retain Available in CONNACK is 0 or 1",
        v5: proves ["U5-090"],
        caught: [sends("prop.max@retain-available")]),
    invariant!(maximum_packet_size_value: "Maximum Packet Size in CONNACK is not 0",
        v5: proves ["U5-094"],
        caught: [sends("prop.zero-forbidden@maximum-packet-size")]),
    invariant!(wildcard_subscription_available_value: "Wildcard Subscription Available in CONNACK is 0 or 1",
        v5: proves ["U5-100"],
        caught: [sends("prop.max@wildcard-subscription-available")]),
    invariant!(subscription_identifier_available_value: "Subscription Identifier Available in CONNACK is 0 or 1",
        v5: proves ["U5-105"],
        caught: [sends("prop.max@subscription-identifier-available")]),
    invariant!(shared_subscription_available_value: "Shared Subscription Available in CONNACK is 0 or 1",
        v5: proves ["U5-109"],
        caught: [sends("prop.max@shared-subscription-available")]),
    invariant!(second_reason_string_in_puback: "PUBACK has no second Reason String",
        v5: proves ["U5-146"],
        caught: [sends("prop.duplicate@reason-string")]),
    invariant!(second_reason_string_in_pubrec: "PUBREC has no second Reason String",
        v5: proves ["U5-150"],
        caught: [sends("prop.duplicate@reason-string")]),
    invariant!(second_reason_string_in_pubrel: "PUBREL has no second Reason String",
        v5: proves ["U5-155"],
        caught: [sends("prop.duplicate@reason-string")]),
    invariant!(second_reason_string_in_pubcomp: "PUBCOMP has no second Reason String",
        v5: proves ["U5-160"],
        caught: [sends("prop.duplicate@reason-string")]),
    invariant!(second_reason_string_in_suback: "SUBACK has no second Reason String",
        v5: proves ["U5-173"],
        caught: [sends("prop.duplicate@reason-string")]),
    invariant!(second_reason_string_in_unsuback: "UNSUBACK has no second Reason String",
        v5: proves ["U5-178"],
        caught: [sends("prop.duplicate@reason-string")]),
    invariant!(second_reason_string_in_disconnect: "DISCONNECT has no second Reason String",
        v5: proves ["U5-187"],
        caught: [sends("prop.duplicate@reason-string")]),
    invariant!(server_reference: "CONNACK names another server only with the codes 0x9C and 0x9D",
        v5: proves ["U5-115"],
        caught: [Fault::ServerReferenceAlways]),
];

/// The broker that sends its packets with this mistake.
const fn sends(mutation: &str) -> Fault {
    Fault::Sends(Mutation::named(mutation))
}

/// Invariants of form, which the decoder judges: by rule, and by the packets that they are about (none: all).
macro_rules! by_decoder {
    ($($check:ident: $($rule:ident)|+ in [$($packet:ident)*];)*) => {$(
        fn $check(observation: &Observation<'_>) -> Holding {
            by_decoder(observation, &[$(Rule::$rule),+], &[$(PacketType::$packet),*])
        }
    )*};
}

by_decoder! {
    fixed_header_flags: FixedHeaderFlags in [Connack Puback Pubrec Pubcomp Suback Unsuback Pingresp];
    pubrel_flags: FixedHeaderFlags in [Pubrel];
    disconnect_flags: FixedHeaderFlags in [Disconnect];
    pingresp_length: TrailingBytes in [Pingresp];
    acknowledgement_length: TrailingBytes in [Puback Pubrec Pubrel Pubcomp];
    connack_flags: ConnackFlags in [Connack];
    no_session_present_in_refusal: SessionPresentWithError in [Connack];
    connack_code: UndefinedReasonCode in [Connack];
    suback_codes: UndefinedReasonCode in [Suback];
    unsuback_codes: UndefinedReasonCode in [Unsuback];
    puback_code: UndefinedReasonCode in [Puback];
    pubrec_code: UndefinedReasonCode in [Pubrec];
    pubrel_code: UndefinedReasonCode in [Pubrel];
    pubcomp_code: UndefinedReasonCode in [Pubcomp];
    disconnect_code: UndefinedReasonCode | ReasonCodeFromWrongSide in [Disconnect];
    publish_identifier: PacketIdZero in [Publish];
    publish_qos: PublishQos3 in [Publish];
    qos0_dup: DupWithQos0 in [Publish];
    topic_utf8: TopicNameUtf8 in [Publish];
    topic_nul: NulInTopic in [Publish];
    topic_wildcard: TopicNameWildcard in [Publish];
    topic_empty: TopicNameEmpty in [Publish];
    response_topic_utf8: ResponseTopicUtf8 in [Publish];
    response_topic_wildcard: ResponseTopicWildcard in [Publish];
    content_type_utf8: ContentTypeUtf8 in [Publish];
    user_property_utf8: UserPropertyUtf8 in [];
    string_utf8: StringUtf8 in [];
    string_nul: NulInString in [];
    property_length: PropertyLengthMissing in [Connack Publish Suback Unsuback];
    properties: UnknownProperty | ForeignProperty | PropertyCutOff | UserPropertyCutOff in [];
    topic_alias_value: TopicAliasZero in [Publish];
    subscription_identifier_value: SubscriptionIdentifierZero in [Publish];
    no_session_expiry_in_disconnect: SessionExpiryFromServer in [Disconnect];
    second_session_expiry: DuplicateSessionExpiryInterval in [Connack];
    second_receive_maximum: DuplicateReceiveMaximum in [Connack];
    second_maximum_qos: DuplicateMaximumQos in [Connack];
    second_retain_available: DuplicateRetainAvailable in [Connack];
    second_maximum_packet_size: DuplicateMaximumPacketSize in [Connack];
    second_assigned_client_identifier: DuplicateAssignedClientIdentifier in [Connack];
    second_topic_alias_maximum: DuplicateTopicAliasMaximum in [Connack];
    second_reason_string_in_connack: DuplicateReasonString in [Connack];
    second_wildcard_subscription_available: DuplicateWildcardSubscriptionAvailable in [Connack];
    second_subscription_identifier_available: DuplicateSubscriptionIdentifierAvailable in [Connack];
    second_shared_subscription_available: DuplicateSharedSubscriptionAvailable in [Connack];
    second_server_keep_alive: DuplicateServerKeepAlive in [Connack];
    second_response_information: DuplicateResponseInformation in [Connack];
    second_server_reference: DuplicateServerReference in [Connack];
    second_authentication_method: DuplicateAuthenticationMethod in [Connack];
    receive_maximum_value: ReceiveMaximumZero in [Connack];
    maximum_qos_value: MaximumQosValue in [Connack];
    retain_available_value: RetainAvailableValue in [Connack];
    maximum_packet_size_value: MaximumPacketSizeZero in [Connack];
    wildcard_subscription_available_value: WildcardSubscriptionAvailableValue in [Connack];
    subscription_identifier_available_value: SubscriptionIdentifierAvailableValue in [Connack];
    shared_subscription_available_value: SharedSubscriptionAvailableValue in [Connack];
    second_reason_string_in_puback: DuplicateReasonString in [Puback];
    second_reason_string_in_pubrec: DuplicateReasonString in [Pubrec];
    second_reason_string_in_pubrel: DuplicateReasonString in [Pubrel];
    second_reason_string_in_pubcomp: DuplicateReasonString in [Pubcomp];
    second_reason_string_in_suback: DuplicateReasonString in [Suback];
    second_reason_string_in_unsuback: DuplicateReasonString in [Unsuback];
    second_reason_string_in_disconnect: DuplicateReasonString in [Disconnect];
}

fn by_decoder(observation: &Observation<'_>, rules: &[Rule], packets: &[PacketType]) -> Holding {
    let is_about = |packet_type| packets.is_empty() || packets.contains(&packet_type);
    if is_answer_in_other_version(observation) {
        return Holding::NotAbout;
    }
    match (observation.error, observation.packet) {
        (Some(error), _) if rules.contains(&error.rule) && error.packet_type.is_some_and(is_about) => {
            Holding::Broken(error.to_string())
        }
        (_, Some(packet)) if is_about(packet.packet_type()) => Holding::Kept,
        _ => Holding::NotAbout,
    }
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

fn server_reference(observation: &Observation<'_>) -> Holding {
    let Some(Packet::Connack(connack)) = observation.packet.filter(|_| observation.error.is_none()) else {
        return Holding::NotAbout;
    };
    let elsewhere = [ReasonCode::USE_ANOTHER_SERVER, ReasonCode::SERVER_MOVED];
    match connack.properties.server_reference() {
        Some(server) if !elsewhere.contains(&connack.reason) => {
            Holding::Broken(format!("Server Reference {server:?} beside code {}", connack.reason))
        }
        _ => Holding::Kept,
    }
}
