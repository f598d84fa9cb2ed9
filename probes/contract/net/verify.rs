//! Verifying the certificate a target shows.

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use aws_lc_rs::digest;
use rustls::{
    CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_name,
    },
    server::ParsedCertificate,
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use super::{
    Roots, TrustError,
    memo::{Memo, Window},
    tls::crypto,
};

/// A set of authorities, and the chains they are known to vouch for.
pub(super) struct Authorities {
    pub(super) store: Arc<RootCertStore>,
    /// The same as DER; empty where only trust anchors are compiled in.
    pub(super) certificates: Vec<CertificateDer<'static>>,
    webpki: Arc<WebPkiServerVerifier>,
    /// Whether servers may show these very certificates.
    listed: bool,
    memo: Memo,
}

impl Authorities {
    /// Loads them. The platform's and Mozilla's are shared by all targets.
    pub(super) fn load(roots: &Roots) -> Result<Arc<Self>, TrustError> {
        static PLATFORM: OnceLock<Arc<Authorities>> = OnceLock::new();
        static MOZILLA: OnceLock<Arc<Authorities>> = OnceLock::new();
        match roots {
            Roots::Platform => shared(&PLATFORM, platform),
            Roots::Mozilla => shared(&MOZILLA, mozilla),
            Roots::Listed(certificates) => listed(certificates).map(Arc::new),
        }
    }

    fn new(
        store: RootCertStore,
        certificates: Vec<CertificateDer<'static>>,
        listed: bool,
    ) -> Result<Self, Error> {
        let store = Arc::new(store);
        let webpki = WebPkiServerVerifier::builder_with_provider(Arc::clone(&store), crypto())
            .build()
            .map_err(|error| Error::General(error.to_string()))?;
        Ok(Self { store, certificates, webpki, listed, memo: Memo::default() })
    }

    /// A server's own certificate in `ca_file` is trusted for what it is, as Go and OpenSSL do; webpki
    /// refuses it when it is self-signed with CA:TRUE, which `openssl req -x509` makes by default.
    fn is_listed(&self, leaf: &CertificateDer<'_>) -> bool {
        self.listed && self.certificates.iter().any(|listed| listed == leaf)
    }

