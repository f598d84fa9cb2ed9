//! A visit to a target's health endpoints: all requests this probe makes.

mod ask;
mod control;
mod dependency;
mod discover;
mod everywhere;

use std::collections::BTreeSet;

use http::header;
use tokio::time::Instant;
use url::Url;

use self::{ask::statement, control::Controls, discover::Places};
use super::{
    Evidence, Health, documented,
    evidence::{Answer, Found, Role},
    recognise::{Asked, Recognised, Reply, recognise},
    statement::Statement,
};
use crate::{
    contract::{
        Obstacle, Obstructed, Sample, Visit,
        net::{Address, Endpoint, Exchange, Session},
        setting::Link,
    },
    web::{charset, window},
};

/// Visits the endpoints and, around the request for readiness, the dependencies.
pub(super) async fn evidence(health: &Health, visit: &Visit) -> Evidence {
    let remembered = visit.memory.recall::<Remembered>();
    let remembered = remembered.map(|remembered| (*remembered).clone()).unwrap_or_default();
    let net = visit.net.clone();
    let mut survey =
        Survey { health, visit, net, remembered, ready: None, address: None, silent: false };
    survey.remembered.visits += 1;
    survey.choose().await;

    let before = dependency::look_at_all(&mut survey).await;
    let ready = survey.found(Role::Ready).await;
    let dependencies = dependency::look_again(&mut survey, before).await;
    let live = survey.found(Role::Live).await;
    let startup = match &health.startup {
        Some(link) => Some(survey.named(Role::Startup, link).await),
        None => None,
    };
    let anonymous = survey.anonymous(&ready).await;
    let (elsewhere, unasked) = (Vec::new(), Vec::new());
    let mut seen = Evidence { ready, live, startup, anonymous, dependencies, elsewhere, unasked };
    survey.address = None;
    survey.everywhere(&mut seen).await;
    survey.measure(Role::Ready, &mut seen.ready).await;
    survey.measure(Role::Live, &mut seen.live).await;
    visit.memory.store(survey.remembered);
    seen
}

/// What one visit leaves for the next.
#[derive(Clone, Debug, Default)]
struct Remembered {
    /// Visits made so far.
    visits: u32,
    /// Where the endpoints were found, or not.
    places: Places,
    /// How paths that do not exist are answered.
    controls: Controls,
    /// Dependencies that have answered, so that their silence means something.
    reached: BTreeSet<String>,
}

/// One visit in progress.
struct Survey<'a> {
    health: &'a Health,
    visit: &'a Visit,
    net: Session,
    remembered: Remembered,
    /// Where readiness is, or should be, told, once that is known.
    ready: Option<Url>,
    /// The address to ask, where there are several and each is asked.
    address: Option<Address>,
    /// Whether the readiness endpoint did not answer in time, twice.
    silent: bool,
}

/// Why there is no answer.
enum Unanswered {
    /// It did not come in time.
    Silent(String),
    /// Something was in the way.
    Obstructed(Obstructed),
}

