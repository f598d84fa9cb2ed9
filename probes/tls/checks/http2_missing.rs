//! HTTP/2, which browsers speak with TLS alone.

use crate::{
    contract::{Check, Confidence, Dimension, Impact, Item, Rule, Settles},
    tls::{
        Tls,
        evidence::{Posture, Seen},
    },
};

pub(super) const RULE: Rule<Tls> = Rule::<Tls>::new(
    Check {
        id: "tls-http2-missing",
        fault: "HTTP/2 is not spoken",
        impact: Impact::Low,
        dimension: Dimension::Performance,
        settles: Settles::AtOnce,
        why: "With HTTP/1.1 a browser opens six connections and queues everything else behind them; \
              each costs a handshake. gRPC does not work without HTTP/2 at all.",
        how: "The handshake with each address offers h2 and http/1.1; which one the server chooses \
              tells. Asked of the target's own URL only: what speaks at another `address` need not be \
              HTTP.",
        fix: "Switch it on (nginx `http2 on`, before 1.25.1 `listen 443 ssl http2`; Apache `Protocols \
              h2 http/1.1`; HAProxy `alpn h2,http/1.1`). If it is off on purpose, say so in \
              `overrides`.",
        sources: &["RFC 9113 section 3.2", "RFC 7301"],
    },
    |_, posture: &Posture| {
        if !posture.is_http {
            return vec![Item::skip("", "what is spoken at this address need not be HTTP")];
        }
        posture.seen.iter().map(|seen| seen.show(judge(seen))).collect()
    },
).applies(Tls::asks_handshake);

fn judge(seen: &Seen) -> Item {
    let item = match seen.handshake.as_ref().map(|settled| settled.alpn.as_deref()) {
        Ok(Some("h2")) => Item::pass("", "chooses h2"),
        Ok(Some(other)) => {
            Item::fail(Confidence::Confirmed, "", format!("chooses {other} where h2 is on offer"))
        }
        Ok(None) => Item::fail(Confidence::Confirmed, "", "chooses no protocol, so HTTP/1.1 it is"),
        Err(broken) => Item::unknown("", &broken.obstructed),
    };
    item.replay(seen.command("-alpn h2,http/1.1"))
}
