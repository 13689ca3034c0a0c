#![no_main]

#[path = "../proxy.rs"]
mod proxy;

libfuzzer_sys::fuzz_target!(|data: &[u8]| proxy::proxy(data));
