//! Asking by plain HTTP: where it is spoken at all, each answer up to the first that leads to TLS,
//! elsewhere, or nowhere.

use futures_util::future::join_all;
use http::{HeaderMap, StatusCode, header};
use url::Url;

use crate::{
    contract::{
        Obstacle, Obstructed, Visit,
        net::{Address, End, Endpoint, Exchange, Policy, Request},
    },
    web::reach,
};

/// What plain HTTP met.
#[derive(Debug)]
pub(crate) enum Door {
    /// Nothing accepts connections, while the target's own port at the same addresses does.
    Closed(String),
    /// Answers, in order; never empty. All but the last redirect to the next.
    Answered {
        /// The answers.
        hops: Vec<Hop>,
        /// What kept the redirect of the last one from being followed, where it leads to more plain
        /// HTTP.
        stopped: Option<Obstructed>,
    },
    /// Nobody can say.
    Obstructed(Obstructed),
    /// There is no such place, for a reason that was declared.
    Absent(&'static str),
}

/// One answer.
#[derive(Clone, Debug)]
pub(crate) struct Hop {
    /// What was asked for.
    pub(crate) url: Url,
    /// The answer's status.
    pub(crate) status: StatusCode,
    /// Where it redirects to, if it does.
    pub(crate) location: Option<Result<Url, Obstructed>>,
    /// The answer's header.
    pub(crate) headers: HeaderMap,
    /// The digest of its body; `None` if that is empty.
    pub(crate) body: Option<String>,
    /// The command that asks the same.
    pub(crate) replay: String,
}

impl Door {
    /// The answers; none where there were none.
    pub(crate) fn hops(&self) -> &[Hop] {
        match self {
            Self::Answered { hops, .. } => hops,
            _ => &[],
        }
    }

    /// Orders doors by how much they let in, as far as that is known.
    fn openness(&self) -> u8 {
        match self {
            Self::Closed(_) | Self::Absent(_) => 0,
            Self::Obstructed(_) => 3,
            Self::Answered { hops, stopped } => match hops.last() {
                Some(Hop { location: Some(Ok(to)), .. }) if to.scheme() == "https" => 1,
                _ if stopped.is_some() => 3,
                Some(hop) if hop.status.is_server_error() || hop.status.as_u16() == 429 => 3,
                Some(hop) if hop.status.is_client_error() && hop.status.as_u16() != 401 => 2,
                Some(_) => 4,
                None => 0,
            },
        }
    }

    /// What happened, for a person.
    pub(crate) fn in_words(&self) -> String {
        match self {
            Self::Closed(seen) => seen.clone(),
            Self::Answered { hops, .. } => {
                let hops: Vec<String> = hops.iter().map(Hop::in_words).collect();
                hops.join(", then ")
            }
            Self::Obstructed(obstructed) => obstructed.to_string(),
            Self::Absent(reason) => (*reason).to_owned(),
        }
    }
}

impl Hop {
    pub(crate) fn of(exchange: Exchange) -> Self {
        Self {
            status: exchange.status,
            location: exchange.redirect(),
            body: (!exchange.body.bytes.is_empty()).then(|| exchange.body.digest()),
            headers: exchange.headers,
            replay: exchange.replay,
            url: exchange.url,
        }
    }

    /// The media type, without parameters.
    pub(crate) fn media_type(&self) -> Option<String> {
        let value = String::from_utf8_lossy(self.headers.get(header::CONTENT_TYPE)?.as_bytes());
        let essence = value.split(';').next().unwrap_or_default().trim();
        Some(essence.to_ascii_lowercase())
    }

    fn in_words(&self) -> String {
        let status = self.status.as_u16();
        match &self.location {
            Some(Ok(to)) => format!("{status} to {to}"),
            _ => status.to_string(),
        }
    }
}

/// Asks for `url` by plain HTTP, at every address of the target.
///
/// `control` is the target's own endpoint where that speaks TLS: a port is taken for closed only if the
/// same address accepts a connection there in the same visit. Silence alone may be ours.
pub(crate) async fn knock(visit: &Visit, url: Url, control: Option<&Endpoint>) -> Door {
    let Some(endpoint) = Endpoint::of_url(&url) else {
        return Door::Obstructed(Obstacle::NotAllowed.because(format!("{url} names no host")));
    };
    let Some(control) = control else { return converse(visit, url, None).await };
    let open = match reach::open(visit, &endpoint, control).await {
        Ok(open) => open,
        Err(door) => return door,
    };
    let asked = open.into_iter().map(|address| converse(visit, url.clone(), Some(address)));
    let doors = join_all(asked).await;
    // One that only redirects tells nothing of another that serves, whichever comes first.
    let telling = doors.into_iter().rev().max_by_key(Door::openness);
    telling.unwrap_or_else(|| {
        Door::Obstructed(Obstacle::Unreachable.because("there is no address to call"))
    })
}

async fn converse(visit: &Visit, url: Url, address: Option<Address>) -> Door {
    let request = Request { address, ..Request::get(url) };
    match visit.net.follow(request, Policy::plain_http(MOST_REDIRECTS)).await {
        Err(obstructed) => Door::Obstructed(obstructed),
        Ok(followed) => {
            let hops: Vec<Hop> = followed.exchanges.into_iter().map(Hop::of).collect();
            // That the location is no URL stands in the hop.
            let leads_on = matches!(hops.last(), Some(Hop { location: Some(Ok(_)), .. }));
            let stopped = match followed.end {
                End::Stopped(obstructed) if leads_on => Some(obstructed),
                _ => None,
            };
            Door::Answered { hops, stopped }
        }
    }
}

/// Redirects from one plain URL to the next that are followed.
const MOST_REDIRECTS: u32 = 3;
