//! An exchange on a connection of its own.

use std::hash::{DefaultHasher, Hash, Hasher};

use ::http::{HeaderName, header};
use url::Url;

use super::{
    Endpoint, Exchange, Request, Session, Sink,
    breaker::Sample,
    http,
    limits::Limits,
    reach::{Io, Reached, Route},
    tls, wire,
};
use crate::contract::{Obstacle, Obstructed, setting::Text};

impl Session {
    /// Sends a request on a connection of its own, with TLS verified, and reads the answer within the
    /// budgets. Never follows a redirect.
    ///
    /// A body that is cut off is no error: see [`super::Body::cut`]. Everything before the body is.
    pub async fn exchange(&self, request: Request) -> Result<Exchange, Obstructed> {
        self.exchange_with(request, None).await
    }

    /// The same, and hands the body on in pieces, decoded, instead of keeping it. It ends with the body,
    /// with its limit, or when `sink` breaks.
    pub async fn exchange_into(
        &self,
        request: Request,
        sink: Sink<'_>,
    ) -> Result<Exchange, Obstructed> {
        self.exchange_with(request, Some(sink)).await
    }

    async fn exchange_with(
        &self,
        request: Request,
        sink: Option<Sink<'_>>,
    ) -> Result<Exchange, Obstructed> {
        let secure = is_secure(&request.url)?;
        let endpoint = Endpoint::of_url(&request.url).ok_or_else(|| {
            Obstacle::NotAllowed.because(format!("{} names no host", request.url))
        })?;
        self.net.allow.endpoint(&endpoint)?;
        let route = route_of(&request);
        // Boxed, so that probes with many exchanges are not made of their state machines.
        let outcome = Box::pin(self.send(request, &endpoint, secure, route, sink)).await;
        match &outcome {
            Ok(answer) => self.heard_answer(answer, &endpoint, route),
            // Connecting has told the feed itself.
            Err(failed) if endpoint == self.net.origin => {
                self.net.feed.note_cut(failed, &self.probe);
            }
            Err(_) => {}
        }
        outcome
    }

    /// Tells the breaker and the feed of an answer.
    pub(super) fn heard_answer(&self, answer: &Exchange, endpoint: &Endpoint, route: u64) {
        if *endpoint == self.net.origin {
            self.net.feed.note_answer(answer, &self.probe);
        }
        if self.feeds_breaker(endpoint) {
            let Exchange { status, phases, .. } = answer;
            self.net.breaker.record(if status.is_server_error() {
                Sample::Failed { route: Some(route) }
            } else {
                let latency = phases.connect + phases.tls + phases.first_byte;
                Sample::Answered { route, latency }
            });
        }
    }

    async fn send(
        &self,
        request: Request,
        endpoint: &Endpoint,
        secure: bool,
        asked: u64,
        sink: Option<Sink<'_>>,
    ) -> Result<Exchange, Obstructed> {
        let net = &*self.net;
        let permit = self.permit(endpoint, request.address.as_ref()).await?;
        let limits = Limits::of(&self.budgets, &request);
        let hello = secure.then(|| tls::Hello::of_http(request.anonymous));
        let route = Route {
            endpoint,
            address: request.address.as_ref(),
            hello,
            trust: None,
            harmless: !self.holds_secret(&request),
        };
        let Reached { io, unverified } = self.reach(permit, &route, &limits).await?;
        let mut phases = io.connection().phases();
        let peer = io.connection().address().clone();
        let (answer, tls) = match io {
            Io::Tls(stream) => {
                let tls = tls::negotiated(&stream);
                let http2 = stream.get_ref().1.alpn_protocol() == Some(tls::H2);
                let wire = wire::request(&request, &net.user_agent, http2)?;
                let answer = if http2 {
                    // Boxed, so that every other exchange need not be as large as this one.
                    Box::pin(http::send_http2(stream, &peer, wire, &limits, sink)).await
                } else {
                    http::send_http1(stream, &peer, wire, &limits, sink).await
                };
                (answer, Some(tls))
            }
            Io::Plain(connection) => {
                let wire = wire::request(&request, &net.user_agent, false)?;
                (http::send_http1(connection, &peer, wire, &limits, sink).await, None)
            }
        };
        let answer = self.heed(answer, endpoint, Some(asked))?;
        phases.first_byte = answer.first_byte;
        phases.transfer = answer.transfer;
        let overridden =
            request.address.is_some() || (*endpoint == net.origin && !net.connect_to.is_empty());
        Ok(Exchange {
            replay: net.replay(&request, overridden.then_some(&peer), unverified.is_some()),
            url: request.url,
            address: peer,
            version: answer.version,
            status: answer.status,
            headers: answer.headers,
            body: answer.body,
            trailers: answer.trailers,
            phases,
            tls,
            unverified,
        })
    }
}

impl Session {
    /// Whether a request carries what only the target may see: a credential of the settings, whatever
    /// it is sent as, or a header that is one.
    pub(super) fn holds_secret(&self, request: &Request) -> bool {
        let is_secret = |(name, value): &(HeaderName, Text)| {
            value.secret().is_some() || CREDENTIALS.contains(name) || self.knows(&value.expose())
        };
        request.headers.iter().any(is_secret)
            || !request.url.username().is_empty()
            || request.url.password().is_some()
            || self.knows(request.url.as_str())
            || request.target.as_deref().is_some_and(|target| self.knows(target))
            || self.knows(&String::from_utf8_lossy(&request.body))
    }

    fn knows(&self, text: &str) -> bool {
        self.net.redactor.clean(text) != text
    }
}

/// Headers that are credentials.
pub(super) const CREDENTIALS: [HeaderName; 4] = [
    header::AUTHORIZATION,
    header::COOKIE,
    header::PROXY_AUTHORIZATION,
    HeaderName::from_static("x-api-key"),
];

/// What requests of the same kind have in common, for the breaker to compare them.
pub(super) fn route_of(request: &Request) -> u64 {
    let mut hasher = DefaultHasher::new();
    request.method.hash(&mut hasher);
    request.url[..url::Position::AfterPath].hash(&mut hasher);
    hasher.finish()
}

/// Whether a URL is one of HTTP over TLS; an obstacle if it is none of HTTP.
pub(super) fn is_secure(url: &Url) -> Result<bool, Obstructed> {
    match url.scheme() {
        "https" => Ok(true),
        "http" => Ok(false),
        other => {
            let detail = format!("gonogo calls http and https, not {other}");
            Err(Obstacle::NotAllowed.because(detail))
        }
    }
}
