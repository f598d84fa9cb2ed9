//! Which addresses may be called.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use super::Endpoint;
use crate::contract::{Obstacle, Obstructed};

/// The addresses a target's configuration allows.
#[derive(Clone, Debug, Default)]
pub struct Allow {
    /// Hosts and ports that may be called: the target's own, those its probes' settings name, and
    /// listed ones.
    pub endpoints: Vec<Endpoint>,
    /// Address ranges that may be called although they are refused by default.
    pub networks: Vec<IpNet>,
}

impl Allow {
    /// Whether this host and port may be called at all.
    pub fn endpoint(&self, endpoint: &Endpoint) -> Result<(), Obstructed> {
        if self.endpoints.iter().any(|listed| same(listed, endpoint)) {
            return Ok(());
        }
        Err(Obstacle::NotAllowed.because(format!(
            "the configuration does not name {endpoint}; if it may be called, add \
             `allow_hosts: [\"{endpoint}\"]` to the target"
        )))
    }

    /// Whether this address, which `host` resolved to, may be called.
    ///
    /// Where the name stands is not where the packet goes: whoever controls the target's DNS could
    /// otherwise send us to the metadata service of our own machine, or to its loopback.
    pub fn address(&self, host: &str, address: IpAddr) -> Result<(), Obstructed> {
        let Some(kind) = refused_by_default(address, host) else { return Ok(()) };
        let plain = address.to_canonical();
        let listed = |ip: &IpAddr| self.networks.iter().any(|network| network.contains(ip));
        if listed(&address) || listed(&plain) || self.names(plain) {
            return Ok(());
        }
        let bits = if plain.is_ipv4() { 32 } else { 128 };
        Err(Obstacle::NotAllowed.because(format!(
            "{host} leads to {address}, {kind}; if it may be called, add \
             `allow_networks: [\"{plain}/{bits}\"]` to the target"
        )))
    }

    /// Whether the operator wrote this very address as a host.
    fn names(&self, address: IpAddr) -> bool {
        self.endpoints.iter().any(|listed| match listed {
            Endpoint::Tcp { host, .. } => literal(host) == Some(address),
            Endpoint::Unix(_) => false,
        })
    }
}

fn same(a: &Endpoint, b: &Endpoint) -> bool {
    match (a, b) {
        // An IPv6 address has many spellings.
        (Endpoint::Tcp { host: a, port }, Endpoint::Tcp { host: b, port: other }) => {
            port == other && (a == b || literal(a).is_some_and(|ip| literal(b) == Some(ip)))
        }
        _ => a == b,
    }
}

fn literal(host: &str) -> Option<IpAddr> {
    host.parse().ok().map(|ip: IpAddr| ip.to_canonical())
}

/// What sort of address it is, if nobody means it by accident.
fn refused_by_default(address: IpAddr, host: &str) -> Option<&'static str> {
    let address = match address.to_canonical() {
        IpAddr::V6(v6) => embedded(v6).map_or(IpAddr::V6(v6), IpAddr::V4),
        v4 @ IpAddr::V4(_) => v4,
    };
    if METADATA.contains(&address) {
        return Some("a cloud's metadata service");
    }
    let link_local = match address {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    };
    let unspecified = match address {
        // All of 0.0.0.0/8 means "this host" (RFC 1122 section 3.2.1.3).
        IpAddr::V4(v4) => v4.octets()[0] == 0,
        IpAddr::V6(v6) => v6.is_unspecified(),
    };
    if link_local {
        Some("a link-local address")
    } else if unspecified {
        Some("an unspecified address")
    } else if address.is_multicast() {
        Some("a multicast address")
    } else if address == IpAddr::V4(Ipv4Addr::BROADCAST) {
        Some("the broadcast address")
    } else if address.is_loopback() && !is_localhost(host) {
        Some("gonogo's own machine")
    } else {
        None
    }
}

/// The IPv4 address that a translator would make of an IPv6 one: NAT64 (RFC 6052) and the retired
/// IPv4-compatible form.
fn embedded(v6: Ipv6Addr) -> Option<Ipv4Addr> {
    let [a, b, c, d] = [12, 13, 14, 15].map(|i| v6.octets()[i]);
    let translated = match v6.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, _, _] => true,
        [0, 0, 0, 0, 0, 0, high, _] => high != 0,
        _ => false,
    };
    translated.then(|| Ipv4Addr::new(a, b, c, d))
}

