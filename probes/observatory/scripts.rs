//! The Observatory's test of subresource integrity.

use url::Url;

use crate::{
    observatory::{
        Reply, Seen,
        result::{
            SRI_ALL, SRI_EXTERNAL, SRI_NO_SCRIPTS, SRI_NONE_NOT_SECURE, SRI_NONE_SECURE,
            SRI_NOT_HTML, SRI_NOT_SECURE, SRI_SAME_ORIGIN, Verdict, worse,
        },
    },
    web::{fields::html::Script, site},
};

pub(super) fn test(seen: &Seen<'_>, reply: &Reply<'_>) -> Verdict {
    let Some(page) = reply.page else { return SRI_NOT_HTML };
    if page.scripts.is_empty() {
        return SRI_NO_SCRIPTS;
    }
    let mut result = None;
    let mut any_foreign = false;
    for script in &page.scripts {
        let Some(source) = Source::of(script, seen.host) else { continue };
        let pinned = script.integrity.is_some();
        let secure = match source {
            Source::Own { secure } => secure.unwrap_or(reply.secure),
            Source::Foreign { secure } => secure,
        };
        let found = match (source, pinned, secure) {
            (Source::Own { .. }, true, true) if result.is_none() => SRI_ALL,
            (Source::Own { .. }, ..) | (Source::Foreign { .. }, true, true) => {
                any_foreign |= matches!(source, Source::Foreign { .. });
                continue;
            }
            (Source::Foreign { .. }, true, false) => SRI_NOT_SECURE,
            (Source::Foreign { .. }, false, true) => SRI_NONE_SECURE,
            (Source::Foreign { .. }, false, false) => SRI_NONE_NOT_SECURE,
        };
        any_foreign |= matches!(source, Source::Foreign { .. });
        result = Some(worse(ORDER, found, result));
    }
    result.unwrap_or(if any_foreign { SRI_EXTERNAL } else { SRI_SAME_ORIGIN })
}

/// Where a script comes from, in the Observatory's eyes.
#[derive(Clone, Copy)]
enum Source {
    /// A relative address, or one under the same registered domain; `None` where the page's scheme
    /// counts.
    Own { secure: Option<bool> },
    /// Any other. An address without a scheme counts as foreign and insecure.
    Foreign { secure: bool },
}

impl Source {
    fn of(script: &Script, host: &str) -> Option<Self> {
        let src = script.src.as_deref()?;
        if src.strip_prefix("//").is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/')) {
            return Some(Self::Foreign { secure: false });
        }
        let url = Url::parse(src).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let Some(url) = url else { return Some(Self::Own { secure: None }) };
        let secure = url.scheme() == "https";
        let own = site::registered(url.host_str()?) == site::registered(host);
        Some(if own { Self::Own { secure: Some(secure) } } else { Self::Foreign { secure } })
    }
}

const ORDER: &[Verdict] =
    &[SRI_ALL, SRI_EXTERNAL, SRI_NOT_SECURE, SRI_NONE_SECURE, SRI_NONE_NOT_SECURE, SRI_NOT_HTML];
