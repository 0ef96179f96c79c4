//! What a file of cases needs.

pub(super) use crate::broker::Variant;
pub(super) use crate::scenario::draft::*;
pub(super) use crate::scenario::pattern::*;
pub(super) use crate::scenario::{Case, Excluded, Joining, Outcome, Stop, Subject, Topic, case, exact, rule};
pub(super) use mqtt_assay_codec::QoS::{AtLeastOnce, AtMostOnce, ExactlyOnce};
pub(super) use mqtt_assay_codec::{PacketType, Property, QoS, ReasonCode, Rule, Version};
pub(super) use mqtt_assay_reference::Fault::{self, ActsOn, Tolerates};
pub(super) use std::time::Duration;
