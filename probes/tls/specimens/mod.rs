//! Servers on which each check fails, and sound ones.

#[cfg(any(test, feature = "specimen"))]
#[cfg(any(test, feature = "specimen"))]
pub(super) mod protocol;
#[cfg(any(test, feature = "specimen"))]
mod statement;

use std::{pin::Pin, sync::Arc};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, CustomExtension, DistinguishedName,
    DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose, RsaKeySize,
    SubjectPublicKeyInfo,
};
use rustls::{
    ServerConfig,
    server::ResolvesServerCert,
    sign::{CertifiedKey, SingleCertAndKey},
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;
use url::Url;

use crate::contract::specimen::{
    Answer, Asked, Certified, Pki, Server, Specimen, Started, provider, refusing, validity,
};

pub(super) fn all() -> Vec<Specimen> {
    let mut all = of_chains();
    all.extend(statement::all());
    all.extend(protocol::all());
    all
}

fn of_chains() -> Vec<Specimen> {
    vec![
        specimen("a sound chain", &[], || boxed(sound())),
        specimen("a target given by its IP address", &[], || boxed(by_address())),
        specimen("a self-signed certificate that is listed", &[], || boxed(listed(false))),
        specimen("a self-signed authority that is listed", &["tls-chain-not-portable"], || {
            boxed(listed(true))
        }),
        specimen("an underscore in the name", &["tls-chain-refused-by-one"], || {
            boxed(underscored())
        }),
        specimen("no identifier of the issuer's key", &["tls-chain-unusual"], || {
            boxed(changed(&[NAME], |params| params.use_authority_key_identifier_extension = false))
        }),
        specimen("a critical extension that nobody knows", &["tls-certificate-unreadable"], || {
            boxed(changed(&[NAME], |params| {
                let mut unknown = CustomExtension::from_oid_content(&[1, 2, 3, 4], vec![5, 0]);
                unknown.set_criticality(true);
                params.custom_extensions.push(unknown);
            }))
        }),
        specimen("an expired cross-signed root that nobody needs", &[], || boxed(cross_signed())),
        specimen("an expired certificate", &["tls-certificate-expired"], || boxed(dated(100, -10))),
        specimen("a certificate from the future", &["tls-certificate-not-yet-valid"], || {
            boxed(dated(-1, 89))
        }),
        specimen("five days left of ninety", &["tls-certificate-expiring"], || boxed(dated(85, 5))),
        specimen("four days left of six", &[], || boxed(dated(2, 4))),
        specimen("another host's certificate", &["tls-hostname-mismatch"], || {
            boxed(changed(&["other.example"], |_| {}))
        }),
        specimen("a self-signed certificate", &["tls-self-signed"], || boxed(self_signed())),
        Specimen {
            name: "an authority that nobody trusts",
            fails: &["tls-untrusted-issuer"],
            unknown: &["tls-intermediate-missing"],
            start: || boxed(untrusted()),
        },
        specimen("no intermediate", &["tls-intermediate-missing"], || boxed(incomplete())),
        specimen(
            "an expired intermediate",
            &["tls-intermediate-missing", "tls-chain-element-expired"],
            || boxed(expired_above()),
        ),
        specimen("an expired root in the bundle", &["tls-chain-element-expired"], || {
            boxed(expired_root())
        }),
        specimen("the root before the intermediate", &["tls-chain-disordered"], || {
            boxed(disordered())
        }),
        specimen("RSA of 1024 bits", &["tls-weak-key"], || boxed(weak_key())),
        Specimen {
            name: "a SHA-1 signature",
            fails: &["tls-weak-signature", "tls-untrusted-issuer"],
            unknown: &["tls-intermediate-missing"],
            start: || boxed(weak_signature()),
        },
        specimen("a common name alone", &["tls-san-missing"], || {
            boxed(changed(&[NAME], |params| params.subject_alt_names.clear()))
        }),
        specimen("a client's certificate", &["tls-wrong-usage"], || {
            boxed(changed(&[NAME], |params| {
                params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
            }))
        }),
        specimen("three years", &["tls-lifetime-too-long"], || boxed(dated(100, 1000))),
        specimen(
            "three faults at once",
            &["tls-certificate-expired", "tls-hostname-mismatch", "tls-self-signed"],
            || boxed(three_faults()),
        ),
        nobody("a closed port", || boxed(std::future::ready(closed()))),
        nobody("plain HTTP on the port", || boxed(plain())),
        specimen("a sound chain after SSLRequest", &[], || {
            boxed(in_the_open("postgres", &[b"", b"S"], 60))
        }),
        specimen("an expired certificate after STARTTLS", &["tls-certificate-expired"], || {
            boxed(in_the_open("smtp", MAIL, -10))
        }),
        refusing_tls("a database without TLS", || boxed(in_the_open("postgres", &[b"", b"N"], 60))),
        refusing_tls("a mail server without STARTTLS", || {
            boxed(in_the_open("smtp", BARE_MAIL, 60))
        }),
    ]
}

pub(super) fn specimen(
    name: &'static str,
    fails: &'static [&'static str],
    start: fn() -> Starting,
) -> Specimen {
    Specimen { name, fails, unknown: &[], start }
}

