//! What a server's own certificate may be used for, and what it says beside its names.

use crate::{
    tls::chain::oddity::{ALL, Found},
    wire::x509::{
        Certificate,
        extension::{BasicConstraints, KeyUsage, purposes},
        general_name::GeneralName,
        name, oid,
    },
};

pub(in crate::tls::chain) fn judge(leaf: &Certificate<'_>, found: &mut Found) {
    purpose(leaf, found);
    let usage = leaf.extension(oid::KEY_USAGE).and_then(|one| KeyUsage::of(one).ok());
    if let Some(usage) = usage.filter(|usage| !usage.has(KeyUsage::DIGITAL_SIGNATURE)) {
        let exchanges = usage.has(KeyUsage::KEY_ENCIPHERMENT) || usage.has(KeyUsage::KEY_AGREEMENT);
        let who = if exchanges { "JTC" } else { "OJTFC" };
        found.rule(who, format!("its key is for {}, not digitalSignature", usage.named()));
    }
    if constraints(leaf).is_some_and(|constraints| constraints.is_authority) {
        found.rule("FW", "it is an authority's certificate (CA:TRUE)");
    } else if usage.is_some_and(|usage| usage.has(KeyUsage::CERT_SIGN)) {
        found.rule("S", "its key may sign certificates, and it is no authority's");
    }
    alternative_names(leaf, found);
}

pub(super) fn constraints(certificate: &Certificate<'_>) -> Option<BasicConstraints> {
    BasicConstraints::of(certificate.extension(oid::BASIC_CONSTRAINTS)?).ok()
}

fn purpose(leaf: &Certificate<'_>, found: &mut Found) {
    let Some(Ok(purposes)) = leaf.extension(oid::EXTENDED_KEY_USAGE).map(purposes) else { return };
    if purposes.contains(&oid::SERVER_AUTH) {
    } else if purposes.contains(&oid::ANY_PURPOSE) {
        found.rule("OFW", "its purpose is anyExtendedKeyUsage, not serverAuth");
    } else {
        found.rule(ALL, "its purpose is not serverAuth").told_by = Some("tls-wrong-usage");
    }
}

fn alternative_names(leaf: &Certificate<'_>, found: &mut Found) {
    let Some(extension) = leaf.extension(oid::SUBJECT_ALT_NAME) else { return };
    if name::is_empty(leaf.subject) && !extension.critical {
        found.reading("SJC", "its subject is empty, and its subjectAltName is not critical");
    }
    for name in GeneralName::all(extension.value).unwrap_or_default() {
        match name {
            GeneralName::Dns([]) => found.reading("T", "one of its DNS names is empty"),
            GeneralName::Dns(name) if !name.is_ascii() => {
                found.reading("GC", "one of its DNS names is not ASCII (xn--…)");
            }
            GeneralName::Ip(bytes) if !matches!(bytes.len(), 4 | 16) => {
                found.reading("GC", format!("one of its IP addresses has {} bytes", bytes.len()));
            }
            GeneralName::Uri(uri) if is_no_uri(uri) => {
                found.reading("G", "one of its URIs is none");
            }
            _ => {}
        }
    }
    // A thousand names may have the same fault.
    let what = |oddity: &crate::tls::chain::Oddity| oddity.what.clone();
    found.all.dedup_by(|one, other| what(one) == what(other));
}

fn is_no_uri(uri: &[u8]) -> bool {
    let text = std::str::from_utf8(uri).ok().filter(|_| uri.iter().all(u8::is_ascii_graphic));
    match text.map(url::Url::parse) {
        Some(Ok(_) | Err(url::ParseError::RelativeUrlWithoutBase)) => false,
        Some(Err(_)) | None => true,
    }
}

/// Whether Java reads a subjectAltName with this name in it.
pub(super) fn is_read_by_java(name: &GeneralName<'_>) -> bool {
    match name {
        GeneralName::Ip(bytes) => matches!(bytes.len(), 4 | 16),
        GeneralName::Uri(uri) => !is_no_uri(uri) && uri.contains(&b':'),
        _ => true,
    }
}
