//! A key that can be broken protects nothing it signs.

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
        id: "tls-weak-key",
        fault: "a key is too short",
        impact: Impact::High,
        dimension: Dimension::Transport,
        settles: Settles::AtOnce,
        why: "Whoever breaks the key can pose as the server, or, if it is an issuer's, as any \
              server. RSA of 512 bits breaks within hours on rented machines, 1024 bits is within \
              reach of states, and current clients refuse both, often with a message that does not \
              say why.",
        how: "A handshake with each address; the public keys of the leaf, of every certificate a \
              client relies on, and of the trusted root. RSA must have 2048 bits, elliptic curves \
              256.",
        fix: "Make a new key (`openssl ecparam -name prime256v1 -genkey`, or RSA of 2048 bits or \
              more) and request a certificate for it; renewing often keeps the old key (`certbot \
              renew --new-key`). If it is an issuer's key, move to a new issuer before anything \
              else here.",
        sources: &[
            "RFC 9325 section 4.5",
            "CA/Browser Forum Baseline Requirements section 6.1.5",
            "TLSRef 6.0",
        ],
    },
    |_, posture: &Posture| posture.items(judge),
)
.applies(Tls::asks_handshake);

fn judge(chain: &Chain) -> Vec<Item> {
    let root = chain.trust.path().and_then(|path| path.anchor.certificate.as_ref());
    let root = root.map(|root| ("root".to_owned(), root));
    let all = chain.relied_on().map(|(i, one)| (position(i), one)).chain(root);
    let weak = all.filter_map(|(place, one)| {
        let weakness = one.key.weakness()?;
        Some(Item::fail(Confidence::Confirmed, place, format!("{}: {weakness}", one.subject)))
    });
    let weak: Vec<Item> = weak.collect();
    if weak.is_empty() { vec![Item::pass("", chain.leaf.key.to_string())] } else { weak }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::{
        contract::Outcome,
        tls::tests::fixture::{Forge, NOW, committed, judged},
    };

    #[test]
    fn short_rsa_fails_in_the_leaf_and_above() {
        for name in ["rsa1024.pem", "rsa512.pem", "under-rsa1024.pem"] {
            let (root, chain) = committed(name);
            let forge = Forge::new().trusting(vec![root]);
            let items = judged(&RULE, &forge.posture(&chain, NOW));
            assert!(matches!(items[0].outcome, Outcome::Fail(_)), "{name}: {items:?}");
            assert!(items[0].seen.contains("RSA "), "{name}: {items:?}");
        }
    }

    #[test]
    fn current_keys_pass() {
        for key in Forge::every_key() {
            let name = format!("{:?}", rcgen::PublicKeyData::algorithm(&key));
            let forge = Forge::new();
            let chain = [forge.leaf_for(&key), forge.intermediate()];
            let items = judged(&RULE, &forge.posture(&chain, NOW));
            assert_eq!(items[0].outcome, Outcome::Pass, "{name}: {items:?}");
        }
    }
}