/// A server without TLS: nothing can be said of its certificates.
fn nobody(name: &'static str, start: fn() -> Starting) -> Specimen {
    Specimen { name, fails: &["tls-unreachable"], unknown: NOTHING_ELSE, start }
}

/// The same on a port that need not speak HTTP.
fn refusing_tls(name: &'static str, start: fn() -> Starting) -> Specimen {
    let (_http, unknown) = NOTHING_ELSE.split_last().expect("a list");
    Specimen { unknown, ..nobody(name, start) }
}

pub(super) type Starting = Pin<Box<dyn Future<Output = Started> + Send>>;

pub(super) fn boxed(starting: impl Future<Output = Started> + Send + 'static) -> Starting {
    Box::pin(starting)
}

async fn sound() -> Started {
    let pki = Pki::new();
    serve(pki.leaf(&[NAME]), pki.root()).await
}

async fn underscored() -> Started {
    let name = "under_score.shop.example";
    let pki = Pki::new();
    let started = serve(pki.leaf(&[name]), pki.root()).await;
    started.settings(json!({ "server_name": name }))
}

async fn by_address() -> Started {
    let pki = Pki::new();
    let server = Server::https(pki.leaf(&["127.0.0.1"]).server_config(), page).await;
    Started::new(server.url("/"), server).root(pki.root())
}

async fn listed(is_authority: bool) -> Started {
    let certified =
        if is_authority { self_signed_authority() } else { Certified::self_signed(&[NAME]) };
    let own = certified.chain[0].clone();
    serve(certified, own).await
}

/// A leaf that lives from `ago` days ago to `ahead` days ahead; either may be negative.
async fn dated(ago: i64, ahead: i64) -> Started {
    changed(&[NAME], move |params| {
        let day = |days: i64| {
            let (past, future) = validity(days.min(0).unsigned_abs(), days.max(0).unsigned_abs());
            if days < 0 { past } else { future }
        };
        (params.not_before, params.not_after) = (day(-ago), day(ahead));
    })
    .await
}

async fn changed(names: &[&str], change: impl FnOnce(&mut CertificateParams) + Send) -> Started {
    let pki = Pki::new();
    let certified = pki.leaf_with(names, change);
    serve(certified, pki.root()).await
}

async fn self_signed() -> Started {
    serve(self_signed_authority(), stranger()).await
}

async fn untrusted() -> Started {
    serve(Pki::new().leaf(&[NAME]), stranger()).await
}

async fn incomplete() -> Started {
    let pki = Pki::new();
    let mut certified = pki.leaf(&[NAME]);
    certified.chain.truncate(1);
    // A bundle with the intermediate in it: other clients have the root alone.
    serve(certified, pki.root()).await.root(pki.intermediate())
}

async fn expired_above() -> Started {
    let root = Authority::root("expired below", 100, 100);
    let middle = Authority::below(&root, "expired", 100, -1);
    serve(middle.leaf(&[&middle]), root.der()).await
}

async fn expired_root() -> Started {
    let root = Authority::root("expired root", 100, -1);
    let middle = Authority::below(&root, "below an expired root", 100, 100);
    serve(middle.leaf(&[&middle]), root.der()).await
}

/// What happened to DST Root CA X3 on 2021-09-30.
async fn cross_signed() -> Started {
    let (old, new) = (Authority::root("old root", 100, 100), Authority::root("new root", 100, 100));
    let middle = Authority::below(&new, "middle", 100, 100);
    let cross = authority("new root", 100, -1).signed_by(new.0.key(), &old.0);
    let mut certified = middle.leaf(&[&middle]);
    certified.chain.push(cross.expect("a cross-signed root").der().clone());
    serve(certified, new.der()).await
}

async fn disordered() -> Started {
    let pki = Pki::new();
    let mut certified = pki.leaf(&[NAME]);
    certified.chain.insert(1, pki.root());
    serve(certified, pki.root()).await
}

/// The server signs with another key, because no current library signs with such a short one; a
/// client that verifies gets no further than the certificate.
async fn weak_key() -> Started {
    let pki = Pki::new();
    let public = SubjectPublicKeyInfo::from_pem(RSA_1024).expect("a public key");
    let other = pki.leaf(&[NAME]);
    let mut params = CertificateParams::new(vec![NAME.to_owned()]).expect("a name");
    (params.not_before, params.not_after) = validity(1, 89);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.use_authority_key_identifier_extension = true;
    let leaf = params.signed_by(&public, pki.issuer()).expect("a leaf that can be signed");
    let chain = vec![leaf.der().clone(), pki.intermediate()];
    serve(Certified { chain, key: other.key }, pki.root()).await
}

