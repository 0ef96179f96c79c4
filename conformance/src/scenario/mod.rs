//! What a case is written with: its row in a table, the broker and its clients, packets to send and to wait for, and the
//! steps that set up and that decide.
//!
//! Uses `broker`, `link`, `wire` and `text`, the standard and the names of the reference broker's faults.

mod case;
mod client;
pub mod draft;
pub mod expect;
mod invariant;
mod names;
pub mod pattern;
mod subject;
mod table;
mod verdict;

pub use case::{Case, CaseRules, Chapter, Instance, Method, Running, StepRules};
pub use client::Client;
pub use invariant::{Breach, Check, Holding, Invariants, Observation, Tally};
pub use names::{Names, RunNames, Topic, exact};
pub use subject::{CaseContext, Subject};
pub use verdict::{Evidence, Outcome, Received, RuleVerdict, Seen, Stop, Verdict};

pub(crate) use names::base36;
pub(crate) use subject::Common;
pub(crate) use table::{case, invariant, rule};
