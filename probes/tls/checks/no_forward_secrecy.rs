//! At least one suite that is sound.

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
        id: "tls-no-forward-secrecy",
        fault: "no suite with forward secrecy and authenticated encryption is accepted",
        impact: Impact::High,
        dimension: Dimension::Transport,
        settles: Settles::AtOnce,
        why: "Current clients offer hardly anything else, so the newest of them cannot connect at all, \
              and the others get a connection that whoever obtains the private key one day can \
              decrypt.",
        how: "The handshake with each address offers TLS 1.3 and the sound suites of TLS 1.2: if it \
              succeeds, there is one. Where it fails, hellos ask for TLS 1.3, for the sound suites \
              alone, and for weak ones: a server that takes only the last kind has none.",
        fix: "Allow ECDHE suites with AES-GCM or ChaCha20-Poly1305, and TLS 1.3. If they are allowed \
              and refused all the same, the certificate's key is of a kind that none of them fits.",
        sources: &["RFC 9325 section 4.2", "TLSRef 6.0, intermediate profile"],
    },
    |_, posture: &Posture| posture.seen.iter().map(|seen| seen.show(judge(seen))).collect(),
).applies(Tls::asks_handshake);

fn judge(seen: &Seen) -> Item {
    let broken = match &seen.handshake {
        Ok(settled) => return Item::pass("", format!("chooses {}", settled.suite)),
        Err(broken) => broken,
    };
    if seen.insists_on_certificate() {
        // rustls, whose handshake this is, has no other suites.
        return Item::pass("", "shakes hands, up to the client's certificate, with a sound suite");
    }
    let Ok(survey) = &seen.survey else { return Item::unknown("", &broken.obstructed) };
    let Survey { fast, standard: Some(standard), .. } = survey else {
        return Item::unknown("", &broken.obstructed);
    };
    let sound = [fast.tls13.as_ref(), Some(&standard.flight)];
    let weak = [&fast.old, &fast.weak, &standard.rare, &standard.ssl3];
    let taken = |answer: &Result<Answer, _>| {
        answer.as_ref().ok().and_then(Answer::accepted).and_then(|flight| flight.suite)
    };
    if sound.iter().flatten().any(|answer| taken(answer).is_some()) {
        return Item::pass("", "accepts a hello with sound suites alone");
    }
    if sound.iter().flatten().any(|answer| answer.is_err()) {
        return Item::unknown("", &broken.obstructed);
    }
    match weak.into_iter().find_map(taken) {
        Some(suite) => {
            let seen = format!("refuses every sound suite, and accepts {suite}");
            Item::fail(Confidence::Confirmed, "", seen)
        }
        None => Item::unknown("", &broken.obstructed),
    }
}
