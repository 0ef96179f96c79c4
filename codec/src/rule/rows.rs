// The rows of the table in `table.rs`: name, sort of error, layer, reason code, sentence; then the ids, each with text, sender
// and packets (none: all). Of several ids that fit, the first one counts.

rules! {
    ReservedPacketType "reserved-packet-type" Malformed Framing MALFORMED_PACKET
        "Packet type 0 is reserved, and so is 15 before 5.0."
        { V3 Server [] "U3-25"  V3 Either [] "U3-01"  V5 Server [] "U5-217"  V5 Either [] "U5-009" }
    WrongDirection "wrong-direction" ProtocolError Semantics PROTOCOL_ERROR
        "Some packet types flow in one direction only."
        { V3 Server [] "U3-25"  V5 Server [] "U5-217"
         V3 Client [Connack Suback Unsuback Pingresp] "U3-02"  V5 Client [Connack] "U5-010"
         V5 Client [Suback] "U5-011"  V5 Client [Unsuback] "U5-012"  V5 Client [Pingresp] "U5-013" }
    FixedHeaderFlags "fixed-header-flags" Malformed Framing MALFORMED_PACKET
        "The flags of the fixed header have a fixed value in every packet but PUBLISH."
        { V3 Either [Pubrel] "MQTT-3.6.1-1"  V3 Either [Subscribe] "MQTT-3.8.1-1"
         V3 Either [Unsubscribe] "MQTT-3.10.1-1"  V3 Either [Disconnect] "MQTT-3.14.1-1"
         V3 Server [] "MQTT-2.2.2-1"  V3 Either [Connack Suback Unsuback Pingresp] "MQTT-2.2.2-1"
         V3 Either [] "MQTT-2.2.2-2"  V5 Either [Pubrel] "MQTT-3.6.1-1"  V5 Either [Subscribe] "MQTT-3.8.1-1"
         V5 Either [Unsubscribe] "MQTT-3.10.1-1"  V5 Either [Disconnect] "MQTT-3.14.1-1"
         V5 Either [Auth] "MQTT-3.15.1-1"  V5 Server [] "MQTT-2.1.3-1"  V5 Either [Connect] "U5-014"
         V5 Either [Puback] "U5-015"  V5 Either [Pubrec] "U5-016"  V5 Either [Pubcomp] "U5-017"
         V5 Either [Pingreq] "U5-018"  V5 Either [] "MQTT-2.1.3-1" }
    PublishQos3 "publish-qos-3" Malformed Fields MALFORMED_PACKET
        "The QoS of a PUBLISH is 0, 1 or 2."
        { V3 Either [] "MQTT-3.3.1-4"  V5 Either [] "MQTT-3.3.1-4" }
    DupWithQos0 "dup-with-qos-0" Malformed Fields MALFORMED_PACKET
        "A PUBLISH of QoS 0 has DUP 0."
        { V3 Either [] "MQTT-3.3.1-2"  V5 Either [] "MQTT-3.3.1-2" }
    VariableByteIntegerTooLong "variable-byte-integer-too-long" Malformed Framing MALFORMED_PACKET
        "A variable byte integer ends with its fourth byte at the latest."
        { V3 Either [] "U3-03"  V5 Either [] "U5-005" }
    NonMinimalVariableByteInteger "non-minimal-variable-byte-integer" Malformed Framing MALFORMED_PACKET
        "A variable byte integer takes as few bytes as its value needs (5.0)."
        { V5 Either [] "MQTT-1.5.5-1" }
    PacketTooLarge "packet-too-large" TooLarge Framing PACKET_TOO_LARGE
        "A packet is not larger than the receiver allows."
        { V5 Server [] "MQTT-3.1.2-24"  V5 Either [Connack Suback Unsuback Pingresp] "MQTT-3.1.2-24"
         V5 Either [Connect] "U5-081"  V5 Either [] "MQTT-3.2.2-15" }
    TooManyUserProperties "too-many-user-properties" TooLarge Fields QUOTA_EXCEEDED
        "A block of properties has no more User Properties than the receiver allows."
        {}
    TooManyTopicFilters "too-many-topic-filters" TooLarge Fields QUOTA_EXCEEDED
        "A SUBSCRIBE or UNSUBSCRIBE has no more topic filters than the receiver allows."
        {}
    StringTooLong "string-too-long" TooLarge Fields QUOTA_EXCEEDED
        "A string is not longer than the receiver allows."
        {}
    Truncated "truncated" Malformed Framing MALFORMED_PACKET
        "The remaining length covers every field that the packet must have."
        { V3 Either [Puback Pubrec Pubrel Pubcomp] "U3-12"  V3 Either [] "U3-04"
         V5 Either [Connect] "MQTT-3.1.4-1"  V5 Either [Publish] "U5-024"  V5 Either [Puback] "U5-020"
         V5 Either [Pubrec] "U5-021"  V5 Either [Pubrel] "U5-022"  V5 Either [Pubcomp] "U5-023"
         V5 Either [Subscribe] "U5-163"  V5 Either [Unsubscribe] "U5-175" }
    StringPastEnd "string-past-end" Malformed Framing MALFORMED_PACKET
        "A string ends within its packet."
        { V3 Either [] "U3-04"  V5 Either [Unsubscribe] "U5-175"  V5 Either [] "U5-004" }
    BinaryPastEnd "binary-past-end" Malformed Framing MALFORMED_PACKET
        "Binary data ends within its packet."
        { V3 Either [] "U3-04"  V5 Either [] "U5-007" }
    TrailingBytes "trailing-bytes" Malformed Framing MALFORMED_PACKET
        "A packet ends with its last field."
        { V3 Either [Puback Pubrec Pubrel Pubcomp] "U3-12"  V3 Either [] "U3-04"
         V5 Server [] "U5-216"  V5 Either [Connect] "U5-065"
         V5 Either [Puback] "U5-026"  V5 Either [Pingreq] "U5-019"  V5 Either [Disconnect] "U5-025" }
    PropertyLengthMissing "property-length-missing" Malformed Framing MALFORMED_PACKET
        "The Property Length is not left out, even if there are no properties."
        { V5 Either [Connect Publish Subscribe Unsubscribe] "U5-031"  V5 Either [] "MQTT-2.2.2-1" }
    PropertyLengthPastEnd "property-length-past-end" Malformed Framing MALFORMED_PACKET
        "The properties end within their packet."
        { V5 Either [] "U5-030" }
    PropertyCutOff "property-cut-off" Malformed Framing MALFORMED_PACKET
        "The value of a property is complete within the Property Length."
        { V5 Server [] "U5-046"  V5 Either [Connack Suback Unsuback] "U5-046"  V5 Either [] "U5-044" }
    UserPropertyCutOff "user-property-cut-off" Malformed Framing MALFORMED_PACKET
        "A User Property has a complete name and a complete value within the Property Length."
        { V5 Server [] "U5-046"  V5 Either [Connack Suback Unsuback] "U5-046"  V5 Either [] "U5-008" }
    ClientIdUtf8 "client-id-utf8" Malformed Text MALFORMED_PACKET
        "The client identifier is well-formed UTF-8."
        { V3 Either [] "MQTT-3.1.3-4"  V5 Either [] "MQTT-3.1.3-4" }
    WillTopicUtf8 "will-topic-utf8" Malformed Text MALFORMED_PACKET
        "The will topic is well-formed UTF-8."
        { V3 Either [] "MQTT-3.1.3-10"  V5 Either [] "MQTT-3.1.3-11" }
    UserNameUtf8 "user-name-utf8" Malformed Text MALFORMED_PACKET
        "The user name is well-formed UTF-8."
        { V3 Either [] "MQTT-3.1.3-11"  V5 Either [] "MQTT-3.1.3-12" }
    TopicNameUtf8 "topic-name-utf8" Malformed Text MALFORMED_PACKET
        "The topic name is well-formed UTF-8."
        { V3 Either [] "MQTT-3.3.2-1"  V5 Either [] "MQTT-3.3.2-1" }
    TopicFilterUtf8 "topic-filter-utf8" Malformed Text MALFORMED_PACKET
        "A topic filter is well-formed UTF-8."
        { V3 Either [Subscribe] "MQTT-3.8.3-1"  V3 Either [Unsubscribe] "MQTT-3.10.3-1"
         V5 Either [Subscribe] "MQTT-3.8.3-1"  V5 Either [Unsubscribe] "MQTT-3.10.3-1" }
    ResponseTopicUtf8 "response-topic-utf8" Malformed Text MALFORMED_PACKET
        "The response topic is well-formed UTF-8."
        { V5 Either [Publish] "MQTT-3.3.2-13"  V5 Either [] "MQTT-1.5.4-1" }
    ContentTypeUtf8 "content-type-utf8" Malformed Text MALFORMED_PACKET
        "The content type is well-formed UTF-8."
        { V5 Either [Publish] "MQTT-3.3.2-19"  V5 Either [] "MQTT-1.5.4-1" }
    UserPropertyUtf8 "user-property-utf8" Malformed Text MALFORMED_PACKET
        "Name and value of a User Property are well-formed UTF-8."
        { V5 Either [] "MQTT-1.5.7-1" }
    StringUtf8 "string-utf8" Malformed Text MALFORMED_PACKET
        "A string is well-formed UTF-8."
        { V3 Either [] "MQTT-1.5.3-1"  V5 Either [] "MQTT-1.5.4-1" }
    NulInString "nul-in-string" Malformed Text MALFORMED_PACKET
        "A string does not hold U+0000."
        { V3 Either [] "MQTT-1.5.3-2"  V5 Either [] "MQTT-1.5.4-2" }
    NulInTopic "nul-in-topic" Malformed Text MALFORMED_PACKET
        "A topic name or topic filter does not hold U+0000."
        { V3 Either [] "MQTT-4.7.3-2"  V5 Either [] "MQTT-4.7.3-2" }
    TopicNameEmpty "topic-name-empty" ProtocolError Semantics PROTOCOL_ERROR
        "A topic name has at least one character; in 5.0 a topic alias may stand for it."
        { V3 Either [] "MQTT-4.7.3-1"  V5 Either [] "U5-121" }
    TopicNameWildcard "topic-name-wildcard" ProtocolError Semantics PROTOCOL_ERROR
        "A topic name has no wildcards."
        { V3 Either [] "MQTT-3.3.2-2"  V5 Either [] "MQTT-3.3.2-2" }
    WillTopicEmpty "will-topic-empty" ProtocolError Semantics PROTOCOL_ERROR
        "The will topic has at least one character."
        { V3 Either [] "MQTT-4.7.3-1"  V5 Either [] "U5-077" }
    WillTopicWildcard "will-topic-wildcard" ProtocolError Semantics PROTOCOL_ERROR
        "The will topic has no wildcards."
        { V3 Either [] "MQTT-4.7.1-1"  V5 Either [] "U5-077" }
    ResponseTopicEmpty "response-topic-empty" ProtocolError Semantics PROTOCOL_ERROR
        "A response topic is a topic name and has at least one character."
        { V5 Either [] "MQTT-4.7.3-1" }
    ResponseTopicWildcard "response-topic-wildcard" ProtocolError Semantics PROTOCOL_ERROR
        "A response topic has no wildcards."
        { V5 Either [Connect] "U5-075"  V5 Either [] "MQTT-3.3.2-14" }
    TopicFilterEmpty "topic-filter-empty" ProtocolError Semantics PROTOCOL_ERROR
        "A topic filter has at least one character."
        { V3 Either [] "MQTT-4.7.3-1"  V5 Either [] "MQTT-4.7.3-1" }
    MultiLevelWildcard "multi-level-wildcard" ProtocolError Semantics PROTOCOL_ERROR
        "In a topic filter # is the last character and alone in its level."
        { V3 Either [] "MQTT-4.7.1-2"  V5 Either [] "MQTT-4.7.1-1" }
    SingleLevelWildcard "single-level-wildcard" ProtocolError Semantics PROTOCOL_ERROR
        "In a topic filter + is alone in its level."
        { V3 Either [] "MQTT-4.7.1-3"  V5 Either [] "MQTT-4.7.1-2" }
    ShareNameEmpty "share-name-empty" ProtocolError Semantics PROTOCOL_ERROR
        "The share name of a shared subscription has at least one character."
        { V5 Either [] "MQTT-4.8.2-1" }
    ShareName "share-name" ProtocolError Semantics PROTOCOL_ERROR
        "A share name has no wildcards and is followed by a slash and a topic filter."
        { V5 Either [] "MQTT-4.8.2-2" }
    PacketIdZero "packet-id-zero" ProtocolError Semantics PROTOCOL_ERROR
        "A packet identifier is not 0."
        { V3 Either [Puback Pubrec Pubrel] "MQTT-2.3.1-6"  V3 Either [Pubcomp] "MQTT-4.3.3-2"
         V3 Either [Suback Unsuback] "MQTT-2.3.1-7"  V3 Either [] "MQTT-2.3.1-1"
         V5 Server [Publish] "MQTT-2.2.1-4"  V5 Either [Publish Subscribe Unsubscribe] "MQTT-2.2.1-3"
         V5 Either [Suback Unsuback] "MQTT-2.2.1-6"  V5 Server [] "MQTT-2.2.1-5"  V5 Either [] "U5-027" }
    ProtocolName "protocol-name" ProtocolError Semantics UNSUPPORTED_PROTOCOL_VERSION
        "The protocol name is that of the version."
        { V3 Either [] "MQTT-3.1.2-1"  V5 Either [] "MQTT-3.1.2-1" }
    ProtocolLevel "protocol-level" ProtocolError Semantics UNSUPPORTED_PROTOCOL_VERSION
        "The protocol level is that of the version."
        { V3 Either [] "MQTT-3.1.2-2"  V5 Either [] "MQTT-3.1.2-2" }
    ConnectReservedFlag "connect-reserved-flag" Malformed Fields MALFORMED_PACKET
        "Bit 0 of the connect flags is 0."
        { V3 Either [] "MQTT-3.1.2-3"  V5 Either [] "MQTT-3.1.2-3" }
    WillQosWithoutWill "will-qos-without-will" Malformed Fields MALFORMED_PACKET
        "Without a will the Will QoS is 0."
        { V3 Either [] "MQTT-3.1.2-13"  V5 Either [] "MQTT-3.1.2-11" }
    WillRetainWithoutWill "will-retain-without-will" Malformed Fields MALFORMED_PACKET
        "Without a will the Will Retain flag is 0."
        { V3 Either [] "MQTT-3.1.2-15"  V5 Either [] "MQTT-3.1.2-13" }
    WillQos3 "will-qos-3" Malformed Fields MALFORMED_PACKET
        "The Will QoS is 0, 1 or 2."
        { V3 Either [] "MQTT-3.1.2-14"  V5 Either [] "MQTT-3.1.2-12" }
    PasswordWithoutUserName "password-without-user-name" Malformed Fields MALFORMED_PACKET
        "Without a user name there is no password (before 5.0)."
        { V3 Either [] "MQTT-3.1.2-22" }
    ClientIdMissing "client-id-missing" Malformed Fields MALFORMED_PACKET
        "The payload of CONNECT begins with the client identifier."
        { V3 Either [] "MQTT-3.1.3-3"  V5 Either [] "MQTT-3.1.3-3" }
    ClientIdLength "client-id-length" ProtocolError Semantics CLIENT_IDENTIFIER_NOT_VALID
        "The client identifier has 1 to 23 characters (3.1)."
        {}
    EmptyClientId "empty-client-id" ProtocolError Semantics CLIENT_IDENTIFIER_NOT_VALID
        "A client without client identifier asks for a clean session (3.1.1)."
        { V3 Either [] "MQTT-3.1.3-7" }
    WillMissing "will-missing" Malformed Fields MALFORMED_PACKET
        "With the Will flag the payload holds a will."
        { V3 Either [] "MQTT-3.1.2-9"  V5 Either [] "MQTT-3.1.2-9" }
    UserNameMissing "user-name-missing" Malformed Fields MALFORMED_PACKET
        "With the User Name flag the payload holds a user name."
        { V3 Either [] "MQTT-3.1.2-19"  V5 Either [] "MQTT-3.1.2-17" }
    PasswordMissing "password-missing" Malformed Fields MALFORMED_PACKET
        "With the Password flag the payload holds a password."
        { V3 Either [] "MQTT-3.1.2-21"  V5 Either [] "MQTT-3.1.2-19" }
    AuthenticationDataWithoutMethod "authentication-data-without-method" ProtocolError Semantics PROTOCOL_ERROR
        "CONNECT has authentication data only with an authentication method."
        { V5 Either [] "U5-063" }
    ConnackFlags "connack-flags" Malformed Fields MALFORMED_PACKET
        "Bits 7 to 1 of the connect acknowledge flags are 0."
        { V3 Either [] "U3-08"  V5 Either [] "MQTT-3.2.2-1" }
    SessionPresentWithError "session-present-with-error" ProtocolError Semantics PROTOCOL_ERROR
        "A CONNACK that refuses has Session Present 0."
        { V3 Either [] "MQTT-3.2.2-4"  V5 Either [] "MQTT-3.2.2-6" }
    UndefinedReasonCode "undefined-reason-code" ProtocolError Fields PROTOCOL_ERROR
        "A reason code is one of those that its packet has."
        { V3 Either [Connack] "U3-09"  V3 Either [Suback] "MQTT-3.9.3-2"  V5 Either [Connack] "MQTT-3.2.2-8"
         V5 Either [Puback] "MQTT-3.4.2-1"  V5 Either [Pubrec] "MQTT-3.5.2-1"  V5 Either [Pubrel] "MQTT-3.6.2-1"
         V5 Either [Pubcomp] "MQTT-3.7.2-1"  V5 Either [Suback] "MQTT-3.9.3-2"
         V5 Either [Unsuback] "MQTT-3.11.3-2"  V5 Either [Disconnect] "MQTT-3.14.2-1"
         V5 Either [Auth] "MQTT-3.15.2-1" }
    ReasonCodeFromWrongSide "reason-code-from-wrong-side" ProtocolError Semantics PROTOCOL_ERROR
        "Some reason codes of DISCONNECT and AUTH are for one side only."
        { V5 Client [Disconnect] "U5-183"  V5 Client [Auth] "U5-194"  V5 Either [Disconnect] "MQTT-3.14.2-1"
         V5 Either [Auth] "MQTT-3.15.2-1" }
    NoTopicFilter "no-topic-filter" ProtocolError Semantics PROTOCOL_ERROR
        "SUBSCRIBE and UNSUBSCRIBE have at least one topic filter."
        { V3 Either [Unsubscribe] "MQTT-3.10.3-2"  V3 Either [] "MQTT-3.8.3-3"
         V5 Either [Unsubscribe] "MQTT-3.10.3-2"  V5 Either [] "MQTT-3.8.3-2" }
    RequestedQos3 "requested-qos-3" ProtocolError Fields PROTOCOL_ERROR
        "The QoS that a subscription asks for is 0, 1 or 2."
        { V3 Either [] "MQTT-3.8.3-4"  V5 Either [] "U5-165" }
    SubscriptionReservedBits "subscription-reserved-bits" Malformed Fields MALFORMED_PACKET
        "The reserved bits behind a topic filter are 0."
        { V3 Either [] "MQTT-3.8.3-4"  V5 Either [] "MQTT-3.8.3-5" }
    RetainHandling3 "retain-handling-3" ProtocolError Fields PROTOCOL_ERROR
        "Retain Handling is 0, 1 or 2."
        { V5 Either [] "U5-166" }
    NoLocalShared "no-local-shared" ProtocolError Semantics PROTOCOL_ERROR
        "A shared subscription does not have No Local."
        { V5 Either [] "MQTT-3.8.3-4" }
    NoReasonCodes "no-reason-codes" Malformed Fields MALFORMED_PACKET
        "SUBACK, and in 5.0 UNSUBACK, has a reason code for each topic filter, so at least one."
        { V3 Either [] "MQTT-3.9.3-1"  V5 Either [Unsuback] "MQTT-3.11.3-1"  V5 Either [] "MQTT-3.9.3-1" }
    AuthenticationMethodMissing "authentication-method-missing" ProtocolError Semantics PROTOCOL_ERROR
        "AUTH has an authentication method, so its short form without properties is never right."
        { V5 Either [] "U5-195" }
    UnknownProperty "unknown-property" Malformed Fields MALFORMED_PACKET
        "A property identifier is one that 5.0 defines."
        { V5 Server [] "U5-046"  V5 Either [Connack Suback Unsuback] "U5-046"  V5 Either [] "U5-043" }
    ForeignProperty "foreign-property" Malformed Fields MALFORMED_PACKET
        "A property stands only in packets that have it."
        { V5 Server [] "U5-046"  V5 Either [Connect] "U5-032"  V5 Either [Publish] "U5-034"
         V5 Either [Puback] "U5-035"  V5 Either [Pubrec] "U5-036"  V5 Either [Pubrel] "U5-037"
         V5 Either [Pubcomp] "U5-038"  V5 Either [Subscribe] "U5-039"  V5 Either [Unsubscribe] "U5-040"
         V5 Either [Disconnect] "U5-041"  V5 Either [Auth] "U5-042"  V5 Either [] "U5-046" }
    ForeignWillProperty "foreign-will-property" Malformed Fields MALFORMED_PACKET
        "The will has only properties that belong there."
        { V5 Either [] "U5-033" }
    SubscriptionIdentifierFromClient "subscription-identifier-from-client" ProtocolError Semantics PROTOCOL_ERROR
        "A PUBLISH from a client has no Subscription Identifier."
        { V5 Either [] "MQTT-3.3.4-6" }
    SessionExpiryFromServer "session-expiry-from-server" ProtocolError Semantics PROTOCOL_ERROR
        "A DISCONNECT from a server has no Session Expiry Interval."
        { V5 Either [] "MQTT-3.14.2-2" }
    PayloadFormatIndicatorValue "payload-format-indicator-value" ProtocolError Fields PROTOCOL_ERROR
        "The Payload Format Indicator is 0 or 1."
        { V5 Either [Connect] "U5-069"  V5 Either [] "U5-123" }
    RequestProblemInformationValue "request-problem-information-value" ProtocolError Fields PROTOCOL_ERROR
        "Request Problem Information is 0 or 1."
        { V5 Either [] "U5-060" }
    RequestResponseInformationValue "request-response-information-value" ProtocolError Fields PROTOCOL_ERROR
        "Request Response Information is 0 or 1."
        { V5 Either [] "U5-058" }
    MaximumQosValue "maximum-qos-value" ProtocolError Fields PROTOCOL_ERROR
        "Maximum QoS is 0 or 1."
        { V5 Either [] "U5-087" }
    RetainAvailableValue "retain-available-value" ProtocolError Fields PROTOCOL_ERROR
        "Retain Available is 0 or 1."
        { V5 Either [] "U5-090" }
    WildcardSubscriptionAvailableValue "wildcard-subscription-available-value" ProtocolError Fields PROTOCOL_ERROR
        "Wildcard Subscription Available is 0 or 1."
        { V5 Either [] "U5-100" }
    SubscriptionIdentifierAvailableValue "subscription-identifier-available-value" ProtocolError Fields PROTOCOL_ERROR
        "Subscription Identifier Available is 0 or 1."
        { V5 Either [] "U5-105" }
    SharedSubscriptionAvailableValue "shared-subscription-available-value" ProtocolError Fields PROTOCOL_ERROR
        "Shared Subscription Available is 0 or 1."
        { V5 Either [] "U5-109" }
    ReceiveMaximumZero "receive-maximum-zero" ProtocolError Fields PROTOCOL_ERROR
        "Receive Maximum is not 0."
        { V5 Either [Connack] "U5-085"  V5 Either [] "U5-053" }
    MaximumPacketSizeZero "maximum-packet-size-zero" ProtocolError Fields PROTOCOL_ERROR
        "Maximum Packet Size is not 0."
        { V5 Either [Connack] "U5-094"  V5 Either [] "U5-055" }
    TopicAliasZero "topic-alias-zero" ProtocolError Fields TOPIC_ALIAS_INVALID
        "A Topic Alias is not 0."
        { V5 Either [] "MQTT-3.3.2-8" }
    SubscriptionIdentifierZero "subscription-identifier-zero" ProtocolError Fields PROTOCOL_ERROR
        "A Subscription Identifier is not 0."
        { V5 Either [Subscribe] "U5-162"  V5 Server [Publish] "U5-132"  V5 Either [] "U5-131" }
    DuplicatePayloadFormatIndicator "duplicate-payload-format-indicator" ProtocolError Semantics PROTOCOL_ERROR
        "Payload Format Indicator comes at most once."
        { V5 Either [Connect] "U5-068"  V5 Client [Publish] "U5-122"  V5 Either [] "U5-046" }
    DuplicateMessageExpiryInterval "duplicate-message-expiry-interval" ProtocolError Semantics PROTOCOL_ERROR
        "Message Expiry Interval comes at most once."
        { V5 Either [Connect] "U5-071"  V5 Client [Publish] "U5-125"  V5 Either [] "U5-046" }
    DuplicateContentType "duplicate-content-type" ProtocolError Semantics PROTOCOL_ERROR
        "Content Type comes at most once."
        { V5 Either [Connect] "U5-073"  V5 Client [Publish] "U5-133"  V5 Either [] "U5-046" }
    DuplicateResponseTopic "duplicate-response-topic" ProtocolError Semantics PROTOCOL_ERROR
        "Response Topic comes at most once."
        { V5 Either [Connect] "U5-074"  V5 Client [Publish] "U5-128"  V5 Either [] "U5-046" }
    DuplicateCorrelationData "duplicate-correlation-data" ProtocolError Semantics PROTOCOL_ERROR
        "Correlation Data comes at most once."
        { V5 Either [Connect] "U5-076"  V5 Client [Publish] "U5-130"  V5 Either [] "U5-046" }
    DuplicateSubscriptionIdentifier "duplicate-subscription-identifier" ProtocolError Semantics PROTOCOL_ERROR
        "Subscription Identifier (in SUBSCRIBE) comes at most once."
        { V5 Either [Subscribe] "U5-161"  V5 Either [] "U5-046" }
    DuplicateSessionExpiryInterval "duplicate-session-expiry-interval" ProtocolError Semantics PROTOCOL_ERROR
        "Session Expiry Interval comes at most once."
        { V5 Either [Connect] "U5-051"  V5 Either [Connack] "U5-082"  V5 Client [Disconnect] "U5-184"
         V5 Either [] "U5-046" }
    DuplicateAssignedClientIdentifier "duplicate-assigned-client-identifier" ProtocolError Semantics PROTOCOL_ERROR
        "Assigned Client Identifier comes at most once."
        { V5 Either [Connack] "U5-096"  V5 Either [] "U5-046" }
    DuplicateServerKeepAlive "duplicate-server-keep-alive" ProtocolError Semantics PROTOCOL_ERROR
        "Server Keep Alive comes at most once."
        { V5 Either [Connack] "U5-112"  V5 Either [] "U5-046" }
    DuplicateAuthenticationMethod "duplicate-authentication-method" ProtocolError Semantics PROTOCOL_ERROR
        "Authentication Method comes at most once."
        { V5 Either [Connect] "U5-062"  V5 Either [Connack] "U5-116"  V5 Client [Auth] "U5-196"
         V5 Either [] "U5-046" }
    DuplicateAuthenticationData "duplicate-authentication-data" ProtocolError Semantics PROTOCOL_ERROR
        "Authentication Data comes at most once."
        { V5 Either [Connect] "U5-064"  V5 Either [Connack] "U5-117"  V5 Client [Auth] "U5-197"
         V5 Either [] "U5-046" }
    DuplicateRequestProblemInformation "duplicate-request-problem-information" ProtocolError Semantics PROTOCOL_ERROR
        "Request Problem Information comes at most once."
        { V5 Either [Connect] "U5-059"  V5 Either [] "U5-046" }
    DuplicateWillDelayInterval "duplicate-will-delay-interval" ProtocolError Semantics PROTOCOL_ERROR
        "Will Delay Interval comes at most once."
        { V5 Either [Connect] "U5-067"  V5 Either [] "U5-046" }
    DuplicateRequestResponseInformation "duplicate-request-response-information" ProtocolError Semantics PROTOCOL_ERROR
        "Request Response Information comes at most once."
        { V5 Either [Connect] "U5-057"  V5 Either [] "U5-046" }
    DuplicateResponseInformation "duplicate-response-information" ProtocolError Semantics PROTOCOL_ERROR
        "Response Information comes at most once."
        { V5 Either [Connack] "U5-113"  V5 Either [] "U5-046" }
    DuplicateServerReference "duplicate-server-reference" ProtocolError Semantics PROTOCOL_ERROR
        "Server Reference comes at most once."
        { V5 Either [Connack] "U5-114"  V5 Server [Disconnect] "U5-190"  V5 Either [Disconnect] "U5-189"
         V5 Either [] "U5-046" }
    DuplicateReasonString "duplicate-reason-string" ProtocolError Semantics PROTOCOL_ERROR
        "Reason String comes at most once."
        { V5 Either [Connack] "U5-098"  V5 Server [Puback] "U5-146"  V5 Either [Puback] "U5-145"
         V5 Server [Pubrec] "U5-150"  V5 Either [Pubrec] "U5-149"  V5 Server [Pubrel] "U5-155"
         V5 Either [Pubrel] "U5-154"  V5 Server [Pubcomp] "U5-160"  V5 Either [Pubcomp] "U5-159"
         V5 Either [Suback] "U5-173"  V5 Either [Unsuback] "U5-178"  V5 Server [Disconnect] "U5-187"
         V5 Either [Disconnect] "U5-188"  V5 Server [Auth] "U5-198"  V5 Either [Auth] "U5-199"
         V5 Either [] "U5-046" }
    DuplicateReceiveMaximum "duplicate-receive-maximum" ProtocolError Semantics PROTOCOL_ERROR
        "Receive Maximum comes at most once."
        { V5 Either [Connect] "U5-052"  V5 Either [Connack] "U5-084"  V5 Either [] "U5-046" }
    DuplicateTopicAliasMaximum "duplicate-topic-alias-maximum" ProtocolError Semantics PROTOCOL_ERROR
        "Topic Alias Maximum comes at most once."
        { V5 Either [Connect] "U5-056"  V5 Either [Connack] "U5-097"  V5 Either [] "U5-046" }
    DuplicateTopicAlias "duplicate-topic-alias" ProtocolError Semantics PROTOCOL_ERROR
        "Topic Alias comes at most once."
        { V5 Client [Publish] "U5-126"  V5 Either [] "U5-046" }
    DuplicateMaximumQos "duplicate-maximum-qos" ProtocolError Semantics PROTOCOL_ERROR
        "Maximum QoS comes at most once."
        { V5 Either [Connack] "U5-086"  V5 Either [] "U5-046" }
    DuplicateRetainAvailable "duplicate-retain-available" ProtocolError Semantics PROTOCOL_ERROR
        "Retain Available comes at most once."
        { V5 Either [Connack] "U5-089"  V5 Either [] "U5-046" }
    DuplicateMaximumPacketSize "duplicate-maximum-packet-size" ProtocolError Semantics PROTOCOL_ERROR
        "Maximum Packet Size comes at most once."
        { V5 Either [Connect] "U5-054"  V5 Either [Connack] "U5-093"  V5 Either [] "U5-046" }
    DuplicateWildcardSubscriptionAvailable "duplicate-wildcard-subscription-available" ProtocolError Semantics PROTOCOL_ERROR
        "Wildcard Subscription Available comes at most once."
        { V5 Either [Connack] "U5-099"  V5 Either [] "U5-046" }
    DuplicateSubscriptionIdentifierAvailable "duplicate-subscription-identifier-available" ProtocolError Semantics PROTOCOL_ERROR
        "Subscription Identifier Available comes at most once."
        { V5 Either [Connack] "U5-104"  V5 Either [] "U5-046" }
    DuplicateSharedSubscriptionAvailable "duplicate-shared-subscription-available" ProtocolError Semantics PROTOCOL_ERROR
        "Shared Subscription Available comes at most once."
        { V5 Either [Connack] "U5-108"  V5 Either [] "U5-046" }
}
