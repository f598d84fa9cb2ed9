//! The certificate that most clients never see.

use crate::{
    contract::{Check, Confidence, Dimension, Impact, Item, Rule, Settles},
    tls::{
        Tls,
        chain::{Chain, Grade, Refusal, Trust},
        evidence::{Posture, Seen},
        observe::survey::{Survey, full::Shown},
        when::date,
    },
};

pub(super) const RULE: Rule<Tls> = Rule::<Tls>::new(
    Check {
        id: "tls-second-certificate-unsound",
        fault: "the certificate for other kinds of key is unsound",
        impact: Impact::High,
        dimension: Dimension::Transport,
        settles: Settles::AtOnce,
        why: "A server may have an RSA certificate beside an ECDSA one. Most clients are shown the \
              same of the two, and monitoring with them; the other expires unseen, and the clients \
              that need it are cut off: old devices, Java, payment terminals.",
        how: "A handshake with each address by a client that takes only the other kind of signature \
              than the usual certificate's. If another certificate is shown, it is held against the \
              same rules: dates, name, path to a trusted authority, keys and signatures.",
        fix: "Renew both certificates in the same job, and reload once. If nobody needs the second \
              one, take it out of the configuration (nginx: the second `ssl_certificate`).",
        sources: &["RFC 5280 section 6.1", "RFC 9846 section 4.4.2.2"],
    },
    |_, posture: &Posture| {
        posture.surveyed(|seen, survey| vec![judge(posture, seen, survey)])
    },
).applies(Tls::asks_full);

fn judge(posture: &Posture, seen: &Seen, survey: &Survey) -> Item {
    let full = match survey.full() {
        Ok(full) => full,
        Err(obstructed) => return Item::unknown("", &obstructed),
    };
    let chain = match &full.second {
        Ok(Shown::Chain(chain)) => chain,
        Ok(Shown::Refusal(_)) => return Item::pass("", "there is no second certificate"),
        Err(obstructed) => return Item::unknown("", obstructed),
    };
    let faults = faults(posture, chain);
    let (subject, key) = (&chain.leaf.subject, &chain.leaf.key);
    let item = if faults.is_empty() {
        Item::pass("", format!("{subject}, {key}, until {}", date(chain.leaf.not_after)))
    } else {
        let seen = format!("{subject}, {key}: {}", faults.join("; "));
        Item::fail(Confidence::Confirmed, "", seen)
    };
    let sigalgs = match key {
        crate::tls::chain::Key::Rsa(_) => "RSA-PSS+SHA256:RSA+SHA256",
        _ => "ECDSA+SHA256:ECDSA+SHA384",
    };
    item.replay(seen.command(&format!("-sigalgs {sigalgs} -showcerts")))
}

/// What is wrong with a chain, one clause each.
fn faults(posture: &Posture, chain: &Chain) -> Vec<String> {
    let leaf = &chain.leaf;
    let mut faults = Vec::new();
    if leaf.not_after < posture.at {
        faults.push(format!("it expired on {}", date(leaf.not_after)));
    } else if leaf.not_before > posture.at {
        faults.push(format!("it is not valid before {}", date(leaf.not_before)));
    }
    if !chain.is_for_name() {
        faults.push(format!("it is not for {}", posture.host()));
    }
    let weak = chain.relied_on().filter_map(|(_, one)| {
        let hash = one.signature.broken_hash.filter(|_| !one.is_self_issued());
        one.key.weakness().or_else(|| Some(format!("it is signed with {}", hash?)))
    });
    faults.extend(weak);
    match &chain.trust {
        Trust::SelfSigned => faults.push("it is signed with its own key".to_owned()),
        Trust::Refused(Refusal::UnknownIssuer { issuer, .. }) => {
            faults.push(format!("there is no way to a trusted authority from {issuer}"));
        }
        Trust::Refused(_) => faults.push("clients refuse its chain".to_owned()),
        _ if chain.clients.refusers(true).grade() >= Some(Grade::Several) => {
            faults.push(chain.clients.described(true));
        }
        // Whatever is overlooked besides has been told: dates and weakness of its certificates.
        Trust::Anchored { .. } if !chain.trust.is_sound() && faults.is_empty() => {
            faults.push("its chain is incomplete, or not fit for servers".to_owned());
        }
        Trust::Anchored { .. } | Trust::Listed => {}
    }
    faults
}
