//! Sending one request, and knowing when to stop.

use http::{HeaderName, Method, header};
use url::Url;

use super::Tour;
use crate::{
    contract::{
        Obstacle, Obstructed, Visit,
        net::{Address, Exchange, Request, Session},
        setting::Text,
    },
    cors::{
        Cors,
        answer::Answer,
        evidence::Reply,
        plan::{Ask, SOCKETS},
        question::STRANGER,
        settings::Credentials,
    },
};

/// Whoever asks, for all endpoints of a visit: one request at a time.
pub(super) struct Caller<'a> {
    pub(super) cors: &'a Cors,
    pub(super) visit: &'a Visit,
    /// The way there, with room for all that the settings ask.
    pub(super) net: Session,
    /// Requests that it takes to ask everything.
    needed: usize,
    /// What keeps the rest of the visit from being made.
    pub(super) in_the_way: Option<Obstructed>,
    pub(super) requests: usize,
    /// Where the target answered from.
    pub(super) address: Option<Address>,
    credentials: Vec<(HeaderName, Text)>,
    /// Requests in a row that nobody answered.
    unanswered: u32,
}

impl<'a> Caller<'a> {
    pub(super) fn new(cors: &'a Cors, visit: &'a Visit, needed: usize) -> Self {
        let needed = needed + visit.net.spent() as usize + SOCKETS * cors.websockets.len();
        Self {
            cors,
            visit,
            net: visit.net.clone().for_requests(u32::try_from(needed).unwrap_or(u32::MAX)),
            needed,
            in_the_way: None,
            requests: 0,
            address: None,
            credentials: cors.credentials.to_vec(),
            unanswered: 0,
        }
    }

    /// Asks an endpoint. A cache in between is got around, and told of if it mixes origins up.
    pub(super) async fn ask(&mut self, tour: &mut Tour, ask: &Ask) -> Reply {
        if let (Ask::Missing(_), Some(url)) = (ask, &tour.missing) {
            let request = self.request(url.clone(), ask);
            return self.send(request).await.map(|exchange| Answer::of(&exchange));
        }
        let telling = self.is_telling(ask);
        let plain = (!tour.cached || telling) && !matches!(ask, Ask::Preflight { .. });
        if !plain {
            let busted = tour.cached.then(|| around_caches(&tour.url, self.requests));
            let url = busted.unwrap_or_else(|| tour.url.clone());
            return self.send(self.request(url, ask)).await.map(|exchange| Answer::of(&exchange));
        }
        let mut exchange = self.send(self.request(tour.url.clone(), ask)).await?;
        if let (Ask::Control, Some(url)) = (ask, one_slash_further(&exchange)) {
            tour.url = url;
            exchange = self.send(self.request(tour.url.clone(), ask)).await?;
        }
        let answer = Answer::of(&exchange);
        if answer.cached().is_none() {
            return Ok(answer);
        }
        tour.cached = true;
        let url = around_caches(&tour.url, self.requests);
        let fresh = Answer::of(&self.send(self.request(url, ask)).await?);
        let allowed = header::ACCESS_CONTROL_ALLOW_ORIGIN;
        if fresh.status == answer.status && fresh.value(&allowed) != answer.value(&allowed) {
            tour.mixed_up = Some((answer, fresh.in_words()));
        }
        Ok(fresh)
    }

    /// Whether a cached answer to it is worth a second request.
    fn is_telling(&self, ask: &Ask) -> bool {
        match ask {
            Ask::Control => true,
            Ask::Actual(origin) => {
                let front_end = self.cors.allowed_origins.first().map(ToString::to_string);
                *origin == format!("https://{STRANGER}") || Some(origin) == front_end.as_ref()
            }
            Ask::Anonymous | Ask::Missing(_) | Ask::Preflight { .. } => false,
        }
    }

    fn request(&self, url: Url, ask: &Ask) -> Request {
        let mut request = Request::get(url);
        let mut signed_in = self.cors.credentials_kind() != Credentials::Unknown;
        match ask {
            Ask::Control => {}
            Ask::Anonymous => signed_in = false,
            Ask::Actual(origin) | Ask::Missing(origin) => {
                request = request.header(header::ORIGIN, origin);
            }
            Ask::Preflight { origin, method, headers, signed_in: with_credentials } => {
                signed_in = *with_credentials;
                request.method = Method::OPTIONS;
                request = request
                    .header(header::ORIGIN, origin)
                    .header(header::ACCESS_CONTROL_REQUEST_METHOD, *method);
                if !headers.is_empty() {
                    let names: Vec<&str> = headers.iter().map(HeaderName::as_str).collect();
                    let names = names.join(",");
                    request = request.header(header::ACCESS_CONTROL_REQUEST_HEADERS, names);
                }
            }
        }
        request = request.header(header::CACHE_CONTROL, "no-cache");
        if signed_in {
            request.headers.extend(self.credentials.iter().cloned());
        }
        request
    }

    async fn send(&mut self, request: Request) -> Result<Exchange, Obstructed> {
        self.requests += 1;
        match self.net.exchange(request).await {
            Ok(exchange) => {
                self.unanswered = 0;
                self.address.get_or_insert_with(|| exchange.address.clone());
                let status = exchange.status.as_u16();
                if status == 429 || (status == 503 && exchange.header("retry-after").is_some()) {
                    let detail =
                        format!("{} answers {status}: it wants fewer requests", exchange.url);
                    let throttled = Obstacle::Throttled.because(detail);
                    self.in_the_way = Some(throttled.clone());
                    return Err(throttled);
                }
                Ok(exchange)
            }
            Err(obstructed) => {
                let obstructed = self.explained(obstructed);
                self.note(&obstructed);
                Err(obstructed)
            }
        }
    }

    /// Says which setting lets one visit ask everything.
    fn explained(&self, obstructed: Obstructed) -> Obstructed {
        if obstructed.obstacle != Obstacle::OverBudget {
            return obstructed;
        }
        let (origins, endpoints) = (self.cors.allowed_origins.len(), self.cors.endpoints.len());
        obstructed.obstacle.because(format!(
            "{obstructed}; the next visits go on. To ask for {origins} allowed origins at {} endpoints \
             takes up to {} (`budgets`: `requests_per_visit`)",
            endpoints.max(1),
            self.needed
        ))
    }

    /// Ends the visit if the next request would fare no better.
    pub(super) fn note(&mut self, obstructed: &Obstructed) {
        self.unanswered += 1;
        let for_good = matches!(
            obstructed.obstacle,
            Obstacle::BreakerOpen
                | Obstacle::Dns
                | Obstacle::Local
                | Obstacle::NotAllowed
                | Obstacle::OverBudget
        );
        if for_good || self.unanswered >= 2 {
            self.in_the_way = Some(obstructed.clone());
        }
    }

    /// The credentials, for a request that is not made here.
    pub(super) fn credentials(&self) -> &[(HeaderName, Text)] {
        &self.credentials
    }
}

/// The same resource under a URL that no cache has seen.
fn around_caches(url: &Url, count: usize) -> Url {
    let mut url = url.clone();
    let fresh = format!("{count}-{:x}", fastrand::u64(..));
    url.query_pairs_mut().append_pair("gonogo-probe", &fresh);
    url
}

/// Where a permanent redirect leads that only adds a slash to the path.
fn one_slash_further(exchange: &Exchange) -> Option<Url> {
    if !matches!(exchange.status.as_u16(), 301 | 308) {
        return None;
    }
    let to = exchange.redirect()?.ok()?;
    let same = to.origin() == exchange.url.origin();
    (same && to.path() == format!("{}/", exchange.url.path())).then_some(to)
}
