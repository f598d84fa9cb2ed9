//! Cipher block chaining, authenticated the wrong way round.

use crate::{
    contract::{Check, Confidence, Dimension, Impact, Item, Rule, Settles},
    tls::{
        Tls,
        evidence::{Posture, Seen},
        observe::survey::{Survey, ask::Answer},
    },
    wire::hello::{flight::Flight, suite::Fault, version::Version},
};

pub(super) const RULE: Rule<Tls> = Rule::<Tls>::new(
    Check {
        id: "tls-cbc-without-etm",
        fault: "CBC suites are used without encrypt-then-MAC",
        impact: Impact::Low,
        dimension: Dimension::Transport,
        settles: Settles::AtOnce,
        why: "The older way of CBC, which authenticates first and encrypts then, has been attacked \
              through differences in timing and errors for twenty years (Lucky Thirteen and its \
              kin); every library depends on never making that mistake again.",
        how: "The same two hellos with weak suites as for broken ciphers; where one is taken, a hello \
              with CBC suites alone that also offers encrypt-then-MAC, and a look at whether the \
              server agrees to it. No handshake is completed.",
        fix: "Leave only AES-GCM and ChaCha20-Poly1305 in the cipher list; every client since 2014 has \
              them. If CBC must stay, use a library that has encrypt-then-MAC (OpenSSL since 1.1.0).",
        sources: &["RFC 9325 section 4.2", "RFC 7366", "Lucky Thirteen, CVE-2013-0169"],
    },
    |_, posture: &Posture| posture.surveyed(judge),
).applies(Tls::asks_standard);

fn judge(seen: &Seen, survey: &Survey) -> Vec<Item> {
    let standard = match survey.standard() {
        Ok(standard) => standard,
        Err(obstructed) => return vec![Item::unknown("", &obstructed)],
    };
    let asked = standard.faults.iter().find(|(fault, _)| *fault == Fault::Cbc);
    let item = match asked.map(|(_, answer)| answer) {
        Some(Ok(Answer::Accepted(flight))) => one(flight),
        Some(Err(obstructed)) => Item::unknown("", obstructed),
        Some(Ok(Answer::Refused(_))) | None => {
            let groups = [&survey.fast.weak, &standard.rare];
            match groups.into_iter().find_map(|answer| answer.as_ref().err()) {
                Some(obstructed) => Item::unknown("", obstructed),
                None => Item::pass("", "refuses CBC suites"),
            }
        }
    };
    let accepted = asked.and_then(|(_, answer)| answer.as_ref().ok()?.accepted());
    vec![item.replay(seen.command(&options(accepted)))]
}

/// A client that asks for the suite that was accepted, and lists the extensions of the answer.
fn options(accepted: Option<&Flight>) -> String {
    let version = accepted.and_then(|flight| flight.version).unwrap_or(Version::Tls12);
    let suite = accepted.and_then(|flight| flight.suite?.name_in_openssl());
    let suite = suite.unwrap_or_else(|| "AES128-SHA:ECDHE-RSA-AES128-SHA".to_owned());
    format!("{} -cipher '{suite}:@SECLEVEL=0' -tlsextdebug", version.option())
}

fn one(flight: &Flight) -> Item {
    let suite = flight.suite.map(|suite| suite.to_string()).unwrap_or_default();
    if flight.has(Flight::ENCRYPT_THEN_MAC) {
        return Item::pass("", format!("accepts {suite} with encrypt-then-MAC"));
    }
    let seen = format!("accepts {suite}, and declines encrypt-then-MAC");
    Item::fail(Confidence::Confirmed, "", seen)
}
