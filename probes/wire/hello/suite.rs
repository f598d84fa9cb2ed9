//! Cipher suites, and what is wrong with them.

use std::{borrow::Cow, fmt, sync::LazyLock};

use rustls::CipherSuite;

use crate::wire::hello::version::Version;

/// A cipher suite, by its number in IANA's registry.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct Suite(pub(crate) u16);

impl Suite {
    /// Its name in IANA's registry, or its number where we know none.
    pub(crate) fn name(self) -> Cow<'static, str> {
        if let Some((_, name)) = NAMED_HERE.iter().find(|(id, _)| *id == self.0) {
            return Cow::Borrowed(name);
        }
        match CipherSuite::from(self.0).as_str() {
            // What rustls calls TLS13_AES_128_GCM_SHA256 is TLS_AES_128_GCM_SHA256.
            Some(name) => match name.strip_prefix("TLS13_") {
                Some(rest) => Cow::Owned(format!("TLS_{rest}")),
                None => Cow::Borrowed(name),
            },
            None => Cow::Owned(format!("0x{:04X}", self.0)),
        }
    }

    /// What OpenSSL calls a suite that chains blocks.
    pub(crate) fn name_in_openssl(self) -> Option<String> {
        let name = self.name();
        let (exchange, cipher) = name.strip_prefix("TLS_")?.split_once("_WITH_")?;
        let exchange = match exchange {
            "RSA" => String::new(),
            "DH_anon" => "ADH-".to_owned(),
            "ECDH_anon" => "AECDH-".to_owned(),
            other => format!("{}-", other.replace('_', "-")),
        };
        let (cipher, hash) = cipher.split_once("_CBC_")?;
        let cipher = match cipher {
            "3DES_EDE" => "DES-CBC3".to_owned(),
            "DES" => "DES-CBC".to_owned(),
            "IDEA" => "IDEA-CBC".to_owned(),
            other => other.replace('_', ""),
        };
        Some(format!("{exchange}{cipher}-{hash}"))
    }

    /// How the server comes by a key with this suite; `None` for suites of TLS 1.3 and those we do
    /// not know.
    pub(crate) fn exchange(self) -> Option<Exchange> {
        ALL.iter().find(|(suite, _)| *suite == self).map(|(_, traits)| traits.exchange)
    }

    /// Whether it has this fault.
    pub(crate) fn has(self, fault: Fault) -> bool {
        ALL.iter().any(|(suite, traits)| *suite == self && traits.has(fault))
    }

    /// Suites with this fault that servers are met with, or (`rare`) hardly any server ever was.
    pub(crate) fn with(fault: Fault, rare: bool) -> Vec<Self> {
        select(|traits| traits.rare == rare && traits.has(fault))
    }

    /// Suites with any fault that servers are met with, or (`rare`) hardly any server ever was.
    pub(crate) fn faulty(rare: bool) -> Vec<Self> {
        select(|traits| traits.rare == rare && !traits.is_sound())
    }

    /// Suites of TLS 1.2 without fault: ephemeral elliptic curves, authenticated encryption.
    pub(crate) fn sound() -> Vec<Self> {
        select(Traits::is_sound)
    }

    /// Suites that came before TLS 1.2.
    pub(crate) fn old() -> Vec<Self> {
        select(|traits| traits.old)
    }

    /// Suites of SSL 3.0, which knows no elliptic curves.
    pub(crate) fn ssl3() -> Vec<Self> {
        let all = ALL.iter().filter(|(_, traits)| traits.old && !traits.elliptic && !traits.rare);
        all.map(|(suite, _)| *suite).collect()
    }

    /// Every suite that a version may come with.
    pub(crate) fn of(version: Version) -> Vec<Self> {
        match version {
            Version::Tls13 => TLS13.map(Self).to_vec(),
            Version::Tls12 => select(|_| true),
            Version::Tls11 | Version::Tls10 => Self::old(),
            Version::Ssl3 => Self::ssl3(),
        }
    }

    /// Whether the server proves itself by an RSA key with it.
    pub(crate) fn is_signed_by_rsa(self) -> bool {
        let name = self.name();
        name.split_once("_WITH_").is_some_and(|(exchange, _)| exchange.ends_with("_RSA"))
    }

    /// Whether a suite of TLS 1.3 encrypts nothing (RFC 9150).
    pub(crate) fn is_tls13_integrity_only(self) -> bool {
        matches!(self.0, 0xc0b4 | 0xc0b5)
    }
}

