#![no_main]

#[path = "../bodies.rs"]
#[allow(dead_code, reason = "each target uses one of the checks")]
mod bodies;

libfuzzer_sys::fuzz_target!(|data: &[u8]| bodies::transcode(data));
