//! An expired certificate takes the whole service down.

use crate::{
    contract::{Check, Confidence, Dimension, Impact, Item, Rule, Settles},
    tls::{
        Tls,
        chain::Chain,
        evidence::Posture,
        when::{date, span},
    },
};

pub(super) const RULE: Rule<Tls> = Rule::<Tls>::new(
    Check {
        id: "tls-certificate-expired",
        fault: "the certificate has expired",
        impact: Impact::Blocker,
        dimension: Dimension::Transport,
        settles: Settles::AtOnce,
        why: "Every client that verifies certificates refuses the connection: browsers show a \
              full-page warning, programs fail their requests. People who are told to click \
              through, and programs whose verification is switched off, are then open to anyone in \
              between.",
        how: "A handshake with each address; the end of the leaf's validity is compared with the \
              time of the visit on gonogo's clock, whatever else is wrong with the chain.",
        fix: "Issue a new certificate and reload the server now (`certbot renew`, `cmctl renew`, \
              or your authority's portal). If the file on disk is already new, the server has not \
              reloaded it: reload it, and add that to the renewal's deploy hook. If only one \
              address is named, that node was left out of the roll-out. Then find out why renewal \
              failed and nobody heard.",
        sources: &["RFC 5280 section 4.1.2.5", "RFC 5280 section 6.1.3 (a)(2)"],
    },
    |_, posture| posture.items(|chain| vec![judge(posture, chain)]),
)
.applies(Tls::asks_handshake);

fn judge(posture: &Posture, chain: &Chain) -> Item {
    let left = chain.leaf.not_after - posture.at;
    let end = date(chain.leaf.not_after);
    if left < 0 {
        let seen = format!("{} expired {} ago, on {end}", chain.leaf.subject, span(left));
        Item::fail(Confidence::Confirmed, "", seen)
    } else {
        Item::pass("", format!("valid until {end}, for {}", span(left)))
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        contract::Outcome,
        tls::tests::fixture::{Forge, judged},
    };

    #[test]
    fn a_certificate_is_valid_in_its_last_second_and_expired_in_the_next() {
        let forge = Forge::new();
        let leaf = forge.leaf_of(100, 200);
        let chain = [leaf, forge.intermediate()];
        assert_eq!(judged(&super::RULE, &forge.posture(&chain, 200))[0].outcome, Outcome::Pass);
        let item = &judged(&super::RULE, &forge.posture(&chain, 201))[0];
        assert!(matches!(item.outcome, Outcome::Fail(_)), "{item:?}");
        assert!(item.seen.contains("expired 0 minutes ago"), "{}", item.seen);
    }
}