impl fmt::Display for Suite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

impl fmt::Debug for Suite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// How a server and a client come by a key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Exchange {
    /// A fresh key of an elliptic curve.
    Ephemeral,
    /// A fresh key of a finite field.
    FiniteField,
    /// The server's long-term key: whoever gets it later reads everything.
    Static,
    /// A fresh key that nobody signs: anybody may be at the other end. `elliptic` tells the two kinds
    /// of key apart.
    Anonymous {
        /// Whether the key is of an elliptic curve.
        elliptic: bool,
    },
}

/// Something wrong with a suite.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Fault {
    /// It encrypts nothing.
    Unencrypted,
    /// Nobody vouches for the server.
    Anonymous,
    /// Made weak on purpose, for export.
    Export,
    /// RC4, RC2 or single DES.
    Broken,
    /// 3DES, IDEA or SEED.
    Obsolete,
    /// No forward secrecy.
    Static,
    /// Ephemeral Diffie-Hellman in a finite field.
    FiniteField,
    /// Cipher block chaining.
    Cbc,
}

impl Fault {
    /// Every fault, worst first.
    pub(crate) const ALL: [Self; 8] = [
        Self::Unencrypted,
        Self::Anonymous,
        Self::Export,
        Self::Broken,
        Self::Obsolete,
        Self::Static,
        Self::FiniteField,
        Self::Cbc,
    ];
}

/// What a name tells of a suite.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is read off the name by itself")]
struct Traits {
    exchange: Exchange,
    cipher: Cipher,
    export: bool,
    cbc: bool,
    elliptic: bool,
    /// Whether it came before TLS 1.2.
    old: bool,
    rare: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Cipher {
    None,
    Broken,
    Obsolete,
    Sound,
}

impl Traits {
    /// Reads a name as IANA builds them: `TLS_<exchange>_WITH_<cipher>`. `None` for suites that need
    /// something besides a certificate (shared keys, Kerberos, SRP), drafts, and those of TLS 1.3.
    fn of(name: &str) -> Option<Self> {
        let name = name.strip_prefix("TLS_").or_else(|| name.strip_prefix("SSL_"))?;
        let (exchange, cipher) = name.split_once("_WITH_")?;
        let unfit = ["PSK", "KRB5", "SRP", "FORTEZZA", "ECMQV", "ECNRA", "GOST"];
        if unfit.iter().any(|word| exchange.contains(word))
            || name.ends_with("draft")
            || name.ends_with("RMD")
        {
            return None;
        }
        let elliptic = exchange.starts_with("ECDH");
        let long_term = |rest: &str| {
            let kinds = ["DH_DSS", "DH_RSA", "ECDH_ECDSA", "ECDH_RSA"];
            kinds.iter().any(|kind| rest.starts_with(kind))
        };
        let rare = exchange.contains("DSS")
            || long_term(exchange)
            || exchange.contains("EXPORT1024")
            || exchange.contains("FIPS");
        let starts = |words: &[&str]| words.iter().any(|word| cipher.starts_with(word));
        let newer = ["GCM", "CCM", "CHACHA20", "SHA256", "SHA384", "ARIA"];
        Some(Self {
            exchange: match exchange {
                _ if exchange.contains("anon") => Exchange::Anonymous { elliptic },
                _ if exchange.starts_with("ECDHE") => Exchange::Ephemeral,
                _ if exchange.starts_with("DHE") => Exchange::FiniteField,
                _ => Exchange::Static,
            },
            cipher: match () {
                () if starts(&["NULL"]) => Cipher::None,
                () if starts(&["3DES", "IDEA", "SEED"]) => Cipher::Obsolete,
                () if starts(&["RC4", "RC2", "DES"]) => Cipher::Broken,
                () => Cipher::Sound,
            },
            export: exchange.contains("EXPORT"),
            cbc: cipher.contains("CBC"),
            elliptic,
            old: !newer.iter().any(|word| cipher.contains(word)),
            rare,
        })
    }

    fn has(self, fault: Fault) -> bool {
        match fault {
            Fault::Unencrypted => self.cipher == Cipher::None,
            Fault::Anonymous => matches!(self.exchange, Exchange::Anonymous { .. }),
            Fault::Export => self.export,
            Fault::Broken => self.cipher == Cipher::Broken,
            Fault::Obsolete => self.cipher == Cipher::Obsolete,
            Fault::Static => self.exchange == Exchange::Static,
            Fault::FiniteField => self.exchange == Exchange::FiniteField,
            Fault::Cbc => self.cbc,
        }
    }

