//! Which rules there are about a property: where and how often it may come, and what its value may be.

use crate::packet::{PacketType, PropertyHome, PropertyId, Sender};
use crate::rule::table::Rule;

/// Whether the property may stand in this block, coming from this side.
pub(crate) fn holds(home: PropertyHome, id: PropertyId, from: Sender) -> bool {
    let wrong_side = match (home, id) {
        (PropertyHome::Packet(PacketType::Publish), PropertyId::SUBSCRIPTION_IDENTIFIER) => from == Sender::Client,
        (PropertyHome::Packet(PacketType::Disconnect), PropertyId::SESSION_EXPIRY_INTERVAL) => from == Sender::Server,
        _ => false,
    };
    id.allowed_in(home) && !wrong_side
}

/// A User Property may always come again, a Subscription Identifier in PUBLISH (5.0 section 2.2.2.2).
pub(crate) fn may_repeat(home: PropertyHome, id: PropertyId) -> bool {
    id == PropertyId::USER_PROPERTY
        || (id == PropertyId::SUBSCRIPTION_IDENTIFIER && home == PropertyHome::Packet(PacketType::Publish))
}

/// The rule that a second property with this identifier breaks.
pub(crate) fn duplicate_rule(id: PropertyId) -> Rule {
    match id {
        PropertyId::PAYLOAD_FORMAT_INDICATOR => Rule::DuplicatePayloadFormatIndicator,
        PropertyId::MESSAGE_EXPIRY_INTERVAL => Rule::DuplicateMessageExpiryInterval,
        PropertyId::CONTENT_TYPE => Rule::DuplicateContentType,
        PropertyId::RESPONSE_TOPIC => Rule::DuplicateResponseTopic,
        PropertyId::CORRELATION_DATA => Rule::DuplicateCorrelationData,
        PropertyId::SUBSCRIPTION_IDENTIFIER => Rule::DuplicateSubscriptionIdentifier,
        PropertyId::SESSION_EXPIRY_INTERVAL => Rule::DuplicateSessionExpiryInterval,
        PropertyId::ASSIGNED_CLIENT_IDENTIFIER => Rule::DuplicateAssignedClientIdentifier,
        PropertyId::SERVER_KEEP_ALIVE => Rule::DuplicateServerKeepAlive,
        PropertyId::AUTHENTICATION_METHOD => Rule::DuplicateAuthenticationMethod,
        PropertyId::AUTHENTICATION_DATA => Rule::DuplicateAuthenticationData,
        PropertyId::REQUEST_PROBLEM_INFORMATION => Rule::DuplicateRequestProblemInformation,
        PropertyId::WILL_DELAY_INTERVAL => Rule::DuplicateWillDelayInterval,
        PropertyId::REQUEST_RESPONSE_INFORMATION => Rule::DuplicateRequestResponseInformation,
        PropertyId::RESPONSE_INFORMATION => Rule::DuplicateResponseInformation,
        PropertyId::SERVER_REFERENCE => Rule::DuplicateServerReference,
        PropertyId::RECEIVE_MAXIMUM => Rule::DuplicateReceiveMaximum,
        PropertyId::TOPIC_ALIAS_MAXIMUM => Rule::DuplicateTopicAliasMaximum,
        PropertyId::TOPIC_ALIAS => Rule::DuplicateTopicAlias,
        PropertyId::MAXIMUM_QOS => Rule::DuplicateMaximumQos,
        PropertyId::RETAIN_AVAILABLE => Rule::DuplicateRetainAvailable,
        PropertyId::MAXIMUM_PACKET_SIZE => Rule::DuplicateMaximumPacketSize,
        PropertyId::WILDCARD_SUBSCRIPTION_AVAILABLE => Rule::DuplicateWildcardSubscriptionAvailable,
        PropertyId::SUBSCRIPTION_IDENTIFIER_AVAILABLE => Rule::DuplicateSubscriptionIdentifierAvailable,
        PropertyId::SHARED_SUBSCRIPTION_AVAILABLE => Rule::DuplicateSharedSubscriptionAvailable,
        _ => Rule::DuplicateReasonString,
    }
}

/// The rule that a number breaks as the value of this property.
pub(crate) fn broken_value_rule(id: PropertyId, number: u32) -> Option<Rule> {
    let (rule, fine) = match id {
        PropertyId::PAYLOAD_FORMAT_INDICATOR => (Rule::PayloadFormatIndicatorValue, number <= 1),
        PropertyId::REQUEST_PROBLEM_INFORMATION => (Rule::RequestProblemInformationValue, number <= 1),
        PropertyId::REQUEST_RESPONSE_INFORMATION => (Rule::RequestResponseInformationValue, number <= 1),
        PropertyId::MAXIMUM_QOS => (Rule::MaximumQosValue, number <= 1),
        PropertyId::RETAIN_AVAILABLE => (Rule::RetainAvailableValue, number <= 1),
        PropertyId::WILDCARD_SUBSCRIPTION_AVAILABLE => (Rule::WildcardSubscriptionAvailableValue, number <= 1),
        PropertyId::SUBSCRIPTION_IDENTIFIER_AVAILABLE => (Rule::SubscriptionIdentifierAvailableValue, number <= 1),
        PropertyId::SHARED_SUBSCRIPTION_AVAILABLE => (Rule::SharedSubscriptionAvailableValue, number <= 1),
        PropertyId::RECEIVE_MAXIMUM => (Rule::ReceiveMaximumZero, number != 0),
        PropertyId::MAXIMUM_PACKET_SIZE => (Rule::MaximumPacketSizeZero, number != 0),
        PropertyId::TOPIC_ALIAS => (Rule::TopicAliasZero, number != 0),
        PropertyId::SUBSCRIPTION_IDENTIFIER => (Rule::SubscriptionIdentifierZero, number != 0),
        _ => return None,
    };
    (!fine).then_some(rule)
}
