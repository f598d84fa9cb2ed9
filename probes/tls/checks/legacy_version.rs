//! Versions of TLS that were retired.

use crate::{
    contract::{Check, Confidence, Dimension, Impact, Item, Rule, Settles},
    tls::{
        Tls,
        evidence::{Posture, Seen, accepted::refused},
        observe::survey::{Survey, ask::Answer},
        settings::Ideal,
    },
    wire::hello::{flight::Flight, version::Version},
};

pub(super) const RULE: Rule<Tls> = Rule::<Tls>::new(
    Check {
        id: "tls-legacy-version",
        fault: "TLS 1.0 or TLS 1.1 is spoken",
        impact: Impact::High,
        dimension: Dimension::Transport,
        settles: Settles::AtOnce,
        why: "Both rest on MD5 and SHA-1, know no authenticated encryption, and were retired in 2021. \
              Card payments forbid them, browsers dropped them in 2020, and whatever still needs them \
              drags the connection of everybody else down with it when an attacker interferes.",
        how: "One hello to each address that offers TLS 1.1 and below with every suite of that time: \
              a sound server refuses it. Where it is taken, each version is asked for by itself. In \
              the profile `modern` TLS 1.2 counts as old too. No handshake is completed.",
        fix: "Allow TLS 1.2 and 1.3 alone (nginx `ssl_protocols TLSv1.2 TLSv1.3`, Apache `SSLProtocol \
              -all +TLSv1.2 +TLSv1.3`, HAProxy `ssl-min-ver TLSv1.2`, Envoy \
              `tls_minimum_protocol_version: TLSv1_2`). Look in the access log for `$ssl_protocol` \
              first, to know who will be cut off.",
        sources: &[
            "RFC 8996",
            "RFC 9325 section 3.1.1 (MUST NOT)",
            "PCI DSS 4.0 requirement 4.2.1",
        ],
    },
    |tls, posture: &Posture| {
        let ideal = tls.ideal(RULE.check.id);
        posture.surveyed(|seen, survey| judge(ideal, seen, survey))
    },
).applies(Tls::asks_fast);

fn judge(ideal: Ideal, seen: &Seen, survey: &Survey) -> Vec<Item> {
    let mut items = Vec::new();
    match &survey.fast.old {
        Ok(Answer::Accepted(newest)) => {
            let each = survey.standard.as_deref().map(|standard| standard.old.as_slice());
            match each {
                Some(each) if !each.is_empty() => {
                    items.extend(each.iter().map(|(version, answer)| {
                        refused(answer, &version.to_string(), "refused", spoken)
                            .replay(seen.command(&option(*version)))
                    }));
                }
                _ => items.push(Item::fail(Confidence::Confirmed, of(newest), spoken(newest))),
            }
            // What is older than TLS is another check's.
            items.retain(|item| item.subject != Version::Ssl3.to_string());
        }
        answer => {
            let item = refused(answer, "", "refuses TLS 1.0 and TLS 1.1", spoken);
            items.push(item.replay(seen.command(&option(Version::Tls11))));
        }
    }
    if items.is_empty() {
        items.push(Item::pass("", "refuses TLS 1.0 and TLS 1.1; what it speaks is older"));
    }
    if ideal == Ideal::Modern {
        items.push(tls12(seen, survey).replay(seen.command("-tls1_2")));
    }
    items
}

fn tls12(seen: &Seen, survey: &Survey) -> Item {
    let subject = Version::Tls12.to_string();
    if seen.version() == Some(Version::Tls12) {
        return Item::fail(Confidence::Confirmed, subject, "spoken");
    }
    match survey.standard() {
        Ok(standard) => {
            let answers = [&standard.flight, &survey.fast.weak, &standard.rare];
            let taken = |answer: &&Result<Answer, _>| {
                let flight = answer.as_ref().ok().and_then(Answer::accepted);
                flight.is_some_and(|flight| flight.version == Some(Version::Tls12))
            };
            if answers.iter().any(taken) {
                return Item::fail(Confidence::Confirmed, subject, "spoken");
            }
            refused(&standard.flight, &subject, "refused", spoken)
        }
        Err(obstructed) => Item::unknown(subject, &obstructed),
    }
}

fn of(flight: &Flight) -> String {
    flight.version.map(|version| version.to_string()).unwrap_or_default()
}

fn spoken(flight: &Flight) -> String {
    let suite = flight.suite.map(|suite| suite.to_string()).unwrap_or_default();
    format!("spoken, with {suite}")
}

/// The option of openssl's that asks for this version.
fn option(version: Version) -> String {
    let name = if version == Version::Tls10 { "-tls1" } else { "-tls1_1" };
    format!("{name} -cipher 'ALL:@SECLEVEL=0'")
}
