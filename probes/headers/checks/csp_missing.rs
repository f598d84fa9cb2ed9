//! Without a policy every injected script runs.

use crate::{
    contract::{Check, Dimension, Impact, Rule, Settles},
    headers::Headers,
    web::fields::csp::Policies,
};

pub(super) const RULE: Rule<Headers> = Rule::<Headers>::new(
    Check {
        id: "headers-csp-missing",
        fault: "no policy says what a page may load and run",
        impact: Impact::Medium,
        dimension: Dimension::Security,
        settles: Settles::AtOnce,
        why: "One forgotten escape, and somebody else's script runs as the site, for every user who sees \
              it. A policy is the second line: the script is there, and does not run.",
        how: "Reads `Content-Security-Policy` of each page in HTML, from its header or a meta element. \
              Expected: a policy that is enforced. One that is only reported about protects nobody yet. \
              Answers that are not HTML are left out.",
        fix: "Start with `Content-Security-Policy-Report-Only: default-src 'self'; object-src 'none'; \
              base-uri 'none'; frame-ancestors 'self'`, read the reports, and enforce it.",
        sources: &["OWASP ASVS 5.0 3.4.3", "CSP Level 3 section 3"],
    },
    |_, seen| {
        seen.judge_pages(|answer, page| {
            let policies = Policies::of_page(&answer.headers, page);
            let reported = Policies::reported(&answer.headers);
            Some(match (policies.0.len(), reported.0.is_empty()) {
                (0, true) => answer.fail("no Content-Security-Policy"),
                (0, false) => answer.fail("a policy is only reported about, not enforced"),
                (1, _) => answer.pass("a policy is enforced"),
                (n, _) => answer.pass(format!("{n} policies are enforced together")),
            })
        })
    },
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        contract::{Confidence, Outcome},
        headers::tests::{answer, evidence, outcomes, page},
    };

    #[test]
    fn a_policy_must_be_enforced() {
        let of = |headers: &[(&str, &str)], body| {
            outcomes(&RULE, &evidence(vec![page(headers, body)]))[0]
        };
        let fail = Outcome::Fail(Confidence::Firm);
        assert_eq!(of(&[], "<p>"), fail);
        assert_eq!(of(&[("content-security-policy", " ")], "<p>"), fail);
        assert_eq!(of(&[("content-security-policy-report-only", "default-src *")], "<p>"), fail);
        assert_eq!(of(&[("content-security-policy", "default-src *")], "<p>"), Outcome::Pass);
        let meta = "<meta http-equiv=Content-Security-Policy content=\"default-src 'self'\">";
        assert_eq!(of(&[], meta), Outcome::Pass);
    }

    #[test]
    fn what_is_no_page_needs_none() {
        let json = answer(200, &[("content-type", "application/json")], "{}");
        assert_eq!(outcomes(&RULE, &evidence(vec![json])), [Outcome::Skip]);
    }
}
