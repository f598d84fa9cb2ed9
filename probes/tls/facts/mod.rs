//! The posture as rows for a person.

mod survey;

use super::{
    chain::{Chain, Listed, position},
    when::{date, span},
};
use crate::{
    contract::{Fact, net::Negotiated},
    tls::{
        evidence::{Posture, Seen},
        statements::{
            staple::{Answer, Staple, response::Status, signer::Signer},
            timestamps::logs,
        },
    },
};

/// One group of rows an address, and shorter ones for addresses that show nothing new.
pub(super) fn facts(posture: &Posture) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut shown: Vec<&str> = Vec::new();
    facts.push(Fact::new("handshake", "this visit", effort(posture)));
    for seen in &posture.seen {
        let address = seen.address.to_string();
        facts.push(Fact::new("handshake", address.clone(), handshake(seen)));
    }
    let mut surveys: Vec<Vec<Fact>> = Vec::new();
    for seen in &posture.seen {
        let survey = survey::facts(seen);
        // The addresses of a sound target differ in nothing.
        if !survey.is_empty() && !surveys.contains(&survey) {
            if posture.seen.len() > 1 {
                facts.push(Fact::new("survey", "address", seen.address.to_string()));
            }
            facts.extend(survey.iter().cloned());
            surveys.push(survey);
        }
    }
    for seen in &posture.seen {
        let Ok(chain) = &seen.chain else { continue };
        let leaf = chain.leaf.fingerprint.as_str();
        if shown.contains(&leaf) {
            continue;
        }
        shown.push(leaf);
        facts.extend(certificate(posture, chain));
        facts.extend(statements(seen, chain));
        facts.extend(others(chain));
    }
    if let Some(unread) = &posture.unread {
        facts.push(Fact::new("chain", "intermediates_file", unread.detail.clone()));
    }
    let left_out = posture.left_out.iter();
    facts.extend(left_out.map(|(address, why)| {
        Fact::new("handshake", address.to_string(), format!("not judged: {why}"))
    }));
    facts
}

/// What the visit cost.
fn effort(posture: &Posture) -> String {
    let (count, ms) = (posture.connections, posture.took.as_secs_f64() * 1e3);
    format!("{count} connection{} in {ms:.1} ms", if count == 1 { "" } else { "s" })
}

fn handshake(seen: &Seen) -> String {
    let mut text = match &seen.handshake {
        Ok(negotiated) => {
            format!("{} in {:.1} ms", settled(negotiated), seen.took.as_secs_f64() * 1e3)
        }
        Err(broken) => broken.obstructed.detail.clone(),
    };
    if seen.asks_for_certificate {
        text.push_str(", asks for a client certificate");
    }
    text
}

fn settled(negotiated: &Negotiated) -> String {
    let group = negotiated.group.as_deref().unwrap_or("no group");
    let alpn = negotiated.alpn.as_deref().unwrap_or("no ALPN");
    format!("{}, {}, {group}, {alpn}", negotiated.version, negotiated.suite)
}

fn certificate(posture: &Posture, chain: &Chain) -> Vec<Fact> {
    let leaf = &chain.leaf;
    let left = leaf.not_after - posture.at;
    let ends = if left < 0 { format!("{} ago", span(left)) } else { format!("in {}", span(left)) };
    let count = leaf.name_count.unwrap_or(0);
    let mut names = leaf.names.join(", ");
    if count > leaf.names.len() {
        names = format!("{names} and {} more", count - leaf.names.len());
    }
    let row = |name: &'static str, value: String| Fact::new("certificate", name, value);
    vec![
        row("subject", leaf.subject.to_string()),
        row("names", if count == 0 { "none".to_owned() } else { names }),
        row("issuer", leaf.issuer.to_string()),
        row("valid from", date(leaf.not_before)),
        row("valid until", format!("{}, {ends}", date(leaf.not_after))),
        row("key", leaf.key.to_string()),
        row("signature", leaf.signature.algorithm.clone()),
        row("serial number", leaf.serial.clone()),
        row("SHA-256 fingerprint", leaf.fingerprint.clone()),
    ]
}

/// What authorities and logs say of a certificate.
fn statements(seen: &Seen, chain: &Chain) -> Vec<Fact> {
    let row = |name: &'static str, value: String| Fact::new("certificate", name, value);
    let staple = match seen.staple.as_deref() {
        None if chain.leaf.must_staple => "none, though it is promised (must-staple)".to_owned(),
        None => "none".to_owned(),
        Some(Staple::Broken(why) | Staple::Unverifiable(why)) => why.clone(),
        Some(Staple::Answer(answer)) => stapled(answer),
    };
    let mut facts = vec![row("stapled OCSP response", staple)];
    match &seen.listed {
        Some(Ok(Listed::No)) => facts.push(row("revocation list", "not on it".to_owned())),
        Some(Ok(Listed::Yes { which, .. })) => {
            facts.push(row("revocation list", format!("{which} is on it")));
        }
        Some(Err(obstructed)) => facts.push(row("revocation list", obstructed.detail.clone())),
        None => {}
    }
    let sent = seen.staple.as_deref().and_then(Staple::answer).map(|answer| &answer.timestamps);
    let extension = seen.extension_timestamps.as_ref().and_then(|list| list.as_ref().ok());
    let sources = [
        (Some(&chain.leaf.timestamps), "in the certificate"),
        (sent, "in the staple"),
        (extension, "in the handshake"),
    ];
    let counts = sources.iter().filter_map(|(list, place)| {
        let count = logs(list.iter().copied().flatten());
        (count > 0)
            .then(|| format!("of {count} {} {place}", if count == 1 { "log" } else { "logs" }))
    });
    let counts: Vec<String> = counts.collect();
    if !counts.is_empty() {
        facts.push(row("certificate timestamps", counts.join(", ")));
    }
    facts
}

fn stapled(answer: &Answer) -> String {
    let status = match answer.status {
        Status::Good => "good".to_owned(),
        Status::Unknown => "unknown".to_owned(),
        Status::Revoked { at, reason } => {
            format!("revoked since {} ({})", date(at), reason.unwrap_or("no reason given"))
        }
    };
    let signer = match &answer.signer {
        Signer::Issuer => "the issuer",
        Signer::Responder { name, .. } => name,
    };
    format!(
        "{status}, as of {}, until {}, signed by {signer} on {}",
        date(answer.this_update),
        date(answer.holds_until()),
        date(answer.produced_at)
    )
}

fn others(chain: &Chain) -> Vec<Fact> {
    const SHOWN: usize = 8;
    let others = chain.certificates().skip(1).take(SHOWN).map(|(i, one)| {
        let root = if one.is_self_issued() { ", a root" } else { "" };
        let (key, end) = (&one.key, date(one.not_after));
        Fact::new("chain", position(i), format!("{}, {key}, until {end}{root}", one.subject))
    });
    let mut facts: Vec<Fact> = others.collect();
    if let Some(root) = chain.trust.path().and_then(|path| path.anchor.certificate.as_ref()) {
        let (key, end) = (&root.key, date(root.not_after));
        facts.push(Fact::new(
            "chain",
            "trusted root",
            format!("{}, {key}, until {end}", root.subject),
        ));
    }
    let size = format!("{} bytes in {} certificates", chain.bytes, chain.rest.len() + 1);
    facts.push(Fact::new("chain", "size", size));
    facts
}
