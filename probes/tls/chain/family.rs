//! The clients whose judgement counts, by the code that verifies for them.

use std::{fmt, ops::BitOr};

/// A set of families of clients.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(in crate::tls) struct Families(u16);

impl Families {
    pub(in crate::tls) const NONE: Self = Self(0);

    /// Those named by letters: `O` OpenSSL, `S` only its strict mode, `G` Go, `o` only older and `n`
    /// only newer versions of it, `J` Java, `T` GnuTLS, `F` Firefox, `C` Chromium, `W` rustls.
    ///
    /// What OpenSSL refuses, its strict mode refuses too.
    pub(in crate::tls) const fn of(letters: &str) -> Self {
        let letters = letters.as_bytes();
        let mut set = 0;
        let mut i = 0;
        while i < letters.len() {
            set |= match letters[i] {
                b'O' => OPENSSL | STRICT_OPENSSL,
                b'S' => STRICT_OPENSSL,
                b'G' => GO | OLD_GO,
                b'o' => OLD_GO,
                b'n' => GO,
                b'J' => JAVA,
                b'T' => GNUTLS,
                b'F' => FIREFOX,
                b'C' => CHROMIUM,
                b'W' => RUSTLS,
                _ => panic!("a letter that stands for a family"),
            };
            i += 1;
        }
        Self(set)
    }

    /// Every client.
    pub(in crate::tls) const EVERYONE: Self = Self::of("OGJTFCW");

    pub(in crate::tls) fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(in crate::tls) fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    pub(in crate::tls) fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(in crate::tls) fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub(in crate::tls) fn count(self) -> u32 {
        self.0.count_ones()
    }

    /// How bad it is that these refuse a chain.
    pub(in crate::tls) fn grade(self) -> Option<Grade> {
        let libraries = Self(self.0 & (OPENSSL | GO | JAVA | GNUTLS)).count();
        let is_browser = self.0 & (FIREFOX | CHROMIUM) != 0;
        Some(match () {
            () if self.contains(Self::EVERYONE) => Grade::Everyone,
            () if is_browser || libraries >= 2 => Grade::Several,
            () if libraries == 1 => Grade::One,
            () if !self.is_empty() => Grade::Unusual,
            () => return None,
        })
    }
}

/// Who refuses a chain.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(in crate::tls) enum Grade {
    /// Strict modes, old versions or rustls alone.
    Unusual,
    /// One library that current programs verify with.
    One,
    /// A browser, or several libraries.
    Several,
    /// Every client.
    Everyone,
}

impl BitOr for Families {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl fmt::Display for Families {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.contains(Self::EVERYONE) {
            return f.write_str("every client");
        }
        let implied = |family: u16| match family {
            STRICT_OPENSSL => self.0 & OPENSSL != 0,
            OLD_GO => self.0 & GO != 0,
            _ => false,
        };
        let refusing = NAMES.iter().filter(|(family, _)| self.0 & family != 0 && !implied(*family));
        let names: Vec<&str> = refusing.map(|(_, name)| *name).collect();
        match names.split_last() {
            None => f.write_str("no client"),
            Some((one, [])) => f.write_str(one),
            Some((last, rest)) => write!(f, "{} and {last}", rest.join(", ")),
        }
    }
}

const OPENSSL: u16 = 1;
const STRICT_OPENSSL: u16 = 1 << 1;
const GO: u16 = 1 << 2;
const OLD_GO: u16 = 1 << 3;
const JAVA: u16 = 1 << 4;
const GNUTLS: u16 = 1 << 5;
const FIREFOX: u16 = 1 << 6;
const CHROMIUM: u16 = 1 << 7;
const RUSTLS: u16 = 1 << 8;

const NAMES: [(u16, &str); 9] = [
    (OPENSSL, "OpenSSL"),
    (STRICT_OPENSSL, "OpenSSL in strict mode (Python 3.13 and newer)"),
    (GO, "Go"),
    (OLD_GO, "older Go"),
    (JAVA, "Java"),
    (GNUTLS, "GnuTLS"),
    (FIREFOX, "Firefox"),
    (CHROMIUM, "Chromium"),
    (RUSTLS, "rustls"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grade_follows_from_who_refuses() {
        for (letters, grade) in [
            ("", None),
            ("SoW", Some(Grade::Unusual)),
            ("OW", Some(Grade::One)),
            ("n", Some(Grade::One)),
            ("OT", Some(Grade::Several)),
            ("C", Some(Grade::Several)),
            ("OGJTFC", Some(Grade::Several)),
            ("OGJTFCW", Some(Grade::Everyone)),
        ] {
            assert_eq!(Families::of(letters).grade(), grade, "{letters}");
        }
    }

    #[test]
    fn families_are_named_once() {
        let named = |letters| Families::of(letters).to_string();
        assert_eq!(named("OG"), "OpenSSL and Go");
        assert_eq!(
            named("SoJ"),
            "OpenSSL in strict mode (Python 3.13 and newer), older Go and Java"
        );
        assert_eq!(named("OGJTFCW"), "every client");
    }
}
