//! What a packet is: versions and sides, codes, properties, one struct for each packet, and the parts that stay in their
//! encoded form, with the small encodings that those are made of.
//!
//! Uses `text`.

mod code;
mod control;
mod cursor;
mod encode_error;
mod field_name;
mod listed;
mod lists;
mod options;
mod properties;
mod qos;
pub(crate) mod topic;
mod version;
pub(crate) mod wire;

pub use code::ReasonCode;
pub use control::{
    Acknowledgement, Auth, Connack, Connect, Disconnect, Packet, PacketId, Publish, Suback, Subscribe, Unsuback,
    Unsubscribe, Will,
};
pub(crate) use cursor::Cursor;
pub use encode_error::EncodeError;
pub use field_name::FieldName;
pub(crate) use field_name::{Part, Piece};
pub use lists::{
    ReasonCodes, Subscriptions, SubscriptionsBuf, SubscriptionsIter, TopicFilters, TopicFiltersBuf, TopicFiltersIter,
};
pub use options::{RetainHandling, SubscriptionOptions};
pub(crate) use properties::RawValue;
pub use properties::{Properties, PropertiesBuf, PropertiesIter, Property, PropertyHome, PropertyId, PropertyType};
pub use qos::{InvalidQoS, QoS};
pub use topic::{FilterFault, check_filter, is_shared, split_shared, topic_matches};
pub use version::{Context, Limits, PacketType, Sender, UnknownVersion, Version};
