//! Everything that can be asked of a deployed system.
//!
//! Each folder is one probe: what it observes, and the checks that judge what it saw. The exception is
//! [`contract`], the vocabulary they share with the daemon.

pub mod contract;

use contract::Kind;

/// Every probe, in the order the documentation lists them.
pub static CATALOGUE: &[Kind] = &[];
