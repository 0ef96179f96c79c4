//! Whether the hunt hunts: bugs planted in the reference broker, and how long it takes to find each; a sample of the faults
//! that strike on one way only; and sound brokers, on which it may find nothing.
//!
//! The hunt is never told which bug is there. A try ends with the first finding that counts, and since the same hunt of the
//! sound broker finds nothing, it is the bug that was found.

mod bugs;
mod sample;
mod tables;
mod tries;

pub use bugs::{Bug, bugs, sound};
pub use sample::sample;
pub use tables::{hunt_table, hunt_ways_table, share_found};
pub use tries::{Budget, Found, HuntRow, prove_hunt};
