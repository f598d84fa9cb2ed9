//! What one visit saw: the cookies that each place set.

use std::time::SystemTime;

use crate::{
    contract::{Item, Obstructed},
    web::{knock::Door, set_cookie::SetCookie},
};

/// What one visit brought back.
#[derive(Debug)]
pub(crate) struct Evidence {
    /// When it was made.
    pub(super) at: SystemTime,
    /// The target's host.
    pub(super) host: String,
    /// Whether the target's own URL has TLS.
    pub(super) secure: bool,
    /// Each place that was asked, with the cookies it set.
    pub(super) pages: Vec<Page>,
    /// What plain HTTP set; where the target's own URL has no TLS, its pages are that.
    pub(super) plain: Plain,
}

/// What one place set.
#[derive(Debug)]
pub(super) struct Page {
    /// The place, and what it answers where that is no success.
    pub(super) subject: String,
    /// The cookies, over redirects within the target.
    pub(super) cookies: Vec<Set>,
    /// Why the application's own answer was not seen, where it was not.
    pub(super) unseen: Option<Obstructed>,
}

/// A cookie that was set.
#[derive(Clone, Debug)]
pub(super) struct Set {
    /// Where.
    pub(super) subject: String,
    /// What.
    pub(super) cookie: SetCookie,
    /// The command that shows it.
    pub(super) replay: String,
}

/// What plain HTTP set.
#[derive(Debug)]
pub(super) struct Plain {
    /// The URL that was asked for.
    pub(super) subject: String,
    /// What happened there.
    pub(super) door: Door,
    /// The cookies.
    pub(super) cookies: Vec<Set>,
}

impl Evidence {
    /// The cookies that were set, each once, and the places that could not be asked.
    pub(super) fn set(&self) -> impl Iterator<Item = Result<&Set, Item>> {
        let mut met: Vec<&SetCookie> = Vec::new();
        let all = self.pages.iter().flat_map(|page| {
            let unseen = page.unseen.iter().map(|why| Err(Item::unknown(&page.subject, why)));
            page.cookies.iter().map(Ok).chain(unseen)
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
    pub(super) fn judge(&self, judge: impl Fn(&Set) -> Item) -> Vec<Item> {
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
    pub(super) fn name(&self) -> String {
        if self.cookie.name.is_empty() { "(no name)".to_owned() } else { self.cookie.name.clone() }
    }

    /// The cookie and where it is set, for a report.
    pub(super) fn subject(&self) -> String {
        format!("{} at {}", self.name(), self.subject)
    }
}
