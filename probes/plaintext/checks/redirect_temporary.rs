//! A redirect that is not permanent is asked for anew every time, without TLS.

use crate::{
    contract::{Check, Confidence, Dimension, Impact, Item, Rule, Settles},
    plaintext::{Evidence, Plaintext, checks::redirects_elsewhere::first},
};

pub(super) const RULE: Rule<Plaintext> = Rule::<Plaintext>::new(
    Check {
        id: "plaintext-redirect-temporary",
        fault: "the redirect from plain HTTP is not permanent",
        impact: Impact::Low,
        dimension: Dimension::Transport,
        settles: Settles::AtOnce,
        why: "Browsers and search engines keep a permanent redirect, and go to https by themselves from \
              then on. A temporary one is asked for without TLS every time.",
        how: "Reads the status of the first redirect by plain HTTP to https. Expected: 301 or 308.",
        fix: "Answer 301, or 308 where methods other than GET must keep their body (`return 308` in \
              nginx, `HttpsRedirection` with a permanent status in ASP.NET Core).",
        sources: &["RFC 9110 sections 15.4.2 and 15.4.9"],
    },
    |_, seen| vec![item(seen)],
);

fn item(seen: &Evidence) -> Item {
    let (hop, to) = match first(seen) {
        Ok(first) => first,
        Err(item) => return item,
    };
    if to.scheme() != "https" {
        return Item::skip(&seen.subject, "plain HTTP does not redirect to https");
    }
    let (status, subject) = (hop.status.as_u16(), &seen.subject);
    let item = match status {
        301 | 308 => Item::pass(subject, format!("answers {status}")),
        _ => Item::fail(Confidence::Confirmed, subject, format!("answers {status}")),
    };
    item.replay(&hop.replay)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        contract::Outcome,
        plaintext::tests::{answered, evidence, hop_to},
    };

    #[test]
    fn permanent_redirects_pass_and_others_fail() {
        let of = |status| {
            let hop = hop_to(status, "https://shop.example/");
            item(&evidence(answered(vec![hop]))).outcome
        };
        for status in [301, 308] {
            assert_eq!(of(status), Outcome::Pass);
        }
        for status in [302, 303, 307] {
            assert_eq!(of(status), Outcome::Fail(Confidence::Confirmed));
        }
    }
}
