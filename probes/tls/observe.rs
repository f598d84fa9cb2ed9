//! The visit: a recorded handshake with each address of the target.

use std::{collections::BTreeSet, sync::Arc};

use futures_util::future::join_all;
use rustls_pki_types::{CertificateDer, ServerName};

use super::{
    Tls,
    chain::{Authorities, Chain, Standard},
    handshake::{Recorded, record},
    known::Known,
    posture::{Broken, Posture, Seen},
    when::seconds,
};
use crate::contract::{
    Obstacle, Obstructed, Visit,
    net::{Address, StartTls},
};

pub(super) async fn posture(tls: &Tls, visit: &Visit) -> Result<Posture, Obstructed> {
    let endpoint = tls.endpoint(&visit.target);
    let name = match &tls.server_name {
        Some(name) => name.clone(),
        None => visit.net.server_name(&endpoint)?,
    };
    let addresses: Vec<Address> = distinct(visit.net.addresses(&endpoint).await?);
    let (judged, beyond) = addresses.split_at(addresses.len().min(MOST));
    let mut left_out: Vec<_> = beyond
        .iter()
        .map(|address| (address.clone(), format!("only {MOST} addresses are judged")))
        .collect();

    let handshakes =
        judged.iter().map(|address| record(&visit.net, &endpoint, address, tls.starttls, &name));
    let mut recorded: Vec<(Address, Recorded)> =
        judged.iter().cloned().zip(join_all(handshakes).await).collect();
    leave_out_unroutable(&mut recorded, &mut left_out);

    let mut known =
        visit.memory.recall::<Known>().map(|known| (*known).clone()).unwrap_or_default();
    let unread = match &tls.intermediates_file {
        Some(file) => known.read(file.path()).await.err(),
        None => None,
    };
    let at = seconds(visit.at);
    let chains = judge(visit, &name, at, &recorded, &mut known);
    visit.memory.store(known);

    let seen = recorded.into_iter().zip(chains).map(|((address, recorded), chain)| Seen {
        replay: replay(&address, tls.starttls, &name),
        address,
        handshake: recorded.outcome,
        took: recorded.took,
        chain,
        asks_for_certificate: recorded.asks_for_certificate,
        bad_signature: recorded.bad_signature,
    });
    Ok(Posture { at, seen: seen.collect(), name, left_out, unread })
}

/// Whether this machine has a way to the IPv6 internet says nothing about the target, and in many
/// clusters it has none. Such an address is left out, and said to be, as long as another one answers.
fn leave_out_unroutable(
    recorded: &mut Vec<(Address, Recorded)>,
    left_out: &mut Vec<(Address, String)>,
) {
    let answered = recorded.iter().any(|(_, recorded)| recorded.outcome.is_ok());
    let unroutable = |(address, recorded): &(Address, Recorded)| {
        let is_ipv6 = matches!(address, Address::Ip(ip) if ip.is_ipv6());
        let obstacle = recorded.outcome.as_ref().err().map(|broken| broken.obstructed.obstacle);
        is_ipv6 && obstacle == Some(Obstacle::Unreachable)
    };
    if answered {
        let why = "there is no way to it from here (IPv6)";
        let gone = recorded.extract_if(.., |one| unroutable(one));
        left_out.extend(gone.map(|(address, _)| (address, why.to_owned())));
    }
}

/// Judges every chain, knowing what the others were sent with. On a sound target all are remembered, and
/// nothing is gathered.
fn judge(
    visit: &Visit,
    name: &ServerName<'static>,
    at: i64,
    recorded: &[(Address, Recorded)],
    known: &mut Known,
) -> Vec<Result<Arc<Chain>, Obstructed>> {
    let (store, certificates) = visit.net.roots();
    let authorities = Authorities::new(store, certificates);
    let mut others: Option<Vec<CertificateDer<'static>>> = None;
    let mut judge = |recorded_one: &Recorded| {
        let served = &recorded_one.chain;
        if let (Err(Broken { obstructed, .. }), true) = (&recorded_one.outcome, served.is_empty()) {
            return Err(obstructed.clone());
        }
        if let Some(chain) = known.recall(served, store, name, at) {
            return Ok(chain);
        }
        let others = others.get_or_insert_with(|| {
            let sent = recorded.iter().flat_map(|(_, recorded)| recorded.chain.iter().skip(1));
            let listed = authorities.intermediates();
            known.intermediates().chain(sent).chain(listed).cloned().collect()
        });
        let standard = Standard { name, authorities, known: others, at };
        let chain = Arc::new(Chain::judge(served, &standard)?);
        known.learn(served, store, name, at, &chain);
        Ok(chain)
    };
    recorded.iter().map(|(_, recorded)| judge(recorded)).collect()
}

