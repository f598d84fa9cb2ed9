//! Where the time of an exchange went.

use std::time::Duration;

/// How long each phase took; zero for a phase that did not happen.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Phases {
    /// Resolving the name.
    pub resolve: Duration,
    /// Connecting, to the address that answered.
    pub connect: Duration,
    /// The TLS handshake.
    pub tls: Duration,
    /// From sending the request to the first byte of the answer's header.
    pub first_byte: Duration,
    /// From there to the end of the body.
    pub transfer: Duration,
}

impl Phases {
    /// All of them. Time spent waiting for our own budgets is in none.
    #[must_use]
    pub fn total(&self) -> Duration {
        self.resolve + self.connect + self.tls + self.first_byte + self.transfer
    }
}
