//! A certificate may promise that its server staples a statement of its authority.

use crate::{
    contract::{Check, Confidence, Dimension, Impact, Item, Rule, Settles},
    tls::{Tls, chain::Chain, evidence::Seen},
};

pub(super) const RULE: Rule<Tls> = Rule::<Tls>::new(
    Check {
        id: "tls-staple-missing",
        fault: "the certificate promises a stapled OCSP response and none is sent",
        impact: Impact::High,
        dimension: Dimension::Transport,
        settles: Settles::TwoOfThree,
        why: "A certificate with the must-staple extension tells clients to refuse the connection \
              unless a fresh OCSP response comes with it. Firefox and GnuTLS do, the others look away. So \
              some users are locked out, while most monitoring stays green.",
        how: "A handshake with each address that asks for the status, as every handshake of a \
              current client does. If the leaf has the TLS feature extension with status_request \
              (must-staple), a response must come with it. Any other certificate promises nothing, \
              and the check does not apply: many authorities have no OCSP any more, and the absence \
              of a staple is no fault.",
        fix: "Switch stapling on: nginx `ssl_stapling on; ssl_stapling_verify on;` with a `resolver` \
              and the chain in `ssl_trusted_certificate`; Apache `SSLUseStapling on`; HAProxy a \
              `.ocsp` file beside the certificate. nginx sends none before its first fetch after a \
              start, so give it one with `ssl_stapling_file`, kept fresh by a timer. If the \
              authority has no OCSP responder any more, issue the certificate again without \
              must-staple.",
        sources: &[
            "RFC 7633 (TLS feature, must-staple)",
            "RFC 6066 section 8 and RFC 9846 (TLS 1.3), status_request",
            "CA/Browser Forum ballot SC-063: OCSP is optional",
        ],
    },
    |_, posture| posture.items_at(judge),
).applies(Tls::asks_handshake);

fn judge(seen: &Seen, chain: &Chain) -> Vec<Item> {
    let item = match (chain.leaf.must_staple, &seen.staple) {
        (false, _) => Item::skip("", "the certificate does not promise a staple (no must-staple)"),
        (true, Some(_)) => Item::pass("", "it promises a staple (must-staple), and one is sent"),
        (true, None) => Item::fail(
            Confidence::Confirmed,
            "",
            "it promises a staple (must-staple), and none is sent",
        ),
    };
    vec![item]
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::{
        contract::Outcome,
        tls::{
            statements::staple::made::{Made, must_staple},
            tests::fixture::{Forge, NOW, judged},
        },
    };

    #[test]
    fn only_who_promises_a_staple_must_send_one() {
        let forge = Forge::new();
        let promising = forge.leaf_with(&["shop.example"], |params| {
            params.custom_extensions.push(must_staple());
        });
        for (leaf, is_promised) in [(promising, true), (forge.leaf(&["shop.example"]), false)] {
            let chain = [leaf, forge.intermediate()];
            let mut posture = forge.posture(&chain, NOW);
            let without = judged(&RULE, &posture)[0].outcome;
            assert_eq!(matches!(without, Outcome::Fail(_)), is_promised);
            assert_eq!(without == Outcome::Skip, !is_promised);
            forge.staple(&mut posture, &Made::good(&chain[0], NOW));
            let with = judged(&RULE, &posture)[0].outcome;
            assert_eq!(with, if is_promised { Outcome::Pass } else { Outcome::Skip });
        }
    }
}