    fn verify(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<(), Error> {
        if self.is_listed(leaf) {
            let window = Window::of([leaf]).ok_or(CertificateError::BadEncoding)?;
            window.check(now)?;
            return verify_server_name(&ParsedCertificate::try_from(leaf)?, name);
        }
        self.webpki.verify_server_cert(leaf, intermediates, name, ocsp, now).map(|_| ())
    }
}

impl ServerCertVerifier for Authorities {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let key = Memo::key(leaf, intermediates, name);
        if !self.memo.holds(&key, now) {
            self.verify(leaf, intermediates, name, ocsp, now)?;
            if let Some(window) = Window::of(std::iter::once(leaf).chain(intermediates)) {
                self.memo.learn(key, window, now);
            }
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.webpki.verify_tls12_signature(message, leaf, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.webpki.verify_tls13_signature(message, leaf, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.webpki.supported_verify_schemes()
    }
}

/// The SHA-256 of a leaf's DER.
pub(super) type LeafDigest = [u8; digest::SHA256_OUTPUT_LEN];

pub(super) fn leaf_digest(leaf: &CertificateDer<'_>) -> LeafDigest {
    let mut bytes = LeafDigest::default();
    bytes.copy_from_slice(digest::digest(&digest::SHA256, leaf).as_ref());
    bytes
}

/// Authorities, and one leaf that is accepted although they do not vouch for it. That the server has
/// the leaf's key is proved as ever.
#[derive(Debug)]
pub(super) struct Pinned {
    authorities: Arc<Authorities>,
    leaf: LeafDigest,
    fault: OnceLock<CertificateError>,
}

impl Pinned {
    pub(super) fn new(authorities: Arc<Authorities>, leaf: LeafDigest) -> Self {
        Self { authorities, leaf, fault: OnceLock::new() }
    }

    /// What is wrong with the certificate, if it was accepted all the same.
    pub(super) fn fault(&self) -> Option<&CertificateError> {
        self.fault.get()
    }
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match self.authorities.verify_server_cert(leaf, intermediates, name, ocsp, now) {
            Err(Error::InvalidCertificate(fault)) if leaf_digest(leaf) == self.leaf => {
                let _ = self.fault.set(fault);
                Ok(ServerCertVerified::assertion())
            }
            verdict => verdict,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.authorities.verify_tls12_signature(message, leaf, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.authorities.verify_tls13_signature(message, leaf, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.authorities.supported_verify_schemes()
    }
}

impl fmt::Debug for Authorities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Authorities({})", self.store.len())
    }
}

fn shared(
    cell: &OnceLock<Arc<Authorities>>,
    load: fn() -> Result<Authorities, TrustError>,
) -> Result<Arc<Authorities>, TrustError> {
    if let Some(loaded) = cell.get() {
        return Ok(Arc::clone(loaded));
    }
    // A failure is not kept: the authorities may be installed in the meantime.
    let loaded = Arc::new(load()?);
    Ok(Arc::clone(cell.get_or_init(|| loaded)))
}

fn platform() -> Result<Authorities, TrustError> {
    let mut certificates = rustls_native_certs::load_native_certs().certs;
    let mut store = RootCertStore::empty();
    certificates.retain(|certificate| store.add(certificate.clone()).is_ok());
    Authorities::new(store, certificates, false).map_err(|_| TrustError::NoPlatformRoots)
}

fn mozilla() -> Result<Authorities, TrustError> {
    let store = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    Authorities::new(store, Vec::new(), false).map_err(TrustError::Listed)
}

fn listed(certificates: &[CertificateDer<'static>]) -> Result<Authorities, TrustError> {
    let mut store = RootCertStore::empty();
    let mut refusal = Error::NoCertificatesPresented;
    for certificate in certificates {
        if let Err(error) = store.add(certificate.clone()) {
            refusal = error;
        }
    }
    if store.is_empty() {
        return Err(TrustError::Listed(refusal));
    }
    Authorities::new(store, certificates.to_vec(), true).map_err(TrustError::Listed)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};

    use super::*;

    const DAY: u64 = 86_400;

    /// A root from 2020 to 2040, an intermediate from 2021 to 2030, and a leaf of the year 2022.
    fn chain() -> (Authorities, [CertificateDer<'static>; 2]) {
        let authority = |from, to| {
            let mut params = CertificateParams::default();
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            params.not_before = date_time_ymd(from, 1, 1);
            params.not_after = date_time_ymd(to, 1, 1);
            params.distinguished_name.push(rcgen::DnType::CommonName, from.to_string());
            (params, KeyPair::generate().expect("a key"))
        };
        let (params, key) = authority(2020, 2040);
        let root = params.self_signed(&key).expect("signed").der().clone();
        let issuer = Issuer::new(params, key);
        let (params, key) = authority(2021, 2030);
        let intermediate = params.signed_by(&key, &issuer).expect("signed").der().clone();
        let issuer = Issuer::new(params, key);
        let mut params = CertificateParams::new(["a.test".to_owned()]).expect("a name");
        params.not_before = date_time_ymd(2022, 1, 1);
        params.not_after = date_time_ymd(2023, 1, 1);
        let key = KeyPair::generate().expect("a key");
        let leaf = params.signed_by(&key, &issuer).expect("signed").der().clone();
        (listed(&[root]).expect("a root"), [leaf, intermediate])
    }

    /// Days since the beginning of 2022.
    fn day(day: u64) -> UnixTime {
        UnixTime::since_unix_epoch(Duration::from_secs(1_640_995_200 + day * DAY))
    }

    fn verify(
        authorities: &Authorities,
        [leaf, intermediate]: &[CertificateDer<'static>; 2],
        name: &str,
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let name = ServerName::try_from(name).expect("a name");
        authorities.verify_server_cert(leaf, std::slice::from_ref(intermediate), &name, &[], now)
    }

    fn remembered(authorities: &Authorities) -> usize {
        authorities.memo.len()
    }

    #[test]
    fn a_chain_is_remembered_by_its_bytes_and_name() {
        let (authorities, chain) = chain();
        verify(&authorities, &chain, "a.test", day(1)).expect("sound");
        verify(&authorities, &chain, "a.test", day(2)).expect("sound");
        assert_eq!(remembered(&authorities), 1);
        verify(&authorities, &chain, "b.test", day(1)).expect_err("another name");
        let [leaf, intermediate] = &chain;
        let reordered = [intermediate.clone(), leaf.clone()];
        verify(&authorities, &reordered, "a.test", day(1)).expect_err("another chain");
        assert_eq!(remembered(&authorities), 1, "only what was sound");
    }

    #[test]
    fn what_is_remembered_ends_with_the_chain() {
        let (authorities, chain) = chain();
        verify(&authorities, &chain, "a.test", day(364)).expect("sound");
        for outside in [day(366), UnixTime::since_unix_epoch(Duration::ZERO)] {
            let refused = verify(&authorities, &chain, "a.test", outside).expect_err("outside");
            assert!(matches!(refused, Error::InvalidCertificate(_)), "{refused}");
        }
    }

    #[test]
    fn a_chain_remembered_is_not_verified_again() {
        let (authorities, chain) = chain();
        let [leaf, intermediate] = &chain;
        let name = ServerName::try_from("c.test").expect("a name");
        let key = Memo::key(leaf, std::slice::from_ref(intermediate), &name);
        let window = Window::of(&chain).expect("certificates");
        authorities.memo.learn(key, window, day(1));
        verify(&authorities, &chain, "c.test", day(1)).expect("as it was remembered");
    }

    #[test]
    fn what_all_targets_share_is_loaded_once() {
        let load = || Authorities::load(&Roots::Mozilla).expect("compiled in");
        assert!(Arc::ptr_eq(&load(), &load()));
        assert!(load().store.len() > 50 && load().certificates.is_empty());
    }

    #[test]
    fn nothing_usable_in_the_list_is_an_error() {
        let junk = CertificateDer::from(vec![1, 2, 3]);
        for list in [&[][..], &[junk][..]] {
            assert!(matches!(listed(list), Err(TrustError::Listed(_))));
        }
    }
}
