//! Test vectors: bytes with the verdict that the standards give them and the rule that decides it.
//!
//! The same data as the JSON files in `codec/vectors`, read one by one when asked for. Nothing is parsed before, and
//! nothing is allocated but by [`Vector::bytes`] and [`Vector::values`].
//!
//! ```
//! use mqtt_assay_codec::{decode, vectors};
//! for vector in vectors::all().filter(|vector| vector.verdict == vectors::Verdict::Invalid).take(10) {
//!     let error = decode(&vector.bytes(), vector.context, &vector.limits).expect_err(vector.id);
//!     assert_eq!(Some(error.rule), vector.rule);
//! }
//! ```

// For tests of this crate the room also has what the vectors are made from, packets to start from among them.
// Uses `packet` and `rule`; what makes the vectors uses `read`, `write` and `mutate` too.

mod encoded;
mod json;
mod kind;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod set;
mod stated;
mod stream;
mod values;
mod vector;
mod written;

pub use kind::Kind;
#[cfg(test)]
pub(crate) use samples::{Sample, StreamDraft, all_samples, samples, stream_drafts};
#[cfg(test)]
pub(crate) use set::{Draft, agrees, drafts, limits, reason};
#[cfg(test)]
pub(crate) use stream::streams_json;
pub use stream::{Due, End, Refusal, Stream, streams, streams_of};
pub use values::{Value, Values};
#[cfg(test)]
pub(crate) use vector::json;
pub use vector::{Vector, Verdict, all, of};
