//! Servers whose way of speaking TLS has one fault each, most of which no library of today can be
//! configured to.

use std::sync::Arc;

use rcgen::{KeyPair, RsaKeySize};
use rustls::{
    RootCertStore, ServerConfig,
    server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier},
    sign::CertifiedKey,
    version::{TLS12, TLS13},
};
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use serde_json::{Value, json};

use crate::{
    contract::specimen::{
        Answer, Asked as Request, Certified, Pki, Server, Specimen, Started, provider, validity,
    },
    tls::specimens::{NAME, Starting, boxed, certified_key, page, showing, specimen},
    wire::hello::{
        masquerade::{Asked, Exchange, Fake, Reply, masquerade},
        version::Version,
    },
};

pub(in crate::tls) fn all() -> Vec<Specimen> {
    let mut all = versions();
    all.extend(suites());
    all.extend(manners());
    all.extend(configured());
    all.extend(clients());
    all
}

fn versions() -> Vec<Specimen> {
    vec![
        specimen("SSL 3.0", &["tls-broken-version", "tls-static-key-exchange"], || {
            masked(|asked, chain| match asked.version {
                Some(Version::Ssl3) => {
                    taken(asked, chain, &[0x0035], Version::Ssl3, Exchange::None)
                }
                _ => Reply::Genuine,
            })
        }),
        specimen("SSL 2.0", &["tls-broken-version"], || {
            masked(|asked, _| {
                // SERVER-HELLO: type, session id hit, certificate type, version, three empty lengths.
                let hello = vec![0x80, 11, 4, 0, 1, 0, 2, 0, 0, 0, 0, 0, 0];
                if asked.is_ssl2 { Reply::Bytes(hello) } else { Reply::Genuine }
            })
        }),
        specimen("TLS 1.1, and clients that fall back are warned", &["tls-legacy-version"], || {
            masked(|asked, chain| match asked.version {
                Some(Version::Tls11) if asked.suites.contains(&0x5600) => Reply::Alert(86),
                Some(Version::Tls11) => old(asked, chain, Version::Tls11),
                _ => Reply::Genuine,
            })
        }),
        specimen(
            "TLS 1.0, and clients that fall back are not warned",
            &["tls-legacy-version", "tls-fallback-unprotected"],
            || {
                masked(|asked, chain| match asked.version {
                    Some(Version::Tls10 | Version::Tls11) => old(asked, chain, Version::Tls10),
                    _ => Reply::Genuine,
                })
            },
        ),
        specimen(
            "TLS 1.2 alone",
            &["tls-modern-version-missing", "tls-post-quantum-missing"],
            || boxed(served(|pki| versions_of(&pki.leaf(&[NAME]), &[&TLS12]))),
        ),
        specimen("TLS 1.3 alone", &[], || {
            boxed(served(|pki| versions_of(&pki.leaf(&[NAME]), &[&TLS13])))
        }),
        specimen(
            "TLS 1.2 beside TLS 1.3, where that is to be spoken alone",
            &["tls-legacy-version"],
            || {
                boxed(async {
                    let started = served(|pki| pki.leaf(&[NAME]).server_config()).await;
                    started.settings(json!({ "server_name": NAME, "profile": "modern" }))
                })
            },
        ),
    ]
}

