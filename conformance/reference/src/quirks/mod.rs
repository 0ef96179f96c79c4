//! Quirks: what the standard permits, although this broker does otherwise by default. No case may punish any of them.
//!
//! Below the machine: `table` names them, `state` is what the machine remembers for their sake.
//!
//! The other files are chapters of the machine: what it does under a quirk that takes more than a condition at the branch.
//! Those may use every room.

mod apart;
pub(crate) mod characters;
mod greeting;
mod holding;
mod late_ends;
mod late_routes;
mod late_wills;
pub(crate) mod reordering;
mod resending;
mod slow_packets;
mod state;
mod table;
mod unreliable;

pub(crate) use state::State;
pub use table::{Quirk, QuirkSet};
