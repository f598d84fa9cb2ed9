//! A chain that only strict or old clients refuse.

use super::chain_not_portable::graded;
use crate::{
    contract::{Check, Dimension, Impact, Rule, Settles},
    tls::{Tls, chain::Grade, evidence::Posture},
};

pub(super) const RULE: Rule<Tls> = Rule::<Tls>::new(
    Check {
        id: "tls-chain-unusual",
        fault: "strict or old clients refuse the certificate chain",
        impact: Impact::Low,
        dimension: Dimension::Transport,
        settles: Settles::AtOnce,
        why: "Browsers and current libraries accept the chain as they are set up by default, and \
              stricter programs do not: Python verifies strictly since 3.13, and what is strict today \
              tends to be the default tomorrow.",
        how: "A handshake with each address, judged as for tls-chain-not-portable. Fails if nobody \
              refuses the chain but OpenSSL in its strict mode (X509_V_FLAG_X509_STRICT), older \
              versions of Go, or rustls.",
        fix: "Change the authority's profile, so that the next certificate is right: \
              authorityKeyIdentifier and subjectKeyIdentifier in every certificate \
              (`authorityKeyIdentifier = keyid`), keyUsage and critical basicConstraints in every \
              authority's. There is no hurry.",
        sources: &[
            "RFC 5280 section 4.2",
            "OpenSSL, X509_VERIFY_PARAM_set_flags(3): X509_V_FLAG_X509_STRICT",
            "Python 3.13, ssl.create_default_context: VERIFY_X509_STRICT",
        ],
    },
    |_, posture: &Posture| {
        posture.items_at(|seen, chain| vec![graded(seen, chain, Grade::Unusual)])
    },
).applies(Tls::asks_handshake);

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::{
        contract::Outcome,
        tls::tests::fixture::{Forge, NOW, judged},
    };

    #[test]
    fn a_leaf_without_an_identifier_of_its_issuer_is_unusual() {
        let forge = Forge::new();
        let leaf = forge.leaf_with(&["shop.example"], |params| {
            params.use_authority_key_identifier_extension = false;
        });
        let items = judged(&RULE, &forge.posture(&[leaf, forge.intermediate()], NOW));
        assert!(matches!(items[0].outcome, Outcome::Fail(_)), "{items:?}");
        assert!(items[0].seen.contains("strict mode"), "{items:?}");
    }
}
