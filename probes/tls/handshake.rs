//! One handshake that is recorded instead of verified.
//!
//! Whatever is wrong with the certificate, the handshake goes on, so that one connection shows all
//! there is to see. Such a connection proves nothing about who is at its other end: nothing is sent on
//! it, and it is closed before this module gives anything back.

use std::{
    sync::{
        Arc, LazyLock, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use rustls::{
    AlertDescription, ClientConfig, DigitallySignedStruct, Error, SignatureScheme,
    client::{
        ResolvesClientCert, Resumption,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{verify_tls12_signature, verify_tls13_signature},
    sign::CertifiedKey,
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use tokio::{io::AsyncWriteExt, time};

use super::posture::Broken;
use crate::contract::net::{
    Address, Connection, Endpoint, Negotiated, Session, StartTls, crypto, negotiated,
};

/// What one handshake showed.
#[derive(Debug)]
pub(super) struct Recorded {
    pub(super) outcome: Result<Negotiated, Broken>,
    /// How long connecting and the handshake took.
    pub(super) took: Duration,
    /// The chain the server sent, leaf first, even if the handshake failed after it; empty if it came
    /// to none.
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) asks_for_certificate: bool,
    pub(super) bad_signature: Option<Error>,
}

/// Connects to one address, to where it is the client's turn to begin TLS.
pub(super) async fn connect(
    session: &Session,
    endpoint: &Endpoint,
    address: &Address,
    starttls: Option<StartTls>,
) -> Result<Connection, Broken> {
    let mut connection = session.connect_address(endpoint, address).await?;
    if let Some(protocol) = starttls {
        session.start_tls(&mut connection, protocol).await?;
    }
    Ok(connection)
}

/// Shakes hands with one address.
pub(super) async fn record(
    session: &Session,
    endpoint: &Endpoint,
    address: &Address,
    starttls: Option<StartTls>,
    name: &ServerName<'static>,
) -> Recorded {
    // What follows STARTTLS is the protocol that it was said in, and never HTTP.
    let alpn = starttls.is_none();
    let offered = attempt(session, endpoint, address, starttls, name, alpn).await;
    // The service speaks neither HTTP/2 nor HTTP/1.1, and would rather have no offer than those
    // (RFC 7301 section 3.2): a broker, a database.
    let unfit = Error::AlertReceived(AlertDescription::NoApplicationProtocol);
    match &offered.outcome {
        Err(Broken { tls: Some(error), .. }) if *error == unfit => {
            attempt(session, endpoint, address, starttls, name, false).await
        }
        _ => offered,
    }
}

async fn attempt(
    session: &Session,
    endpoint: &Endpoint,
    address: &Address,
    starttls: Option<StartTls>,
    name: &ServerName<'static>,
    alpn: bool,
) -> Recorded {
    let seen = Arc::new(Recorder::default());
    match connect(session, endpoint, address, starttls).await {
        Ok(connection) => {
            let mut took = connection.phases().connect;
            let started = Instant::now();
            let outcome = shake(session, connection, &seen, name, alpn).await;
            took += started.elapsed();
            seen.recorded(outcome, took)
        }
        Err(broken) => seen.recorded(Err(broken), Duration::ZERO),
    }
}

async fn shake(
    session: &Session,
    connection: Connection,
    seen: &Arc<Recorder>,
    name: &ServerName<'static>,
    alpn: bool,
) -> Result<Negotiated, Broken> {
    let mut config = BASE.clone();
    config.dangerous().set_certificate_verifier(Arc::clone(seen) as _);
    config.client_auth_cert_resolver = Arc::clone(seen) as _;
    if !alpn {
        config.alpn_protocols.clear();
    }
    let shaken = session.handshake(connection, Arc::new(config), name.clone()).await;
    let mut stream =
        shaken.map_err(|error| Broken { tls: error.tls, ..error.obstructed.into() })?;
    let settled = negotiated(&stream);
    // A server that never hears of our leaving logs an error and waits for its own time-out.
    let _ = time::timeout(FAREWELL, stream.shutdown()).await;
    Ok(settled)
}

/// What every recorded handshake has in common; the recorder is set for each.
static BASE: LazyLock<ClientConfig> = LazyLock::new(|| {
    let mut config = ClientConfig::builder_with_provider(crypto())
        .with_safe_default_protocol_versions()
        .expect("the provider has suites for TLS 1.2 and 1.3")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Recorder::default()))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    // A resumed handshake shows no certificate.
    config.resumption = Resumption::disabled();
    config
});

/// Takes down what the server shows and agrees to all of it.
#[derive(Debug, Default)]
struct Recorder {
    chain: Mutex<Vec<CertificateDer<'static>>>,
    bad_signature: Mutex<Option<Error>>,
    asks_for_certificate: AtomicBool,
}

impl Recorder {
    fn recorded(&self, outcome: Result<Negotiated, Broken>, took: Duration) -> Recorded {
        Recorded {
            outcome,
            took,
            chain: std::mem::take(&mut *unpoisoned(&self.chain)),
            asks_for_certificate: self.asks_for_certificate.load(Ordering::Relaxed),
            bad_signature: unpoisoned(&self.bad_signature).take(),
        }
    }

    fn note(&self, verified: Result<HandshakeSignatureValid, Error>) -> HandshakeSignatureValid {
        if let Err(error) = verified {
            unpoisoned(&self.bad_signature).get_or_insert(error);
        }
        HandshakeSignatureValid::assertion()
    }
}

impl ServerCertVerifier for Recorder {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        rest: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _ocsp: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let sent = std::iter::once(leaf).chain(rest).map(|der| der.clone().into_owned());
        *unpoisoned(&self.chain) = sent.collect();
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = crypto().signature_verification_algorithms;
        Ok(self.note(verify_tls12_signature(message, leaf, signature, &algorithms)))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = crypto().signature_verification_algorithms;
        Ok(self.note(verify_tls13_signature(message, leaf, signature, &algorithms)))
    }

    /// More than can be verified, so that a server with an old key shows its certificate instead of
    /// breaking off.
    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let mut schemes = crypto().signature_verification_algorithms.supported_schemes();
        schemes.extend([
            SignatureScheme::ED448,
            SignatureScheme::ECDSA_SHA1_Legacy,
            SignatureScheme::RSA_PKCS1_SHA1,
        ]);
        schemes
    }
}

impl ResolvesClientCert for Recorder {
    /// We never show a certificate to a server whose own was not verified; that we were asked is all
    /// that matters here.
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.asks_for_certificate.store(true, Ordering::Relaxed);
        None
    }

    fn has_certs(&self) -> bool {
        // rustls asks `resolve` only where there may be certificates.
        true
    }
}

/// The value, even if a thread panicked while it held the lock: it is only ever replaced whole.
fn unpoisoned<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How long a server may take to hear that we leave.
const FAREWELL: Duration = Duration::from_millis(500);
