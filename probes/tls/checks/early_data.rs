//! Requests that may be sent twice.

use crate::{
    contract::{Check, Confidence, Dimension, Impact, Item, Rule, Settles},
    tls::{
        Tls,
        evidence::{Posture, Seen},
    },
    wire::hello::version::Version,
};

pub(super) const RULE: Rule<Tls> = Rule::<Tls>::new(
    Check {
        id: "tls-early-data",
        fault: "early data is accepted",
        impact: Impact::Medium,
        dimension: Dimension::Transport,
        settles: Settles::AtOnce,
        why: "Early data can be recorded and sent again by anybody on the way: an order is placed \
              twice. It is safe only if every handler behind the server knows which requests came \
              early and answers 425 to those that change something, which few do.",
        how: "The handshake with each address waits for session tickets; one that allows early data \
              says how much. None is ever sent.",
        fix: "Switch it off (nginx `ssl_early_data off`, which is the default; at a content delivery \
              network the option is called 0-RTT). If it must stay, pass `Early-Data: 1` on and answer \
              425 Too Early to whatever is not idempotent.",
        sources: &["RFC 9325 section 3.10", "RFC 8470", "RFC 9846 section 8 (replay)"],
    },
    |_, posture: &Posture| posture.seen.iter().map(|seen| seen.show(judge(seen))).collect(),
).applies(Tls::asks_handshake);

fn judge(seen: &Seen) -> Item {
    let settled = match &seen.handshake {
        Ok(settled) => settled,
        Err(_) if seen.refuses_tls13() => {
            return Item::pass("", "does not speak TLS 1.3, and nothing older has it");
        }
        Err(broken) => return Item::unknown("", &broken.obstructed),
    };
    let item = match (seen.version(), seen.sessions.early_data()) {
        (Some(Version::Tls13), Some(0)) => Item::pass("", "its tickets allow none"),
        (Some(Version::Tls13), Some(bytes)) => {
            let seen = format!("its tickets allow {bytes} bytes");
            Item::fail(Confidence::Confirmed, "", seen)
        }
        // Without a ticket there is no session to send it in.
        (Some(Version::Tls13), None) => {
            Item::pass("", "offers no session that it could be sent in")
        }
        _ => Item::pass("", format!("{} has none", settled.version)),
    };
    item.replay(seen.command("-tls1_3 -sess_out /dev/null"))
}
