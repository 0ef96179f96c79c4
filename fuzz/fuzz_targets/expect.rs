//! A legal packet with one mistake, against what the catalogue expects.
#![no_main]
libfuzzer_sys::fuzz_target!(|input: &[u8]| mqtt_assay_codec::fuzzing::expect(input));
