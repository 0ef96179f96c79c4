//! A run: which cases, in which order, with which limits, told as one stream of events.
//!
//! Uses `cases`, `scenario`, `broker`, `link` and `text`. Reports and the proof of the suite consume what it tells.

mod alone;
mod begin;
mod brokers;
pub mod clock;
mod control;
pub(crate) mod filter;
mod options;
mod result;
mod schedule;
mod spread;

pub use brokers::NothingJudged;
pub use options::{Order, RunOptions};
pub use result::{CaseResult, Summary};
pub use schedule::{Event, RunResult, run};

pub(crate) use alone::alone;
pub(crate) use begin::invariants;
pub(crate) use control::try_out;
