//! Telling what a new configuration has left unchanged.

use aws_lc_rs::digest::{Context, SHA256};

/// A digest of settings: equal ones mean equal settings.
pub type Fingerprint = [u8; 32];

/// The fingerprint of these parts, in this order.
pub(super) fn fingerprint<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Fingerprint {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(&part.len().to_le_bytes());
        context.update(part);
    }
    let mut sum = [0; 32];
    sum.copy_from_slice(context.finish().as_ref());
    sum
}
