//! The visit: the target's pages, and plain HTTP beside them. Values of cookies end here.

use http::{HeaderMap, header};
use url::Url;

use super::{Cookies, Evidence};
use crate::cookies::evidence::{Page, Plain, Set};
use crate::{
    contract::{
        Obstructed, Visit,
        net::{Endpoint, Request},
    },
    web::{
        audience::Audience,
        knock::{Door, knock},
        landing::{self, Advice, Way, path},
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
    let look = Look { cookies, visit };
    let (mut pages, mut silence) = (Vec::with_capacity(urls.len()), None);
    let mut is_silent = true;
    for url in urls {
        match landing::way(visit, look.request(url.clone())).await {
            Ok(way) => {
                is_silent = false;
                pages.push(look.page(&url, &way.value));
            }
            Err(obstructed) => {
                silence.get_or_insert_with(|| obstructed.clone());
                let (subject, cookies) = (path(&url), Vec::new());
                pages.push(Page { subject, cookies, unseen: Some(obstructed) });
            }
        }
    }
    look.elsewhere(&mut pages).await;
    let plain = plain(cookies, visit).await;
    if let Some(obstructed) = silence.filter(|_| is_silent && plain.cookies.is_empty()) {
        return Err(obstructed);
    }
    Ok(Evidence {
        at: visit.at,
        host: target.host().to_ascii_lowercase(),
        secure: target.is_tls(),
        pages,
        plain,
    })
}

struct Look<'a> {
    cookies: &'a Cookies,
    visit: &'a Visit,
}

impl Look<'_> {
    fn request(&self, url: Url) -> Request {
        let audience = Audience::of(None, &self.visit.target);
        landing::request(audience, url, &self.cookies.headers.to_vec())
    }

    /// What a place set, and whether the application answered there.
    fn page(&self, url: &Url, way: &Way) -> Page {
        let set = way.exchanges.iter();
        let set: Vec<Set> =
            set.flat_map(|one| read(&one.headers, &path(&one.url), &one.replay)).collect();
        let mut subject = path(url);
        let status = way.last().map(|last| last.status);
        if let Some(status) = status.filter(|status| !status.is_success()) {
            subject = format!("{subject} ({})", status.as_u16());
        }
        let signed_in = !self.cookies.headers.is_empty();
        let advice = Advice { places: "paths", credential: "headers", signed_in };
        let unseen = way.standing(&self.cookies.accept, &advice).err();
        Page { subject, cookies: set, unseen }
    }

    /// Where the target's own URL has no application, what else it has is asked.
    async fn elsewhere(&self, pages: &mut Vec<Page>) {
        let own = &self.visit.target.url;
        let Some(first) = pages.first().filter(|page| page.unseen.is_some()) else { return };
        let is_answered = pages.iter().skip(1).any(|page| page.unseen.is_none());
        let subject = first.subject.clone();
        let Ok(way) = landing::way(self.visit, self.request(own.clone())).await else { return };
        let status = way.value.last().map(|last| last.status);
        if !status.is_some_and(landing::may_be_elsewhere) {
            return;
        }
        if !is_answered {
            let request = |url| self.request(url);
            let found = landing::instead(self.visit, request, &self.cookies.accept).await;
            if found.is_empty() {
                return;
            }
            for way in found {
                let Some(url) = way.value.last().map(|last| last.url.clone()) else { continue };
                pages.push(self.page(&url, &way.value));
            }
        }
        for page in pages.iter_mut().filter(|page| page.subject == subject) {
            page.unseen = None;
        }
    }
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
