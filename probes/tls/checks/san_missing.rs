//! The names a certificate is for stand in its subjectAltName.

use crate::{
    contract::{Check, Confidence, Dimension, Impact, Item, Rule, Settles},
    tls::{
        Tls,
        chain::{Chain, Match},
        evidence::Posture,
    },
};

pub(super) const RULE: Rule<Tls> = Rule::<Tls>::new(
    Check {
        id: "tls-san-missing",
        fault: "the certificate has no subjectAltName",
        impact: Impact::High,
        dimension: Dimension::Transport,
        settles: Settles::AtOnce,
        why: "Clients look for the host's name in the subjectAltName and nowhere else: browsers, \
              Go and Python stopped reading the common name years ago. To them this certificate is \
              for nobody, and the few clients that still connect hide that from whoever tests with \
              them.",
        how: "A handshake with each address; the leaf must have a subjectAltName extension with at \
              least one DNS name or IP address.",
        fix: "Issue it again with the names: `openssl req -addext \
              subjectAltName=DNS:shop.example`, and for `openssl x509 -req` also `-copy_extensions \
              copy`, without which it drops them silently.",
        sources: &[
            "RFC 9525 (the common name identifies nobody)",
            "CA/Browser Forum Baseline Requirements section 7.1.2.7.12",
            "RFC 5280 section 4.2.1.6",
        ],
    },
    |_, posture: &Posture| posture.items(|chain| vec![judge(chain)]),
)
.applies(Tls::asks_handshake);

fn judge(chain: &Chain) -> Item {
    let fail = |seen: &str| Item::fail(Confidence::Confirmed, "", seen);
    if chain.named == Match::Unreadable {
        let why = "its subjectAltName cannot be read: see tls-certificate-unreadable";
        return Item::skip("", why);
    }
    match chain.leaf.name_count {
        None => fail("it has no subjectAltName; the common name, if any, is ignored"),
        Some(0) => fail("its subjectAltName holds neither a DNS name nor an IP address"),
        Some(1) => Item::pass("", "one name"),
        Some(count) => Item::pass("", format!("{count} names")),
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::{
        contract::Outcome,
        tls::{
            checks::hostname_mismatch,
            tests::fixture::{Forge, NOW, judged},
        },
    };

    #[test]
    fn a_common_name_alone_names_nobody() {
        let forge = Forge::new();
        let posture = forge.posture(&[forge.leaf(&[]), forge.intermediate()], NOW);
        assert!(matches!(judged(&RULE, &posture)[0].outcome, Outcome::Fail(_)));
        let mismatch = judged(&hostname_mismatch::RULE, &posture);
        assert_eq!(mismatch[0].outcome, Outcome::Skip, "some clients take it: {mismatch:?}");
        let other = forge.asked("other.example");
        let posture = other.posture(&[other.leaf(&[]), other.intermediate()], NOW);
        let mismatch = judged(&hostname_mismatch::RULE, &posture);
        assert!(mismatch[0].seen.starts_with("it names nobody"), "{mismatch:?}");
    }

    #[test]
    fn a_thousand_names_are_no_fault() {
        let forge = Forge::new();
        let mut names: Vec<String> = (0..999).map(|n| format!("{n}.shop.example")).collect();
        names.push("shop.example".to_owned());
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let posture = forge.posture(&[forge.leaf(&names), forge.intermediate()], NOW);
        let items = judged(&RULE, &posture);
        assert_eq!((items[0].outcome, items[0].seen.as_str()), (Outcome::Pass, "1000 names"));
        assert_eq!(judged(&hostname_mismatch::RULE, &posture)[0].outcome, Outcome::Pass);
    }

    #[test]
    fn a_certificate_without_a_subject_passes() {
        let forge = Forge::new();
        let posture = forge.posture(&[forge.leaf_without_subject(), forge.intermediate()], NOW);
        assert_eq!(judged(&RULE, &posture)[0].outcome, Outcome::Pass);
    }
}
