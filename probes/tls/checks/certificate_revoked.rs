//! An authority takes back what it has vouched for.

use crate::{
    contract::{Check, Confidence, Dimension, Impact, Item, Obstacle, Obstructed, Rule, Settles},
    tls::{
        Tls,
        chain::Listed,
        checks::staple_stale,
        evidence::{Posture, Seen},
        statements::staple::{Answer, Staple, response::Status},
        when::date,
    },
};

pub(super) const RULE: Rule<Tls> = Rule::<Tls>::new(
    Check {
        id: "tls-certificate-revoked",
        fault: "the certificate is revoked",
        impact: Impact::Blocker,
        dimension: Dimension::Transport,
        settles: Settles::AtOnce,
        why: "Its authority says that the certificate must not be trusted any more, most often \
              because the key has leaked or the certificate was issued by mistake. Clients that look \
              refuse the connection, and browsers learn of it from their makers within days; whoever \
              has the key can meanwhile stand in for the service before all the others.",
        how: "A handshake with each address. Revoked is what the OCSP response that is stapled says \
              of the leaf, its signature verified, or a certificate of the path that stands on a list \
              of `revocation_lists`: files on gonogo's own machine, each verified with the key of the \
              authority whose list it is. A list that is out of date, or not the leaf's issuer's, \
              says nothing, and neither does a broken staple. Nobody is asked over the network; \
              without a staple and without lists the check does not apply.",
        fix: "Replace the certificate now, with a new key, on every server that has the old one, and \
              find out who had it revoked and why (the reason stands in the response). If the reason \
              is keyCompromise, the machine or the backup that the key leaked from comes first. If \
              the revocation was a mistake, only a new certificate helps: it cannot be taken back.",
        sources: &[
            "RFC 6960 section 2.2",
            "RFC 5280 sections 5 and 6.3",
            "CA/Browser Forum Baseline Requirements section 4.9",
        ],
    },
    |_, posture| posture.items_at(|seen, _| judge(posture, seen)),
).applies(Tls::asks_handshake);

fn judge(posture: &Posture, seen: &Seen) -> Vec<Item> {
    let staple = seen.staple.as_deref().map(|staple| by_staple(staple, posture.at));
    let list = seen.listed.as_ref().map(by_list);
    let items: Vec<Item> = staple.into_iter().chain(list).collect();
    if items.is_empty() {
        let why =
            "no OCSP response is stapled and no `revocation_lists` are set, so nobody was asked";
        return vec![Item::skip("", why)];
    }
    items
}

fn by_staple(staple: &Staple, at: i64) -> Item {
    let untold = |obstacle: Obstacle, why: &str| {
        let why = format!("the stapled OCSP response says nothing: {why}");
        Item::unknown("staple", &obstacle.because(why))
    };
    match staple {
        Staple::Broken(why) | Staple::Unverifiable(why) => untold(Obstacle::Protocol, why),
        // However old it is: nobody comes back from a revocation, unless it is one on trial.
        Staple::Answer(answer @ Answer { status: Status::Revoked { at: since, reason }, .. }) => {
            let lapsed = staple_stale::fault(answer, at).filter(|_| *reason == Some(HOLD));
            if let Some(fault) = lapsed {
                return untold(Obstacle::Stale, &format!("revoked, but only held, and {fault}"));
            }
            let reason = reason.map(|reason| format!(" ({reason})")).unwrap_or_default();
            let seen =
                format!("its issuer's OCSP response says revoked since {}{reason}", date(*since));
            Item::fail(Confidence::Confirmed, "staple", seen)
        }
        Staple::Answer(answer) => {
            if let Some(fault) = staple_stale::fault(answer, at) {
                return untold(Obstacle::Stale, &fault);
            }
            let until = date(answer.holds_until());
            Item::pass("staple", format!("its issuer's OCSP response says good, until {until}"))
        }
    }
}

/// The reason of a revocation that may be taken back (RFC 5280 section 5.3.1).
const HOLD: &str = "certificateHold";

