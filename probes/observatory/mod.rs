//! The score of MDN HTTP Observatory (algorithm 6), as it would be computed, its known defects
//! included: people compare it with what the site says. It decides nothing here.

mod cookies;
mod csp;
mod csp_list;
mod documents;
mod result;
mod scripts;
mod transport;

use http::{HeaderMap, StatusCode};
use url::Url;

pub(crate) use self::result::TestResult;
use crate::web::fields::{self, html::Page};

/// What the Observatory would look at.
#[derive(Clone, Debug)]
pub(crate) struct Seen<'a> {
    /// The host it would be asked about.
    pub(crate) host: &'a str,
    /// Every answer on the way to the page, the page last; never empty.
    pub(crate) chain: &'a [Step<'a>],
    /// The URLs plain HTTP leads over; `None` if it is not spoken.
    pub(crate) route: Option<Vec<Url>>,
    /// The header of the answer to a preflight from `origin`.
    pub(crate) preflight: Option<&'a HeaderMap>,
    /// The foreign origin.
    pub(crate) origin: &'a str,
    /// Whether the host is on the list of preloads.
    pub(crate) preloaded: bool,
}

/// One answer on the way to the page.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step<'a> {
    /// The URL that was asked for.
    pub(crate) url: &'a Url,
    /// The answer's status.
    pub(crate) status: StatusCode,
    /// The answer's header.
    pub(crate) headers: &'a HeaderMap,
    /// What stands in its body, where that is HTML.
    pub(crate) page: Option<&'a Page>,
}

/// What the Observatory would say.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Observatory {
    /// One result a test.
    pub(crate) results: Vec<TestResult>,
}

impl Observatory {
    /// Runs the tests, or says why the Observatory would give no score.
    pub(crate) fn judge(seen: &Seen<'_>) -> Result<Self, String> {
        let page = Reply::of(seen)?;
        let hsts = transport::hsts(seen, &page);
        let csp = csp::test(&page);
        let results = vec![
            TestResult::new("content-security-policy", csp.result),
            TestResult::new("cookies", cookies::test(seen, transport::is_hsts_pass(hsts))),
            TestResult::new("cross-origin-resource-sharing", transport::cors(seen)),
            TestResult::new("redirection", transport::redirection(seen)),
            TestResult::new("referrer-policy", documents::referrer_policy(&page)),
            TestResult::new("strict-transport-security", hsts),
            TestResult::new("subresource-integrity", scripts::test(seen, &page)),
            TestResult::new("x-content-type-options", documents::content_type_options(&page)),
            TestResult::new(
                "x-frame-options",
                documents::frame_options(&page, csp.frame_ancestors),
            ),
            TestResult::new("cross-origin-resource-policy", documents::resource_policy(&page)),
            TestResult::new("cross-origin-embedder-policy", documents::embedder_policy(&page)),
            TestResult::new("cross-origin-opener-policy", documents::opener_policy(&page)),
        ];
        Ok(Self { results })
    }

    /// The score, from 0 up.
    pub(crate) fn score(&self) -> i32 {
        let modifiers = || self.results.iter().map(|one| one.result.modifier);
        let without_bonus = 100 + modifiers().filter(|modifier| *modifier < 0).sum::<i32>();
        let score = if without_bonus >= LEAST_FOR_BONUS {
            100 + modifiers().sum::<i32>()
        } else {
            without_bonus
        };
        score.max(0)
    }

    /// The letter.
    pub(crate) fn grade(&self) -> &'static str {
        match self.score() {
            100.. => "A+",
            90.. => "A",
            85.. => "A-",
            80.. => "B+",
            70.. => "B",
            65.. => "B-",
            60.. => "C+",
            50.. => "C",
            45.. => "C-",
            40.. => "D+",
            30.. => "D",
            25.. => "D-",
            _ => "F",
        }
    }
}

/// The answer that is judged.
#[derive(Clone, Copy, Debug)]
struct Reply<'a> {
    headers: &'a HeaderMap,
    /// Whether its URL is https.
    secure: bool,
    /// What stands in it, where its type is HTML to the letter.
    page: Option<&'a Page>,
}

impl<'a> Reply<'a> {
    fn of(seen: &Seen<'a>) -> Result<Self, String> {
        let Some(last) = seen.chain.last() else { return Err("no answer".to_owned()) };
        let status = last.status;
        if !(status.is_success() || status.is_redirection() || matches!(status.as_u16(), 401 | 403))
        {
            return Err(format!("it judges no answer of {status}"));
        }
        let kind =
            fields::lines(last.headers, "content-type").into_iter().next().unwrap_or_default();
        let is_html = matches!(kind.split(';').next(), Some("text/html" | "application/xhtml+xml"));
        Ok(Self {
            headers: last.headers,
            secure: seen.chain.first().is_some_and(|first| first.url.scheme() == "https"),
            page: last.page.filter(|_| is_html),
        })
    }

    /// A field's value as Node joins its lines; `None` if it is not there, or empty.
    fn field(&self, name: &str) -> Option<String> {
        fields::joined(self.headers, name).filter(|value| !value.is_empty())
    }
}

/// A text cut after so many characters.
fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

/// The Observatory's tests, in its order.
pub(super) const TESTS: [&str; 12] = [
    "content-security-policy",
    "cookies",
    "cross-origin-resource-sharing",
    "redirection",
    "referrer-policy",
    "strict-transport-security",
    "subresource-integrity",
    "x-content-type-options",
    "x-frame-options",
    "cross-origin-resource-policy",
    "cross-origin-embedder-policy",
    "cross-origin-opener-policy",
];

const LEAST_FOR_BONUS: i32 = 90;

#[cfg(test)]
mod tests {
    use super::{result::Verdict, *};

    fn of(modifiers: &[i32]) -> Observatory {
        let result =
            |modifier: &i32| TestResult::new("x", Verdict { name: "x", modifier: *modifier });
        Observatory { results: modifiers.iter().map(result).collect() }
    }

    #[test]
    fn bonuses_count_only_for_those_who_hardly_need_them() {
        assert_eq!(of(&[-10, 5, 10]).score(), 105);
        assert_eq!(of(&[-15, 5, 10]).score(), 85);
        assert_eq!(of(&[-50, -50, -50, 5]).score(), 0);
        assert_eq!((of(&[10]).grade(), of(&[-5]).grade(), of(&[-77]).grade()), ("A+", "A", "F"));
        assert_eq!(of(&[-70]).grade(), "D");
    }
}
