//! A certificate should be replaced long before it ends.

use crate::{
    contract::{Check, Confidence, Dimension, Impact, Item, Rule, Settles},
    tls::{
        Tls,
        chain::{Certificate, Chain, position},
        evidence::Posture,
        when::{DAY, date, span},
    },
};

pub(super) const RULE: Rule<Tls> = Rule::<Tls>::new(
    Check {
        id: "tls-certificate-expiring",
        fault: "the certificate is about to expire",
        impact: Impact::High,
        dimension: Dimension::Transport,
        settles: Settles::AtOnce,
        why: "When it expires, every client refuses the service at the same second. Automatic \
              renewal replaces a certificate when a third of its life is left, so one this close \
              to its end means that renewal has been failing for a while, or that nobody has \
              automated it.",
        how: "A handshake with each address. The time left of the leaf, and of every other \
              certificate a client relies on, must be at least 14 days or a fifth of the \
              certificate's own lifetime, whichever is less, so that short-lived certificates \
              raise no alarm in their ordinary life; or `renew_before`, where it is set.",
        fix: "Renew now, by hand if need be, and reload the server. Then look at the last run of \
              the renewal (`systemctl status certbot.timer`, `kubectl describe certificate`), at \
              whether the challenge still succeeds, and at whether the server reloads what renewal \
              writes. An intermediate that ends is replaced with the chain your authority offers \
              today.",
        sources: &[
            "RFC 5280 section 4.1.2.5",
            "ACME clients renew with a third of the lifetime left",
            "CA/Browser Forum ballot SC-081v3: 200 days from 2026-03-15, 100 from 2027-03-15, 47 \
             from 2029-03-15",
        ],
    },
    |tls, posture| posture.items(|chain| judge(tls, posture, chain)),
)
.applies(Tls::asks_handshake);

fn judge(tls: &Tls, posture: &Posture, chain: &Chain) -> Vec<Item> {
    if chain.leaf.not_after < posture.at {
        return vec![Item::skip("", "it has expired: see tls-certificate-expired")];
    }
    let ending = chain.relied_on().filter_map(|(i, certificate)| {
        let left = certificate.not_after - posture.at;
        let wanted = wanted(tls, certificate);
        (0..wanted).contains(&left).then(|| {
            let seen = format!(
                "{} expires in {}, on {}; it should have been replaced {} before",
                certificate.subject,
                span(left),
                date(certificate.not_after),
                span(wanted)
            );
            Item::fail(Confidence::Confirmed, position(i), seen)
        })
    });
    let ending: Vec<Item> = ending.collect();
    if !ending.is_empty() {
        return ending;
    }
    let left = chain.leaf.not_after - posture.at;
    vec![Item::pass("", format!("{} left, until {}", span(left), date(chain.leaf.not_after)))]
}

/// How long before its end a certificate should have been replaced, in seconds.
fn wanted(tls: &Tls, certificate: &Certificate) -> i64 {
    match tls.renew_before {
        Some(set) => i64::try_from(set.0.as_secs()).unwrap_or(i64::MAX),
        None => (14 * DAY).min(certificate.lifetime() / 5),
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::{
        contract::{Outcome, setting::Dur},
        tls::{
            Tls,
            tests::fixture::{Forge, judged, judged_with},
            when::DAY,
        },
    };

    fn outcome(tls: &Tls, lifetime: i64, left: i64) -> Outcome {
        let forge = Forge::new();
        let chain = [forge.leaf_of(0, lifetime - 1), forge.intermediate()];
        judged_with(tls, &RULE, &forge.posture(&chain, lifetime - 1 - left))[0].outcome
    }

    #[test]
    fn a_long_certificate_should_be_replaced_14_days_before_its_end() {
        let tls = Tls::default();
        assert_eq!(outcome(&tls, 90 * DAY, 14 * DAY), Outcome::Pass);
        assert!(matches!(outcome(&tls, 90 * DAY, 14 * DAY - 1), Outcome::Fail(_)));
        assert!(matches!(outcome(&tls, 90 * DAY, 5 * DAY), Outcome::Fail(_)));
    }

    #[test]
    fn a_short_one_when_a_fifth_of_its_life_is_left() {
        let tls = Tls::default();
        assert_eq!(outcome(&tls, 6 * DAY, 4 * DAY), Outcome::Pass);
        assert_eq!(outcome(&tls, 5 * DAY, DAY), Outcome::Pass);
        assert!(matches!(outcome(&tls, 5 * DAY, DAY - 1), Outcome::Fail(_)));
    }

    #[test]
    fn the_operator_may_want_more() {
        let tls = Tls { renew_before: Some(Dur::secs(30 * 86_400)), ..Tls::default() };
        assert_eq!(outcome(&tls, 90 * DAY, 30 * DAY), Outcome::Pass);
        assert!(matches!(outcome(&tls, 90 * DAY, 29 * DAY), Outcome::Fail(_)));
    }

    #[test]
    fn an_expired_certificate_is_another_checks_business() {
        assert_eq!(outcome(&Tls::default(), 90 * DAY, -1), Outcome::Skip);
    }

    #[test]
    fn an_intermediate_that_ends_first_is_named() {
        let forge = Forge::new();
        let short = forge.intermediate_of(0, 100 * DAY);
        let leaf = forge.leaf_of(90 * DAY, 180 * DAY);
        let items = judged(&RULE, &forge.posture(&[leaf, short], 95 * DAY));
        assert!(matches!(items[0].outcome, Outcome::Fail(_)));
        assert!(items[0].subject.ends_with("certificate 1"), "{}", items[0].subject);
    }
}
