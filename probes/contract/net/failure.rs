//! What errors of the libraries below us mean to a visit.

use std::{
    error::Error,
    fmt::Display,
    io,
    time::{Duration, SystemTime},
};

use rustls::{AlertDescription, CertificateError, InvalidMessage};
use rustls_pki_types::UnixTime;

use super::Address;
use crate::contract::{Obstacle, Obstructed};

/// The resolver's answer was an error.
pub(super) fn of_lookup(host: &str, error: &io::Error) -> Obstructed {
    if is_local(error) {
        return Obstacle::Local.because(format!("{host} could not be resolved from here: {error}"));
    }
    let text = error.to_string();
    let reason = text.strip_prefix("failed to lookup address information: ").unwrap_or(&text);
    Obstacle::Dns.because(format!("{host} could not be resolved: {reason}"))
}

/// Connecting failed.
pub(super) fn of_connect(address: &Address, error: &io::Error) -> Obstructed {
    use io::ErrorKind as Kind;
    match error.kind() {
        _ if is_local(error) => {
            Obstacle::Local.because(format!("cannot connect to {address} from here: {error}"))
        }
        Kind::ConnectionRefused => {
            Obstacle::Refused.because(format!("{address} refused the connection"))
        }
        // A Unix socket whose queue is full.
        Kind::WouldBlock => {
            Obstacle::Refused.because(format!("{address} accepts no more connections"))
        }
        Kind::TimedOut => {
            Obstacle::Timeout.because(format!("{address} did not accept a connection"))
        }
        Kind::ConnectionReset | Kind::ConnectionAborted => {
            Obstacle::Reset.because(format!("{address} reset the connection"))
        }
        Kind::NotFound => Obstacle::Unreachable.because(format!("{address} does not exist")),
        _ => Obstacle::Unreachable.because(format!("{address} cannot be reached: {error}")),
    }
}

/// A connection failed while it was in use, or what came over it made no sense.
pub(super) fn of_stream(peer: &dyn Display, error: &io::Error) -> Obstructed {
    use io::ErrorKind as Kind;
    if let Some(inner) = error.get_ref() {
        if let Some(obstructed) = inner.downcast_ref::<Obstructed>() {
            return obstructed.clone();
        }
        if let Some(error) = inner.downcast_ref::<rustls::Error>() {
            return of_tls(peer, error);
        }
    }
    match error.kind() {
        _ if is_local(error) => {
            Obstacle::Local.because(format!("the connection to {peer} failed: {error}"))
        }
        Kind::ConnectionReset | Kind::ConnectionAborted => {
            Obstacle::Reset.because(format!("{peer} reset the connection"))
        }
        Kind::TimedOut => Obstacle::Timeout.because(format!("the connection to {peer} timed out")),
        Kind::HostUnreachable | Kind::NetworkUnreachable | Kind::NetworkDown => {
            Obstacle::Unreachable.because(format!("{peer} can no longer be reached: {error}"))
        }
        Kind::InvalidData | Kind::InvalidInput => {
            Obstacle::Protocol.because(format!("the answer of {peer} breaks its protocol: {error}"))
        }
        _ => Obstacle::Closed
            .because(format!("{peer} closed the connection before its answer was complete")),
    }
}

/// An HTTP exchange failed.
pub(super) fn of_http(peer: &dyn Display, error: &hyper::Error) -> Obstructed {
    let mut source = error.source();
    while let Some(inner) = source {
        if let Some(error) = inner.downcast_ref::<io::Error>() {
            return of_stream(peer, error);
        }
        if let Some(error) = inner.downcast_ref::<h2::Error>() {
            return of_http2(peer, error);
        }
        source = inner.source();
    }
    if error.is_parse_too_large() {
        return header_over_budget(peer);
    }
    if error.is_incomplete_message() || error.is_canceled() || error.is_closed() {
        return Obstacle::Closed
            .because(format!("{peer} closed the connection before its answer was complete"));
    }
    if error.is_user() {
        return Obstacle::Local.because(format!("the request cannot be sent: {error}"));
    }
    let reason = error.source().map_or_else(|| error.to_string(), ToString::to_string);
    Obstacle::Protocol.because(format!("the answer of {peer} is not valid HTTP: {reason}"))
}

/// Whether the server has said that it has not worked on the request: it can be sent again, whatever it
/// does.
pub(super) fn was_not_processed(error: &hyper::Error) -> bool {
    let error = error.source().and_then(|source| source.downcast_ref::<h2::Error>());
    error.is_some_and(|error| {
        error.is_remote()
            && (error.is_go_away() || error.reason() == Some(h2::Reason::REFUSED_STREAM))
    })
}

fn of_http2(peer: &dyn Display, error: &h2::Error) -> Obstructed {
    if let Some(error) = error.get_io() {
        return of_stream(peer, error);
    }
    match error.reason() {
        Some(reason) if error.is_go_away() && error.is_remote() => Obstacle::Closed.because(format!(
            "{peer} announced the end of the connection (GOAWAY, {reason:?}) before its answer was \
             complete"
        )),
        Some(h2::Reason::REFUSED_STREAM) => {
            Obstacle::Reset.because(format!("{peer} refused the request (REFUSED_STREAM)"))
        }
        Some(reason) if error.is_reset() && error.is_remote() => Obstacle::Reset
            .because(format!("{peer} broke off the exchange (RST_STREAM, {reason:?})")),
        _ => Obstacle::Protocol
            .because(format!("the answer of {peer} is not valid HTTP/2: {error}")),
    }
}

