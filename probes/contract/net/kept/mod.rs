//! Connections that are kept open for many requests.

mod ask;
mod start;

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
};

use ::http::Version;
use hyper::client::conn::{http1, http2};
use tokio::{
    sync::{Mutex, watch},
    task::JoinSet,
};

use super::{
    Address, Endpoint, Exchange, GoAway, Negotiated, Phases, Session, Stream, Traffic, Trusted,
    outgoing::Outgoing, tap::Tap,
};
use crate::contract::Obstructed;

/// What a kept connection needs besides the URL it is for.
#[derive(Clone, Debug, Default)]
pub struct HttpOptions {
    /// The address to call instead of resolving the URL's host. It must be allowed all the same.
    pub address: Option<Address>,
    /// Whom to trust and who we are there, instead of what the target's `trust` says.
    pub trust: Option<Trusted>,
    /// Whether to go without a certificate of ours.
    pub anonymous: bool,
    /// The version to speak.
    pub speaks: Speaks,
}

/// Which version of HTTP a connection speaks.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Speaks {
    /// Over TLS what ALPN settles on, and HTTP/1.1 without.
    #[default]
    Negotiated,
    /// HTTP/1.1.
    Http1,
    /// HTTP/2, without TLS by prior knowledge (h2c).
    Http2,
}

/// A connection for many requests: over HTTP/1.1 one after the other, over HTTP/2 at the same time as
/// well. It is closed when it is dropped, and one of the target's connections until then.
pub struct HttpConnection {
    session: Session,
    endpoint: Endpoint,
    scheme: String,
    peer: Address,
    /// Whether the address is not what the name resolves to.
    overridden: bool,
    phases: Phases,
    tls: Option<Negotiated>,
    unverified: Option<Arc<str>>,
    tap: Arc<Tap>,
    sender: Sender,
    asked: AtomicU32,
    /// An answer was read in part only, and over HTTP/1.1 nothing can follow it.
    spoiled: AtomicBool,
    announced: AtomicBool,
    over: watch::Receiver<bool>,
    /// Ends with the connection's owner.
    _driver: JoinSet<()>,
}

enum Sender {
    Http1(Mutex<http1::SendRequest<Outgoing>>),
    Http2(http2::SendRequest<Outgoing>),
}

/// Why a request on a kept connection has no answer.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{obstructed}")]
pub struct Failed {
    /// What happened.
    pub obstructed: Obstructed,
    /// Whether the connection had served a request before: the target may have closed it while this
    /// one was on its way.
    pub reused: bool,
    /// How much of the request was sent.
    pub sent: Sent,
    /// Whether the target had begun to answer. Over HTTP/2 that cannot be told, and reads `false`.
    pub answered: bool,
    /// Whether the target has said that it has not worked on the request.
    pub not_processed: bool,
}

/// How much of a request was handed to the kernel.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Sent {
    /// Nothing: it can be sent again, whatever it does.
    Nothing,
    /// A part.
    Part,
    /// All of it. Over HTTP/2 that holds for all requests of the connection together.
    Whole,
}

/// What a server makes of a request to speak another protocol.
#[derive(Debug)]
pub enum Upgrade {
    /// It switches (101), and this is what is left of the connection.
    Switched(Box<Exchange>, Box<Stream>),
    /// It answers as if it had not been asked.
    Declined(Box<Exchange>),
}

impl HttpConnection {
    /// The address that answered.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.peer
    }

    /// Where the time went until it was open.
    #[must_use]
    pub fn phases(&self) -> Phases {
        self.phases
    }

    /// What TLS settled on; `None` without TLS.
    #[must_use]
    pub fn negotiated(&self) -> Option<&Negotiated> {
        self.tls.as_ref()
    }

    /// The version it speaks.
    #[must_use]
    pub fn version(&self) -> Version {
        match self.sender {
            Sender::Http1(_) => Version::HTTP_11,
            Sender::Http2(_) => Version::HTTP_2,
        }
    }

    /// What went over it so far, without TLS, and how the target ended it, if it has.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        self.tap.traffic()
    }

    /// What the target has announced over HTTP/2, if it has.
    #[must_use]
    pub fn goaway(&self) -> Option<GoAway> {
        self.tap.goaway()
    }

    /// Whether an answer has said `connection: close`.
    #[must_use]
    pub fn close_announced(&self) -> bool {
        self.announced.load(Ordering::Relaxed)
    }

    /// Whether it is over: nothing more can be asked.
    #[must_use]
    pub fn is_over(&self) -> bool {
        *self.over.borrow()
    }

    /// Waits until it is over.
    pub async fn over(&self) {
        // The other side is dropped when the connection is over.
        let _ = self.over.clone().wait_for(|over| *over).await;
    }
}

impl fmt::Debug for HttpConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpConnection")
            .field("endpoint", &self.endpoint)
            .field("peer", &self.peer)
            .field("traffic", &self.traffic())
            .finish_non_exhaustive()
    }
}
