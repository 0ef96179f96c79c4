//! Choices of a session: the reference broker gives no cause.
#![no_main]
libfuzzer_sys::fuzz_target!(|input: &[u8]| mqtt_assay::fuzzing::session(input));
