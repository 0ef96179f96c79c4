//! What a broker announces in its CONNACK of 5.0 that it doesn't take (section 3.2.2.3). Clients keep to it by themselves:
//! what is excluded isn't asked of a broker, but by cases that are about just that.

use super::draft::Draft;
use crate::link::Link;
use mqtt_assay_codec::{Packet, Properties, Version, split_shared};

/// What a CONNACK can exclude. A packet that a case is about breaks just one of them, or its refusal had two reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Excluded {
    /// Beyond Maximum Packet Size.
    PacketSize,
    /// Above Maximum QoS.
    Qos,
    /// Retained, where Retain Available is 0.
    Retain,
    /// Above Topic Alias Maximum.
    TopicAlias,
    /// A shared subscription where there are none.
    Share,
    /// A wildcard where there are none.
    Wildcard,
    /// A subscription identifier where there are none.
    Identifier,
    /// Beyond Receive Maximum.
    Exchange,
}

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
            Packet::Connack(connack) if link.version == Version::V5 => Some(Self::of(connack.properties)),
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
            maximum_packet_size: stated
                .maximum_packet_size()
                .filter(|&size| size > 0)
                .map_or(usize::MAX, |size| size as usize),
            receive_maximum: stated.receive_maximum().filter(|&most| most > 0).unwrap_or(u16::MAX),
            topic_alias_maximum: stated.topic_alias_maximum().unwrap_or(0),
        }
    }

    /// How many exchanges of QoS 1 and 2 a client may have open.
    pub(crate) fn receive_maximum(&self) -> usize {
        usize::from(self.receive_maximum)
    }

    /// Why the broker takes no such packet, of this length in bytes and with so many exchanges open beside it, if it has said
    /// so, and the case is not about that.
    pub(crate) fn excludes(&self, draft: &Draft, length: usize, open: usize) -> Option<String> {
        let reasons = self.of_size(length).into_iter().chain(self.of_message(draft)).chain(self.of_filters(draft));
        let room = (draft.takes_room() && open >= self.receive_maximum()).then(|| {
            let most = self.receive_maximum;
            (Excluded::Exchange, format!("CONNACK: Receive Maximum {most}, and as many exchanges are open"))
        });
        let mut others = reasons.chain(room).filter(|(excluded, _)| draft.excluded() != Some(*excluded));
        others.next().map(|(_, why)| why)
    }

    fn of_size(&self, length: usize) -> Option<(Excluded, String)> {
        let most = self.maximum_packet_size;
        let why = || (Excluded::PacketSize, format!("CONNACK: Maximum Packet Size {most}, the packet has {length}"));
        (length > most).then(why)
    }

    fn of_message(&self, draft: &Draft) -> Vec<(Excluded, String)> {
        let Some((_, _, qos, retain)) = draft.publication() else { return Vec::new() };
        let mut reasons = Vec::new();
        if qos as u8 > self.maximum_qos {
            reasons.push((Excluded::Qos, format!("CONNACK: Maximum QoS {}", self.maximum_qos)));
        }
        if retain && !self.has_retained {
            reasons.push((Excluded::Retain, "CONNACK: Retain Available 0".to_owned()));
        }
        if draft.properties().topic_alias().is_some_and(|alias| alias > self.topic_alias_maximum) {
            reasons.push((Excluded::TopicAlias, format!("CONNACK: Topic Alias Maximum {}", self.topic_alias_maximum)));
        }
        reasons
    }

    fn of_filters(&self, draft: &Draft) -> Vec<(Excluded, String)> {
        let texts = || draft.filters().iter().map(|(filter, _)| filter.text());
        let is_numbered = draft.properties().subscription_identifiers().next().is_some();
        let table = [
            (Excluded::Share, self.has_shares, texts().any(|text| split_shared(text).is_some()), "Shared Subscription"),
            (
                Excluded::Wildcard,
                self.has_wildcards,
                texts().any(|text| text.contains(['+', '#'])),
                "Wildcard Subscription",
            ),
            (Excluded::Identifier, self.has_identifiers, is_numbered, "Subscription Identifiers"),
        ];
        let asked = table.into_iter().filter(|(_, is_there, is_asked, _)| *is_asked && !is_there);
        asked.map(|(excluded, _, _, name)| (excluded, format!("CONNACK: {name} Available 0"))).collect()
    }
}
