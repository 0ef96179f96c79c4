//! What a run is asked for: order, limits, names.

use crate::scenario::{Instance, RunNames};

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

/// Cases in the order in which they are started.
pub(super) fn ordered(mut cases: Vec<Instance>, options: &RunOptions) -> Vec<Instance> {
    match options.order {
        Order::LongWaitsFirst => {
            cases.sort_by_key(|instance| (std::cmp::Reverse(instance.case.waits), is_soon_decided(instance)));
        }
        Order::Random => shuffle(&mut cases, options.seed),
    }
    cases
}

/// Chapters of many cases that hardly ever wait for what does not come, even on a broker that breaks their rules: an answer, a
/// close or a later message decides. The others may have to wait, and begin before them.
const SOON_DECIDED: &[&str] = &[
    "deliveries",
    "matching",
    "strings",
    "malformed",
    "malformed-connect",
    "malformed-subscribe",
    "malformed-properties",
];

fn is_soon_decided(instance: &Instance) -> bool {
    SOON_DECIDED.contains(&instance.chapter)
}

/// Fisher and Yates, by a small generator that the seed fixes on every machine.
fn shuffle<T>(items: &mut [T], seed: u64) {
    let mut state = seed;
    for last in (1..items.len()).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        items.swap(last, (state >> 33) as usize % (last + 1));
    }
}
