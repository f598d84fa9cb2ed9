//! A stapled response must be fresh, about this certificate, and from its authority.

use crate::{
    contract::{Check, Confidence, Dimension, Impact, Item, Obstacle, Rule, Settles},
    tls::{
        Tls,
        evidence::{Posture, Seen},
        statements::staple::{Answer, Staple, response::Status, signer::Signer},
        when::{date, span},
    },
};

pub(super) const RULE: Rule<Tls> = Rule::<Tls>::new(
    Check {
        id: "tls-staple-stale",
        fault: "the stapled OCSP response is stale or broken",
        impact: Impact::High,
        dimension: Dimension::Transport,
        settles: Settles::AtOnce,
        why: "Clients that read the staple (as Firefox has, and OpenSSL where it is told to) refuse the \
              connection over one that is out of date, about another certificate, or not signed by \
              the authority, where they would have accepted none at all. A stale staple also means \
              that the server has been unable to fetch a new one for days.",
        how: "A handshake with each address that asks for the status. A response that is stapled must \
              be a successful one, about this leaf (serial number, and the hashes of its issuer's \
              name and key), saying good or revoked, signed by the issuer or by a responder the \
              issuer has appointed (a certificate with OCSPSigning, within its life); its thisUpdate \
              at most five minutes ahead of gonogo's clock, and its nextUpdate (or, without one, \
              thisUpdate and a day) not behind it. Nothing is fetched, and without a staple the check \
              does not apply.",
        fix: "See whether the server can reach the responder that its certificate names (`openssl x509 \
              -noout -ocsp_uri`) and what its error log says about OCSP; a firewall for outgoing \
              connections and a missing `resolver` are the usual causes. After a change of \
              certificate, remove staple files and caches of the old one (`ssl_stapling_file`, \
              HAProxy's `.ocsp`). If the authority has shut its responder down, switch stapling off.",
        sources: &[
            "RFC 6960 sections 3.2, 4.2.1 and 4.2.2.2",
            "RFC 6066 section 8",
            "Firefox (mozilla::pkix): a response without nextUpdate holds for a day",
        ],
    },
    |_, posture| posture.items_at(|seen, _| vec![judge(posture, seen)]),
).applies(Tls::asks_handshake);

fn judge(posture: &Posture, seen: &Seen) -> Item {
    let Some(staple) = &seen.staple else {
        return Item::skip("", "no OCSP response is stapled, and none need be");
    };
    match &**staple {
        Staple::Broken(why) => broken(why.clone()),
        Staple::Unverifiable(why) => Item::unknown("", &Obstacle::Protocol.because(why.clone())),
        Staple::Answer(answer) => match fault(answer, posture.at) {
            Some(fault) => broken(fault),
            None => Item::pass("", passing(answer)),
        },
    }
}

fn broken(seen: String) -> Item {
    Item::fail(Confidence::Confirmed, "", seen)
}

/// Why a client does not go by this answer at this moment, if it does not.
pub(in crate::tls) fn fault(answer: &Answer, at: i64) -> Option<String> {
    if answer.status == Status::Unknown {
        return Some("the responder says that it does not know the certificate".to_owned());
    }
    if let Signer::Responder { name, not_before, not_after } = &answer.signer
        && !(*not_before..=*not_after).contains(&at)
    {
        return Some(format!(
            "the certificate of {name}, which signed it, lives from {} to {}",
            date(*not_before),
            date(*not_after)
        ));
    }
    if answer.this_update.saturating_sub(at) > SKEW {
        return Some(format!("its thisUpdate, {}, is in the future", date(answer.this_update)));
    }
    let until = answer.holds_until();
    if until >= at {
        return None;
    }
    let ago = span(at.saturating_sub(until));
    Some(match answer.next_update {
        Some(next) => format!("its nextUpdate, {}, passed {ago} ago", date(next)),
        None => format!(
            "it has no nextUpdate, and its thisUpdate, {}, is more than a day old",
            date(answer.this_update)
        ),
    })
}

