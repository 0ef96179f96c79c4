//! One connection, recorded: what goes over it, what is kept of it, and how it is told to people.
//!
//! Uses `wire` and `text`. A link knows bytes and packets, and nothing of rules, verdicts or steps.

mod capacity;
mod connection;
pub(crate) mod describe;
mod doorway;
mod ear;
mod flow;
mod frames;
mod joined;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod laws;
mod reader;
mod recorder;
mod start;
mod transcript;
mod writer;

pub(crate) use capacity::RunCapacity;
pub(crate) use connection::{Arrival, Arrived, Link};
pub(crate) use doorway::Doorway;
pub(crate) use reader::breach_of_form;
pub(crate) use recorder::{Publication, Recorder, Sighting, Surroundings, Witness};
pub(crate) use transcript::BELOW;
pub(crate) use transcript::parse_hex;
pub(crate) use transcript::parse_line;
pub use transcript::{Line, ParseError, Remark, Transcript, What};
