//! Handshakes signed with a broken hash.

use crate::{
    contract::{Check, Confidence, Dimension, Impact, Item, Rule, Settles},
    tls::{
        Tls,
        evidence::{Posture, Seen},
        observe::survey::{Survey, ask::Answer},
    },
    wire::hello::flight::Flight,
};

pub(super) const RULE: Rule<Tls> = Rule::<Tls>::new(
    Check {
        id: "tls-weak-handshake-signature",
        fault: "the handshake is signed with SHA-1 or MD5",
        impact: Impact::Medium,
        dimension: Dimension::Transport,
        settles: Settles::AtOnce,
        why: "The signature over the key exchange is what ties the connection to the certificate. \
              Collisions of SHA-1 can be bought since 2020, and with one an attacker can pose as the \
              server (SLOTH). Current clients break off when they see it.",
        how: "A hello of TLS 1.2 to each address offers signatures with SHA-256 and better as well as \
              SHA-1; the ServerKeyExchange shows which is used. Less often, a hello offers SHA-1 and \
              MD5 alone, which a sound server refuses.",
        fix: "Update the TLS library, or raise its security level (OpenSSL `@SECLEVEL=2`). On Windows \
              and Java, remove SHA-1 and MD5 from the allowed signature algorithms of the handshake.",
        sources: &["RFC 9155 section 4 (MUST NOT)", "SLOTH, CVE-2015-7575"],
    },
    |_, posture: &Posture| posture.surveyed(|seen, survey| vec![judge(seen, survey)]),
).applies(Tls::asks_standard);

fn judge(seen: &Seen, survey: &Survey) -> Item {
    let standard = match survey.standard() {
        Ok(standard) => standard,
        Err(obstructed) => return Item::unknown("", &obstructed),
    };
    if let Err(obstructed) = &standard.flight {
        return Item::unknown("", obstructed);
    }
    let eager = standard.flights().find_map(hash_of);
    let command = seen.command("-tls1_2 -sigalgs RSA+SHA1:ECDSA+SHA1 -cipher 'ALL:@SECLEVEL=0'");
    if let Some(hash) = eager {
        let seen = format!("signs with {hash} although SHA-256 is on offer");
        return Item::fail(Confidence::Confirmed, "", seen).replay(command);
    }
    let reluctant = survey.full.as_ref().and_then(|full| full.listed.broken_hash.as_ref());
    let item = match reluctant {
        Some(Ok(Answer::Accepted(flight))) => match hash_of(flight) {
            Some(hash) => {
                let seen = format!("signs with {hash} for a client that offers nothing better");
                Item::fail(Confidence::Confirmed, "", seen)
            }
            None => Item::pass("", "signs with SHA-256 or better, whatever the client offers"),
        },
        Some(Err(obstructed)) => Item::unknown("", obstructed),
        Some(Ok(Answer::Refused(_))) | None => match (standard.flights().next(), &seen.handshake) {
            (Some(_), _) => Item::pass("", "signs with neither"),
            (None, Ok(settled)) => Item::pass("", format!("speaks {} alone", settled.version)),
            (None, Err(broken)) => Item::unknown("", &broken.obstructed),
        },
    };
    item.replay(command)
}

fn hash_of(flight: &Flight) -> Option<&'static str> {
    flight.key_exchange?.scheme?.broken_hash()
}
