//! Without HSTS every visit may begin without TLS.

use crate::{
    contract::{Check, Dimension, Impact, Rule, Settles},
    headers::{Headers, evidence::Role},
    web::fields::hsts,
};

pub(super) const RULE: Rule<Headers> = Rule::<Headers>::new(
    Check {
        id: "headers-hsts-missing",
        fault: "browsers are not told to stay with TLS",
        impact: Impact::Medium,
        dimension: Dimension::Transport,
        settles: Settles::AtOnce,
        why: "A link or a habit of typing without https:// starts each visit in the clear, and whoever \
              is on the way keeps it there. The user sees the page, and no warning.",
        how: "Reads `Strict-Transport-Security` of the target's pages and of redirects on the way to \
              them. Expected on https: that it is there. Browsers ignore it on http and for addresses, \
              so those are left out. A host the settings call `preloaded` needs no more.",
        fix: "Send `Strict-Transport-Security: max-age=31536000` on every answer (in nginx with \
              `always`), first with a short max-age and without `includeSubDomains` until all hosts \
              below have TLS.",
        sources: &["RFC 6797 section 7.1", "OWASP ASVS 5.0 3.4.1"],
    },
    |headers, seen| {
        if let Some(items) = seen.without_hsts() {
            return items;
        }
        seen.judge(&[Role::Page, Role::Redirect], "no answer", |answer| {
            Some(match answer.field(hsts::FIELD) {
                Some(value) => answer.pass(value),
                None if headers.preloaded => answer.pass("on the browsers' list of preloads"),
                None => answer.fail("no Strict-Transport-Security"),
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
    fn any_field_is_there() {
        let firm = Outcome::Fail(Confidence::Firm);
        assert_eq!(outcomes(&RULE, &evidence(vec![answer(200, &[], "")])), [firm]);
        let accepted = outcomes(&RULE, &evidence(vec![answer(404, &[], "")]));
        assert_eq!(accepted, [firm], "an error is a page only where the settings say so");
        let there = answer(200, &[("strict-transport-security", "nonsense")], "");
        assert_eq!(outcomes(&RULE, &evidence(vec![there])), [Outcome::Pass]);
    }

    #[test]
    fn browsers_ignore_it_without_tls_and_for_addresses() {
        let mut plain = evidence(vec![answer(200, &[], "")]);
        plain.secure = false;
        assert_eq!(outcomes(&RULE, &plain), [Outcome::Skip]);
        let mut address = evidence(vec![answer(200, &[], "")]);
        address.host = "::1".to_owned();
        assert_eq!(outcomes(&RULE, &address), [Outcome::Skip]);
    }
}
