//! Whoever knows which keys lead to a service notices every other one.

use crate::{
    contract::{Check, Confidence, Dimension, Impact, Item, Obstacle, Rule, Settles},
    tls::{
        Tls,
        chain::{Certificate, Chain, Step, Trust},
        evidence::Posture,
        settings::pin::Pin,
    },
};

pub(super) const RULE: Rule<Tls> = Rule::<Tls>::new(
    Check {
        id: "tls-unexpected-key",
        fault: "none of the pinned keys leads to the certificate",
        impact: Impact::Blocker,
        dimension: Dimension::Transport,
        settles: Settles::AtOnce,
        why: "Applications that pin a key refuse every other one, and can be mended only by a release \
              of their own. And a certificate that is valid and has none of the known keys is what a \
              stranger between client and server shows: a proxy that inspects traffic, or somebody \
              who got an authority to issue one.",
        how: "A handshake with each address. With `pinned_keys` set, the SHA-256 of the public key \
              (SubjectPublicKeyInfo) of the leaf, of every authority on its path, or of the trusted \
              one it ends at must be among them; one is enough. Where there is no path, the leaf alone \
              can be compared; if it is not pinned, the answer is unknown, because the key may be one \
              above it.",
        fix: "If keys were changed on purpose: applications that pin must get the new pin first, so put \
              the old key back until they have, and keep a pinned key in reserve for the next time. If \
              not: compare what this address shows from another network, look for a proxy in between, \
              and search the certificate transparency logs for certificates of this name that nobody \
              ordered. Add a new pin to `pinned_keys` before the change it is for.",
        sources: &["RFC 7469 section 2.4 (how a key is pinned)", "OWASP: pinning cheat sheet"],
    },
    |tls, posture: &Posture| {
        if tls.pinned_keys.is_empty() {
            return vec![Item::skip("", "no `pinned_keys` are set")];
        }
        posture.items(|chain| vec![judge(&tls.pinned_keys, chain)])
    },
).applies(Tls::asks_handshake);

fn judge(pins: &[Pin], chain: &Chain) -> Item {
    let keys = keys(chain);
    let pinned = |(name, key): &(String, Pin)| {
        pins.contains(key).then(|| format!("the key of {name} is pinned ({key})"))
    };
    if let Some(seen) = keys.iter().find_map(pinned) {
        return Item::pass("", seen);
    }
    if matches!(chain.trust, Trust::Refused(_)) {
        let why =
            "no path leads from the leaf to a trusted authority, and its own key is not pinned";
        return Item::unknown("", &Obstacle::Tls.because(why));
    }
    let shown: Vec<String> = keys.iter().map(|(name, key)| format!("{key} ({name})")).collect();
    let seen = format!("none of the keys on its path is pinned: {}", shown.join(", "));
    Item::fail(Confidence::Confirmed, "", seen)
}

/// The keys that a client goes by, each with its owner's name.
fn keys(chain: &Chain) -> Vec<(String, Pin)> {
    let of = |one: &Certificate| (one.subject.to_string(), Pin::of(&one.key_der));
    let mut keys = vec![("the leaf".to_owned(), Pin::of(&chain.leaf.key_der))];
    if let Some(path) = chain.trust.path() {
        let known = path.steps.iter().filter_map(|step| match step {
            Step::Served(_) => None,
            Step::Known(der) => Certificate::read(der).ok(),
        });
        keys.extend(chain.relied_on().skip(1).map(|(_, one)| of(one)));
        keys.extend(known.map(|one| of(&one)));
        keys.push((path.anchor.name.to_string(), Pin::of(&path.anchor.key_der)));
    }
    keys
}

#[cfg(test)]
mod tests {
    use rustls_pki_types::CertificateDer;

    use super::*;
    use crate::{
        contract::Outcome,
        tls::tests::fixture::{Forge, NOW, judged, judged_with, self_signed},
    };

    fn pin(der: &CertificateDer<'_>) -> Pin {
        Pin::of(&Certificate::read(der).expect("a certificate").key_der)
    }

    fn item(forge: &Forge, chain: &[CertificateDer<'static>], pins: &[Pin]) -> Item {
        let tls = Tls { pinned_keys: pins.to_vec(), ..Tls::default() };
        judged_with(&tls, &RULE, &forge.posture(chain, NOW)).remove(0)
    }

    #[test]
    fn one_pinned_key_anywhere_on_the_path_is_enough() {
        let forge = Forge::new();
        let chain = [forge.leaf(&["shop.example"]), forge.intermediate()];
        for on_path in [&chain[0], &chain[1], &forge.root()] {
            let pins = [Pin::of(b"another"), pin(on_path)];
            assert_eq!(item(&forge, &chain, &pins).outcome, Outcome::Pass);
        }
        let other = item(&forge, &chain, &[Pin::of(b"another")]);
        assert!(matches!(other.outcome, Outcome::Fail(_)));
        assert!(other.seen.contains(&pin(&chain[0]).to_string()), "{other:?}");
    }

    #[test]
    fn an_intermediate_that_only_we_know_is_on_the_path_too() {
        let forge = Forge::new().knowing(|forge| vec![forge.intermediate()]);
        let chain = [forge.leaf(&["shop.example"])];
        assert_eq!(item(&forge, &chain, &[pin(&forge.intermediate())]).outcome, Outcome::Pass);
    }

    #[test]
    fn a_pinned_certificate_that_vouches_for_nobody_does_not_count() {
        let (forge, other) = (Forge::new(), Forge::new_as("other"));
        let chain = [forge.leaf(&["shop.example"]), forge.intermediate(), other.intermediate()];
        let beside = item(&forge, &chain, &[pin(&other.intermediate())]);
        assert!(matches!(beside.outcome, Outcome::Fail(_)), "{beside:?}");
    }

    #[test]
    fn without_a_path_only_the_leaf_can_be_compared() {
        let (forge, other) = (Forge::new(), Forge::new_as("other"));
        let chain = [other.leaf(&["shop.example"]), other.intermediate()];
        let above = item(&forge, &chain, &[pin(&other.intermediate())]);
        assert_eq!(above.outcome, Outcome::Unknown(Obstacle::Tls));
        assert_eq!(item(&forge, &chain, &[pin(&chain[0])]).outcome, Outcome::Pass);
    }

    #[test]
    fn nobody_stands_above_a_self_signed_certificate() {
        let own = [self_signed(false)];
        let fails = item(&Forge::new(), &own, &[Pin::of(b"another")]);
        assert!(matches!(fails.outcome, Outcome::Fail(_)), "{fails:?}");
        assert_eq!(item(&Forge::new(), &own, &[pin(&own[0])]).outcome, Outcome::Pass);
    }

    #[test]
    fn who_pins_nothing_expects_nothing() {
        let forge = Forge::new();
        let chain = [forge.leaf(&["shop.example"]), forge.intermediate()];
        assert_eq!(judged(&RULE, &forge.posture(&chain, NOW))[0].outcome, Outcome::Skip);
    }
}
