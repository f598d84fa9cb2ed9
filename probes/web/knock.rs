//! Asking by plain HTTP: where it is spoken at all, each answer up to the first that leads to TLS,
//! elsewhere, or nowhere.

use http::{HeaderMap, StatusCode, header};
use url::Url;

use crate::{
    contract::{
        Obstacle, Obstructed, Visit,
        net::{Address, Endpoint, Exchange, Request},
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
    let mut doors = Vec::with_capacity(open.len());
    for address in open {
        doors.push(converse(visit, url.clone(), Some(address)).await);
    }
    let leads_to_tls = |door: &Door| {
        let last = door.hops().last().and_then(|hop| hop.location.as_ref()?.as_ref().ok());
        last.is_some_and(|to| to.scheme() == "https")
    };
    // One that only redirects tells nothing of another that serves.
    let telling = doors.iter().position(|door| !leads_to_tls(door)).unwrap_or_default();
    doors.swap_remove(telling)
}

async fn converse(visit: &Visit, url: Url, address: Option<Address>) -> Door {
    let mut hops: Vec<Hop> = Vec::new();
    let mut request = Request { address, ..Request::get(url) };
    loop {
        let origin = request.url.origin();
        let next = Request { ..request.clone() };
        match visit.net.exchange(request).await {
            Ok(exchange) => hops.push(Hop::of(exchange)),
            Err(obstructed) if hops.is_empty() => return Door::Obstructed(obstructed),
            Err(obstructed) => return Door::Answered { hops, stopped: Some(obstructed) },
        }
        let location = hops.last().and_then(|hop| hop.location.clone());
        let Some(Ok(to)) = location.filter(|to| to.as_ref().is_ok_and(|to| to.scheme() == "http"))
        else {
            return Door::Answered { hops, stopped: None };
        };
        if hops.len() > MOST_REDIRECTS || hops.iter().any(|hop| hop.url == to) {
            let detail = format!("the redirects do not end: {to} again, or after {MOST_REDIRECTS}");
            let stopped = Some(Obstacle::OverBudget.because(detail));
            return Door::Answered { hops, stopped };
        }
        request = next;
        if to.origin() != origin {
            request.address = None;
        }
        request.url = to;
        request.url.set_fragment(None);
    }
}

/// Redirects from one plain URL to the next that are followed.
const MOST_REDIRECTS: usize = 3;
