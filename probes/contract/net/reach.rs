//! A connection to where HTTP is spoken, secured if it is to be; pinned where a bad certificate was
//! judged and nothing needs to be kept from whoever has it.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use rustls_pki_types::ServerName;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::Instant,
};
use tokio_rustls::client::TlsStream;

use super::{
    Address, Connection, Endpoint, HandshakeError, Session,
    dial::Permit,
    failure,
    limits::Limits,
    open,
    tls::{Hello, Tls},
    verify::Pinned,
};
use crate::contract::Obstructed;

/// A connection with or without TLS.
#[derive(Debug)]
pub(super) enum Io {
    Plain(Connection),
    Tls(Box<TlsStream<Connection>>),
}

/// How to come to an endpoint.
#[derive(Debug)]
pub(super) struct Route<'a> {
    pub(super) endpoint: &'a Endpoint,
    pub(super) address: Option<&'a Address>,
    /// `None` for no TLS.
    pub(super) hello: Option<Hello>,
    /// Instead of the target's.
    pub(super) trust: Option<&'a Arc<Tls>>,
    /// Whether nothing that is sent needs to be kept from a server that nobody vouches for.
    pub(super) harmless: bool,
}

/// A connection, and what is wrong with its certificate if it was pinned.
#[derive(Debug)]
pub(super) struct Reached {
    pub(super) io: Io,
    pub(super) unverified: Option<Arc<str>>,
}

impl Session {
    pub(super) async fn reach(
        &self,
        permit: Permit,
        route: &Route<'_>,
        limits: &Limits,
    ) -> Result<Reached, Obstructed> {
        let connection = self.open_with(permit, limits, route.endpoint, route.address).await?;
        match &route.hello {
            Some(hello) => self.secure(connection, route, hello, limits).await,
            None => Ok(Reached { io: Io::Plain(connection), unverified: None }),
        }
    }

    /// A verified handshake within what is left of the time to connect.
    pub(super) async fn secure(
        &self,
        connection: Connection,
        route: &Route<'_>,
        hello: &Hello,
        limits: &Limits,
    ) -> Result<Reached, Obstructed> {
        let own = route.trust.is_none();
        let tls = route.trust.map_or(&self.net.tls, |trust| trust);
        let is_origin = *route.endpoint == self.net.origin;
        // The target's certificate of ours is for its own origin.
        let hello = &Hello { anonymous: hello.anonymous || (own && !is_origin), ..hello.clone() };
        let name = tls.server_name(route.endpoint, !own || is_origin)?;
        let may_pin = route.harmless
            && own
            && is_origin
            && !tls.is_strict()
            && !tls.identifies(hello.anonymous);

        let address = connection.address().clone();
        let known = may_pin.then(|| self.net.judged.leaf(&address, &name)).flatten();
        let pin = known.map(|leaf| tls.pinned(leaf));
        let by = Instant::now() + open::left(limits, &connection);
        let shaken = tls.connect(connection, name.clone(), hello.clone(), pin.clone(), by).await;
        let is_faulty = |error: &HandshakeError| {
            matches!(error.tls, Some(rustls::Error::InvalidCertificate(_)))
        };
        let shaken = match shaken {
            Err(error) if may_pin && is_faulty(&error) => {
                self.try_again(error, route, (tls, hello), (&address, &name), limits).await
            }
            Ok(stream) => Ok((stream, pin)),
            Err(error) => Err(error.obstructed),
        };
        let (stream, pin) = self.heed(shaken, route.endpoint, None)?;
        let unverified = pin.and_then(|pin| pin.fault().map(failure::certificate)).map(Arc::from);
        if let Some(fault) = &unverified {
            self.account.went_unverified(fault);
        }
        Ok(Reached { io: Io::Tls(Box::new(stream)), unverified })
    }

    /// On a connection of its own, pinned to the leaf that was judged at this address. Without one, the
    /// first failure stands.
    async fn try_again(
        &self,
        failed: HandshakeError,
        route: &Route<'_>,
        (tls, hello): (&Tls, &Hello),
        (address, name): (&Address, &ServerName<'static>),
        limits: &Limits,
    ) -> Result<(TlsStream<Connection>, Option<Arc<Pinned>>), Obstructed> {
        let leaf = {
            let _waits = self.account.queued();
            self.net.judged.wait(address, name).await
        };
        let Some(leaf) = leaf else { return Err(failed.obstructed) };
        let pin = tls.pinned(leaf);
        let permit = self.permit(route.endpoint, Some(address)).await?;
        let connection = self.open_with(permit, limits, route.endpoint, Some(address)).await?;
        let by = Instant::now() + open::left(limits, &connection);
        let pinned = Some(Arc::clone(&pin));
        let stream = tls.connect(connection, name.clone(), hello.clone(), pinned, by).await;
        Ok((stream.map_err(|error| error.obstructed)?, Some(pin)))
    }
}

impl Io {
    pub(super) fn connection(&self) -> &Connection {
        match self {
            Self::Plain(connection) => connection,
            Self::Tls(stream) => stream.get_ref().0,
        }
    }
}

/// Calls a method of whichever stream it is.
macro_rules! each {
    ($io:expr, $stream:ident => $call:expr) => {
        match $io.get_mut() {
            Io::Plain(stream) => {
                let $stream = Pin::new(stream);
                $call
            }
            Io::Tls(stream) => {
                let $stream = Pin::new(stream);
                $call
            }
        }
    };
}

impl AsyncRead for Io {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        each!(self, stream => stream.poll_read(cx, buf))
    }
}

impl AsyncWrite for Io {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        each!(self, stream => stream.poll_write(cx, buf))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(self, stream => stream.poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(self, stream => stream.poll_shutdown(cx))
    }
}
