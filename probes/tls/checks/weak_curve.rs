//! Elliptic curves that are too short.

use crate::{
    contract::{Check, Confidence, Dimension, Impact, Item, Rule, Settles},
    tls::{
        Tls,
        evidence::{Posture, Seen},
        observe::survey::{Survey, ask::Answer},
    },
};

pub(super) const RULE: Rule<Tls> = Rule::<Tls>::new(
    Check {
        id: "tls-weak-curve",
        fault: "an elliptic curve shorter than 224 bits is accepted",
        impact: Impact::Medium,
        dimension: Dimension::Transport,
        settles: Settles::AtOnce,
        why: "Curves of 160 or 163 bits give no more than 80 bits of security, which is within reach \
              of whoever records traffic and can wait. A client that offers only such a curve, or is \
              made to, gets a connection that looks sound.",
        how: "A hello of TLS 1.2 with sound suites and weak curves alone, which a sound server \
              refuses. The curve of its usual key exchange is looked at too. No handshake is completed.",
        fix: "Name the curves that are allowed (nginx `ssl_ecdh_curve X25519:prime256v1:secp384r1`, \
              OpenSSL `Groups`), or update the TLS library: OpenSSL 1.1.0 and newer have none of these \
              on by default.",
        sources: &["RFC 9325 section 4.5 (MUST NOT)", "RFC 8422 section 5.1.1"],
    },
    |_, posture: &Posture| posture.surveyed(|seen, survey| vec![judge(seen, survey)]),
).applies(Tls::asks_full);

fn judge(seen: &Seen, survey: &Survey) -> Item {
    let (standard, full) = match (survey.standard(), survey.full()) {
        (Ok(standard), Ok(full)) => (standard, full),
        (Err(obstructed), _) | (_, Err(obstructed)) => return Item::unknown("", &obstructed),
    };
    let usual = standard.flights().filter_map(|flight| flight.group).find(|group| group.is_weak());
    let forced = match &full.listed.weak_curve {
        Some(Ok(Answer::Accepted(flight))) => flight.group.filter(|group| group.is_weak()),
        _ => None,
    };
    let item = match (usual.or(forced), &full.listed.weak_curve, &standard.flight) {
        (Some(group), ..) => {
            Item::fail(Confidence::Confirmed, "", format!("agrees on a key by {group}"))
        }
        (None, Some(Err(obstructed)), _) | (None, None, Err(obstructed)) => {
            Item::unknown("", obstructed)
        }
        (None, Some(Ok(_)), _) => Item::pass("", "refuses curves shorter than 224 bits"),
        (None, None, Ok(_)) => match (standard.flights().next(), &seen.handshake) {
            // What refuses sound suites uses no curves.
            (Some(_), _) => Item::pass("", "uses no curve shorter than 224 bits"),
            (None, Ok(settled)) => Item::pass("", format!("speaks {} alone", settled.version)),
            (None, Err(broken)) => Item::unknown("", &broken.obstructed),
        },
    };
    item.replay(seen.command("-tls1_2 -curves secp160r1:sect163r2 -cipher 'ECDHE:@SECLEVEL=0'"))
}
