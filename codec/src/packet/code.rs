//! Reason codes: one open newtype and the table that says which packet may carry which code.

use core::fmt;

use crate::packet::version::{PacketType, Sender, Version};

/// A reason code (5.0 section 2.4), or a return code of 3.1 and 3.1.1 (CONNACK, SUBACK).
///
/// Every byte is a value: a code that the standard does not know is no error of this type.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ReasonCode(pub u8);

/// Bits of [`Entry::packets`]: one for each packet type, `1 << type`.
const fn of(types: &[PacketType]) -> u16 {
    let mut bits = 0;
    let mut index = 0;
    while index < types.len() {
        bits |= 1 << types[index] as u16;
        index += 1;
    }
    bits
}

/// One row of the table of reason codes of 5.0.
struct Entry {
    code: ReasonCode,
    name: &'static str,
    /// Packets that may carry it, whoever sends them.
    packets: u16,
    /// In DISCONNECT and AUTH: which side may send it.
    sent_by: Sender,
}

macro_rules! reason_codes {
    ($($(#[$doc:meta])* $constant:ident = $value:literal, $name:literal, $sent_by:ident, [$($packet:ident)*];)*) => {
        impl ReasonCode {
            $($(#[$doc])* pub const $constant: Self = Self($value);)*
        }
        const TABLE: &[Entry] = &[$(Entry {
            code: ReasonCode::$constant,
            name: $name,
            packets: of(&[$(PacketType::$packet),*]),
            sent_by: Sender::$sent_by,
        }),*];
    };
}

reason_codes! {
    /// Success; normal disconnection; granted QoS 0.
    SUCCESS = 0x00, "Success", Either, [Connack Puback Pubrec Pubrel Pubcomp Suback Unsuback Disconnect];
    /// SUBACK: granted, at most QoS 1.
    GRANTED_QOS_1 = 0x01, "Granted QoS 1", Either, [Suback];
    /// SUBACK: granted, at most QoS 2.
    GRANTED_QOS_2 = 0x02, "Granted QoS 2", Either, [Suback];
    /// The client ends the connection and wants its will published.
    DISCONNECT_WITH_WILL_MESSAGE = 0x04, "Disconnect with Will Message", Client, [Disconnect];
    /// Accepted, but nobody subscribes to it.
    NO_MATCHING_SUBSCRIBERS = 0x10, "No matching subscribers", Either, [Puback Pubrec];
    /// UNSUBACK: there was no such subscription.
    NO_SUBSCRIPTION_EXISTED = 0x11, "No subscription existed", Either, [Unsuback];
    /// Another step of the authentication follows.
    CONTINUE_AUTHENTICATION = 0x18, "Continue authentication", Either, [Auth];
    /// The client starts a re-authentication.
    RE_AUTHENTICATE = 0x19, "Re-authenticate", Client, [Auth];
    /// An error that the sender does not want to explain. In SUBACK of 3.1.1: failure.
    UNSPECIFIED_ERROR = 0x80, "Unspecified error", Either, [Connack Puback Pubrec Suback Unsuback Disconnect];
    /// A packet could not be parsed.
    MALFORMED_PACKET = 0x81, "Malformed Packet", Either, [Connack Disconnect];
    /// A packet was unexpected, out of order, or held what the protocol does not allow.
    PROTOCOL_ERROR = 0x82, "Protocol Error", Either, [Connack Disconnect];
    /// Legal, but not accepted by this implementation.
    IMPLEMENTATION_SPECIFIC_ERROR = 0x83, "Implementation specific error", Either,
        [Connack Puback Pubrec Suback Unsuback Disconnect];
    /// The server does not speak the version that was asked for.
    UNSUPPORTED_PROTOCOL_VERSION = 0x84, "Unsupported Protocol Version", Either, [Connack];
    /// The client identifier is legal, but not allowed here.
    CLIENT_IDENTIFIER_NOT_VALID = 0x85, "Client Identifier not valid", Either, [Connack];
    /// User name or password not accepted.
    BAD_USER_NAME_OR_PASSWORD = 0x86, "Bad User Name or Password", Either, [Connack];
    /// Not allowed to this client.
    NOT_AUTHORIZED = 0x87, "Not authorized", Server, [Connack Puback Pubrec Suback Unsuback Disconnect];
    /// The server is not available.
    SERVER_UNAVAILABLE = 0x88, "Server unavailable", Either, [Connack];
    /// The server is busy.
    SERVER_BUSY = 0x89, "Server busy", Server, [Connack Disconnect];
    /// The client is banned.
    BANNED = 0x8A, "Banned", Either, [Connack];
    /// The server shuts down.
    SERVER_SHUTTING_DOWN = 0x8B, "Server shutting down", Server, [Disconnect];
    /// Authentication method not supported. The tables of 5.0 disagree about DISCONNECT: accepted from a server.
    BAD_AUTHENTICATION_METHOD = 0x8C, "Bad authentication method", Server, [Connack Disconnect];
    /// Nothing came for one and a half times the Keep Alive.
    KEEP_ALIVE_TIMEOUT = 0x8D, "Keep Alive timeout", Server, [Disconnect];
    /// Another connection took the session over.
    SESSION_TAKEN_OVER = 0x8E, "Session taken over", Server, [Disconnect];
    /// The topic filter is correctly formed, but not accepted.
    TOPIC_FILTER_INVALID = 0x8F, "Topic Filter invalid", Server, [Suback Unsuback Disconnect];
    /// The topic name is correctly formed, but not accepted.
    TOPIC_NAME_INVALID = 0x90, "Topic Name invalid", Either, [Connack Puback Pubrec Disconnect];
    /// The packet identifier is in use already.
    PACKET_IDENTIFIER_IN_USE = 0x91, "Packet Identifier in use", Either, [Puback Pubrec Suback Unsuback];
    /// The packet identifier is not known.
    PACKET_IDENTIFIER_NOT_FOUND = 0x92, "Packet Identifier not found", Either, [Pubrel Pubcomp];
    /// More unacknowledged PUBLISH packets than the receive maximum.
    RECEIVE_MAXIMUM_EXCEEDED = 0x93, "Receive Maximum exceeded", Either, [Disconnect];
    /// Topic alias 0, or above the maximum.
    TOPIC_ALIAS_INVALID = 0x94, "Topic Alias invalid", Either, [Disconnect];
    /// Larger than the maximum packet size.
    PACKET_TOO_LARGE = 0x95, "Packet too large", Either, [Connack Disconnect];
    /// Data comes too fast.
    MESSAGE_RATE_TOO_HIGH = 0x96, "Message rate too high", Either, [Disconnect];
    /// A limit of implementation or administration is exceeded.
    QUOTA_EXCEEDED = 0x97, "Quota exceeded", Either, [Connack Puback Pubrec Suback Disconnect];
    /// Closed by an administrator.
    ADMINISTRATIVE_ACTION = 0x98, "Administrative action", Either, [Disconnect];
    /// The payload is not of the announced format.
    PAYLOAD_FORMAT_INVALID = 0x99, "Payload format invalid", Either, [Connack Puback Pubrec Disconnect];
    /// The server keeps no retained messages.
    RETAIN_NOT_SUPPORTED = 0x9A, "Retain not supported", Server, [Connack Disconnect];
    /// QoS above the Maximum QoS of the server.
    QOS_NOT_SUPPORTED = 0x9B, "QoS not supported", Server, [Connack Disconnect];
    /// Use another server for now.
    USE_ANOTHER_SERVER = 0x9C, "Use another server", Server, [Connack Disconnect];
    /// Use another server for good.
    SERVER_MOVED = 0x9D, "Server moved", Server, [Connack Disconnect];
    /// The server has no shared subscriptions.
    SHARED_SUBSCRIPTIONS_NOT_SUPPORTED = 0x9E, "Shared Subscriptions not supported", Server, [Suback Disconnect];
    /// Connections come too fast.
    CONNECTION_RATE_EXCEEDED = 0x9F, "Connection rate exceeded", Server, [Connack Disconnect];
    /// The connection lasted as long as it is allowed to.
    MAXIMUM_CONNECT_TIME = 0xA0, "Maximum connect time", Server, [Disconnect];
    /// The server has no subscription identifiers.
    SUBSCRIPTION_IDENTIFIERS_NOT_SUPPORTED = 0xA1, "Subscription Identifiers not supported", Server,
        [Suback Disconnect];
    /// The server has no wildcard subscriptions.
    WILDCARD_SUBSCRIPTIONS_NOT_SUPPORTED = 0xA2, "Wildcard Subscriptions not supported", Server,
        [Suback Disconnect];
}

/// Names of the return codes of CONNACK in 3.1 and 3.1.1, by number (3.1.1 section 3.2.2.3).
const CONNECT_RETURN_CODES: [&str; 6] = [
    "Connection accepted",
    "Unacceptable protocol version",
    "Identifier rejected",
    "Server unavailable",
    "Bad user name or password",
    "Not authorized",
];

impl ReasonCode {
    /// Another name of [`SUCCESS`](Self::SUCCESS), for SUBACK.
    pub const GRANTED_QOS_0: Self = Self(0x00);
    /// Another name of [`SUCCESS`](Self::SUCCESS), for DISCONNECT.
    pub const NORMAL_DISCONNECTION: Self = Self(0x00);
    /// CONNACK of 3.1.1: the protocol level is not supported.
    pub const UNACCEPTABLE_PROTOCOL_LEVEL: Self = Self(1);
    /// CONNACK of 3.1.1: the client identifier is not allowed.
    pub const IDENTIFIER_REJECTED: Self = Self(2);
    /// CONNACK of 3.1.1: the server is not available.
    pub const SERVER_UNAVAILABLE_3: Self = Self(3);
    /// CONNACK of 3.1.1: user name or password are malformed.
    pub const BAD_USER_NAME_OR_PASSWORD_3: Self = Self(4);
    /// CONNACK of 3.1.1: the client is not authorized to connect.
    pub const NOT_AUTHORIZED_3: Self = Self(5);

    /// Name in 5.0; `None` if 5.0 does not know the code.
    pub fn name(self) -> Option<&'static str> {
        self.entry().map(|entry| entry.name)
    }

    /// 0x80 or above: the operation failed (5.0 section 2.4).
    pub const fn is_error(self) -> bool {
        self.0 >= 0x80
    }

    /// What the code says in this packet and version; `None` if the code is not known there.
    pub fn describe(self, version: Version, packet: PacketType) -> Option<&'static str> {
        if !self.allowed_in(version, packet) {
            return None;
        }
        Some(match (version.has_properties(), packet, self.0) {
            (false, PacketType::Connack, code) => CONNECT_RETURN_CODES[usize::from(code)],
            (false, PacketType::Suback, 0x80) => "Failure",
            (_, PacketType::Suback, 0) => "Granted QoS 0",
            (_, PacketType::Disconnect, 0) => "Normal disconnection",
            _ => self.entry()?.name,
        })
    }

    /// Whether the tables of `version` list this code for the packet, whoever sends it.
    ///
    /// In 3.1 and 3.1.1 only CONNACK and SUBACK carry codes; for other packets only 0 is right.
    pub fn allowed_in(self, version: Version, packet: PacketType) -> bool {
        match (version, packet) {
            (Version::V5, PacketType::Auth) if self == Self::SUCCESS => true,
            (Version::V5, _) => self.entry().is_some_and(|entry| entry.packets & (1 << packet as u16) != 0),
            (_, PacketType::Connack) => self.0 <= 5,
            (Version::V3_1, PacketType::Suback) => self.0 <= 2,
            (_, PacketType::Suback) => self.0 <= 2 || self.0 == 0x80,
            _ => self.0 == 0,
        }
    }

    /// Which side may send this code in this packet of 5.0 (sections 3.14.2.1 and 3.15.2.1; free elsewhere).
    pub fn sent_by(self, packet: PacketType) -> Sender {
        match packet {
            PacketType::Auth if self == Self::SUCCESS => Sender::Server,
            PacketType::Disconnect | PacketType::Auth => self.entry().map_or(Sender::Either, |entry| entry.sent_by),
            _ => Sender::Either,
        }
    }

    fn entry(self) -> Option<&'static Entry> {
        TABLE.binary_search_by_key(&self, |entry| entry.code).ok().map(|index| &TABLE[index])
    }
}

impl fmt::Display for ReasonCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{:02x}", self.0)?;
        self.name().map_or(Ok(()), |name| write!(f, " {name}"))
    }
}

