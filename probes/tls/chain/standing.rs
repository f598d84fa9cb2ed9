//! Whether a chain's certificates stand on their authorities' revocation lists (RFC 5280 section 5).

use std::time::Duration;

use rustls_pki_types::{CertificateDer, UnixTime};
use webpki::{
    CertRevocationList, EndEntityCert, Error, ExpirationPolicy, ExtendedKeyUsageValidator,
    KeyPurposeIdIter, RevocationCheckDepth, RevocationOptionsBuilder, RevocationReason,
    UnknownStatusPolicy,
};
use x509_parser::parse_x509_certificate;

use super::{Authorities, Chain, Path, Step, position};
use crate::{
    contract::{Obstacle, Obstructed},
    wire::der::{SEQUENCE, wrap},
};

/// What revocation lists say of a chain.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::tls) enum Listed {
    /// The leaf is not on the current list of its issuer, nor is an intermediate on one that was
    /// given.
    No,
    /// A certificate of the path is revoked.
    Yes {
        /// Which one: "leaf", "certificate 1".
        which: String,
        /// Since when, in seconds since the epoch.
        at: Option<i64>,
        /// Why, where that is said.
        reason: Option<RevocationReason>,
    },
}

impl Listed {
    fn is_held(&self) -> bool {
        matches!(self, Self::Yes { reason: Some(RevocationReason::CertificateHold), .. })
    }
}

/// What the lists say of a chain, or why they say nothing that counts.
pub(in crate::tls) fn standing(
    served: &[CertificateDer<'static>],
    chain: &Chain,
    authorities: Authorities<'_>,
    lists: &[&CertRevocationList<'static>],
    at: i64,
) -> Result<Listed, Obstructed> {
    let Some(path) = chain.trust.path() else {
        let why = "no path leads from the leaf to a trusted authority, so nobody's list counts";
        return Err(Obstacle::Tls.because(why));
    };
    // A verifier takes no more than name and key of a root, so whether it may sign lists is ours to ask.
    let believed = |list: &&&CertRevocationList<'static>| {
        let of_root = wrap(SEQUENCE, list.issuer()) == path.anchor.name.der();
        !of_root || path.anchor.certificate.as_ref().is_none_or(|root| root.signs_lists)
    };
    let sound: Vec<_> = lists.iter().filter(believed).copied().collect();
    if sound.is_empty() && !lists.is_empty() {
        return Err(nothing(&Error::IssuerNotCrlSigner, chain));
    }
    let lists = &sound[..];
    let asking = Asking { served, path, authorities, lists, at };
    // A list that is out of date still tells the truth about what stands on it: nobody comes back, but
    // for who was only held (RFC 5280 section 5.3.1).
    // Authorities above the leaf's need not be among those whose lists were given.
    let anybody = asking.ask(
        RevocationCheckDepth::Chain,
        UnknownStatusPolicy::Allow,
        ExpirationPolicy::Ignore,
    );
    match anybody {
        Err(Error::CertRevoked) => {
            let revoked = asking.revoked();
            let current = asking.ask(
                RevocationCheckDepth::Chain,
                UnknownStatusPolicy::Allow,
                ExpirationPolicy::Enforce,
            );
            return match current {
                Err(error @ Error::CrlExpired { .. }) if revoked.is_held() => {
                    Err(nothing(&error, chain))
                }
                _ => Ok(revoked),
            };
        }
        Err(error) => return Err(nothing(&error, chain)),
        Ok(()) => {}
    }
    let leaf = asking.ask(
        RevocationCheckDepth::EndEntity,
        UnknownStatusPolicy::Deny,
        ExpirationPolicy::Enforce,
    );
    leaf.map(|()| Listed::No).map_err(|error| nothing(&error, chain))
}

struct Asking<'a> {
    served: &'a [CertificateDer<'static>],
    path: &'a Path,
    authorities: Authorities<'a>,
    lists: &'a [&'a CertRevocationList<'static>],
    at: i64,
}

