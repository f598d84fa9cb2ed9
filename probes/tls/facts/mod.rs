//! The posture as rows for a person.

use super::{
    chain::{Chain, position},
    posture::{Posture, Seen},
    when::{date, span},
};
use crate::contract::{Fact, net::Negotiated};

/// One group of rows an address, and shorter ones for addresses that show nothing new.
pub(super) fn facts(posture: &Posture) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut shown: Vec<&str> = Vec::new();
    for seen in &posture.seen {
        let address = seen.address.to_string();
        facts.push(Fact::new("handshake", address.clone(), handshake(seen)));
        let Ok(chain) = &seen.chain else { continue };
        let leaf = chain.leaf.fingerprint.as_str();
        if shown.contains(&leaf) {
            continue;
        }
        shown.push(leaf);
        facts.extend(certificate(posture, chain));
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