/// RFC 6761 section 6.3: these names mean loopback and nothing else.
fn is_localhost(host: &str) -> bool {
    host == "localhost" || host.ends_with(".localhost")
}

const METADATA: [IpAddr; 6] = [
    // AWS, Google Cloud, Azure, OpenStack and most others.
    IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)),
    // AWS by IPv6.
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
    // Google Cloud by IPv6.
    IpAddr::V6(Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)),
    // Alibaba Cloud.
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    // Oracle Cloud, classic.
    IpAddr::V4(Ipv4Addr::new(192, 0, 0, 192)),
    // Azure's wire server.
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(allow: &Allow, host: &str, address: &str) -> bool {
        let verdict = allow.address(host, address.parse().expect("an address"));
        verdict.is_err_and(|o| o.obstacle == Obstacle::NotAllowed)
    }

    fn with_endpoints(endpoints: &[&str]) -> Allow {
        let endpoints = endpoints.iter().map(|e| e.parse().expect("an endpoint")).collect();
        Allow { endpoints, networks: Vec::new() }
    }

    #[test]
    fn an_endpoint_is_allowed_by_host_and_port_exactly() {
        let allow = with_endpoints(&["shop.example:443", "[::1]:80"]);
        assert_eq!(allow.endpoint(&Endpoint::tcp("SHOP.example.", 443)), Ok(()));
        assert_eq!(allow.endpoint(&Endpoint::tcp("0:0:0:0:0:0:0:1", 80)), Ok(()));
        for other in ["shop.example:80", "a.shop.example:443", "shop.example.evil.example:443"] {
            let refusal = allow.endpoint(&other.parse().expect(other)).expect_err(other);
            assert_eq!(refusal.obstacle, Obstacle::NotAllowed);
            assert!(refusal.detail.contains(&format!("allow_hosts: [\"{other}\"]")), "{refusal}");
        }
        assert!(allow.endpoint(&Endpoint::Unix("/run/x.sock".into())).is_err());
    }

    #[test]
    fn addresses_that_nobody_means_are_refused() {
        let allow = with_endpoints(&["shop.example:443"]);
        for address in [
            "169.254.169.254",
            "169.254.1.1",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "::169.254.169.254",
            "fe80::1",
            "fd00:ec2::254",
            "100.100.100.200",
            "192.0.0.192",
            "0.0.0.0",
            "0.1.2.3",
            "::",
            "224.0.0.1",
            "ff02::1",
            "255.255.255.255",
            "127.0.0.1",
            "127.8.8.8",
            "::1",
            "::ffff:127.0.0.1",
        ] {
            assert!(refused(&allow, "shop.example", address), "{address}");
        }
        for address in ["10.0.0.7", "192.168.1.1", "172.16.0.1", "fd12::1", "203.0.113.7"] {
            assert!(!refused(&allow, "shop.example", address), "{address}");
        }
    }

    #[test]
    fn loopback_is_meant_by_localhost_and_by_its_own_address() {
        let allow = with_endpoints(&["localhost:80", "127.0.0.1:80"]);
        assert!(!refused(&allow, "localhost", "::1"));
        assert!(!refused(&allow, "shop.localhost", "127.0.0.1"));
        assert!(!refused(&allow, "127.0.0.1", "127.0.0.1"));
        assert!(refused(&allow, "localhost.example", "127.0.0.2"));
        assert!(refused(&allow, "localhost", "169.254.169.254"));
    }

    #[test]
    fn a_listed_network_or_a_literal_host_allows_what_is_refused_by_default() {
        let mut allow = with_endpoints(&["169.254.169.254:80"]);
        assert!(!refused(&allow, "169.254.169.254", "169.254.169.254"));
        assert!(refused(&allow, "shop.example", "127.0.0.1"));
        allow.networks.push("127.0.0.0/8".parse().expect("a network"));
        assert!(!refused(&allow, "shop.example", "127.0.0.1"));
        assert!(!refused(&allow, "shop.example", "::ffff:127.0.0.1"));
    }
}
