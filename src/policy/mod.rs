//! What people decided: thresholds, weights, which fails are accepted, what is attested.

mod attestation;
mod status;
mod thresholds;
mod waiver;

pub use attestation::Attestation;
pub use status::Status;
pub use thresholds::{Policy, Required, Unknown};
pub use waiver::Waiver;
