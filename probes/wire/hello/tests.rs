//! Hellos as rustls reads them, and flights as rustls and made-up servers send them.

use std::sync::Arc;

use proptest::prelude::*;
use rustls::{
    ServerConfig, ServerConnection,
    server::Acceptor,
    version::{TLS12, TLS13},
};

use crate::{
    contract::specimen::{Certified, Pki, provider},
    tls::fuzz::first_flight,
    wire::hello::{
        flight::{End, Flight, FlightReader},
        group::{Group, Scheme},
        masquerade::{Exchange, Fake, Reply},
        offer::{Offer, farewell},
        suite::Suite,
        version::Version,
    },
};

#[test]
fn a_client_that_leaves_says_so_in_records_of_the_servers_version() {
    for version in [Version::Ssl3, Version::Tls10, Version::Tls11, Version::Tls12] {
        let [high, low] = version.code().to_be_bytes();
        let record = |alert| [21, high, low, 0, 2, 1, alert];
        assert_eq!(farewell(version), [record(90), record(0)].concat());
    }
    assert_eq!(farewell(Version::Tls13), farewell(Version::Tls12));
}

/// What OpenSSL calls its suites, by what the registry calls them.
#[test]
fn suites_that_chain_blocks_have_the_names_that_openssl_gives_them() {
    let output = std::process::Command::new("openssl")
        .args(["ciphers", "-stdname", "ALL:COMPLEMENTOFALL:@SECLEVEL=0"])
        .output()
        .expect("openssl is installed: see .ci/run");
    let text = String::from_utf8(output.stdout).expect("names in ASCII");
    let words = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let known: Vec<(String, String)> =
        words.map(|words| (words[0].to_owned(), words[2].to_owned())).collect();
    let ours = Suite::of(Version::Tls12);
    let named = known.iter().filter(|(name, _)| name.contains("_CBC_"));
    let named: Vec<_> = named
        .filter_map(|(name, theirs)| {
            let suite = ours.iter().find(|suite| suite.name() == *name)?;
            Some((suite.name_in_openssl(), Some(theirs.clone())))
        })
        .collect();
    assert!(named.len() > 30, "{named:?}");
    for (ours, theirs) in named {
        assert_eq!(ours, theirs);
    }
}

fn offer(version: Version) -> Offer {
    let suites = if version == Version::Tls12 { Suite::sound() } else { Suite::of(version) };
    Offer::new(version, suites, Some("shop.example"))
}

