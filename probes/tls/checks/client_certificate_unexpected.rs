//! Doors that ask for a key nobody has.

use crate::{
    contract::{Check, Confidence, Dimension, Impact, Item, Rule, Settles},
    tls::{
        Tls,
        evidence::{Posture, Seen},
        settings::ClientCertificate,
    },
};

pub(super) const RULE: Rule<Tls> = Rule::<Tls>::new(
    Check {
        id: "tls-client-certificate-unexpected",
        fault: "clients are asked for a certificate",
        impact: Impact::Medium,
        dimension: Dimension::Transport,
        settles: Settles::AtOnce,
        why: "Browsers show a dialogue that nobody understands, some libraries break off, and a server \
              that insists cuts off everybody who has no certificate. It is most often left over from \
              a test, or comes from another virtual host of the same address.",
        how: "Only with `client_certificate: none`. The handshake with each address shows whether a \
              certificate is asked for; in TLS 1.2 a hello shows it as well.",
        fix: "Switch it off for this name (nginx `ssl_verify_client off`, Apache `SSLVerifyClient \
              none`), or move what needs it to a name and port of its own.",
        sources: &["RFC 9846 section 4.3.2", "RFC 5246 section 7.4.4"],
    },
    |tls, posture: &Posture| {
        if tls.client_certificate != Some(ClientCertificate::None) {
            return vec![Item::skip("", "the settings do not rule client certificates out")];
        }
        posture.seen.iter().map(|seen| seen.show(judge(seen))).collect()
    },
).applies(Tls::asks_handshake);

fn judge(seen: &Seen) -> Item {
    let standard = seen.survey.as_ref().ok().and_then(|survey| survey.standard.as_ref());
    let by_hello = standard
        .is_some_and(|standard| standard.flights().any(|flight| flight.asks_for_certificate));
    if seen.asks_for_certificate || by_hello {
        let how = if seen.insists_on_certificate() { ", and insists on one" } else { "" };
        return Item::fail(Confidence::Confirmed, "", format!("asks for a certificate{how}"));
    }
    match &seen.handshake {
        Ok(_) => Item::pass("", "asks for none"),
        Err(broken) => Item::unknown("", &broken.obstructed),
    }
}
