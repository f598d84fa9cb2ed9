//! A page that others may frame can be clicked on without being seen.

use std::collections::BTreeSet;

use crate::{
    contract::{Check, Dimension, Impact, Item, Rule, Settles},
    headers::{Headers, evidence::Answer},
    web::fields::{
        self,
        csp::{Policies, is_any_host},
    },
};

pub(super) const RULE: Rule<Headers> = Rule::<Headers>::new(
    Check {
        id: "headers-framing-allowed",
        fault: "any site may show a page in a frame",
        impact: Impact::Medium,
        dimension: Dimension::Security,
        settles: Settles::AtOnce,
        why: "Another site lays the page, with the user's session in it, invisibly under its own buttons. \
              The user clicks there and confirms a payment here.",
        how: "Reads `frame-ancestors` of the `Content-Security-Policy` of each page in HTML, and \
              `X-Frame-Options` where there is none. Expected: named origins, `'self'` or `'none'`; or \
              `DENY` or `SAMEORIGIN`; of several different values browsers refuse every frame if they know \
              one. `ALLOW-FROM` is ignored by browsers, and so is `frame-ancestors` in a meta element.",
        fix: "Send `Content-Security-Policy: frame-ancestors 'none'` (or `'self'`, or the sites that \
              embed the page). `X-Frame-Options: DENY` is for browsers older than that.",
        sources: &[
            "OWASP ASVS 5.0 3.4.6",
            "CSP Level 3 section 6.4.2",
            "HTML standard, X-Frame-Options",
        ],
    },
    |_, seen| seen.judge_pages(|answer, _| Some(item(answer))),
);

fn item(answer: &Answer) -> Item {
    let policies = Policies::of_header(&answer.headers);
    let ancestors: Vec<String> = policies
        .0
        .iter()
        .filter_map(|policy| policy.directive("frame-ancestors"))
        .map(|sources| sources.join(" "))
        .collect();
    if !ancestors.is_empty() {
        let open = ancestors.iter().all(|list| list.split(' ').any(is_any_host));
        let words = format!("frame-ancestors {}", ancestors.join(" and "));
        return if open { answer.fail(words) } else { answer.pass(words) };
    }
    let Some(value) = answer.field("x-frame-options") else {
        return answer.fail("neither frame-ancestors nor X-Frame-Options");
    };
    let shown = format!("X-Frame-Options: {value}");
    match options(&value) {
        Framing::Kept => answer.pass(shown),
        Framing::Confused => {
            answer.pass(format!("{shown}; browsers refuse every frame where values contradict"))
        }
        Framing::Open => answer.fail(format!("{shown}, which browsers ignore")),
    }
}

/// What browsers make of `X-Frame-Options`.
enum Framing {
    /// One value that keeps other sites out.
    Kept,
    /// Several values, one of which they know: they refuse.
    Confused,
    /// Nothing they know, or a value that allows all.
    Open,
}

/// HTML standard, "check a navigation response's adherence to `X-Frame-Options`".
fn options(value: &str) -> Framing {
    let values: BTreeSet<String> =
        fields::split(value).into_iter().map(str::to_ascii_lowercase).collect();
    let has = |word: &str| values.contains(word);
    if values.len() > 1 && ["deny", "allowall", "sameorigin"].into_iter().any(has) {
        Framing::Confused
    } else if values.len() == 1 && (has("deny") || has("sameorigin")) {
        Framing::Kept
    } else {
        Framing::Open
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        contract::{Confidence, Outcome},
        headers::tests::{evidence, outcomes, page},
    };

    const FIRM: Outcome = Outcome::Fail(Confidence::Firm);

    fn of(headers: &[(&str, &str)]) -> Outcome {
        outcomes(&RULE, &evidence(vec![page(headers, "<p>")]))[0]
    }

    #[test]
    fn frame_ancestors_outweighs_the_older_field() {
        let csp = |value| ("content-security-policy", value);
        let deny = ("x-frame-options", "DENY");
        assert_eq!(of(&[csp("frame-ancestors 'none'")]), Outcome::Pass);
        assert_eq!(of(&[csp("frame-ancestors")]), Outcome::Pass);
        assert_eq!(of(&[csp("frame-ancestors https://a.example 'self'")]), Outcome::Pass);
        assert_eq!(of(&[csp("frame-ancestors *"), deny]), FIRM);
        assert_eq!(of(&[csp("frame-ancestors https:")]), FIRM);
        assert_eq!(of(&[csp("frame-ancestors *"), csp("frame-ancestors 'self'")]), Outcome::Pass);
        assert_eq!(of(&[csp("default-src 'self'"), deny]), Outcome::Pass);
    }

    #[test]
    fn the_older_field_has_two_values() {
        let xfo = |value| ("x-frame-options", value);
        assert_eq!(of(&[xfo("sameorigin")]), Outcome::Pass);
        assert_eq!(of(&[xfo("ALLOW-FROM https://a.example")]), FIRM);
        assert_eq!(of(&[xfo("whimsy")]), FIRM);
        assert_eq!(of(&[]), FIRM);
    }

    #[test]
    fn several_values_are_read_as_browsers_do() {
        let of = |values: &[&str]| {
            let lines: Vec<_> = values.iter().map(|value| ("x-frame-options", *value)).collect();
            of(&lines)
        };
        for refused in [
            &["SAMEORIGIN", "sameorigin"][..],
            &["SAMEORIGIN, DENY"],
            &["DENY", "SAMEORIGIN"],
            &["ALLOWALL", "DENY"],
            &["allowall, whimsy"],
            &["DENY,"],
            &["deny; sameorigin", "DENY"],
        ] {
            assert_eq!(of(refused), Outcome::Pass, "{refused:?}");
        }
        for open in [
            &["ALLOWALL"][..],
            &["ALLOWALL", "allowall"],
            &["ALLOW-FROM https://a.example", "whimsy"],
            &["deny; sameorigin"],
            &["\"DENY\""],
            &[""],
        ] {
            assert_eq!(of(open), FIRM, "{open:?}");
        }
    }
}
