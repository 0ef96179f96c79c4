//! One packet from the broker, and what an invariant says of it.

use crate::auditor::Audit;
pub use crate::auditor::Holding;
use crate::wire::FrameKind;
use mqtt_assay_codec::{DecodeError, Packet, Version};

/// A packet from the broker, to be held against an invariant.
pub struct Observation<'a> {
    /// The version of its connection.
    pub version: Version,
    /// The packet; `None` for bytes that are no packet at all.
    pub packet: Option<&'a Packet<'a>>,
    /// The rule of form that its bytes break, if they break one.
    pub error: Option<&'a DecodeError>,
    /// In which kind of frame it came to its end, where WebSocket frames carry it.
    pub frame: Option<FrameKind>,
    /// What the auditor says of it.
    pub audit: &'a Audit,
}

/// Holds one packet against an invariant.
pub type Check = fn(&Observation<'_>) -> Holding;
