//! What is due in a scene, by its row alone: the messages, how often they come, and all that is right about them.

use super::row::{Count, Limits, Load, Options, Path, Publisher, Row, Sent, Size, Versions};
use crate::scenario::draft::{Draft, WillDraft, publish, will};
use mqtt_assay_codec::{Property, QoS, Version};

/// How long the messages with an expiry interval live, in seconds: longer than any run.
pub(super) const LIFETIME: u32 = 100;

/// User properties in no order but their own, with names that repeat, differ by case, and have no value.
pub(super) const PAIRS: [(&str, &str); 5] =
    [("colour", "red"), ("Colour", ""), ("colour", "red"), ("age", "7"), ("colour", "blue")];

/// The subscription identifier of the subscription that a scene is about; the next is that of another one.
pub(super) const IDENTIFIER: u32 = 7;

/// A message of a scene.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) topic: String,
    pub(super) payload: Vec<u8>,
}

/// What is due of each message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Due {
    /// Whether it comes at all.
    pub(super) comes: bool,
    pub(super) retain: bool,
    pub(super) dup: bool,
    /// Whether it brings the properties that it was published with.
    pub(super) properties: Load,
    pub(super) identifier: bool,
}

impl Row {
    /// What is due of the messages in this version: the receiver's.
    pub(super) fn due(&self, version: Version) -> Due {
        let is_v5 = version == Version::V5;
        let as_published = is_v5 && self.options == Options::AsPublished;
        let is_own = is_v5 && self.options == Options::NoLocal && self.publisher == Publisher::Itself;
        let is_unwanted = is_v5
            && match self.options {
                Options::Handling1 => self.is_retained() && self.is_replaced(),
                Options::Handling2 => self.is_retained(),
                _ => false,
            };
        let is_too_large = is_v5 && self.limits == Limits::PacketSize && self.is_large();
        let speaks_v5 = is_v5 && self.versions == Versions::Own;
        Due {
            comes: !is_own && !is_unwanted && !is_too_large && !self.is_unmatched(),
            retain: self.is_retained() || as_published && self.sets_retain(),
            dup: self.path == Path::Again,
            properties: if speaks_v5 { self.properties } else { Load::None },
            identifier: is_v5 && self.options == Options::Identifier,
        }
    }

    /// The messages: all on one topic, but retained ones each on its own.
    pub(super) fn all_messages(&self) -> Vec<Message> {
        let topics: Vec<String> =
            if self.is_unmatched() { self.strays() } else { (1..=self.messages()).map(|n| self.topic(n)).collect() };
        let message = |(place, topic)| Message { topic, payload: self.payload(place + 1) };
        topics.into_iter().enumerate().map(message).collect()
    }

    fn payload(&self, number: usize) -> Vec<u8> {
        match self.size {
            Size::Small | Size::LongTopic => format!("message {number}").into_bytes(),
            Size::Empty | Size::Clearing => Vec::new(),
            Size::Binary => (0..=u8::MAX).chain(format!(" {number}").into_bytes()).collect(),
            Size::TwoKib => format!("{number:>2048}").into_bytes(),
            // Told by its beginning, which a broker that cuts it leaves.
            Size::TwentyKib => format!("{:.<20480}", format!("long message {number} ")).into_bytes(),
        }
    }

    /// A PUBLISH of this message.
    pub(super) fn draft(&self, message: &Message) -> Draft {
        let draft = publish(message.topic.as_str(), &message.payload).qos(self.published());
        let draft = if self.is_retained() || self.sets_retain() { draft.retain() } else { draft };
        let draft = if self.sent == Sent::WithDup { draft.dup() } else { draft };
        self.content().into_iter().fold(draft, Draft::property)
    }

    /// The same message as a will.
    pub(super) fn will_draft(&self, message: &Message) -> WillDraft {
        let draft = will(message.topic.as_str(), &message.payload).qos(self.published());
        let draft = if self.is_retained() || self.sets_retain() { draft.retain() } else { draft };
        self.content().into_iter().fold(draft, WillDraft::property)
    }

    fn content(&self) -> Vec<Property<'static>> {
        let has = |content| self.properties == content || self.properties == Load::All;
        let mut properties = Vec::new();
        if has(Load::Format) {
            properties.push(Property::PayloadFormatIndicator(u8::from(self.size != Size::Binary)));
        }
        if has(Load::Expiry) {
            properties.push(Property::MessageExpiryInterval(LIFETIME));
        }
        if has(Load::OfType) {
            properties.push(Property::ContentType("text/plain; charset=utf-8"));
        }
        if has(Load::Request) {
            properties.push(Property::ResponseTopic("hall/answers"));
            properties.push(Property::CorrelationData(&[0, 255, b'7']));
        }
        if has(Load::User) {
            properties.extend(PAIRS.map(|(name, value)| Property::UserProperty(name, value)));
        }
        properties
    }

    /// The QoS that is due where the subscription was granted this one.
    pub(super) fn due_qos(&self, granted: QoS) -> QoS {
        self.published().min(granted)
    }

    /// Whether an order is owed among its messages: one publisher, one topic, one QoS, and no share.
    pub(super) fn is_ordered(&self) -> bool {
        self.count != Count::One && !self.is_retained() && !self.is_shared() && !self.may_be_lost()
    }
}
