//! Doors for fuzzers: what reads bytes that anybody may have sent.

pub use crate::tls::fuzz::{certificate, first_flight};
