//! Test vectors: bytes with the verdict that the standards give them and the rule that decides it.
//!
//! The same data as the JSON files in `codec/vectors`, read one by one when asked for. Nothing is parsed before, and
//! nothing is allocated but by [`Vector::bytes`].
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

#[cfg(test)]
mod samples;
#[cfg(test)]
mod set;
mod values;
mod vector;

#[cfg(test)]
pub(crate) use samples::{Sample, all_samples, samples};
#[cfg(test)]
pub(crate) use set::{Draft, agrees, drafts, limits};
pub use values::{Value, Values};
#[cfg(test)]
pub(crate) use vector::json;
pub use vector::{Vector, Verdict, all, of};
