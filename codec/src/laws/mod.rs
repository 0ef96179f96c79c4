//! What holds for every packet and for any bytes at all: the bodies of the fuzz targets, and the tests that need more than one
//! room.
//!
//! Uses every other room; none uses it.

#[cfg(test)]
mod annotation;
#[cfg(test)]
mod files;
pub mod fuzzing;
#[cfg(test)]
mod mutations;
#[cfg(test)]
mod packets;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod schema;
#[cfg(test)]
mod shown;
#[cfg(test)]
mod streams;
#[cfg(test)]
mod vectors;
#[cfg(test)]
mod vectors_streams;

/// Whether the files that tests compare are to be written anew instead.
#[cfg(test)]
fn writes_anew() -> bool {
    extern crate std;
    std::env::var_os("MQTT_ASSAY_WRITE").is_some_and(|value| value == "1")
}
