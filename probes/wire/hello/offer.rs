//! Writing a ClientHello.

use crate::wire::hello::{
    group::{Group, Scheme},
    suite::Suite,
    version::Version,
};

/// What a ClientHello offers.
#[derive(Clone, Debug)]
pub(crate) struct Offer {
    /// The highest version. TLS 1.3 is offered alone, without a key share; the others with all below
    /// them, as their rules have it.
    pub(crate) version: Version,
    /// At most 110 of them: some servers fail above 128.
    pub(crate) suites: Vec<Suite>,
    /// The name to ask for (RFC 6066 section 3); an address is asked for by no name.
    pub(crate) name: Option<String>,
    /// Groups of key exchange.
    pub(crate) groups: Vec<Group>,
    /// Schemes the server may sign with.
    pub(crate) schemes: &'static [Scheme],
    /// Whether this is said to be a second attempt after a newer version failed (RFC 7507).
    pub(crate) fallback: bool,
    /// Whether to offer what a sound server declines or what only evidence is made of: compression,
    /// heartbeats, signed certificate timestamps.
    pub(crate) curious: bool,
}

impl Offer {
    /// A hello with every group and scheme of today.
    pub(crate) fn new(version: Version, suites: Vec<Suite>, name: Option<&str>) -> Self {
        let groups = match version {
            Version::Tls13 => Group::TLS13,
            _ => Group::CURVES,
        };
        Self {
            version,
            suites,
            name: name.map(str::to_owned),
            groups: groups.to_vec(),
            schemes: Scheme::ALL,
            fallback: false,
            curious: false,
        }
    }

    /// The record to send.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut hello = self.message(0);
        // Some load balancers hang on hellos of 256 to 511 bytes; the extension that fills them up was
        // made for those (RFC 7685).
        if (256..512).contains(&hello.len()) && self.version > Version::Ssl3 {
            hello = self.message(512 - hello.len());
        }
        // Servers that know nothing of newer versions look at the record's own.
        let record = self.version.code().min(Version::Tls10.code());
        let mut out = vec![HANDSHAKE];
        out.extend(record.to_be_bytes());
        prefixed(&mut out, 2, |out| out.extend(hello));
        out
    }

    fn message(&self, fill: usize) -> Vec<u8> {
        let mut out = vec![CLIENT_HELLO];
        prefixed(&mut out, 3, |out| {
            out.extend(self.version.code().min(Version::Tls12.code()).to_be_bytes());
            random(out, 32);
            // With a session id of its own a hello of TLS 1.3 looks like one of TLS 1.2 to
            // middleboxes (RFC 8446 appendix D.4).
            let session = if self.version == Version::Tls13 { 32 } else { 0 };
            prefixed(out, 1, |out| random(out, session));
            prefixed(out, 2, |out| self.suites(out));
            out.extend(if self.curious && self.version < Version::Tls13 {
                &[2, DEFLATE, 0][..]
            } else {
                &[1, 0]
            });
            // SSL 3.0 has no extensions, and servers of its time choked on them.
            if self.version > Version::Ssl3 {
                prefixed(out, 2, |out| self.extensions(out, fill));
            }
        });
        out
    }

    fn suites(&self, out: &mut Vec<u8>) {
        for suite in &self.suites {
            out.extend(suite.0.to_be_bytes());
        }
        if self.version < Version::Tls13 {
            out.extend(RENEGOTIATION_INFO_SCSV.to_be_bytes());
        }
        if self.fallback {
            out.extend(FALLBACK_SCSV.to_be_bytes());
        }
    }

    fn extensions(&self, out: &mut Vec<u8>, fill: usize) {
        if let Some(name) = &self.name {
            extension(out, SERVER_NAME, |out| {
                prefixed(out, 2, |out| {
                    out.push(0);
                    prefixed(out, 2, |out| out.extend(name.as_bytes()));
                });
            });
        }
        extension(out, SUPPORTED_GROUPS, |out| {
            prefixed(out, 2, |out| {
                self.groups.iter().for_each(|group| out.extend(group.0.to_be_bytes()));
            });
        });
        if self.version >= Version::Tls12 {
            extension(out, SIGNATURE_ALGORITHMS, |out| {
                prefixed(out, 2, |out| {
                    self.schemes.iter().for_each(|scheme| out.extend(scheme.0.to_be_bytes()));
                });
            });
        }
        if self.version == Version::Tls13 {
            extension(out, SUPPORTED_VERSIONS, |out| {
                prefixed(out, 1, |out| out.extend(Version::Tls13.code().to_be_bytes()));
            });
            extension(out, KEY_SHARE, |out| out.extend([0, 0]));
        } else {
            // Uncompressed points alone.
            extension(out, EC_POINT_FORMATS, |out| out.extend([1, 0]));
            // An OCSP response, from whichever responder.
            extension(out, STATUS_REQUEST, |out| out.extend([1, 0, 0, 0, 0]));
            extension(out, ENCRYPT_THEN_MAC, |_| {});
            extension(out, EXTENDED_MASTER_SECRET, |_| {});
            extension(out, SESSION_TICKET, |_| {});
        }
        if self.curious {
            extension(out, SIGNED_CERTIFICATE_TIMESTAMP, |_| {});
            if self.version < Version::Tls13 {
                // "Peer allowed to send": the extension is what is asked about, and no heartbeat is
                // ever sent.
                extension(out, HEARTBEAT, |out| out.push(1));
            }
        }
        if fill > 0 {
            extension(out, PADDING, |out| {
                out.resize(out.len() + fill.saturating_sub(4), 0);
            });
        }
    }
}

