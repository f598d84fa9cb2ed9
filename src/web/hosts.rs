//! By which names gonogo may be asked.
//!
//! A page of any site can have a browser ask a listener in the reader's network, under a name of that
//! site which it has pointed at the listener's address (DNS rebinding), and read the answer. Such a
//! name is one that anybody can register. Prometheus and kubelets ask by address, by the name of a
//! service in the cluster, or by the machine's name, none of which can be registered; so these are
//! answered without any setting, and what can be registered has to be named.

use std::{
    fmt,
    net::{Ipv4Addr, Ipv6Addr},
    path::Path,
    str::FromStr,
    sync::atomic::{AtomicBool, Ordering},
};

use gonogo_probes::contract::disk::Disk;
use http::{HeaderMap, Uri, header, uri::Authority};
use tracing::{debug, warn};
use url::Url;

/// The names by which gonogo may be asked, besides those that nobody can register.
#[derive(Debug, Default)]
pub struct Hosts {
    allowed: Vec<Host>,
    has_warned: AtomicBool,
}

/// A name, names below one (`*.ops.example`), or any name (`*`).
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Host {
    /// Any name: nothing is refused.
    Any,
    /// This name.
    Named(String),
    /// Every name that ends in a dot and this one.
    Below(String),
}

/// What is wrong with a name.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("write a host name without a port, like gonogo.ops.example, *.ops.example or *")]
pub struct HostError;

impl Hosts {
    /// Allows these names, that of `--web.external-url`, and those of this machine.
    pub fn new(listed: &[Host], external: Option<&Url>) -> Self {
        let external = external.and_then(Url::host_str).map(|host| Host::Named(plain(host)));
        let own = own_names().into_iter().map(Host::Named);
        let allowed = listed.iter().cloned().chain(external).chain(own).collect();
        Self { allowed, has_warned: AtomicBool::new(false) }
    }

    /// Whether a request may be answered; if not, what its client is told.
    pub(super) fn admit(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), String> {
        let named = headers.get_all(header::HOST).iter().map(|value| value.to_str().unwrap_or("?"));
        // In HTTP/2, and where a proxy is asked, the name is part of the URI.
        for name in uri.authority().map(Authority::as_str).into_iter().chain(named) {
            if !self.knows(name) {
                return Err(self.refuse(name));
            }
        }
        Ok(())
    }

    fn knows(&self, authority: &str) -> bool {
        let Some(name) = host_of(authority) else { return false };
        cannot_be_registered(&name) || self.allowed.iter().any(|host| host.includes(&name))
    }

    fn refuse(&self, name: &str) -> String {
        let name: String = name.chars().filter(char::is_ascii_graphic).take(LONGEST).collect();
        // Once: a flood of names must not fill the log.
        if self.has_warned.swap(true, Ordering::Relaxed) {
            debug!(name, "asked by a name that is not gonogo's");
        } else {
            warn!(
                name,
                "asked by a name that is not gonogo's, and refused; if it is, add it to \
                 --web.allowed-hosts or set --web.external-url"
            );
        }
        format!(
            "`{name}` is no name of this gonogo's; if it is, start it with \
             --web.allowed-hosts={name}\n"
        )
    }
}

impl Host {
    fn includes(&self, name: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Named(known) => known == name,
            Self::Below(parent) => {
                name.strip_suffix(parent.as_str()).is_some_and(|rest| rest.ends_with('.'))
            }
        }
    }
}

impl FromStr for Host {
    type Err = HostError;

    fn from_str(text: &str) -> Result<Self, HostError> {
        if text == "*" {
            return Ok(Self::Any);
        }
        let (name, below) = text.strip_prefix("*.").map_or((text, false), |rest| (rest, true));
        let sound = !name.is_empty()
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b))
            && !name.starts_with('.');
        match (sound, below) {
            (false, _) => Err(HostError),
            (true, false) => Ok(Self::Named(plain(name))),
            (true, true) => Ok(Self::Below(plain(name))),
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("*"),
            Self::Named(name) => f.write_str(name),
            Self::Below(name) => write!(f, "*.{name}"),
        }
    }
}

/// The host of `host`, `host:port`, `[::1]:port`; `None` if it is none.
fn host_of(authority: &str) -> Option<String> {
    if authority.contains('@') {
        return None;
    }
    let authority: Authority = authority.parse().ok()?;
    let host = plain(authority.host());
    (!host.is_empty()).then_some(host)
}

