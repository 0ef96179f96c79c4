//! A topic filter and a topic name, against the definitions of section 4.7.
#![no_main]
libfuzzer_sys::fuzz_target!(|input: &[u8]| mqtt_assay_codec::fuzzing::topic_match(input));
