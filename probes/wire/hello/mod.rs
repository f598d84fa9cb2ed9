//! ClientHellos that no current library would send, and the reader of what comes back. No I/O and no
//! cryptography.
//!
//! Up to TLS 1.2 all of a server's first flight is in the clear: version, suite, extensions,
//! certificate, stapled OCSP response, key exchange. In TLS 1.3 a hello without a key share (RFC 8446
//! section 4.2.8) makes the server name its suite and group in a HelloRetryRequest, which costs it
//! neither a key nor a signature.

pub(crate) mod cursor;
pub(crate) mod flight;
pub(crate) mod group;
#[cfg(any(test, feature = "specimen"))]
pub(crate) mod masquerade;
pub(crate) mod offer;
pub(crate) mod suite;
#[cfg(test)]
pub(crate) mod tests;
pub(crate) mod version;
