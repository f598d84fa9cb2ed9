//! A page that others may frame can be clicked on without being seen.

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
              `DENY` or `SAMEORIGIN`. `ALLOW-FROM` is ignored by browsers, and so is `frame-ancestors` in \
              a meta element.",
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
    let words = fields::words(&value);
    let shown = format!("X-Frame-Options: {value}");
    match words.as_slice() {
        [one] if one == "deny" || one == "sameorigin" => answer.pass(shown),
        // Browsers take several of the same for one; other readers do not.
        [first, rest @ ..]
            if (first == "deny" || first == "sameorigin")
                && rest.iter().all(|one| one == first) =>
        {
            answer.doubt(format!("{shown}, more than once"))
        }
        _ => answer.fail(format!("{shown}, which browsers ignore")),
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
        let twice = of(&[xfo("SAMEORIGIN"), xfo("SAMEORIGIN")]);
        assert_eq!(twice, Outcome::Fail(Confidence::Tentative));
        assert_eq!(of(&[xfo("SAMEORIGIN, DENY")]), FIRM);
    }
}
