//! A certificate is worth what its issuer is worth.

use crate::{
    contract::{Check, Confidence, Dimension, Impact, Item, Obstacle, Rule, Settles},
    tls::{
        Tls,
        chain::{Anchor, Chain, Grade, Refusal, Trust},
        evidence::Posture,
    },
};

pub(super) const RULE: Rule<Tls> = Rule::<Tls>::new(
    Check {
        id: "tls-untrusted-issuer",
        fault: "the certificate's issuer is not trusted",
        impact: Impact::Blocker,
        dimension: Dimension::Transport,
        settles: Settles::AtOnce,
        why: "No path leads from the certificate to an authority the target's clients trust, so \
              they refuse the connection, or have verification switched off and talk to whoever \
              answers.",
        how: "A handshake with each address. A path is looked for, offline, from the leaf through \
              what was sent and the intermediates known otherwise to the authorities of `trust` \
              (the system's by default). Fails where there is none, or where every client refuses it: \
              for name constraints, path lengths, an issuer that is no authority. Dates, missing \
              intermediates, weak keys and signatures are overlooked here and judged by checks of \
              their own, as is what only some clients refuse.",
        fix: "If the issuer is an authority of your own, give gonogo its root with \
              `trust.ca_file`, and make sure that clients have it too. If it should be a public \
              one, see which certificate was deployed: a staging or test authority's (Let's \
              Encrypt's staging issuers are named STAGING), a proxy's that inspects traffic, or a \
              development certificate. If weakness is named as the cause, fix that first.",
        sources: &[
            "RFC 5280 section 6",
            "RFC 9846 (TLS 1.3), the Certificate message",
            "CA/Browser Forum Baseline Requirements",
        ],
    },
    |_, posture: &Posture| posture.items(|chain| vec![judge(chain)]),
)
.applies(Tls::asks_handshake);

fn judge(chain: &Chain) -> Item {
    let is_refused = chain.clients.refusers(true).grade() == Some(Grade::Everyone);
    let is_unread = chain.clients.non_readers().grade() == Some(Grade::Everyone);
    match &chain.trust {
        Trust::Listed => Item::pass("", "the certificate itself is listed as trusted"),
        Trust::SelfSigned => Item::skip("", "it is signed with its own key: see tls-self-signed"),
        Trust::Anchored { .. } if is_refused && !is_unread => {
            refused(chain.clients.described(true))
        }
        Trust::Anchored { path, .. } => {
            Item::pass("", format!("issued under {}", authority(&path.anchor)))
        }
        Trust::Refused(_) if is_unread => {
            Item::skip("", "no client can read the certificate: see tls-certificate-unreadable")
        }
        Trust::Refused(refusal) => explain(chain, refusal),
    }
}

fn explain(chain: &Chain, refusal: &Refusal) -> Item {
    let unknown = |why: &str| Item::unknown("", &Obstacle::Tls.because(why));
    match refusal {
        Refusal::UnknownIssuer { issuer, is_alone: true, issuer_url: Some(url), .. } => {
            refused(format!(
                "it was issued by {issuer}, whose certificate was not sent and is not known; most \
                 likely that intermediate is missing from the server's chain ({url} should have it)"
            ))
        }
        Refusal::UnknownIssuer { issuer, is_rooted: true, .. } => {
            refused(format!("its root, {issuer}, is not trusted"))
        }
        Refusal::UnknownIssuer { issuer, is_alone: true, .. } => refused(format!(
            "it was issued by {issuer}, which is not trusted; if that is an intermediate of an \
             authority that is, the server fails to send it"
        )),
        Refusal::UnknownIssuer { issuer, .. } => {
            refused(format!("what was sent ends at {issuer}, which is not trusted"))
        }
        Refusal::WrongKey => refused(format!(
            "an authority with its issuer's name ({}) is known, but the signature is not that \
             authority's; it may have been created anew with another key",
            chain.leaf.issuer
        )),
        Refusal::TooWeak => refused(
            "no client verifies its path, because a signature or key on it is too weak: see \
             tls-weak-signature and tls-weak-key for the cause"
                .to_owned(),
        ),
        Refusal::Exhausted => unknown(
            "so many certificates with the same names were sent that not every way through them was \
             tried",
        ),
        Refusal::Unverifiable => {
            unknown("it is signed with an algorithm that gonogo does not have")
        }
    }
}

fn refused(seen: String) -> Item {
    Item::fail(Confidence::Confirmed, "", seen)
}

fn authority(anchor: &Anchor) -> String {
    match &anchor.certificate {
        Some(certificate) => certificate.subject.to_string(),
        None => "a trusted authority".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::{
        contract::{Item, Outcome},
        tls::tests::fixture::{Forge, NOW, judged},
    };

    fn seen(forge: &Forge, chain: &[rustls_pki_types::CertificateDer<'static>]) -> Item {
        judged(&RULE, &forge.posture(chain, NOW)).remove(0)
    }

    #[test]
    fn a_trusted_issuer_is_named() {
        let forge = Forge::new();
        let item = seen(&forge, &[forge.leaf(&["shop.example"]), forge.intermediate()]);
        assert_eq!(item.outcome, Outcome::Pass);
        assert_eq!(item.seen, "issued under CN=forge root");
    }

    #[test]
    fn a_root_that_nobody_trusts_is_named_whether_it_was_sent_or_not() {
        let (forge, other) = (Forge::new(), Forge::new_as("other"));
        let mut chain = vec![other.leaf(&["shop.example"]), other.intermediate()];
        assert_eq!(
            seen(&forge, &chain).seen,
            "what was sent ends at CN=other root, which is not trusted"
        );
        chain.push(other.root());
        let item = seen(&forge, &chain);
        assert!(matches!(item.outcome, Outcome::Fail(_)));
        assert_eq!(item.seen, "its root, CN=other root, is not trusted");
    }

    #[test]
    fn an_authority_made_anew_under_the_same_name_is_told_apart() {
        let (forge, other) = (Forge::new(), Forge::new());
        let item = seen(&forge, &[other.leaf(&["shop.example"]), other.intermediate()]);
        assert!(matches!(item.outcome, Outcome::Fail(_)));
        assert!(item.seen.contains("created anew"), "{}", item.seen);
    }

    #[test]
    fn dates_are_not_this_checks_business() {
        let forge = Forge::new();
        let chain = [forge.leaf_of(NOW - 100, NOW - 1), forge.intermediate()];
        assert_eq!(seen(&forge, &chain).outcome, Outcome::Pass);
    }

    #[test]
    fn names_an_authority_may_not_issue_for_are_refused() {
        let forge = Forge::new();
        let (leaf, intermediate) = forge.under_constraint("other.example", "shop.example");
        let item = seen(&forge, &[leaf, intermediate]);
        assert!(matches!(item.outcome, Outcome::Fail(_)));
        assert!(item.seen.contains("name constraints"), "{}", item.seen);
    }

    #[test]
    fn certificates_that_were_never_valid_together_are_signed_all_the_same() {
        let forge = Forge::new();
        let chain = [forge.leaf_of(NOW - 100, NOW + 100), forge.intermediate_of(0, NOW - 1000)];
        assert_eq!(seen(&forge, &chain).outcome, Outcome::Pass);
    }
}
