//! Streams for protocols that are not HTTP.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use aws_lc_rs::digest;
use bytes::{Buf, Bytes};
use rustls_pki_types::CertificateDer;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use x509_parser::{
    oid_registry,
    prelude::{FromDer, X509Certificate},
};

use super::{
    Address, Endpoint, Negotiated, Phases, Session, StartTls, StartTlsError, Traffic, Trusted,
    failure,
    limits::Limits,
    reach::{Io, Reached, Route},
    tap::Tapped,
    tls::{self, Hello},
};
use crate::contract::Obstructed;

/// How a stream is secured.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Security {
    /// Not at all.
    Plain,
    /// TLS from the first byte.
    Tls,
    /// TLS after what the protocol says in the open.
    StartTls(StartTls),
}

/// What a stream needs besides.
#[derive(Clone, Debug, Default)]
pub struct StreamOptions {
    /// The address to call instead of resolving the endpoint's host. It must be allowed all the same.
    pub address: Option<Address>,
    /// Whom to trust and who we are there, instead of what the target's `trust` says.
    pub trust: Option<Trusted>,
    /// Whether to go without a certificate of ours. The one of the target's `trust` is shown at the
    /// target's own origin alone.
    pub anonymous: bool,
    /// Protocols to offer by ALPN.
    pub alpn: Vec<Vec<u8>>,
    /// Bytes that may be read from it, TLS included, instead of what the budgets allow for one answer.
    pub most: Option<usize>,
}

/// An open stream, counted against the target's budgets until it is dropped.
#[derive(Debug)]
pub struct Stream {
    io: Tapped<Io>,
    /// What was read before the stream was handed over.
    before: Bytes,
    negotiated: Option<Negotiated>,
}

impl Session {
    /// Opens a stream to an allowed endpoint. TLS is verified.
    pub async fn stream(
        &self,
        endpoint: &Endpoint,
        security: Security,
        options: StreamOptions,
    ) -> Result<Stream, StartTlsError> {
        self.net.allow.endpoint(endpoint)?;
        let permit = self.permit(endpoint, options.address.as_ref()).await?;
        let mut limits = Limits::new(&self.budgets);
        if let Some(most) = options.most {
            limits.body_bytes = most;
        }
        let hello = Hello { anonymous: options.anonymous, alpn: options.alpn };
        let route = Route {
            endpoint,
            address: options.address.as_ref(),
            hello: (security == Security::Tls).then(|| hello.clone()),
            trust: options.trust.as_ref().map(|Trusted(tls)| tls),
            harmless: false,
        };
        let Reached { io, .. } = self.reach(permit, &route, &limits).await?;
        let io = match (security, io) {
            (Security::StartTls(protocol), Io::Plain(mut connection)) => {
                self.start_tls(&mut connection, protocol).await?;
                self.secure(connection, &route, &hello, &limits).await?.io
            }
            (_, io) => io,
        };
        Ok(Stream::new(Tapped { stream: io, tap: Arc::default() }, Bytes::new()))
    }
}

impl Stream {
    pub(super) fn new(io: Tapped<Io>, before: Bytes) -> Self {
        let negotiated = match &io.stream {
            Io::Tls(stream) => Some(tls::negotiated(stream)),
            Io::Plain(_) => None,
        };
        Self { io, before, negotiated }
    }

    /// The address that answered.
    #[must_use]
    pub fn address(&self) -> &Address {
        self.io.stream.connection().address()
    }

    /// Where the time went until it was open.
    #[must_use]
    pub fn phases(&self) -> Phases {
        self.io.stream.connection().phases()
    }

    /// What TLS settled on; `None` without TLS.
    #[must_use]
    pub fn negotiated(&self) -> Option<&Negotiated> {
        self.negotiated.as_ref()
    }

    /// The certificate the server has shown; `None` without TLS.
    #[must_use]
    pub fn leaf(&self) -> Option<&CertificateDer<'static>> {
        match &self.io.stream {
            Io::Tls(stream) => stream.get_ref().1.peer_certificates()?.first(),
            Io::Plain(_) => None,
        }
    }

    /// What binds an authentication to this TLS channel: `tls-server-end-point` of RFC 5929, the
    /// leaf's digest. `None` without TLS, or where the leaf's signature names no digest.
    #[must_use]
    pub fn server_end_point(&self) -> Option<Vec<u8>> {
        let leaf = self.leaf()?;
        let digest = digest::digest(digest_of_signature(leaf)?, leaf);
        Some(digest.as_ref().to_vec())
    }

    /// What went over it so far, without TLS.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        self.io.tap.traffic()
    }

    /// What an error of reading or writing means.
    #[must_use]
    pub fn obstructed(&self, error: &io::Error) -> Obstructed {
        self.io.tap.cut().unwrap_or_else(|| failure::of_stream(self.address(), error))
    }
}

/// The digest in the signature on a certificate; SHA-256 where that is MD5 or SHA-1 (RFC 5929 section
/// 4.1).
fn digest_of_signature(leaf: &CertificateDer<'_>) -> Option<&'static digest::Algorithm> {
    let (_, parsed) = X509Certificate::from_der(leaf).ok()?;
    let oid = &parsed.signature_algorithm.algorithm;
    let sha256 = [
        oid_registry::OID_PKCS1_MD5WITHRSAENC,
        oid_registry::OID_PKCS1_SHA1WITHRSA,
        oid_registry::OID_PKCS1_SHA256WITHRSA,
        oid_registry::OID_SIG_ECDSA_WITH_SHA256,
    ];
    let sha384 = [oid_registry::OID_PKCS1_SHA384WITHRSA, oid_registry::OID_SIG_ECDSA_WITH_SHA384];
    let sha512 = [oid_registry::OID_PKCS1_SHA512WITHRSA, oid_registry::OID_SIG_ECDSA_WITH_SHA512];
    if sha256.contains(oid) {
        Some(&digest::SHA256)
    } else if sha384.contains(oid) {
        Some(&digest::SHA384)
    } else if sha512.contains(oid) {
        Some(&digest::SHA512)
    } else {
        None
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.before.is_empty() {
            return Pin::new(&mut self.io).poll_read(cx, buf);
        }
        let count = self.before.len().min(buf.remaining());
        buf.put_slice(&self.before[..count]);
        self.before.advance(count);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
