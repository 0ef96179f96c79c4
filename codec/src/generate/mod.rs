//! Any legal packet, for fuzzers and for property tests.
//!
//! Uses `packet`, `rule` and `read`, and writes what it made.

#[cfg(any(test, feature = "arbitrary"))]
mod arbitrary;
mod legal;
#[cfg(any(test, feature = "proptest"))]
pub mod strategies;

pub use legal::LegalPacket;
