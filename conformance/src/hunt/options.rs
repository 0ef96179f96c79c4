//! What is asked of a hunt.

use super::against::Other;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// What is asked of a hunt.
#[derive(Debug, Clone, Default)]
pub struct HuntOptions {
    /// Decides what is sent.
    pub seed: u64,
    /// How many cases; a batch on a kept connection counts as one.
    pub cases: Option<u64>,
    /// How long on the wall.
    pub time: Option<Duration>,
    /// How many hunt side by side.
    pub jobs: u32,
    /// Which part of how many it is.
    pub shard: Option<(u64, u64)>,
    /// Whether sessions that show something new are kept and varied.
    pub feedback: bool,
    /// Where sessions are kept.
    pub corpus: Option<PathBuf>,
    /// Keys of findings that are known.
    pub known: BTreeSet<String>,
    /// Cases in a second, at most.
    pub rate: Option<u32>,
    /// Only one kind of cases: fresh, kept or sessions.
    pub only: Option<usize>,
    /// The auditor says nothing: shows what it is worth.
    pub without_auditor: bool,
    /// Other brokers that are met with the same sessions.
    pub against: Vec<Arc<Other>>,
    /// Ends with the first finding that counts.
    pub stops_at_first: bool,
}
