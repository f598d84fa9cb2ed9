//! ClientHellos that no current library would send, and the reader of what comes back. No I/O and no
//! cryptography.
//!
//! Up to TLS 1.2 all of a server's first flight is in the clear: version, suite, extensions,
//! certificate, stapled OCSP response, key exchange. In TLS 1.3 a hello without a key share (RFC 8446
//! section 4.2.8) makes the server name its suite and group in a HelloRetryRequest, which costs it
//! neither a key nor a signature.

mod cursor;
mod flight;
mod group;
mod offer;
mod suite;
#[cfg(test)]
mod tests;
mod version;

#[cfg(any(test, feature = "specimen"))]
pub(super) use self::cursor::Cursor;
pub(super) use self::{
    flight::{Alert, End, Flight, FlightReader},
    group::{Group, Scheme},
    offer::{Offer, SSL2_HELLO, farewell, is_ssl2_hello},
    suite::{Fault, Suite},
    version::Version,
};
