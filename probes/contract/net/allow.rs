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
    let address = address.to_canonical();
    if let IpAddr::V6(v6) = address {
        let mut within = embedded(v6).into_iter().flatten();
        let refused = within.find_map(|v4| refused_by_default(IpAddr::V4(v4), host));
        if refused.is_some() {
            return refused;
        }
        // RFC 3879: nothing uses them any more.
        if v6.segments()[0] & 0xffc0 == 0xfec0 {
            return Some("a site-local address");
        }
    }
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

/// The IPv4 addresses that a translator or a tunnel would make of an IPv6 one.
fn embedded(v6: Ipv6Addr) -> [Option<Ipv4Addr>; 4] {
    let octets = v6.octets();
    let at = |places: [usize; 4]| Some(Ipv4Addr::from(places.map(|place| octets[place])));
    let last = at([12, 13, 14, 15]);
    match v6.segments() {
        // NAT64 by a local prefix (RFC 8215), whose length only its network knows: the address stands
        // in one of four places, around octet 8, which is left out.
        [0x64, 0xff9b, 1, ..] => {
            let others = [[6, 7, 9, 10], [7, 9, 10, 11], [9, 10, 11, 12]].map(at);
            let [a, b, c] = others.map(|other| other.filter(|v4| v4.octets()[0] != 0));
            [last, a, b, c]
        }
        // 6to4 (RFC 3056).
        [0x2002, ..] => [at([2, 3, 4, 5]), None, None, None],
        // Teredo (RFC 4380): a server, and a client with every bit turned.
        [0x2001, 0, ..] => {
            let client = last.map(|client| Ipv4Addr::from_bits(!client.to_bits()));
            [at([4, 5, 6, 7]), client, None, None]
        }
        // NAT64 (RFC 6052) by its well-known prefix, IPv4-translated (RFC 2765), ISATAP (RFC 5214), and
        // IPv4-compatible, which is retired.
        [0x64, 0xff9b, 0, 0, 0, 0, ..]
        | [0, 0, 0, 0, 0xffff, 0, ..]
        | [.., 0 | 0x200, 0x5efe, _, _]
        | [0, 0, 0, 0, 0, 0, 1..=u16::MAX, _] => [last, None, None, None],
        _ => [None; 4],
    }
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
            "64:ff9b:1::169.254.169.254",
            "64:ff9b:1:a9fe:a9:fe00::",
            "64:ff9b:1:aaa9:fe:a9fe::",
            "64:ff9b:1:aa:a9:fea9:fe00:0",
            "2002:a9fe:a9fe::1",
            "2002:7f00:1::",
            "2001:0:a9fe:a9fe:0:0:c000:1",
            "2001:0:c000:201::5601:5601",
            "2001:0:c000:201::80ff:fffe",
            "::ffff:0:127.0.0.1",
            "2001:db8::5efe:127.0.0.1",
            "2001:db8::200:5efe:169.254.169.254",
            "fec0::1",
            "feff::1",
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
        for address in [
            "10.0.0.7",
            "192.168.1.1",
            "172.16.0.1",
            "fd12::1",
            "203.0.113.7",
            "64:ff9b::203.0.113.7",
            "64:ff9b:1::203.0.113.7",
            "2002:cb00:7107::1",
            "2001:0:cb00:7101::34ff:8ef8",
            "2001:db8::1",
            "2606:4700::1111",
        ] {
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
