#![no_main]

#[path = "../payloads.rs"]
mod payloads;

libfuzzer_sys::fuzz_target!(|data: &[u8]| payloads::form(data));
