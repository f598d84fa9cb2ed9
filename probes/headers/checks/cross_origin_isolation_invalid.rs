//! Isolation that browsers cannot read is none.

use crate::{
    contract::{Check, Dimension, Impact, Item, Rule, Settles},
    headers::{
        Headers,
        evidence::{Answer, Role},
    },
    web::fields,
};

pub(super) const RULE: Rule<Headers> = Rule::<Headers>::new(
    Check {
        id: "headers-cross-origin-isolation-invalid",
        fault: "a page asks to be isolated in words that browsers do not know",
        impact: Impact::Low,
        dimension: Dimension::Security,
        settles: Settles::AtOnce,
        why: "Browsers ignore the field without a word: other sites keep a handle on the window, or go on \
              loading what was to be kept from them.",
        how: "Reads `Cross-Origin-Opener-Policy` and `Cross-Origin-Embedder-Policy` of each page in HTML, \
              one token each, and `Cross-Origin-Resource-Policy` of pages and a static file. Expected: a \
              value of the standard, in lower case, without quotes, once. A field that is not there is \
              well.",
        fix: "Write `same-origin`, `same-origin-allow-popups` or `noopener-allow-popups`; `require-corp` or \
              `credentialless`; `same-origin`, `same-site` or `cross-origin`. Send each from one place.",
        sources: &[
            "HTML standard, cross-origin opener and embedder policies",
            "Fetch standard, Cross-Origin-Resource-Policy",
            "RFC 9651 section 3.3.4",
        ],
    },
    |_, seen| {
        seen.without_browsers().unwrap_or_else(|| {
            seen.judge(&[Role::Page, Role::Asset], "no answer asks to be isolated", item)
        })
    },
);

fn item(answer: &Answer) -> Option<Item> {
    let is_page = answer.page.is_some();
    let (mut read, mut unread) = (Vec::new(), Vec::new());
    let asked = POLICIES.iter().filter(|policy| is_page || !policy.of_pages);
    for policy in asked {
        let Some(value) = answer.field(policy.field) else { continue };
        let words = format!("{}: {value}", policy.field);
        let known = policy.known.contains(&policy.token(&value).as_str());
        if known { read.push(words) } else { unread.push(words) }
    }
    match (read.is_empty(), unread.is_empty()) {
        (true, true) => is_page.then(|| answer.pass("does not ask to be isolated")),
        (false, true) => Some(answer.pass(read.join("; "))),
        (_, false) => Some(answer.fail(format!("browsers ignore {}", unread.join("; ")))),
    }
}

struct Policy {
    field: &'static str,
    known: &'static [&'static str],
    /// Whether it means something on a page only.
    of_pages: bool,
    /// Whether it is a structured field, so that parameters may follow.
    structured: bool,
}

impl Policy {
    fn token(&self, value: &str) -> String {
        if self.structured { fields::token(value).unwrap_or_default() } else { value.to_owned() }
    }
}

const POLICIES: [Policy; 3] = [
    Policy {
        field: "cross-origin-opener-policy",
        known: &["unsafe-none", "same-origin", "same-origin-allow-popups", "noopener-allow-popups"],
        of_pages: true,
        structured: true,
    },
    Policy {
        field: "cross-origin-embedder-policy",
        known: &["unsafe-none", "require-corp", "credentialless"],
        of_pages: true,
        structured: true,
    },
    Policy {
        field: "cross-origin-resource-policy",
        known: &["same-origin", "same-site", "cross-origin"],
        of_pages: false,
        structured: false,
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        contract::{Confidence, Outcome},
        headers::tests::{evidence, outcomes, page},
    };

    #[test]
    fn only_words_of_the_standard_are_read() {
        let of =
            |headers: &[(&str, &str)]| outcomes(&RULE, &evidence(vec![page(headers, "<p>")]))[0];
        let (opener, embedder, resource) = (
            "cross-origin-opener-policy",
            "cross-origin-embedder-policy",
            "cross-origin-resource-policy",
        );
        assert_eq!(of(&[]), Outcome::Pass);
        assert_eq!(
            of(&[(opener, "same-origin; report-to=\"x\""), (resource, "same-site")]),
            Outcome::Pass
        );
        let fail = Outcome::Fail(Confidence::Firm);
        for wrong in [
            [(opener, "\"same-origin\"")],
            [(opener, "Same-Origin")],
            [(embedder, "require-corp; report-to=a b")],
            [(resource, "Same-Origin")],
            [(embedder, "")],
        ] {
            assert_eq!(of(&wrong), fail, "{wrong:?}");
        }
        assert_eq!(of(&[(opener, "same-origin"), (opener, "same-origin")]), fail);
    }
}