fn plain(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

/// Whether no registry hands this name out: addresses, names without a dot, and names whose last label
/// is no public top-level domain, such as those of a cluster.
fn cannot_be_registered(name: &str) -> bool {
    let bare = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    if name.parse::<Ipv4Addr>().is_ok() || bare.is_some_and(|v6| v6.parse::<Ipv6Addr>().is_ok()) {
        return true;
    }
    let Some((_, last)) = name.rsplit_once('.') else { return true };
    !last.is_empty() && psl::suffix(last.as_bytes()).is_none_or(|suffix| !suffix.is_known())
}

/// What this machine is called, alone and in the domains that its resolver searches.
fn own_names() -> Vec<String> {
    let name = rustix::system::uname();
    let name = plain(&name.nodename().to_string_lossy());
    if name.is_empty() {
        return Vec::new();
    }
    let disk = Disk::default();
    let resolver = disk.read(Path::new("/etc/resolv.conf"), MOST_OF_RESOLVER);
    let resolver = String::from_utf8_lossy(&resolver.unwrap_or_default()).into_owned();
    let mut names: Vec<String> =
        domains(&resolver).map(|domain| format!("{name}.{domain}")).collect();
    names.push(name);
    names
}

/// The domains that a resolver's configuration searches.
fn domains(resolver: &str) -> impl Iterator<Item = String> {
    let lines = resolver.lines().map(str::split_whitespace);
    lines.flat_map(|mut words| {
        let is_list = matches!(words.next(), Some("search" | "domain"));
        words.filter(move |_| is_list).map(plain).filter(|domain| !domain.is_empty())
    })
}

/// No host name is longer (RFC 1035 section 2.3.4).
const LONGEST: usize = 253;
const MOST_OF_RESOLVER: u64 = 64 << 10;

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn hosts(listed: &[&str], external: Option<&str>) -> Hosts {
        let listed: Vec<Host> = listed.iter().map(|text| text.parse().expect("a name")).collect();
        let external = external.map(|url| url.parse().expect("a URL"));
        Hosts::new(&listed, external.as_ref())
    }

    fn admits(hosts: &Hosts, host: &str) -> bool {
        let value = HeaderValue::from_str(host).expect("a value");
        hosts.admit(&Uri::from_static("/"), &HeaderMap::from_iter([(header::HOST, value)])).is_ok()
    }

    #[test]
    fn scrapers_and_kubelets_are_answered_without_any_setting() {
        let hosts = hosts(&[], None);
        for host in [
            "10.42.0.7:10466",
            "[fd00::7]:10466",
            "127.0.0.1",
            "localhost:10466",
            "gonogo:10466",
            "gonogo.monitoring.svc:10466",
            "gonogo-0.gonogo.monitoring.svc.cluster.local:10466",
            "ip-10-0-0-7.ec2.internal:10466",
            "gonogo.service.consul:10466",
        ] {
            assert!(admits(&hosts, host), "{host}");
        }
        let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
        assert!(admits(&hosts, &format!("{name}:10466")), "{name}");
        // HTTP/1.0; no browser sends it.
        assert!(hosts.admit(&Uri::from_static("/"), &HeaderMap::new()).is_ok());
    }

    #[test]
    fn a_name_that_anybody_can_register_is_refused_unless_it_is_named() {
        let evil =
            ["rebind.example.com:10466", "gonogo.evil.co.uk", "EVIL.COM.", "a@b.com", "", "?"];
        let hosts = hosts(&["gonogo.shop.com", "*.ops.shop.com"], Some("https://go.shop.dev/x"));
        for host in evil {
            assert!(!admits(&hosts, host), "{host:?}");
        }
        for host in ["gonogo.shop.com:1", "GONOGO.shop.com.", "a.ops.shop.com", "go.shop.dev"] {
            assert!(admits(&hosts, host), "{host}");
        }
        for host in ["ops.shop.com", "evilops.shop.com", "x.gonogo.shop.com"] {
            assert!(!admits(&hosts, host), "{host}");
        }
        let any = self::hosts(&["*"], None);
        assert!(admits(&any, evil[0]));
    }

    #[test]
    fn the_name_in_a_uri_counts_too() {
        let uri = Uri::from_static("http://rebind.example.com/metrics");
        assert!(hosts(&[], None).admit(&uri, &HeaderMap::new()).is_err());
    }

    #[test]
    fn the_machine_is_known_in_the_domains_its_resolver_searches() {
        let resolver = "# search no.example\nnameserver 10.0.0.1\nsearch a.example. B.example\n";
        assert_eq!(domains(resolver).collect::<Vec<_>>(), ["a.example", "b.example"]);
    }

    #[test]
    fn what_is_no_name_is_refused_as_a_setting() {
        for text in ["", "a:80", "https://a", "*.", "a b", "*a.example", ".a"] {
            assert!(text.parse::<Host>().is_err(), "{text:?}");
        }
    }
}
