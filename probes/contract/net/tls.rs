//! TLS as a sound client speaks it: verified, unresumed, HTTP/2 or HTTP/1.1.

use std::{
    fmt,
    sync::{Arc, LazyLock},
    time::Instant,
};

use rustls::{ClientConfig, RootCertStore, client::Resumption, crypto::CryptoProvider};
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::time;
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::{
    Connection, Endpoint, HandshakeError, Negotiated, Trust, TrustError, failure,
    verify::{Authorities, LeafDigest, Pinned},
};
use crate::contract::{Obstacle, Obstructed};

/// The provider of cryptography: AWS-LC, for clients and servers alike.
#[must_use]
pub fn crypto() -> Arc<CryptoProvider> {
    static PROVIDER: LazyLock<Arc<CryptoProvider>> =
        LazyLock::new(|| Arc::new(rustls::crypto::aws_lc_rs::default_provider()));
    Arc::clone(&PROVIDER)
}

/// Does what is slow the first time only, so that no visit measures it. It takes 50 to 110 ms of CPU,
/// most of it for the seed of the random numbers: call it once at the start, where blocking is fine.
pub fn warm_up() {
    let crypto = crypto();
    // Neither failure matters here: whoever needs it next will meet it again and say so.
    let _ = crypto.secure_random.fill(&mut [0; 32]);
    for group in &crypto.kx_groups {
        let _ = group.start();
    }
    let _ = Authorities::load(&super::Roots::Platform);
}

/// How a verified handshake presents itself.
#[derive(Clone, Debug)]
pub(super) struct Hello {
    /// Whether to go without a certificate of ours, even if there is one.
    pub(super) anonymous: bool,
    /// The protocols on offer.
    pub(super) alpn: Vec<Vec<u8>>,
}

impl Hello {
    /// With HTTP/2 and HTTP/1.1 on offer.
    pub(super) fn of_http(anonymous: bool) -> Self {
        Self { anonymous, alpn: vec![H2.to_vec(), b"http/1.1".to_vec()] }
    }
}

/// Whom to trust at an endpoint, and who we are there: a [`Trust`], ready for use.
#[derive(Clone)]
pub struct Trusted(pub(super) Arc<Tls>);

impl fmt::Debug for Trusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trusted").finish_non_exhaustive()
    }
}

impl Trusted {
    /// Whether it is the very same.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Trust {
    /// Reads the authorities and checks that certificate and key fit.
    pub fn ready(self) -> Result<Trusted, TrustError> {
        Tls::new(self).map(Arc::new).map(Trusted)
    }
}

/// The TLS side of a way to a target.
#[derive(Debug)]
pub(super) struct Tls {
    config: Arc<ClientConfig>,
    /// The same without a certificate of ours.
    anonymous: Arc<ClientConfig>,
    authorities: Arc<Authorities>,
    server_name: Option<ServerName<'static>>,
    has_identity: bool,
    /// Whether a certificate that is not sound ends everything.
    strict: bool,
}

