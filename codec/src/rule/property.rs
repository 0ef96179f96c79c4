//! Which rules there are about a property: where and how often it may come, and what its value may be.

use crate::packet::{PacketType, PropertyHome, PropertyId, Sender};
use crate::rule::table::Rule;

/// Whether the property may stand in this block, coming from this side.
pub(crate) const fn holds(home: PropertyHome, id: PropertyId, from: Sender) -> bool {
    let wrong_side = match (home, id) {
        (PropertyHome::Packet(PacketType::Publish), PropertyId::SUBSCRIPTION_IDENTIFIER) => {
            matches!(from, Sender::Client)
        }
        (PropertyHome::Packet(PacketType::Disconnect), PropertyId::SESSION_EXPIRY_INTERVAL) => {
            matches!(from, Sender::Server)
        }
        _ => false,
    };
    id.allowed_in(home) && !wrong_side
}

/// A User Property may always come again, a Subscription Identifier in PUBLISH (5.0 section 2.2.2.2).
pub(crate) const fn may_repeat(home: PropertyHome, id: PropertyId) -> bool {
    match id {
        PropertyId::USER_PROPERTY => true,
        PropertyId::SUBSCRIPTION_IDENTIFIER => matches!(home, PropertyHome::Packet(PacketType::Publish)),
        _ => false,
    }
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

/// Whether a number may be the value of this property.
#[expect(clippy::inline_always, reason = "the identifier is known where it is called: little is left of it")]
#[inline(always)]
pub(crate) const fn value_is_legal(id: PropertyId, number: u32) -> bool {
    match id {
        PropertyId::PAYLOAD_FORMAT_INDICATOR
        | PropertyId::REQUEST_PROBLEM_INFORMATION
        | PropertyId::REQUEST_RESPONSE_INFORMATION
        | PropertyId::MAXIMUM_QOS
        | PropertyId::RETAIN_AVAILABLE
        | PropertyId::WILDCARD_SUBSCRIPTION_AVAILABLE
        | PropertyId::SUBSCRIPTION_IDENTIFIER_AVAILABLE
        | PropertyId::SHARED_SUBSCRIPTION_AVAILABLE => number <= 1,
        PropertyId::RECEIVE_MAXIMUM
        | PropertyId::MAXIMUM_PACKET_SIZE
        | PropertyId::TOPIC_ALIAS
        | PropertyId::SUBSCRIPTION_IDENTIFIER => number != 0,
        _ => true,
    }
}

/// The rule that a number breaks as the value of this property.
pub(crate) fn broken_value_rule(id: PropertyId, number: u32) -> Option<Rule> {
    if value_is_legal(id, number) {
        return None;
    }
    Some(match id {
        PropertyId::PAYLOAD_FORMAT_INDICATOR => Rule::PayloadFormatIndicatorValue,
        PropertyId::REQUEST_PROBLEM_INFORMATION => Rule::RequestProblemInformationValue,
        PropertyId::REQUEST_RESPONSE_INFORMATION => Rule::RequestResponseInformationValue,
        PropertyId::MAXIMUM_QOS => Rule::MaximumQosValue,
        PropertyId::RETAIN_AVAILABLE => Rule::RetainAvailableValue,
        PropertyId::WILDCARD_SUBSCRIPTION_AVAILABLE => Rule::WildcardSubscriptionAvailableValue,
        PropertyId::SUBSCRIPTION_IDENTIFIER_AVAILABLE => Rule::SubscriptionIdentifierAvailableValue,
        PropertyId::SHARED_SUBSCRIPTION_AVAILABLE => Rule::SharedSubscriptionAvailableValue,
        PropertyId::RECEIVE_MAXIMUM => Rule::ReceiveMaximumZero,
        PropertyId::MAXIMUM_PACKET_SIZE => Rule::MaximumPacketSizeZero,
        PropertyId::TOPIC_ALIAS => Rule::TopicAliasZero,
        PropertyId::SUBSCRIPTION_IDENTIFIER => Rule::SubscriptionIdentifierZero,
        _ => return None,
    })
}
