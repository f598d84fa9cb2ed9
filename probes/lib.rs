//! Everything that can be asked of a deployed system.
//!
//! Each folder is one probe: what it observes, and the checks that judge what it saw. The exception is
//! [`contract`], the vocabulary they share with the daemon.

mod audience;
mod browse;
pub mod contract;
mod cookies;
mod cors;
#[cfg(any(test, feature = "fuzz"))]
pub mod fuzz;
mod headers;
mod health;
mod http;
mod plaintext;
mod site;
mod stand_in;
mod tls;
mod window;

use contract::Kind;

/// Every probe, in the order the documentation lists them.
pub static CATALOGUE: &[Kind] = &[
    Kind::of::<cookies::Cookies>(),
    Kind::of::<cors::Cors>(),
    Kind::of::<headers::Headers>(),
    Kind::of::<health::Health>(),
    Kind::of::<http::Http>(),
    Kind::of::<plaintext::Plaintext>(),
    Kind::of::<tls::Tls>(),
];
