//! Browsers let any page open a WebSocket; only the server can look at where it comes from.

use http::StatusCode;

use crate::{
    contract::{Check, Confidence, Dimension, Impact, Item, Obstacle, Obstructed, Rule, Settles},
    cors::{Cors, evidence::Socket, question::STRANGER, settings::Credentials},
};

pub(super) const RULE: Rule<Cors> = Rule::<Cors>::new(
    Check {
        id: "cors-websocket-any-origin",
        fault: "any web site may open a WebSocket",
        impact: Impact::High,
        dimension: Dimension::Security,
        settles: Settles::AtOnce,
        why: "CORS does not apply to WebSockets. A page on any site opens one with the user's cookie, \
              reads what comes and writes in the user's name.",
        how: "For each of `websockets`, sends the handshake from the target's own origin (or an \
              allowed one) and from a domain that nobody can register. Expected: the first is \
              answered 101 and the second is not. Confirmed where cookies are configured and the \
              handshake without them is refused; tentative without them, because the socket may ask \
              for a token later.",
        fix: "Compare the `origin` of the handshake with the list of your sites, and refuse others \
              with 403. Or authenticate by a token in the first message instead of by cookie.",
        sources: &["RFC 6455 section 10.2 (origin considerations)", "CWE-1385"],
    },
    |_, seen| {
        if seen.sockets.is_empty() {
            return vec![Item::skip("", "no endpoint is named in `websockets`")];
        }
        seen.sockets.iter().map(item).collect()
    },
);

fn item(socket: &Socket) -> Item {
    match judged(socket) {
        Ok(item) => item.replay(&socket.replay),
        Err(obstructed) => Item::unknown(&socket.subject, &obstructed),
    }
}

fn judged(socket: &Socket) -> Result<Item, Obstructed> {
    let stranger = socket.stranger.clone()?;
    let subject = &socket.subject;
    if stranger != StatusCode::SWITCHING_PROTOCOLS {
        let trusted = socket.trusted.clone()?;
        if trusted != StatusCode::SWITCHING_PROTOCOLS {
            let status = trusted.as_u16();
            return Err(Obstacle::ControlFailed
                .because(format!("the handshake from a trusted origin is answered {status}")));
        }
        let status = stranger.as_u16();
        return Ok(Item::pass(subject, format!("https://{STRANGER} is answered {status}")));
    }
    let words = format!("the handshake from https://{STRANGER} is answered 101");
    let needs_cookie = match &socket.anonymous {
        Some(Ok(status)) => *status != StatusCode::SWITCHING_PROTOCOLS,
        _ => false,
    };
    Ok(match socket.credentials {
        Credentials::Ambient if needs_cookie => {
            let words = format!("{words}, and is refused without the cookie");
            Item::fail(Confidence::Confirmed, subject, words)
        }
        Credentials::Ambient => Item::fail(Confidence::Firm, subject, words),
        _ => {
            let words = format!("{words} (whether it relies on cookies is not known)");
            Item::fail(Confidence::Tentative, subject, words)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::Outcome;

    fn outcome(trusted: u16, stranger: u16, anonymous: u16, credentials: Credentials) -> Outcome {
        let status = |code| Ok(StatusCode::from_u16(code).expect("a status"));
        let socket = Socket {
            subject: "/ws".to_owned(),
            credentials,
            trusted: status(trusted),
            stranger: status(stranger),
            anonymous: Some(status(anonymous)),
            replay: String::new(),
        };
        item(&socket).outcome
    }

    #[test]
    fn a_refusal_counts_only_beside_a_handshake() {
        let ambient = Credentials::Ambient;
        assert_eq!(outcome(101, 403, 101, ambient), Outcome::Pass);
        assert_eq!(outcome(404, 404, 404, ambient), Outcome::Unknown(Obstacle::ControlFailed));
        assert_eq!(outcome(101, 101, 401, ambient), Outcome::Fail(Confidence::Confirmed));
        assert_eq!(outcome(101, 101, 101, ambient), Outcome::Fail(Confidence::Firm));
        let tentative = Outcome::Fail(Confidence::Tentative);
        assert_eq!(outcome(101, 101, 101, Credentials::Unknown), tentative);
    }
}
