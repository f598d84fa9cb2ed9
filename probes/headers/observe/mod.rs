//! The visit: pages, errors, a static file, and what only the Observatory's score asks for.

use std::{collections::BTreeSet, iter};

use http::{HeaderName, Method, StatusCode, header};
use url::Url;

use super::{
    Headers,
    evidence::{Answer, Evidence, Role},
};
use crate::{
    contract::{
        Obstacle, Obstructed, Visit,
        net::{Endpoint, Exchange, Request},
    },
    observatory::{Observatory, Seen, Step},
    web::{
        audience::Audience,
        browse::{browse, path},
        fields::{
            self,
            csp::{self, Policies},
            html::Page,
        },
        knock::{Door, knock},
        stand_in,
    },
};

pub(super) async fn evidence(headers: &Headers, visit: &Visit) -> Result<Evidence, Obstructed> {
    let target = &*visit.target;
    let audience = Audience::of(headers.audience, target);
    let look = Look { headers, visit, audience };
    let mut evidence = Evidence {
        host: target.host().to_ascii_lowercase(),
        secure: target.is_tls(),
        audience,
        answers: Vec::new(),
        unseen: Vec::new(),
        earlier_nonces: BTreeSet::new(),
        observatory: Err("the target's own URL did not answer".to_owned()),
    };
    let main = look.page(&target.url, &mut evidence).await;
    for link in &headers.paths {
        look.page(&link.on(target), &mut evidence).await;
    }
    look.stand_in(&mut evidence).await;
    if evidence.answers.is_empty()
        && let Some((_, obstructed)) = evidence.unseen.first()
    {
        return Err(obstructed.clone());
    }
    if let Some(chain) = main {
        look.errors(&mut evidence).await;
        look.asset(&mut evidence).await;
        evidence.observatory = look.observatory(chain).await;
    }
    look.remember_nonces(&mut evidence);
    Ok(evidence)
}

struct Look<'a> {
    headers: &'a Headers,
    visit: &'a Visit,
    audience: Option<Audience>,
}

/// Where something was found that stands in for the target's own URL.
struct StandIn(Url);

/// Nonces of the last visit.
struct Nonces(BTreeSet<String>);

impl Look<'_> {
    /// Asks for a page, and returns every answer on the way to it.
    async fn page(&self, url: &Url, evidence: &mut Evidence) -> Option<Vec<Answer>> {
        let mut request = self.request(url.clone());
        request.headers.extend(self.headers.headers.to_vec());
        let authenticated = !self.headers.headers.is_empty();
        let exchanges = match browse(self.visit, request).await {
            Ok(exchanges) => exchanges,
            Err(obstructed) => {
                evidence.unseen.push((path(url), obstructed));
                return None;
            }
        };
        let mut answers: Vec<Answer> = Vec::with_capacity(exchanges.len());
        for exchange in exchanges {
            let is_redirect = exchange.redirect().is_some();
            let role = if is_redirect { Role::Redirect } else { Role::Page };
            answers.push(Answer { authenticated, ..answer(role, exchange) });
        }
        let status = answers.last().map(|last| last.status)?;
        if let Some(obstructed) = out_of_order(status) {
            evidence.unseen.push((path(url), obstructed));
            return None;
        }
        evidence.answers.extend(answers.iter().cloned());
        Some(answers)
    }

    /// Where the target's own URL has nothing, what it answers is an error, and another page is judged as
    /// the target's. Browsers have no use for such a page, so people's sites are judged by what they see.
    async fn stand_in(&self, evidence: &mut Evidence) {
        let own = &self.visit.target.url;
        let nothing = evidence.answers.iter().position(|answer| {
            answer.role == Role::Page && answer.url == *own && stand_in::is_nothing(answer.status)
        });
        let Some(nothing) = nothing.filter(|_| self.audience == Some(Audience::Programs)) else {
            return;
        };
        if !evidence.of(&[Role::Page]).any(|page| page.status.is_success()) {
            let Some(found) = self.look_around(own).await else { return };
            evidence.answers.push(answer(Role::Page, found));
        }
        evidence.answers[nothing].role = Role::NotFound;
    }

    async fn look_around(&self, own: &Url) -> Option<Exchange> {
        let earlier = self.visit.memory.recall::<StandIn>().map(|place| place.0.clone());
        let places = stand_in::places(own).filter(|place| Some(place) != earlier.as_ref());
        for place in earlier.iter().cloned().chain(places.collect::<Vec<_>>()) {
            // Without the credential: what is the same for everybody may be kept by caches.
            let exchange = self.visit.net.exchange(self.request(place)).await.ok()?;
            if exchange.status.is_success() {
                self.visit.memory.store(StandIn(exchange.url.clone()));
                return Some(exchange);
            }
        }
        None
    }

    async fn errors(&self, evidence: &mut Evidence) {
        let target = &*self.visit.target;
        let mut nowhere = target.url.clone();
        nowhere.set_query(None);
        nowhere.set_path(&iter::repeat_with(fastrand::alphanumeric).take(24).collect::<String>());
        let is_missing = evidence.of(&[Role::NotFound]).next().is_some();
        let nowhere = (!is_missing).then_some((Role::NotFound, nowhere));
        let bad = self.headers.bad_request.iter().map(|link| (Role::BadRequest, link.on(target)));
        let closed =
            self.headers.unauthorized.iter().map(|link| (Role::Unauthorized, link.on(target)));
        // What a page says to those without its credential.
        let anonymous =
            (!self.headers.headers.is_empty()).then(|| (Role::Unauthorized, target.url.clone()));
        let all = nowhere.into_iter().chain(bad).chain(closed).chain(anonymous);
        for (role, url) in all.collect::<Vec<_>>() {
            // An error that is not to be had is no finding.
            if let Ok(exchange) = self.visit.net.exchange(self.request(url)).await
                && exchange.status.is_client_error()
                && exchange.status != StatusCode::TOO_MANY_REQUESTS
            {
                evidence.answers.push(answer(role, exchange));
            }
        }
    }

    /// A static file of the target's own.
    async fn asset(&self, evidence: &mut Evidence) {
        let target = &*self.visit.target;
        let url = match &self.headers.asset {
            Some(link) => Some(link.on(target)),
            None => evidence.answers.iter().find_map(mentioned),
        };
        let Some(url) = url else { return };
        if let Ok(exchange) = self.visit.net.exchange(self.request(url)).await
            && exchange.status.is_success()
        {
            evidence.answers.push(answer(Role::Asset, exchange));
        }
    }

    async fn observatory(&self, mut chain: Vec<Answer>) -> Result<Observatory, String> {
        let target = &*self.visit.target;
        if !self.headers.headers.is_empty() {
            // The Observatory has no credential.
            let anonymous = browse(self.visit, self.request(target.url.clone())).await;
            let anonymous = anonymous.map_err(|obstructed| obstructed.to_string())?;
            chain = anonymous.into_iter().map(|exchange| answer(Role::Page, exchange)).collect();
        }
        let last = chain.last().ok_or("the target's own URL did not answer")?;
        let mut plain = target.url.clone();
        // Both calls succeed: the scheme is http or https, and the URL has a host.
        let _ = plain.set_scheme("http");
        if target.is_tls() {
            let _ = plain.set_port(Some(self.headers.port));
        }
        let origin = Endpoint::of_url(&target.url).filter(|_| target.is_tls());
        let door = knock(self.visit, plain, origin.as_ref()).await;
        let preflight = self.visit.net.exchange(self.preflight(last.url.clone())).await.ok();
        let chain: Vec<Step<'_>> = chain.iter().map(Answer::step).collect();
        Observatory::judge(&Seen {
            host: target.host(),
            chain: &chain,
            route: route(&door)?,
            preflight: preflight.as_ref().map(|exchange| &exchange.headers),
            origin: ORIGIN,
            preloaded: self.headers.preloaded,
        })
    }

    fn preflight(&self, url: Url) -> Request {
        let method = header::ACCESS_CONTROL_REQUEST_METHOD;
        let request = self.request(url).header(header::ORIGIN, ORIGIN).header(method, "GET");
        Request { method: Method::OPTIONS, ..request }
    }

    fn request(&self, url: Url) -> Request {
        let request = Request::get(url);
        let given = |name: &HeaderName| self.headers.headers.contains(name);
        if self.audience == Some(Audience::Programs) || given(&header::ACCEPT) {
            return request;
        }
        request.header(
            header::ACCEPT,
            "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        )
    }

    fn remember_nonces(&self, evidence: &mut Evidence) {
        let earlier = self.visit.memory.recall::<Nonces>();
        let pages = evidence.answers.iter().filter_map(|answer| {
            let page = answer.page.as_ref()?;
            Some(csp::nonces(&Policies::of_page(&answer.headers, page)))
        });
        self.visit.memory.store(Nonces(pages.flatten().collect()));
        evidence.earlier_nonces = earlier.map(|nonces| nonces.0.clone()).unwrap_or_default();
    }
}

