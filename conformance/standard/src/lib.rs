//! The rules of MQTT 3.1.1 and 5.0 as data, in the project's own words, with how each is judged.
//!
//! Rooms above refer to a rule by [`RuleId`]: an id that is not in the catalog does not compile. This crate knows packets
//! and their rules from the codec, and nothing of brokers, cases or faults.

pub mod bounds;
mod catalog;

pub use catalog::{Basis, Binds, Level, Observable, RULES, Rule, RuleId, find, rules};

/// The example of the README compiles.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