impl Tls {
    pub(super) fn new(trust: Trust) -> Result<Self, TrustError> {
        let authorities = Authorities::load(&trust.roots)?;
        let server_name = trust
            .server_name
            .map(|name| {
                ServerName::try_from(name.clone()).map_err(|_| TrustError::ServerName(name))
            })
            .transpose()?;
        let builder = ClientConfig::builder_with_provider(crypto())
            .with_safe_default_protocol_versions()
            .map_err(TrustError::Identity)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::clone(&authorities) as _);
        let ready = |mut config: ClientConfig| {
            // A resumed handshake shows no certificate.
            config.resumption = Resumption::disabled();
            Arc::new(config)
        };
        let anonymous = ready(builder.clone().with_no_client_auth());
        let (has_identity, strict) = (trust.client.is_some(), trust.strict);
        let config = match trust.client {
            Some(client) => ready(
                builder
                    .with_client_auth_cert(client.chain, client.key)
                    .map_err(TrustError::Identity)?,
            ),
            None => Arc::clone(&anonymous),
        };
        Ok(Self { config, anonymous, authorities, server_name, has_identity, strict })
    }

    /// Whether a handshake of this manner shows a certificate of ours to who asks for it.
    pub(super) fn identifies(&self, anonymous: bool) -> bool {
        self.has_identity && !anonymous
    }

    pub(super) fn is_strict(&self) -> bool {
        self.strict
    }

    /// For clients that are not the target's: no certificate of ours, and each its own protocols.
    pub(super) fn anonymous(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.anonymous)
    }

    pub(super) fn roots(&self) -> (&Arc<RootCertStore>, &[CertificateDer<'static>]) {
        (&self.authorities.store, &self.authorities.certificates)
    }

    /// The name to ask for: the configured one where it applies, else the host.
    pub(super) fn server_name(
        &self,
        endpoint: &Endpoint,
        own: bool,
    ) -> Result<ServerName<'static>, Obstructed> {
        if let (true, Some(name)) = (own, &self.server_name) {
            return Ok(name.clone());
        }
        let nameless = || {
            Obstacle::Tls.because(format!(
                "TLS cannot ask for the name of {endpoint}: set `trust.server_name`"
            ))
        };
        match endpoint {
            Endpoint::Tcp { host, .. } => ServerName::try_from(host.as_str())
                .map(|name| name.to_owned())
                .map_err(|_| nameless()),
            Endpoint::Unix(_) => Err(nameless()),
        }
    }

    /// A verified handshake. With a pin, a server that shows the pinned leaf is accepted whatever is
    /// wrong with it.
    pub(super) async fn connect(
        &self,
        connection: Connection,
        name: ServerName<'static>,
        hello: Hello,
        pin: Option<Arc<Pinned>>,
        until: time::Instant,
    ) -> Result<TlsStream<Connection>, HandshakeError> {
        let config = if hello.anonymous { &self.anonymous } else { &self.config };
        let config = match pin {
            None => Arc::clone(config),
            Some(pin) => {
                let mut config = (**config).clone();
                config.dangerous().set_certificate_verifier(pin);
                Arc::new(config)
            }
        };
        handshake(connection, &TlsConnector::from(config), hello.alpn, name, until).await
    }

    /// A verifier that also accepts this leaf.
    pub(super) fn pinned(&self, leaf: LeafDigest) -> Arc<Pinned> {
        Arc::new(Pinned::new(Arc::clone(&self.authorities), leaf))
    }
}

/// A handshake with any configuration, timed.
pub(super) async fn handshake(
    connection: Connection,
    connector: &TlsConnector,
    alpn: Vec<Vec<u8>>,
    name: ServerName<'static>,
    until: time::Instant,
) -> Result<TlsStream<Connection>, HandshakeError> {
    let peer = connection.address().clone();
    let started = Instant::now();
    let shaken = connector.with_alpn(alpn).connect(name, connection);
    match time::timeout_at(until, shaken).await {
        Ok(Ok(mut stream)) => {
            stream.get_mut().0.phases.tls = started.elapsed();
            Ok(stream)
        }
        Ok(Err(error)) => {
            let tls =
                error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()).cloned();
            let mut obstructed = failure::of_stream(&peer, &error);
            if obstructed.obstacle == Obstacle::Closed {
                obstructed.detail =
                    format!("{peer} closed the connection during the TLS handshake");
            }
            Err(HandshakeError { obstructed, tls })
        }
        Err(_) => {
            let detail = format!("the TLS handshake with {peer} did not end in time");
            Err(HandshakeError { obstructed: Obstacle::Timeout.because(detail), tls: None })
        }
    }
}

/// What a handshake settled on.
#[must_use]
pub fn negotiated(stream: &TlsStream<Connection>) -> Negotiated {
    let session = stream.get_ref().1;
    let version = session.protocol_version().and_then(|version| version.as_str());
    let suite = session.negotiated_cipher_suite().and_then(|suite| suite.suite().as_str());
    let group = session.negotiated_key_exchange_group().and_then(|group| group.name().as_str());
    Negotiated {
        // rustls writes "TLSv1_3".
        version: version.unwrap_or_default().replace('_', "."),
        suite: suite.unwrap_or_default().to_owned(),
        group: group.map(str::to_owned),
        alpn: session.alpn_protocol().map(|alpn| String::from_utf8_lossy(alpn).into_owned()),
    }
}

/// HTTP/2 in ALPN.
pub(super) const H2: &[u8] = b"h2";
