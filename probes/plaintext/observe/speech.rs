//! What a listener speaks: TLS, or something else.

use std::{sync::Arc, time::Duration};

use rustls::{ClientConfig, ClientConnection, RootCertStore};

use crate::contract::{
    Obstacle, Obstructed, Visit,
    net::{self, Endpoint},
};

/// What was heard at one place.
#[derive(Debug)]
pub(in crate::plaintext) struct Listener {
    /// The place.
    pub(in crate::plaintext) endpoint: Endpoint,
    /// What it speaks.
    pub(in crate::plaintext) speech: Result<Speech, Obstructed>,
}

impl Listener {
    pub(in crate::plaintext) fn in_words(&self) -> String {
        match &self.speech {
            Ok(speech) => speech.in_words().to_owned(),
            Err(obstructed) => obstructed.to_string(),
        }
    }
}

/// What is spoken.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::plaintext) enum Speech {
    /// TLS.
    Tls,
    /// HTTP/2, as gRPC has it, without TLS.
    Http2,
    /// HTTP/1 without TLS.
    Http1,
    /// Some other protocol without TLS.
    Other,
}

impl Speech {
    pub(in crate::plaintext) fn in_words(self) -> &'static str {
        match self {
            Self::Tls => "speaks TLS",
            Self::Http2 => "speaks HTTP/2 (gRPC does) without TLS",
            Self::Http1 => "speaks HTTP without TLS",
            Self::Other => "answers a TLS handshake with something that is not TLS",
        }
    }
}

/// Greets the place by TLS and, if it says nothing to that, by HTTP/2 without.
///
/// The greeting comes first: a TLS listener may well answer plain HTTP, with an error in plain text.
pub(in crate::plaintext) async fn listen(visit: &Visit, endpoint: &Endpoint) -> Listener {
    let speech = async {
        let hello = client_hello(visit, endpoint)?;
        let greeted = visit.net.raw(endpoint, false, &hello, QUIET).await;
        if let Some(speech) = greeted.as_ref().ok().and_then(|answer| recognise(&answer.bytes)) {
            return Ok(speech);
        }
        if let Err(obstructed) = &greeted
            && !matches!(obstructed.obstacle, Obstacle::Closed | Obstacle::Reset)
        {
            return Err(obstructed.clone());
        }
        let answer = visit.net.raw(endpoint, false, HTTP2_PREFACE, QUIET).await?;
        recognise(&answer.bytes).ok_or_else(|| {
            Obstacle::Protocol.because("says nothing to TLS, and nothing to HTTP/2 without it")
        })
    };
    Listener { endpoint: endpoint.clone(), speech: speech.await }
}

/// The first message of a handshake, as a current client sends it.
fn client_hello(visit: &Visit, endpoint: &Endpoint) -> Result<Vec<u8>, Obstructed> {
    let local = |error: &dyn std::fmt::Display| {
        Obstacle::Local.because(format!("a handshake cannot be begun: {error}"))
    };
    let mut config = ClientConfig::builder_with_provider(net::crypto())
        .with_safe_default_protocol_versions()
        .map_err(|error| local(&error))?
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let name = visit.net.server_name(endpoint)?;
    let mut client =
        ClientConnection::new(Arc::new(config), name).map_err(|error| local(&error))?;
    let mut hello = Vec::new();
    client.write_tls(&mut hello).map_err(|error| local(&error))?;
    Ok(hello)
}

/// What the first bytes of an answer belong to; `None` if there are too few.
fn recognise(answer: &[u8]) -> Option<Speech> {
    match answer {
        // A TLS record: a handshake message or an alert, of any version (RFC 9846 section 5.1).
        [0x15 | 0x16, 0x03, ..] => Some(Speech::Tls),
        [b'H', b'T', b'T', b'P', b'/', ..] => Some(Speech::Http1),
        // The server's preface is a SETTINGS frame on stream 0 (RFC 9113 section 3.4).
        [0x00, _, _, 0x04, _, 0x00, 0x00, 0x00, 0x00, ..] => Some(Speech::Http2),
        // Too little to be told apart.
        bytes if bytes.len() < 3 => None,
        _ => Some(Speech::Other),
    }
}

/// The client's preface and an empty SETTINGS frame (RFC 9113 section 3.4).
const HTTP2_PREFACE: &[u8] =
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00";

/// A listener that says nothing for so long is waiting for more.
const QUIET: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_answer_is_known_by_its_first_bytes() {
        assert_eq!(recognise(b"\x16\x03\x03\x00\x7a\x02"), Some(Speech::Tls));
        assert_eq!(recognise(b"\x15\x03\x01\x00\x02\x02\x28"), Some(Speech::Tls));
        assert_eq!(recognise(b"HTTP/1.1 400 Bad Request\r\n"), Some(Speech::Http1));
        let settings = b"\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x64";
        assert_eq!(recognise(settings), Some(Speech::Http2));
        assert_eq!(recognise(b"SSH-2.0-OpenSSH_9.6\r\n"), Some(Speech::Other));
        assert_eq!(recognise(b""), None);
        assert_eq!(recognise(b"\x16"), None);
    }

    proptest! {
        #[test]
        fn nothing_but_a_record_is_taken_for_tls(bytes in proptest::collection::vec(any::<u8>(), 0..24)) {
            let is_record = matches!(bytes.as_slice(), [0x15 | 0x16, 0x03, ..]);
            prop_assert_eq!(recognise(&bytes) == Some(Speech::Tls), is_record);
        }
    }
}