fn distinct(addresses: Vec<Address>) -> Vec<Address> {
    let mut met = BTreeSet::new();
    addresses.into_iter().filter(|address| met.insert(address.clone())).collect()
}

/// The command that shows the same certificates to a person.
fn replay(address: &Address, starttls: Option<StartTls>, name: &ServerName<'_>) -> String {
    let to = match address {
        Address::Ip(address) => format!("-connect {address}"),
        Address::Unix(path) => format!("-unix {}", path.display()),
    };
    let first = starttls.map(|protocol| format!("-starttls {} ", protocol.as_str()));
    let first = first.unwrap_or_default();
    let name = match name {
        ServerName::DnsName(name) => format!("-servername {}", name.as_ref()),
        // An address is no server name (RFC 6066 section 3), and openssl would send it as one.
        _ => "-noservername".to_owned(),
    };
    format!("openssl s_client {to} {first}{name} -showcerts </dev/null")
}

/// Addresses that are judged; behind more than these stands one load balancer.
const MOST: usize = 8;

#[cfg(test)]
mod tests {
    use std::{net::SocketAddr, time::Duration};

    use super::*;
    use crate::contract::net::Negotiated;

    fn recorded(address: &str, outcome: Result<(), Obstacle>) -> (Address, Recorded) {
        let outcome = match outcome {
            Ok(()) => Ok(Negotiated {
                version: "TLSv1.3".to_owned(),
                suite: String::new(),
                group: None,
                alpn: None,
            }),
            Err(obstacle) => Err(obstacle.because("so").into()),
        };
        let address: SocketAddr = address.parse().expect("an address");
        let recorded = Recorded {
            outcome,
            took: Duration::ZERO,
            chain: Vec::new(),
            asks_for_certificate: false,
            bad_signature: None,
        };
        (Address::Ip(address), recorded)
    }

    fn left(mut all: Vec<(Address, Recorded)>) -> usize {
        let mut left_out = Vec::new();
        leave_out_unroutable(&mut all, &mut left_out);
        left_out.len()
    }

    #[test]
    fn an_ipv6_address_without_a_way_to_it_is_left_out_if_another_answers() {
        let unreachable = || recorded("[2001:db8::1]:443", Err(Obstacle::Unreachable));
        assert_eq!(left(vec![recorded("192.0.2.1:443", Ok(())), unreachable()]), 1);
        let refused = recorded("192.0.2.1:443", Err(Obstacle::Refused));
        assert_eq!(left(vec![refused, unreachable()]), 0);
    }

    #[test]
    fn one_that_refuses_or_is_silent_is_not() {
        for obstacle in [Obstacle::Refused, Obstacle::Timeout] {
            let silent = recorded("[2001:db8::1]:443", Err(obstacle));
            assert_eq!(left(vec![recorded("192.0.2.1:443", Ok(())), silent]), 0);
        }
        let ipv4 = recorded("192.0.2.2:443", Err(Obstacle::Unreachable));
        assert_eq!(left(vec![recorded("192.0.2.1:443", Ok(())), ipv4]), 0);
    }

    #[test]
    fn an_address_is_asked_for_by_no_name() {
        let address = Address::Ip("192.0.2.7:443".parse().expect("an address"));
        let name = ServerName::try_from("192.0.2.7").expect("an address");
        let wanted = "openssl s_client -connect 192.0.2.7:443 -noservername -showcerts </dev/null";
        assert_eq!(replay(&address, None, &name), wanted);
    }
}
