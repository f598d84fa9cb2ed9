//! HSTS that ends soon protects only those who come often.

use crate::{
    contract::{Check, Dimension, Impact, Rule, Settles},
    headers::{Headers, evidence::Role},
    web::fields::hsts,
};

pub(super) const RULE: Rule<Headers> = Rule::<Headers>::new(
    Check {
        id: "headers-hsts-short",
        fault: "browsers forget soon to stay with TLS",
        impact: Impact::Low,
        dimension: Dimension::Transport,
        settles: Settles::AtOnce,
        why: "Who comes back after the time is over begins without TLS again. `max-age=0` makes browsers \
              forget at once.",
        how: "Reads `max-age` of `Strict-Transport-Security` on the target's pages and redirects. \
              Expected: at least `hsts_min_age`, a year by default. MDN's Observatory is content with \
              180 days.",
        fix: "Raise max-age step by step to 31536000 once every host it covers has TLS that renews by \
              itself.",
        sources: &["OWASP ASVS 5.0 3.4.1", "RFC 6797 section 6.1.1"],
    },
    |headers, seen| {
        if let Some(items) = seen.without_hsts() {
            return items;
        }
        let least = headers.hsts_min_age.0.as_secs();
        let none = "no Strict-Transport-Security that browsers can read";
        seen.judge(&[Role::Page, Role::Redirect], none, |answer| {
            let hsts = hsts::of(&answer.headers)?.ok()?;
            let below = if hsts.include_subdomains { ", with subdomains" } else { "" };
            let words = format!("max-age={}{below}", hsts.max_age);
            Some(if hsts.max_age >= least {
                answer.pass(words)
            } else {
                answer.fail(format!("{words}, wanted {least}"))
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
    fn a_year_is_enough_and_a_second_less_is_not() {
        let of = |value: &str| {
            let answer = answer(200, &[("strict-transport-security", value)], "");
            outcomes(&RULE, &evidence(vec![answer]))[0]
        };
        assert_eq!(of("max-age=31536000"), Outcome::Pass);
        assert_eq!(of("max-age=31535999"), Outcome::Fail(Confidence::Firm));
        assert_eq!(of("max-age=0"), Outcome::Fail(Confidence::Firm));
        assert_eq!(of("max-age=abc"), Outcome::Skip);
    }
}
