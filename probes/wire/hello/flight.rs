//! Reading a server's first flight.

use crate::{
    wire::der::bits,
    wire::hello::{
        cursor::Cursor,
        group::{Group, Scheme},
        suite::{Exchange, Suite},
        version::Version,
    },
};

/// What a server answered a ClientHello with, as far as it can be read without a key.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Flight {
    /// The version it chose; `None` if it never came to a ServerHello.
    pub(crate) version: Option<Version>,
    /// The suite it chose.
    pub(crate) suite: Option<Suite>,
    /// The group it chose, by key exchange, key share or HelloRetryRequest.
    pub(crate) group: Option<Group>,
    /// Whether it wants to compress.
    pub(crate) compresses: bool,
    /// The types of the extensions it answered with, in order.
    pub(crate) extensions: Vec<u16>,
    /// The list of signed certificate timestamps it sent in an extension (RFC 6962 section 3.3.1).
    pub(crate) timestamps: Vec<u8>,
    /// The certificates, leaf first.
    pub(crate) chain: Vec<Vec<u8>>,
    /// How the key is agreed on.
    pub(crate) key_exchange: Option<KeyExchange>,
    /// Whether it asks for a client's certificate.
    pub(crate) asks_for_certificate: bool,
}

impl Flight {
    /// Whether it answered with this extension.
    pub(crate) fn has(&self, extension: u16) -> bool {
        self.extensions.contains(&extension)
    }

    pub(crate) const HEARTBEAT: u16 = 15;
    pub(crate) const ENCRYPT_THEN_MAC: u16 = 22;
    pub(crate) const EXTENDED_MASTER_SECRET: u16 = 23;
    pub(crate) const RENEGOTIATION_INFO: u16 = 0xff01;
}

/// What a ServerKeyExchange holds.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct KeyExchange {
    /// The bits of the prime, where the field is finite.
    pub(crate) dh_bits: Option<u32>,
    /// The scheme of its signature, where the version tells (TLS 1.2).
    pub(crate) scheme: Option<Scheme>,
}

/// An alert, by its number.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Alert(pub(crate) u8);

impl Alert {
    /// A newer version was known and the fallback refused (RFC 7507).
    pub(crate) const INAPPROPRIATE_FALLBACK: Self = Self(86);

    /// Whether it says that what the hello offers will not do. Any other may as well be what a limit on
    /// connections answers with.
    pub(crate) fn is_about_the_hello(self) -> bool {
        const HANDSHAKE_FAILURE: u8 = 40;
        const ILLEGAL_PARAMETER: u8 = 47;
        const DECODE_ERROR: u8 = 50;
        const PROTOCOL_VERSION: u8 = 70;
        const INSUFFICIENT_SECURITY: u8 = 71;
        const MISSING_EXTENSION: u8 = 109;
        matches!(
            self.0,
            HANDSHAKE_FAILURE
                | ILLEGAL_PARAMETER
                | DECODE_ERROR
                | PROTOCOL_VERSION
                | INSUFFICIENT_SECURITY
                | MISSING_EXTENSION
        ) || self == Self::INAPPROPRIATE_FALLBACK
    }
}

/// How a flight ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum End {
    /// All that can be read without a key was read.
    Complete,
    /// The server broke off.
    Alert(Alert),
    /// What came is not TLS at all.
    NotTls,
    /// What came breaks TLS's own rules.
    Malformed(&'static str),
}

/// Reads a flight as it comes in, in pieces of any size. Never holds more than one record and one
/// handshake message.
#[derive(Debug, Default)]
pub(crate) struct FlightReader {
    records: Vec<u8>,
    messages: Vec<u8>,
    flight: Flight,
    end: Option<End>,
}

