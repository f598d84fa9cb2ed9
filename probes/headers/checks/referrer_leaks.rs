//! Addresses tell where a user was, and sometimes hold what lets somebody else in.

use crate::{
    contract::{Check, Dimension, Impact, Item, Rule, Settles},
    headers::{Headers, evidence::Answer},
    web::fields::{
        self,
        html::Page,
        referrer::{self, GOOD},
    },
};

pub(super) const RULE: Rule<Headers> = Rule::<Headers>::new(
    Check {
        id: "headers-referrer-leaks",
        fault: "other sites are told which page a user came from",
        impact: Impact::Low,
        dimension: Dimension::Security,
        settles: Settles::AtOnce,
        why: "Paths and queries hold search terms, order numbers, tokens for a new password. Each link and \
              each embedded picture hands them to its site.",
        how: "Reads `Referrer-Policy` of each page in HTML, and `meta name=referrer`, as browsers do: the \
              last value they know counts. Expected: `no-referrer`, `same-origin`, `strict-origin` or \
              `strict-origin-when-cross-origin`, or nothing, since the last of these is what browsers do by \
              themselves. Tentative where there is a value and browsers know none of it.",
        fix: "Send `Referrer-Policy: strict-origin-when-cross-origin`, or `no-referrer` where addresses \
              hold secrets.",
        sources: &["Referrer Policy, sections 3 and 8.1", "OWASP ASVS 5.0 3.4.5"],
    },
    |_, seen| seen.judge_pages(|answer, page| Some(item(answer, page))),
);

fn item(answer: &Answer, page: &Page) -> Item {
    let header = answer.field("referrer-policy");
    let metas = page.referrer.iter();
    let known = metas.rev().find_map(|meta| referrer::of_meta(meta));
    match known.or_else(|| referrer::of_header(header.as_deref()?)) {
        Some(policy) if GOOD.contains(&policy.as_str()) => return answer.pass(policy),
        Some(policy) => return answer.fail(policy),
        None => {}
    }
    let said: Vec<String> = header.into_iter().chain(page.referrer.last().cloned()).collect();
    let said = said.join(", ");
    if fields::words(&said).is_empty() {
        return answer.pass("nothing is said, and browsers keep paths to themselves");
    }
    // The default is sound, but somebody meant something else.
    answer.doubt(format!("`{said}` has no word that browsers know, so that their default applies"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        contract::{Confidence, Outcome},
        headers::tests::{evidence, outcomes, page},
    };

    fn of(lines: &[&str], body: &str) -> Outcome {
        let headers: Vec<(&str, &str)> =
            lines.iter().map(|line| ("referrer-policy", *line)).collect();
        outcomes(&RULE, &evidence(vec![page(&headers, body)]))[0]
    }

    #[test]
    fn the_last_value_that_is_known_counts() {
        let fail = Outcome::Fail(Confidence::Firm);
        assert_eq!(of(&[], "<p>"), Outcome::Pass);
        assert_eq!(of(&["No-Referrer"], "<p>"), Outcome::Pass);
        assert_eq!(of(&["unsafe-url, strict-origin, whimsy"], "<p>"), Outcome::Pass);
        assert_eq!(of(&["no-referrer", "unsafe-url"], "<p>"), fail);
        assert_eq!(of(&["no-referrer"], "<meta name=referrer content=origin>"), fail);
        assert_eq!(of(&["whimsy"], "<p>"), Outcome::Fail(Confidence::Tentative));
        assert_eq!(of(&["no-referrer"], "<meta name=referrer content=always>"), fail);
        assert_eq!(
            of(&["no-referrer"], "<meta name=referrer content='a, unsafe-url'>"),
            Outcome::Pass
        );
    }

    #[test]
    fn an_empty_value_is_the_default() {
        assert_eq!(of(&[""], "<p>"), Outcome::Pass);
        assert_eq!(of(&["", " , "], "<meta name=referrer content=''>"), Outcome::Pass);
        assert_eq!(of(&["unsafe-url", ""], "<p>"), Outcome::Fail(Confidence::Firm));
    }
}
