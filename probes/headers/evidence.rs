//! What one visit saw: answers of the target, each with the role it was asked for.

use std::{collections::BTreeSet, net::IpAddr};

use http::{HeaderMap, StatusCode, header};
use url::Url;

use crate::{
    contract::{Confidence, Item, Obstructed},
    observatory::{Observatory, Step},
    web::{
        audience::Audience,
        fields::{self, html::Page},
    },
};

/// What one visit brought back.
#[derive(Debug)]
pub(crate) struct Evidence {
    /// The target's host.
    pub(super) host: String,
    /// Whether the target's own URL has TLS.
    pub(super) secure: bool,
    /// Who calls.
    pub(super) audience: Option<Audience>,
    /// The answers, in the order they were asked for.
    pub(super) answers: Vec<Answer>,
    /// Pages that did not answer, with what was in the way.
    pub(super) unseen: Vec<(String, Obstructed)>,
    /// Nonces that the last visit saw.
    pub(super) earlier_nonces: BTreeSet<String>,
    /// What the Observatory would say, or why it would say nothing.
    pub(super) observatory: Result<Observatory, String>,
}

/// One answer of the target.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    /// What it was asked for.
    pub(super) role: Role,
    /// Path and query.
    pub(super) subject: String,
    /// The URL.
    pub(super) url: Url,
    /// The answer's status.
    pub(super) status: StatusCode,
    /// The answer's header.
    pub(super) headers: HeaderMap,
    /// The beginning of its body.
    pub(super) body: Vec<u8>,
    /// What stands in it, where it is HTML.
    pub(super) page: Option<Page>,
    /// Whether a credential was sent.
    pub(super) authenticated: bool,
    /// The command that asks the same.
    pub(super) replay: String,
}

/// What an answer was asked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Role {
    /// The target's own URL or one of `paths`, after redirects.
    Page,
    /// A redirect on the way there.
    Redirect,
    /// A path that does not exist.
    NotFound,
    /// A path that is answered 400.
    BadRequest,
    /// A path that is answered 401.
    Unauthorized,
    /// A static file.
    Asset,
}

impl Role {
    pub(super) const fn noun(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Redirect => "redirect",
            Self::NotFound => "missing path",
            Self::BadRequest => "bad request",
            Self::Unauthorized => "without credential",
            Self::Asset => "static file",
        }
    }
}

impl Answer {
    /// The answer as the Observatory sees it.
    pub(super) fn step(&self) -> Step<'_> {
        Step {
            url: &self.url,
            status: self.status,
            headers: &self.headers,
            page: self.page.as_ref(),
        }
    }

    /// The media type's essence, in lower case; `None` if there is none.
    pub(super) fn media_type(&self) -> Option<String> {
        fields::media_type(&self.headers)
    }

    /// Every value of a field, joined as RFC 9110 section 5.3 allows; `None` if it is not there.
    pub(super) fn field(&self, name: &str) -> Option<String> {
        fields::joined(&self.headers, name)
    }

    /// How sure a fault of this answer is: applications often set headers on what succeeds alone, so an
    /// error page proves little unless the settings say that it is to be judged.
    pub(super) fn sure(&self) -> Confidence {
        if self.status.is_success() || matches!(self.role, Role::Page | Role::Redirect) {
            Confidence::Firm
        } else {
            Confidence::Tentative
        }
    }

    /// An item about this answer.
    pub(super) fn pass(&self, seen: impl Into<String>) -> Item {
        Item::pass(&self.subject, seen).replay(&self.replay)
    }

    /// An item about this answer.
    pub(super) fn fail(&self, seen: impl Into<String>) -> Item {
        Item::fail(self.sure(), &self.subject, seen).replay(&self.replay)
    }

    /// An item about this answer, which shows and does not block.
    pub(super) fn doubt(&self, seen: impl Into<String>) -> Item {
        Item::fail(Confidence::Tentative, &self.subject, seen).replay(&self.replay)
    }

    /// Whether it has a body.
    pub(super) fn has_body(&self) -> bool {
        !self.body.is_empty() && self.status != StatusCode::NOT_MODIFIED
    }

    /// Whether its header says that it is kept from being read as HTML.
    pub(super) fn is_download(&self) -> bool {
        let disposition = fields::joined(&self.headers, header::CONTENT_DISPOSITION.as_str());
        disposition.is_some_and(|d| d.trim_start().to_ascii_lowercase().starts_with("attachment"))
    }
}

impl Evidence {
    /// Why `Strict-Transport-Security` means nothing here, where it does not.
    pub(super) fn without_hsts(&self) -> Option<Vec<Item>> {
        if !self.secure {
            return Some(vec![Item::skip("", "browsers ignore it without TLS")]);
        }
        if self.host.parse::<IpAddr>().is_ok() {
            let reason = "browsers ignore it for an address (RFC 6797 section 8.1)";
            return Some(vec![Item::skip("", reason)]);
        }
        None
    }

    /// The answers of these roles.
    pub(super) fn of(&self, roles: &'static [Role]) -> impl Iterator<Item = &Answer> {
        self.answers.iter().filter(move |answer| roles.contains(&answer.role))
    }

    /// One item for each answer of these roles and each page that was not seen; `judge` leaves out
    /// what it has no question about, for the reason given.
    pub(super) fn judge(
        &self,
        roles: &'static [Role],
        otherwise: &str,
        judge: impl Fn(&Answer) -> Option<Item>,
    ) -> Vec<Item> {
        let mut items: Vec<Item> = self.of(roles).filter_map(judge).collect();
        items.extend(self.unseen.iter().map(|(subject, why)| Item::unknown(subject, why)));
        if items.is_empty() {
            items.push(Item::skip("", otherwise));
        }
        items
    }

    /// Why nothing is asked of pages, where no browser renders them.
    pub(super) fn without_browsers(&self) -> Option<Vec<Item>> {
        (self.audience == Some(Audience::Programs)).then(|| {
            vec![Item::skip("", "programs call it, so no browser renders its pages (`audience`)")]
        })
    }

    /// The same for pages in HTML, where people see them.
    pub(super) fn judge_pages(&self, judge: impl Fn(&Answer, &Page) -> Option<Item>) -> Vec<Item> {
        if let Some(items) = self.without_browsers() {
            return items;
        }
        self.judge(&[Role::Page], NO_PAGE, |answer| {
            if answer.is_download() {
                return None;
            }
            judge(answer, answer.page.as_ref()?)
        })
    }
}

pub(super) const NO_PAGE: &str = "no page in HTML is served here, so browsers render nothing of it";
