//! Clients that ask for no name.

use crate::{
    contract::{Check, Confidence, Dimension, Impact, Item, Rule, Settles},
    tls::{
        Tls,
        chain::Chain,
        evidence::{Posture, Seen},
        observe::survey::{Survey, full::Shown},
    },
};

pub(super) const RULE: Rule<Tls> = Rule::<Tls>::new(
    Check {
        id: "tls-wrong-certificate-without-sni",
        fault: "a client that asks for no name is shown another certificate",
        impact: Impact::Low,
        dimension: Dimension::Transport,
        settles: Settles::AtOnce,
        why: "Old libraries, health checkers of load balancers and some devices send no server name. \
              They get the certificate of whichever virtual host comes first, refuse it, and report a \
              fault nobody else sees; or they accept it, and talk to the wrong service.",
        how: "A handshake with each address without a server name. The certificate shown has to be \
              for the target's name; a server that refuses to go on without a name is as sound.",
        fix: "Make this the default virtual host (nginx `listen 443 ssl default_server`), or have the \
              server refuse clients without a name (nginx `ssl_reject_handshake on` in the default \
              server).",
        sources: &["RFC 6066 section 3", "RFC 9325 section 3.7"],
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
    let item = match &full.nameless {
        None => Item::skip("", "an address is asked for by no name anyway (RFC 6066 section 3)"),
        Some(Ok(Shown::Refusal(words))) => Item::pass("", format!("refuses: {words}")),
        Some(Ok(Shown::Chain(chain))) if is_usual(seen, chain) => {
            Item::pass("", "shows the same certificate as to a client that asks for the name")
        }
        Some(Ok(Shown::Chain(chain))) if chain.is_for_name() => {
            Item::pass("", format!("shows the certificate of {} all the same", chain.leaf.subject))
        }
        Some(Ok(Shown::Chain(chain))) => {
            let (subject, host) = (&chain.leaf.subject, posture.host());
            let seen = format!("shows a certificate that is not for {host}: {subject}");
            Item::fail(Confidence::Confirmed, "", seen)
        }
        Some(Err(obstructed)) => Item::unknown("", obstructed),
    };
    item.replay(seen.command("-noservername -showcerts"))
}

/// Whether it is the certificate that the name's own clients see, whatever may be wrong with that.
fn is_usual(seen: &Seen, chain: &Chain) -> bool {
    seen.chain.as_ref().is_ok_and(|usual| usual.leaf.fingerprint == chain.leaf.fingerprint)
}