fn suites() -> Vec<Specimen> {
    vec![
        suite("a NULL cipher", &["tls-broken-cipher"], || takes(0xc010, CURVE)),
        suite("an anonymous suite", &["tls-broken-cipher"], || {
            takes(0x00a6, Exchange::Prime(2048))
        }),
        suite("an export suite", &["tls-broken-cipher", "tls-static-key-exchange"], || {
            takes(0x0003, Exchange::None)
        }),
        suite("RC4", &["tls-broken-cipher"], || takes(0xc011, CURVE)),
        suite("3DES with encrypt-then-MAC", &["tls-weak-cipher"], || takes(0xc012, CURVE)),
        suite("IDEA", &["tls-weak-cipher", "tls-static-key-exchange"], || {
            takes(0x0007, Exchange::None)
        }),
        suite("static RSA", &["tls-static-key-exchange"], || takes(0x009c, Exchange::None)),
        suite("static ECDH, which hardly any server has", &["tls-static-key-exchange"], || {
            takes(0xc031, Exchange::None)
        }),
        suite("Diffie-Hellman of 2048 bits", &["tls-finite-field-dh"], || {
            takes(0x009e, Exchange::Prime(2048))
        }),
        suite("Diffie-Hellman of 1024 bits", &["tls-finite-field-dh", "tls-weak-dh"], || {
            takes(0x009e, Exchange::Prime(1024))
        }),
        suite("CBC without encrypt-then-MAC", &["tls-cbc-without-etm"], || {
            masked(|asked, chain| match asked.first_of(&[0xc013]) {
                Some(suite) if is_tls12(asked) => Fake::sound(suite, chain).reply(),
                _ => Reply::Genuine,
            })
        }),
        Specimen {
            name: "nothing but static RSA",
            fails: &[
                "tls-unreachable",
                "tls-modern-version-missing",
                "tls-static-key-exchange",
                "tls-no-forward-secrecy",
                "tls-post-quantum-missing",
            ],
            unknown: &["tls-http2-missing", "tls-second-certificate-unsound"],
            start: || {
                masked(|asked, chain| match asked.first_of(&[0x009c]) {
                    Some(suite) if is_tls12(asked) => {
                        Fake { exchange: Exchange::None, ..Fake::sound(suite, chain) }.reply()
                    }
                    _ => Reply::Alert(40),
                })
            },
        },
    ]
}

fn manners() -> Vec<Specimen> {
    vec![
        specimen("compression", &["tls-compression"], || sound_but(|fake| fake.compresses = true)),
        specimen("no secure renegotiation", &["tls-insecure-renegotiation"], || {
            sound_but(|fake| fake.extensions.retain(|kind| *kind != 0xff01))
        }),
        specimen("no extended master secret", &["tls-extended-master-secret-missing"], || {
            sound_but(|fake| fake.extensions.retain(|kind| *kind != 23))
        }),
        specimen("heartbeats", &["tls-heartbeat"], || sound_but(|fake| fake.extensions.push(15))),
        specimen("a handshake signed with SHA-1", &["tls-weak-handshake-signature"], || {
            sound_but(|fake| fake.exchange = Exchange::Curve(23, 0x0201))
        }),
        specimen(
            "a handshake signed with SHA-1 for those who have nothing else",
            &["tls-weak-handshake-signature"],
            || {
                masked(|asked, chain| match asked.first_of(SOUND) {
                    Some(suite) if takes_broken_hashes_alone(asked) && is_tls12(asked) => {
                        let exchange = Exchange::Curve(23, 0x0201);
                        Fake { exchange, ..Fake::sound(suite, chain) }.reply()
                    }
                    _ => Reply::Genuine,
                })
            },
        ),
        specimen("a curve of 160 bits", &["tls-weak-curve"], || {
            masked(|asked, chain| match asked.first_of(SOUND) {
                Some(suite) if asked.groups.contains(&16) && is_tls12(asked) => {
                    let exchange = Exchange::Curve(16, 0x0804);
                    Fake { exchange, ..Fake::sound(suite, chain) }.reply()
                }
                _ => Reply::Genuine,
            })
        }),
    ]
}

/// Faults that a library of today can be configured to.
fn configured() -> Vec<Specimen> {
    vec![
        specimen("X25519 alone", &["tls-post-quantum-missing"], || {
            boxed(served(|pki| {
                let mut provider = (*provider()).clone();
                provider.kx_groups = vec![rustls::crypto::aws_lc_rs::kx_group::X25519];
                let builder = ServerConfig::builder_with_provider(Arc::new(provider));
                let builder = builder.with_safe_default_protocol_versions().expect("suites");
                single(builder.with_no_client_auth(), &pki.leaf(&[NAME]))
            }))
        }),
        specimen("early data", &["tls-early-data"], || {
            boxed(changed(|config| config.max_early_data_size = 1024))
        }),
        specimen("no sessions", &[], || boxed(changed(|config| config.send_tls13_tickets = 0))),
        specimen("HTTP/1.1 alone", &["tls-http2-missing"], || {
            boxed(changed(|config| config.alpn_protocols = vec![b"http/1.1".to_vec()]))
        }),
        specimen("an expired certificate for RSA", &["tls-second-certificate-unsound"], || {
            boxed(two_kinds(-10))
        }),
        specimen("a sound certificate for RSA", &[], || boxed(two_kinds(60))),
        specimen(
            "another certificate for clients that ask for no name",
            &["tls-wrong-certificate-without-sni"],
            || boxed(by_name(true)),
        ),
        specimen("nothing for clients that ask for no name", &[], || boxed(by_name(false))),
    ]
}

