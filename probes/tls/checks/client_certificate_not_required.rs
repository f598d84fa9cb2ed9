//! Doors that were meant to be locked.

use crate::{
    contract::{Check, Confidence, Dimension, Impact, Item, Obstacle, Rule, Settles},
    tls::{
        Tls,
        evidence::{Posture, Seen},
        observe::handshake::Afterwards,
        settings::ClientCertificate,
    },
};

pub(super) const RULE: Rule<Tls> = Rule::<Tls>::new(
    Check {
        id: "tls-client-certificate-not-required",
        fault: "clients without a certificate are let in",
        impact: Impact::Blocker,
        dimension: Dimension::Security,
        settles: Settles::AtOnce,
        why: "The settings say that only clients with a certificate may come in, and somebody relies \
              on that: no other login stands behind it. As it is, anybody who can reach the port is \
              served.",
        how: "Only with `client_certificate: required`. The handshake with each address brings no \
              certificate: the server has to break off, or, where it speaks HTTP, to answer the next \
              request with 400, 401 or 403 (nginx lets the handshake pass and refuses the request).",
        fix: "Make the certificate a requirement, not a wish (nginx `ssl_verify_client on` instead of \
              `optional`, Envoy `require_client_certificate: true`), on every virtual host of this \
              address. If a proxy in front terminates TLS, it is the one to ask.",
        sources: &["RFC 9846 section 4.4.2.4", "RFC 5246 section 7.4.6"],
    },
    |tls, posture: &Posture| {
        if tls.client_certificate != Some(ClientCertificate::Required) {
            return vec![Item::skip("", "the settings do not ask for client certificates")];
        }
        posture.seen.iter().map(|seen| seen.show(judge(seen))).collect()
    },
).applies(Tls::asks_handshake);

fn judge(seen: &Seen) -> Item {
    let asks = if seen.asks_for_certificate { "asks for a certificate" } else { "asks for none" };
    if seen.insists_on_certificate() {
        return Item::pass("", "breaks the handshake off without a certificate");
    }
    if let Err(broken) = &seen.handshake {
        return Item::unknown("", &broken.obstructed);
    }
    match &seen.anonymous {
        Some(Ok(status)) => match status.as_u16() {
            400 | 401 | 403 | 495 | 496 => {
                Item::pass("", format!("answers {} without a certificate", status.as_u16()))
            }
            500.. => {
                let detail = format!("{asks}, and answers a request without one with {status}");
                Item::unknown("", &Obstacle::ControlFailed.because(detail))
            }
            status => {
                let seen = format!("{asks}, and answers {status} without one");
                Item::fail(Confidence::Confirmed, "", seen)
            }
        },
        Some(Err(obstructed)) => Item::unknown("", obstructed),
        None if !seen.asks_for_certificate => Item::fail(Confidence::Firm, "", asks),
        None => match seen.afterwards {
            Afterwards::GoesOn => {
                let seen = format!("{asks}, and completes the handshake without one");
                Item::fail(Confidence::Firm, "", seen)
            }
            Afterwards::Ends | Afterwards::Silence => {
                let detail = format!("{asks}, and says nothing after the handshake");
                Item::unknown("", &Obstacle::Timeout.because(detail))
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;
    use crate::{
        contract::{Obstructed, Outcome},
        tls::{
            observe::survey::fixture::survey,
            tests::fixture::{judged_with, surveyed},
        },
    };

    fn outcome(change: impl FnOnce(&mut Seen)) -> Outcome {
        let mut posture = surveyed(survey());
        posture.seen[0].asks_for_certificate = true;
        change(&mut posture.seen[0]);
        let wanted = Some(ClientCertificate::Required);
        let tls = Tls { client_certificate: wanted, ..Tls::default() };
        judged_with(&tls, &RULE, &posture)[0].outcome
    }

    fn answered(status: Result<u16, Obstructed>) -> Outcome {
        outcome(|seen| {
            seen.anonymous = Some(status.map(|code| StatusCode::from_u16(code).expect("a status")));
        })
    }

    #[test]
    fn a_request_tells_whether_anybody_is_served() {
        for refusal in [400, 401, 403, 495, 496] {
            assert_eq!(answered(Ok(refusal)), Outcome::Pass, "{refusal}");
        }
        for served in [200, 204, 302, 404, 405] {
            assert!(matches!(answered(Ok(served)), Outcome::Fail(_)), "{served}");
        }
        for trouble in [500, 502, 503] {
            let unknown = Outcome::Unknown(Obstacle::ControlFailed);
            assert_eq!(answered(Ok(trouble)), unknown, "{trouble}");
        }
        let silence = Err(Obstacle::Timeout.because("silence"));
        assert_eq!(answered(silence), Outcome::Unknown(Obstacle::Timeout));
    }

    #[test]
    fn without_http_the_handshakes_end_tells() {
        assert!(matches!(outcome(|_| {}), Outcome::Fail(_)), "a ticket came");
        assert_eq!(outcome(|seen| seen.afterwards = Afterwards::Ends), Outcome::Pass);
        let silent = outcome(|seen| seen.afterwards = Afterwards::Silence);
        assert_eq!(silent, Outcome::Unknown(Obstacle::Timeout));
        assert!(matches!(outcome(|seen| seen.asks_for_certificate = false), Outcome::Fail(_)));
    }

    #[test]
    fn it_is_nobodys_business_unless_the_settings_say_so() {
        let items = judged_with(&Tls::default(), &RULE, &surveyed(survey()));
        assert_eq!(items[0].outcome, Outcome::Skip);
    }
}