    fn is_sound(self) -> bool {
        Fault::ALL.iter().all(|fault| !self.has(*fault))
    }
}

fn select(wanted: impl Fn(Traits) -> bool) -> Vec<Suite> {
    ALL.iter().filter(|(_, traits)| wanted(*traits)).map(|(suite, _)| *suite).collect()
}

/// Every suite up to TLS 1.2 that a server with a certificate can be asked for.
static ALL: LazyLock<Vec<(Suite, Traits)>> = LazyLock::new(|| {
    let named = |id| Some((Suite(id), Traits::of(CipherSuite::from(id).as_str()?)?));
    (0..=u16::MAX).filter_map(named).collect()
});

/// The suites of TLS 1.3: AES and ChaCha20, AEGIS, SM4, and two that encrypt nothing.
const TLS13: [u16; 11] =
    [0x1301, 0x1302, 0x1303, 0x1304, 0x1305, 0x1306, 0x1307, 0x00c6, 0x00c7, 0xc0b4, 0xc0b5];

/// Names in the registry that rustls does not know.
const NAMED_HERE: [(u16, &str); 6] = [
    (0x00c6, "TLS_SM4_GCM_SM3"),
    (0x00c7, "TLS_SM4_CCM_SM3"),
    (0x1306, "TLS_AEGIS_256_SHA512"),
    (0x1307, "TLS_AEGIS_128L_SHA256"),
    (0xc0b4, "TLS_SHA256_SHA256"),
    (0xc0b5, "TLS_SHA384_SHA384"),
];

#[cfg(test)]
pub(crate) mod tests {
    use super::{
        Fault::{Anonymous, Broken, Cbc, Export, FiniteField, Obsolete, Static, Unencrypted},
        *,
    };

    fn named(name: &str) -> Suite {
        let found = ALL.iter().find(|(suite, _)| suite.name() == name);
        found.unwrap_or_else(|| panic!("{name} is not known")).0
    }

    #[test]
    fn no_hello_has_more_suites_than_old_servers_can_take() {
        // Cisco's ACE fails above 128.
        for (list, what) in [
            (Suite::faulty(false), "common"),
            (Suite::faulty(true), "rare"),
            (Suite::old(), "old"),
            (Suite::ssl3(), "SSL 3.0"),
            (Suite::sound(), "sound"),
        ] {
            assert!((1..=110).contains(&list.len()), "{what}: {}", list.len());
        }
    }

    #[test]
    fn every_suite_is_asked_for_by_exactly_one_hello() {
        let mut all = [Suite::faulty(false), Suite::faulty(true), Suite::sound()].concat();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!((all.len(), all), (count, Suite::of(Version::Tls12)));
    }

    #[test]
    fn faults_are_read_off_names() {
        let faults = |name: &str| -> Vec<Fault> {
            Fault::ALL.into_iter().filter(|fault| named(name).has(*fault)).collect()
        };
        assert_eq!(faults("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"), []);
        assert_eq!(faults("TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8"), []);
        assert_eq!(faults("TLS_RSA_WITH_AES_128_GCM_SHA256"), [Static]);
        assert_eq!(faults("TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256"), [FiniteField]);
        assert_eq!(faults("TLS_RSA_WITH_NULL_MD5"), [Unencrypted, Static]);
        assert_eq!(faults("TLS_ECDH_anon_WITH_RC4_128_SHA"), [Anonymous, Broken]);
        assert_eq!(faults("TLS_RSA_WITH_3DES_EDE_CBC_SHA"), [Obsolete, Static, Cbc]);
        assert_eq!(faults("TLS_RSA_WITH_DES_CBC_SHA"), [Broken, Static, Cbc]);
        assert_eq!(faults("TLS_RSA_EXPORT_WITH_DES40_CBC_SHA"), [Export, Broken, Static, Cbc]);
        assert_eq!(faults("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256"), [Cbc]);
        assert_eq!(faults("SSL_RSA_FIPS_WITH_DES_CBC_SHA"), [Broken, Static, Cbc]);
    }

    #[test]
    fn names_are_those_of_the_registry() {
        assert_eq!(Suite(0x1301).name(), "TLS_AES_128_GCM_SHA256");
        assert_eq!(Suite(0xc02f).name(), "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256");
        assert_eq!(Suite(0xc0b4).name(), "TLS_SHA256_SHA256");
        assert_eq!(Suite(0xabcd).name(), "0xABCD");
    }
}
