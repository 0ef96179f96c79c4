//! What the broker offers and how much it stores: every map and every queue of the machine has its bound here.

use std::fmt::Display;
use std::str::FromStr;

use mqtt_assay_codec::QoS;

/// The announced capabilities of the broker and the bounds of what it keeps.
///
/// What happens at each bound is said at its field. Capabilities are announced in the CONNACK of 5.0 where they differ
/// from what the standard takes for granted; 3.1.1 has no means to announce them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerLimits {
    /// Highest QoS that 5.0 clients may publish at (above it: DISCONNECT 0x9B) and that anybody is granted.
    pub maximum_qos: QoS,
    /// Whether messages are retained. If not: DISCONNECT 0x9A in 5.0, not stored in 3.1.1.
    pub retain_available: bool,
    /// Whether topic filters may hold wildcards. If not: DISCONNECT 0xA2 in 5.0, SUBACK 0x80 in 3.1.1.
    pub wildcards_available: bool,
    /// Whether 5.0 clients may share subscriptions. If not: DISCONNECT 0x9E.
    pub shared_subscriptions_available: bool,
    /// Whether 5.0 clients may number subscriptions. If not: DISCONNECT 0xA1.
    pub subscription_identifiers_available: bool,
    /// Exchanges of QoS 1 and 2 that a 5.0 client may hold open, 1 to 65535; beyond: DISCONNECT 0x93. 100 and not the
    /// format's 65535, so that the limit is announced, and reached in a moment by a case that tries it.
    pub receive_maximum: u16,
    /// Messages of QoS 1 and 2 that may be on their way to one client; the others wait in its queue.
    pub max_in_flight: u16,
    /// Topic aliases of a 5.0 connection; beyond: DISCONNECT 0x94.
    pub topic_alias_maximum: u16,
    /// Bytes of one whole packet from a client, at least 64; beyond: DISCONNECT 0x95, in 3.1.1 a close. Each connection
    /// gathers less than this until a packet is whole.
    pub max_packet_size: u32,
    /// Keep alive in seconds for every 5.0 client, in place of what it asks for; none by default.
    pub server_keep_alive: Option<u16>,
    /// Seconds that a session outlives its connection at most; 4294967295 means for ever.
    pub session_expiry_maximum: u32,
    /// Seconds from opening a connection until its CONNECT must have come.
    pub connect_timeout: u32,
    /// Bytes of a client identifier; beyond: CONNACK 0x85, in 3.1.1 0x02.
    pub max_client_id_bytes: u16,
    /// Open connections; further ones are closed at once.
    pub max_connections: usize,
    /// Sessions, connected or not; beyond: CONNACK 0x97, in 3.1.1 0x03.
    pub max_sessions: usize,
    /// Subscriptions of one session; beyond: SUBACK 0x97, in 3.1.1 0x80.
    pub max_subscriptions: usize,
    /// Messages that wait for one session; beyond: the new message isn't queued for it.
    pub max_queued_messages: usize,
    /// Retained messages. Beyond, QoS 0 isn't retained; QoS 1 and 2: reason code 0x97, in 3.1.1 a close.
    pub max_retained_messages: usize,
    /// Bytes that are stored for all clients: messages, places in queues, open QoS 2 exchanges, topic filters, client
    /// identifiers, topic aliases, half packets and lists of filters above 16 KiB. Beyond, QoS 0 is dropped and nothing
    /// more is queued; else reason code 0x97, and where 3.1.1 has no such code a close.
    pub max_stored_bytes: usize,
    /// Bytes of QoS 0 messages that wait for one client because it reads too slowly; beyond: DISCONNECT 0x97, in 3.1.1 a
    /// close.
    pub max_waiting_bytes: usize,
    /// Bytes that are written out for all clients and that they have not taken. From half of it on messages wait where they
    /// are stored, and after 5 s those who took nothing are disconnected; beyond, those for whom most waits: DISCONNECT
    /// 0x97, in 3.1.1 a close.
    pub max_unsent_bytes: usize,
}

impl Default for BrokerLimits {
    fn default() -> Self {
        Self {
            maximum_qos: QoS::ExactlyOnce,
            retain_available: true,
            wildcards_available: true,
            shared_subscriptions_available: true,
            subscription_identifiers_available: true,
            receive_maximum: 100,
            max_in_flight: 1000,
            topic_alias_maximum: 10,
            max_packet_size: 4 << 20,
            server_keep_alive: None,
            session_expiry_maximum: u32::MAX,
            connect_timeout: 5,
            max_client_id_bytes: u16::MAX,
            max_connections: 10_000,
            max_sessions: 10_000,
            max_subscriptions: 1000,
            max_queued_messages: 10_000,
            max_retained_messages: 10_000,
            max_stored_bytes: 256 << 20,
            max_waiting_bytes: 64 << 20,
            max_unsent_bytes: 64 << 20,
        }
    }
}

/// A limit that [`BrokerLimits::set`] knows.
#[derive(Clone, Copy, Debug)]
pub struct LimitName {
    /// As it is written before the `=`.
    pub name: &'static str,
    /// Which values it takes and what they mean.
    pub says: &'static str,
}

