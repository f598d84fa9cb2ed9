//! The first redirect decides whether a browser learns to stay with TLS.

use crate::{
    contract::{Check, Confidence, Dimension, Impact, Item, Rule, Settles},
    plaintext::{Evidence, Plaintext},
    web::knock::{Door, Hop},
};

pub(super) const RULE: Rule<Plaintext> = Rule::<Plaintext>::new(
    Check {
        id: "plaintext-redirects-elsewhere",
        fault: "plain HTTP does not redirect to TLS on the same host",
        impact: Impact::Low,
        dimension: Dimension::Transport,
        settles: Settles::AtOnce,
        why: "A browser keeps `Strict-Transport-Security` by host. Sent to another host first, it never \
              learns it for this one, and every visit begins without TLS, open to whoever rewrites the \
              redirect.",
        how: "Reads where the first answer by plain HTTP redirects to. Expected: https on the same \
              host, on any port.",
        fix: "Redirect http://host/path to https://host/path first, and from there to wherever it \
              should go.",
        sources: &["RFC 6797 section 7.2", "MDN HTTP Observatory, redirection"],
    },
    |_, seen| vec![item(seen)],
);

fn item(seen: &Evidence) -> Item {
    match first(seen) {
        Ok((hop, to)) => {
            let same = to.host_str().is_some_and(|host| host.trim_matches(['[', ']']) == seen.host);
            let item = match (to.scheme(), same) {
                ("https", true) => Item::pass(&seen.subject, format!("redirects to {to}")),
                ("https", false) => fail(seen, format!("redirects to another host: {to}")),
                _ => fail(seen, format!("redirects to more plain HTTP first: {to}")),
            };
            item.replay(&hop.replay)
        }
        Err(item) => item,
    }
}

fn fail(seen: &Evidence, words: String) -> Item {
    Item::fail(Confidence::Confirmed, &seen.subject, words)
}

/// The first answer and where it redirects to, or the item for a check that has nothing to judge.
pub(in crate::plaintext) fn first(seen: &Evidence) -> Result<(&Hop, &url::Url), Item> {
    let subject = &seen.subject;
    match &seen.door {
        Door::Closed(_) => Err(Item::skip(subject, "nothing answers by plain HTTP")),
        Door::Absent(reason) => Err(Item::skip(subject, *reason)),
        Door::Obstructed(obstructed) => Err(Item::unknown(subject, obstructed)),
        Door::Answered { hops, .. } => match hops.first().map(|hop| (hop, &hop.location)) {
            Some((hop, Some(Ok(to)))) => Ok((hop, to)),
            Some((_, Some(Err(obstructed)))) => Err(Item::unknown(subject, obstructed)),
            _ => Err(Item::skip(subject, "plain HTTP does not redirect")),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        contract::Outcome,
        plaintext::tests::{answered, evidence, hop, hop_to},
    };

    fn outcome(to: &str) -> Outcome {
        item(&evidence(answered(vec![hop_to(301, to)]))).outcome
    }

    #[test]
    fn https_on_the_same_host_is_the_way() {
        assert_eq!(outcome("https://shop.example/"), Outcome::Pass);
        assert_eq!(outcome("https://SHOP.example:8443/login"), Outcome::Pass);
    }

    #[test]
    fn another_host_or_more_plain_http_fails() {
        for to in ["https://www.shop.example/", "http://shop.example/home", "http://x.example/"] {
            assert_eq!(outcome(to), Outcome::Fail(Confidence::Confirmed), "{to}");
        }
    }

    #[test]
    fn without_a_redirect_there_is_no_question() {
        assert_eq!(item(&evidence(answered(vec![hop(200, "")]))).outcome, Outcome::Skip);
        assert_eq!(item(&evidence(Door::Closed("refused".to_owned()))).outcome, Outcome::Skip);
    }
}
