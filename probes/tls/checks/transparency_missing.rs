//! Browsers trust a public certificate only if public logs have promised to show it.

use crate::{
    contract::{Check, Confidence, Dimension, Impact, Item, Obstacle, Rule, Settles},
    tls::{
        Tls,
        chain::Chain,
        evidence::Seen,
        statements::{
            staple::Staple,
            timestamps::{Timestamp, logs},
        },
        when::DAY,
    },
};

pub(super) const RULE: Rule<Tls> = Rule::<Tls>::new(
    Check {
        id: "tls-transparency-missing",
        fault: "the certificate has too few certificate timestamps",
        impact: Impact::High,
        dimension: Dimension::Transport,
        settles: Settles::AtOnce,
        why: "Chrome, Safari and Firefox refuse a public certificate that no log has promised to show: \
              they cannot tell it from one that was issued in secret. Programs do not look, so the \
              service works for its monitoring and not for its users.",
        how: "A handshake with each address. Of a certificate whose root is in Mozilla's programme (or \
              `authorities: public`), the signed certificate timestamps are counted, each log once: \
              two must be in the certificate, three if it lives longer than 180 days; or two must come \
              with the stapled OCSP response and the TLS extension for them. The extension is looked \
              at only where the others do not suffice, with one hello of TLS 1.2; where that cannot be \
              done, the answer is unknown. Signatures of the logs are not verified.",
        fix: "Issue the certificate again: every public authority puts timestamps into it by itself, \
              unless it was asked not to (an option meant for names that shall stay secret). If it is \
              a precertificate, or a test or private certificate, deploy the right one; a private \
              authority that is listed among the public ones is told by `authorities: private`.",
        sources: &[
            "RFC 6962 section 3.3",
            "Chrome certificate transparency policy",
            "Apple: certificate transparency policy",
        ],
    },
    |tls, posture| posture.items_at(|seen, chain| vec![judge(tls, seen, chain)]),
).applies(Tls::asks_handshake);

fn judge(tls: &Tls, seen: &Seen, chain: &Chain) -> Item {
    if !tls.is_public(chain) {
        let why = "its path ends at no public authority, and only certificates of those are logged";
        return Item::skip("", why);
    }
    let wanted = wanted(chain);
    let (embedded, stapled) = (logs(&chain.leaf.timestamps), stapled(seen));
    if embedded >= wanted {
        return Item::pass("", format!("timestamps of {embedded} logs are in it"));
    }
    let with_extension = |list: &[Timestamp]| logs(stapled.iter().copied().chain(list));
    let sent = match &seen.extension_timestamps {
        Some(Ok(list)) => Ok(with_extension(list)),
        other => Err((with_extension(&[]), other)),
    };
    match sent {
        Ok(sent) | Err((sent, _)) if sent >= SENT => {
            Item::pass("", format!("timestamps of {sent} logs are sent with it"))
        }
        Ok(sent) => {
            let seen = format!(
                "timestamps of {embedded} logs are in it, where {wanted} are wanted, and of {sent} \
                 sent with it, where {SENT} would do"
            );
            Item::fail(Confidence::Confirmed, "", seen)
        }
        Err((_, obstructed)) => {
            let (obstacle, why) = match obstructed {
                Some(Err(obstructed)) => (obstructed.obstacle, obstructed.detail.as_str()),
                _ => (Obstacle::Pending, "it was not asked for"),
            };
            let seen = format!(
                "timestamps of {embedded} logs are in it, where {wanted} are wanted; whether more come \
                 by the TLS extension cannot be told: {why}"
            );
            Item::unknown("", &obstacle.because(seen))
        }
    }
}

/// From how many logs timestamps must be in the certificate.
fn wanted(chain: &Chain) -> usize {
    if chain.leaf.lifetime() > 180 * DAY { 3 } else { 2 }
}

fn stapled(seen: &Seen) -> Vec<&Timestamp> {
    let answer = seen.staple.as_deref().and_then(Staple::answer);
    answer.into_iter().flat_map(|answer| &answer.timestamps).collect()
}

/// From how many logs timestamps must be sent beside the certificate, if too few are in it.
const SENT: usize = 2;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        contract::{Obstructed, Outcome},
        tls::{
            evidence::Posture,
            settings::authority_kind::AuthorityKind,
            statements::{
                staple::made::{Made, embedded},
                timestamps::made,
            },
            tests::fixture::{Forge, NOW, judged_with},
        },
    };

    fn public() -> Tls {
        Tls { authorities: Some(AuthorityKind::Public), ..Tls::default() }
    }

    fn posture(days: i64, in_it: &[u8], stapled: &[u8]) -> Posture {
        let forge = Forge::new();
        let leaf = forge.leaf_lasting(days, |params| {
            if !in_it.is_empty() {
                params.custom_extensions.push(embedded(in_it));
            }
        });
        let chain = [leaf, forge.intermediate()];
        let mut posture = forge.posture(&chain, NOW);
        if !stapled.is_empty() {
            let mut staple = Made::good(&chain[0], NOW);
            staple.logs = stapled.to_vec();
            forge.staple(&mut posture, &staple);
        }
        posture
    }

    fn outcome(mut posture: Posture, extension: Option<Result<&[u8], Obstructed>>) -> Outcome {
        posture.seen[0].extension_timestamps =
            extension.map(|list| list.map(|logs| Timestamp::list(&made(logs)).expect("a list")));
        judged_with(&public(), &RULE, &posture)[0].outcome
    }

    const NONE: Option<Result<&[u8], Obstructed>> = Some(Ok(&[]));

    #[test]
    fn a_long_lived_certificate_needs_one_more() {
        assert_eq!(outcome(posture(180, &[1, 2], &[]), NONE), Outcome::Pass);
        assert!(matches!(outcome(posture(181, &[1, 2], &[]), NONE), Outcome::Fail(_)));
        assert_eq!(outcome(posture(181, &[1, 2, 3], &[]), NONE), Outcome::Pass);
    }

    #[test]
    fn a_log_counts_once() {
        assert!(matches!(outcome(posture(90, &[1, 1], &[]), NONE), Outcome::Fail(_)));
        assert!(matches!(outcome(posture(90, &[], &[1]), Some(Ok(&[1]))), Outcome::Fail(_)));
    }

    #[test]
    fn two_that_are_sent_suffice_wherever_they_are() {
        assert_eq!(outcome(posture(90, &[], &[1, 2]), None), Outcome::Pass);
        assert_eq!(outcome(posture(90, &[], &[]), Some(Ok(&[1, 2]))), Outcome::Pass);
        assert_eq!(outcome(posture(400, &[1], &[1]), Some(Ok(&[2]))), Outcome::Pass);
    }

    #[test]
    fn none_anywhere_fails_and_where_nobody_looked_nobody_knows() {
        assert!(matches!(outcome(posture(90, &[], &[]), NONE), Outcome::Fail(_)));
        let unseen = outcome(posture(90, &[], &[]), None);
        assert_eq!(unseen, Outcome::Unknown(Obstacle::Pending));
        let obstructed = Obstacle::Tls.because("the server speaks TLS 1.3 only");
        let obstructed = outcome(posture(90, &[1], &[]), Some(Err(obstructed)));
        assert_eq!(obstructed, Outcome::Unknown(Obstacle::Tls));
    }

    #[test]
    fn a_private_authority_has_no_logs() {
        let items = judged_with(&Tls::default(), &RULE, &posture(90, &[], &[]));
        assert_eq!(items[0].outcome, Outcome::Skip);
    }
}
