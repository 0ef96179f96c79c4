//! What is fixed about a broker before it starts: what it offers and stores, and who may do what.
//!
//! May use: the codec.

pub(crate) mod access;
pub(crate) mod limits;
