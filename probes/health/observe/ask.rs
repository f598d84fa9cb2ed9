//! One request to a health endpoint.

use http::header;
use url::Url;

use super::Survey;
use crate::{
    contract::{
        Obstructed,
        net::{Exchange, Request},
        setting::Text,
    },
    health::statement::Statement,
};

impl Survey<'_> {
    /// Asks a health endpoint. A redirect that only adds or takes away the last slash is followed,
    /// once.
    pub(super) async fn ask(&self, url: &Url, with_headers: bool) -> Result<Exchange, Obstructed> {
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
    Statement::of(exchange.header("content-type"), &exchange.body.text())
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
