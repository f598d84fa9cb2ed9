//! A certificate must be one that clients can read.

use crate::{
    contract::{Check, Confidence, Dimension, Impact, Item, Rule, Settles},
    tls::{
        Tls,
        chain::{Chain, Grade},
        evidence::{NoChain, Posture},
    },
};

pub(super) const RULE: Rule<Tls> = Rule::<Tls>::new(
    Check {
        id: "tls-certificate-unreadable",
        fault: "no client can read the certificate",
        impact: Impact::Blocker,
        dimension: Dimension::Transport,
        settles: Settles::AtOnce,
        why: "A certificate that is malformed, or has a critical extension that no client knows, is \
              refused by every client before it looks at names, dates or issuers. Their messages \
              (\"bad certificate\", \"ASN.1 error\") do not say what is wrong with it.",
        how: "A handshake with each address. The certificates on the leaf's path are read field by \
              field, and what is wrong is held against what clients were seen to refuse. Fails where \
              all of them do; what some read is told by tls-chain-not-portable.",
        fix: "Issue the certificate again without what is named. If a tool of your own makes it, \
              `openssl asn1parse` and `openssl x509 -text` show the place; certificate libraries do not \
              make such fields by themselves.",
        sources: &[
            "RFC 5280 sections 4.1 and 4.2",
            "ITU-T X.690 (DER)",
            "measured: OpenSSL, Go, Java, GnuTLS, Firefox, Chromium and rustls",
        ],
    },
    |_, posture: &Posture| {
        let at_address = |seen: &crate::tls::evidence::Seen| match &seen.chain {
            Ok(chain) => seen.show(judge(chain)),
            Err(NoChain::Unreadable(why)) => {
                let seen_there = format!("it is no certificate: {why}");
                seen.show(Item::fail(Confidence::Confirmed, "", seen_there))
            }
            Err(none) => seen.show(none.item()),
        };
        posture.seen.iter().map(at_address).collect()
    },
).applies(Tls::asks_handshake);

fn judge(chain: &Chain) -> Item {
    if chain.clients.non_readers().grade() == Some(Grade::Everyone) {
        return Item::fail(Confidence::Confirmed, "", chain.clients.described(true));
    }
    Item::pass("", "clients can read it")
}

#[cfg(test)]
mod tests {
    use rcgen::CustomExtension;
    use rustls_pki_types::CertificateDer;

    use super::RULE;
    use crate::{
        contract::{Item, Outcome},
        tls::{
            checks::RULES,
            tests::fixture::{Forge, NOW, judged},
        },
    };

    fn seen(forge: &Forge, leaf: CertificateDer<'static>) -> Item {
        judged(&RULE, &forge.posture(&[leaf, forge.intermediate()], NOW)).remove(0)
    }

    #[test]
    fn an_extension_that_nobody_knows_is_named() {
        let forge = Forge::new();
        let leaf = forge.leaf_with(&["shop.example"], |params| {
            let mut unknown = CustomExtension::from_oid_content(&[1, 2, 3, 4], vec![5, 0]);
            unknown.set_criticality(true);
            params.custom_extensions.push(unknown);
        });
        let item = seen(&forge, leaf);
        assert!(matches!(item.outcome, Outcome::Fail(_)), "{item:?}");
        assert!(item.seen.contains("1.2.3.4 is critical"), "{item:?}");
    }

    #[test]
    fn a_name_extension_that_stands_twice_fails_here_alone() {
        let forge = Forge::new();
        let leaf = forge.leaf_with(&["shop.example"], |params| {
            let again = CustomExtension::from_oid_content(&[2, 5, 29, 17], vec![0x30, 0]);
            params.custom_extensions.push(again);
        });
        let posture = forge.posture(&[leaf, forge.intermediate()], NOW);
        let fails = |outcome: Outcome| matches!(outcome, Outcome::Fail(_));
        let failing = RULES
            .iter()
            .filter(|rule| judged(rule, &posture).iter().any(|item| fails(item.outcome)));
        let failing: Vec<_> = failing.map(|rule| rule.check.id).collect();
        assert_eq!(failing, ["tls-certificate-unreadable"]);
    }

    #[test]
    fn bytes_that_are_no_certificate_fail_and_every_other_check_stands_aside() {
        let forge = Forge::new();
        let leaf = forge.leaf(&["shop.example"]);
        let cut = CertificateDer::from(leaf[..leaf.len() / 2].to_vec());
        let posture = forge.posture(&[cut, forge.intermediate()], NOW);
        let item = &judged(&RULE, &posture)[0];
        assert!(matches!(item.outcome, Outcome::Fail(_)), "{item:?}");
        assert!(item.seen.contains("cut off"), "{item:?}");
        let other = &judged(&super::super::certificate_expired::RULE, &posture)[0];
        assert_eq!(other.outcome, Outcome::Skip, "{other:?}");
    }
}
