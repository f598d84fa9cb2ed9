//! Asking over a connection that is kept.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use ::http::StatusCode;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::{sync::Mutex, time};

use super::{
    super::{
        Endpoint, Exchange, Phases, Request, Sink, Stream, Traffic, failure,
        feed::announces_close,
        http::{self, Answer, Unanswered},
        limits::Limits,
        outgoing::Outgoing,
        reach::Io,
        send::route_of,
        tap::Tapped,
        wire,
    },
    Failed, HttpConnection, Sender, Sent, Upgrade,
};
use crate::contract::{Obstacle, Obstructed};

impl HttpConnection {
    /// Sends a request and reads its answer. Its URL must lead to where the connection does; over
    /// HTTP/1.1 it waits until the answer before it has been read.
    pub async fn exchange(&self, request: Request) -> Result<Exchange, Failed> {
        self.exchange_with(request, None).await
    }

    /// The same, and hands the body on in pieces, as [`super::super::Session::exchange_into`] does.
    pub async fn exchange_into(
        &self,
        request: Request,
        sink: Sink<'_>,
    ) -> Result<Exchange, Failed> {
        self.exchange_with(request, Some(sink)).await
    }

    async fn exchange_with(
        &self,
        request: Request,
        sink: Option<Sink<'_>>,
    ) -> Result<Exchange, Failed> {
        let outcome = Box::pin(self.ask(&request, sink)).await;
        self.hear(&request, outcome)
    }

    /// Asks a server that speaks HTTP/1.1 to go on with another protocol, as the headers of `request`
    /// say.
    pub async fn upgrade(self, request: Request) -> Result<Upgrade, Failed> {
        let outcome = Box::pin(self.ask_to_switch(&request)).await;
        match outcome {
            Ok((exchange, stream)) => {
                let exchange = Box::new(self.hear(&request, Ok(exchange))?);
                Ok(match stream {
                    Some(stream) => Upgrade::Switched(exchange, Box::new(stream)),
                    None => Upgrade::Declined(exchange),
                })
            }
            Err(failed) => Err(self.heard(&request, failed)),
        }
    }

    async fn ask(&self, request: &Request, sink: Option<Sink<'_>>) -> Result<Exchange, Failed> {
        let reused = self.admit(request).await?;
        let limits = Limits::of(&self.session.budgets, request);
        let with = (&*self.tap, &self.peer, &limits);
        let (sending, answer) = match &self.sender {
            Sender::Http1(sender) => {
                let mut sender = self.turn(sender).await;
                let (sending, wire) = self.prepare(request, reused, &limits)?;
                self.ready(sender.ready(), &sending, &limits).await?;
                let response = sender.send_request(wire);
                let answer = http::read(|_| {}, response, sending.started, with, sink).await;
                // Whoever is next must know.
                if answer.as_ref().is_ok_and(|answer| answer.body.cut.is_some()) {
                    self.spoiled.store(true, Ordering::Relaxed);
                }
                (sending, answer)
            }
            Sender::Http2(sender) => {
                let mut sender = sender.clone();
                let (sending, wire) = self.prepare(request, reused, &limits)?;
                self.ready(sender.ready(), &sending, &limits).await?;
                let response = sender.send_request(wire);
                let answer = http::read(|_| {}, response, sending.started, with, sink).await;
                (sending, answer)
            }
        };
        match answer {
            Ok(answer) => Ok(self.exchanged(request, answer)),
            Err(unanswered) => Err(self.failed(&sending, unanswered)),
        }
    }

    async fn ask_to_switch(&self, request: &Request) -> Result<(Exchange, Option<Stream>), Failed> {
        let reused = self.admit(request).await?;
        let limits = Limits::of(&self.session.budgets, request);
        let with = (&*self.tap, &self.peer, &limits);
        let (sending, wire) = self.prepare(request, reused, &limits)?;
        let Sender::Http1(sender) = &self.sender else {
            let detail = "HTTP/2 has no upgrades like those of HTTP/1.1";
            return Err(sending.unsent(Obstacle::Local.because(detail)));
        };
        let mut sender = sender.lock().await;
        self.ready(sender.ready(), &sending, &limits).await?;
        let response = http::wait(|_| {}, sender.send_request(wire), with).await;
        let mut response = response.map_err(|unanswered| self.failed(&sending, unanswered))?;
        let switches = response.status() == StatusCode::SWITCHING_PROTOCOLS;
        let upgrade = switches.then(|| hyper::upgrade::on(&mut response));
        let answer = if switches {
            Answer::of_head(response, sending.started)
        } else {
            http::receive(|_| {}, response, sending.started, with, None).await
        };
        let exchange = self.exchanged(request, answer);
        let Some(upgrade) = upgrade else { return Ok((exchange, None)) };
        let broken =
            |obstructed| self.failed(&sending, Unanswered { obstructed, not_processed: false });
        let upgraded = upgrade.await.map_err(|e| broken(failure::of_http(&self.peer, &e)))?;
        let parts = upgraded.downcast::<TokioIo<Tapped<Io>>>().map_err(|_| {
            broken(Obstacle::Local.because("the connection is not the one that was opened"))
        })?;
        Ok((exchange, Some(Stream::new(parts.io.into_inner(), parts.read_buf))))
    }

