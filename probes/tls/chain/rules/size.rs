//! How long a chain may be, in certificates and in bytes.

use crate::tls::chain::oddity::{ALL, Found};

/// `served` certificates of `bytes` in all, `between` of them between the leaf and its root.
pub(in crate::tls::chain) fn judge(served: usize, bytes: usize, between: usize, found: &mut Found) {
    if between > 6 {
        let who = if between > 8 { "FW" } else { "W" };
        found.rule(who, format!("{between} intermediates stand between leaf and root"));
    }
    if served > 10 {
        found.rule("J", format!("{served} certificates are sent"));
    }
    // The defaults of jdk.tls.maxHandshakeMessageSize, rustls, SSL_CTX_set_max_cert_list in OpenSSL and
    // BoringSSL, GnuTLS and NSS, and crypto/tls.
    let limits =
        [(32_768, "J"), (65_535, "JWo"), (102_400, "JWoOC"), (131_071, "JWoOCTF"), (262_144, ALL)];
    let who = limits.iter().rev().find(|(limit, _)| bytes > *limit);
    if let Some((_, who)) = who {
        found.reading(who, format!("the chain is {bytes} bytes long"));
    }
}
