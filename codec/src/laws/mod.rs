//! What holds for every packet and for any bytes at all: the bodies of the fuzz targets, and the tests that need more than one
//! room.
//!
//! Uses every other room; none uses it.

#[cfg(test)]
mod annotation;
pub mod fuzzing;
#[cfg(test)]
mod mutations;
#[cfg(test)]
mod packets;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod streams;
#[cfg(test)]
mod vectors;
