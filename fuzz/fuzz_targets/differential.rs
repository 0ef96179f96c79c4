//! Any bytes as a packet, here and in other codecs.
#![no_main]
libfuzzer_sys::fuzz_target!(|input: &[u8]| mqtt_assay_fuzz::differential(input));
