//! Each certificate of a chain certifies the one before it.

use crate::{
    contract::{Check, Confidence, Dimension, Impact, Item, Rule, Settles},
    tls::{
        Tls,
        chain::{Certificate, Chain, position},
        evidence::Posture,
    },
};

pub(super) const RULE: Rule<Tls> = Rule::<Tls>::new(
    Check {
        id: "tls-chain-disordered",
        fault: "the certificate chain is not in order",
        impact: Impact::Low,
        dimension: Dimension::Transport,
        settles: Settles::AtOnce,
        why: "TLS 1.2 requires the order, and some small clients (embedded TLS stacks) refuse any \
              other. The rest sort it out, and every handshake carries bytes that nobody needs.",
        how: "A handshake with each address. The leaf comes first; each certificate after it must \
              have issued one of those before it, and none may come twice. A root at the end is \
              superfluous and passes.",
        fix: "Write the PEM file anew: leaf first, then its issuer, then that one's issuer, \
              without the root. `openssl crl2pkcs7 -nocrl -certfile chain.pem | openssl pkcs7 \
              -print_certs -noout` lists what is in it, in order.",
        sources: &["RFC 5246 section 7.4.2", "RFC 9846 (TLS 1.3), the Certificate message"],
    },
    |_, posture: &Posture| posture.items(judge),
)
.applies(Tls::asks_handshake);

fn judge(chain: &Chain) -> Vec<Item> {
    let faults = chain.rest.iter().enumerate().filter_map(|(i, read)| {
        let seen = fault(chain, i + 1, read.as_ref())?;
        Some(Item::fail(Confidence::Confirmed, position(i + 1), seen))
    });
    let mut faults: Vec<Item> = faults.collect();
    if !faults.is_empty() {
        // A chain may have a hundred certificates, and a table for people no such number of lines.
        let more = faults.len().saturating_sub(SHOWN);
        faults.truncate(SHOWN);
        if more > 0 {
            let seen = format!("{more} more are out of order");
            faults.push(Item::fail(Confidence::Confirmed, "", seen));
        }
        return faults;
    }
    let last_is_root =
        chain.rest.last().is_some_and(|last| last.as_ref().is_ok_and(Certificate::is_self_issued));
    let root = if last_is_root { ", and the root, which clients do not need" } else { "" };
    vec![Item::pass("", format!("{} in order{root}", count(chain.rest.len() + 1)))]
}

fn fault(chain: &Chain, i: usize, read: Result<&Certificate, &String>) -> Option<String> {
    let one = match read {
        Ok(one) => one,
        Err(why) => return Some(format!("it cannot be read: {why}")),
    };
    if chain.repeated.contains(&i) {
        return Some(format!("{} was already sent", one.subject));
    }
    let certifies = chain.certificates().take_while(|(before, _)| *before < i);
    let mut certifies = certifies.filter(|(_, before)| before.issuer.is(&one.subject));
    let none = || format!("{} has issued none of the certificates before it", one.subject);
    certifies.next().is_none().then(none)
}

fn count(n: usize) -> String {
    if n == 1 { "one certificate".to_owned() } else { format!("{n} certificates") }
}

/// Faults that are told one by one.
const SHOWN: usize = 8;

#[cfg(test)]
mod tests {
    use super::{RULE, SHOWN};
    use crate::{
        contract::{Item, Outcome},
        tls::tests::fixture::{Forge, NOW, judged},
    };

    fn items(forge: &Forge, chain: &[rustls_pki_types::CertificateDer<'static>]) -> Vec<Item> {
        judged(&RULE, &forge.posture(chain, NOW))
    }

    #[test]
    fn a_chain_in_order_passes_with_or_without_its_root() {
        let forge = Forge::new();
        let mut chain = vec![forge.leaf(&["shop.example"]), forge.intermediate()];
        assert_eq!(items(&forge, &chain)[0].outcome, Outcome::Pass);
        chain.push(forge.root());
        let with_root = items(&forge, &chain);
        assert_eq!(with_root[0].outcome, Outcome::Pass);
        assert!(with_root[0].seen.contains("the root, which clients do not need"));
    }

    #[test]
    fn a_root_before_the_intermediate_fails() {
        let forge = Forge::new();
        let chain = [forge.leaf(&["shop.example"]), forge.root(), forge.intermediate()];
        let items = items(&forge, &chain);
        assert_eq!(items.len(), 1);
        assert_eq!(items[0].seen, "CN=forge root has issued none of the certificates before it");
    }

    #[test]
    fn a_leaf_that_comes_twice_fails() {
        let forge = Forge::new();
        let leaf = forge.leaf(&["shop.example"]);
        let items = items(&forge, &[leaf.clone(), leaf, forge.intermediate()]);
        assert!(items[0].seen.ends_with("was already sent"), "{items:?}");
        assert!(matches!(items[0].outcome, Outcome::Fail(_)));
    }

    #[test]
    fn a_long_chain_is_told_in_few_lines() {
        let forge = Forge::new();
        let chain = [vec![forge.leaf(&["shop.example"])], vec![forge.intermediate(); 99]].concat();
        let items = items(&forge, &chain);
        assert_eq!(items.len(), SHOWN + 1);
        assert_eq!(items[SHOWN].seen, "90 more are out of order");
    }

    #[test]
    fn a_cross_signed_root_beside_another_path_is_in_order() {
        let (forge, old) = (Forge::new(), Forge::new_as("old"));
        let cross = forge.cross_signed_by(&old, 0, NOW + 1000);
        let chain = [forge.leaf(&["shop.example"]), forge.intermediate(), forge.root(), cross];
        assert_eq!(items(&forge, &chain)[0].outcome, Outcome::Pass);
    }

    #[test]
    fn what_is_no_certificate_is_named() {
        let forge = Forge::new();
        let chain = [forge.leaf(&["shop.example"]), forge.intermediate(), vec![1, 2, 3].into()];
        let items = items(&forge, &chain);
        assert!(items[0].seen.starts_with("it cannot be read"), "{items:?}");
    }
}
