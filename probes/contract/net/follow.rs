//! Following redirects.

use ::http::{HeaderName, Method, header};

use super::{Exchange, Request, Session};
use crate::contract::{Obstacle, Obstructed};

/// Sends `request`, then whatever its answers redirect to, until one does not.
pub(super) async fn follow(
    session: &Session,
    mut request: Request,
    limit: u32,
) -> Result<Vec<Exchange>, Obstructed> {
    let mut exchanges: Vec<Exchange> = Vec::new();
    loop {
        let next = request.clone();
        let exchange = session.exchange(request).await?;
        let redirect = if [Method::GET, Method::HEAD].contains(&next.method) {
            exchange.redirect().transpose()?
        } else {
            None
        };
        exchanges.push(exchange);
        let Some(mut url) = redirect else { return Ok(exchanges) };
        url.set_fragment(None);
        if exchanges.iter().any(|exchange| exchange.url == url) {
            return Err(Obstacle::OverBudget
                .because(format!("the redirects go round: {url} leads to itself")));
        }
        if exchanges.len() > limit as usize {
            let first = &exchanges[0].url;
            return Err(
                Obstacle::OverBudget.because(format!("{first} redirects more than {limit} times"))
            );
        }
        request = next;
        request.target = None;
        if request.url.origin() != url.origin() {
            request.address = None;
            request
                .headers
                .retain(|(name, value)| !is_for_the_origin(name) && value.secret().is_none());
        }
        request.url = url;
    }
}

/// Headers that another origin must not see, or that would make no sense to it.
fn is_for_the_origin(name: &HeaderName) -> bool {
    const FOR_THE_ORIGIN: [HeaderName; 5] = [
        header::AUTHORIZATION,
        header::COOKIE,
        header::HOST,
        header::PROXY_AUTHORIZATION,
        HeaderName::from_static("x-api-key"),
    ];
    FOR_THE_ORIGIN.contains(name)
}
