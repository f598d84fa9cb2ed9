//! Addresses and names that mean something inside a network only.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::Url;

use super::has_word;

/// The first address or name in a text that means something inside a network only.
pub(super) fn internal<'t>(keys: &[&str], text: &'t str, url: &Url) -> Option<&'t str> {
    if has_word(keys, VERSIONS) || has_word(keys, CALLERS) || caller_is_told(keys) {
        return None;
    }
    let own = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let mut tokens = tokens(text);
    tokens.find_map(|(start, token)| {
        let is_own = |name: &str| name.eq_ignore_ascii_case(own);
        let (name, port) = parted(token);
        if name.is_empty() || is_own(name) || follows_a_version(&text[..start]) {
            return None;
        }
        let found = match name.parse::<IpAddr>() {
            Ok(IpAddr::V4(address)) => is_internal_v4(address),
            Ok(IpAddr::V6(address)) => is_internal_v6(address),
            Err(_) => is_internal_name(name) || is_service(text, start, token, name, port),
        };
        found.then_some(token)
    })
}

/// The name of a machine, under a key that says so.
pub(super) fn host<'t>(keys: &[&str], text: &'t str, url: &Url) -> Option<&'t str> {
    let key: String = keys.last()?.chars().filter(char::is_ascii_alphanumeric).collect();
    if !HOST_KEYS.contains(&key.to_ascii_lowercase().as_str()) {
        return None;
    }
    let name = text.trim();
    let own = url.host_str().unwrap_or_default();
    let is_name = !name.is_empty()
        && name.len() <= 253
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b))
        && name.parse::<IpAddr>().is_err();
    let public = name.contains('.') && !is_internal_name(name);
    let known = name.eq_ignore_ascii_case(own) || name.eq_ignore_ascii_case("localhost");
    (is_name && !public && !known).then_some(name)
}

/// Words made of what addresses and names are made of, with where they begin.
fn tokens(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || ".:-_[]%".contains(c);
    let mut rest = 0;
    std::iter::from_fn(move || {
        let start = rest + text[rest..].find(is_part)?;
        let end = text[start..].find(|c| !is_part(c)).map_or(text.len(), |end| start + end);
        rest = end;
        let token = text[start..end].trim_end_matches([':', '.', '-']);
        let token = token.trim_start_matches(':').strip_prefix("::").map_or(token, |_| token);
        Some((start, token))
    })
}

/// Name or address, and port.
fn parted(token: &str) -> (&str, Option<u16>) {
    let bracketed = token.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    if let Some((address, rest)) = bracketed {
        return (unzoned(address), rest.strip_prefix(':').and_then(|port| port.parse().ok()));
    }
    if unzoned(token).parse::<Ipv6Addr>().is_ok() {
        return (unzoned(token), None);
    }
    match token.rsplit_once(':') {
        Some((name, port)) => match port.parse() {
            Ok(port) => (name, Some(port)),
            Err(_) => (name.split(':').next().unwrap_or_default(), None),
        },
        None => (token, None),
    }
}

fn unzoned(address: &str) -> &str {
    address.split('%').next().unwrap_or_default()
}

/// RFC 1918, RFC 6598 and RFC 3927. Loopback is everybody's.
fn is_internal_v4(address: Ipv4Addr) -> bool {
    let [a, b, ..] = address.octets();
    address.is_private() || address.is_link_local() || (a == 100 && (64..128).contains(&b))
}

/// RFC 4193 and RFC 4291 section 2.5.6, and what hides within.
fn is_internal_v6(address: Ipv6Addr) -> bool {
    address.is_unique_local()
        || address.is_unicast_link_local()
        || address.to_ipv4_mapped().is_some_and(is_internal_v4)
}

/// A name that no public registry has: Kubernetes, Docker, Consul, cloud providers, home and company
/// networks (RFC 6762 appendix G, RFC 9476 and ICANN's reservation of `.internal`).
fn is_internal_name(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let mut labels = name.rsplit('.');
    let last = labels.next().unwrap_or_default();
    let first = name.split('.').next().unwrap_or_default();
    let is_label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    if !name.split('.').all(is_label) {
        return false;
    }
    // `ip-10-0-1-7`, as Amazon calls its machines.
    let amazon =
        first.strip_prefix("ip-").and_then(|rest| rest.replace('-', ".").parse::<Ipv4Addr>().ok());
    if amazon.is_some_and(is_internal_v4) {
        return true;
    }
    // A package of Java's begins with what a name of a host ends with.
    name.contains('.')
        && INTERNAL.contains(&last)
        && !["com", "org", "net", "io", "dev", "java", "javax"].contains(&first)
}

/// `kafka-0.kafka.example:9092`: a service by name and port, where no scheme makes it a public address
/// and no path the name of an image.
fn is_service(text: &str, start: usize, token: &str, name: &str, port: Option<u16>) -> bool {
    let after = text[start + token.len()..].chars().next();
    let before = &text[..start];
    let scheme = before.ends_with("//") || before.ends_with('@') || before.ends_with('/');
    port.is_some_and(|port| port >= 10)
        && !scheme
        && after != Some('/')
        && name.contains('.')
        && name.split('.').all(|label| {
            label.starts_with(|c: char| c.is_ascii_lowercase())
                && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        })
        && !is_file(name)
}

