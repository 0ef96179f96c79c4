//! A run: which cases, in which order, with which limits, told as one stream of events.
//!
//! Uses `cases`, `scenario`, `broker`, `link` and `text`. Reports and the proof of the suite consume what it tells.

mod again;
mod alone;
mod begin;
mod brokers;
pub mod clock;
mod control;
mod death;
mod descriptors;
mod farewell;
pub(crate) mod filter;
pub(crate) mod former;
mod life;
mod offer;
mod one_case;
mod options;
mod places;
pub(crate) mod reported;
mod result;
mod schedule;
mod shards;
mod spread;
mod standstill;

pub use brokers::NothingJudged;
pub use options::{Order, RunOptions};
pub use result::{CaseResult, Disturbance, Noticed, Summary};
pub use schedule::{Event, RunResult, run, run_expecting};
pub use shards::Shard;

pub(crate) use alone::alone;
pub(crate) use begin::{invariants, watch_over};
pub(crate) use control::try_out;
pub(crate) use life::{End, Life};
