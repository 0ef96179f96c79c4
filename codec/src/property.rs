//! Properties of 5.0: identifiers, one table of types and homes, and the typed values.

use core::fmt;

use crate::version::PacketType;

/// Identifier of a property (5.0 section 2.2.2.2). Every byte is a value; see [`PropertyId::name`] for those known.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PropertyId(pub u8);

/// How the value of a property is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PropertyType {
    /// One byte.
    Byte,
    /// Two bytes, big endian.
    TwoByteInteger,
    /// Four bytes, big endian.
    FourByteInteger,
    /// One to four bytes, seven bits each, lowest first.
    VariableByteInteger,
    /// Two bytes of length, then UTF-8.
    Utf8String,
    /// Two bytes of length, then any bytes.
    BinaryData,
    /// Two strings: name and value.
    Utf8StringPair,
}

/// Where a block of properties stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PropertyHome {
    /// The variable header of this packet.
    Packet(PacketType),
    /// The will in the payload of CONNECT.
    Will,
}

impl PropertyHome {
    pub(crate) const fn bit(self) -> u16 {
        match self {
            Self::Will => 1,
            Self::Packet(packet) => 1 << packet as u16,
        }
    }
}

struct Entry {
    name: &'static str,
    kind: PropertyType,
    homes: u16,
}

/// Highest identifier that 5.0 defines.
pub(crate) const LAST: usize = 0x2A;

macro_rules! properties {
    ($($(#[$doc:meta])* $variant:ident, $constant:ident, $getter:ident = $id:literal, $name:literal,
        $kind:ident $value:ty, will $will:literal, [$($packet:ident)*];)*) => {
        impl PropertyId {
            $($(#[$doc])* pub const $constant: Self = Self($id);)*
        }

        /// The table of properties, indexed by identifier.
        static TABLE: [Option<Entry>; LAST + 1] = {
            let mut table = [const { None }; LAST + 1];
            $(table[$id] = Some(Entry {
                name: $name,
                kind: PropertyType::$kind,
                homes: $will $(| PropertyHome::Packet(PacketType::$packet).bit())*,
            });)*
            table
        };

        /// A property with its value.
        ///
        /// Integers hold what the bytes say; ranges (for example 0 or 1) are rules that the decoder judges.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Property<'a> {
            $($(#[$doc])* $variant($value),)*
            /// A name and a value of the application's choice (0x26). May repeat; order is kept.
            UserProperty(&'a str, &'a str),
        }

        impl Property<'_> {
            /// Identifier of this property.
            pub const fn id(&self) -> PropertyId {
                match self {
                    $(Self::$variant(_) => PropertyId::$constant,)*
                    Self::UserProperty(..) => PropertyId::USER_PROPERTY,
                }
            }
        }

        impl<'a> Property<'a> {
            /// The typed property, from its identifier and raw value; `None` if they do not fit.
            // Where the type of the value is known, little of this is left.
            #[inline(always)]
            pub(crate) fn from_raw(id: PropertyId, raw: RawValue<'a>) -> Option<Self> {
                match (id, raw) {
                    $((PropertyId::$constant, RawValue::$kind(value)) => Some(Self::$variant(value)),)*
                    (PropertyId::USER_PROPERTY, RawValue::Utf8StringPair(name, value)) => {
                        Some(Self::UserProperty(name, value))
                    }
                    _ => None,
                }
            }

            /// The value alone, by its encoding.
            pub(crate) const fn raw(&self) -> RawValue<'a> {
                match *self {
                    $(Self::$variant(value) => RawValue::$kind(value),)*
                    Self::UserProperty(name, value) => RawValue::Utf8StringPair(name, value),
                }
            }
        }

        impl<'a> crate::properties::Properties<'a> {
            $($(#[$doc])*
            ///
            /// `None` if absent; the first one if it repeats.
            pub fn $getter(&self) -> Option<$value> {
                self.iter().find_map(|property| match property {
                    Property::$variant(value) => Some(value),
                    _ => None,
                })
            })*
        }
    };
}

/// A value by its encoding, without its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RawValue<'a> {
    Byte(u8),
    TwoByteInteger(u16),
    FourByteInteger(u32),
    VariableByteInteger(u32),
    Utf8String(&'a str),
    BinaryData(&'a [u8]),
    Utf8StringPair(&'a str, &'a str),
}

properties! {
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

impl PropertyId {
    /// A name and a value of the application's choice. May repeat.
    pub const USER_PROPERTY: Self = Self(0x26);

    /// Every identifier that 5.0 defines, in ascending order.
    pub const ALL: [Self; 27] = {
        let ids = [
            0x01, 0x02, 0x03, 0x08, 0x09, 0x0B, 0x11, 0x12, 0x13, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1A, 0x1C, 0x1F, 0x21,
            0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2A,
        ];
        let mut all = [Self(0); 27];
        let mut index = 0;
        while index < all.len() {
            all[index] = Self(ids[index]);
            index += 1;
        }
        all
    };

    /// Name in lower case; `None` if 5.0 does not define the identifier.
    pub fn name(self) -> Option<&'static str> {
        if self == Self::USER_PROPERTY { Some("user property") } else { self.entry().map(|entry| entry.name) }
    }

    /// How the value is encoded; `None` if 5.0 does not define the identifier.
    #[inline]
    pub const fn value_type(self) -> Option<PropertyType> {
        /// The types alone, which is what reading asks for.
        static TYPES: [Option<PropertyType>; LAST + 1] = {
            let mut types = [None; LAST + 1];
            let mut id = 0;
            while id <= LAST {
                if let Some(entry) = &TABLE[id] {
                    types[id] = Some(entry.kind);
                }
                id += 1;
            }
            types[PropertyId::USER_PROPERTY.0 as usize] = Some(PropertyType::Utf8StringPair);
            types
        };
        if self.0 as usize <= LAST { TYPES[self.0 as usize] } else { None }
    }

    /// Whether the property may stand in this block (5.0 table 2-4). User Property may stand in every one.
    #[inline]
    pub const fn allowed_in(self, home: PropertyHome) -> bool {
        self.homes() & home.bit() != 0
    }

    /// The homes of the property, one bit each.
    #[inline]
    pub(crate) const fn homes(self) -> u16 {
        const PINGS: u16 =
            PropertyHome::Packet(PacketType::Pingreq).bit() | PropertyHome::Packet(PacketType::Pingresp).bit();
        match self.entry() {
            _ if self.0 == Self::USER_PROPERTY.0 => !PINGS,
            Some(entry) => entry.homes,
            None => 0,
        }
    }

    #[inline]
    const fn entry(self) -> Option<&'static Entry> {
        if self.0 as usize <= LAST { TABLE[self.0 as usize].as_ref() } else { None }
    }
}

impl fmt::Display for PropertyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.pad(name),
            None => write!(f, "property 0x{:02x}", self.0),
        }
    }
}

