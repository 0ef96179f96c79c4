//! What a broker announces in its CONNACK of 5.0 that it doesn't take (section 3.2.2.3). Clients keep to it by themselves:
//! what is excluded isn't asked of a broker, but by cases that are about just that.

use super::draft::Draft;
use crate::link::Link;
use mqtt_assay_codec::{Packet, Properties, Version, split_shared};

/// The limits that one CONNACK states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Announced {
    maximum_qos: u8,
    has_retained: bool,
    has_wildcards: bool,
    has_shares: bool,
    has_identifiers: bool,
    maximum_packet_size: usize,
    receive_maximum: u16,
    topic_alias_maximum: u16,
}

impl Announced {
    /// What this connection's CONNACK states; nothing in 3.1.1, and before it has come.
    pub(crate) fn on(link: &Link) -> Option<Self> {
        let connack = link.connack()?;
        match connack.packet() {
            Packet::Connack(connack) if link.recorder.version() == Version::V5 => Some(Self::of(connack.properties)),
            _ => None,
        }
    }

    fn of(stated: Properties<'_>) -> Self {
        Self {
            maximum_qos: stated.maximum_qos().unwrap_or(2),
            has_retained: stated.retain_available() != Some(0),
            has_wildcards: stated.wildcard_subscription_available() != Some(0),
            has_shares: stated.shared_subscription_available() != Some(0),
            has_identifiers: stated.subscription_identifier_available() != Some(0),
            // A stated 0 is a breach, and no limit.
            maximum_packet_size: stated.maximum_packet_size().filter(|&size| size > 0).map_or(usize::MAX, |size| size as usize),
            receive_maximum: stated.receive_maximum().filter(|&most| most > 0).unwrap_or(u16::MAX),
            topic_alias_maximum: stated.topic_alias_maximum().unwrap_or(0),
        }
    }

    /// How many exchanges of QoS 1 and 2 a client may have open.
    pub(crate) fn receive_maximum(&self) -> usize {
        usize::from(self.receive_maximum)
    }

    /// Why the broker takes no such packet, if it has said so: its kind, or its length in bytes.
    pub(crate) fn excludes(&self, draft: &Draft, length: usize) -> Option<String> {
        if length > self.maximum_packet_size {
            return Some(format!("CONNACK: Maximum Packet Size {}, the packet has {length}", self.maximum_packet_size));
        }
        let properties = draft.properties();
        if let Some((_, _, qos, retain)) = draft.publication() {
            if qos as u8 > self.maximum_qos {
                return Some(format!("CONNACK: Maximum QoS {}", self.maximum_qos));
            }
            if retain && !self.has_retained {
                return Some("CONNACK: Retain Available 0".to_owned());
            }
            if properties.topic_alias().is_some_and(|alias| alias > self.topic_alias_maximum) {
                return Some(format!("CONNACK: Topic Alias Maximum {}", self.topic_alias_maximum));
            }
        }
        self.excludes_filters(draft)
    }

    fn excludes_filters(&self, draft: &Draft) -> Option<String> {
        let filters = draft.filters();
        let mut texts = filters.iter().map(|(filter, _)| filter.text());
        let is_numbered = draft.properties().subscription_identifiers().next().is_some();
        if !self.has_shares && texts.clone().any(|text| split_shared(text).is_some()) {
            return Some("CONNACK: Shared Subscription Available 0".to_owned());
        }
        if !self.has_wildcards && texts.any(|text| text.contains(['+', '#'])) {
            return Some("CONNACK: Wildcard Subscription Available 0".to_owned());
        }
        (!self.has_identifiers && is_numbered).then(|| "CONNACK: Subscription Identifiers Available 0".to_owned())
    }
}
