//! Whom the target's clients trust.

use rustls::RootCertStore;
use rustls_pki_types::{CertificateDer, TrustAnchor};

use super::{Certificate, certificate::Name};
use crate::wire::der::{SEQUENCE, wrap};

/// The authorities that may vouch for a target: as a verifier takes them, and the certificates they
/// come from where those are known.
///
/// A verifier takes an authority's name and key only, so whether its certificate has expired, and
/// whether it is a root at all, stands in the certificate alone.
#[derive(Clone, Copy, Debug)]
pub(in crate::tls) struct Authorities<'a> {
    store: &'a RootCertStore,
    certificates: &'a [CertificateDer<'static>],
}

impl<'a> Authorities<'a> {
    /// `certificates` is empty where only names and keys are compiled in.
    pub(in crate::tls) fn new(
        store: &'a RootCertStore,
        certificates: &'a [CertificateDer<'static>],
    ) -> Self {
        Self { store, certificates }
    }

    pub(super) fn anchors(&self) -> &'a [TrustAnchor<'static>] {
        &self.store.roots
    }

    /// Whether exactly this certificate is listed.
    pub(super) fn list(&self, der: &[u8]) -> bool {
        self.certificates.iter().any(|listed| listed.as_ref() == der)
    }

    /// Listed certificates that are no roots: intermediates that somebody added to the bundle.
    pub(in crate::tls) fn intermediates(
        &self,
    ) -> impl Iterator<Item = &'a CertificateDer<'static>> + use<'a> {
        self.certificates.iter().filter(|der| {
            Certificate::read(der).is_ok_and(|read| read.is_authority && !read.is_self_issued())
        })
    }

    /// What is known of an authority. Of several certificates with its name and key, the one that
    /// lasts longest counts, as it does for clients.
    pub(super) fn describe(&self, anchor: &TrustAnchor<'_>) -> Anchor {
        let same = self.certificates.iter().filter(|der| {
            webpki::anchor_from_trusted_cert(der).is_ok_and(|listed| same_key(&listed, anchor))
        });
        let certificate =
            same.filter_map(|der| Certificate::read(der).ok()).max_by_key(|read| read.not_after);
        let public = webpki_roots::TLS_SERVER_ROOTS.iter().any(|root| same_key(root, anchor));
        Anchor {
            certificate,
            public,
            name: Name::of_anchor(&anchor.subject),
            key_der: wrap(SEQUENCE, &anchor.subject_public_key_info).into(),
        }
    }
}

/// The authority a path ends at.
#[derive(Clone, Debug)]
pub(in crate::tls) struct Anchor {
    /// Its certificate, where it is known.
    pub(in crate::tls) certificate: Option<Certificate>,
    /// Whether Mozilla's root programme has it, so that the rules for public authorities hold.
    pub(in crate::tls) public: bool,
    /// Its name.
    pub(in crate::tls) name: Name,
    /// Its key, as DER (a SubjectPublicKeyInfo).
    pub(in crate::tls) key_der: Box<[u8]>,
}

impl Anchor {
    /// Whether it is a root within its lifetime, as far as is known.
    pub(super) fn is_sound_at(&self, at: i64) -> bool {
        let sound = |own: &Certificate| own.is_self_issued() && own.not_after >= at;
        self.certificate.as_ref().is_none_or(sound)
    }
}

fn same_key(one: &TrustAnchor<'_>, other: &TrustAnchor<'_>) -> bool {
    one.subject == other.subject && one.subject_public_key_info == other.subject_public_key_info
}
