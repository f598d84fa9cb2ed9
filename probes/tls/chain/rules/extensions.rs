//! Extensions that cannot be read, stand twice, or are critical and unknown.

use crate::{
    tls::chain::{
        oddity::{ALL, Found},
        rules::Role,
    },
    wire::x509::{
        Certificate,
        constraints::NameConstraints,
        extension::{
            self, AuthorityKeyId, BasicConstraints, Extension, KeyUsage, distribution_points,
        },
        general_name::GeneralName,
        oid, policy,
    },
};

pub(in crate::tls::chain) fn judge(certificate: &Certificate<'_>, role: Role, found: &mut Found) {
    let all = &certificate.extensions;
    for (i, one) in all.iter().enumerate() {
        let name = named(one.oid);
        if all[..i].iter().any(|before| before.oid == one.oid) {
            let who = if is_core(one.oid) { ALL } else { "GJTC" };
            found.reading(who, format!("its extension {name} stands in it twice"));
            continue;
        }
        if one.writes_default || writes_default(one) {
            found.reading("C", format!("its extension {name} writes a FALSE that DER leaves out"));
        }
        if let Some(who) = malformed(one) {
            found.reading(who, format!("its extension {name} is malformed"));
        }
        if one.critical {
            critical(one, role, &name, found);
        }
    }
}

fn writes_default(one: &Extension<'_>) -> bool {
    one.oid == oid::BASIC_CONSTRAINTS
        && BasicConstraints::of(one).is_ok_and(|constraints| constraints.writes_default)
}

/// Who refuses an extension that does not have its form.
fn malformed(one: &Extension<'_>) -> Option<&'static str> {
    let (is_sound, who) = match one.oid {
        oid::SUBJECT_ALT_NAME => match GeneralName::all(one.value) {
            // Java passes over one that it cannot read: what that means is judged with the host.
            Ok(names) => (!names.is_empty(), "GFCW"),
            Err(_) => (false, "OGTFCW"),
        },
        oid::BASIC_CONSTRAINTS => (BasicConstraints::of(one).is_ok(), ALL),
        oid::KEY_USAGE => (KeyUsage::of(one).is_ok(), ALL),
        oid::EXTENDED_KEY_USAGE => (extension::purposes(one).is_ok(), ALL),
        oid::NAME_CONSTRAINTS => (NameConstraints::of(one.value).is_ok(), ALL),
        oid::AUTHORITY_INFO_ACCESS => (extension::access(one).is_ok(), "GFC"),
        oid::CRL_DISTRIBUTION_POINTS => (distribution_points(one).is_ok(), "OGW"),
        oid::SUBJECT_KEY_ID => (extension::subject_key_id(one).is_ok(), "OGC"),
        oid::AUTHORITY_KEY_ID => (AuthorityKeyId::of(one).is_ok(), "OGC"),
        oid::CERTIFICATE_POLICIES => (policy::policies(one).is_ok(), "GC"),
        _ => return None,
    };
    (!is_sound).then_some(who)
}

fn critical(one: &Extension<'_>, role: Role, name: &str, found: &mut Found) {
    let who = match one.oid {
        oid::KEY_USAGE
        | oid::SUBJECT_ALT_NAME
        | oid::BASIC_CONSTRAINTS
        | oid::EXTENDED_KEY_USAGE
        | oid::NAME_CONSTRAINTS => return,
        oid::CERTIFICATE_POLICIES => "W",
        oid::POLICY_CONSTRAINTS => "oTW",
        oid::INHIBIT_ANY_POLICY => "oW",
        oid::POLICY_MAPPINGS => "oTFW",
        oid::AUTHORITY_INFO_ACCESS => "OnJCW",
        oid::AUTHORITY_KEY_ID => "OnJFCW",
        oid::SUBJECT_KEY_ID => "nWS",
        oid::CRL_DISTRIBUTION_POINTS => "JFC",
        oid::NETSCAPE_CERT_TYPE => "GJTCW",
        // GnuTLS knows it, and asks for the staple that it may promise.
        oid::TLS_FEATURE if !extension::tls_features(one).contains(&5) => "OGJFCW",
        _ => ALL,
    };
    // Of a root these two take no more than name and key.
    let who = if role == Role::Root { who.replace(['J', 'W'], "") } else { who.to_owned() };
    found.unknown(&who, format!("its extension {name} is critical, and not known to clients"));
}

/// Extensions that decide whether a client goes on.
fn is_core(id: &[u8]) -> bool {
    matches!(
        id,
        oid::SUBJECT_ALT_NAME
            | oid::BASIC_CONSTRAINTS
            | oid::KEY_USAGE
            | oid::EXTENDED_KEY_USAGE
            | oid::NAME_CONSTRAINTS
    )
}

fn named(id: &[u8]) -> String {
    let name = match id {
        oid::SUBJECT_KEY_ID => "subjectKeyIdentifier",
        oid::KEY_USAGE => "keyUsage",
        oid::SUBJECT_ALT_NAME => "subjectAltName",
        oid::BASIC_CONSTRAINTS => "basicConstraints",
        oid::NAME_CONSTRAINTS => "nameConstraints",
        oid::CRL_DISTRIBUTION_POINTS => "cRLDistributionPoints",
        oid::CERTIFICATE_POLICIES => "certificatePolicies",
        oid::POLICY_MAPPINGS => "policyMappings",
        oid::AUTHORITY_KEY_ID => "authorityKeyIdentifier",
        oid::POLICY_CONSTRAINTS => "policyConstraints",
        oid::EXTENDED_KEY_USAGE => "extendedKeyUsage",
        oid::INHIBIT_ANY_POLICY => "inhibitAnyPolicy",
        oid::AUTHORITY_INFO_ACCESS => "authorityInfoAccess",
        oid::TLS_FEATURE => "TLS feature",
        oid::NETSCAPE_CERT_TYPE => "nsCertType",
        other => return oid::dotted(other),
    };
    name.to_owned()
}
