//! SSL, which protects nothing any more.

use crate::{
    contract::{Check, Confidence, Dimension, Impact, Item, Rule, Settles},
    tls::{
        Tls,
        evidence::{Posture, Seen, accepted::refused},
        observe::survey::Survey,
    },
    wire::hello::version::Version,
};

pub(super) const RULE: Rule<Tls> = Rule::<Tls>::new(
    Check {
        id: "tls-broken-version",
        fault: "SSL 3.0 or SSL 2.0 is spoken",
        impact: Impact::Blocker,
        dimension: Dimension::Transport,
        settles: Settles::AtOnce,
        why: "Both are broken beyond repair: an attacker on the way can decrypt cookies of SSL 3.0 \
              (POODLE), and a server that speaks SSL 2.0 with the same key as its TLS gives that away \
              too (DROWN).",
        how: "A hello of SSL 3.0 to each address, and less often one of SSL 2.0. A sound server refuses \
              both; no handshake is completed.",
        fix: "Allow TLS 1.2 and 1.3 alone (nginx `ssl_protocols TLSv1.2 TLSv1.3`, Apache `SSLProtocol \
              -all +TLSv1.2 +TLSv1.3`, HAProxy `ssl-min-ver TLSv1.2`). A library that still has SSL \
              is years behind its security fixes: replace it.",
        sources: &["RFC 7568 (SSL 3.0)", "RFC 6176 (SSL 2.0)", "RFC 9325 section 3.1.1 (MUST NOT)"],
    },
    |_, posture: &Posture| {
        posture.surveyed(|seen, survey| judge(&posture.host(), seen, survey))
    },
).applies(Tls::asks_standard);

fn judge(host: &str, seen: &Seen, survey: &Survey) -> Vec<Item> {
    // OpenSSL is built without either.
    let command = |version| format!("sslscan --{version} --sni-name={host} {}", seen.address);
    let ssl3 = match survey.standard() {
        Ok(standard) => refused(&standard.ssl3, "SSL 3.0", "refused", |flight| {
            let suite = flight.suite.map(|suite| suite.to_string()).unwrap_or_default();
            format!("spoken, with {suite}")
        }),
        Err(obstructed) => Item::unknown("SSL 3.0", &obstructed),
    };
    // A server of SSL 3.0 alone answers any older hello with it.
    let old = survey.fast.old.as_ref().ok().and_then(|answer| answer.accepted());
    let ssl3 = match old {
        Some(flight) if flight.version == Some(Version::Ssl3) => {
            Item::fail(Confidence::Confirmed, "SSL 3.0", "spoken, and nothing newer below TLS 1.2")
        }
        _ => ssl3,
    };
    let mut items = vec![ssl3.replay(command("ssl3"))];
    // The settings may rule the full tier out, and then SSL 3.0 answers for both.
    if let Some(full) = &survey.full {
        let ssl2 = match &full.listed.ssl2 {
            Ok(false) => Item::pass("SSL 2.0", "refused"),
            Ok(true) => Item::fail(Confidence::Confirmed, "SSL 2.0", "spoken"),
            Err(obstructed) => Item::unknown("SSL 2.0", obstructed),
        };
        items.push(ssl2.replay(command("ssl2")));
    }
    items
}
