//! Everything that can be asked of a deployed system.
//!
//! Each folder is one probe, and all probes have the same floor plan:
//!
//! ```text
//! mod.rs        the `impl Probe`, nothing else
//! settings      what an operator may say
//! evidence      what one visit brings back
//! observe/      all I/O
//! checks/       one file a check: its declaration, its judgement, its tests; mod.rs lists them
//! gauges, facts the evidence as numbers, and as rows for a person
//! specimens/    servers on which each check fails or passes
//! tests/        the probe against servers
//! ```
//!
//! What several probes stand on has rooms of its own: [`contract`], the vocabulary shared with the
//! daemon; `web`, what is known of browsers, header fields and pages; `wire`, protocols as pure code;
//! `observatory`, the score of MDN HTTP Observatory.

pub mod contract;
mod cookies;
mod cors;
#[cfg(any(test, feature = "fuzz"))]
pub mod fuzz;
mod headers;
mod health;
mod http;
mod observatory;
mod plaintext;
mod tls;
mod web;
mod wire;

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
