//! What is said about the suite itself: every fault against every case, and every rule with the cases that judge it.
//!
//! Uses `run` and what lies below it. Nothing here is about a broker under test.

pub(crate) mod came;
pub(crate) mod coverage;
mod hunted;
mod pairs;
mod prove;
mod tables;
mod ways;

pub use came::axis;
pub use hunted::{
    Budget, Bug, Found, HuntRow, bugs, hunt_table, hunt_ways_table, prove_hunt, sample, share_found, sound,
};
pub use prove::{Defect, Proof, STOPS_AT_CONTROL, TAKEN_AWAY, claimed, prove};
pub use tables::{tables, ways_table};
pub use ways::{Catch, Row, Ways, fitting, misfits, prove_ways};

pub(crate) use tables::rules;
