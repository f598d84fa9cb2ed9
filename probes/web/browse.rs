//! Asking for a page as a browser does: redirects are followed while they stay on the same host and
//! keep TLS.

use url::Url;

use crate::contract::{
    Obstructed, Visit,
    net::{Exchange, Request},
};

/// Sends the request, then follows redirects within the same origin. Returns every answer, the last
/// one last; never empty.
///
/// No cookies are kept, so a server that sets one and sends the client round again is left after the
/// first round.
pub(crate) async fn browse(visit: &Visit, request: Request) -> Result<Vec<Exchange>, Obstructed> {
    let mut request = request;
    let mut exchanges: Vec<Exchange> = Vec::new();
    loop {
        let next = request.clone();
        match visit.net.exchange(request).await {
            Ok(exchange) => exchanges.push(exchange),
            Err(obstructed) if exchanges.is_empty() => return Err(obstructed),
            // What was seen on the way can be judged all the same.
            Err(_) => return Ok(exchanges),
        }
        let to = exchanges.last().and_then(Exchange::redirect).and_then(Result::ok);
        let Some(mut to) = to.filter(|to| to.origin() == next.url.origin()) else {
            return Ok(exchanges);
        };
        to.set_fragment(None);
        if exchanges.len() > MOST_REDIRECTS || exchanges.iter().any(|seen| seen.url == to) {
            return Ok(exchanges);
        }
        request = next;
        request.target = None;
        request.url = to;
    }
}

/// Path and query of a URL, for a report.
pub(crate) fn path(url: &Url) -> String {
    url[url::Position::BeforePath..url::Position::AfterQuery].to_owned()
}

/// More than a login needs.
const MOST_REDIRECTS: usize = 4;
