//! What a case is written with: its row in a table, the broker and its clients, packets to send and to wait for, and the
//! steps that set up and that decide.
//!
//! Uses `broker`, `link`, `wire` and `text`, the standard and the names of the reference broker's faults.

mod case;
mod client;
mod context;
pub mod draft;
pub mod expect;
mod invariant;
mod names;
mod observation;
pub mod pattern;
mod rules;
mod subject;
mod table;
mod verdict;

pub use case::{Case, Chapter, Instance, Method, Running};
pub use client::Client;
pub use context::CaseContext;
pub use invariant::{Breach, Invariants, Tally};
pub use names::{Names, RunNames, Topic, exact};
pub use observation::{Check, Holding, Observation};
pub use rules::{CaseRules, StepRules};
pub use subject::Subject;
pub use verdict::{Evidence, Outcome, Received, RuleVerdict, Seen, Stop, Verdict};

pub(crate) use context::Common;
pub(crate) use names::base36;
pub(crate) use table::{case, invariant, rule};
