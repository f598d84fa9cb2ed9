//! A certificate is good for the purposes it names.

use crate::{
    contract::{Check, Confidence, Dimension, Impact, Item, Rule, Settles},
    tls::{
        Tls,
        chain::{Chain, position},
        evidence::Posture,
    },
};

pub(super) const RULE: Rule<Tls> = Rule::<Tls>::new(
    Check {
        id: "tls-wrong-usage",
        fault: "the certificate may not be used for a TLS server",
        impact: Impact::High,
        dimension: Dimension::Transport,
        settles: Settles::AtOnce,
        why: "A certificate for clients, for code, or for an authority is refused by the clients \
              that read its purpose, and accepted by those that do not, so it works for some. An \
              authority's own certificate on a server means, besides, that the key which signs \
              others lies on that server.",
        how: "A handshake with each address. extendedKeyUsage, where the leaf or an issuer on the \
              path has it, must have serverAuth; keyUsage, where the leaf has it, \
              digitalSignature, with which TLS 1.3 and every ephemeral key exchange sign; and a \
              leaf that another authority issued must not be an authority (CA:TRUE).",
        fix: "Issue a server certificate: `extendedKeyUsage = serverAuth`, `keyUsage = \
              digitalSignature`, `basicConstraints = CA:FALSE`; in cert-manager `usages: [digital \
              signature, server auth]`. If an authority's key was on the server, take it off, and \
              consider it known to whoever could read that machine.",
        sources: &[
            "RFC 5280 sections 4.2.1.3, 4.2.1.9 and 4.2.1.12",
            "RFC 9846 (TLS 1.3): the key must be allowed to sign (digitalSignature)",
            "CA/Browser Forum Baseline Requirements section 7.1.2.7",
        ],
    },
    |_, posture: &Posture| posture.items(judge),
)
.applies(Tls::asks_handshake);

fn judge(chain: &Chain) -> Vec<Item> {
    let mut faults = leaf_faults(chain);
    // An issuer that names no purpose may issue for all; one that names some, for those only.
    let issuers = chain.relied_on().skip(1).filter_map(|(i, one)| {
        let purposes = one.purposes.as_ref().filter(|purposes| !purposes.server)?;
        let seen =
            format!("{} may not issue for servers: its purpose is {}", one.subject, purposes.named);
        Some((i, seen))
    });
    faults.extend(issuers);
    if faults.is_empty() {
        return vec![Item::pass("", "it may be used for a TLS server")];
    }
    let fail = |(i, seen)| Item::fail(Confidence::Confirmed, position(i), seen);
    faults.into_iter().map(fail).collect()
}

fn leaf_faults(chain: &Chain) -> Vec<(usize, String)> {
    let leaf = &chain.leaf;
    let mut faults = Vec::new();
    if let Some(purposes) = leaf.purposes.as_ref().filter(|purposes| !purposes.server) {
        faults.push(format!("its purpose is {}, not serverAuth", purposes.named));
    }
    if let Some(usage) = leaf.key_usage.as_ref().filter(|usage| !usage.signs_handshakes) {
        faults.push(format!(
            "its key is for {}, not digitalSignature, so no current key exchange may use it",
            usage.named
        ));
    }
    // What openssl makes when asked for a self-signed certificate is an authority. Nothing hangs on
    // that: either the certificate is listed, or tls-self-signed fails.
    if leaf.is_authority && !leaf.is_self_issued() {
        faults.push("it is an authority's certificate (CA:TRUE)".to_owned());
    }
    faults.into_iter().map(|fault| (0, fault)).collect()
}

#[cfg(test)]
mod tests {
    use rcgen::{ExtendedKeyUsagePurpose as Purpose, IsCa, KeyUsagePurpose};

    use super::RULE;
    use crate::{
        contract::{Item, Obstacle, Outcome},
        tls::{
            checks::untrusted_issuer,
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
    fn a_key_that_may_not_sign_fails() {
        let items = items(|params| params.key_usages = vec![KeyUsagePurpose::KeyEncipherment]);
        assert!(items[0].seen.starts_with("its key is for Key Encipherment"), "{items:?}");
        assert!(matches!(items[0].outcome, Outcome::Fail(_)));
    }

    #[test]
    fn an_authority_as_a_leaf_fails_and_hides_whether_its_issuer_is_trusted() {
        let forge = Forge::new();
        let leaf = forge.leaf_with(&["shop.example"], |params| {
            params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        });
        let posture = forge.posture(&[leaf, forge.intermediate()], NOW);
        assert!(matches!(judged(&RULE, &posture)[0].outcome, Outcome::Fail(_)));
        let trust = judged(&untrusted_issuer::RULE, &posture)[0].outcome;
        assert_eq!(trust, Outcome::Unknown(Obstacle::Tls));
    }

    #[test]
    fn a_self_signed_authority_is_another_checks_business() {
        let forge = Forge::new();
        let items = judged(&RULE, &forge.posture(&[self_signed(true)], NOW));
        assert_eq!(items[0].outcome, Outcome::Pass);
    }
}