fn passing(answer: &Answer) -> String {
    let status = match answer.status {
        Status::Revoked { .. } => "revoked (see tls-certificate-revoked)",
        Status::Good | Status::Unknown => "good",
    };
    format!("it says {status}, until {}", date(answer.holds_until()))
}

/// How far the responder's clock may be ahead of ours, in seconds.
const SKEW: i64 = 300;

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::{
        contract::{Item, Obstacle, Outcome},
        tls::{
            statements::staple::made::Made,
            tests::fixture::{Forge, NOW, judged},
            when::DAY,
        },
    };

    fn item(change: impl FnOnce(&mut Made)) -> Item {
        let forge = Forge::new();
        let chain = [forge.leaf(&["shop.example"]), forge.intermediate()];
        let mut posture = forge.posture(&chain, NOW);
        let mut made = Made::good(&chain[0], NOW);
        change(&mut made);
        forge.staple(&mut posture, &made);
        judged(&RULE, &posture).remove(0)
    }

    fn fails_with(item: &Item, text: &str) {
        assert!(matches!(item.outcome, Outcome::Fail(_)), "{item:?}");
        assert!(item.seen.contains(text), "{item:?}");
    }

    #[test]
    fn an_answer_holds_until_its_next_update() {
        assert_eq!(item(|made| made.next_update = Some(NOW)).outcome, Outcome::Pass);
        let stale = item(|made| made.next_update = Some(NOW - 1));
        fails_with(&stale, "its nextUpdate, 2027-01-15 07:59 UTC, passed 0 minutes ago");
    }

    #[test]
    fn without_a_next_update_it_holds_for_a_day() {
        let of =
            |this_update| item(|made| (made.this_update, made.next_update) = (this_update, None));
        assert_eq!(of(NOW - DAY).outcome, Outcome::Pass);
        fails_with(&of(NOW - DAY - 1), "more than a day old");
    }

    #[test]
    fn a_responder_whose_clock_is_a_little_ahead_is_borne_with() {
        assert_eq!(item(|made| made.this_update = NOW + 300).outcome, Outcome::Pass);
        fails_with(&item(|made| made.this_update = NOW + 301), "in the future");
    }

    #[test]
    fn an_answer_that_says_revoked_is_not_stale() {
        let revoked = item(Made::revoke);
        assert_eq!(revoked.outcome, Outcome::Pass);
        assert!(revoked.seen.contains("see tls-certificate-revoked"), "{revoked:?}");
    }

    #[test]
    fn an_answer_that_helps_no_client_is_broken() {
        fails_with(&item(|made| made.status = 2), "does not know the certificate");
        fails_with(&item(|made| made.refusal = Some(3)), "tryLater");
        fails_with(&item(|made| made.serial.push(7)), "about another certificate");
        fails_with(&item(|made| made.is_forged = true), "its signature is neither");
    }

    #[test]
    fn a_responder_must_be_within_its_life() {
        let of = |from, until| item(|made| made.responder = Some((from, until, true)));
        assert_eq!(of(NOW, NOW).outcome, Outcome::Pass);
        fails_with(&of(NOW - DAY, NOW - 1), "which signed it, lives from");
        fails_with(&of(NOW + 1, NOW + DAY), "which signed it, lives from");
    }

    #[test]
    fn a_signature_that_we_cannot_verify_is_unknown() {
        let item = item(|made| made.is_of_unknown_algorithm = true);
        assert_eq!(item.outcome, Outcome::Unknown(Obstacle::Protocol));
    }

    #[test]
    fn nobody_need_staple() {
        let forge = Forge::new();
        let posture = forge.posture(&[forge.leaf(&["shop.example"]), forge.intermediate()], NOW);
        assert_eq!(judged(&RULE, &posture)[0].outcome, Outcome::Skip);
    }
}
