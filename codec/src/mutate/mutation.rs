//! A mutation by itself.

use core::fmt;

use crate::mutate::edit::Legal;
use crate::mutate::outcome::Mutated;
use crate::packet::Context;

/// A named mistake that can be put into a legal packet. All of them are in [`MUTATIONS`](crate::MUTATIONS).
#[derive(Clone, Copy)]
pub struct Mutation {
    /// Stable name: family, kind, and for some a place (`utf8.nul@client-identifier`) or a number (`flags.reserved.3`).
    pub name: &'static str,
    /// What it does, in a few words.
    pub says: &'static str,
    pub(super) make: fn(&Legal<'_>) -> Option<Mutated>,
}

impl Mutation {
    /// Puts the mistake into a legal packet. `None` if the packet has no place for it, or isn't one whole legal packet.
    ///
    /// ```
    /// use mqtt_assay_codec::{Context, Expectation, Mutation, Packet, Publish, Rule, Sender, Version};
    /// let packet = Packet::Publish(Publish { topic: "sport", ..Publish::default() });
    /// let legal = packet.to_bytes(Version::V5)?;
    /// let context = Context::new(Version::V5, Sender::Client);
    /// let mutated = Mutation::named("topic.wildcard-in-name.hash").apply(&legal, context).unwrap();
    /// assert_eq!(mutated.expectation, Expectation::MustRefuse(Rule::TopicNameWildcard));
    /// assert_eq!(mutated.bytes, b"\x30\x0a\x00\x07sport/#\x00");
    /// # Ok::<_, mqtt_assay_codec::EncodeError>(())
    /// ```
    pub fn apply(&self, legal: &[u8], context: Context) -> Option<Mutated> {
        (self.make)(&Legal::new(legal, context)?)
    }

    /// Puts the mistake into the last of several fields of its name: the last topic filter, the last User Property. Where
    /// there is one such field, this is what [`Mutation::apply`] does.
    ///
    /// ```
    /// use mqtt_assay_codec::{Context, Mutation, Packet, PacketId, Properties, QoS, Sender, Subscribe};
    /// use mqtt_assay_codec::{SubscriptionOptions, SubscriptionsBuf, Version};
    /// let options = SubscriptionOptions::at(QoS::AtMostOnce);
    /// let filters: SubscriptionsBuf = [("a", options), ("b", options)].into_iter().collect();
    /// let packet_id = PacketId::new(1).unwrap();
    /// let filters = filters.as_subscriptions();
    /// let packet = Packet::Subscribe(Subscribe { packet_id, properties: Properties::EMPTY, filters });
    /// let legal = packet.to_bytes(Version::V3_1_1)?;
    /// let context = Context::new(Version::V3_1_1, Sender::Client);
    /// let mutated = Mutation::named("subscribe.qos3").apply_to_last(&legal, context).unwrap();
    /// assert_eq!(mutated.bytes, b"\x82\x0a\x00\x01\x00\x01a\x00\x00\x01b\x03");
    /// # Ok::<_, mqtt_assay_codec::EncodeError>(())
    /// ```
    pub fn apply_to_last(&self, legal: &[u8], context: Context) -> Option<Mutated> {
        (self.make)(&Legal { last: true, ..Legal::new(legal, context)? })
    }
}

impl PartialEq for Mutation {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Mutation {}

impl fmt::Debug for Mutation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl fmt::Display for Mutation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name)
    }
}
