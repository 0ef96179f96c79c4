//! Any bytes as a packet of 3.1 or 3.1.1.
#![no_main]
libfuzzer_sys::fuzz_target!(|input: &[u8]| mqtt_assay_codec::fuzzing::decode_v3(input));
