//! Whether the target can be reached from inside a network alone.

use std::net::IpAddr;

use crate::{
    contract::{Visit, net::Address},
    cors::{Cors, evidence::Private},
};

/// What the settings say, or what the address does that answered.
pub(super) fn of(cors: &Cors, visit: &Visit, address: Option<&Address>) -> Private {
    let host = visit.target.host();
    match cors.private_network {
        Some(false) => return Private::No,
        Some(true) => {
            return Private::Surely("`private_network` says that it is private".to_owned());
        }
        None => {}
    }
    if let Ok(ip) = host.parse::<IpAddr>() {
        let why = || Private::Surely(format!("{ip} is a private address"));
        return if is_private(ip) { why() } else { Private::No };
    }
    match address {
        Some(Address::Ip(at)) if is_private(at.ip()) => {
            Private::Maybe(format!("{host} leads to {} from here", at.ip().to_canonical()))
        }
        _ => Private::No,
    }
}

fn is_private(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            // RFC 6598: behind a carrier's address translation, and in overlay networks.
            let shared = a == 100 && (64..128).contains(&b);
            v4.is_private() || v4.is_loopback() || v4.is_link_local() || shared
        }
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_inside_networks_are_private() {
        for address in [
            "10.1.2.3",
            "192.168.0.1",
            "172.31.0.1",
            "127.0.0.1",
            "100.64.0.1",
            "169.254.0.1",
            "::1",
            "fd00::1",
            "fe80::1",
            "::ffff:10.0.0.1",
        ] {
            assert!(is_private(address.parse().expect("an address")), "{address}");
        }
        for address in ["203.0.113.7", "172.32.0.1", "100.128.0.1", "2001:db8::1"] {
            assert!(!is_private(address.parse().expect("an address")), "{address}");
        }
    }
}
