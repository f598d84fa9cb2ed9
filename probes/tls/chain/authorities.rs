//! Whom the target's clients trust.

use std::borrow::Cow;

use rustls::RootCertStore;
use rustls_pki_types::{CertificateDer, TrustAnchor};

use super::{
    Certificate, Key, Place,
    certificate::Name,
    rules::{Role, constraints::Constraints},
};
use crate::wire::{
    der::{SEQUENCE, wrap},
    x509,
};

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

    /// Every authority: those whose certificates are known, and the others.
    pub(super) fn candidates(&self) -> Vec<Candidate<'a>> {
        let read = self.certificates.iter().filter_map(|der| x509::Certificate::read(der).ok());
        let mut all: Vec<Candidate<'a>> = read.map(Candidate::of).collect();
        if self.certificates.is_empty() {
            all.extend(self.anchors().iter().map(|anchor| Candidate {
                subject: wrap(SEQUENCE, &anchor.subject).into(),
                key: wrap(SEQUENCE, &anchor.subject_public_key_info).into(),
                certificate: None,
                name_constraints: anchor.name_constraints.as_deref(),
            }));
        }
        all
    }
}

/// An authority at which a path may end.
#[derive(Debug)]
pub(super) struct Candidate<'a> {
    /// Its name, as DER.
    pub(super) subject: Cow<'a, [u8]>,
    /// Its key, as DER (a SubjectPublicKeyInfo).
    pub(super) key: Cow<'a, [u8]>,
    /// Its certificate, where that is known.
    pub(super) certificate: Option<x509::Certificate<'a>>,
    name_constraints: Option<&'a [u8]>,
}

impl<'a> Candidate<'a> {
    fn of(certificate: x509::Certificate<'a>) -> Self {
        Self {
            subject: certificate.subject.into(),
            key: certificate.key.whole.into(),
            certificate: Some(certificate),
            name_constraints: None,
        }
    }

    /// Whether a certificate is one of this authority.
    pub(super) fn is(&self, certificate: &x509::Certificate<'_>) -> bool {
        *self.subject == *certificate.subject && *self.key == *certificate.key.whole
    }

    /// What is kept of it.
    pub(super) fn kept(&self) -> Anchor {
        let public = webpki_roots::TLS_SERVER_ROOTS.iter().any(|root| {
            wrap(SEQUENCE, &root.subject) == *self.subject
                && wrap(SEQUENCE, &root.subject_public_key_info) == *self.key
        });
        Anchor {
            certificate: self.certificate.as_ref().map(Certificate::of),
            public,
            name: Name::of(&self.subject),
            key_der: self.key.as_ref().into(),
        }
    }

    pub(super) fn key(&self) -> Key {
        Key::read(&self.key)
    }

    /// The names it may issue for.
    pub(super) fn constraints(&self) -> Option<Constraints<'_>> {
        let (place, role) = (Place::Root, Role::Root);
        match (&self.certificate, self.name_constraints) {
            (Some(certificate), _) => Constraints::of(certificate, place, role),
            (None, Some(value)) => Some(Constraints { value, critical: true, place, role }),
            (None, None) => None,
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