    /// Waits until the budgets allow one more request, if it may be sent here at all. Returns whether
    /// the connection has served one before.
    async fn admit(&self, request: &Request) -> Result<bool, Failed> {
        let reused = self.asked.load(Ordering::Relaxed) > 0;
        let no = |obstructed| Sending::new(reused).unsent(obstructed);
        let leads_here = Endpoint::of_url(&request.url).as_ref() == Some(&self.endpoint)
            && request.url.scheme() == self.scheme;
        if !leads_here {
            let detail = format!("{} does not lead to where this connection does", request.url);
            return Err(no(Obstacle::NotAllowed.because(detail)));
        }
        if let Some(fault) = &self.unverified
            && self.session.holds_secret(request)
        {
            let detail = format!(
                "the certificate of {} {fault}, and no credential is sent over such a connection",
                self.peer
            );
            return Err(no(Obstacle::Tls.because(detail)));
        }
        let reused = self.asked.fetch_add(1, Ordering::Relaxed) > 0;
        if reused {
            self.session.one_more().await.map_err(no)?;
            self.tap.asked_again();
        }
        Ok(reused)
    }

    /// Waits for the answer before. That is our own queue.
    async fn turn<'a>(
        &self,
        sender: &'a Mutex<http1::SendRequest<Outgoing>>,
    ) -> tokio::sync::MutexGuard<'a, http1::SendRequest<Outgoing>> {
        if let Ok(sender) = sender.try_lock() {
            return sender;
        }
        let _queued = self.session.account.queued();
        sender.lock().await
    }

    fn prepare(
        &self,
        request: &Request,
        reused: bool,
        limits: &Limits,
    ) -> Result<(Sending, ::http::Request<Outgoing>), Failed> {
        let sending = Sending { before: self.tap.mark(), ..Sending::new(reused) };
        if self.spoiled.load(Ordering::Relaxed) {
            let detail = "the answer before was read in part only, and nothing can follow it";
            return Err(sending.unsent(Obstacle::Closed.because(detail)));
        }
        let http2 = matches!(self.sender, Sender::Http2(_));
        let wire = wire::request(request, self.session.user_agent(), http2)
            .map_err(|obstructed| sending.unsent(obstructed))?;
        let (body, taken) = Outgoing::new(request.body.clone());
        self.tap.allow(limits.connection_bytes());
        Ok((Sending { taken, ..sending }, wire.map(|_| body)))
    }

    async fn ready(
        &self,
        ready: impl Future<Output = hyper::Result<()>>,
        sending: &Sending,
        limits: &Limits,
    ) -> Result<(), Failed> {
        let within = limits.read_within();
        match time::timeout(within, ready).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => {
                let obstructed =
                    self.tap.cut().unwrap_or_else(|| failure::of_http(&self.peer, &error));
                Err(sending.unsent(obstructed))
            }
            Err(_) => {
                let detail = format!("{} took no request for {within:?}", self.peer);
                Err(sending.unsent(Obstacle::Timeout.because(detail)))
            }
        }
    }

    fn failed(&self, sending: &Sending, unanswered: Unanswered) -> Failed {
        let written = self.tap.traffic().written - sending.before.written;
        let sent = if written == 0 {
            Sent::Nothing
        } else if self.tap.is_flushed() && sending.taken.load(Ordering::Relaxed) {
            Sent::Whole
        } else {
            Sent::Part
        };
        let http1 = matches!(self.sender, Sender::Http1(_));
        Failed {
            obstructed: unanswered.obstructed,
            reused: sending.reused,
            sent,
            answered: http1 && self.tap.answered().is_some(),
            not_processed: unanswered.not_processed || sent == Sent::Nothing,
        }
    }

    fn exchanged(&self, request: &Request, answer: Answer) -> Exchange {
        let phases = Phases {
            first_byte: answer.first_byte,
            transfer: answer.transfer,
            ..Phases::default()
        };
        Exchange {
            replay: self.session.net.replay(
                request,
                self.overridden.then_some(&self.peer),
                self.unverified.is_some(),
            ),
            url: request.url.clone(),
            address: self.peer.clone(),
            version: answer.version,
            status: answer.status,
            headers: answer.headers,
            body: answer.body,
            trailers: answer.trailers,
            phases,
            tls: self.tls.clone(),
            unverified: self.unverified.clone(),
        }
    }

    /// Tells whoever listens how it went.
    fn hear(
        &self,
        request: &Request,
        outcome: Result<Exchange, Failed>,
    ) -> Result<Exchange, Failed> {
        match outcome {
            Ok(exchange) => {
                if announces_close(&exchange) {
                    self.announced.store(true, Ordering::Relaxed);
                }
                self.session.heard_answer(&exchange, &self.endpoint, route_of(request));
                Ok(exchange)
            }
            Err(failed) => Err(self.heard(request, failed)),
        }
    }

    fn heard(&self, request: &Request, failed: Failed) -> Failed {
        let route = Some(route_of(request));
        let obstructed = Err::<(), _>(failed.obstructed.clone());
        let _ = self.session.heed(obstructed, &self.endpoint, route);
        failed
    }
}

/// A request on its way.
struct Sending {
    reused: bool,
    started: Instant,
    before: Traffic,
    /// Whether the body was taken to be sent.
    taken: Arc<AtomicBool>,
}

impl Sending {
    fn new(reused: bool) -> Self {
        let taken = Arc::default();
        Self { reused, started: Instant::now(), before: Traffic::default(), taken }
    }

    fn unsent(&self, obstructed: Obstructed) -> Failed {
        Failed {
            obstructed,
            reused: self.reused,
            sent: Sent::Nothing,
            answered: false,
            not_processed: true,
        }
    }
}