/// Says SHA-1 where it was signed with SHA-256: what matters is what clients make of the algorithm,
/// and no current library signs with SHA-1. The genuine article is among the fixtures.
async fn weak_signature() -> Started {
    let key = KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, RsaKeySize::_2048);
    let root =
        CertifiedIssuer::self_signed(authority("SHA-1 root", 100, 100), key.expect("an RSA key"));
    let root = root.expect("a self-signed authority");
    let (leaf, key) = leaf(&root);
    let sha1 = replaced(&leaf, RSA_SHA256, RSA_SHA1);
    serve(Certified { chain: vec![sha1.into()], key }, root.der().clone()).await
}

async fn three_faults() -> Started {
    let key = key();
    let mut params = CertificateParams::new(vec!["other.example".to_owned()]).expect("a name");
    (params.not_before, params.not_after) = (ago(100), ago(10));
    let leaf = params.self_signed(&key).expect("a self-signed certificate").der().clone();
    serve(Certified { chain: vec![leaf], key: private(&key) }, stranger()).await
}

fn closed() -> Started {
    let (address, guard) = refusing();
    let url = Url::parse(&format!("https://{address}/")).expect("a URL");
    Started::new(url, guard).root(stranger())
}

async fn plain() -> Started {
    let server = Server::http(page).await;
    let url = Url::parse(&format!("https://{}/", server.address())).expect("a URL");
    Started::new(url, server).root(stranger())
}

/// A server that says the first of these, answers what it hears with the next, and then speaks TLS with
/// a certificate that lives for so many days to come.
async fn in_the_open(protocol: &str, says: &'static [&'static [u8]], days: i64) -> Started {
    let pki = Pki::new();
    let certified = pki.leaf_with(&[NAME], |params| {
        params.not_before = ago(100);
        params.not_after = match u64::try_from(days) {
            Ok(days) => validity(0, days).1,
            Err(_) => ago(days.unsigned_abs()),
        };
    });
    let tls = TlsAcceptor::from(server_config(&certified));
    let server = Server::raw(move |mut stream| {
        let tls = tls.clone();
        async move {
            for (i, part) in says.iter().enumerate() {
                let heard = if i == 0 { Ok(0) } else { stream.read(&mut [0; 64]).await };
                if heard.is_err() || stream.write_all(part).await.is_err() {
                    return;
                }
            }
            // Whoever leaves instead of shaking hands is not to be answered.
            let _ = tls.accept(stream).await;
        }
    });
    let server = server.await;
    let settings = json!({
        "address": server.address().to_string(), "starttls": protocol, "server_name": NAME,
    });
    let elsewhere = Url::parse("http://127.0.0.1:1/").expect("a URL");
    Started::new(elsewhere, server).root(pki.root()).settings(settings)
}

const MAIL: &[&[u8]] = &[
    b"220 mail.shop.example ESMTP\r\n",
    b"250-mail.shop.example\r\n250 STARTTLS\r\n",
    b"220 go ahead\r\n",
];

const BARE_MAIL: &[&[u8]] =
    &[b"220 mail.shop.example ESMTP\r\n", b"250 mail.shop.example\r\n", b"221 bye\r\n"];

pub(super) async fn serve(certified: Certified, root: CertificateDer<'static>) -> Started {
    let server = Server::https(server_config(&certified), page).await;
    Started::new(server.url("/"), server).root(root).settings(json!({ "server_name": NAME }))
}

/// Like a sound server's, whatever certificate and key are: they need not fit each other.
pub(super) fn server_config(certified: &Certified) -> Arc<ServerConfig> {
    showing(SingleCertAndKey::from(certified_key(certified)))
}

/// A sound server that shows what `resolver` says.
pub(super) fn showing(resolver: impl ResolvesServerCert + 'static) -> Arc<ServerConfig> {
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .expect("the provider has both versions")
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(resolver));
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Arc::new(config)
}

/// A chain and a key, whether or not they fit each other.
pub(super) fn certified_key(certified: &Certified) -> CertifiedKey {
    let key = provider().key_provider.load_private_key(certified.key.clone_key());
    CertifiedKey::new(certified.chain.clone(), key.expect("a key we can sign with"))
}

pub(super) fn page(_: Asked) -> Answer {
    Answer::text(200, "ok")
}

