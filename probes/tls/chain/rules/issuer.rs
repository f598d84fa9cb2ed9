//! Whether a certificate may issue others.

use super::Role;
use crate::{
    tls::chain::{
        Lenience,
        oddity::{ALL, Found},
    },
    wire::x509::{
        Certificate,
        extension::{KeyUsage, purposes, tls_features},
        oid,
    },
};

/// `below` says how many intermediates stand between it and the leaf: all of them, and without those
/// that are self-issued, which do not count (RFC 5280 section 6.1.4).
pub(in crate::tls::chain) fn judge(
    issuer: &Certificate<'_>,
    role: Role,
    below: [usize; 2],
    found: &mut Found,
) {
    let is_root = role == Role::Root;
    let basic = issuer.extension(oid::BASIC_CONSTRAINTS);
    let constraints = super::leaf::constraints(issuer);
    let usage = issuer.extension(oid::KEY_USAGE).and_then(|one| KeyUsage::of(one).ok());
    match constraints {
        Some(constraints) if !constraints.is_authority => {
            let who = if is_root { "OGJTFC" } else { ALL };
            found.rule(who, "it has issued a certificate and is no authority (CA:FALSE)");
        }
        Some(_) => {
            if basic.is_some_and(|basic| !basic.critical) {
                found.rule("S", "its basicConstraints are not critical");
            }
        }
        None if !is_root => {
            found.rule(ALL, "it has issued a certificate and has no basicConstraints");
        }
        // Roots older than version 3 have no extensions.
        None if issuer.version < 3 && issuer.extensions.is_empty() => {
            found.rule("S", "it is of version 1, without basicConstraints");
        }
        None if usage.is_some() => {
            found.rule("SGJF", "it has no basicConstraints");
        }
        None => {
            found.rule("OGJF", "it has neither basicConstraints nor keyUsage");
        }
    }
    match usage {
        Some(usage) if !usage.has(KeyUsage::CERT_SIGN) => {
            let what = format!("its key is for {}, not keyCertSign", usage.named());
            found.rule("OGJTFC", what);
        }
        None if constraints.is_some() => {
            found.rule("S", "it is an authority and has no keyUsage");
        }
        _ => {}
    }
    if issuer.version == 3
        && constraints.is_some()
        && issuer.extension(oid::SUBJECT_KEY_ID).is_none()
    {
        found.rule("S", "it is an authority and has no subjectKeyIdentifier");
    }
    if let Some(longest) = constraints.and_then(|constraints| constraints.path_length) {
        path_length(usize::try_from(longest).unwrap_or(usize::MAX), below, is_root, found);
    }
    purpose(issuer, is_root, found);
    let promises = issuer.extension(oid::TLS_FEATURE).map(tls_features).unwrap_or_default();
    if !is_root && promises.contains(&STATUS_REQUEST) {
        let what = "it promises stapled responses for what it issues, and none is sent";
        found.rule("TF", what).lifted_by_staple = true;
    }
}

fn path_length(longest: usize, [all, counted]: [usize; 2], is_root: bool, found: &mut Found) {
    let who = match (counted > longest, all > longest, is_root) {
        (true, _, false) => ALL,
        (true, _, true) => "OGTFC",
        (false, true, false) => "GTFW",
        (false, true, true) => "GTF",
        (false, false, _) => return,
    };
    let self_issued = if counted > longest { "" } else { ", counting one that has the same name" };
    found.rule(
        who,
        format!("its path length allows {longest} intermediates below it, not {all}{self_issued}"),
    );
}

fn purpose(issuer: &Certificate<'_>, is_root: bool, found: &mut Found) {
    let Some(Ok(purposes)) = issuer.extension(oid::EXTENDED_KEY_USAGE).map(purposes) else {
        return;
    };
    if purposes.contains(&oid::SERVER_AUTH) {
        return;
    }
    let is_any = purposes.contains(&oid::ANY_PURPOSE);
    let who = match (is_any, is_root) {
        (true, false) => "OTFW",
        (true, true) => "OF",
        (false, false) => "OGTFCW",
        (false, true) => "OGFC",
    };
    let named = if is_any { "anyExtendedKeyUsage" } else { "another" };
    let what = format!("it may not issue for servers: its purpose is {named}, not serverAuth");
    found.rule(who, what).lenience = (!is_root).then_some(Lenience::Purpose);
}

/// The number of the extension status_request.
const STATUS_REQUEST: u32 = 5;
