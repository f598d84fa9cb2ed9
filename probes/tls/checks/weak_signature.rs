//! A signature over a broken hash can be moved to another certificate.

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
        id: "tls-weak-signature",
        fault: "a certificate is signed with a broken hash",
        impact: Impact::High,
        dimension: Dimension::Transport,
        settles: Settles::AtOnce,
        why: "Two certificates can be made that have the same SHA-1 or MD5 hash, so a signature \
              given for a harmless one is as good on a forged one. Browsers have refused SHA-1 \
              since 2017; OpenSSL at its default level in current distributions and Go refuse it \
              too.",
        how: "A handshake with each address; the signature algorithm of every certificate a client \
              relies on. A self-signed certificate's own signature proves nothing and is not \
              judged.",
        fix: "Issue the certificate again with SHA-256 or better. If your own authority signed it, \
              change its default first (`default_md` of openssl.cnf, `certutil -setreg \
              ca\\csp\\CNGHashAlgorithm SHA256` for Windows), and then the intermediates, from the \
              top down.",
        sources: &[
            "RFC 9325 section 4.5",
            "CA/Browser Forum Baseline Requirements section 7.1.3.2",
            "RFC 6151",
            "RFC 6194",
        ],
    },
    |_, posture: &Posture| posture.items(judge),
)
.applies(Tls::asks_handshake);

fn judge(chain: &Chain) -> Vec<Item> {
    let weak = chain.relied_on().filter(|(_, one)| !one.is_self_issued()).filter_map(|(i, one)| {
        let hash = one.signature.broken_hash?;
        let seen = format!(
            "{} is signed with {}, which relies on {hash}",
            one.subject, one.signature.algorithm
        );
        Some(Item::fail(Confidence::Confirmed, position(i), seen))
    });
    let weak: Vec<Item> = weak.collect();
    if weak.is_empty() {
        vec![Item::pass("", format!("the leaf is signed with {}", chain.leaf.signature.algorithm))]
    } else {
        weak
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::{
        contract::Outcome,
        tls::{
            checks::untrusted_issuer,
            tests::fixture::{Forge, NOW, committed, judged},
        },
    };

    #[test]
    fn broken_hashes_fail_wherever_a_client_relies_on_them() {
        let cases = [("sha1.pem", "SHA-1"), ("md5.pem", "MD5"), ("under-sha1.pem", "SHA-1")];
        for (name, hash) in cases {
            let (root, chain) = committed(name);
            let forge = Forge::new().trusting(vec![root]);
            let items = judged(&RULE, &forge.posture(&chain, NOW));
            assert!(matches!(items[0].outcome, Outcome::Fail(_)), "{name}: {items:?}");
            assert!(items[0].seen.contains(hash), "{name}: {items:?}");
        }
    }

    #[test]
    fn trust_is_lost_only_where_every_client_refuses_the_weakness() {
        for (name, is_lost) in [
            ("sha1.pem", false),
            ("under-sha1.pem", false),
            ("under-rsa1024.pem", false),
            ("md5.pem", true),
        ] {
            let (root, chain) = committed(name);
            let forge = Forge::new().trusting(vec![root]);
            let items = judged(&untrusted_issuer::RULE, &forge.posture(&chain, NOW));
            let fails = matches!(items[0].outcome, Outcome::Fail(_));
            assert_eq!(fails, is_lost, "{name}: {items:?}");
            assert_eq!(items[0].seen.contains("too weak"), is_lost, "{name}: {items:?}");
        }
    }

    #[test]
    fn an_issuer_that_is_unknown_besides_is_not_excused_by_the_weakness() {
        let (_, chain) = committed("sha1.pem");
        let items = judged(&untrusted_issuer::RULE, &Forge::new().posture(&chain, NOW));
        assert!(items[0].seen.contains("not trusted"), "{items:?}");
    }
}
