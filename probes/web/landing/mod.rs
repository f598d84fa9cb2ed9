//! What to look at of a target: its own URL, or where that is no application, what else it has. Seen
//! once for all probes that need it.

mod challenge;
mod openapi;
mod places;
mod standing;
#[cfg(test)]
mod tests;

use std::time::Duration;

use aws_lc_rs::digest;
use futures_util::future::join_all;
use http::{HeaderName, header};
use url::Url;

pub(crate) use self::{
    challenge::certain as challenge,
    standing::{Advice, may_be_elsewhere, of as standing},
};
use crate::{
    contract::{
        Key, Obstructed, Seen, Visit,
        net::{Exchange, Policy, Request},
        setting::{StatusSet, Text},
    },
    web::{audience::Audience, landing::openapi::Operations},
};

/// The way to a page: every answer, redirects within the origin followed.
#[derive(Debug)]
pub(crate) struct Way {
    /// Every answer, the last one last; never empty.
    pub(crate) exchanges: Vec<Exchange>,
    /// The product whose challenge the last answer is.
    challenge: Option<&'static str>,
}

impl Way {
    /// The last answer.
    pub(crate) fn last(&self) -> Option<&Exchange> {
        self.exchanges.last()
    }

    /// Whether the last answer is the application's, so that what it carries can be judged; if not, what
    /// it is, and what to configure.
    pub(crate) fn standing(&self, accept: &StatusSet, advice: &Advice) -> Result<(), Obstructed> {
        match self.last() {
            Some(last) => standing::of(last.status, &last.headers, self.challenge, accept, advice),
            None => Ok(()),
        }
    }
}

/// The request for a page, by whoever calls the target.
pub(crate) fn request(
    audience: Option<Audience>,
    url: Url,
    headers: &[(HeaderName, Text)],
) -> Request {
    let mut request = Request::get(url);
    let is_given = headers.iter().any(|(name, _)| name == header::ACCEPT);
    if audience != Some(Audience::Programs) && !is_given {
        request = request.header(header::ACCEPT, PAGES_FIRST);
    }
    request.headers.extend_from_slice(headers);
    request
}

/// Asks for a page as a browser does, or takes what another probe was answered to the same request a
/// moment ago.
///
/// No cookies are kept, so a server that sets one and sends the client round again is left after the
/// first round.
pub(crate) async fn way(visit: &Visit, request: Request) -> Result<Seen<Way>, Obstructed> {
    let look = async || {
        let policy = Policy::same_origin(MOST_REDIRECTS);
        let followed = visit.net.follow(request.clone(), policy).await?;
        // What was seen on the way can be judged, whatever kept the rest from being seen.
        let exchanges = followed.exchanges;
        let challenge = match exchanges.last() {
            Some(last) => told_apart(visit, &request, last).await,
            None => None,
        };
        Ok(Way { exchanges, challenge })
    };
    visit.shared(key("page", &request), LOOK_LASTS, look).await
}

/// Whether an answer is a challenge. One that may be is asked for once more: a challenge is another one
/// each time.
async fn told_apart(visit: &Visit, request: &Request, last: &Exchange) -> Option<&'static str> {
    let body = last.body.text();
    if let Some(product) = challenge::certain(&last.headers, &body) {
        return Some(product);
    }
    let doubt = challenge::doubtful(&body)?;
    let second =
        visit.net.exchange(Request { url: last.url.clone(), ..request.clone() }).await.ok()?;
    (second.status != last.status || second.body.bytes != last.body.bytes).then_some(doubt)
}

/// The answer to a path that does not exist.
pub(crate) async fn nowhere(
    visit: &Visit,
    request: impl Fn(Url) -> Request,
) -> Result<Seen<Exchange>, Obstructed> {
    let mut url = visit.target.url.clone();
    url.set_query(None);
    url.set_path("/");
    let key = key("nowhere", &request(url.clone()));
    let name: String = std::iter::repeat_with(fastrand::alphanumeric).take(24).collect();
    url.set_path(&name);
    visit.shared(key, LOOK_LASTS, async || visit.net.exchange(request(url)).await).await
}

