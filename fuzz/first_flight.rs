//! What a server answers a hello with.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| gonogo_probes::fuzz::first_flight(bytes));
