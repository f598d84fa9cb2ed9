//! Authorities end too, and what hangs on them ends with them.

use crate::{
    contract::{Check, Confidence, Dimension, Impact, Item, Rule, Settles},
    tls::{
        Tls,
        chain::{Certificate, Chain, Trust, position},
        evidence::Posture,
        when::{DAY, date, span},
    },
};

pub(super) const RULE: Rule<Tls> = Rule::<Tls>::new(
    Check {
        id: "tls-anchor-expiring",
        fault: "an authority above the certificate is about to expire",
        impact: Impact::Medium,
        dimension: Dimension::Transport,
        settles: Settles::AtOnce,
        why: "When an intermediate or a root ends, every certificate below it is refused, on all \
              services at once, however fresh the certificates are. Renewal does not help, and a new \
              root has to reach the trust store of every client first, which takes weeks.",
        how: "A handshake with each address. The time left of every intermediate that was sent and is \
              on the path to a trusted authority, and of that authority's own certificate, must be at \
              least 40 days, or a fifth of its lifetime if that is less. Where only names and keys of \
              the trusted authorities are known (Mozilla's, compiled in), the end of the root is not, \
              and it is left out.",
        fix: "An intermediate: take the chain your authority offers today, and deploy it with the next \
              renewal. A root of your own: make its successor now, give it to every client beside the \
              old one, let the old one sign the new one for those that are late (a cross-signed \
              certificate in the chain), and only then issue from it. Put it into `trust.ca_file` too.",
        sources: &[
            "RFC 5280 section 6.1.3 (a)(2)",
            "the expiry of AddTrust External CA Root on 2020-05-30 and of DST Root CA X3 on 2021-09-30",
        ],
    },
    |_, posture: &Posture| posture.items(|chain| judge(posture, chain)),
).applies(Tls::asks_handshake);

fn judge(posture: &Posture, chain: &Chain) -> Vec<Item> {
    let Some(path) = chain.trust.path() else {
        let why = match chain.trust {
            Trust::Listed => "the certificate itself is listed as trusted; nobody stands above it",
            _ => "no path leads to a trusted authority: see tls-untrusted-issuer",
        };
        return vec![Item::skip("", why)];
    };
    let mut items: Vec<Item> = chain
        .relied_on()
        .skip(1)
        .filter_map(|(i, one)| item(&position(i), one, posture.at))
        .collect();
    let past = || Item::skip("root", "it has expired: see tls-chain-element-expired");
    items.push(if let Some(root) = &path.anchor.certificate {
        item("root", root, posture.at).unwrap_or_else(past)
    } else {
        let name = &path.anchor.name;
        Item::skip("root", format!("of {name} only name and key are known here, not its end"))
    });
    items
}

/// What is to be said of one authority's end; nothing if it is past.
fn item(subject: &str, one: &Certificate, at: i64) -> Option<Item> {
    let left = one.not_after.saturating_sub(at);
    if left < 0 {
        return None;
    }
    let wanted = WANTED.min(one.lifetime() / 5);
    let seen = format!("{} ends in {}, on {}", one.subject, span(left), date(one.not_after));
    if left >= wanted {
        return Some(Item::pass(subject, seen));
    }
    let seen = format!("{seen}; it should have been replaced {} before", span(wanted));
    Some(Item::fail(Confidence::Confirmed, subject, seen))
}

/// How long before its end an authority should have been replaced, in seconds.
const WANTED: i64 = 40 * DAY;

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::{
        contract::{Item, Outcome},
        tls::{
            tests::fixture::{Forge, NOW, judged, self_signed},
            when::DAY,
        },
    };

    fn with_intermediate(from: i64, until: i64) -> Vec<Item> {
        let forge = Forge::new();
        let chain = [forge.leaf(&["shop.example"]), forge.intermediate_of(from, until)];
        judged(&RULE, &forge.posture(&chain, NOW))
    }

    #[test]
    fn an_intermediate_should_be_replaced_40_days_before_its_end() {
        let long = |left| with_intermediate(0, NOW + left)[0].clone();
        assert_eq!(long(40 * DAY).outcome, Outcome::Pass);
        let fails = long(40 * DAY - 1);
        assert!(matches!(fails.outcome, Outcome::Fail(_)));
        assert!(fails.subject.ends_with("certificate 1"), "{fails:?}");
    }

    #[test]
    fn a_short_one_when_a_fifth_of_its_life_is_left() {
        let short = |left: i64| with_intermediate(NOW + left - 30 * DAY + 1, NOW + left)[0].outcome;
        assert_eq!(short(6 * DAY), Outcome::Pass);
        assert!(matches!(short(6 * DAY - 1), Outcome::Fail(_)));
    }

    #[test]
    fn the_root_in_use_counts_although_it_was_not_sent() {
        let forge = Forge::new();
        let root = forge.root_until(NOW + 39 * DAY);
        let forge = forge.trusting(vec![root]);
        let items = judged(
            &RULE,
            &forge.posture(&[forge.leaf(&["shop.example"]), forge.intermediate()], NOW),
        );
        assert_eq!(items[0].outcome, Outcome::Pass);
        assert!(matches!(items[1].outcome, Outcome::Fail(_)), "{items:?}");
        assert!(items[1].subject.ends_with("root"), "{items:?}");
    }

    #[test]
    fn what_has_expired_is_another_checks_business() {
        let forge = Forge::new();
        let root = forge.root_until(NOW - 1);
        let forge = forge.trusting(vec![root]);
        let chain = [forge.leaf(&["shop.example"]), forge.intermediate()];
        let items = judged(&RULE, &forge.posture(&chain, NOW));
        assert_eq!(items[1].outcome, Outcome::Skip);
        assert!(items[1].seen.contains("tls-chain-element-expired"), "{items:?}");
    }

    #[test]
    fn a_root_of_which_nothing_but_its_key_is_known_says_so() {
        let forge = Forge::new();
        let chain = [forge.leaf(&["shop.example"]), forge.intermediate()];
        let items = judged(&RULE, &forge.posture_by_keys(&chain, NOW));
        assert_eq!((items[0].outcome, items[1].outcome), (Outcome::Pass, Outcome::Skip));
        assert_eq!(items[1].seen, "of CN=forge root only name and key are known here, not its end");
    }

    #[test]
    fn an_intermediate_that_no_path_needs_may_end() {
        let forge = Forge::new();
        let other = Forge::new_as("other");
        let unneeded = other.intermediate_of(0, NOW + DAY);
        let chain = [forge.leaf(&["shop.example"]), forge.intermediate(), unneeded];
        let items = judged(&RULE, &forge.posture(&chain, NOW));
        assert!(items.iter().all(|item| item.outcome == Outcome::Pass), "{items:?}");
    }

    #[test]
    fn where_there_is_no_authority_none_can_end() {
        let own = self_signed(false);
        let listed = Forge::new().trusting(vec![own.clone()]);
        for forge in [listed, Forge::new()] {
            let items = judged(&RULE, &forge.posture(std::slice::from_ref(&own), NOW));
            assert_eq!(items[0].outcome, Outcome::Skip, "{items:?}");
        }
    }
}
