//! One request to a health endpoint.

use std::time::Duration;

use http::header;
use tokio::time;
use url::Url;

use super::{Survey, dependency::PATIENCE};
use crate::{
    contract::{
        Obstacle, Obstructed,
        net::{Exchange, Request, own},
        setting::Text,
    },
    health::statement::Statement,
    web::{charset, window},
};

impl Survey<'_> {
    /// Asks a health endpoint, and asks again where the connection is refused: a refusal counts if it is
    /// one twice, and our own network works.
    pub(super) async fn ask(&self, url: &Url, with_headers: bool) -> Result<Exchange, Obstructed> {
        let is_refused = |obstructed: &Obstructed| obstructed.obstacle == Obstacle::Refused;
        match self.ask_in_time(url, with_headers).await {
            Err(first) if is_refused(&first) => {}
            answered => return answered,
        }
        match self.ask_in_time(url, with_headers).await {
            Err(second) if is_refused(&second) => Err(match own::works().await {
                Ok(()) => {
                    Obstacle::Refused.because(format!("{second}, twice; our own network works"))
                }
                Err(ours) => ours,
            }),
            answered => answered,
        }
    }

    async fn ask_in_time(&self, url: &Url, with_headers: bool) -> Result<Exchange, Obstructed> {
        let limit = self.limit();
        let late = || {
            let limit = window::in_words(limit);
            Obstacle::Timeout.because(format!("{url} does not answer within {limit}"))
        };
        time::timeout(limit, self.ask_once(url, with_headers)).await.unwrap_or_else(|_| Err(late()))
    }

    /// How long one request may take, so that readiness can be asked twice and every other endpoint once
    /// within the visit. The target's budgets may allow less.
    fn limit(&self) -> Duration {
        let others = 1 + u32::from(self.health.startup.is_some());
        let looks = if self.health.depends.is_empty() { Duration::ZERO } else { 2 * PATIENCE };
        let spare = self.visit.deadline / 10;
        let limit = self.visit.deadline.saturating_sub(spare + looks) / (2 + others);
        // What takes less is no silence: a kubelet waits as long as this unless it is told otherwise.
        limit.max(Duration::from_secs(1))
    }

    /// Asks a health endpoint. A redirect that only adds or takes away the last slash is followed,
    /// once.
    async fn ask_once(&self, url: &Url, with_headers: bool) -> Result<Exchange, Obstructed> {
        let mut exchange = self.net.exchange(self.request(url, with_headers)).await?;
        if let Some(Ok(to)) = exchange.redirect()
            && differs_by_slash(url, &to)
        {
            exchange = self.net.exchange(self.request(&to, with_headers)).await?;
        }
        match exchange.body.cut.take() {
            // Half an answer may lack the half that says no.
            Some(cut) => Err(cut),
            None => Ok(exchange),
        }
    }

    pub(super) fn request(&self, url: &Url, with_headers: bool) -> Request {
        let mut request = Request { address: self.address.clone(), ..Request::get(url.clone()) };
        if with_headers {
            request.headers = self.health.headers.to_vec();
        }
        if !request.headers.iter().any(|(name, _)| name == header::ACCEPT) {
            // Some answer a page to whoever does not ask for JSON.
            request.headers.push((header::ACCEPT, Text::Plain(ACCEPT.to_owned())));
        }
        request
    }
}

/// What the body of an answer states.
pub(super) fn statement(exchange: &Exchange) -> Statement {
    Statement::of(exchange.header("content-type"), &charset::text(exchange))
}

fn differs_by_slash(from: &Url, to: &Url) -> bool {
    let without = |url: &Url| url.path().trim_end_matches('/').to_owned();
    from.origin() == to.origin() && from.path() != to.path() && without(from) == without(to)
}

const ACCEPT: &str = "application/health+json, application/json, */*;q=0.5";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_slash_makes_no_difference() {
        let differs = |from: &str, to: &str| {
            let url = |text: &str| Url::parse(text).expect(text);
            differs_by_slash(&url(from), &url(to))
        };
        assert!(differs("http://t.example/ht", "http://t.example/ht/"));
        assert!(!differs("http://t.example/ht", "http://t.example/login"));
        assert!(!differs("http://t.example/ht", "https://t.example/ht/"));
        assert!(!differs("http://t.example/ht", "http://other.example/ht/"));
        assert!(!differs("http://t.example/ht", "http://t.example/ht"));
    }
}
