//! Following redirects.

use ::http::{HeaderName, Method, header};
use url::Url;

use super::{Exchange, Request, Session, send::CREDENTIALS};
use crate::contract::{Obstacle, Obstructed};

/// How far redirects are followed.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// Redirects followed in a row.
    pub most: u32,
    /// Whether a redirect from one URL to another is followed.
    pub hops: fn(from: &Url, to: &Url) -> bool,
}

/// Where a request led to.
#[derive(Debug)]
pub struct Followed {
    /// Every answer, the last one last; never empty.
    pub exchanges: Vec<Exchange>,
    /// Why the last answer is the last.
    pub end: End,
}

/// Why no more was asked.
#[derive(Debug)]
pub enum End {
    /// The last answer redirects nowhere.
    Answered,
    /// The last answer redirects to where the policy does not follow.
    Elsewhere(Url),
    /// The redirects do not end, their location is no URL, or where they lead did not answer.
    Stopped(Obstructed),
}

impl Policy {
    /// Wherever the net may go.
    #[must_use]
    pub fn anywhere(most: u32) -> Self {
        Self { most, hops: |_, _| true }
    }

    /// Within one origin.
    #[must_use]
    pub fn same_origin(most: u32) -> Self {
        Self { most, hops: |from, to| from.origin() == to.origin() }
    }

    /// As long as there is no TLS.
    #[must_use]
    pub fn plain_http(most: u32) -> Self {
        Self { most, hops: |_, to| to.scheme() == "http" }
    }
}

impl Followed {
    /// Every answer, if the last one could be seen.
    pub fn complete(self) -> Result<Vec<Exchange>, Obstructed> {
        match self.end {
            End::Stopped(obstructed) => Err(obstructed),
            End::Answered | End::Elsewhere(_) => Ok(self.exchanges),
        }
    }
}

/// Sends `request`, then whatever its answers redirect to, as far as the policy goes. An error if there
/// is no answer at all.
pub(super) async fn follow(
    session: &Session,
    mut request: Request,
    policy: Policy,
) -> Result<Followed, Obstructed> {
    let mut exchanges: Vec<Exchange> = Vec::new();
    let end = loop {
        let next = request.clone();
        match session.exchange(request).await {
            Ok(exchange) => exchanges.push(exchange),
            Err(obstructed) if exchanges.is_empty() => return Err(obstructed),
            Err(obstructed) => break End::Stopped(obstructed),
        }
        let is_safe = [Method::GET, Method::HEAD].contains(&next.method);
        let redirect = exchanges.last().and_then(Exchange::redirect).filter(|_| is_safe);
        let mut url = match redirect {
            None => break End::Answered,
            Some(Err(obstructed)) => break End::Stopped(obstructed),
            Some(Ok(url)) => url,
        };
        url.set_fragment(None);
        if !(policy.hops)(&next.url, &url) {
            break End::Elsewhere(url);
        }
        if let Some(obstructed) = endless(&exchanges, &url, policy.most) {
            break End::Stopped(obstructed);
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
    };
    Ok(Followed { exchanges, end })
}

/// Why one more redirect is not followed, where it leads back or is one too many.
fn endless(exchanges: &[Exchange], to: &Url, most: u32) -> Option<Obstructed> {
    if exchanges.iter().any(|exchange| exchange.url == *to) {
        let detail = format!("the redirects go round: {to} leads to itself");
        return Some(Obstacle::OverBudget.because(detail));
    }
    let first = exchanges.first().filter(|_| exchanges.len() > most as usize)?;
    let detail = format!("{} redirects more than {most} times", first.url);
    Some(Obstacle::OverBudget.because(detail))
}

/// Headers that another origin must not see, or that would make no sense to it.
fn is_for_the_origin(name: &HeaderName) -> bool {
    *name == header::HOST || CREDENTIALS.contains(name)
}
