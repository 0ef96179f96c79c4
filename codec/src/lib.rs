//! Packets of MQTT 3.1, 3.1.1 and 5.0 to bytes and back.
#![no_std]
extern crate alloc;

mod code;
mod cursor;
mod encode;
mod error;
mod field_name;
mod lists;
mod packet;
mod properties;
mod property;
mod rule;
mod topic;
mod version;
mod wire;

pub use code::ReasonCode;
pub use error::{DecodeError, EncodeError, ErrorKind};
pub use field_name::FieldName;
pub use lists::{
    ReasonCodes, Subscriptions, SubscriptionsBuf, SubscriptionsIter, TopicFilters, TopicFiltersBuf, TopicFiltersIter,
};
pub use packet::*;
pub use properties::{Properties, PropertiesBuf, PropertiesIter};
pub use property::{Property, PropertyHome, PropertyId, PropertyType};
pub use rule::Rule;
pub use topic::{FilterFault, check_filter, is_shared, split_shared, topic_matches};
pub use version::{Context, Limits, PacketType, Sender, UnknownVersion, Version};