impl fmt::Debug for PropertyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{:02x} {self}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::PropertyHome::{Packet, Will};
    use super::*;

    #[test]
    fn the_table_holds_what_table_2_4_of_the_standard_lists() {
        let allowed = |home| -> u64 {
            (0..=0x2A).filter(|&id| PropertyId(id).allowed_in(home)).fold(0, |bits, id| bits | 1 << id)
        };
        let bits = |ids: &[u8]| ids.iter().fold(0_u64, |bits, id| bits | 1 << id);
        for (home, ids) in [
            (Packet(PacketType::Connect), &[0x11, 0x15, 0x16, 0x17, 0x19, 0x21, 0x22, 0x26, 0x27][..]),
            (Will, &[0x01, 0x02, 0x03, 0x08, 0x09, 0x18, 0x26]),
            (
                Packet(PacketType::Connack),
                &[0x11, 0x12, 0x13, 0x15, 0x16, 0x1A, 0x1C, 0x1F, 0x21, 0x22, 0x24, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2A],
            ),
            (Packet(PacketType::Publish), &[0x01, 0x02, 0x03, 0x08, 0x09, 0x0B, 0x23, 0x26]),
            (Packet(PacketType::Puback), &[0x1F, 0x26]),
            (Packet(PacketType::Pubrec), &[0x1F, 0x26]),
            (Packet(PacketType::Pubrel), &[0x1F, 0x26]),
            (Packet(PacketType::Pubcomp), &[0x1F, 0x26]),
            (Packet(PacketType::Subscribe), &[0x0B, 0x26]),
            (Packet(PacketType::Suback), &[0x1F, 0x26]),
            (Packet(PacketType::Unsubscribe), &[0x26]),
            (Packet(PacketType::Unsuback), &[0x1F, 0x26]),
            (Packet(PacketType::Disconnect), &[0x11, 0x1C, 0x1F, 0x26]),
            (Packet(PacketType::Auth), &[0x15, 0x16, 0x1F, 0x26]),
            (Packet(PacketType::Pingreq), &[]),
            (Packet(PacketType::Pingresp), &[]),
        ] {
            assert_eq!(allowed(home), bits(ids), "{home:?}");
        }
    }
}
