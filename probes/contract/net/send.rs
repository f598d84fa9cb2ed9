//! An exchange on a connection of its own.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::{Endpoint, Exchange, Request, Session, breaker::Sample, http, replay, tls, wire};
use crate::contract::{Obstacle, Obstructed};

impl Session {
    /// Sends a request on a connection of its own, with TLS verified, and reads the answer within the
    /// budgets. Never follows a redirect.
    ///
    /// A body that is cut off is no error: see [`super::Body::cut`]. Everything before the body is.
    pub async fn exchange(&self, request: Request) -> Result<Exchange, Obstructed> {
        let secure = match request.url.scheme() {
            "https" => true,
            "http" => false,
            other => {
                let detail = format!("gonogo calls http and https, not {other}");
                return Err(Obstacle::NotAllowed.because(detail));
            }
        };
        let endpoint = Endpoint::of_url(&request.url).ok_or_else(|| {
            Obstacle::NotAllowed.because(format!("{} names no host", request.url))
        })?;
        self.net.allow.endpoint(&endpoint)?;
        let route = route(&request);
        // Boxed, so that probes with many exchanges are not made of their state machines.
        let outcome = Box::pin(self.send(request, &endpoint, secure, route)).await;
        if let (Ok(answer), true) = (&outcome, self.feeds_breaker(&endpoint)) {
            let Exchange { status, phases, .. } = answer;
            self.net.breaker.record(if status.is_server_error() {
                Sample::Failed { route: Some(route) }
            } else {
                let latency = phases.connect + phases.tls + phases.first_byte;
                Sample::Answered { route, latency }
            });
        }
        outcome
    }

    async fn send(
        &self,
        request: Request,
        endpoint: &Endpoint,
        secure: bool,
        route: u64,
    ) -> Result<Exchange, Obstructed> {
        let net = &*self.net;
        let connection = self.open(endpoint, request.address.as_ref()).await?;
        let peer = connection.address().clone();
        let (answer, mut phases, tls) = if secure {
            // Boxed, so that each future it is handed on to need not have room for it.
            let manner =
                if request.anonymous { tls::Manner::Anonymous } else { tls::Manner::Usual };
            let stream = Box::new(self.secure(connection, endpoint, manner).await?);
            let phases = stream.get_ref().0.phases;
            let tls = tls::negotiated(&stream);
            let http2 = stream.get_ref().1.alpn_protocol() == Some(tls::H2);
            let wire = wire::request(&request, &net.user_agent, http2)?;
            let answer = if http2 {
                // Boxed, so that every other exchange need not be as large as this one.
                Box::pin(http::send_http2(stream, &peer, wire, &self.budgets)).await
            } else {
                http::send_http1(stream, &peer, wire, &self.budgets).await
            };
            (answer, phases, Some(tls))
        } else {
            let phases = connection.phases;
            let wire = wire::request(&request, &net.user_agent, false)?;
            (http::send_http1(connection, &peer, wire, &self.budgets).await, phases, None)
        };
        let answer = self.heed(answer, endpoint, Some(route))?;
        phases.first_byte = answer.first_byte;
        phases.transfer = answer.transfer;
        let overridden =
            request.address.is_some() || (*endpoint == net.origin && !net.connect_to.is_empty());
        Ok(Exchange {
            replay: replay::curl(&request, overridden.then_some(&peer)),
            url: request.url,
            address: peer,
            version: answer.version,
            status: answer.status,
            headers: answer.headers,
            body: answer.body,
            phases,
            tls,
        })
    }
}

/// What requests of the same kind have in common, for the breaker to compare them.
fn route(request: &Request) -> u64 {
    let mut hasher = DefaultHasher::new();
    request.method.hash(&mut hasher);
    request.url[..url::Position::AfterPath].hash(&mut hasher);
    hasher.finish()
}
