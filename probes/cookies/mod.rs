//! Cookies: who can read them, and with which requests they travel.

mod cross_site;
mod domain_too_broad;
mod insecure;
mod observe;
mod prefix_broken;
mod script_readable;
mod sent_in_plaintext;
mod session;
mod set_cookie;
#[cfg(any(test, feature = "specimen"))]
mod specimens;
#[cfg(test)]
mod tests;

use std::time::{Duration, SystemTime};

use schemars::JsonSchema;
use serde::Deserialize;

pub(crate) use self::{
    session::Session,
    set_cookie::{SameSite, SetCookie},
};
#[cfg(any(test, feature = "specimen"))]
use crate::contract::specimen::Specimen;
use crate::{
    contract::{
        Fact, Footprint, Item, Mistake, Obstructed, Probe, Profile, Rule, Target, Visit,
        net::Endpoint,
        setting::{Headers, Link},
    },
    plaintext::Door,
};

/// Settings of the `cookies` probe.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Cookies {
    /// Places that set cookies, such as the login page. The target's own URL is always asked.
    paths: Vec<Link>,
    /// Header fields to send, such as a credential; never without TLS, unless the target's own URL is
    /// without.
    headers: Headers,
    /// Names of cookies that stand for a user, besides those whose name or `HttpOnly` says so.
    session: Vec<String>,
    /// Names of cookies that do not, whatever they are called.
    harmless: Vec<String>,
    /// The port at the target's host that plain HTTP comes to.
    port: u16,
}

impl Default for Cookies {
    fn default() -> Self {
        Self {
            paths: Vec::new(),
            headers: Headers::default(),
            session: Vec::new(),
            harmless: Vec::new(),
            port: 80,
        }
    }
}

/// What one visit brought back.
#[derive(Debug)]
pub(crate) struct Evidence {
    /// When it was made.
    at: SystemTime,
    /// The target's host.
    host: String,
    /// Whether the target's own URL has TLS.
    secure: bool,
    /// Each place that was asked, with the cookies it set.
    pages: Vec<Page>,
    /// What plain HTTP set; where the target's own URL has no TLS, its pages are that.
    plain: Plain,
}

/// What one place set.
#[derive(Debug)]
struct Page {
    /// The place, and what it answers where that is no success.
    subject: String,
    /// The cookies, over redirects within the target.
    cookies: Result<Vec<Set>, Obstructed>,
}

/// A cookie that was set.
#[derive(Clone, Debug)]
struct Set {
    /// Where.
    subject: String,
    /// What.
    cookie: SetCookie,
    /// The command that shows it.
    replay: String,
}

/// What plain HTTP set.
#[derive(Debug)]
struct Plain {
    /// The URL that was asked for.
    subject: String,
    /// What happened there.
    door: Door,
    /// The cookies.
    cookies: Vec<Set>,
}

impl Probe for Cookies {
    type Evidence = Evidence;

    const NAME: &'static str = "cookies";
    const ABOUT: &'static str =
        "Who can read the cookies a target sets, and with which requests they travel.";
    const FOOTPRINT: Footprint = Footprint::Passive;
    const PROFILES: &'static [Profile] = &[Profile::Api, Profile::Web];
    // What cookies are set with changes with a deployment, not from minute to minute.
    const INTERVAL: Option<Duration> = Some(Duration::from_mins(10));
    const DEADLINE: Duration = Duration::from_secs(20);
    const RULES: &'static [Rule<Self>] = &[
        sent_in_plaintext::RULE,
        insecure::RULE,
        script_readable::RULE,
        cross_site::RULE,
        prefix_broken::RULE,
        domain_too_broad::RULE,
    ];

    fn endpoints(&self, target: &Target) -> Vec<Endpoint> {
        let plain = Endpoint::tcp(target.host(), self.port);
        std::iter::once(plain).chain(self.paths.iter().filter_map(Link::endpoint)).collect()
    }

    fn mistakes(&self, _: &Target) -> Vec<Mistake> {
        let mut mistakes = Vec::new();
        let mut mistake = |path: &[&str], message: String| {
            mistakes
                .push(Mistake { path: path.iter().map(|&key| key.to_owned()).collect(), message });
        };
        if self.port == 0 {
            mistake(&["port"], "write a port from 1 to 65535".to_owned());
        }
        for (i, name) in self.session.iter().enumerate() {
            if self.harmless.contains(name) {
                mistake(&["session", &i.to_string()], format!("`{name}` is called harmless too"));
            }
        }
        mistakes
    }

    async fn observe(&self, visit: &Visit) -> Result<Evidence, Obstructed> {
        observe::evidence(self, visit).await
    }

    fn facts(&self, seen: &Evidence) -> Vec<Fact> {
        let set = seen.set().filter_map(Result::ok).chain(seen.plain.cookies.iter());
        set.map(|set| Fact::new("cookie", set.name(), set.cookie.in_words())).collect()
    }

    #[cfg(any(test, feature = "specimen"))]
    fn specimens() -> Vec<Specimen> {
        specimens::all()
    }
}

impl Evidence {
    /// The cookies that were set, each once, and the places that could not be asked.
    fn set(&self) -> impl Iterator<Item = Result<&Set, Item>> {
        let mut met: Vec<&SetCookie> = Vec::new();
        let all = self.pages.iter().flat_map(|page| match &page.cookies {
            Ok(set) => set.iter().map(Ok).collect(),
            Err(obstructed) => vec![Err(Item::unknown(&page.subject, obstructed))],
        });
        let fresh = all.filter(move |one| match one {
            Ok(set) if met.contains(&&set.cookie) => false,
            Ok(set) => {
                met.push(&set.cookie);
                true
            }
            Err(_) => true,
        });
        fresh.filter(|one| {
            one.as_ref().is_ok_and(|set| !set.cookie.is_deletion(self.at)) || one.is_err()
        })
    }

    /// One item for each cookie that is set, or what stands for it.
    fn judge(&self, judge: impl Fn(&Set) -> Item) -> Vec<Item> {
        let items: Vec<Item> = self
            .set()
            .map(|set| set.map_or_else(|item| item, |set| judge(set).replay(&set.replay)))
            .collect();
        if items.is_empty() {
            let places: Vec<&str> = self.pages.iter().map(|page| page.subject.as_str()).collect();
            return vec![Item::skip("", format!("no cookies are set at {}", places.join(", ")))];
        }
        items
    }
}

impl Set {
    /// The cookie's name, for a report.
    fn name(&self) -> String {
        if self.cookie.name.is_empty() { "(no name)".to_owned() } else { self.cookie.name.clone() }
    }

    /// The cookie and where it is set, for a report.
    fn subject(&self) -> String {
        format!("{} at {}", self.name(), self.subject)
    }
}
