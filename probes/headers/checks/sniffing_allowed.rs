//! A browser that guesses types runs what was meant to be read.

use http::StatusCode;

use crate::{
    contract::{Check, Dimension, Impact, Rule, Settles},
    headers::{Headers, evidence::Role},
};

pub(super) const RULE: Rule<Headers> = Rule::<Headers>::new(
    Check {
        id: "headers-sniffing-allowed",
        fault: "browsers may guess what an answer is",
        impact: Impact::Low,
        dimension: Dimension::Security,
        settles: Settles::AtOnce,
        why: "An upload or an echo of somebody's input that looks like a script or a page can be run as \
              one, with the rights of the site.",
        how: "Reads `X-Content-Type-Options` of the target's pages and of one static file. Expected: `nosniff`, once. Browsers take the first of several values; proxies \
              and other readers may not.",
        fix: "Send `X-Content-Type-Options: nosniff` on every answer, from one place.",
        sources: &["OWASP ASVS 5.0 3.4.4", "Fetch standard, determine nosniff"],
    },
    |_, seen| {
        seen.judge(&[Role::Page, Role::Asset], "no answer has a body", |answer| {
            // Neither has a body to guess about.
            if matches!(answer.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
                return None;
            }
            let Some(value) = answer.field("x-content-type-options") else {
                return Some(answer.fail("no X-Content-Type-Options"));
            };
            Some(if value.eq_ignore_ascii_case("nosniff") {
                answer.pass(value)
            } else {
                answer.fail(format!("X-Content-Type-Options: {value}"))
            })
        })
    },
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        contract::{Confidence, Outcome},
        headers::tests::{answer, evidence, outcomes},
    };

    #[test]
    fn nosniff_once_in_any_case() {
        let of =
            |lines: &[(&str, &str)]| outcomes(&RULE, &evidence(vec![answer(200, lines, "x")]))[0];
        let line = |value| ("x-content-type-options", value);
        assert_eq!(of(&[line("NoSniff ")]), Outcome::Pass);
        let fail = Outcome::Fail(Confidence::Firm);
        assert_eq!(of(&[]), fail);
        assert_eq!(of(&[line("whimsy")]), fail);
        assert_eq!(of(&[line("nosniff"), line("nosniff")]), fail);
        assert_eq!(of(&[line("")]), fail);
    }
}