impl FlightReader {
    /// Takes more bytes. What follows the end is not looked at.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Option<End> {
        if self.end.is_none() {
            self.records.extend_from_slice(bytes);
            self.end = self.read_records().err();
        }
        self.end
    }

    /// Whether anything has come in yet.
    pub(crate) fn is_empty(&self) -> bool {
        self.records.is_empty() && self.messages.is_empty() && self.flight == Flight::default()
    }

    /// Whether the server has made up its mind.
    pub(crate) fn has_hello(&self) -> bool {
        self.flight.suite.is_some()
    }

    /// The version the server chose, once it has.
    pub(crate) fn version(&self) -> Option<Version> {
        self.flight.version
    }

    /// What was read.
    pub(crate) fn finish(self) -> Flight {
        self.flight
    }

    /// Takes all whole records. The end comes back as an error, so that `?` ends the reading.
    fn read_records(&mut self) -> Result<(), End> {
        let mut read = 0;
        let outcome = loop {
            let rest = &self.records[read..];
            match header(rest) {
                Err(end) => break Err(end),
                Ok(None) => break Ok(()),
                Ok(Some((kind, length))) => {
                    let Some(content) = rest.get(HEADER..HEADER + length) else { break Ok(()) };
                    let content = content.to_vec();
                    read += HEADER + length;
                    if let Err(end) = self.record(kind, &content) {
                        break Err(end);
                    }
                }
            }
        };
        self.records.drain(..read);
        outcome
    }

    fn record(&mut self, kind: u8, content: &[u8]) -> Result<(), End> {
        match kind {
            ALERT => match content {
                // Before its hello a server may warn that it does not know the name (RFC 6066 section
                // 3), and go on.
                [WARNING, description] if *description != 0 => Ok(()),
                [_, description] => Err(End::Alert(Alert(*description))),
                _ => Err(End::Malformed("an alert is not two bytes long")),
            },
            HANDSHAKE => {
                self.messages.extend_from_slice(content);
                self.read_messages()
            }
            // Middleboxes are soothed with one in the middle of TLS 1.3.
            CHANGE_CIPHER_SPEC => Ok(()),
            _ => Err(End::Malformed("data came before the handshake's end")),
        }
    }

    fn read_messages(&mut self) -> Result<(), End> {
        let mut read = 0;
        let outcome = loop {
            let mut rest = Cursor(&self.messages[read..]);
            let (Some(kind), Some(length)) = (rest.u8(), rest.u24()) else { break Ok(()) };
            if length > LONGEST {
                break Err(End::Malformed("a handshake message is longer than 1 MiB"));
            }
            let Some(body) = rest.take(length) else { break Ok(()) };
            read += 4 + length;
            let taken = take(&mut self.flight, kind, body);
            match taken {
                Some(true) => break Err(End::Complete),
                Some(false) => {}
                None => break Err(End::Malformed("a handshake message cannot be read")),
            }
        };
        self.messages.drain(..read);
        outcome
    }
}

/// The type and length of the record that begins here; `None` if its header is not whole.
fn header(bytes: &[u8]) -> Result<Option<(u8, usize)>, End> {
    let known = |kind: u8| (CHANGE_CIPHER_SPEC..=APPLICATION_DATA).contains(&kind);
    match bytes {
        [kind, ..] if !known(*kind) => Err(End::NotTls),
        [_, major, ..] if *major != 3 => Err(End::NotTls),
        [kind, _, _, high, low, ..] => {
            let length = usize::from(u16::from_be_bytes([*high, *low]));
            if length > RECORD {
                return Err(End::Malformed("a record is longer than TLS allows"));
            }
            Ok(Some((*kind, length)))
        }
        _ => Ok(None),
    }
}

/// Takes down one handshake message; whether it was the last, or `None` if it cannot be read.
fn take(flight: &mut Flight, kind: u8, body: &[u8]) -> Option<bool> {
    let mut body = Cursor(body);
    match kind {
        SERVER_HELLO => return server_hello(flight, body),
        CERTIFICATE => {
            let mut list = Cursor(body.vec24()?);
            while !list.0.is_empty() {
                flight.chain.push(list.vec24()?.to_vec());
            }
        }
        SERVER_KEY_EXCHANGE => flight.key_exchange = Some(key_exchange(flight, body)?),
        CERTIFICATE_REQUEST => flight.asks_for_certificate = true,
        SERVER_HELLO_DONE => return Some(true),
        // Stapled responses come by the recorded handshake; whatever else there is tells nothing.
        _ => {}
    }
    Some(false)
}

