//! Looking for a path from a leaf to an authority, as strictly or leniently as asked.

use std::time::Duration;

use rustls_pki_types::{CertificateDer, UnixTime};
use webpki::{
    EndEntityCert, Error, ExtendedKeyUsageValidator, KeyPurposeIdIter, KeyUsage, VerifiedPath,
};

use super::{Anchor, Authorities, weak::WEAK_AND_SOUND};

/// What a search may overlook.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::tls) enum Lenience {
    /// Use intermediates that we know and the server does not send.
    Known,
    /// Look at other moments than now.
    Time,
    /// Verify signatures that current clients do not.
    Weakness,
    /// Accept certificates for any purpose.
    Purpose,
    /// Accept authorities that have expired or are no roots.
    Anchor,
}

impl Lenience {
    /// Every lenience, in the order they are taken away. Where either of two would do, the later one
    /// is blamed: an expired intermediate whose replacement is known is a missing intermediate.
    pub(super) const ALL: [Self; 5] =
        [Self::Time, Self::Anchor, Self::Weakness, Self::Purpose, Self::Known];
}

/// The certificates to look among, and the moment.
#[derive(Debug)]
pub(super) struct Search<'a> {
    /// What the server sent, leaf first.
    pub(super) served: &'a [CertificateDer<'a>],
    /// What the server sent besides the leaf, then the intermediates known from elsewhere.
    pub(super) pool: &'a [CertificateDer<'a>],
    /// Whom to end at.
    pub(super) authorities: Authorities<'a>,
    /// Now, in seconds since the epoch.
    pub(super) at: i64,
    /// Moments at which the certificates may have been valid together, nearest to now first.
    pub(super) moments: &'a [i64],
}

/// A way from the leaf to an authority.
#[derive(Clone, Debug)]
pub(in crate::tls) struct Path {
    /// The certificates between leaf and authority, in order: their positions in what the server
    /// sent, or their DER where it did not send them.
    pub(in crate::tls) steps: Vec<Step>,
    /// Where it ends.
    pub(in crate::tls) anchor: Anchor,
}

/// A certificate on a path.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::tls) enum Step {
    /// Sent by the server, at this position.
    Served(usize),
    /// Known from elsewhere.
    Known(CertificateDer<'static>),
}

impl Path {
    /// Whether the path goes through what the server sent at this position; the leaf is on every path.
    pub(in crate::tls) fn passes(&self, position: usize) -> bool {
        position == 0 || self.steps.contains(&Step::Served(position))
    }
}

impl Search<'_> {
    /// A path, with what must be overlooked for it: nothing, on a sound chain.
    ///
    /// A verifier stops at the first fault, and we want them all. So look leniently in every way first;
    /// then be strict in one way after another, and where that loses the path, there is a fault.
    pub(super) fn path(&self) -> Result<(Path, Vec<Lenience>), Error> {
        match self.find(&[]) {
            Ok(path) => return Ok((path, Vec::new())),
            Err(error) if is_exhausted(&error) => return Err(error),
            Err(_) => {}
        }
        let mut overlooked = Lenience::ALL.to_vec();
        let mut path = self.find(&overlooked)?;
        for strict in Lenience::ALL {
            let fewer: Vec<_> = overlooked.iter().copied().filter(|one| *one != strict).collect();
            if let Ok(stricter) = self.find(&fewer) {
                (path, overlooked) = (stricter, fewer);
            }
        }
        Ok((path, overlooked))
    }

    /// A path that holds but for what may be overlooked.
    fn find(&self, overlook: &[Lenience]) -> Result<Path, Error> {
        let first = match self.find_at(self.at, overlook) {
            Err(error) if is_of_time(&error) && overlook.contains(&Lenience::Time) => error,
            done => return done,
        };
        // A fault besides time shows only at a moment when time is none.
        let mut deeper = None;
        for &moment in self.moments {
            match self.find_at(moment, overlook) {
                Ok(path) => return Ok(path),
                Err(error) if !is_of_time(&error) => deeper = deeper.or(Some(error)),
                Err(_) => {}
            }
        }
        Err(deeper.unwrap_or(first))
    }

    fn find_at(&self, moment: i64, overlook: &[Lenience]) -> Result<Path, Error> {
        let may = |lenience| overlook.contains(&lenience);
        let leaf = EndEntityCert::try_from(self.served.first().ok_or(Error::BadDer)?)?;
        let sent = self.served.len() - 1;
        let pool = if may(Lenience::Known) { self.pool } else { &self.pool[..sent] };
        let sound = |path: &VerifiedPath<'_>| {
            let anchor = self.authorities.describe(path.anchor());
            if anchor.is_sound_at(self.at) { Ok(()) } else { Err(Error::UnknownIssuer) }
        };
        let sound: &dyn Fn(&VerifiedPath<'_>) -> Result<(), Error> = &sound;
        let path = leaf.verify_for_usage(
            if may(Lenience::Weakness) { &WEAK_AND_SOUND } else { webpki::ALL_VERIFICATION_ALGS },
            self.authorities.anchors(),
            pool,
            UnixTime::since_unix_epoch(Duration::from_secs(moment.try_into().unwrap_or(0))),
            Purpose { any: may(Lenience::Purpose) },
            None,
            (!may(Lenience::Anchor)).then_some(sound),
        )?;
        Ok(self.describe(&path))
    }

    fn describe(&self, path: &VerifiedPath<'_>) -> Path {
        let steps = path.intermediate_certificates().map(|certificate| {
            let der = certificate.der();
            let position = self.served.iter().position(|served| *served == der);
            position.map_or_else(|| Step::Known(der.into_owned()), Step::Served)
        });
        Path { steps: steps.collect(), anchor: self.authorities.describe(path.anchor()) }
    }
}

/// Whether a certificate is to be refused for nothing but the moment.
fn is_of_time(error: &Error) -> bool {
    matches!(error, Error::CertExpired { .. } | Error::CertNotValidYet { .. })
}

/// Whether the verifier gave up on a chain that was made to keep it busy.
fn is_exhausted(error: &Error) -> bool {
    matches!(
        error,
        Error::MaximumSignatureChecksExceeded
            | Error::MaximumPathBuildCallsExceeded
            | Error::MaximumNameConstraintComparisonsExceeded
    )
}

struct Purpose {
    any: bool,
}

impl ExtendedKeyUsageValidator for Purpose {
    fn validate(&self, purposes: KeyPurposeIdIter<'_, '_>) -> Result<(), Error> {
        if self.any { Ok(()) } else { KeyUsage::server_auth().validate(purposes) }
    }
}
