#![no_main]

#[path = "../mapping.rs"]
mod mapping;

libfuzzer_sys::fuzz_target!(|data: &[u8]| mapping::mapping_of(data));
