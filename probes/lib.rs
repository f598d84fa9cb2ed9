//! Everything that can be asked of a deployed system.
//!
//! Each folder is one probe: what it observes, and the checks that judge what it saw. The exception is
//! [`contract`], the vocabulary they share with the daemon.

pub mod contract;
mod health;
mod http;
mod tls;
mod window;

use contract::Kind;

/// Every probe, in the order the documentation lists them.
pub static CATALOGUE: &[Kind] =
    &[Kind::of::<health::Health>(), Kind::of::<http::Http>(), Kind::of::<tls::Tls>()];
