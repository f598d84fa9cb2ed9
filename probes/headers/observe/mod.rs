//! The visit: pages, errors, a static file, and what only the Observatory's score asks for.

use std::{collections::BTreeSet, sync::Arc};

use http::{Method, StatusCode, header};
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
        fields::{
            self,
            csp::{self, Policies},
            html::Page,
        },
        knock::{Door, knock},
        landing::{self, Advice, Way, path},
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
    if let Some(way) = &main {
        look.stand_in(way, &mut evidence).await;
    }
    if evidence.answers.is_empty()
        && main.is_none()
        && let Some((_, obstructed)) = evidence.unseen.first()
    {
        return Err(obstructed.clone());
    }
    if let Some(way) = main {
        look.errors(&mut evidence).await;
        look.asset(&mut evidence).await;
        evidence.observatory = look.observatory(&way).await;
    }
    look.remember_nonces(&mut evidence);
    Ok(evidence)
}

struct Look<'a> {
    headers: &'a Headers,
    visit: &'a Visit,
    audience: Option<Audience>,
}

/// Nonces of the last visit.
struct Nonces(BTreeSet<String>);

impl Look<'_> {
    /// Asks for a page, and returns the way to it.
    async fn page(&self, url: &Url, evidence: &mut Evidence) -> Option<Arc<Way>> {
        let way = match landing::way(self.visit, self.signed_in(url.clone())).await {
            Ok(way) => way.value,
            Err(obstructed) => {
                evidence.unseen.push((path(url), obstructed));
                return None;
            }
        };
        let authenticated = !self.headers.headers.is_empty();
        let standing = way.standing(&self.headers.accept, &self.advice());
        let role = match &standing {
            Ok(()) => Some(Role::Page),
            Err(_) => way.last().and_then(error_role),
        };
        evidence
            .answers
            .extend(steps(&way, role).into_iter().map(|answer| Answer { authenticated, ..answer }));
        if let Err(obstructed) = standing {
            evidence.unseen.push((path(url), obstructed));
        }
        Some(way)
    }

    /// Where the target's own URL has no application, other pages are judged as the target's: those the
    /// settings name, or what it has besides.
    async fn stand_in(&self, way: &Way, evidence: &mut Evidence) {
        let own = path(&self.visit.target.url);
        let Some(last) = way.last() else { return };
        let is_seen = way.standing(&self.headers.accept, &self.advice()).is_ok();
        if is_seen || !landing::may_be_elsewhere(last.status) {
            return;
        }
        if evidence.of(&[Role::Page]).next().is_none() {
            // Without the credential: what is the same for everybody may be kept by caches.
            let request = |url| self.request(url);
            let found = landing::instead(self.visit, request, &self.headers.accept).await;
            if found.is_empty() {
                return;
            }
            for way in found {
                evidence.answers.extend(steps(&way.value, Some(Role::Page)));
            }
        }
        evidence.unseen.retain(|(subject, _)| *subject != own);
    }

    async fn errors(&self, evidence: &mut Evidence) {
        let target = &*self.visit.target;
        let is_missing = evidence.of(&[Role::NotFound]).next().is_some();
        if !is_missing
            && let Ok(nowhere) = landing::nowhere(self.visit, |url| self.request(url)).await
            && is_error(&nowhere.value)
        {
            evidence.answers.push(answer(Role::NotFound, &nowhere.value));
        }
        let bad = self.headers.bad_request.iter().map(|link| (Role::BadRequest, link.on(target)));
        let closed =
            self.headers.unauthorized.iter().map(|link| (Role::Unauthorized, link.on(target)));
        // What a page says to those without its credential.
        let anonymous =
            (!self.headers.headers.is_empty()).then(|| (Role::Unauthorized, target.url.clone()));
        for (role, url) in bad.chain(closed).chain(anonymous).collect::<Vec<_>>() {
            // An error that does not come is no finding.
            if let Ok(way) = landing::way(self.visit, self.request(url)).await
                && let Some(exchange) = way.value.exchanges.first()
                && is_error(exchange)
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
            evidence.answers.push(answer(Role::Asset, &exchange));
        }
    }

    async fn observatory(&self, way: &Arc<Way>) -> Result<Observatory, String> {
        let target = &*self.visit.target;
        let mut way = Arc::clone(way);
        if !self.headers.headers.is_empty() {
            // The Observatory has no credential.
            let anonymous = landing::way(self.visit, self.request(target.url.clone())).await;
            way = anonymous.map_err(|obstructed| obstructed.to_string())?.value;
        }
        let last = way.last().ok_or("the target's own URL did not answer")?;
        if last.status.is_server_error() || last.status == StatusCode::TOO_MANY_REQUESTS {
            return Err(format!("the target's own URL answers {}", last.status));
        }
        let last = last.url.clone();
        let chain: Vec<Answer> = steps(&way, Some(Role::Page));
        let mut plain = target.url.clone();
        // Both calls succeed: the scheme is http or https, and the URL has a host.
        let _ = plain.set_scheme("http");
        if target.is_tls() {
            let _ = plain.set_port(Some(self.headers.port));
        }
        let origin = Endpoint::of_url(&target.url).filter(|_| target.is_tls());
        let door = knock(self.visit, plain, origin.as_ref()).await;
        let preflight = self.visit.net.exchange(self.preflight(last)).await.ok();
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
        let accept = self.headers.headers.to_vec().into_iter();
        let accept: Vec<_> = accept.filter(|(name, _)| name == header::ACCEPT).collect();
        landing::request(self.audience, url, &accept)
    }

    fn signed_in(&self, url: Url) -> Request {
        landing::request(self.audience, url, &self.headers.headers.to_vec())
    }

    fn advice(&self) -> Advice {
        let signed_in = !self.headers.headers.is_empty();
        Advice { places: "paths", credential: "headers", signed_in }
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

/// The answers on a way to a page; the last one has this role, or is left out without one.
fn steps(way: &Way, role: Option<Role>) -> Vec<Answer> {
    let Some((last, redirects)) = way.exchanges.split_last() else { return Vec::new() };
    let redirects = redirects.iter().map(|exchange| answer(Role::Redirect, exchange));
    let role = role.map(|role| if last.redirect().is_some() { Role::Redirect } else { role });
    redirects.chain(role.map(|role| answer(role, last))).collect()
}

/// The role of an answer that is not the application's, where it shows how errors are answered.
fn error_role(exchange: &Exchange) -> Option<Role> {
    if landing::challenge(&exchange.headers, &exchange.body.text()).is_some() {
        return None;
    }
    match exchange.status.as_u16() {
        401 => Some(Role::Unauthorized),
        404 | 410 => Some(Role::NotFound),
        400 => Some(Role::BadRequest),
        _ => None,
    }
}

fn is_error(exchange: &Exchange) -> bool {
    exchange.status.is_client_error() && exchange.status != StatusCode::TOO_MANY_REQUESTS
}

fn answer(role: Role, exchange: &Exchange) -> Answer {
    let is_html = fields::media_type(&exchange.headers).is_some_and(|name| fields::is_html(&name));
    Answer {
        role,
        subject: path(&exchange.url),
        page: is_html.then(|| Page::read(&exchange.body.text())),
        url: exchange.url.clone(),
        status: exchange.status,
        headers: exchange.headers.clone(),
        body: exchange.body.bytes.to_vec(),
        authenticated: false,
        replay: exchange.replay.clone(),
    }
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
