//! A listener that should speak TLS and does not.

use crate::{
    contract::{Check, Confidence, Dimension, Impact, Item, Rule, Settles},
    plaintext::{
        Plaintext,
        observe::speech::{Listener, Speech},
    },
};

pub(super) const RULE: Rule<Plaintext> = Rule::<Plaintext>::new(
    Check {
        id: "plaintext-listener",
        fault: "a listener speaks without TLS where TLS is expected",
        impact: Impact::Blocker,
        dimension: Dimension::Transport,
        settles: Settles::AtOnce,
        why: "Calls between services carry the same tokens and data as those from outside. Without TLS \
              anybody on the network reads and changes them, and no caller can tell whom it talks to.",
        how: "Sends the first message of a TLS handshake to each of `listeners`; if nothing comes back, \
              the preface of HTTP/2 without TLS. Expected: TLS, whatever its certificate (the `tls` \
              probe judges that). An answer in another protocol fails; silence is unknown.",
        fix: "Configure the server's credentials (`grpc.Creds` in Go, `ssl_server_credentials` in \
              Python, `useTransportSecurity` in Java), or let a sidecar or mesh require mutual TLS on \
              the port.",
        sources: &["OWASP ASVS 5.0 12.3.1", "RFC 9113 section 3.3", "gRPC authentication guide"],
    },
    |_, seen| match seen.listeners.as_slice() {
        [] => vec![Item::skip("", "the settings list no other listeners (`listeners`)")],
        listeners => listeners.iter().map(item).collect(),
    },
);

fn item(listener: &Listener) -> Item {
    let subject = listener.endpoint.to_string();
    let item = match &listener.speech {
        Ok(Speech::Tls) => Item::pass(&subject, Speech::Tls.in_words()),
        Ok(speech) => Item::fail(Confidence::Confirmed, &subject, speech.in_words()),
        Err(obstructed) => Item::unknown(&subject, obstructed),
    };
    item.replay(format!("openssl s_client -connect {subject} </dev/null"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::{Obstacle, Outcome, net::Endpoint};

    #[test]
    fn only_tls_passes_and_silence_is_unknown() {
        let of = |speech| {
            let listener = Listener { endpoint: Endpoint::tcp("grpc.example", 50051), speech };
            item(&listener).outcome
        };
        assert_eq!(of(Ok(Speech::Tls)), Outcome::Pass);
        for speech in [Speech::Http1, Speech::Http2, Speech::Other] {
            assert_eq!(of(Ok(speech)), Outcome::Fail(Confidence::Confirmed));
        }
        let silent = Err(Obstacle::Timeout.because("nothing"));
        assert_eq!(of(silent), Outcome::Unknown(Obstacle::Timeout));
    }
}
