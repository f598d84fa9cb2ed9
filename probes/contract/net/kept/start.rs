//! Opening a connection that is kept, and driving it.

use std::{
    future::poll_fn,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32},
    },
    task::Poll,
};

use hyper_util::rt::TokioIo;
use tokio::{
    sync::{Mutex, watch},
    task::JoinSet,
};
use url::Url;

use super::{
    super::{
        Address, Endpoint, Session, Trusted,
        drive::{EndOnDrop, Tasks},
        failure,
        feed::{Feed, Happening},
        http,
        limits::Limits,
        reach::{Io, Reached, Route},
        send::is_secure,
        tap::{Ending, Tap, Tapped},
        tls::{self, Hello},
    },
    HttpConnection, HttpOptions, Sender, Speaks,
};
use crate::contract::{Obstacle, Obstructed};

impl Session {
    /// Opens a connection to where `url` leads and keeps it. Over HTTP/1.1 nothing is sent yet.
    ///
    /// Each request counts against the budgets, but for the first one, which is one with the
    /// connection.
    pub async fn http(
        &self,
        url: &Url,
        options: HttpOptions,
    ) -> Result<HttpConnection, Obstructed> {
        let secure = is_secure(url)?;
        let endpoint = Endpoint::of_url(url)
            .ok_or_else(|| Obstacle::NotAllowed.because(format!("{url} names no host")))?;
        self.net.allow.endpoint(&endpoint)?;
        let permit = self.permit(&endpoint, options.address.as_ref()).await?;
        let mut limits = Limits::new(&self.budgets);
        // Each request has its own share, which the tap counts.
        limits.body_bytes = usize::MAX;
        let mut hello = Hello::of_http(options.anonymous);
        match options.speaks {
            Speaks::Negotiated => {}
            Speaks::Http1 => hello.alpn.retain(|protocol| protocol != tls::H2),
            Speaks::Http2 => hello.alpn.retain(|protocol| protocol == tls::H2),
        }
        let route = Route {
            endpoint: &endpoint,
            address: options.address.as_ref(),
            hello: secure.then_some(hello),
            trust: options.trust.as_ref().map(|Trusted(tls)| tls),
            harmless: true,
        };
        let Reached { io, unverified } = self.reach(permit, &route, &limits).await?;
        let overridden = options.address.is_some()
            || (endpoint == self.net.origin && !self.net.connect_to.is_empty());
        let (peer, phases) = (io.connection().address().clone(), io.connection().phases());
        let negotiated = match &io {
            Io::Tls(stream) => Some(tls::negotiated(stream)),
            Io::Plain(_) => None,
        };
        let http2 = match &negotiated {
            Some(negotiated) => negotiated.alpn.as_deref() == Some("h2"),
            None => options.speaks == Speaks::Http2,
        };
        if options.speaks == Speaks::Http2 && !http2 {
            let detail = format!("{peer} does not speak HTTP/2 by ALPN");
            return Err(Obstacle::Protocol.because(detail));
        }
        let tap = Arc::new(if http2 { Tap::of_http2() } else { Tap::default() });
        // What a server says before it is asked.
        tap.allow(limits.header_bytes);
        let feed = (endpoint == self.net.origin).then(|| Arc::clone(&self.net.feed));
        let (sender, driver, over) = self.start(io, http2, &tap, &peer, feed).await?;
        Ok(HttpConnection {
            session: self.clone(),
            endpoint,
            scheme: url.scheme().to_owned(),
            peer,
            overridden,
            phases,
            tls: negotiated,
            unverified,
            tap,
            sender,
            asked: AtomicU32::new(0),
            spoiled: AtomicBool::new(false),
            announced: AtomicBool::new(false),
            over,
            _driver: driver,
        })
    }

    /// Starts to speak HTTP, and to drive the connection: also while nothing is asked, so that its end
    /// is seen when it comes.
    async fn start(
        &self,
        io: Io,
        http2: bool,
        tap: &Arc<Tap>,
        peer: &Address,
        feed: Option<Arc<Feed>>,
    ) -> Result<(Sender, JoinSet<()>, watch::Receiver<bool>), Obstructed> {
        let limits = Limits::new(&self.budgets);
        let io = TokioIo::new(Tapped { stream: io, tap: Arc::clone(tap) });
        let failed = |error| failure::of_http(peer, &error);
        let (is_over, over) = watch::channel(false);
        let told = Told { feed, peer: peer.clone(), probe: Arc::clone(&self.probe) };
        let mut driver = JoinSet::new();
        let sender = if http2 {
            let tasks = Tasks::default();
            let builder = http::http2_builder(tasks.clone(), &limits);
            let (sender, connection) = builder.handshake(io).await.map_err(failed)?;
            let tap = Arc::clone(tap);
            driver.spawn(async move {
                let _ends_them = EndOnDrop(&tasks);
                let mut connection = pin!(connection);
                let (mut goaway, mut ended) = (false, false);
                poll_fn(|cx| {
                    ended = ended || connection.as_mut().poll(cx).is_ready();
                    // What is under way goes on after the connection takes no more.
                    let idle = tasks.poll(cx);
                    if !goaway && tap.goaway().is_some() {
                        goaway = true;
                        told.note(Happening::GoAway);
                    }
                    if ended && idle { Poll::Ready(()) } else { Poll::Pending }
                })
                .await;
                told.of_end(&tap);
                is_over.send_replace(true);
            });
            Sender::Http2(sender)
        } else {
            let (sender, connection) =
                http::http1_builder(&limits).handshake(io).await.map_err(failed)?;
            let tap = Arc::clone(tap);
            driver.spawn(async move {
                let _ = connection.with_upgrades().await;
                told.of_end(&tap);
                is_over.send_replace(true);
            });
            Sender::Http1(Mutex::new(sender))
        };
        Ok((sender, driver, over))
    }
}

/// Who hears of what happens between requests.
struct Told {
    feed: Option<Arc<Feed>>,
    peer: Address,
    probe: Arc<str>,
}

impl Told {
    fn note(&self, what: Happening) {
        if let Some(feed) = &self.feed {
            feed.note(what, Some(&self.peer), &self.probe);
        }
    }

    fn of_end(&self, tap: &Tap) {
        match tap.traffic().end {
            Some((Ending::Closed | Ending::Unannounced, _)) => self.note(Happening::ClosedIdle),
            Some((Ending::Reset | Ending::Failed, _)) => self.note(Happening::Reset),
            None => {}
        }
    }
}
