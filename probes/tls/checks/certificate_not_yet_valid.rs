//! A certificate from the future is refused like an expired one.

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
        id: "tls-certificate-not-yet-valid",
        fault: "the certificate is not valid yet",
        impact: Impact::Blocker,
        dimension: Dimension::Transport,
        settles: Settles::AtOnce,
        why: "Clients refuse a certificate before its first second just as they refuse one after \
              its last, so nobody can connect. It usually means that the clock of the issuing \
              authority is ahead, or that a certificate prepared for a later change was installed \
              too early.",
        how: "A handshake with each address; the start of the leaf's validity is compared with the \
              time of the visit on gonogo's clock.",
        fix: "Put the previous certificate back if it has not expired. Then compare the clocks \
              (`date -u`) of this host, the issuing authority and gonogo; an authority of your own \
              should date certificates back by a few minutes to bear with clients whose clocks are \
              behind.",
        sources: &["RFC 5280 section 4.1.2.5", "RFC 5280 section 6.1.3 (a)(2)"],
    },
    |_, posture| posture.items(|chain| vec![judge(posture, chain)]),
)
.applies(Tls::asks_handshake);

fn judge(posture: &Posture, chain: &Chain) -> Item {
    let ahead = chain.leaf.not_before - posture.at;
    let start = date(chain.leaf.not_before);
    if ahead > 0 {
        let seen = format!("{} becomes valid in {}, on {start}", chain.leaf.subject, span(ahead));
        Item::fail(Confidence::Confirmed, "", seen)
    } else {
        Item::pass("", format!("valid since {start}"))
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        contract::Outcome,
        tls::tests::fixture::{Forge, judged},
    };

    #[test]
    fn a_certificate_is_valid_from_its_first_second() {
        let forge = Forge::new();
        let chain = [forge.leaf_of(100, 200), forge.intermediate()];
        let outcome = |at| judged(&super::RULE, &forge.posture(&chain, at))[0].outcome;
        assert_eq!(outcome(100), Outcome::Pass);
        assert!(matches!(outcome(99), Outcome::Fail(_)));
    }
}
