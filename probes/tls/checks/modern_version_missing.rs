//! TLS 1.3, which is what a current client should get.

use crate::{
    contract::{Check, Confidence, Dimension, Impact, Item, Rule, Settles},
    tls::{
        Tls,
        evidence::{Posture, Seen},
        observe::survey::{Survey, Told, ask::Answer},
    },
    wire::hello::version::Version,
};

pub(super) const RULE: Rule<Tls> = Rule::<Tls>::new(
    Check {
        id: "tls-modern-version-missing",
        fault: "TLS 1.3 is not spoken",
        impact: Impact::Medium,
        dimension: Dimension::Transport,
        settles: Settles::AtOnce,
        why: "TLS 1.3 is one round trip faster, encrypts the certificates, and has none of the \
              options by which TLS 1.2 goes wrong. Post-quantum key exchange exists in it alone, so \
              what is recorded from a server without it may be read in ten years.",
        how: "The handshake with each address offers TLS 1.3 and 1.2; which one the server chooses \
              tells. Where the handshake fails, a hello of TLS 1.3 alone asks again.",
        fix: "Add TLSv1.3 to the allowed versions (nginx before 1.23.4 leaves it out by default: \
              `ssl_protocols TLSv1.2 TLSv1.3`), with OpenSSL 1.1.1 or newer. Behind a load balancer, \
              choose a newer security policy there.",
        sources: &["RFC 9325 section 3.1.1 (SHOULD)", "TLSRef 6.0, both profiles"],
    },
    |_, posture: &Posture| {
        let judge = |seen: &Seen| seen.show(judge(seen));
        posture.seen.iter().map(judge).collect()
    },
).applies(Tls::asks_handshake);

fn judge(seen: &Seen) -> Item {
    let asked = seen.survey.as_ref().ok().and_then(|survey: &Survey| survey.fast.tls13.as_ref());
    let item = match (seen.version(), asked, &seen.handshake) {
        (Some(Version::Tls13), ..) => Item::pass("", "chooses TLS 1.3"),
        (Some(version), ..) => {
            let seen = format!("chooses {version} where TLS 1.3 is on offer");
            Item::fail(Confidence::Confirmed, "", seen)
        }
        (None, Some(told), _) => by_hello(told),
        (None, None, Err(broken)) => Item::unknown("", &broken.obstructed),
        (None, None, Ok(_)) => Item::fail(Confidence::Confirmed, "", "chooses something else"),
    };
    item.replay(seen.command("-tls1_3"))
}

fn by_hello(told: &Told<Answer>) -> Item {
    match told {
        Ok(Answer::Accepted(_)) => Item::pass("", "answers a hello of TLS 1.3"),
        Ok(Answer::Refused(_)) => {
            Item::fail(Confidence::Confirmed, "", "refuses a hello of TLS 1.3")
        }
        Err(obstructed) => Item::unknown("", obstructed),
    }
}