fn server(
    certified: &Certified,
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> ServerConnection {
    let builder = ServerConfig::builder_with_provider(provider());
    let config = builder
        .with_protocol_versions(versions)
        .expect("the provider has both versions")
        .with_no_client_auth()
        .with_single_cert(certified.chain.clone(), certified.key.clone_key())
        .expect("the key fits");
    ServerConnection::new(Arc::new(config)).expect("a configuration")
}

/// What rustls answers, byte for byte.
fn answered(mut server: ServerConnection, offer: &Offer) -> Vec<u8> {
    server.read_tls(&mut offer.encode().as_slice()).expect("a record");
    let _ = server.process_new_packets();
    let mut answer = Vec::new();
    while server.wants_write() {
        server.write_tls(&mut answer).expect("memory");
    }
    answer
}

fn read(bytes: &[u8]) -> (Flight, Option<End>) {
    let mut reader = FlightReader::default();
    let end = reader.push(bytes);
    (reader.finish(), end)
}

fn faked(fake: &Fake) -> Vec<u8> {
    match fake.reply() {
        Reply::Bytes(bytes) => bytes,
        other => panic!("{other:?}"),
    }
}

#[test]
fn rustls_reads_what_a_hello_offers() {
    for version in [Version::Tls12, Version::Tls13] {
        let offer = offer(version);
        let mut acceptor = Acceptor::default();
        acceptor.read_tls(&mut offer.encode().as_slice()).expect("a record");
        let accepted = acceptor.accept().expect("a hello").expect("a whole one");
        let hello = accepted.client_hello();
        assert_eq!(hello.server_name(), Some("shop.example"));
        let suites: Vec<u16> = hello.cipher_suites().iter().map(|suite| (*suite).into()).collect();
        let offered = offer.suites.iter().map(|suite| suite.0);
        let signals = (version == Version::Tls12).then_some(0x00ff);
        assert_eq!(suites, offered.chain(signals).collect::<Vec<_>>());
        let schemes = hello.signature_schemes().iter().map(|scheme| u16::from(*scheme));
        assert!(schemes.eq(Scheme::ALL.iter().map(|scheme| scheme.0)));
        let groups = hello.named_groups().expect("groups").iter().map(|group| u16::from(*group));
        assert!(groups.eq(offer.groups.iter().map(|group| group.0)));
    }
}

#[test]
fn a_hello_is_never_of_the_length_on_which_load_balancers_hang() {
    for version in [Version::Tls10, Version::Tls11, Version::Tls12, Version::Tls13] {
        for count in 1..=110 {
            let mut offer = Offer::new(version, vec![Suite(0xc02f); count], Some("shop.example"));
            offer.curious = count % 2 == 0;
            let length = offer.encode().len() - 5;
            assert!(!(256..512).contains(&length), "{version} with {count} suites: {length}");
            assert!(length < 1024, "{version} with {count} suites: {length}");
        }
    }
}

#[test]
fn a_flight_of_tls12_is_read_without_a_key() {
    let certified = Pki::new().leaf(&["shop.example"]);
    let mut offer = offer(Version::Tls12);
    offer.curious = true;
    let (flight, end) = read(&answered(server(&certified, &[&TLS12]), &offer));
    assert_eq!(end, Some(End::Complete));
    assert_eq!(flight.version, Some(Version::Tls12));
    assert!(flight.suite.is_some_and(|suite| Suite::sound().contains(&suite)));
    assert!(flight.chain.iter().eq(certified.chain.iter().map(AsRef::as_ref)));
    assert!(flight.has(Flight::RENEGOTIATION_INFO) && flight.has(Flight::EXTENDED_MASTER_SECRET));
    assert!(!flight.has(Flight::HEARTBEAT) && !flight.compresses);
    assert!(flight.group.is_some_and(|group| Group::CURVES.contains(&group)));
    let scheme = flight.key_exchange.and_then(|exchange| exchange.scheme).expect("a signature");
    assert_eq!(scheme.broken_hash(), None);
}

#[test]
fn tls13_names_its_group_and_suite_to_a_hello_without_a_key_share() {
    let certified = Pki::new().leaf(&["shop.example"]);
    let (flight, end) = read(&answered(server(&certified, &[&TLS13]), &offer(Version::Tls13)));
    assert_eq!((end, flight.version), (Some(End::Complete), Some(Version::Tls13)));
    assert_eq!(flight.group, Some(Group(0x11ec)), "X25519MLKEM768");
    assert!(flight.suite.is_some_and(|suite| Suite::of(Version::Tls13).contains(&suite)));
}

#[test]
fn a_refusal_is_an_alert() {
    let certified = Pki::new().leaf(&["shop.example"]);
    let weak = Offer::new(Version::Tls12, Suite::faulty(false), Some("shop.example"));
    let (flight, end) = read(&answered(server(&certified, &[&TLS12]), &weak));
    assert!(matches!(end, Some(End::Alert(alert)) if alert.0 == 40), "{end:?}");
    assert_eq!(flight, Flight::default());
}

#[test]
fn a_warning_that_the_name_is_unknown_is_no_end() {
    let chain = Pki::new().leaf(&["shop.example"]).chain;
    let flight = faked(&Fake::sound(Suite(0xc02f), &chain));
    let (read, end) = read(&[&[21, 3, 3, 0, 2, 1, 112][..], &flight].concat());
    assert_eq!((end, read.suite), (Some(End::Complete), Some(Suite(0xc02f))));
}

#[test]
fn the_length_of_a_prime_is_measured() {
    for (bits, exchange) in [512, 1024, 2047, 2048, 4096].map(|bits| (bits, Exchange::Prime(bits)))
    {
        let fake = Fake { exchange, ..Fake::sound(Suite(0x009e), &[]) };
        let (flight, end) = read(&faked(&fake));
        assert_eq!(end, Some(End::Complete));
        assert_eq!(flight.key_exchange.and_then(|exchange| exchange.dh_bits), Some(bits));
    }
}

#[test]
fn old_versions_have_no_scheme_and_ssl_no_extensions() {
    for version in [Version::Ssl3, Version::Tls10, Version::Tls11] {
        let fake = Fake { version, ..Fake::sound(Suite(0xc013), &[]) };
        let (flight, end) = read(&faked(&fake));
        assert_eq!((end, flight.version), (Some(End::Complete), Some(version)));
        assert_eq!(flight.key_exchange.and_then(|exchange| exchange.scheme), None);
        assert_eq!(flight.extensions.is_empty(), version == Version::Ssl3);
    }
}

#[test]
fn what_is_not_tls_is_told_from_what_breaks_its_rules() {
    for other in
        [&b"HTTP/1.1 400 Bad Request\r\n"[..], b"220 mail ESMTP\r\n", &[0xff; 9], b"\x16\x02\x00"]
    {
        assert_eq!(read(other).1, Some(End::NotTls), "{other:?}");
    }
    for broken in [
        &[22, 3, 3, 0xff, 0xff][..],
        &[21, 3, 3, 0, 1, 2],
        &[23, 3, 3, 0, 1, 0],
        &[22, 3, 3, 0, 4, 2, 0, 0, 0],
        &[22, 3, 3, 0, 4, 11, 0xff, 0xff, 0xff],
    ] {
        assert!(matches!(read(broken).1, Some(End::Malformed(_))), "{broken:?}");
    }
    assert_eq!(read(&[22, 3, 3, 0, 200, 2, 0]).1, None, "there is more to come");
}

#[test]
fn the_end_is_the_end() {
    let mut reader = FlightReader::default();
    assert!(reader.is_empty());
    let end = reader.push(&[21, 3, 3, 0, 2, 2, 40]);
    assert!(matches!(end, Some(End::Alert(_))));
    assert_eq!(reader.push(&faked(&Fake::sound(Suite(0xc02f), &[]))), end);
    assert!(!reader.has_hello());
}

/// Real flights, to be cut up and spoilt.
fn flights() -> Vec<Vec<u8>> {
    let certified = Pki::new().leaf(&["shop.example"]);
    vec![
        answered(server(&certified, &[&TLS12]), &offer(Version::Tls12)),
        answered(server(&certified, &[&TLS13]), &offer(Version::Tls13)),
        faked(&Fake {
            exchange: Exchange::Prime(1024),
            ..Fake::sound(Suite(0x009e), &certified.chain)
        }),
        faked(&Fake { version: Version::Ssl3, ..Fake::sound(Suite(0x0035), &certified.chain) }),
    ]
}

proptest! {
    #[test]
    fn a_flight_reads_the_same_in_pieces_of_any_size(which in 0_usize..4, sizes in prop::collection::vec(1_usize..300, 1..40)) {
        let flight = &flights()[which];
        let mut reader = FlightReader::default();
        let mut end = None;
        let mut rest = flight.as_slice();
        for size in sizes.iter().cycle() {
            let (piece, later) = rest.split_at((*size).min(rest.len()));
            end = reader.push(piece);
            rest = later;
            if rest.is_empty() {
                break;
            }
        }
        prop_assert_eq!((reader.finish(), end), read(flight));
    }

    #[test]
    fn nothing_that_a_server_sends_makes_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        first_flight(&bytes);
        first_flight(&[&[bytes.len().to_le_bytes()[0], 22, 3, 3, 1, 0][..], &bytes].concat());
    }

    #[test]
    fn no_spoilt_flight_makes_it_panic(which in 0_usize..4, cut in any::<u8>(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut flight = [vec![cut], flights()[which].clone()].concat();
        let at = at.index(flight.len());
        flight[at] = byte;
        first_flight(&flight);
    }
}