impl Survey<'_> {
    /// What stands where this role's endpoint is, or should be.
    async fn found(&mut self, role: Role) -> Found {
        let link = match role {
            Role::Ready => &self.health.ready,
            Role::Live => &self.health.live,
            Role::Startup => &self.health.startup,
        };
        let found = match link {
            Some(link) => self.named(role, link).await,
            None => self.discovered(role).await,
        };
        if role == Role::Ready {
            self.ready = match (link, &found) {
                (Some(link), _) => Some(link.on(&self.visit.target)),
                (None, Found::Answer(answer)) => Some(answer.url.clone()),
                (None, _) => None,
            };
        }
        found
    }

    /// What stands at a place the settings name.
    async fn named(&mut self, role: Role, link: &Link) -> Found {
        let url = link.on(&self.visit.target);
        if role == Role::Live && self.ready.as_ref() == Some(&url) {
            let seen = "`live` names the readiness endpoint, which is another question".to_owned();
            return Found::Nowhere { seen };
        }
        let own = Endpoint::of_url(&self.visit.target.url);
        let elsewhere = Endpoint::of_url(&url) != own;
        let asked = if elsewhere { Asked::NamedElsewhere } else { Asked::Named };
        self.at(role, &url, asked).await
    }

    /// What stands at a place.
    async fn at(&mut self, role: Role, url: &Url, asked: Asked) -> Found {
        let subject = self.subject(url);
        let replay = || self.visit.net.replay(&self.request(url, true));
        let exchange = match self.patiently(role, url).await {
            Ok(exchange) => exchange,
            Err(Unanswered::Silent(seen)) => {
                let replay = replay();
                self.silent |= role == Role::Ready;
                return Found::Silent { subject, seen, replay };
            }
            Err(Unanswered::Obstructed(obstructed)) => {
                return Found::Obstructed { subject, obstructed, replay: Some(replay()) };
            }
        };
        let statement = statement(&exchange);
        let because = |obstacle: Obstacle, detail: &str| {
            let detail = format!("{subject} answers {}{detail}", exchange.status.as_u16());
            Found::Obstructed {
                subject: subject.clone(),
                obstructed: obstacle.because(detail),
                replay: Some(exchange.replay.clone()),
            }
        };
        match self.told(url, &exchange, &statement, asked).await {
            Recognised::Health { distinct } => {
                let answer = self.answer(url, exchange, statement, distinct);
                Found::Answer(Box::new(self.timed(role, answer)))
            }
            Recognised::Other(seen) => {
                Found::Other { subject, seen, replay: Some(exchange.replay) }
            }
            Recognised::Denied if self.health.headers.is_empty() => {
                because(Obstacle::Denied, "; if it wants a credential, name it by `headers`")
            }
            Recognised::Denied => because(Obstacle::Denied, " to the credential of the settings"),
            Recognised::Throttled => because(Obstacle::Throttled, ""),
            Recognised::Failing => because(Obstacle::ControlFailed, ", as does every other path"),
            Recognised::Untold => because(
                Obstacle::ControlFailed,
                " without a word of health, and a path that does not exist could not be asked",
            ),
        }
    }

    /// Asks, and where there is no answer in time asks again: once is bad luck. Where readiness was
    /// silent twice, once is enough for the others.
    async fn patiently(&self, role: Role, url: &Url) -> Result<Exchange, Unanswered> {
        let tries = if self.silent { 1 } else { 2 };
        let mut waited = Vec::new();
        loop {
            let started = Instant::now();
            let obstructed = match self.ask(url, true).await {
                Ok(exchange) => return Ok(exchange),
                Err(obstructed) => obstructed,
            };
            if obstructed.obstacle != Obstacle::Timeout {
                return Err(Unanswered::Obstructed(obstructed));
            }
            let elapsed = started.elapsed();
            let sample = window::unanswered(&obstructed, elapsed);
            self.visit.memory.record(role.setting(), self.visit.at, sample);
            waited.push(elapsed);
            if waited.len() == tries {
                let times: Vec<String> = waited.into_iter().map(window::in_words).collect();
                let after = times.join(" and after ");
                let also = if self.silent { ", as readiness does" } else { "" };
                return Err(Unanswered::Silent(format!(
                    "no answer after {after}{also}: {obstructed}"
                )));
            }
        }
    }

    /// Tells what answered, with the help of a path that does not exist.
    async fn told(
        &mut self,
        url: &Url,
        exchange: &Exchange,
        statement: &Statement,
        asked: Asked,
    ) -> Recognised {
        let body = charset::text(exchange);
        let reply = Reply {
            status: exchange.status,
            location: exchange.header("location"),
            body: &body,
            statement,
            documented: documented::of(exchange.status, &body).is_some(),
        };
        let accept = &self.health.accept;
        // Most answers that are none can be told without asking anything else.
        if let told @ (Recognised::Denied | Recognised::Throttled | Recognised::Other(_)) =
            recognise(&reply, None, accept, asked)
        {
            return told;
        }
        let fresh = exchange.status.is_server_error();
        let control = self.control(url, fresh).await;
        recognise(&reply, control.as_ref(), accept, asked)
    }

    fn answer(
        &self,
        url: &Url,
        exchange: Exchange,
        statement: Statement,
        distinct: bool,
    ) -> Answer {
        let text = charset::text(&exchange);
        let documented = documented::of(exchange.status, &text);
        let body = text.chars().take(LONGEST_BODY).collect();
        Answer {
            url: url.clone(),
            subject: self.subject(url),
            status: exchange.status,
            accepted: self.health.accept.contains(exchange.status),
            distinct,
            headers: exchange.headers,
            body,
            statement,
            documented,
            authorized: self.health.headers.contains(&header::AUTHORIZATION),
            latency: window::latency(&exchange.phases),
            window: crate::contract::WindowSummary::default(),
            replay: exchange.replay,
        }
    }

    fn timed(&self, role: Role, mut answer: Answer) -> Answer {
        let sample = Sample { latency: Some(answer.latency), ok: answer.says_yes() };
        answer.window = self.visit.memory.record(role.setting(), self.visit.at, sample);
        answer
    }

    /// Takes the measurements that are missing before latency can be judged.
    async fn measure(&self, role: Role, found: &mut Found) {
        let Found::Answer(answer) = found else { return };
        let series = role.setting();
        let within = self.visit.deadline / SHARE_FOR_MEASURING;
        let url = &answer.url;
        window::fill(
            (&self.visit.memory, self.visit.at),
            series,
            self.health.min_samples,
            within,
            || self.sample(url),
        )
        .await;
        answer.window = self.visit.memory.summary(series);
    }

    async fn sample(&self, url: &Url) -> Option<Sample> {
        let started = Instant::now();
        match self.ask(url, true).await {
            Ok(exchange) => {
                let ok = self.health.accept.contains(exchange.status);
                Some(Sample { latency: Some(window::latency(&exchange.phases)), ok })
            }
            Err(obstructed) if obstructed.obstacle == Obstacle::Timeout => {
                Some(window::unanswered(&obstructed, started.elapsed()))
            }
            Err(_) => None,
        }
    }

    /// What the readiness endpoint tells somebody without our credentials.
    async fn anonymous(&self, ready: &Found) -> Option<Result<Answer, Obstructed>> {
        let Found::Answer(ready) = ready else { return None };
        if self.health.headers.is_empty() {
            return None;
        }
        let exchange = match self.ask(&ready.url, false).await {
            Ok(exchange) => exchange,
            Err(obstructed) => return Some(Err(obstructed)),
        };
        let status = exchange.status;
        if matches!(status.as_u16(), 401 | 403 | 407) || status.is_redirection() {
            return Some(Err(Obstacle::Denied.because(format!("answers {}", status.as_u16()))));
        }
        let statement = statement(&exchange);
        Some(Ok(self.answer(&ready.url, exchange, statement, false)))
    }

    /// How a place is called in reports: by its path, if it is on the target itself.
    fn subject(&self, url: &Url) -> String {
        let is_own = Endpoint::of_url(url) == Endpoint::of_url(&self.visit.target.url);
        let place = if is_own { &url[url::Position::BeforePath..] } else { url.as_str() };
        match &self.address {
            Some(address) => format!("{place} at {address}"),
            None => place.to_owned(),
        }
    }
}

/// Characters of a body that are kept to be judged.
const LONGEST_BODY: usize = 64 << 10;

/// Each endpoint's measurements may take this part of the visit's deadline.
const SHARE_FOR_MEASURING: u32 = 5;