impl Asking<'_> {
    /// Verifies the path once more, with the lists.
    fn ask(
        &self,
        depth: RevocationCheckDepth,
        unlisted: UnknownStatusPolicy,
        age: ExpirationPolicy,
    ) -> Result<(), Error> {
        let options = RevocationOptionsBuilder::new(self.lists)
            .map_err(|_| Error::UnknownRevocationStatus)?
            .with_depth(depth)
            .with_status_policy(unlisted)
            .with_expiration_policy(age)
            .build();
        let leaf = EndEntityCert::try_from(self.served.first().ok_or(Error::BadDer)?)?;
        let steps: Vec<_> = self.steps().cloned().collect();
        let at = UnixTime::since_unix_epoch(Duration::from_secs(self.at.try_into().unwrap_or(0)));
        leaf.verify_for_usage(
            webpki::ALL_VERIFICATION_ALGS,
            self.authorities.anchors(),
            &steps,
            at,
            AnyPurpose,
            Some(options),
            None,
        )?;
        Ok(())
    }

    fn steps(&self) -> impl Iterator<Item = &CertificateDer<'static>> {
        self.path.steps.iter().filter_map(|step| match step {
            Step::Served(position) => self.served.get(*position),
            Step::Known(der) => Some(der),
        })
    }

    /// The first certificate of the path that stands on a list of its issuer's. The lists' signatures
    /// have been verified before.
    fn revoked(&self) -> Listed {
        let on_path = self.served.first().into_iter().chain(self.steps());
        let entry = on_path.enumerate().find_map(|(place, der)| {
            let (_, certificate) = parse_x509_certificate(der).ok()?;
            let issuer = certificate.issuer().as_raw();
            let mut lists =
                self.lists.iter().filter(|list| wrap(SEQUENCE, list.issuer()) == issuer);
            let entry =
                lists.find_map(|list| list.find_serial(certificate.raw_serial()).ok()?)?;
            Some(Listed::Yes {
                which: self.which(place),
                at: i64::try_from(entry.revocation_date.as_secs()).ok(),
                reason: entry.reason_code,
            })
        });
        let which = "a certificate of the path".to_owned();
        entry.unwrap_or(Listed::Yes { which, at: None, reason: None })
    }

    fn which(&self, place: usize) -> String {
        match place.checked_sub(1).and_then(|above| self.path.steps.get(above)) {
            None => position(0),
            Some(Step::Served(i)) => position(*i),
            Some(Step::Known(_)) => "an intermediate that was not sent".to_owned(),
        }
    }
}

/// Why the lists say nothing of a leaf.
fn nothing(error: &Error, chain: &Chain) -> Obstructed {
    let issuer = &chain.leaf.issuer;
    match error {
        Error::UnknownRevocationStatus => Obstacle::Local.because(format!(
            "none of the `revocation_lists` is that of the leaf's issuer, {issuer}, for such \
             certificates"
        )),
        Error::CrlExpired { .. } => Obstacle::Stale.because(format!(
            "the revocation list of {issuer} is out of date: its nextUpdate has passed"
        )),
        Error::InvalidCrlSignatureForPublicKey
        | Error::UnsupportedCrlSignatureAlgorithmContext(_)
        | Error::UnsupportedCrlSignatureAlgorithmForPublicKeyContext(_) => {
            Obstacle::Local.because(format!(
                "the revocation list in the name of {issuer} is not signed with that authority's key"
            ))
        }
        Error::IssuerNotCrlSigner => Obstacle::Local.because(format!(
            "{issuer} may not sign revocation lists (no cRLSign in its key usage)"
        )),
        other => Obstacle::Tls.because(format!(
            "the path to a trusted authority does not hold, so nobody's list counts ({other})"
        )),
    }
}

/// What a certificate may be used for is judged elsewhere.
struct AnyPurpose;

impl ExtendedKeyUsageValidator for AnyPurpose {
    fn validate(&self, _: KeyPurposeIdIter<'_, '_>) -> Result<(), Error> {
        Ok(())
    }
}
