//! Clients that are made to fall back.

use crate::{
    contract::{Check, Confidence, Dimension, Impact, Item, Rule, Settles},
    tls::{
        Tls,
        evidence::{Posture, Seen},
        observe::survey::{
            Survey,
            ask::{Answer, Refusal},
        },
    },
    wire::hello::{flight::Alert, version::Version},
};

pub(super) const RULE: Rule<Tls> = Rule::<Tls>::new(
    Check {
        id: "tls-fallback-unprotected",
        fault: "a client that falls back to an old version is not warned",
        impact: Impact::Low,
        dimension: Dimension::Transport,
        settles: Settles::AtOnce,
        why: "Some clients try an older version when a connection fails, and an attacker can make it \
              fail. A client that says it is falling back is to be told that there is no need; \
              without that both talk in the older version, unaware.",
        how: "Only where TLS 1.1 or older is taken beside something newer: a hello of the old version \
              with TLS_FALLBACK_SCSV, which has to be answered with the alert inappropriate_fallback.",
        fix: "Switch the old versions off, and nothing is left to fall back to. If they must stay, \
              update the TLS library (OpenSSL since 1.0.1j knows the signal).",
        sources: &["RFC 7507"],
    },
    |_, posture: &Posture| posture.surveyed(|seen, survey| vec![judge(seen, survey)]),
).applies(Tls::asks_standard);

fn judge(seen: &Seen, survey: &Survey) -> Item {
    let standard = match survey.standard() {
        Ok(standard) => standard,
        Err(obstructed) => return Item::unknown("", &obstructed),
    };
    let item = match &standard.fallback {
        Some(Ok(Answer::Refused(Refusal::Alert(Alert::INAPPROPRIATE_FALLBACK)))) => {
            Item::pass("", "warns a client that falls back")
        }
        Some(Ok(Answer::Refused(_))) => Item::pass("", "refuses a client that falls back"),
        Some(Ok(Answer::Accepted(flight))) => {
            let version = flight.version.unwrap_or(Version::Tls10);
            let seen = format!("goes on in {version} with a client that says it is falling back");
            Item::fail(Confidence::Confirmed, "", seen)
        }
        Some(Err(obstructed)) => Item::unknown("", obstructed),
        None => match &survey.fast.old {
            Err(obstructed) => Item::unknown("", obstructed),
            Ok(Answer::Refused(_)) => {
                Item::pass("", "has nothing older than TLS 1.2 to fall back to")
            }
            Ok(Answer::Accepted(_)) => {
                Item::pass("", "speaks nothing newer that a client could fall back from")
            }
        },
    };
    item.replay(seen.command("-tls1_1 -fallback_scsv -cipher 'ALL:@SECLEVEL=0'"))
}
