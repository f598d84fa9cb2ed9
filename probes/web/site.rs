//! Which hosts belong together: those under one registrable domain, by the public suffix list.

use std::net::IpAddr;

/// Whether two hosts are the same, or under the same domain that somebody registered.
pub(crate) fn is_same(a: &str, b: &str) -> bool {
    if a.eq_ignore_ascii_case(b) {
        return true;
    }
    let (a, b) = (registrable(a), registrable(b));
    a.is_some() && a == b
}

/// The domain somebody registered, in lower case; `None` for addresses and for suffixes themselves.
/// Names under a suffix of a company's own (`github.io`) are different domains.
pub(crate) fn registrable(host: &str) -> Option<String> {
    let host = plain(host)?;
    psl::domain_str(&host).map(str::to_owned)
}

/// The domain that was registered with a registry, whatever suffixes companies have below it.
pub(crate) fn registered(host: &str) -> Option<String> {
    let mut host = plain(host)?;
    loop {
        let suffix = psl::suffix(host.as_bytes())?;
        if suffix.typ() != Some(psl::Type::Private) {
            return psl::domain_str(&host).map(str::to_owned);
        }
        // What is registered is found at or above the company's own suffix.
        let private = std::str::from_utf8(suffix.as_bytes()).ok()?.to_owned();
        let (_, above) = private.split_once('.')?;
        if psl::suffix_str(above) == Some(above) {
            return Some(private);
        }
        above.clone_into(&mut host);
    }
}

fn plain(host: &str) -> Option<String> {
    let host = host.trim_matches(['[', ']']).trim_end_matches('.');
    host.parse::<IpAddr>().is_err().then(|| host.to_ascii_lowercase())
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn hosts_of_one_registrable_domain_are_one_site() {
        assert!(is_same("www.shop.example", "cdn.Shop.example."));
        assert!(is_same("127.0.0.1", "127.0.0.1"));
        assert!(!is_same("a.co.uk", "b.co.uk"));
        assert!(!is_same("a.github.io", "b.github.io"));
        assert!(!is_same("127.0.0.1", "10.0.0.1"));
    }

    #[test]
    fn a_registry_knows_no_suffixes_of_companies() {
        assert_eq!(registered("a.b.github.io").as_deref(), Some("github.io"));
        assert_eq!(registered("a.s3.amazonaws.com").as_deref(), Some("amazonaws.com"));
        assert_eq!(registered("www.shop.co.uk").as_deref(), Some("shop.co.uk"));
        assert_eq!(registered("127.0.0.1"), None);
        assert_eq!(registered("com"), None);
    }

    proptest! {
        #[test]
        fn every_host_comes_to_an_end(host in "([a-z0-9]{1,4}\\.){0,4}(github\\.io|s3\\.amazonaws\\.com|co\\.uk|example)") {
            let _ = (registered(&host), registrable(&host));
        }
    }
}
