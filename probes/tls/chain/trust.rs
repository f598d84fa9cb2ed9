//! Who vouches for a leaf.

use rustls_pki_types::{CertificateDer, SubjectPublicKeyInfoDer};
use webpki::{Error, RawPublicKeyEntity};
use x509_parser::parse_x509_certificate;

use super::{
    Certificate, Path, Standard,
    search::{Lenience, Search},
    weak::WEAK_AND_SOUND,
};

/// Who vouches for a leaf.
#[derive(Clone, Debug)]
pub(in crate::tls) enum Trust {
    /// The leaf itself is listed as trusted. Verifiers differ on that (webpki refuses one that is an
    /// authority, Go and OpenSSL accept it), but whoever lists it means it.
    Listed,
    /// It is signed with its own key, and nobody lists it.
    SelfSigned,
    /// There is a path to an authority.
    Anchored {
        /// The path.
        path: Box<Path>,
        /// What a client must overlook to go it; nothing, on a sound chain.
        overlooked: Vec<Lenience>,
    },
    /// There is no path, or none that can be found.
    Refused(Refusal),
}

/// Why there is no path.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::tls) enum Refusal {
    /// Nobody knows the issuer of the last certificate in line.
    UnknownIssuer {
        /// The issuer's name.
        issuer: String,
        /// Whether the line ends in a root, so that nothing is missing in it.
        is_rooted: bool,
        /// Whether not even the leaf's own issuer was sent.
        is_alone: bool,
        /// Where the leaf says its issuer's certificate may be fetched.
        issuer_url: Option<String>,
    },
    /// An authority has the issuer's name and another key.
    WrongKey,
    /// A signature or a key on the way is so weak that nobody verifies it.
    TooWeak,
    /// A rule is broken, in words.
    Rule(String),
    /// The leaf is itself an authority, which some clients refuse before they look at its issuer.
    Authority,
    /// The certificates were never valid at the same time.
    NeverTogether,
    /// We cannot verify a signature that others can.
    Unverifiable,
}

impl Trust {
    pub(super) fn of(
        served: &[CertificateDer<'_>],
        leaf: &Certificate,
        rest: &[Result<Certificate, String>],
        standard: &Standard<'_>,
    ) -> Self {
        let Standard { authorities, at, .. } = *standard;
        let served = &served[..served.len().min(LONGEST)];
        if authorities.list(&served[0]) {
            return Self::Listed;
        }
        let mut pool = served[1..].to_vec();
        pool.extend(standard.known.iter().cloned());
        let moments = moments(std::iter::once(leaf).chain(rest.iter().flatten()), at);
        let search = Search { served, pool: &pool, authorities, at, moments: &moments };
        match search.path() {
            Ok((path, overlooked)) => Self::Anchored { path: path.into(), overlooked },
            Err(_) if leaf.is_self_issued() && is_own_signature(&served[0]) => Self::SelfSigned,
            Err(error) => Self::Refused(refusal(error, leaf, rest)),
        }
    }

    /// The way to an authority, where there is one.
    pub(in crate::tls) fn path(&self) -> Option<&Path> {
        match self {
            Self::Anchored { path, .. } => Some(path),
            _ => None,
        }
    }

    /// Whether a client must overlook this to trust the leaf.
    pub(in crate::tls) fn overlooks(&self, lenience: Lenience) -> bool {
        matches!(self, Self::Anchored { overlooked, .. } if overlooked.contains(&lenience))
    }

    /// Whether a client trusts the leaf as things are, so that the judgement may be remembered.
    pub(in crate::tls) fn is_sound(&self) -> bool {
        match self {
            Self::Anchored { overlooked, .. } => overlooked.is_empty(),
            Self::Listed => true,
            Self::SelfSigned | Self::Refused(_) => false,
        }
    }
}

/// Moments just inside the certificates' lives, nearest to now first: if all of them were ever valid
/// together, they were at one of these.
fn moments<'a>(certificates: impl Iterator<Item = &'a Certificate>, at: i64) -> Vec<i64> {
    let mut moments: Vec<i64> = certificates
        .take(LONGEST)
        .flat_map(|one| [one.not_before.saturating_add(1), one.not_after.saturating_sub(1)])
        .collect();
    moments.sort_by_key(|moment| moment.abs_diff(at));
    moments.dedup();
    moments
}

