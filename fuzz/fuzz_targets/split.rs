//! Any bytes as a stream, cut and read in every way.
#![no_main]
libfuzzer_sys::fuzz_target!(|input: &[u8]| mqtt_assay_codec::fuzzing::split(input));
