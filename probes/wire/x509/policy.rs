//! Certificate policies (RFC 5280 sections 4.2.1.4, 4.2.1.5 and 4.2.1.11).

use super::extension::{Extension, integer};
use crate::wire::der::{OID, SEQUENCE, implicit};

/// The identifiers of certificatePolicies.
pub(crate) fn policies<'a>(extension: &Extension<'a>) -> Result<Vec<&'a [u8]>, String> {
    let what = "certificatePolicies";
    let mut inner = extension.sequence(what)?;
    let mut all = Vec::new();
    while !inner.0.is_empty() {
        let mut one = inner.enter(SEQUENCE, what)?;
        all.push(one.expect(OID, what)?.content);
        one.optional(SEQUENCE, what)?;
        one.finish(what)?;
    }
    if all.is_empty() { Err(format!("{what} is empty")) } else { Ok(all) }
}

/// The pairs of policyMappings: the issuer's policy, and what it is for the subject.
pub(crate) fn mappings<'a>(extension: &Extension<'a>) -> Result<Vec<[&'a [u8]; 2]>, String> {
    let what = "policyMappings";
    let mut inner = extension.sequence(what)?;
    let mut all = Vec::new();
    while !inner.0.is_empty() {
        let mut one = inner.enter(SEQUENCE, what)?;
        all.push([one.expect(OID, what)?.content, one.expect(OID, what)?.content]);
    }
    Ok(all)
}

/// After how many certificates policyConstraints ask for an explicit policy, if they do.
pub(crate) fn explicit_after(extension: &Extension<'_>) -> Result<Option<u32>, String> {
    let what = "policyConstraints";
    let mut inner = extension.sequence(what)?;
    let explicit = inner.optional(implicit(0), what)?.map(|value| integer(value.content));
    inner.optional(implicit(1), what)?;
    inner.finish(what).map(|()| explicit)
}
