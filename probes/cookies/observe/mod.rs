//! The visit: the target's pages, and plain HTTP beside them. Values of cookies end here.

use http::{HeaderMap, StatusCode, header};
use url::Url;

use super::{Cookies, Evidence};
use crate::cookies::evidence::{Page, Plain, Set};
use crate::{
    contract::{
        Obstacle, Obstructed, Visit,
        net::{Endpoint, Request},
    },
    web::{
        browse::{browse, path},
        knock::{Door, knock},
        set_cookie::SetCookie,
    },
};

pub(super) async fn evidence(cookies: &Cookies, visit: &Visit) -> Result<Evidence, Obstructed> {
    let target = &*visit.target;
    let mut urls = vec![target.url.clone()];
    for link in &cookies.paths {
        let url = link.on(target);
        if !urls.contains(&url) {
            urls.push(url);
        }
    }
    let mut pages = Vec::with_capacity(urls.len());
    for url in urls {
        pages.push(page(cookies, visit, url).await);
    }
    let plain = plain(cookies, visit).await;
    if plain.cookies.is_empty()
        && pages.iter().all(|page| page.cookies.is_err())
        && let Some(Page { cookies: Err(obstructed), .. }) = pages.first()
    {
        return Err(obstructed.clone());
    }
    Ok(Evidence {
        at: visit.at,
        host: target.host().to_ascii_lowercase(),
        secure: target.is_tls(),
        pages,
        plain,
    })
}

async fn page(cookies: &Cookies, visit: &Visit, url: Url) -> Page {
    let mut subject = path(&url);
    let request = Request { headers: cookies.headers.to_vec(), ..Request::get(url) };
    let cookies = browse(visit, request).await.and_then(|exchanges| {
        let all = exchanges.iter();
        let set: Vec<Set> =
            all.flat_map(|one| read(&one.headers, &path(&one.url), &one.replay)).collect();
        let status = exchanges.last().map(|last| last.status);
        if let Some(status) = status.filter(|status| !status.is_success()) {
            subject = format!("{subject} ({})", status.as_u16());
        }
        match status {
            // A page that is out of order sets none of its cookies.
            Some(status) if set.is_empty() && status.is_server_error() => {
                Err(Obstacle::ControlFailed.because(format!("answers {status}")))
            }
            Some(StatusCode::TOO_MANY_REQUESTS) if set.is_empty() => {
                Err(Obstacle::Throttled.because("answers 429"))
            }
            _ => Ok(set),
        }
    });
    Page { subject, cookies }
}

async fn plain(cookies: &Cookies, visit: &Visit) -> Plain {
    let target = &*visit.target;
    let mut url = target.url.clone();
    if !target.is_tls() {
        let subject = url.to_string();
        return Plain {
            subject,
            door: Door::Absent("the target's own URL has no TLS"),
            cookies: Vec::new(),
        };
    }
    // Both calls succeed: the scheme is https, and the URL has a host.
    let _ = url.set_scheme("http");
    let _ = url.set_port(Some(cookies.port));
    let subject = url.to_string();
    let door = knock(visit, url, Endpoint::of_url(&target.url).as_ref()).await;
    let set = door.hops().iter().flat_map(|hop| read(&hop.headers, hop.url.as_str(), &hop.replay));
    Plain { subject, cookies: set.collect(), door }
}

fn read(headers: &HeaderMap, subject: &str, replay: &str) -> Vec<Set> {
    let fields = headers.get_all(header::SET_COOKIE).iter();
    let cookies = fields.filter_map(|field| SetCookie::parse(field.as_bytes()));
    cookies
        .map(|cookie| Set { subject: subject.to_owned(), cookie, replay: replay.to_owned() })
        .collect()
}