fn by_list(listed: &Result<Listed, Obstructed>) -> Item {
    match listed {
        Err(obstructed) => Item::unknown("revocation list", obstructed),
        Ok(Listed::No) => Item::pass("revocation list", "it is not on the list of its issuer"),
        Ok(Listed::Yes { which, at, reason }) => {
            let since = at.map(|at| format!(" since {}", date(at))).unwrap_or_default();
            let reason = reason.map(|reason| format!(" ({reason:?})")).unwrap_or_default();
            let seen = format!("{which} stands on the list of its issuer{since}{reason}");
            Item::fail(Confidence::Confirmed, "revocation list", seen)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        contract::Outcome,
        tls::{
            statements::staple::made::Made,
            tests::fixture::{Forge, NOW, judged},
            when::DAY,
        },
    };

    fn items(
        change: impl FnOnce(&mut Made),
        listed: Option<Result<Listed, Obstructed>>,
    ) -> Vec<Item> {
        let forge = Forge::new();
        let chain = [forge.leaf(&["shop.example"]), forge.intermediate()];
        let mut posture = forge.posture(&chain, NOW);
        let mut made = Made::good(&chain[0], NOW);
        change(&mut made);
        forge.staple(&mut posture, &made);
        posture.seen[0].listed = listed;
        judged(&RULE, &posture)
    }

    #[test]
    fn what_the_authority_says_counts() {
        assert_eq!(items(|_| {}, None)[0].outcome, Outcome::Pass);
        let revoked = items(Made::revoke, None).remove(0);
        assert!(matches!(revoked.outcome, Outcome::Fail(_)));
        assert_eq!(
            revoked.seen,
            "its issuer's OCSP response says revoked since 2027-01-14 08:00 UTC (keyCompromise)"
        );
    }

    #[test]
    fn a_revocation_counts_however_old_the_answer_is() {
        let old = items(
            |made| {
                made.revoke();
                (made.this_update, made.next_update) = (NOW - 90 * DAY, Some(NOW - 80 * DAY));
            },
            None,
        );
        assert!(matches!(old[0].outcome, Outcome::Fail(_)), "{old:?}");
    }

    #[test]
    fn a_certificate_that_is_only_held_may_have_come_back() {
        let held = |made: &mut Made| {
            made.revoke();
            made.reason = 6;
        };
        assert!(matches!(items(held, None)[0].outcome, Outcome::Fail(_)));
        let old = items(
            |made| {
                held(made);
                made.next_update = Some(NOW - 1);
            },
            None,
        );
        assert_eq!(old[0].outcome, Outcome::Unknown(Obstacle::Stale), "{old:?}");
    }

    #[test]
    fn an_answer_that_does_not_count_says_neither_yes_nor_no() {
        let stale = items(|made| made.next_update = Some(NOW - 1), None);
        assert_eq!(stale[0].outcome, Outcome::Unknown(Obstacle::Stale));
        let forged = items(
            |made| {
                made.revoke();
                made.is_forged = true;
            },
            None,
        );
        assert_eq!(forged[0].outcome, Outcome::Unknown(Obstacle::Protocol));
        let unknown = items(|made| made.status = 2, None);
        assert_eq!(unknown[0].outcome, Outcome::Unknown(Obstacle::Stale));
    }

    #[test]
    fn a_list_and_a_staple_are_heard_both() {
        let both = items(|_| {}, Some(Err(Obstacle::Stale.because("it is out of date"))));
        let outcomes: Vec<_> = both.iter().map(|item| item.outcome).collect();
        assert_eq!(outcomes, [Outcome::Pass, Outcome::Unknown(Obstacle::Stale)]);
        let yes = Listed::Yes { which: "leaf".to_owned(), at: Some(NOW), reason: None };
        let both = items(|_| {}, Some(Ok(yes)));
        assert!(matches!(both[1].outcome, Outcome::Fail(_)));
        assert_eq!(
            both[1].seen,
            "leaf stands on the list of its issuer since 2027-01-15 08:00 UTC"
        );
        assert_eq!(items(|_| {}, Some(Ok(Listed::No)))[1].outcome, Outcome::Pass);
    }

    #[test]
    fn where_nobody_was_asked_nobody_has_answered() {
        let forge = Forge::new();
        let posture = forge.posture(&[forge.leaf(&["shop.example"]), forge.intermediate()], NOW);
        assert_eq!(judged(&RULE, &posture)[0].outcome, Outcome::Skip);
    }
}
