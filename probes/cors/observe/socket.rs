//! Opening WebSockets, as pages of one site and another would.

use std::{fmt::Write, time::Duration};

use http::{StatusCode, header};
use url::{Position, Url};

use super::ask::Caller;
use crate::{
    contract::{
        Obstacle, Obstructed,
        net::{Endpoint, Request},
    },
    cors::{evidence::Socket, origin::Origin, question::STRANGER, settings::Credentials},
};

/// The handshakes with every endpoint that the settings name.
pub(super) async fn all(caller: &mut Caller<'_>) -> Vec<Socket> {
    let mut sockets = Vec::new();
    for link in &caller.cors.websockets {
        sockets.push(socket(caller, link.to_string(), &link.on(&caller.visit.target)).await);
    }
    sockets
}

async fn socket(caller: &mut Caller<'_>, subject: String, url: &Url) -> Socket {
    let credentials = caller.cors.credentials_kind();
    let own = caller.cors.allowed_origins.first().cloned();
    let own = own.unwrap_or_else(|| Origin::of_url(&caller.visit.target.url)).to_string();
    let foreign = format!("https://{STRANGER}");
    let trusted = handshake(caller, url, &own, true).await;
    let stranger = handshake(caller, url, &foreign, true).await;
    let anonymous = match credentials {
        Credentials::Unknown => None,
        _ => Some(handshake(caller, url, &own, false).await),
    };
    let mut request = Request::get(url.clone()).header(header::ORIGIN, foreign);
    for (name, value) in HANDSHAKE {
        request = request.header(name, value);
    }
    request.headers.extend(caller.credentials().iter().cloned());
    // HTTP/2 opens WebSockets in another way.
    let replay = caller.visit.net.replay(&request).replacen("curl", "curl --http1.1", 1);
    Socket { subject, credentials, trusted, stranger, anonymous, replay }
}

/// The status that the handshake is answered with.
async fn handshake(
    caller: &mut Caller<'_>,
    url: &Url,
    origin: &str,
    signed_in: bool,
) -> Result<StatusCode, Obstructed> {
    if let Some(obstructed) = &caller.in_the_way {
        return Err(obstructed.clone());
    }
    let endpoint = Endpoint::of_url(url)
        .ok_or_else(|| Obstacle::NotAllowed.because(format!("{url} names no host")))?;
    let agent = caller.visit.net.user_agent().to_str().unwrap_or("gonogo");
    let mut text = format!(
        "GET {} HTTP/1.1\r\nhost: {}\r\nuser-agent: {agent}\r\norigin: {origin}\r\n",
        &url[Position::BeforePath..Position::AfterQuery],
        &url[Position::BeforeHost..Position::AfterPort],
    );
    let mut field = |name: &header::HeaderName, value: &str| {
        let _ = write!(text, "{name}: {value}\r\n");
    };
    for (name, value) in &HANDSHAKE {
        field(name, value);
    }
    for (name, value) in caller.credentials().iter().filter(|_| signed_in) {
        field(name, &value.expose());
    }
    text += "\r\n";
    caller.requests += 1;
    let tls = url.scheme() == "https";
    let answer = caller.net.raw(&endpoint, tls, text.as_bytes(), QUIET).await;
    let answer = answer.inspect_err(|obstructed| caller.note(obstructed))?;
    status(&answer.bytes).ok_or_else(|| match answer.bytes.len() {
        0 => Obstacle::Timeout.because(format!("{url} did not answer the handshake")),
        _ => Obstacle::Protocol.because(format!("{url} does not answer the handshake with HTTP")),
    })
}

/// The status of an answer's first line (RFC 9112 section 4).
fn status(answer: &[u8]) -> Option<StatusCode> {
    let line = answer.strip_prefix(b"HTTP/1.")?;
    let code = line.get(2..5).filter(|_| line.get(1) == Some(&b' '))?;
    StatusCode::from_bytes(code).ok()
}

/// RFC 6455 section 4.1; the key need not be a secret, because nothing follows.
const HANDSHAKE: [(header::HeaderName, &str); 4] = [
    (header::CONNECTION, "Upgrade"),
    (header::UPGRADE, "websocket"),
    (header::SEC_WEBSOCKET_VERSION, "13"),
    (header::SEC_WEBSOCKET_KEY, "Z29ub2dvLXByb2JlLWtleQ=="),
];

/// How long an answer may take. An open socket says nothing by itself and keeps us as long.
const QUIET: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_status_stands_in_the_first_line() {
        assert_eq!(status(b"HTTP/1.1 101 Switching\r\n"), Some(StatusCode::SWITCHING_PROTOCOLS));
        assert_eq!(status(b"HTTP/1.0 403"), Some(StatusCode::FORBIDDEN));
        for wrong in [&b""[..], b"HTTP/2 101", b"HTTP/1.1101", b"HTTP/1.1 1", b"SSH-2.0-x"] {
            assert_eq!(status(wrong), None, "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn nothing_breaks_the_reading_of_it(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let _ = status(&bytes);
            let _ = status(&[b"HTTP/1.", bytes.as_slice()].concat());
        }
    }
}