fn answer(role: Role, exchange: Exchange) -> Answer {
    let is_html = fields::media_type(&exchange.headers).is_some_and(|name| fields::is_html(&name));
    Answer {
        role,
        subject: path(&exchange.url),
        page: is_html.then(|| Page::read(&exchange.body.text())),
        url: exchange.url,
        status: exchange.status,
        headers: exchange.headers,
        body: exchange.body.bytes.to_vec(),
        authenticated: false,
        replay: exchange.replay,
    }
}

/// Why an answer says nothing of the page that is meant.
fn out_of_order(status: StatusCode) -> Option<Obstructed> {
    if status == StatusCode::TOO_MANY_REQUESTS {
        return Some(Obstacle::Throttled.because("answers 429"));
    }
    status.is_server_error().then(|| Obstacle::ControlFailed.because(format!("answers {status}")))
}

/// The first file of its own that a page mentions.
fn mentioned(answer: &Answer) -> Option<Url> {
    let page = answer.page.as_ref()?;
    let base = page.base.as_ref().and_then(|base| answer.url.join(base).ok());
    let base = base.as_ref().unwrap_or(&answer.url);
    let scripts = page.scripts.iter().filter_map(|script| script.src.as_ref());
    let urls = scripts.chain(&page.files).filter_map(|file| base.join(file).ok());
    let mut own = urls.filter(|url| url.origin() == answer.url.origin());
    own.next().map(|mut url| {
        url.set_fragment(None);
        url
    })
}

/// The URLs plain HTTP leads over, the first included; none if it is not spoken.
fn route(door: &Door) -> Result<Option<Vec<Url>>, String> {
    match door {
        Door::Answered {
            stopped: Some(Obstructed { obstacle: Obstacle::NotAllowed, detail }),
            ..
        } => Err(format!("where plain HTTP redirects to may not be asked: {detail}")),
        Door::Answered { hops, stopped: None } => {
            let urls = hops.iter().map(|hop| hop.url.clone());
            let beyond = hops.last().and_then(|hop| hop.location.clone()?.ok());
            Ok(Some(urls.chain(beyond).collect()))
        }
        _ => Ok(None),
    }
}

/// The origin the Observatory sends, so that a server answers us as it would answer it.
const ORIGIN: &str = "https://http-observatory.security.mozilla.org";