/// What a client says that leaves in the middle of a handshake of this version: user_canceled, then
/// close_notify (RFC 8446 section 6.1). Servers log no error for it, but they do for a record of another
/// version than the one they have chosen.
pub(crate) const fn farewell(version: Version) -> &'static [u8] {
    match version {
        Version::Ssl3 => &[21, 3, 0, 0, 2, 1, 90, 21, 3, 0, 0, 2, 1, 0],
        Version::Tls10 => &[21, 3, 1, 0, 2, 1, 90, 21, 3, 1, 0, 2, 1, 0],
        Version::Tls11 => &[21, 3, 2, 0, 2, 1, 90, 21, 3, 2, 0, 2, 1, 0],
        // The records of TLS 1.3 say that they are of TLS 1.2.
        Version::Tls12 | Version::Tls13 => &[21, 3, 3, 0, 2, 1, 90, 21, 3, 3, 0, 2, 1, 0],
    }
}

/// A CLIENT-HELLO of SSL 2.0 with its seven ciphers, as it stood in the protocol's draft of 1995.
pub(crate) const SSL2_HELLO: &[u8] = &[
    0x80, 46, 1, 0, 2, 0, 21, 0, 0, 0, 16, // header, type, version, and three lengths
    1, 0, 0x80, 2, 0, 0x80, 3, 0, 0x80, 4, 0, 0x80, 5, 0, 0x80, 6, 0, 0x40, 7, 0,
    0xc0, // ciphers
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, // challenge
];

/// Whether this begins a SERVER-HELLO of SSL 2.0 that is willing to go on.
pub(crate) fn is_ssl2_hello(answer: &[u8]) -> bool {
    // Header, type 4, session id hit, certificate type, version 2.
    matches!(answer, [header, _, 4, _, _, 0, 2, ..] if header & 0x80 != 0)
}

fn extension(out: &mut Vec<u8>, kind: u16, content: impl FnOnce(&mut Vec<u8>)) {
    out.extend(kind.to_be_bytes());
    prefixed(out, 2, content);
}

/// Writes content behind its length, which takes so many bytes.
fn prefixed(out: &mut Vec<u8>, width: usize, content: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.resize(start + width, 0);
    content(out);
    let length = (out.len() - start - width).to_be_bytes();
    out[start..start + width].copy_from_slice(&length[length.len() - width..]);
}

/// Unpredictable enough for a handshake that ends before it has a secret.
fn random(out: &mut Vec<u8>, count: usize) {
    out.extend(std::iter::repeat_with(|| fastrand::u8(..)).take(count));
}

const HANDSHAKE: u8 = 22;
const CLIENT_HELLO: u8 = 1;
const DEFLATE: u8 = 1;

const RENEGOTIATION_INFO_SCSV: u16 = 0x00ff;
const FALLBACK_SCSV: u16 = 0x5600;

const SERVER_NAME: u16 = 0;
const STATUS_REQUEST: u16 = 5;
const SUPPORTED_GROUPS: u16 = 10;
const EC_POINT_FORMATS: u16 = 11;
const SIGNATURE_ALGORITHMS: u16 = 13;
const HEARTBEAT: u16 = 15;
const SIGNED_CERTIFICATE_TIMESTAMP: u16 = 18;
const PADDING: u16 = 21;
const ENCRYPT_THEN_MAC: u16 = 22;
const EXTENDED_MASTER_SECRET: u16 = 23;
const SESSION_TICKET: u16 = 35;
const SUPPORTED_VERSIONS: u16 = 43;
const KEY_SHARE: u16 = 51;
