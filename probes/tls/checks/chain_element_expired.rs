//! A chain is as short-lived as its shortest-lived certificate.

use crate::{
    contract::{Check, Confidence, Dimension, Impact, Item, Rule, Settles},
    tls::{
        Tls,
        chain::{Certificate, Chain, Lenience, Step, Trust, position},
        evidence::Posture,
        when::date,
    },
};

pub(super) const RULE: Rule<Tls> = Rule::<Tls>::new(
    Check {
        id: "tls-chain-element-expired",
        fault: "a certificate of the chain has expired",
        impact: Impact::High,
        dimension: Dimension::Transport,
        settles: Settles::AtOnce,
        why: "Clients whose path leads through the expired certificate refuse the connection, \
              while others, which know a newer one, go on: some customers are cut off and the rest \
              see nothing. An expired root in a CA bundle does the same to OpenSSL and Go, and \
              nothing to rustls.",
        how: "A handshake with each address. The dates of every certificate besides the leaf that \
              a path to a trusted authority needs, and of that authority's own, are compared with \
              the time of the visit. An expired certificate that no path needs is noted and \
              passes: it is often sent on purpose, for old devices.",
        fix: "Replace the expired intermediate with the one your authority offers today, reload, \
              and update whatever assembles the chain (a hand-made PEM file, a Kubernetes secret). \
              If the trusted root has expired, distribute its successor to the clients and put it \
              in `trust.ca_file`.",
        sources: &[
            "RFC 5280 section 6.1.3 (a)(2)",
            "the expiry of DST Root CA X3 on 2021-09-30",
            "measured: OpenSSL 3.0 refuses an expired root, webpki accepts it",
        ],
    },
    |_, posture: &Posture| posture.items(|chain| judge(posture, chain)),
)
.applies(Tls::asks_handshake);

fn judge(posture: &Posture, chain: &Chain) -> Vec<Item> {
    let has_expired = |one: &Certificate| one.not_after < posture.at;
    let expired: Vec<_> =
        chain.certificates().skip(1).filter(|(_, one)| has_expired(one)).collect();
    let needed = |i: usize, one: &Certificate| {
        chain.relied_on().any(|(relied, _)| relied == i) || is_replaced(chain, one)
    };
    let mut items: Vec<Item> = expired
        .iter()
        .filter(|(i, one)| needed(*i, one))
        .map(|(i, one)| {
            let seen = format!("{} expired on {}", one.subject, date(one.not_after));
            Item::fail(Confidence::Confirmed, position(*i), seen)
        })
        .collect();
    items.extend(anchor(posture, chain));
    if items.is_empty() {
        items.push(Item::pass("", passing(chain, &expired)));
    }
    items
}

/// Whether a path exists only because we know another certificate of the same name: clients that do
/// not are held up by this one.
fn is_replaced(chain: &Chain, one: &Certificate) -> bool {
    chain.trust.path().is_some_and(|path| {
        path.steps.iter().any(|step| match step {
            Step::Known(der) => {
                Certificate::read(der).is_ok_and(|known| known.subject.is(&one.subject))
            }
            Step::Served(_) => false,
        })
    })
}

fn anchor(posture: &Posture, chain: &Chain) -> Option<Item> {
    let Trust::Anchored { path, .. } = &chain.trust else { return None };
    let root = path.anchor.certificate.as_ref()?;
    (chain.trust.overlooks(Lenience::Anchor) && root.not_after < posture.at).then(|| {
        let end = date(root.not_after);
        let seen = format!("{}, the trusted root it leads to, expired on {end}", root.subject);
        Item::fail(Confidence::Confirmed, "root", seen)
    })
}

fn passing(chain: &Chain, not_needed: &[(usize, &Certificate)]) -> String {
    match not_needed.first() {
        None if chain.trust.path().is_none() => "nothing that was sent has expired".to_owned(),
        None => "nothing that the leaf's path needs has expired".to_owned(),
        Some((i, one)) => format!(
            "{} ({}) expired on {}, and no client that has the current root needs it",
            position(*i),
            one.subject,
            date(one.not_after)
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::{
        contract::{Item, Outcome},
        tls::tests::fixture::{Forge, NOW, judged},
    };

    fn items(forge: &Forge, chain: &[rustls_pki_types::CertificateDer<'static>]) -> Vec<Item> {
        judged(&RULE, &forge.posture(chain, NOW))
    }

    #[test]
    fn an_expired_intermediate_on_the_path_fails() {
        let forge = Forge::new();
        let chain = [forge.leaf_of(NOW - 1000, NOW + 1000), forge.intermediate_of(0, NOW - 1)];
        let items = items(&forge, &chain);
        assert!(matches!(items[0].outcome, Outcome::Fail(_)), "{items:?}");
        assert!(items[0].seen.starts_with("CN=forge intermediate expired on"), "{items:?}");
    }

    #[test]
    fn an_expired_cross_signed_root_that_nobody_needs_passes_with_a_note() {
        let (forge, old) = (Forge::new(), Forge::new_as("old"));
        let cross = forge.cross_signed_by(&old, 0, NOW - 1);
        let chain = [forge.leaf(&["shop.example"]), forge.intermediate(), cross];
        let items = items(&forge, &chain);
        assert_eq!(items[0].outcome, Outcome::Pass);
        assert!(
            items[0].seen.contains("no client that has the current root needs it"),
            "{items:?}"
        );
    }

    #[test]
    fn it_fails_for_clients_that_have_only_the_old_root() {
        let (forge, old) = (Forge::new(), Forge::new_as("old"));
        let cross = forge.cross_signed_by(&old, 0, NOW - 1);
        let forge = forge.trusting(vec![old.root()]);
        let chain = [forge.leaf_of(NOW - 1000, NOW + 1000), forge.intermediate(), cross];
        let items = items(&forge, &chain);
        assert!(matches!(items[0].outcome, Outcome::Fail(_)), "{items:?}");
    }

    #[test]
    fn an_expired_root_in_the_bundle_fails_although_webpki_takes_it() {
        let forge = Forge::new();
        let root = forge.root_until(NOW - 1);
        let forge = forge.trusting(vec![root]);
        let chain = [forge.leaf(&["shop.example"]), forge.intermediate()];
        let items = items(&forge, &chain);
        assert!(matches!(items[0].outcome, Outcome::Fail(_)), "{items:?}");
        assert!(items[0].subject.ends_with("root"), "{items:?}");
    }

    #[test]
    fn its_successor_of_the_same_key_mends_that() {
        let forge = Forge::new();
        let both = vec![forge.root_until(NOW - 1), forge.root()];
        let forge = forge.trusting(both);
        let chain = [forge.leaf(&["shop.example"]), forge.intermediate()];
        assert_eq!(items(&forge, &chain)[0].outcome, Outcome::Pass);
    }
}
