//! An answer that does not say what it is, or says something else.

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
        id: "headers-content-type-missing",
        fault: "an answer does not say what it is",
        impact: Impact::Medium,
        dimension: Dimension::Security,
        settles: Settles::AtOnce,
        why: "Clients guess, each in its own way. JSON that calls itself HTML is rendered as a page: what \
              a user once stored in it runs as a script of the site.",
        how: "Reads `Content-Type` of every answer with a body: pages, errors, a static file. Expected: \
              one media type, and for a body that is a JSON object or array one that is not HTML.",
        fix: "Set the type where the answer is made. For JSON that says text/html, use the framework's \
              JSON response instead of a string; for error pages, see who makes them.",
        sources: &[
            "OWASP ASVS 5.0 4.1.1",
            "RFC 9110 section 8.3",
            "OWASP REST Security Cheat Sheet",
        ],
    },
    |_, seen| {
        const ROLES: &[Role] = &[
            Role::Page,
            Role::Redirect,
            Role::NotFound,
            Role::BadRequest,
            Role::Unauthorized,
            Role::Asset,
        ];
        seen.judge(ROLES, "no answer has a body", |answer| answer.has_body().then(|| item(answer)))
    },
);

fn item(answer: &Answer) -> Item {
    let lines = fields::lines(&answer.headers, "content-type");
    let Some(media_type) = answer.media_type().filter(|name| !name.is_empty()) else {
        return answer.fail(format!("no Content-Type on {} bytes of body", answer.body.len()));
    };
    let named = fields::media_types(&answer.headers);
    if named.iter().any(|one| !one.eq_ignore_ascii_case(&named[0])) {
        return answer.fail(format!("more than one Content-Type: {}", lines.join(" | ")));
    }
    if !media_type.split_once('/').is_some_and(|(kind, name)| !kind.is_empty() && !name.is_empty())
    {
        return answer.fail(format!("Content-Type: {} is no media type", lines.join(" | ")));
    }
    if fields::is_html(&media_type) && is_json(&answer.body) {
        return answer.fail(format!("a body of JSON says it is {media_type}"));
    }
    answer.pass(lines[0].clone())
}

fn is_json(body: &[u8]) -> bool {
    let first = body.iter().find(|byte| !byte.is_ascii_whitespace());
    first.is_some_and(|byte| b"{[".contains(byte))
        && serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        contract::{Confidence, Outcome},
        headers::tests::{answer, evidence, outcomes},
    };

    #[test]
    fn every_body_says_what_it_is() {
        let of = |headers: &[(&str, &str)], body| {
            outcomes(&RULE, &evidence(vec![answer(200, headers, body)]))[0]
        };
        let html = ("content-type", "text/html; charset=utf-8");
        let fail = Outcome::Fail(Confidence::Firm);
        assert_eq!(of(&[html], "<p>"), Outcome::Pass);
        assert_eq!(of(&[("content-type", "application/problem+json")], "{}"), Outcome::Pass);
        assert_eq!(of(&[], "x"), fail);
        assert_eq!(of(&[("content-type", "json")], "{}"), fail);
        assert_eq!(of(&[html], "{\"a\": 1}"), fail);
        assert_eq!(of(&[html, ("content-type", "text/plain")], "x"), fail);
        assert_eq!(of(&[], ""), Outcome::Skip);
    }

    #[test]
    fn a_list_of_types_is_not_one_type() {
        let of = |value| {
            let headers = [("content-type", value)];
            outcomes(&RULE, &evidence(vec![answer(200, &headers, "x")]))[0]
        };
        let fail = Outcome::Fail(Confidence::Firm);
        assert_eq!(of("text/html, text/plain"), fail);
        assert_eq!(of("text/html; charset=utf-8, text/html"), fail);
        assert_eq!(of("text/plain,"), fail);
        assert_eq!(of("text/html, text/HTML"), Outcome::Pass);
        assert_eq!(of("multipart/mixed; boundary=\"a, b\""), Outcome::Pass);
    }
}
