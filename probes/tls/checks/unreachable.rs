//! Before anything else, a client must be able to shake hands.

use rustls::{AlertDescription, CertificateError, Error, InvalidMessage};

use crate::{
    contract::{
        Check, Confidence, Dimension, Impact, Item, Obstacle, Rule, Settles, net::Negotiated,
    },
    tls::{
        Tls,
        evidence::{Broken, Posture, Seen},
    },
};

pub(super) const RULE: Rule<Tls> = Rule::<Tls>::new(
    Check {
        id: "tls-unreachable",
        fault: "no client can shake hands",
        impact: Impact::Blocker,
        dimension: Dimension::Transport,
        settles: Settles::TwoOfThree,
        why: "Where the handshake fails, nothing else works: no page, no call, no health check \
              from outside. If one address of several is named, that share of the clients is \
              turned away, at random and without a pattern in the logs.",
        how: "A connection to each address of the name (at most 32) and a handshake as a \
              current client makes it: TLS 1.2 and 1.3, forward-secret suites, HTTP/2 and HTTP/1.1 \
              offered. With `starttls`, the server is asked in its protocol to go on with TLS, and \
              neither is offered. Fails only on what is certain: refused, an alert, nothing in \
              common, an answer that is not TLS, STARTTLS refused or not offered, or bytes in the \
              open after it was granted. Silence, resets and being put off are unknown.",
        fix: "Refused: the process is down, or listens on another port or address (`ss -ltnp`). \
              Not TLS: TLS is terminated elsewhere, or switched off for this port (`listen 443 \
              ssl`). Alert unrecognized_name: no virtual host has the name. Alert \
              handshake_failure or protocol_version: the server offers nothing later than TLS 1.1, \
              or no forward-secret suite. A wrong signature: certificate and key do not belong \
              together. STARTTLS refused: switch TLS on (PostgreSQL `ssl = on`, PgBouncer \
              `client_tls_sslmode`, Postfix `smtpd_tls_security_level`). Bytes in the open after \
              it was granted: bring the server up to date, and find out what stands before it.",
        sources: &[
            "RFC 9325 sections 3.1 and 4.2",
            "RFC 9846 (TLS 1.3), alerts",
            "RFC 6066 section 3",
            "RFC 3207 section 4",
            "PostgreSQL, frontend/backend protocol: SSL session encryption",
            "CVE-2011-0411, CVE-2021-23222",
        ],
    },
    |_, posture: &Posture| {
        let seen = posture.seen.iter().map(|seen| seen.show(judge(seen)));
        let unasked = posture.unasked.iter().map(|why| Item::unknown("", why));
        seen.chain(unasked).collect()
    },
)
.applies(Tls::asks_handshake);

fn judge(seen: &Seen) -> Item {
    match &seen.handshake {
        Ok(_) if signs_with_another_key(seen) => fail(
            "the handshake is signed with a key that is not the certificate's, so every client \
             breaks it off"
                .to_owned(),
        ),
        Ok(negotiated) => Item::pass("", settled(seen, negotiated)),
        Err(_) if seen.insists_on_certificate() => Item::pass(
            "",
            "the server asks for a client certificate and breaks the handshake off without one",
        ),
        Err(broken) => broken_off(broken),
    }
}

/// Clients verify the signature; we go on to see the rest. A key that our verifier refuses for its
/// size also counts as a wrong signature there, and has a check of its own.
fn signs_with_another_key(seen: &Seen) -> bool {
    let wrong = Error::InvalidCertificate(CertificateError::BadSignature);
    seen.bad_signature.as_ref() == Some(&wrong)
        && seen.chain.as_ref().is_ok_and(|chain| chain.leaf.key.weakness().is_none())
}

fn broken_off(broken: &Broken) -> Item {
    if broken.refused {
        return fail(broken.obstructed.detail.clone());
    }
    if broken.obstructed.obstacle == Obstacle::Refused {
        return fail("the connection was refused: nothing listens there".to_owned());
    }
    match &broken.tls {
        Some(Error::AlertReceived(alert)) => fail(format!(
            "the server refuses the handshake with the alert {}{}",
            name_of(*alert),
            hint(*alert)
        )),
        Some(Error::PeerIncompatible(why)) => {
            fail(format!("the server has nothing in common with current clients ({why:?})"))
        }
        _ if broken.is_no_tls() => fail("what answers on this port is not TLS".to_owned()),
        // Limits differ: Go and rustls refuse such a message, OpenSSL's default is 100 KiB.
        Some(Error::InvalidMessage(
            InvalidMessage::HandshakePayloadTooLarge | InvalidMessage::CertificatePayloadTooLarge,
        )) => Item::unknown(
            "",
            &Obstacle::OverBudget.because(
                "the server's certificate message is larger than 64 KiB, which many clients refuse \
                 to read",
            ),
        ),
        _ => Item::unknown("", &broken.obstructed),
    }
}

fn fail(seen: String) -> Item {
    Item::fail(Confidence::Firm, "", seen)
}

