//! Any text as a transcript: read, printed, read again.
#![no_main]
libfuzzer_sys::fuzz_target!(|input: &[u8]| mqtt_assay::fuzzing::transcript_parse(input));
