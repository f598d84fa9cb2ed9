//! Groups of key exchange, and schemes of signatures.

use std::fmt;

/// A group (before TLS 1.3: a curve), by its number in IANA's registry.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct Group(pub(crate) u16);

impl Group {
    /// Every group that may be chosen in TLS 1.3.
    pub(crate) const TLS13: &'static [Self] = &[
        Self(0x11ec),
        Self(0x11eb),
        Self(0x11ed),
        Self(0x0200),
        Self(0x0201),
        Self(0x0202),
        Self(0x001d),
        Self(0x0017),
        Self(0x0018),
        Self(0x0019),
        Self(0x001e),
        Self(0x001f),
        Self(0x0020),
        Self(0x0021),
        Self(0x0029),
        Self(0x0100),
        Self(0x0101),
        Self(0x0102),
        Self(0x0103),
        Self(0x0104),
    ];

    /// Curves of at least 224 bits, which may be chosen in TLS 1.2.
    pub(crate) const CURVES: &'static [Self] = &[
        Self(0x001d),
        Self(0x0017),
        Self(0x0018),
        Self(0x0019),
        Self(0x001e),
        Self(0x0016),
        Self(0x001a),
        Self(0x001b),
        Self(0x001c),
        Self(0x0014),
        Self(0x0015),
        Self(0x0006),
        Self(0x0007),
        Self(0x0008),
        Self(0x0009),
        Self(0x000a),
        Self(0x000b),
        Self(0x000c),
        Self(0x000d),
        Self(0x000e),
    ];

    /// Curves below 224 bits, and those a server may make up.
    pub(crate) const WEAK: &'static [Self] = &[
        Self(0x0013),
        Self(0x0012),
        Self(0x0010),
        Self(0x0011),
        Self(0x000f),
        Self(0x0004),
        Self(0x0005),
        Self(0x0002),
        Self(0x0001),
        Self(0x0003),
        Self(0xff01),
        Self(0xff02),
    ];

    /// Whether it is weaker than RFC 9325 section 4.5 allows, or made up by the server.
    pub(crate) fn is_weak(self) -> bool {
        Self::WEAK.contains(&self)
    }

    /// Whether a quantum computer could not undo it.
    pub(crate) fn is_post_quantum(self) -> bool {
        matches!(self.0, 0x11eb..=0x11ed | 0x0200..=0x0202)
    }

    fn name(self) -> Option<&'static str> {
        NAMES.iter().find(|(id, _)| *id == self.0).map(|(_, name)| *name)
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "0x{:04X}", self.0),
        }
    }
}

impl fmt::Debug for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A scheme of signatures, by its number in IANA's registry.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Scheme(pub(crate) u16);

impl Scheme {
    /// Schemes that servers of today sign with, and those that end with SHA-1 last.
    pub(crate) const ALL: &'static [Self] = &[
        Self(0x0403),
        Self(0x0804),
        Self(0x0401),
        Self(0x0503),
        Self(0x0805),
        Self(0x0501),
        Self(0x0603),
        Self(0x0806),
        Self(0x0601),
        Self(0x0807),
        Self(0x0808),
        Self(0x0809),
        Self(0x080a),
        Self(0x080b),
        Self(0x0402),
        Self(0x0203),
        Self(0x0201),
        Self(0x0202),
    ];

    /// For a server with an RSA key: SHA-1 and MD5 alone, and a scheme that does not fit its key, as
    /// without any other OpenSSL takes the hello for an error that is worth a line in the log.
    pub(crate) const BROKEN_RSA: &'static [Self] = &[Self(0x0201), Self(0x0101), Self(0x0403)];

    /// The same for a server with a key on a curve.
    pub(crate) const BROKEN_CURVES: &'static [Self] = &[Self(0x0203), Self(0x0804)];

    /// The broken hash it relies on, if it does.
    pub(crate) fn broken_hash(self) -> Option<&'static str> {
        match self.0 >> 8 {
            1 => Some("MD5"),
            2 => Some("SHA-1"),
            _ => None,
        }
    }
}

const NAMES: [(u16, &str); 45] = [
    (0x0001, "sect163k1"),
    (0x0002, "sect163r1"),
    (0x0003, "sect163r2"),
    (0x0004, "sect193r1"),
    (0x0005, "sect193r2"),
    (0x0006, "sect233k1"),
    (0x0007, "sect233r1"),
    (0x0008, "sect239k1"),
    (0x0009, "sect283k1"),
    (0x000a, "sect283r1"),
    (0x000b, "sect409k1"),
    (0x000c, "sect409r1"),
    (0x000d, "sect571k1"),
    (0x000e, "sect571r1"),
    (0x000f, "secp160k1"),
    (0x0010, "secp160r1"),
    (0x0011, "secp160r2"),
    (0x0012, "secp192k1"),
    (0x0013, "secp192r1"),
    (0x0014, "secp224k1"),
    (0x0015, "secp224r1"),
    (0x0016, "secp256k1"),
    (0x0017, "secp256r1"),
    (0x0018, "secp384r1"),
    (0x0019, "secp521r1"),
    (0x001a, "brainpoolP256r1"),
    (0x001b, "brainpoolP384r1"),
    (0x001c, "brainpoolP512r1"),
    (0x001d, "X25519"),
    (0x001e, "X448"),
    (0x001f, "brainpoolP256r1tls13"),
    (0x0020, "brainpoolP384r1tls13"),
    (0x0021, "brainpoolP512r1tls13"),
    (0x0029, "curveSM2"),
    (0x0100, "ffdhe2048"),
    (0x0101, "ffdhe3072"),
    (0x0102, "ffdhe4096"),
    (0x0103, "ffdhe6144"),
    (0x0104, "ffdhe8192"),
    (0x0200, "MLKEM512"),
    (0x0201, "MLKEM768"),
    (0x0202, "MLKEM1024"),
    (0x11eb, "SecP256r1MLKEM768"),
    (0x11ec, "X25519MLKEM768"),
    (0x11ed, "SecP384r1MLKEM1024"),
];
