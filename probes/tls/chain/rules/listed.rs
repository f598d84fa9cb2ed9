//! A leaf that is itself among the trusted certificates.

use crate::{
    tls::chain::oddity::Found,
    wire::x509::{Certificate, extension::KeyUsage, oid},
};

pub(in crate::tls::chain) fn judge(leaf: &Certificate<'_>, found: &mut Found) {
    if !leaf.is_self_issued() {
        found.rule("OW", "it is trusted itself, and the authority that issued it is not");
        return;
    }
    let usage = leaf.extension(oid::KEY_USAGE).and_then(|one| KeyUsage::of(one).ok());
    match super::leaf::constraints(leaf) {
        Some(constraints) if !constraints.is_authority => {
            found.rule("C", "it is self-signed and no authority (CA:FALSE)");
        }
        Some(_) if usage.is_some_and(|usage| !usage.has(KeyUsage::DIGITAL_SIGNATURE)) => {
            found.rule("OTFCW", "it is an authority whose key signs no handshakes");
        }
        _ => {}
    }
}
