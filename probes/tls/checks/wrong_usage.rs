//! A certificate is good for the purposes it names.

use crate::{
    contract::{Check, Confidence, Dimension, Impact, Item, Rule, Settles},
    tls::{Tls, chain::Chain, evidence::Posture},
};

pub(super) const RULE: Rule<Tls> = Rule::<Tls>::new(
    Check {
        id: "tls-wrong-usage",
        fault: "the certificate may not be used for a TLS server",
        impact: Impact::Blocker,
        dimension: Dimension::Transport,
        settles: Settles::AtOnce,
        why: "A certificate that was issued for clients, code or mail alone is refused by every client \
              that verifies: its extendedKeyUsage says what it is good for, and a server is not \
              among that.",
        how: "A handshake with each address. extendedKeyUsage, where the leaf has it, must have \
              serverAuth or anyExtendedKeyUsage. Usages that some clients take and others refuse \
              (anyExtendedKeyUsage, a keyUsage without digitalSignature, CA:TRUE, purposes of \
              issuers) are told by tls-chain-not-portable and its kin.",
        fix: "Issue a server certificate: `extendedKeyUsage = serverAuth`, `keyUsage = \
              digitalSignature`, `basicConstraints = CA:FALSE`; in cert-manager `usages: [digital \
              signature, server auth]`.",
        sources: &[
            "RFC 5280 section 4.2.1.12",
            "CA/Browser Forum Baseline Requirements section 7.1.2.7",
            "measured: OpenSSL, Go, Java, GnuTLS, Firefox, Chromium and rustls refuse it",
        ],
    },
    |_, posture: &Posture| posture.items(|chain| vec![judge(chain)]),
)
.applies(Tls::asks_handshake);

fn judge(chain: &Chain) -> Item {
    match chain.leaf.purposes.as_ref().filter(|purposes| !purposes.server && !purposes.any) {
        Some(purposes) => {
            let seen = format!("its purpose is {}, not serverAuth", purposes.named);
            Item::fail(Confidence::Confirmed, "", seen)
        }
        None => Item::pass("", "it may be used for a TLS server"),
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{ExtendedKeyUsagePurpose as Purpose, IsCa, KeyUsagePurpose};

    use super::RULE;
    use crate::{
        contract::{Item, Outcome},
        tls::{
            checks::{chain_not_portable, untrusted_issuer},
            tests::fixture::{Forge, NOW, judged, self_signed},
        },
    };

    fn items(change: impl FnOnce(&mut rcgen::CertificateParams)) -> Vec<Item> {
        let forge = Forge::new();
        let chain = [forge.leaf_with(&["shop.example"], change), forge.intermediate()];
        judged(&RULE, &forge.posture(&chain, NOW))
    }

    #[test]
    fn a_client_certificate_fails_and_its_issuer_stays_trusted() {
        let forge = Forge::new();
        let leaf = forge.leaf_with(&["shop.example"], |params| {
            params.extended_key_usages = vec![Purpose::ClientAuth];
        });
        let posture = forge.posture(&[leaf, forge.intermediate()], NOW);
        let items = judged(&RULE, &posture);
        assert_eq!(items[0].seen, "its purpose is clientAuth, not serverAuth");
        assert_eq!(judged(&untrusted_issuer::RULE, &posture)[0].outcome, Outcome::Pass);
    }

    #[test]
    fn a_certificate_that_names_no_purpose_is_good_for_all() {
        let items = items(|params| {
            params.extended_key_usages.clear();
            params.key_usages.clear();
        });
        assert_eq!(items[0].outcome, Outcome::Pass);
    }

    #[test]
    fn odd_usages_are_told_by_who_refuses_them() {
        let forge = Forge::new();
        let encipherment = |params: &mut rcgen::CertificateParams| {
            params.key_usages = vec![KeyUsagePurpose::KeyEncipherment];
        };
        let authority = |params: &mut rcgen::CertificateParams| {
            params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        };
        let any = |params: &mut rcgen::CertificateParams| {
            params.extended_key_usages = vec![Purpose::Any];
        };
        let leaves = [
            (forge.leaf_with(&["shop.example"], encipherment), "Java, GnuTLS and Chromium"),
            (forge.leaf_with(&["shop.example"], authority), "Firefox and rustls"),
            (forge.leaf_with(&["shop.example"], any), "OpenSSL, Firefox and rustls"),
        ];
        for (leaf, refusers) in leaves {
            let posture = forge.posture(&[leaf, forge.intermediate()], NOW);
            assert_eq!(judged(&RULE, &posture)[0].outcome, Outcome::Pass);
            assert_eq!(judged(&untrusted_issuer::RULE, &posture)[0].outcome, Outcome::Pass);
            let split = &judged(&chain_not_portable::RULE, &posture)[0];
            assert!(split.seen.contains(&format!("refused by {refusers})")), "{split:?}");
        }
    }

    #[test]
    fn a_self_signed_authority_is_another_checks_business() {
        let forge = Forge::new();
        let items = judged(&RULE, &forge.posture(&[self_signed(true)], NOW));
        assert_eq!(items[0].outcome, Outcome::Pass);
    }
}
