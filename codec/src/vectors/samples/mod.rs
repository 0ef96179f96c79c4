//! Packets to start from: legal ones, one for each property and code, and edges.

mod edges;
mod legal;
mod mishaps;
mod properties;
mod streams;

pub(crate) use edges::{Edge, edges};
pub(crate) use legal::{Sample, all_samples, samples};
pub(crate) use properties::{has_reason, property_samples, reason_samples};
pub(crate) use streams::{StreamDraft, stream_drafts};
