#![no_main]

#[path = "../schemas.rs"]
#[allow(dead_code, reason = "each target uses one of the checks")]
mod schemas;

libfuzzer_sys::fuzz_target!(|data: &[u8]| schemas::datum(data));
