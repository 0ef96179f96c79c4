//! Generated sequences: clients of both versions do what the standard lets them do, by chance, and the invariants judge the
//! traffic. Each sequence ends with a fence that closes what is owed; what is found is shrunk to the steps that it takes.
//!
//! Uses `run`, `scenario`, `broker`, `link` and `text`. It brings no expectation of its own but two: an answer that never
//! comes, and a message that its fence has passed.

mod actor;
mod ending;
mod finding;
mod generate;
mod player;
mod random;
mod search;
mod shrink;
mod step;
#[cfg(test)]
mod tests;
mod words;

pub use finding::Found;
pub(crate) use random::Random;
pub use search::{ExploreEvent, ExploreOptions, Explored, Finding, SEQUENCE, TRIES, explore};
pub use step::{Act, Connecting, Publishing, Sequence, Step, Which, Willing};