/// `main.go:17` is a place in a file.
fn is_file(name: &str) -> bool {
    let extension = name.rsplit('.').next().unwrap_or_default();
    [
        "c", "cc", "cpp", "cs", "ex", "go", "java", "js", "kt", "mjs", "php", "py", "rb", "rs",
        "scala", "ts",
    ]
    .contains(&extension)
}

/// `v10.0.0.1`, `version 10.0.0.1`, `Build 10.0.0.1`.
fn follows_a_version(before: &str) -> bool {
    let word: String = before
        .trim_end_matches([' ', ':', '=', '/', '(', '"'])
        .chars()
        .rev()
        .take_while(char::is_ascii_alphabetic)
        .collect::<String>()
        .chars()
        .rev()
        .collect::<String>()
        .to_ascii_lowercase();
    VERSIONS.contains(&word.as_str()) || word == "v"
}

/// `remote_addr`, and `ip` where it stands for whoever asks.
fn caller_is_told(keys: &[&str]) -> bool {
    let last = keys.last().map(|key| super::super::statement::words_of(key)).unwrap_or_default();
    last.first().is_some_and(|word| word == "remote")
}

/// Words of keys and texts that come before a version, which may look like an address.
const VERSIONS: &[&str] = &[
    "build",
    "builds",
    "image",
    "kernel",
    "os",
    "platform",
    "release",
    "releaseid",
    "revision",
    "runtime",
    "semver",
    "tag",
    "version",
    "versions",
    "versionstring",
    "windows",
];

/// Words of keys that hold the address of whoever asks.
const CALLERS: &[&str] = &["caller", "client", "clientip", "forwarded", "your", "yourip"];

const HOST_KEYS: &[&str] = &[
    "host",
    "hostname",
    "pod",
    "podname",
    "node",
    "nodename",
    "machine",
    "machinename",
    "container",
    "containername",
    "servername",
];

/// Last labels of names that no public registry has.
const INTERNAL: &[&str] = &[
    "consul",
    "corp",
    "docker",
    "home",
    "internal",
    "intranet",
    "lan",
    "local",
    "localdomain",
    "private",
    "svc",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn found(keys: &[&str], text: &str) -> bool {
        let url = Url::parse("https://shop.example:8443/health").expect("a URL");
        internal(keys, text, &url).is_some()
    }

    #[test]
    fn what_means_something_inside_only_is_found() {
        for text in [
            "10.1.2.3",
            "connect 172.31.0.1:5432 failed",
            "http://192.168.0.7/x",
            "100.64.0.1",
            "169.254.169.254",
            "fd00::7",
            "[fd12:3456:789a::1]:5432",
            "fe80::1%eth0",
            "::ffff:10.0.0.1",
            "lookup db.prod.svc.cluster.local: no such host",
            "https://db.corp/x",
            "ip-10-0-1-7",
            "ip-10-0-1-7.eu-west-1.compute.internal",
            "kafka-0.kafka.example:9092",
        ] {
            assert!(found(&["addr"], text), "{text}");
        }
    }

    #[test]
    fn what_only_looks_like_it_is_none() {
        for text in [
            "127.0.0.1",
            "0.0.0.0:8080",
            "::1",
            "203.0.113.7",
            "https://api.example.com:8443/health",
            "https://shop.example:8443/",
            "shop.example:8443",
            "registry.example.com:5000/app:1.2",
            "ghcr.io/acme/app:1.2",
            "app:1.2",
            "com.acme.internal",
            "cassandra:responseTime",
            "v10.0.0.1",
            "Microsoft Windows 10.0.20.1",
            "version: 10.0.0.1",
            "12:34:56",
            "2026-11-21T03:44:03.123Z",
            "3f2a9c1e-0000-4000-8000-000000000000",
            "fd:00:11:22:33:44",
            "main.go:17",
            "1.02ms",
        ] {
            assert!(!found(&["text"], text), "{text}");
        }
        for keys in [
            &["version"][..],
            &["appVersion"],
            &["build", "number"],
            &["client_ip"],
            &["os"],
            &["remoteAddr"],
        ] {
            assert!(!found(keys, "10.2.0.5"), "{keys:?}");
        }
    }

    #[test]
    fn a_machine_is_named_under_its_own_keys_only() {
        let url = Url::parse("https://shop.example/health").expect("a URL");
        let named = |key: &str, name: &str| host(&[key], name, &url).is_some();
        assert!(named("hostname", "shop-7f9c") && named("pod_name", "shop-0"));
        assert!(named("host", "db.prod.internal"));
        for (key, name) in [
            ("host", "shop.example"),
            ("host", "api.example.com"),
            ("hostname", "localhost"),
            ("host", "0.0.0.0"),
            ("name", "shop-7f9c"),
            ("cluster_name", "vault-cluster-3bd69ca2"),
            ("host", ""),
        ] {
            assert!(!named(key, name), "{key} {name}");
        }
    }
}