fn clients() -> Vec<Specimen> {
    vec![
        specimen(
            "clients without a certificate are served",
            &["tls-client-certificate-not-required"],
            || boxed(asking(false, "required")),
        ),
        specimen("clients without a certificate are not served", &[], || {
            boxed(asking(true, "required"))
        }),
        specimen(
            "clients are asked for a certificate",
            &["tls-client-certificate-unexpected"],
            || boxed(asking(true, "none")),
        ),
        specimen("clients are asked for nothing", &[], || boxed(asking(false, "none"))),
    ]
}

/// A specimen that takes a weak suite.
fn suite(name: &'static str, fails: &'static [&'static str], start: fn() -> Starting) -> Specimen {
    specimen(name, fails, start)
}

/// A sound server that also takes this suite.
fn takes(id: u16, exchange: Exchange) -> Starting {
    masked(move |asked, chain| {
        if !is_tls12(asked) {
            return Reply::Genuine;
        }
        taken(asked, chain, &[id], Version::Tls12, exchange)
    })
}

fn taken(
    asked: &Asked,
    chain: &[CertificateDer<'static>],
    suites: &[u16],
    version: Version,
    exchange: Exchange,
) -> Reply {
    let Some(suite) = asked.first_of(suites) else { return Reply::Genuine };
    let mut fake = Fake { version, exchange, ..Fake::sound(suite, chain) };
    // With it CBC is no fault of its own.
    fake.extensions.push(22);
    fake.reply()
}

/// What an old version is spoken with; encrypt-then-MAC has nothing to do with it.
fn old(asked: &Asked, chain: &[CertificateDer<'static>], version: Version) -> Reply {
    taken(asked, chain, &[0xc013], version, CURVE)
}

/// Whether TLS 1.2 is the best it offers.
fn is_tls12(asked: &Asked) -> bool {
    asked.version == Some(Version::Tls12)
}

/// A sound server whose hellos of TLS 1.2 have one fault.
fn sound_but(change: fn(&mut Fake)) -> Starting {
    masked(move |asked, chain| match asked.first_of(SOUND) {
        Some(suite) if is_tls12(asked) && !asked.groups.contains(&16) => {
            if takes_broken_hashes_alone(asked) {
                return Reply::Alert(40);
            }
            let mut fake = Fake::sound(suite, chain);
            change(&mut fake);
            fake.reply()
        }
        _ => Reply::Genuine,
    })
}

/// Whether it takes no signature by a key on a curve that rests on a sound hash.
fn takes_broken_hashes_alone(asked: &Asked) -> bool {
    asked.schemes.contains(&0x0203) && !asked.schemes.contains(&0x0403)
}

fn masked(
    policy: impl Fn(&Asked, &[CertificateDer<'static>]) -> Reply + Send + Sync + 'static,
) -> Starting {
    boxed(async move {
        let pki = Pki::new();
        let certified = pki.leaf(&[NAME]);
        let chain = certified.chain.clone();
        let server =
            masquerade(certified.server_config(), move |asked| policy(asked, &chain)).await;
        let url = format!("https://{}/", server.address()).parse().expect("a URL");
        started(Started::new(url, server), &pki, json!({}))
    })
}

fn started(started: Started, pki: &Pki, mut settings: Value) -> Started {
    settings["server_name"] = json!(NAME);
    started.root(pki.root()).settings(settings)
}

async fn served(config: impl FnOnce(&Pki) -> Arc<ServerConfig>) -> Started {
    let pki = Pki::new();
    let server = Server::https(config(&pki), page).await;
    started(Started::new(server.url("/"), server), &pki, json!({}))
}

async fn changed(change: impl FnOnce(&mut ServerConfig)) -> Started {
    served(|pki| {
        let mut config = (*pki.leaf(&[NAME]).server_config()).clone();
        change(&mut config);
        config.into()
    })
    .await
}

fn versions_of(
    certified: &Certified,
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> Arc<ServerConfig> {
    let builder = ServerConfig::builder_with_provider(provider());
    let builder = builder.with_protocol_versions(versions).expect("suites");
    single(builder.with_no_client_auth(), certified)
}

fn single(
    builder: rustls::ConfigBuilder<ServerConfig, rustls::server::WantsServerCert>,
    certified: &Certified,
) -> Arc<ServerConfig> {
    let config = builder.with_single_cert(certified.chain.clone(), certified.key.clone_key());
    with_http(config.expect("the key fits the certificate"))
}

fn with_http(mut config: ServerConfig) -> Arc<ServerConfig> {
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config.into()
}

/// A certificate for each kind of key; the one for RSA ends in so many days.
async fn two_kinds(days: i64) -> Started {
    served(|pki| {
        let both = [&pki.leaf(&[NAME]), &by_rsa(pki, days)];
        showing(ByKind(both.map(|one| Arc::new(certified_key(one)))))
    })
    .await
}

/// A certificate for an RSA key, which ends in so many days.
pub(in crate::tls) fn by_rsa(pki: &Pki, days: i64) -> Certified {
    let key = KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, RsaKeySize::_2048);
    let key = key.expect("an RSA key");
    let mut params = rcgen::CertificateParams::new(vec![NAME.to_owned()]).expect("a name");
    params.not_before = validity(30, 0).0;
    params.not_after = match u64::try_from(days) {
        Ok(ahead) => validity(0, ahead).1,
        Err(_) => validity(days.unsigned_abs(), 0).0,
    };
    params.key_usages =
        vec![rcgen::KeyUsagePurpose::DigitalSignature, rcgen::KeyUsagePurpose::KeyEncipherment];
    params.use_authority_key_identifier_extension = true;
    let leaf = params.signed_by(&key, pki.issuer()).expect("a leaf that can be signed");
    let chain = vec![leaf.der().clone(), pki.intermediate()];
    Certified { chain, key: PrivatePkcs8KeyDer::from(key.serialize_der()).into() }
}

/// Another host's certificate, or none at all, for clients that ask for no name.
async fn by_name(shows: bool) -> Started {
    served(|pki| {
        let [own, other] = [NAME, "other.example"].map(|name| certified_key(&pki.leaf(&[name])));
        showing(ByName(Arc::new(own), shows.then(|| Arc::new(other))))
    })
    .await
}

/// The first certificate whose key the client takes signatures by.
#[derive(Debug)]
struct ByKind([Arc<CertifiedKey>; 2]);

impl ResolvesServerCert for ByKind {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let fits = |certified: &&Arc<CertifiedKey>| {
            certified.key.choose_scheme(hello.signature_schemes()).is_some()
        };
        self.0.iter().find(fits).cloned()
    }
}

/// One certificate for those who ask for a name, and maybe another for the others.
#[derive(Debug)]
struct ByName(Arc<CertifiedKey>, Option<Arc<CertifiedKey>>);

impl ResolvesServerCert for ByName {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        if hello.server_name().is_some() { Some(Arc::clone(&self.0)) } else { self.1.clone() }
    }
}

/// A server that asks its clients for a certificate and insists, or does not ask.
async fn asking(insists: bool, wanted: &str) -> Started {
    let pki = Pki::new();
    let builder = ServerConfig::builder_with_provider(provider());
    let builder = builder.with_safe_default_protocol_versions().expect("suites");
    let builder = if insists {
        let mut store = RootCertStore::empty();
        store.add(pki.root()).expect("a root");
        let verifier = WebPkiClientVerifier::builder_with_provider(store.into(), provider());
        builder.with_client_cert_verifier(verifier.build().expect("a verifier"))
    } else {
        builder.with_no_client_auth()
    };
    let shop = |_: Request| Answer::text(200, "ok");
    // By its address, as a name that leads nowhere could not be asked for over HTTP.
    let config = single(builder, &pki.leaf(&[NAME, "127.0.0.1"]));
    let server = Server::https(config, shop).await;
    let settings = json!({ "client_certificate": wanted });
    Started::new(server.url("/"), server).root(pki.root()).settings(settings)
}

/// A key on P-256, signed by RSA-PSS with SHA-256.
const CURVE: Exchange = Exchange::Curve(23, 0x0804);

/// Suites that the fakes take as sound: AES-GCM by ECDHE, for both kinds of certificate.
const SOUND: &[u16] = &[0xc02b, 0xc02f];
