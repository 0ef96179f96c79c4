//! What a file of cases needs.

pub(super) use crate::broker::Variant;
pub(super) use crate::case::Case;
pub(super) use crate::draft::*;
pub(super) use crate::pattern::*;
pub(super) use crate::subject::Subject;
pub(super) use crate::verdict::{Outcome, Stop};
pub(super) use crate::{case, rule};
pub(super) use mqtt_assay_codec::QoS::{AtLeastOnce, AtMostOnce, ExactlyOnce};
pub(super) use mqtt_assay_codec::{PacketType, Property, QoS, ReasonCode, Rule, Version};
pub(super) use mqtt_assay_reference::Fault::{self, ActsOn, Tolerates};
pub(super) use std::time::Duration;