/// What is judged where the target's own URL has no application: operations without parameters that its
/// OpenAPI document lists, else what it has at places where many have a page or the root of an API.
/// Never its health: a health endpoint stands in for nothing but itself.
pub(crate) async fn instead(
    visit: &Visit,
    request: impl Fn(Url) -> Request,
    accept: &StatusSet,
) -> Vec<Seen<Way>> {
    let own = &visit.target.url;
    let listed = operations(visit, &request).await;
    for urls in [listed, places::pages(own)] {
        if urls.is_empty() {
            continue;
        }
        let ways = join_all(urls.into_iter().map(|url| way(visit, request(url)))).await;
        let advice = Advice::default();
        let found = ways.into_iter().flatten();
        let found = found.filter(|way| way.value.standing(accept, &advice).is_ok());
        let mut found: Vec<_> = found.filter(|way| way.value.is_page_of(own)).collect();
        if found.is_empty() {
            continue;
        }
        if let Ok(nowhere) = nowhere(visit, &request).await {
            found.retain(|way| !way.value.is_like(&nowhere.value));
        }
        let mut met = Vec::new();
        found.retain(|way| {
            let url = way.value.last().map(|last| last.url.clone());
            let is_new = !met.contains(&url);
            met.push(url);
            is_new
        });
        if !found.is_empty() {
            return found;
        }
    }
    Vec::new()
}

impl Way {
    /// Whether it ended at something of the target's that is not its health.
    fn is_page_of(&self, own: &Url) -> bool {
        self.last().is_some_and(|last| {
            last.url.origin() == own.origin()
                && !last.status.is_redirection()
                && !places::is_health(last.url.path())
        })
    }

    /// Whether it is what a path that does not exist is answered too.
    fn is_like(&self, nowhere: &Exchange) -> bool {
        let kind = |exchange: &Exchange| crate::web::fields::media_type(&exchange.headers);
        self.last().is_some_and(|last| {
            last.status == nowhere.status
                && (last.body.bytes == nowhere.body.bytes || kind(last) == kind(nowhere))
        })
    }
}

/// The operations to look at of the target's OpenAPI document; none if it has no such document.
async fn operations(visit: &Visit, request: &impl Fn(Url) -> Request) -> Vec<Url> {
    let own = &visit.target.url;
    let look = async || {
        for place in places::documents(own) {
            let exchange = visit.net.exchange(request(place)).await?;
            if exchange.status.is_success()
                && let Some(found) = Operations::read(&exchange.body.bytes, own)
            {
                return Ok(found);
            }
        }
        Ok(Operations::default())
    };
    let mut root = own.clone();
    root.set_query(None);
    let seen = visit.shared(key("openapi", &request(root)), PLACES_LAST, look).await;
    seen.map(|operations| operations.value.urls.clone()).unwrap_or_default()
}

/// What a look is known by: everything of a request that its answer may depend on. Secrets are in it as
/// part of a digest.
pub(crate) fn key(purpose: &'static str, request: &Request) -> Key {
    let mut context = digest::Context::new(&digest::SHA256);
    let mut add = |part: &[u8]| {
        context.update(&part.len().to_be_bytes());
        context.update(part);
    };
    add(request.method.as_str().as_bytes());
    add(request.url.as_str().as_bytes());
    add(request.target.as_deref().unwrap_or_default().as_bytes());
    add(format!("{:?}", request.address).as_bytes());
    add(&[u8::from(request.anonymous)]);
    for (name, value) in &request.headers {
        add(name.as_str().as_bytes());
        add(value.expose().as_bytes());
    }
    add(&request.body);
    let digest = context.finish();
    let hex = digest.as_ref().iter().map(|byte| format!("{byte:02x}"));
    Key { purpose, digest: hex.collect() }
}

/// Path and query of a URL, for a report.
pub(crate) fn path(url: &Url) -> String {
    url[url::Position::BeforePath..url::Position::AfterQuery].to_owned()
}

const PAGES_FIRST: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

/// More than a login needs.
const MOST_REDIRECTS: u32 = 4;

/// Long enough for the probes of one round.
const LOOK_LASTS: Duration = Duration::from_secs(30);

/// Where to look changes with a deployment, and is no evidence of anything.
const PLACES_LAST: Duration = Duration::from_mins(10);