/// An answer's header is too large.
pub(super) fn header_over_budget(peer: &dyn Display) -> Obstructed {
    Obstacle::OverBudget.because(format!(
        "the header of the answer of {peer} is larger than the budget, or has more than 100 lines"
    ))
}

/// A TLS handshake, or the TLS layer later on, failed.
pub(super) fn of_tls(peer: &dyn Display, error: &rustls::Error) -> Obstructed {
    use rustls::Error as Tls;
    let reason = match error {
        Tls::InvalidCertificate(error) => {
            format!("the certificate of {peer} {}; the tls probe says more", certificate(error))
        }
        Tls::InvalidMessage(InvalidMessage::InvalidContentType) => {
            format!("{peer} does not speak TLS on this port (plain HTTP there is a common mistake)")
        }
        Tls::InvalidMessage(
            InvalidMessage::HandshakePayloadTooLarge | InvalidMessage::CertificatePayloadTooLarge,
        ) => format!("{peer} sends a certificate message larger than 64 KiB"),
        Tls::AlertReceived(alert) => alert_received(peer, *alert),
        Tls::NoApplicationProtocol => format!("{peer} speaks neither HTTP/2 nor HTTP/1.1 by ALPN"),
        Tls::PeerIncompatible(reason) => format!(
            "{peer} and gonogo have no TLS version, cipher suite or group in common ({reason:?}); \
             the tls probe says more"
        ),
        other => format!("TLS with {peer} failed: {other}"),
    };
    Obstacle::Tls.because(reason)
}

fn alert_received(peer: &dyn Display, alert: AlertDescription) -> String {
    use AlertDescription as Alert;
    let hint = match alert {
        Alert::CertificateRequired
        | Alert::BadCertificate
        | Alert::UnknownCA
        | Alert::CertificateUnknown
        | Alert::AccessDenied => {
            "it may want a client certificate it trusts: set `trust.client_cert` and `trust.client_key`"
        }
        Alert::UnrecognisedName => "it does not know this name: set `trust.server_name`",
        Alert::HandshakeFailure | Alert::ProtocolVersion | Alert::InsufficientSecurity => {
            "it accepts no TLS version or cipher suite that gonogo offers; the tls probe says more"
        }
        _ => "the tls probe says more",
    };
    format!("{peer} refused TLS with the alert {alert:?}; {hint}")
}

pub(super) fn certificate(error: &CertificateError) -> String {
    use CertificateError as Bad;
    match error {
        Bad::ExpiredContext { not_after, .. } => format!("expired on {}", day(*not_after)),
        Bad::Expired => "has expired".to_owned(),
        Bad::NotValidYetContext { not_before, .. } => {
            format!("is not valid before {}", day(*not_before))
        }
        Bad::NotValidForNameContext { expected, presented } => {
            let names = match presented.len() {
                0 => "none".to_owned(),
                n if n > 5 => format!("{} and {} more", presented[..5].join(", "), n - 5),
                _ => presented.join(", "),
            };
            format!("is not valid for {} (it names: {names})", expected.to_str())
        }
        Bad::UnknownIssuer => "is signed by no authority gonogo trusts: if it is a private one, set \
                               `trust.ca_file`; if not, the server does not send its intermediates"
            .to_owned(),
        Bad::BadSignature => "carries a signature that is not its authority's: the one trusted here \
                              may be another of the same name"
            .to_owned(),
        Bad::Other(other) if ca_as_leaf(other.0.as_ref()) => {
            "is that of an authority, not of a server: put this very certificate into `trust.ca_file` \
             if the server is meant to use it"
                .to_owned()
        }
        other => format!("was not accepted: {other}"),
    }
}

fn ca_as_leaf(error: &(dyn Error + Send + Sync + 'static)) -> bool {
    matches!(error.downcast_ref(), Some(webpki::Error::CaUsedAsEndEntity))
}

fn day(time: UnixTime) -> String {
    // X.509 knows no year after 9999, and neither does the formatter.
    let secs = time.as_secs().min(253_402_300_799);
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(secs);
    let mut text = humantime::format_rfc3339_seconds(time).to_string();
    text.truncate("2026-01-31".len());
    text
}

/// Whether the error speaks of our own machine rather than of the target.
fn is_local(error: &io::Error) -> bool {
    use io::ErrorKind as Kind;
    let local_kind = matches!(
        error.kind(),
        Kind::AddrNotAvailable | Kind::AddrInUse | Kind::OutOfMemory | Kind::PermissionDenied
    );
    local_kind || error.raw_os_error().is_some_and(|code| LOCAL_CODES.contains(&code))
}

/// ENFILE and EMFILE on every Unix; ENOBUFS on Linux. The standard library has no names for them.
const LOCAL_CODES: [i32; 3] = [23, 24, 105];
