//! Whoever knows where certificates are ordered notices one from elsewhere.

use crate::{
    contract::{Check, Confidence, Dimension, Impact, Item, Obstacle, Rule, Settles},
    tls::{
        Tls,
        chain::{Chain, Trust},
        evidence::Posture,
    },
};

pub(super) const RULE: Rule<Tls> = Rule::<Tls>::new(
    Check {
        id: "tls-unexpected-issuer",
        fault: "the certificate is not of the expected authority",
        impact: Impact::High,
        dimension: Dimension::Transport,
        settles: Settles::AtOnce,
        why: "A certificate from an authority nobody ordered from was made by somebody else: another \
              team, a hosting provider, a proxy that inspects traffic, or an attacker. Renewal, \
              monitoring and revocation are arranged with the expected authority and do not reach this \
              certificate.",
        how: "A handshake with each address. With `issuer` set, that text must be the common name, the \
              organisation or the whole name (as the table shows it) of the leaf's issuer, or of the \
              trusted authority at the end of its path; letter for letter. The right name without a \
              path proves nothing, since anybody may write it, and is unknown.",
        fix: "Find out who ordered it: the certificate transparency logs show when it was issued, and \
              whether there are more. If the change was meant, set `issuer` to the new authority. If \
              not, put the ordered certificate back, and forbid the other authority with a CAA record \
              (`shop.example. CAA 0 issue \"letsencrypt.org\"`).",
        sources: &["RFC 8659 (CAA)", "RFC 5280 section 4.1.2.4"],
    },
    |tls, posture: &Posture| match &tls.issuer {
        None => vec![Item::skip("", "no `issuer` is set")],
        Some(wanted) => posture.items(|chain| vec![judge(wanted, chain)]),
    },
).applies(Tls::asks_handshake);

fn judge(wanted: &str, chain: &Chain) -> Item {
    let issuer = &chain.leaf.issuer;
    let anchor = chain.trust.path().map(|path| &path.anchor.name);
    let is_named = issuer.is_called(wanted) || anchor.is_some_and(|name| name.is_called(wanted));
    match (is_named, &chain.trust) {
        (true, Trust::Refused(_)) => {
            let why = format!(
                "its issuer is called {issuer}, and no path leads from there to a trusted authority, so \
                 anybody may have written that"
            );
            Item::unknown("", &Obstacle::Tls.because(why))
        }
        (true, _) => Item::pass("", format!("issued by {issuer}")),
        (false, _) => {
            let under = anchor.map(|name| format!(", under {name}")).unwrap_or_default();
            let seen = format!("issued by {issuer}{under}, where {wanted} is expected");
            Item::fail(Confidence::Confirmed, "", seen)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        contract::Outcome,
        tls::tests::fixture::{Forge, NOW, judged, judged_with},
    };

    fn item(forge: &Forge, of: &Forge, wanted: &str) -> Item {
        let chain = [of.leaf(&["shop.example"]), of.intermediate()];
        let tls = Tls { issuer: Some(wanted.to_owned()), ..Tls::default() };
        judged_with(&tls, &RULE, &forge.posture(&chain, NOW)).remove(0)
    }

    #[test]
    fn the_issuer_or_the_root_may_be_named_in_part_or_whole() {
        let forge = Forge::new();
        for name in ["forge intermediate", "CN=forge intermediate", "forge root", "CN=forge root"] {
            assert_eq!(item(&forge, &forge, name).outcome, Outcome::Pass, "{name}");
        }
        for name in ["forge", "Forge root", "other root", "CN=forge"] {
            let item = item(&forge, &forge, name);
            assert!(matches!(item.outcome, Outcome::Fail(_)), "{name}");
            assert!(item.seen.starts_with("issued by CN=forge intermediate, under CN=forge root"));
        }
    }

    #[test]
    fn an_organisation_is_a_name_too() {
        let forge = Forge::new();
        let (leaf, intermediate) = forge.under_organisation("Forge & Sons");
        let tls = Tls { issuer: Some("Forge & Sons".to_owned()), ..Tls::default() };
        let posture = forge.posture(&[leaf, intermediate], NOW);
        assert_eq!(judged_with(&tls, &RULE, &posture)[0].outcome, Outcome::Pass);
    }

    #[test]
    fn the_right_name_proves_nothing_without_a_path() {
        let (forge, other) = (Forge::new(), Forge::new_as("other"));
        let named = item(&forge, &other, "other intermediate");
        assert_eq!(named.outcome, Outcome::Unknown(Obstacle::Tls));
        assert!(matches!(item(&forge, &other, "forge root").outcome, Outcome::Fail(_)));
    }

    #[test]
    fn who_expects_nobody_is_not_surprised() {
        let forge = Forge::new();
        let chain = [forge.leaf(&["shop.example"]), forge.intermediate()];
        assert_eq!(judged(&RULE, &forge.posture(&chain, NOW))[0].outcome, Outcome::Skip);
    }
}
