#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| stimrig_fuzz::recording(bytes));
