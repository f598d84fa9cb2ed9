//! Protocols that several probes speak: pure code over bytes.

pub(crate) mod der;
pub(crate) mod hello;
pub(crate) mod x509;
