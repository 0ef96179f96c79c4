//! What keeps something that did not come, or an end that did, from being a breach: the message was refused, QoS 0 may lose
//! it, the broker ended the connection for reasons of its own.

use super::client::Client;
use super::pattern::{Pattern, codes};
use crate::link::Arrival;
use mqtt_assay_codec::{Packet, QoS, ReasonCode};

/// Codes of DISCONNECT by which a broker ends a connection for reasons of its own (5.0 section 3.14.2.1): busy, shutting
/// down, rate and quota, administrative action, another server.
const ADMINISTRATIVE: [ReasonCode; 8] = [
    ReasonCode::SERVER_BUSY,
    ReasonCode::SERVER_SHUTTING_DOWN,
    ReasonCode::MESSAGE_RATE_TOO_HIGH,
    ReasonCode::QUOTA_EXCEEDED,
    ReasonCode::ADMINISTRATIVE_ACTION,
    ReasonCode::USE_ANOTHER_SERVER,
    ReasonCode::SERVER_MOVED,
    ReasonCode::CONNECTION_RATE_EXCEEDED,
];

impl Client {
    /// Why the message of one of these patterns need not come, though it was published.
    pub(crate) fn need_not_come(&self, patterns: &[Pattern]) -> Option<String> {
        patterns.iter().find_map(|pattern| self.was_refused(pattern).or_else(|| self.may_be_lost(pattern)))
    }

    /// Why nobody owes the message of this pattern: the broker did not take it over, and said so.
    pub(crate) fn was_refused(&self, pattern: &Pattern) -> Option<String> {
        let publication = self.context().recorder().publication(pattern.wanted_payload()?)?;
        let code = publication.refused?;
        Some(format!("the broker refused the message of line {} ({code}), and owes it to nobody", publication.line))
    }

    /// Why the message of this pattern may be lost: it has QoS 0 somewhere on its way.
    pub(crate) fn may_be_lost(&self, pattern: &Pattern) -> Option<String> {
        let publication = self.context().recorder().publication(pattern.wanted_payload()?)?;
        self.may_lose(&publication.topic, publication.qos).then(|| {
            format!("the message of line {} has QoS 0 on its way to {}, and may be lost", publication.line, self.role())
        })
    }

    /// True where a message on this topic (as on the wire) comes to this client at QoS 0.
    pub(crate) fn may_lose(&self, topic: &str, published: QoS) -> bool {
        let granted = self.context().highest_subscription(self.role(), topic);
        published == QoS::AtMostOnce || granted == Some(QoS::AtMostOnce)
    }

    /// The administrative DISCONNECT that waits unread, with its line: its code in words.
    pub(crate) fn administrative_farewell(&self) -> Option<(u32, String)> {
        let (line, code) = self.farewell().filter(|(_, code)| ADMINISTRATIVE.contains(code))?;
        Some((line, format!("for reasons of its own: DISCONNECT {code} (line {line})")))
    }

    /// The DISCONNECT that waits unread, with its line.
    pub(crate) fn farewell(&self) -> Option<(u32, ReasonCode)> {
        self.link().pending().iter().find_map(|arrived| match &arrived.what {
            Arrival::Packet(packet) if matches!(packet.packet(), Packet::Disconnect(_)) => {
                Some((arrived.line, codes(&packet.packet()).first().copied()?))
            }
            _ => None,
        })
    }
}