fn settled(seen: &Seen, negotiated: &Negotiated) -> String {
    let asked = if seen.asks_for_certificate { ", asks for a client certificate" } else { "" };
    format!("{}, {}{asked}", negotiated.version, negotiated.suite)
}

/// The alert's name in the RFCs' spelling, by which it can be searched for.
fn name_of(alert: AlertDescription) -> String {
    // The crate writes British English here.
    let name = format!("{alert:?}").replace("Unrecognised", "Unrecognized");
    let words = name.char_indices().flat_map(|(i, letter)| {
        let gap = (i > 0 && letter.is_ascii_uppercase()).then_some('_');
        gap.into_iter().chain(std::iter::once(letter.to_ascii_lowercase()))
    });
    words.collect()
}

fn hint(alert: AlertDescription) -> &'static str {
    match alert {
        AlertDescription::UnrecognisedName => ": it does not know the name it was asked for",
        AlertDescription::ProtocolVersion => ": it speaks neither TLS 1.2 nor 1.3",
        AlertDescription::HandshakeFailure => ": most likely no suite or group in common",
        AlertDescription::InternalError => ": it has a fault of its own; see its error log",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use rustls::{PeerIncompatible, PeerMisbehaved};

    use super::*;
    use crate::{
        contract::{Outcome, net::StartTlsError},
        tls::tests::fixture::{Forge, NOW, judged},
    };

    fn broken(obstacle: Obstacle, tls: Option<Error>) -> Item {
        broken_off(&Broken { tls, ..obstacle.because("as it went").into() })
    }

    #[test]
    fn fails_only_on_what_is_certain() {
        let certain = [
            (Obstacle::Refused, None),
            (Obstacle::Tls, Some(Error::AlertReceived(AlertDescription::UnrecognisedName))),
            (Obstacle::Tls, Some(Error::InvalidMessage(InvalidMessage::InvalidContentType))),
            (
                Obstacle::Tls,
                Some(Error::PeerIncompatible(PeerIncompatible::NoCipherSuitesInCommon)),
            ),
        ];
        for (obstacle, tls) in certain {
            let item = broken(obstacle, tls);
            assert!(matches!(item.outcome, Outcome::Fail(_)), "{item:?}");
        }
        let uncertain = [
            (Obstacle::Timeout, None),
            (Obstacle::Reset, None),
            (Obstacle::Closed, None),
            (Obstacle::Tls, Some(Error::PeerMisbehaved(PeerMisbehaved::TooMuchEarlyDataReceived))),
        ];
        for (obstacle, tls) in uncertain {
            assert_eq!(broken(obstacle, tls).outcome, Outcome::Unknown(obstacle));
        }
    }

    #[test]
    fn what_the_server_says_before_tls_is_certain_and_told_as_it_was() {
        let refused = StartTlsError::Refused("the server refuses STARTTLS: so".to_owned());
        let injected = StartTlsError::Injected("more arrives".to_owned());
        for error in [refused, injected] {
            let seen = error.to_string();
            let item = broken_off(&error.into());
            assert_eq!((item.outcome, item.seen), (Outcome::Fail(Confidence::Firm), seen));
        }
        let put_off = StartTlsError::Obstructed(Obstacle::Throttled.because("later"));
        let item = broken_off(&put_off.into());
        assert_eq!(item.outcome, Outcome::Unknown(Obstacle::Throttled));
    }

    #[test]
    fn a_chain_too_large_to_read_is_over_our_budget_and_not_the_servers_end() {
        let too_large = Error::InvalidMessage(InvalidMessage::HandshakePayloadTooLarge);
        let item = broken(Obstacle::Tls, Some(too_large));
        assert_eq!(item.outcome, Outcome::Unknown(Obstacle::OverBudget));
    }

    #[test]
    fn alerts_are_named_as_in_the_rfcs() {
        assert_eq!(name_of(AlertDescription::UnrecognisedName), "unrecognized_name");
        assert_eq!(name_of(AlertDescription::HandshakeFailure), "handshake_failure");
    }

    #[test]
    fn a_signature_by_another_key_fails() {
        let forge = Forge::new();
        let chain = [forge.leaf(&["shop.example"]), forge.intermediate()];
        let mut posture = forge.posture(&chain, NOW);
        assert_eq!(judged(&RULE, &posture)[0].outcome, Outcome::Pass);
        posture.seen[0].bad_signature =
            Some(Error::InvalidCertificate(CertificateError::BadSignature));
        assert!(matches!(judged(&RULE, &posture)[0].outcome, Outcome::Fail(_)));
    }

    #[test]
    fn a_server_that_insists_on_a_client_certificate_can_be_reached_by_those_who_have_one() {
        let forge = Forge::new();
        let chain = [forge.leaf(&["shop.example"]), forge.intermediate()];
        let mut posture = forge.posture(&chain, NOW);
        let seen = &mut posture.seen[0];
        seen.asks_for_certificate = true;
        seen.handshake = Err(Broken {
            tls: Some(Error::AlertReceived(AlertDescription::HandshakeFailure)),
            ..Obstacle::Tls.because("alert").into()
        });
        assert_eq!(judged(&RULE, &posture)[0].outcome, Outcome::Pass);
    }
}
