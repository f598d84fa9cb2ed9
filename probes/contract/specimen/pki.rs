//! Certificates for tests and the demo: a root, an intermediate, and leaves of any kind.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// A root and an intermediate, made anew.
#[derive(Debug)]
pub struct Pki {
    root: CertifiedIssuer<'static, KeyPair>,
    intermediate: CertifiedIssuer<'static, KeyPair>,
}

impl Pki {
    /// A root that is valid for ten years and an intermediate that is valid for five.
    pub fn new() -> Self {
        let root = CertifiedIssuer::self_signed(authority("gonogo specimen root", 3650), key())
            .expect("a self-signed authority");
        let intermediate = CertifiedIssuer::signed_by(
            authority("gonogo specimen intermediate", 1825),
            key(),
            &root,
        )
        .expect("an authority signed by the root");
        Self { root, intermediate }
    }

    /// The root, for whoever shall trust it.
    pub fn root(&self) -> CertificateDer<'static> {
        self.root.der().clone()
    }

    /// The root as PEM.
    pub fn root_pem(&self) -> String {
        self.root.pem()
    }

    /// The intermediate.
    pub fn intermediate(&self) -> CertificateDer<'static> {
        self.intermediate.der().clone()
    }

    /// The issuer of leaves, for whoever makes certificates of its own.
    pub fn issuer(&self) -> &CertifiedIssuer<'static, KeyPair> {
        &self.intermediate
    }

    /// The issuer of the intermediate.
    pub fn root_issuer(&self) -> &CertifiedIssuer<'static, KeyPair> {
        &self.root
    }

    /// A sound certificate for these DNS names and IP addresses: 90 days long, a day old.
    pub fn leaf(&self, names: &[&str]) -> Certified {
        self.leaf_with(names, |_| {})
    }

    /// A certificate that is sound but for what `change` does to it.
    pub fn leaf_with(
        &self,
        names: &[&str],
        change: impl FnOnce(&mut CertificateParams),
    ) -> Certified {
        let mut params = leaf_params(names);
        change(&mut params);
        let key = key();
        let leaf = params.signed_by(&key, &self.intermediate).expect("a leaf that can be signed");
        Certified {
            chain: vec![leaf.der().clone(), self.intermediate()],
            key: PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
        }
    }
}

impl Default for Pki {
    fn default() -> Self {
        Self::new()
    }
}

/// A chain and its key.
#[derive(Debug)]
pub struct Certified {
    /// Leaf first.
    pub chain: Vec<CertificateDer<'static>>,
    /// The leaf's key.
    pub key: PrivateKeyDer<'static>,
}

impl Certified {
    /// A certificate that vouches for itself.
    pub fn self_signed(names: &[&str]) -> Self {
        let key = key();
        let leaf = leaf_params(names).self_signed(&key).expect("a leaf that can be signed");
        Self {
            chain: vec![leaf.der().clone()],
            key: PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
        }
    }

    /// A server's configuration with this certificate: TLS 1.2 and 1.3, HTTP/1.1 and HTTP/2.
    pub fn server_config(&self) -> Arc<ServerConfig> {
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .expect("the provider has both versions")
            .with_no_client_auth()
            .with_single_cert(self.chain.clone(), self.key.clone_key())
            .expect("the key fits the certificate");
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Arc::new(config)
    }

    /// Chain and key as PEM, for servers that read files.
    pub fn pem(&self) -> (String, String) {
        let chain = self.chain.iter().map(|der| pem("CERTIFICATE", der)).collect();
        (chain, pem("PRIVATE KEY", self.key.secret_der()))
    }
}

/// The provider the specimens use, which is the one gonogo uses.
pub fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

fn authority(name: &str, days: u64) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.use_authority_key_identifier_extension = true;
    (params.not_before, params.not_after) = validity(30, days);
    params
}

fn leaf_params(names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    let common_name = names.first().cloned().unwrap_or_default();
    let mut params = CertificateParams::new(names).expect("names that are DNS names or addresses");
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    (params.not_before, params.not_after) = validity(1, 89);
    params
}

/// From some days ago to some days ahead, in the form certificates want.
pub fn validity<T: From<SystemTime>>(days_ago: u64, days_ahead: u64) -> (T, T) {
    #[expect(clippy::disallowed_methods, reason = "a specimen's certificate is made in real time")]
    let now = SystemTime::now();
    let days = |n: u64| Duration::from_hours(24 * n);
    ((now - days(days_ago)).into(), (now + days(days_ahead)).into())
}

fn key() -> KeyPair {
    KeyPair::generate().expect("entropy")
}

fn pem(label: &str, der: &[u8]) -> String {
    pem::encode(&pem::Pem::new(label, der))
}