/// Whether a certificate is signed with its own key. A signature nobody can verify counts as one: the
/// names say so, and there is nothing else to go by.
fn is_own_signature(der: &[u8]) -> bool {
    let Ok((_, x509)) = parse_x509_certificate(der) else { return false };
    let spki = SubjectPublicKeyInfoDer::from(x509.tbs_certificate.subject_pki.raw);
    let Ok(key) = RawPublicKeyEntity::try_from(&spki) else { return true };
    let (message, signature) = (x509.tbs_certificate.as_ref(), &x509.signature_value.data);
    let fits = |id: &[u8]| {
        let own = x509.signature_algorithm.algorithm.as_bytes();
        // The identifier is tag, length, the object identifier's bytes, and then any parameters.
        id.get(2..2 + own.len()) == Some(own)
    };
    let mut verdicts = WEAK_AND_SOUND
        .iter()
        .filter(|algorithm| fits(algorithm.signature_alg_id().as_ref()))
        .map(|algorithm| key.verify_signature(*algorithm, message, signature))
        .filter(|verdict| {
            !matches!(verdict, Err(Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_)))
        })
        .peekable();
    verdicts.peek().is_none() || verdicts.any(|verdict| verdict.is_ok())
}

fn refusal(error: Error, leaf: &Certificate, rest: &[Result<Certificate, String>]) -> Refusal {
    let all = || std::iter::once(leaf).chain(rest.iter().flatten());
    let is_weak = all().any(|one| {
        !one.is_self_issued() && one.signature.broken_hash.is_some()
            || one.is_authority && one.key.weakness().is_some()
    });
    let rule = |what: &str| Refusal::Rule(what.to_owned());
    match error {
        Error::UnknownIssuer => unknown_issuer(leaf, rest),
        Error::CaUsedAsEndEntity => Refusal::Authority,
        Error::CertExpired { .. } | Error::CertNotValidYet { .. } => Refusal::NeverTogether,
        Error::InvalidSignatureForPublicKey
        | Error::UnsupportedSignatureAlgorithmContext(_)
        | Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_)
            if is_weak =>
        {
            Refusal::TooWeak
        }
        Error::InvalidSignatureForPublicKey => Refusal::WrongKey,
        Error::UnsupportedSignatureAlgorithmContext(_)
        | Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => Refusal::Unverifiable,
        Error::NameConstraintViolation => rule(
            "an authority on the path may not issue for the names in the certificate (name \
             constraints)",
        ),
        Error::PathLenConstraintViolated => {
            rule("more intermediates stand below an authority than its path length allows")
        }
        Error::EndEntityUsedAsCa => {
            rule("a certificate on the path has issued another and is no authority (CA:FALSE)")
        }
        Error::UnsupportedCriticalExtension => rule(
            "a certificate has a critical extension that clients do not know, so they refuse it",
        ),
        Error::UnsupportedCertVersion => {
            rule("a certificate is not of X.509 version 3, which is the only one clients accept")
        }
        Error::CertDistrusted => rule("a key on the path is distrusted by name"),
        other => Refusal::Rule(format!("clients refuse it ({other})")),
    }
}

/// Follows the issuers' names through what was sent to the last certificate in line.
fn unknown_issuer(leaf: &Certificate, rest: &[Result<Certificate, String>]) -> Refusal {
    let mut last = leaf;
    let mut steps = 0;
    // Names may go round in circles; nothing is longer than what was sent.
    while steps < rest.len() && !last.is_self_issued() {
        let Some(issuer) = rest.iter().flatten().find(|one| one.subject.is(&last.issuer)) else {
            break;
        };
        last = issuer;
        steps += 1;
    }
    Refusal::UnknownIssuer {
        issuer: last.issuer.to_string(),
        is_rooted: last.is_self_issued(),
        is_alone: steps == 0,
        issuer_url: leaf.issuer_url.clone(),
    }
}

/// Certificates of a chain among which a path is looked for. Real ones have up to six; a server may
/// send a hundred to keep us busy.
const LONGEST: usize = 16;
