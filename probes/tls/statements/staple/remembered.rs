//! Staples that were read on earlier visits. A server sends the same one for days, and verifying its
//! signature is most of the work.

use std::sync::Arc;

use aws_lc_rs::digest;

use crate::tls::{
    chain::{Certificate, Issuer},
    statements::staple::Staple,
};

/// What earlier visits left for this one.
#[derive(Clone, Default)]
pub(in crate::tls) struct Remembered(Vec<([u8; 32], Arc<Staple>)>);

impl Remembered {
    /// How many are kept: one for each address of a visit.
    const KEPT: usize = 8;

    /// What was stapled, read now or before.
    pub(in crate::tls) fn read(
        &mut self,
        bytes: &[u8],
        leaf: &Certificate,
        issuer: Option<&Issuer>,
    ) -> Arc<Staple> {
        let key = key(bytes, leaf, issuer);
        if let Some((_, staple)) = self.0.iter().find(|(known, _)| *known == key) {
            return Arc::clone(staple);
        }
        let staple = Arc::new(Staple::read(bytes, leaf, issuer));
        self.0.truncate(Self::KEPT - 1);
        self.0.insert(0, (key, Arc::clone(&staple)));
        staple
    }
}

/// Everything that reading depends on.
fn key(bytes: &[u8], leaf: &Certificate, issuer: Option<&Issuer>) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    let (name, key) = issuer.map_or((&[][..], &[][..]), |issuer| (issuer.name.der(), &*issuer.key));
    for part in [bytes, leaf.fingerprint.as_bytes(), name, key] {
        context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        context.update(part);
    }
    let mut bytes = [0; 32];
    bytes.copy_from_slice(context.finish().as_ref());
    bytes
}
