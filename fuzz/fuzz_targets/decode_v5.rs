//! Any bytes as a packet of 5.0.
#![no_main]
libfuzzer_sys::fuzz_target!(|input: &[u8]| mqtt_assay_codec::fuzzing::decode_v5(input));
