#![no_main]

#[path = "../heads.rs"]
#[allow(dead_code, reason = "each target uses one of the checks")]
mod heads;

libfuzzer_sys::fuzz_target!(|data: &[u8]| heads::response(data));
