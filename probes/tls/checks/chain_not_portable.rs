//! A chain that some current clients refuse.

use crate::{
    contract::{Check, Confidence, Dimension, Impact, Item, Rule, Settles},
    tls::{
        Tls,
        chain::{Chain, Grade, Trust},
        evidence::{Posture, Seen},
    },
};

pub(super) const RULE: Rule<Tls> = Rule::<Tls>::new(
    Check {
        id: "tls-chain-not-portable",
        fault: "a browser or several libraries refuse the certificate chain",
        impact: Impact::High,
        dimension: Dimension::Transport,
        settles: Settles::AtOnce,
        why: "Clients verify by rules of their own. What one browser, library or command accepts, \
              another refuses, so the service works for whoever set it up and fails for others, with \
              a message that names a certificate and no cause.",
        how: "A handshake with each address. What was sent, and the trusted root, are read bit by bit \
              and held against what OpenSSL, Go, Java, GnuTLS, Firefox, Chromium and rustls were seen \
              to refuse. Fails if Firefox or Chromium refuses, or two of the current libraries do; \
              what every client refuses, and what has a check of its own, is told elsewhere.",
        fix: "Issue the certificate that is named again without what is named: most often a private \
              authority's profile has to be changed (`openssl.cnf`, the template of step-ca, Vault or \
              AD CS). A root is replaced last: put its successor into every client first.",
        sources: &[
            "RFC 5280",
            "RFC 9525",
            "measured: OpenSSL 3.0, Go 1.27, OpenJDK 17, GnuTLS 3.7, Firefox ESR 153, Chromium 156 and \
             rustls-webpki 0.103 on 250 chains",
        ],
    },
    |_, posture: &Posture| {
        posture.items_at(|seen, chain| vec![graded(seen, chain, Grade::Several)])
    },
).applies(Tls::asks_handshake);

/// Whether a chain is refused by just so many clients.
pub(super) fn graded(seen: &Seen, chain: &Chain, asked: Grade) -> Item {
    if matches!(chain.trust, Trust::SelfSigned | Trust::Refused(_)) {
        return Item::skip("", "no client has a path to an authority it trusts");
    }
    let stapled = seen.staple.is_some();
    match chain.clients.refusers(stapled).grade() {
        Some(grade) if grade == asked => {
            Item::fail(Confidence::Confirmed, "", chain.clients.described(stapled))
        }
        Some(grade) if grade > asked => {
            Item::skip("", format!("more clients refuse it: see {}", told_by(grade)))
        }
        Some(_) | None => Item::pass("", passing(asked)),
    }
}

fn told_by(grade: Grade) -> &'static str {
    match grade {
        Grade::Unusual => "tls-chain-unusual",
        Grade::One => "tls-chain-refused-by-one",
        Grade::Several => "tls-chain-not-portable",
        Grade::Everyone => "tls-untrusted-issuer and tls-certificate-unreadable",
    }
}

fn passing(asked: Grade) -> &'static str {
    match asked {
        Grade::Unusual => "strict modes, older versions and rustls have nothing against the chain",
        Grade::One => "no current library alone refuses the chain",
        Grade::Several | Grade::Everyone => {
            "no browser and no two current libraries refuse the chain"
        }
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{ExtendedKeyUsagePurpose, KeyUsagePurpose};

    use super::RULE;
    use crate::{
        contract::Outcome,
        tls::{
            checks::{
                certificate_unreadable, chain_refused_by_one, chain_unusual, untrusted_issuer,
            },
            tests::fixture::{Forge, NOW, judged},
        },
    };

    #[test]
    fn a_sound_chain_passes_every_grade() {
        let forge = Forge::new();
        let posture = forge.posture(&[forge.leaf(&["shop.example"]), forge.intermediate()], NOW);
        for rule in [&RULE, &chain_refused_by_one::RULE, &chain_unusual::RULE] {
            let item = &judged(rule, &posture)[0];
            assert_eq!(item.outcome, Outcome::Pass, "{}: {item:?}", rule.check.id);
        }
    }

    #[test]
    fn only_the_gravest_grade_fails_and_it_names_who_refuses_and_what() {
        let forge = Forge::new();
        let leaf = forge.leaf_with(&["shop.example"], |params| {
            params.key_usages = vec![KeyUsagePurpose::KeyEncipherment];
            params.use_authority_key_identifier_extension = false;
        });
        let posture = forge.posture(&[leaf, forge.intermediate()], NOW);
        assert_eq!(
            judged(&RULE, &posture)[0].seen,
            "leaf: its key is for keyEncipherment, not digitalSignature (refused by Java, GnuTLS and \
             Chromium); leaf: it has no authorityKeyIdentifier (refused by OpenSSL in strict mode \
             (Python 3.13 and newer))"
        );
        for rule in [&chain_refused_by_one::RULE, &chain_unusual::RULE] {
            assert_eq!(judged(rule, &posture)[0].outcome, Outcome::Skip, "{}", rule.check.id);
        }
        for rule in [&untrusted_issuer::RULE, &certificate_unreadable::RULE] {
            assert_eq!(judged(rule, &posture)[0].outcome, Outcome::Pass, "{}", rule.check.id);
        }
    }

    #[test]
    fn what_has_a_check_of_its_own_is_not_told_twice() {
        let forge = Forge::new();
        let leaf = forge.leaf_with(&["shop.example"], |params| {
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        });
        let posture = forge.posture(&[leaf, forge.intermediate()], NOW);
        assert_eq!(judged(&RULE, &posture)[0].outcome, Outcome::Pass);
    }

    #[test]
    fn a_chain_that_nobody_trusts_is_not_judged() {
        let (forge, other) = (Forge::new(), Forge::new_as("other"));
        let posture = forge.posture(&[other.leaf(&["shop.example"]), other.intermediate()], NOW);
        assert_eq!(judged(&RULE, &posture)[0].outcome, Outcome::Skip);
    }
}
