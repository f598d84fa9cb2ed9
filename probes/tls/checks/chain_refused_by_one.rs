//! A chain that one current library refuses.

use super::chain_not_portable::graded;
use crate::{
    contract::{Check, Confidence, Dimension, Impact, Item, Rule, Settles},
    tls::{
        Tls,
        chain::Grade,
        evidence::{Posture, Seen},
    },
};

pub(super) const RULE: Rule<Tls> = Rule::<Tls>::new(
    Check {
        id: "tls-chain-refused-by-one",
        fault: "one library refuses the certificate chain",
        impact: Impact::Medium,
        dimension: Dimension::Transport,
        settles: Settles::AtOnce,
        why: "Programs verify with one of a few libraries. Those that use the one that is named cannot \
              connect, and nobody who tests with another sees it: partners, jobs and agents fail where \
              browsers succeed.",
        how: "A handshake with each address, judged as for tls-chain-not-portable. Fails if exactly one \
              of OpenSSL, Go, Java and GnuTLS, in its current version, refuses the chain, and neither \
              Firefox nor Chromium does.",
        fix: "If programs with that library are among the clients, issue the certificate that is named \
              again without what is named. Otherwise waive it, with that reason.",
        sources: &[
            "RFC 5280",
            "RFC 9525",
            "measured: OpenSSL 3.0, Go 1.27, OpenJDK 17 and GnuTLS 3.7 on 250 chains",
        ],
    },
    |_, posture: &Posture| {
        let at_address = |seen: &Seen| {
            match &seen.chain {
            Ok(chain) => seen.show(graded(seen, chain, Grade::One)),
            Err(_) if seen.is_too_large() => seen.show(Item::fail(
                Confidence::Confirmed,
                "",
                "the chain is longer than 64 KiB (refused by Java and rustls, and by others if it is \
                 much longer)",
            )),
            Err(none) => seen.show(none.item()),
        }
        };
        posture.seen.iter().map(at_address).collect()
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
    fn the_only_library_that_refuses_is_named() {
        let forge = Forge::new().asked("under_score.shop.example");
        let leaf = forge.leaf(&["under_score.shop.example"]);
        let items = judged(&RULE, &forge.posture(&[leaf, forge.intermediate()], NOW));
        assert!(matches!(items[0].outcome, Outcome::Fail(_)), "{items:?}");
        assert_eq!(items[0].seen, "leaf: its name has an underscore (refused by Java)");
    }
}
