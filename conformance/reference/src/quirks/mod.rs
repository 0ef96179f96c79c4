//! Quirks: what the standard permits, although this broker does otherwise by default. No case may punish any of them.
//!
//! `table` names them and `state` holds what they need, below the machine. The other files are chapters of the machine: what
//! it does under a quirk that takes more than a condition at the branch. Those may use everything.

pub(crate) mod characters;
mod greeting;
mod holding;
mod late_wills;
pub(crate) mod reordering;
mod resending;
mod state;
mod table;

pub(crate) use state::State;
pub use table::{Quirk, QuirkSet};
