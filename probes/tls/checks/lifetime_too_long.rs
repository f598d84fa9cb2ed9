//! A certificate's lifetime bounds the harm a stolen key can do.

use crate::{
    contract::{Check, Confidence, Dimension, Impact, Item, Rule, Settles},
    tls::{
        Tls,
        chain::Chain,
        evidence::Posture,
        when::{DAY, date},
    },
};

pub(super) const RULE: Rule<Tls> = Rule::<Tls>::new(
    Check {
        id: "tls-lifetime-too-long",
        fault: "the certificate lives too long",
        impact: Impact::Low,
        dimension: Dimension::Transport,
        settles: Settles::AtOnce,
        why: "Revocation does not reach most clients, so a stolen key is good until the \
              certificate ends. A certificate that lives for years is renewed by hand, by someone \
              who has left. Browsers refuse public certificates above the limit; Apple's systems \
              refuse private ones above 825 days.",
        how: "A handshake with each address; the leaf's lifetime against the limit for its day of \
              issue: 398 days before 2026-03-15, then 200, from 2027-03-15 100, from 2029-03-15 \
              47, if its root is a public one (or `authorities: public`); 825 days otherwise.",
        fix: "Automate renewal first (ACME, cert-manager, step-ca), then shorten the lifetime: 90 \
              days is a good start, and the limit for public certificates falls to 47 by 2029.",
        sources: &[
            "CA/Browser Forum ballot SC-081v3",
            "Apple: requirements for trusted certificates in iOS 13 and macOS 10.15 (825 days)",
            "TLSRef 6.0",
        ],
    },
    |tls, posture: &Posture| posture.items(|chain| vec![judge(tls, chain)]),
)
.applies(Tls::asks_handshake);

fn judge(tls: &Tls, chain: &Chain) -> Item {
    let leaf = &chain.leaf;
    let is_public = tls.is_public(chain);
    let limit = if is_public { public_limit(leaf.not_before) } else { 825 };
    // A day that has begun counts whole.
    let days = leaf.lifetime().saturating_add(DAY - 1) / DAY;
    let whose = if is_public { "public" } else { "private" };
    if leaf.lifetime() <= limit * DAY {
        return Item::pass("", format!("{days} days; a {whose} certificate may have {limit}"));
    }
    let seen = format!(
        "{days} days; a {whose} certificate issued on {} may have {limit}",
        date(leaf.not_before)
    );
    Item::fail(Confidence::Confirmed, "", seen)
}

/// The limit in days for a public certificate whose life begins at this moment.
fn public_limit(not_before: i64) -> i64 {
    LIMITS.iter().find(|(from, _)| not_before >= *from).map_or(1_187, |(_, limit)| *limit)
}

/// Since when, at midnight UTC, which limit holds; latest first.
const LIMITS: [(i64, i64); 5] = [
    (1_868_227_200, 47),
    (1_805_068_800, 100),
    (1_773_532_800, 200),
    (1_598_918_400, 398),
    (1_519_862_400, 825),
];

#[cfg(test)]
mod tests {
    use super::{LIMITS, RULE};
    use crate::{
        contract::Outcome,
        tls::{
            Tls,
            chain::{Chain, Trust},
            settings::authority_kind::AuthorityKind,
            tests::fixture::{Forge, NOW, judged, judged_with},
            when::{DAY, date},
        },
    };

    #[test]
    fn the_limits_begin_when_the_ballots_say() {
        let begins: Vec<String> =
            LIMITS.iter().map(|(from, limit)| format!("{} {limit}", date(*from))).collect();
        assert_eq!(
            begins,
            [
                "2029-03-15 00:00 UTC 47",
                "2027-03-15 00:00 UTC 100",
                "2026-03-15 00:00 UTC 200",
                "2020-09-01 00:00 UTC 398",
                "2018-03-01 00:00 UTC 825",
            ]
        );
    }

    #[test]
    fn a_private_certificate_may_live_825_days_and_no_second_longer() {
        let forge = Forge::new();
        let outcome = |lifetime| {
            let chain = [forge.leaf_of(0, lifetime - 1), forge.intermediate()];
            judged(&RULE, &forge.posture(&chain, NOW))[0].outcome
        };
        assert_eq!(outcome(825 * DAY), Outcome::Pass);
        assert!(matches!(outcome(825 * DAY + 1), Outcome::Fail(_)));
        assert!(matches!(outcome(1200 * DAY), Outcome::Fail(_)));
    }

    #[test]
    fn the_settings_say_whose_limit_holds() {
        let forge = Forge::new();
        let posture =
            forge.posture(&[forge.leaf_of(NOW, NOW + 300 * DAY), forge.intermediate()], NOW);
        let outcome = |authorities| {
            let tls = Tls { authorities, ..Tls::default() };
            judged_with(&tls, &RULE, &posture)[0].outcome
        };
        assert!(matches!(outcome(Some(AuthorityKind::Public)), Outcome::Fail(_)));
        assert_eq!(outcome(Some(AuthorityKind::Private)), Outcome::Pass);
        assert_eq!(outcome(None), Outcome::Pass);
    }

    #[test]
    fn a_public_certificate_is_held_to_the_limit_of_its_day() {
        let forge = Forge::new();
        let outcome = |not_before: i64, days: i64| {
            let leaf = forge.leaf_of(not_before, not_before + days * DAY - 1);
            let mut posture = forge.posture(&[leaf, forge.intermediate()], not_before);
            for seen in &mut posture.seen {
                let mut chain: Chain = (**seen.chain.as_ref().expect("a chain")).clone();
                if let Trust::Anchored { path, .. } = &mut chain.trust {
                    path.anchor.public = true;
                }
                seen.chain = Ok(chain.into());
            }
            judged(&RULE, &posture)[0].outcome
        };
        for (from, limit) in LIMITS {
            assert_eq!(outcome(from, limit), Outcome::Pass, "{limit}");
            assert!(matches!(outcome(from, limit + 1), Outcome::Fail(_)), "{limit}");
        }
        assert_eq!(outcome(LIMITS[1].0 - 1, 200), Outcome::Pass);
    }
}
