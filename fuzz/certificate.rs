//! What a server shows as its certificate.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| gonogo_probes::fuzz::certificate(bytes));
