#![no_main]

#[path = "../forwarded.rs"]
mod forwarded;

libfuzzer_sys::fuzz_target!(|data: &[u8]| forwarded::forwarded(data));
