//! Any trace: the judge comes to its end, and to the same one.
#![no_main]
libfuzzer_sys::fuzz_target!(|input: &[u8]| mqtt_assay::fuzzing::auditor(input));
