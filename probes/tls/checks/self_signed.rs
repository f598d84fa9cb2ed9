//! A certificate that vouches for itself vouches for nothing.

use crate::{
    contract::{Check, Confidence, Dimension, Impact, Item, Rule, Settles},
    tls::{
        Tls,
        chain::{Chain, Trust},
        evidence::Posture,
    },
};

pub(super) const RULE: Rule<Tls> = Rule::<Tls>::new(
    Check {
        id: "tls-self-signed",
        fault: "the certificate is self-signed",
        impact: Impact::Blocker,
        dimension: Dimension::Transport,
        settles: Settles::AtOnce,
        why: "Anyone can make such a certificate for any name, so clients refuse it, or have been \
              told to accept whatever they are shown and can be intercepted without noticing.",
        how: "A handshake with each address. The leaf is self-signed if its own key verifies its \
              signature. One that is listed in `trust.ca_file`, byte for byte, passes: clients \
              that pin it know it.",
        fix: "Replace it with a certificate from an authority the clients trust: ACME for public \
              names, your own authority (cert-manager, step-ca, Vault) for internal ones. A server \
              that was never given a certificate makes one up; look for its TLS settings first. If \
              clients do pin this one, list it in `trust.ca_file`.",
        sources: &["RFC 5280 section 3.2"],
    },
    |_, posture: &Posture| posture.items(|chain| vec![judge(chain)]),
)
.applies(Tls::asks_handshake);

fn judge(chain: &Chain) -> Item {
    let leaf = &chain.leaf;
    match chain.trust {
        Trust::SelfSigned => {
            let seen =
                format!("{} is signed with its own key and not listed as trusted", leaf.subject);
            Item::fail(Confidence::Confirmed, "", seen)
        }
        Trust::Listed => Item::pass("", "the certificate itself is listed as trusted"),
        _ => Item::pass("", format!("issued by {}", leaf.issuer)),
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::{
        contract::Outcome,
        tls::tests::fixture::{Forge, NOW, judged, self_signed},
    };

    #[test]
    fn fails_whether_it_calls_itself_an_authority_or_not() {
        for is_authority in [true, false] {
            let items = judged(&RULE, &Forge::new().posture(&[self_signed(is_authority)], NOW));
            assert!(matches!(items[0].outcome, Outcome::Fail(_)), "{items:?}");
        }
    }

    #[test]
    fn passes_where_exactly_this_certificate_is_listed() {
        for is_authority in [true, false] {
            let leaf = self_signed(is_authority);
            let forge = Forge::new().trusting(vec![leaf.clone()]);
            assert_eq!(judged(&RULE, &forge.posture(&[leaf], NOW))[0].outcome, Outcome::Pass);
        }
    }

    #[test]
    fn another_certificate_of_the_same_name_is_not_the_listed_one() {
        let forge = Forge::new().trusting(vec![self_signed(true)]);
        let items = judged(&RULE, &forge.posture(&[self_signed(true)], NOW));
        assert!(matches!(items[0].outcome, Outcome::Fail(_)), "{items:?}");
    }
}
