//! A decoder fuzzed: legal packets and packets with one mistake, as many as time allows, and each answer held against what is
//! due. What is wrong is shrunk, told once, and written down at once.
//!
//! The oracle is the codec of this project, which its laws and vectors hold to the standard; what the standard leaves open
//! is left open (`due.rs`).

mod breach;
mod due;
mod finding;
mod input;
mod known;
mod search;
mod shrink;
#[cfg(test)]
mod tests;

pub(crate) use breach::told;
pub use breach::{Breach, Sort};
pub use finding::{Finding, FindingRow};
pub use input::{Input, Inputs, Made};
pub use search::{Options, Progress, Search, Searched, ask_again};
