//! The one table of properties: a row each with variant, constant, getter, identifier, name, type, and the blocks in which it
//! may stand. User Property is not among them: it has two values, and stands anywhere.

/// Hands every row to a macro, so that each of the types that are made of them is in the file where it belongs.
macro_rules! property_rows {
    ($then:ident) => {
        $then! {
            /// 1: the payload is UTF-8; 0: unspecified bytes.
            PayloadFormatIndicator, PAYLOAD_FORMAT_INDICATOR, payload_format_indicator = 0x01,
                "payload format indicator", Byte u8, will 1, [Publish];
            /// Lifetime of the message in seconds.
            MessageExpiryInterval, MESSAGE_EXPIRY_INTERVAL, message_expiry_interval = 0x02,
                "message expiry interval", FourByteInteger u32, will 1, [Publish];
            /// What the payload is, in the application's words.
            ContentType, CONTENT_TYPE, content_type = 0x03, "content type", Utf8String &'a str, will 1, [Publish];
            /// Topic name for the answer to this message.
            ResponseTopic, RESPONSE_TOPIC, response_topic = 0x08,
                "response topic", Utf8String &'a str, will 1, [Publish];
            /// Tells the requester which request an answer belongs to.
            CorrelationData, CORRELATION_DATA, correlation_data = 0x09,
                "correlation data", BinaryData &'a [u8], will 1, [Publish];
            /// Number that the client gave a subscription, 1 to 268,435,455. In PUBLISH it may repeat.
            SubscriptionIdentifier, SUBSCRIPTION_IDENTIFIER, subscription_identifier = 0x0B,
                "subscription identifier", VariableByteInteger u32, will 0, [Publish Subscribe];
            /// How long the session outlives its connection, in seconds; `u32::MAX`: for ever.
            SessionExpiryInterval, SESSION_EXPIRY_INTERVAL, session_expiry_interval = 0x11,
                "session expiry interval", FourByteInteger u32, will 0, [Connect Connack Disconnect];
            /// The client identifier that the server chose.
            AssignedClientIdentifier, ASSIGNED_CLIENT_IDENTIFIER, assigned_client_identifier = 0x12,
                "assigned client identifier", Utf8String &'a str, will 0, [Connack];
            /// Keep alive that the server imposes, in seconds.
            ServerKeepAlive, SERVER_KEEP_ALIVE, server_keep_alive = 0x13,
                "server keep alive", TwoByteInteger u16, will 0, [Connack];
            /// Name of the authentication method.
            AuthenticationMethod, AUTHENTICATION_METHOD, authentication_method = 0x15,
                "authentication method", Utf8String &'a str, will 0, [Connect Connack Auth];
            /// Bytes of the authentication method.
            AuthenticationData, AUTHENTICATION_DATA, authentication_data = 0x16,
                "authentication data", BinaryData &'a [u8], will 0, [Connect Connack Auth];
            /// 0: the client wants no reason strings and user properties on packets other than PUBLISH, CONNACK, DISCONNECT.
            RequestProblemInformation, REQUEST_PROBLEM_INFORMATION, request_problem_information = 0x17,
                "request problem information", Byte u8, will 0, [Connect];
            /// Seconds between the end of the connection and the will.
            WillDelayInterval, WILL_DELAY_INTERVAL, will_delay_interval = 0x18,
                "will delay interval", FourByteInteger u32, will 1, [];
            /// 1: the client asks for response information.
            RequestResponseInformation, REQUEST_RESPONSE_INFORMATION, request_response_information = 0x19,
                "request response information", Byte u8, will 0, [Connect];
            /// Base for response topics.
            ResponseInformation, RESPONSE_INFORMATION, response_information = 0x1A,
                "response information", Utf8String &'a str, will 0, [Connack];
            /// Another server to use.
            ServerReference, SERVER_REFERENCE, server_reference = 0x1C,
                "server reference", Utf8String &'a str, will 0, [Connack Disconnect];
            /// Explanation for people.
            ReasonString, REASON_STRING, reason_string = 0x1F, "reason string", Utf8String &'a str, will 0,
                [Connack Puback Pubrec Pubrel Pubcomp Suback Unsuback Disconnect Auth];
            /// Most unacknowledged PUBLISH packets of QoS 1 and 2 that the sender takes, 1 to 65,535.
            ReceiveMaximum, RECEIVE_MAXIMUM, receive_maximum = 0x21,
                "receive maximum", TwoByteInteger u16, will 0, [Connect Connack];
            /// Highest topic alias that the sender takes; 0: none.
            TopicAliasMaximum, TOPIC_ALIAS_MAXIMUM, topic_alias_maximum = 0x22,
                "topic alias maximum", TwoByteInteger u16, will 0, [Connect Connack];
            /// Number that stands for the topic name, 1 to 65,535.
            TopicAlias, TOPIC_ALIAS, topic_alias = 0x23, "topic alias", TwoByteInteger u16, will 0, [Publish];
            /// Highest QoS that the server takes: 0 or 1.
            MaximumQoS, MAXIMUM_QOS, maximum_qos = 0x24, "maximum qos", Byte u8, will 0, [Connack];
            /// 0: the server keeps no retained messages.
            RetainAvailable, RETAIN_AVAILABLE, retain_available = 0x25,
                "retain available", Byte u8, will 0, [Connack];
            /// Largest packet in bytes that the sender takes, at least 1.
            MaximumPacketSize, MAXIMUM_PACKET_SIZE, maximum_packet_size = 0x27,
                "maximum packet size", FourByteInteger u32, will 0, [Connect Connack];
            /// 0: the server has no wildcard subscriptions.
            WildcardSubscriptionAvailable, WILDCARD_SUBSCRIPTION_AVAILABLE, wildcard_subscription_available = 0x28,
                "wildcard subscription available", Byte u8, will 0, [Connack];
            /// 0: the server has no subscription identifiers.
            SubscriptionIdentifierAvailable, SUBSCRIPTION_IDENTIFIER_AVAILABLE, subscription_identifier_available = 0x29,
                "subscription identifier available", Byte u8, will 0, [Connack];
            /// 0: the server has no shared subscriptions.
            SharedSubscriptionAvailable, SHARED_SUBSCRIPTION_AVAILABLE, shared_subscription_available = 0x2A,
                "shared subscription available", Byte u8, will 0, [Connack];
        }
    };
}

pub(crate) use property_rows;