impl BrokerLimits {
    /// Every name that [`BrokerLimits::set`] knows.
    pub const NAMES: &'static [LimitName] = &[
        limit("max-qos", "0, 1 or 2: highest QoS served"),
        limit("retain", "yes or no: retained messages"),
        limit("wildcards", "yes or no: wildcards in topic filters"),
        limit("shared-subscriptions", "yes or no: shared subscriptions (5)"),
        limit("subscription-identifiers", "yes or no: subscription identifiers (5)"),
        limit("receive-maximum", "1 to 65535: open QoS 1 and 2 exchanges from one client (5)"),
        limit("max-in-flight", "1 to 65535: unacknowledged messages to one client"),
        limit("topic-alias-maximum", "0 to 65535: topic aliases of one connection (5)"),
        limit("max-packet-size", "64 to 268435460: bytes of one packet from a client"),
        limit("server-keep-alive", "none, or 0 to 65535: seconds of keep alive for every client (5)"),
        limit("session-expiry-maximum", "none, or 0 to 4294967295: seconds that a session outlives its connection"),
        limit("connect-timeout", "1 to 4294967295: seconds until CONNECT must have come"),
        limit("max-client-id-bytes", "23 to 65535: bytes of a client identifier"),
        limit("max-connections", "1 or more: open connections"),
        limit("max-sessions", "1 or more: sessions, connected or not"),
        limit("max-subscriptions", "1 or more: subscriptions of one session"),
        limit("max-queued-messages", "1 or more: messages that wait for one session"),
        limit("max-retained-messages", "1 or more: retained messages"),
        limit("max-stored-bytes", "1024 or more: bytes stored for all clients"),
        limit("max-waiting-bytes", "1024 or more: bytes of QoS 0 messages that wait for one slow client"),
        limit("max-unsent-bytes", "1024 or more: bytes written out for all clients and not taken by them"),
    ];

    /// Sets the limit of that name, as `serve --limit max-qos=1` does.
    ///
    /// # Errors
    /// A sentence for the user, where the name isn't in [`BrokerLimits::NAMES`] or the value doesn't fit it.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        self.assign(name, value).map_err(|reason| format!("limit {name}={value}: {reason}"))
    }

    fn assign(&mut self, name: &str, value: &str) -> Result<(), String> {
        match name {
            "max-qos" => {
                let level = number::<u8>(value, 0, 2)?;
                self.maximum_qos = QoS::try_from(level).map_err(|_| "no such QoS".to_owned())?;
            }
            "retain" => self.retain_available = truth(value)?,
            "wildcards" => self.wildcards_available = truth(value)?,
            "shared-subscriptions" => self.shared_subscriptions_available = truth(value)?,
            "subscription-identifiers" => self.subscription_identifiers_available = truth(value)?,
            "receive-maximum" => self.receive_maximum = number(value, 1, u16::MAX)?,
            "max-in-flight" => self.max_in_flight = number(value, 1, u16::MAX)?,
            "topic-alias-maximum" => self.topic_alias_maximum = number(value, 0, u16::MAX)?,
            "max-packet-size" => self.max_packet_size = number(value, 64, 268_435_460)?,
            "server-keep-alive" => self.server_keep_alive = optional(value, u16::MAX)?,
            "session-expiry-maximum" => {
                self.session_expiry_maximum = optional(value, u32::MAX)?.unwrap_or(u32::MAX);
            }
            "connect-timeout" => self.connect_timeout = number(value, 1, u32::MAX)?,
            "max-client-id-bytes" => self.max_client_id_bytes = number(value, 23, u16::MAX)?,
            "max-connections" => self.max_connections = number(value, 1, usize::MAX)?,
            "max-sessions" => self.max_sessions = number(value, 1, usize::MAX)?,
            "max-subscriptions" => self.max_subscriptions = number(value, 1, usize::MAX)?,
            "max-queued-messages" => self.max_queued_messages = number(value, 1, usize::MAX)?,
            "max-retained-messages" => self.max_retained_messages = number(value, 1, usize::MAX)?,
            "max-stored-bytes" => self.max_stored_bytes = number(value, 1024, usize::MAX)?,
            "max-waiting-bytes" => self.max_waiting_bytes = number(value, 1024, usize::MAX)?,
            "max-unsent-bytes" => self.max_unsent_bytes = number(value, 1024, usize::MAX)?,
            _ => return Err(format!("no limit has this name; there are {}", names())),
        }
        Ok(())
    }
}

const fn limit(name: &'static str, says: &'static str) -> LimitName {
    LimitName { name, says }
}

fn names() -> String {
    BrokerLimits::NAMES.iter().map(|limit| limit.name).collect::<Vec<_>>().join(", ")
}

fn number<T: FromStr + PartialOrd + Display + Copy>(value: &str, least: T, most: T) -> Result<T, String> {
    match value.parse::<T>() {
        Ok(number) if number >= least && number <= most => Ok(number),
        _ => Err(format!("not a number from {least} to {most}")),
    }
}

fn optional<T: FromStr + PartialOrd + Display + Default + Copy>(value: &str, most: T) -> Result<Option<T>, String> {
    if value == "none" { Ok(None) } else { number(value, T::default(), most).map(Some) }
}

fn truth(value: &str) -> Result<bool, String> {
    match value {
        "yes" | "true" | "1" => Ok(true),
        "no" | "false" | "0" => Ok(false),
        _ => Err("neither yes nor no".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_takes_a_value_and_refuses_nonsense() {
        for limit in BrokerLimits::NAMES {
            let mut limits = BrokerLimits::default();
            let taken = ["1", "64", "1024"].iter().any(|value| limits.set(limit.name, value).is_ok());
            assert!(taken, "{}", limit.name);
            assert!(limits.set(limit.name, "many").is_err(), "{}", limit.name);
        }
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_known_ones() {
        let answer = BrokerLimits::default().set("max-qoss", "1").expect_err("no such limit");
        assert!(answer.contains("max-qos,"), "{answer}");
    }

    #[test]
    fn none_takes_an_optional_limit_away() {
        let mut limits = BrokerLimits::default();
        limits.set("server-keep-alive", "7").expect("a number");
        assert_eq!(limits.server_keep_alive, Some(7));
        limits.set("server-keep-alive", "none").expect("no number");
        assert_eq!(limits.server_keep_alive, None);
    }
}
