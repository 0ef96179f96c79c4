//! Packets of MQTT 3.1, 3.1.1 and 5.0 to bytes and back.
#![no_std]
extern crate alloc;

mod code;
mod cursor;
mod decode;
mod encode;
mod error;
mod field_name;
mod fields;
mod lists;
mod mutate;
mod packet;
mod properties;
mod property;
mod read;
mod read_packets;
mod read_properties;
mod rule;
#[cfg(test)]
mod samples;
mod topic;
mod version;
mod wire;

pub use code::ReasonCode;
pub use decode::{Decoded, OwnedDecoded, OwnedPacket, PacketView, decode, decode_waiving};
pub use error::{DecodeError, EncodeError, ErrorKind};
pub use field_name::FieldName;
pub use fields::{Field, FieldKind, FieldMap, fields};
pub use lists::{
    ReasonCodes, Subscriptions, SubscriptionsBuf, SubscriptionsIter, TopicFilters, TopicFiltersBuf, TopicFiltersIter,
};
pub use mutate::{Expectation, MUTATIONS, Mutated, Mutation};
pub use packet::{
    Acknowledgement, Auth, Connack, Connect, Disconnect, InvalidQoS, Packet, PacketId, Publish, QoS, RetainHandling,
    Suback, Subscribe, SubscriptionOptions, Unsuback, Unsubscribe, Will,
};
pub use properties::{Properties, PropertiesBuf, PropertiesIter};
pub use property::{Property, PropertyHome, PropertyId, PropertyType};
pub use rule::Rule;
pub use topic::{FilterFault, check_filter, is_shared, split_shared, topic_matches};
pub use version::{Context, Limits, PacketType, Sender, UnknownVersion, Version};