impl fmt::Debug for ReasonCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<u8> for ReasonCode {
    fn from(code: u8) -> Self {
        Self(code)
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::ToString;

    #[test]
    fn the_table_is_sorted_so_that_it_can_be_searched() {
        assert!(TABLE.windows(2).all(|pair| pair[0].code < pair[1].code));
    }

    #[test]
    fn an_unknown_code_is_a_value() {
        assert_eq!(ReasonCode(0x42).name(), None);
        assert_eq!(ReasonCode(0x42).to_string(), "0x42");
        assert_eq!(ReasonCode::PROTOCOL_ERROR.to_string(), "0x82 Protocol Error");
    }

    #[test]
    fn codes_are_judged_by_version_and_packet() {
        assert!(ReasonCode(5).allowed_in(Version::V3_1_1, PacketType::Connack));
        assert!(!ReasonCode(6).allowed_in(Version::V3_1_1, PacketType::Connack));
        assert!(!ReasonCode(1).allowed_in(Version::V5, PacketType::Connack));
        assert!(!ReasonCode(0x80).allowed_in(Version::V3_1, PacketType::Suback));
        assert!(ReasonCode(0x80).allowed_in(Version::V3_1_1, PacketType::Suback));
        assert!(ReasonCode::SUCCESS.allowed_in(Version::V5, PacketType::Auth));
        assert_eq!(ReasonCode::SUCCESS.sent_by(PacketType::Auth), Sender::Server);
        assert_eq!(ReasonCode::SUCCESS.sent_by(PacketType::Disconnect), Sender::Either);
        assert_eq!(ReasonCode(5).describe(Version::V3_1_1, PacketType::Connack), Some("Not authorized"));
    }
}