/// An authority with dates of its own.
pub(super) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(super) fn root(name: &str, days_ago: u64, days_ahead: i64) -> Self {
        let made = CertifiedIssuer::self_signed(authority(name, days_ago, days_ahead), key());
        Self(made.expect("a self-signed authority"))
    }

    pub(super) fn below(issuer: &Self, name: &str, days_ago: u64, days_ahead: i64) -> Self {
        let params = authority(name, days_ago, days_ahead);
        Self(CertifiedIssuer::signed_by(params, key(), &issuer.0).expect("an authority"))
    }

    pub(super) fn der(&self) -> CertificateDer<'static> {
        self.0.der().clone()
    }

    pub(super) fn leaf(&self, sent: &[&Self]) -> Certified {
        let (leaf, key) = leaf(&self.0);
        let chain = std::iter::once(leaf).chain(sent.iter().map(|one| one.der())).collect();
        Certified { chain, key }
    }
}

fn authority(name: &str, days_ago: u64, days_ahead: i64) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params.use_authority_key_identifier_extension = true;
    params.not_before = ago(days_ago);
    params.not_after = match u64::try_from(days_ahead) {
        Ok(days) => validity(0, days).1,
        Err(_) => ago(days_ahead.unsigned_abs()),
    };
    params
}

fn leaf(
    issuer: &CertifiedIssuer<'static, KeyPair>,
) -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
    let key = key();
    let mut params = CertificateParams::new(vec![NAME.to_owned()]).expect("a name");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.use_authority_key_identifier_extension = true;
    // Older than an authority that expired yesterday, as leaves are.
    (params.not_before, params.not_after) = validity(20, 70);
    let leaf = params.signed_by(&key, issuer).expect("a leaf that can be signed");
    (leaf.der().clone(), private(&key))
}

fn self_signed_authority() -> Certified {
    let key = key();
    let mut params = CertificateParams::new(vec![NAME.to_owned()]).expect("a name");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    (params.not_before, params.not_after) = validity(1, 89);
    let own = params.self_signed(&key).expect("a self-signed certificate").der().clone();
    Certified { chain: vec![own], key: private(&key) }
}

/// A root that has nothing to do with the server.
fn stranger() -> CertificateDer<'static> {
    Authority::root("stranger", 1, 1).der()
}

fn key() -> KeyPair {
    KeyPair::generate().expect("entropy")
}

fn private(key: &KeyPair) -> PrivateKeyDer<'static> {
    PrivatePkcs8KeyDer::from(key.serialize_der()).into()
}

fn ago<T: From<std::time::SystemTime>>(days: u64) -> T {
    validity(days, 0).0
}

fn replaced(der: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut der = der.to_vec();
    for i in 0..der.len() - from.len() {
        if der[i..].starts_with(from) {
            der[i..i + to.len()].copy_from_slice(to);
        }
    }
    der
}

pub(super) const NAME: &str = "shop.example";

/// sha256WithRSAEncryption and sha1WithRSAEncryption (1.2.840.113549.1.1.11 and .5), in DER.
const RSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b];
const RSA_SHA1: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x05];

const RSA_1024: &str = include_str!("../fixtures/rsa1024-public-key.pem");

/// What cannot be told of a server with which nobody can shake hands.
const NOTHING_ELSE: &[&str] = &[
    "tls-broken-cipher",
    "tls-broken-version",
    "tls-cbc-without-etm",
    "tls-certificate-expired",
    "tls-certificate-expiring",
    "tls-certificate-not-yet-valid",
    "tls-certificate-unreadable",
    "tls-chain-disordered",
    "tls-chain-element-expired",
    "tls-chain-not-portable",
    "tls-chain-refused-by-one",
    "tls-chain-unusual",
    "tls-compression",
    "tls-early-data",
    "tls-extended-master-secret-missing",
    "tls-fallback-unprotected",
    "tls-finite-field-dh",
    "tls-heartbeat",
    "tls-hostname-mismatch",
    "tls-insecure-renegotiation",
    "tls-intermediate-missing",
    "tls-legacy-version",
    "tls-lifetime-too-long",
    "tls-modern-version-missing",
    "tls-no-forward-secrecy",
    "tls-post-quantum-missing",
    "tls-san-missing",
    "tls-second-certificate-unsound",
    "tls-self-signed",
    "tls-static-key-exchange",
    "tls-untrusted-issuer",
    "tls-weak-cipher",
    "tls-weak-curve",
    "tls-weak-dh",
    "tls-weak-handshake-signature",
    "tls-weak-key",
    "tls-weak-signature",
    "tls-anchor-expiring",
    "tls-staple-missing",
    "tls-staple-stale",
    "tls-certificate-revoked",
    "tls-transparency-missing",
    "tls-wrong-certificate-without-sni",
    "tls-wrong-usage",
    "tls-http2-missing",
];
