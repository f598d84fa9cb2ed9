//! One handshake that is recorded instead of verified.
//!
//! Whatever is wrong with the certificate, the handshake goes on, so that one connection shows all
//! there is to see. Such a connection proves nothing about who is at its other end: nothing is sent on
//! it, and it is closed before this module gives anything back.

use std::{
    future::poll_fn,
    pin::Pin,
    sync::{
        Arc, LazyLock, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::Poll,
    time::{Duration, Instant},
};

use rustls::{
    AlertDescription, ClientConfig, DigitallySignedStruct, Error, HandshakeKind, ProtocolVersion,
    SignatureScheme,
    client::{
        ResolvesClientCert, Resumption,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{verify_tls12_signature, verify_tls13_signature},
    sign::CertifiedKey,
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use tokio::{
    io::{AsyncRead, AsyncWriteExt, ReadBuf},
    time,
};
use tokio_rustls::client::TlsStream;

use crate::{
    contract::net::{Connection, Negotiated, crypto, negotiated},
    tls::{
        evidence::{Broken, sessions::Sessions},
        observe::way::Way,
    },
};

/// A client that shakes hands. The usual one asks for the target's name, takes every signature, and
/// keeps the sessions it is offered.
#[derive(Clone, Debug, Default)]
pub(in crate::tls) struct Client {
    /// Asks for no name.
    pub(in crate::tls) nameless: bool,
    /// The sessions it may resume, and those it is offered.
    pub(in crate::tls) sessions: Arc<Sessions>,
    /// Takes down what it is shown. The library resumes a session only with the verifier it began with,
    /// so a client that comes again brings its own.
    pub(in crate::tls) recorder: Arc<Recorder>,
    /// Leaves at once, without waiting for what the server may send after the handshake.
    pub(in crate::tls) hasty: bool,
}

impl Client {
    /// A client that takes these signatures alone.
    pub(in crate::tls) fn taking(schemes: &'static [SignatureScheme]) -> Self {
        let recorder = Recorder { schemes: Some(schemes), ..Recorder::default() };
        Self { recorder: Arc::new(recorder), ..Self::default() }
    }
}

/// What one handshake showed.
#[derive(Debug)]
pub(in crate::tls) struct Recorded {
    pub(in crate::tls) outcome: Result<Negotiated, Broken>,
    /// How long connecting and the handshake took.
    pub(in crate::tls) took: Duration,
    /// The chain the server sent, leaf first, even if the handshake failed after it; empty if it came
    /// to none.
    pub(in crate::tls) chain: Vec<CertificateDer<'static>>,
    /// The OCSP response that came with it, as it was sent.
    pub(in crate::tls) staple: Option<Vec<u8>>,
    pub(in crate::tls) asks_for_certificate: bool,
    pub(in crate::tls) bad_signature: Option<Error>,
    /// What came after the handshake.
    pub(in crate::tls) afterwards: Afterwards,
    /// Whether an earlier session was resumed.
    pub(in crate::tls) resumed: bool,
}

/// What a server does once the handshake is complete for the client. In TLS 1.3 it has yet to look at
/// the client's certificate, or the lack of one.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(in crate::tls) enum Afterwards {
    /// It goes on: a session ticket came, or data.
    GoesOn,
    /// It ends the connection.
    Ends,
    /// It waits for us, or for something else.
    #[default]
    Silence,
}

/// Shakes hands with one address.
pub(in crate::tls) async fn record(
    way: &Way<'_>,
    name: &ServerName<'static>,
    client: &Client,
) -> Recorded {
    // What follows STARTTLS is the protocol that it was said in, and never HTTP.
    let alpn = way.starttls.is_none();
    let offered = attempt(way, name, client, alpn).await;
    // The service speaks neither HTTP/2 nor HTTP/1.1, and would rather have no offer than those
    // (RFC 7301 section 3.2): a broker, a database.
    let unfit = Error::AlertReceived(AlertDescription::NoApplicationProtocol);
    match &offered.outcome {
        Err(Broken { tls: Some(error), .. }) if *error == unfit => {
            attempt(way, name, client, false).await
        }
        _ => offered,
    }
}

async fn attempt(
    way: &Way<'_>,
    name: &ServerName<'static>,
    client: &Client,
    alpn: bool,
) -> Recorded {
    let mut recorded = Recorded::default();
    let seen = &client.recorder;
    recorded.outcome = match way.connect().await {
        Ok(connection) => {
            recorded.took = connection.phases().connect;
            let started = Instant::now();
            let shaken = shake(way, connection, name, client, alpn).await;
            recorded.took += started.elapsed();
            match shaken {
                Ok(stream) => Ok(recorded.rest_of(stream, client).await),
                Err(broken) => Err(broken),
            }
        }
        Err(broken) => Err(broken),
    };
    recorded.chain = std::mem::take(&mut *unpoisoned(&seen.chain));
    recorded.staple = unpoisoned(&seen.staple).take();
    recorded.asks_for_certificate = seen.asks_for_certificate.load(Ordering::Relaxed);
    recorded.bad_signature = unpoisoned(&seen.bad_signature).take();
    recorded
}

impl Recorded {
    /// Waits for what comes after the handshake, and leaves.
    async fn rest_of(&mut self, mut stream: TlsStream<Connection>, client: &Client) -> Negotiated {
        let session = stream.get_ref().1;
        self.resumed = session.handshake_kind() == Some(HandshakeKind::Resumed);
        let settled = negotiated(&stream);
        // Before TLS 1.3 tickets and alerts come within the handshake.
        if session.protocol_version() == Some(ProtocolVersion::TLSv1_2) {
            self.afterwards = Afterwards::GoesOn;
        } else if !client.hasty {
            let patience = (self.took * 2).clamp(SHORTEST_WAIT, LONGEST_WAIT);
            let wait = afterwards(&mut stream, &client.sessions);
            self.afterwards = time::timeout(patience, wait).await.unwrap_or_default();
        }
        // A server that never hears of our leaving logs an error and waits for its own time-out.
        let _ = time::timeout(FAREWELL, stream.shutdown()).await;
        settled
    }
}

impl Default for Recorded {
    fn default() -> Self {
        let nothing = crate::contract::Obstacle::Pending.because("nothing has been recorded yet");
        Self {
            outcome: Err(nothing.into()),
            took: Duration::ZERO,
            chain: Vec::new(),
            staple: None,
            asks_for_certificate: false,
            bad_signature: None,
            afterwards: Afterwards::default(),
            resumed: false,
        }
    }
}

/// What the server does next. A ticket is no data, so reading alone would wait on.
async fn afterwards(stream: &mut TlsStream<Connection>, sessions: &Sessions) -> Afterwards {
    let mut buffer = [0; 512];
    poll_fn(|context| {
        let mut buffer = ReadBuf::new(&mut buffer);
        match Pin::new(&mut *stream).poll_read(context, &mut buffer) {
            Poll::Ready(Ok(())) if !buffer.filled().is_empty() => Poll::Ready(Afterwards::GoesOn),
            Poll::Ready(_) => Poll::Ready(Afterwards::Ends),
            Poll::Pending if sessions.count() > 0 => Poll::Ready(Afterwards::GoesOn),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

async fn shake(
    way: &Way<'_>,
    connection: Connection,
    name: &ServerName<'static>,
    client: &Client,
    alpn: bool,
) -> Result<TlsStream<Connection>, Broken> {
    let mut config = BASE.clone();
    config.dangerous().set_certificate_verifier(Arc::clone(&client.recorder) as _);
    config.client_auth_cert_resolver = Arc::clone(&client.recorder) as _;
    config.resumption = Resumption::store(Arc::clone(&client.sessions) as _);
    config.enable_sni = !client.nameless;
    if !alpn {
        config.alpn_protocols.clear();
    }
    let shaken = way.session.handshake(connection, Arc::new(config), name.clone()).await;
    shaken.map_err(|error| Broken { tls: error.tls, ..error.obstructed.into() })
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
    config
});

/// Takes down what the server shows and agrees to all of it.
#[derive(Debug, Default)]
pub(in crate::tls) struct Recorder {
    chain: Mutex<Vec<CertificateDer<'static>>>,
    staple: Mutex<Option<Vec<u8>>>,
    bad_signature: Mutex<Option<Error>>,
    asks_for_certificate: AtomicBool,
    /// The only signatures to say we can verify.
    schemes: Option<&'static [SignatureScheme]>,
}

impl Recorder {
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
        staple: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let sent = std::iter::once(leaf).chain(rest).map(|der| der.clone().into_owned());
        *unpoisoned(&self.chain) = sent.collect();
        *unpoisoned(&self.staple) = (!staple.is_empty()).then(|| staple.to_vec());
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
        if let Some(schemes) = self.schemes {
            return schemes.to_vec();
        }
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

/// How long to wait for what a server sends after the handshake: twice what that took, within bounds.
/// It comes a round trip later, so that whoever waits for less misses it.
const SHORTEST_WAIT: Duration = Duration::from_millis(50);
const LONGEST_WAIT: Duration = Duration::from_secs(3);

/// How long a server may take to hear that we leave.
const FAREWELL: Duration = Duration::from_millis(500);
