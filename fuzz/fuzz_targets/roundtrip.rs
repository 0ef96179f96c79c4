//! Any legal packet: written, read, and cut short.
#![no_main]
libfuzzer_sys::fuzz_target!(|input: &[u8]| mqtt_assay_codec::fuzzing::roundtrip(input));
