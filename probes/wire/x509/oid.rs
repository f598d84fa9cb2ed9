//! Object identifiers of X.509, as the contents of their DER.

/// Identifiers below 2.5.29 (id-ce).
macro_rules! extension {
    ($($name:ident = $number:literal;)*) => {
        $(pub(crate) const $name: &[u8] = &[0x55, 0x1d, $number];)*
    };
}

extension! {
    SUBJECT_KEY_ID = 14;
    KEY_USAGE = 15;
    SUBJECT_ALT_NAME = 17;
    BASIC_CONSTRAINTS = 19;
    NAME_CONSTRAINTS = 30;
    CRL_DISTRIBUTION_POINTS = 31;
    CERTIFICATE_POLICIES = 32;
    POLICY_MAPPINGS = 33;
    AUTHORITY_KEY_ID = 35;
    POLICY_CONSTRAINTS = 36;
    EXTENDED_KEY_USAGE = 37;
    INHIBIT_ANY_POLICY = 54;
}

/// 2.5.29.32.0.
pub(crate) const ANY_POLICY: &[u8] = &[0x55, 0x1d, 0x20, 0x00];
/// 2.5.29.37.0.
pub(crate) const ANY_PURPOSE: &[u8] = &[0x55, 0x1d, 0x25, 0x00];
/// 2.5.4.3.
pub(crate) const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];

/// Identifiers below 1.3.6.1.5.5.7 (id-pkix).
macro_rules! pkix {
    ($($name:ident = $arc:literal, $number:literal;)*) => {
        $(pub(crate) const $name: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, $arc, $number];)*
    };
}

pkix! {
    AUTHORITY_INFO_ACCESS = 1, 1;
    TLS_FEATURE = 1, 24;
    SERVER_AUTH = 3, 1;
    CLIENT_AUTH = 3, 2;
    CODE_SIGNING = 3, 3;
    EMAIL_PROTECTION = 3, 4;
    TIME_STAMPING = 3, 8;
    OCSP_SIGNING = 3, 9;
    CA_ISSUERS = 48, 2;
}

/// 2.16.840.1.113730.1.1, from Netscape's time.
pub(crate) const NETSCAPE_CERT_TYPE: &[u8] =
    &[0x60, 0x86, 0x48, 0x01, 0x86, 0xf8, 0x42, 0x01, 0x01];

/// The dotted text of an object identifier.
pub(crate) fn dotted(content: &[u8]) -> String {
    let mut arcs: Vec<u64> = Vec::new();
    let mut arc = 0u64;
    for byte in content {
        arc = arc.wrapping_shl(7) | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            arcs.push(arc);
            arc = 0;
        }
    }
    let Some((first, rest)) = arcs.split_first() else { return String::new() };
    let root = (first / 40).min(2);
    let mut text = format!("{root}.{}", first - root * 40);
    for arc in rest {
        text.push('.');
        text.push_str(&arc.to_string());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_written_with_dots() {
        assert_eq!(dotted(SERVER_AUTH), "1.3.6.1.5.5.7.3.1");
        assert_eq!(dotted(NETSCAPE_CERT_TYPE), "2.16.840.1.113730.1.1");
        assert_eq!(dotted(&[]), "");
    }
}
