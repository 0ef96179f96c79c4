//! What a run is asked for: order, limits, names.

use crate::scenario::RunNames;

/// In which order cases are started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Order {
    /// Those with long waits first, otherwise as listed.
    #[default]
    LongWaitsFirst,
    /// Shuffled by the seed.
    Random,
}

/// How a run is made.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// Decides the random order, and on the embedded broker all names.
    pub seed: u64,
    /// How many cases run side by side, at least 1.
    pub jobs: usize,
    /// By how much the suite's own limits are stretched, at least 1.
    pub patience: u32,
    /// The order of starting.
    pub order: Order,
    /// Start no more cases after the first fail.
    pub fail_fast: bool,
    /// Run intrusive cases too.
    pub intrusive: bool,
    /// What stands before all names.
    pub names: RunNames,
}