fn server_hello(flight: &mut Flight, mut body: Cursor<'_>) -> Option<bool> {
    let mut version = body.u16()?;
    let random = body.take(32)?;
    let _session = body.vec8()?;
    flight.suite = Some(Suite(body.u16()?));
    flight.compresses = body.u8()? != 0;
    // Before TLS 1.0 there were none, and later a server without any may leave out the list.
    let mut extensions = match body.0 {
        [] => body,
        _ => Cursor(body.vec16()?),
    };
    while !extensions.0.is_empty() {
        let kind = extensions.u16()?;
        let mut content = Cursor(extensions.vec16()?);
        flight.extensions.push(kind);
        match kind {
            SUPPORTED_VERSIONS => version = content.u16()?,
            KEY_SHARE => flight.group = Some(Group(content.u16()?)),
            SIGNED_CERTIFICATE_TIMESTAMP => flight.timestamps = content.0.to_vec(),
            _ => {}
        }
    }
    flight.version = Some(Version::of(version)?);
    Some(random == HELLO_RETRY_REQUEST || version == Version::Tls13.code())
}

fn key_exchange(flight: &mut Flight, mut body: Cursor<'_>) -> Option<KeyExchange> {
    let mut seen = KeyExchange::default();
    let exchange = flight.suite.and_then(Suite::exchange);
    match exchange {
        Some(Exchange::Ephemeral | Exchange::Anonymous { elliptic: true }) => {
            let group = match body.u8()? {
                NAMED_CURVE => Group(body.u16()?),
                // The server describes a curve of its own, as no client should ever agree to.
                EXPLICIT_PRIME => Group(0xff01),
                _ => Group(0xff02),
            };
            flight.group = Some(group);
            if matches!(group, Group(0xff01 | 0xff02)) {
                return Some(seen);
            }
            body.vec8()?;
        }
        Some(Exchange::FiniteField | Exchange::Anonymous { elliptic: false }) => {
            seen.dh_bits = Some(bits(body.vec16()?));
            body.vec16()?;
            body.vec16()?;
        }
        // A short-lived RSA key for export, or a suite nobody offered.
        _ => return Some(seen),
    }
    let is_signed = !matches!(exchange, Some(Exchange::Anonymous { .. }));
    if is_signed && flight.version == Some(Version::Tls12) {
        seen.scheme = Some(Scheme(body.u16()?));
    }
    Some(seen)
}

/// The bytes before a record's content.
const HEADER: usize = 5;
/// The longest record: 16 KiB, and what encryption may add.
const RECORD: usize = (1 << 14) + 2048;
/// The longest handshake message. A chain of ten thousand names takes a quarter of it.
const LONGEST: usize = 1 << 20;

const CHANGE_CIPHER_SPEC: u8 = 20;
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const APPLICATION_DATA: u8 = 23;
const WARNING: u8 = 1;

const SERVER_HELLO: u8 = 2;
const CERTIFICATE: u8 = 11;
const SERVER_KEY_EXCHANGE: u8 = 12;
const CERTIFICATE_REQUEST: u8 = 13;
const SERVER_HELLO_DONE: u8 = 14;

const SIGNED_CERTIFICATE_TIMESTAMP: u16 = 18;
const SUPPORTED_VERSIONS: u16 = 43;
const KEY_SHARE: u16 = 51;
const NAMED_CURVE: u8 = 3;
const EXPLICIT_PRIME: u8 = 1;

/// The random of a ServerHello that is a HelloRetryRequest: SHA-256 of that word (RFC 8446 section
/// 4.1.3).
const HELLO_RETRY_REQUEST: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];
