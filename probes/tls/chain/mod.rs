//! A certificate chain as it was sent, and whether clients have a way from it to an authority they
//! trust. Pure: the moment comes in as a number.

mod authorities;
mod certificate;
mod clients;
mod family;
mod issuer;
mod judged;
mod oddity;
mod paths;
mod rules;
mod standing;
mod strength;
mod trust;
mod verify;

use std::ops::RangeInclusive;

use aws_lc_rs::digest;
use rustls_pki_types::{CertificateDer, ServerName};

pub(super) use self::{
    authorities::{Anchor, Authorities},
    certificate::{Certificate, hex, oid_text},
    clients::Clients,
    family::{Families, Grade},
    issuer::{Issuer, issuer},
    oddity::{Oddity, Place},
    paths::{Lenience, Path, Step},
    rules::host::Match,
    standing::{Listed, standing},
    strength::{Key, Signature},
    trust::{Refusal, Trust},
};
use crate::wire::x509;

/// A chain, judged once.
#[derive(Clone, Debug)]
pub(super) struct Chain {
    /// The server's own certificate, which comes first.
    pub(super) leaf: Certificate,
    /// What it sent besides, in order; or why that is no certificate.
    pub(super) rest: Vec<Result<Certificate, String>>,
    /// For whom the leaf is for the name that was asked for.
    pub(super) named: Match,
    /// Which clients refuse it, besides what other checks tell.
    pub(super) clients: Clients,
    /// Who vouches for it.
    pub(super) trust: Trust,
    /// The size of what was sent.
    pub(super) bytes: usize,
    /// Positions that hold the same certificate as an earlier one.
    pub(super) repeated: Vec<usize>,
}

/// What a chain is held against.
#[derive(Clone, Copy, Debug)]
pub(super) struct Standard<'a> {
    /// The name the client asked for.
    pub(super) name: &'a ServerName<'static>,
    /// Whom it trusts.
    pub(super) authorities: Authorities<'a>,
    /// Intermediates known from elsewhere, so that a missing one is told from an unknown issuer.
    pub(super) known: &'a [CertificateDer<'static>],
    /// Now, in seconds since the epoch.
    pub(super) at: i64,
}

impl Chain {
    /// Judges what a server sent; or says why its certificate cannot be read at all.
    pub(super) fn judge(
        served: &[CertificateDer<'_>],
        standard: &Standard<'_>,
    ) -> Result<Self, String> {
        let mut sent: Vec<_> = served.iter().map(|der| x509::Certificate::read(der)).collect();
        let first = match sent.first_mut() {
            None => return Err("none was sent".to_owned()),
            Some(Err(why)) => return Err(std::mem::take(why)),
            Some(Ok(first)) => first,
        };
        let leaf = Certificate::of(first);
        let (named, of_name) = rules::host::judge(first, standard.name);
        let kept = |read: &Result<x509::Certificate<'_>, String>| match read {
            Ok(read) => Ok(Certificate::of(read)),
            Err(why) => Err(why.clone()),
        };
        let rest: Vec<_> = sent[1..].iter().map(kept).collect();
        let bytes = served.iter().map(|der| der.len()).sum();
        let (trust, clients) = Trust::of(sent, &leaf, &rest, standard, of_name, bytes);
        let repeated = (1..served.len()).filter(|&i| served[..i].contains(&served[i])).collect();
        Ok(Self { leaf, rest, named, clients, trust, bytes, repeated })
    }

    /// Whether the leaf is for the name that was asked for, at least for some clients.
    pub(super) fn is_for_name(&self) -> bool {
        matches!(self.named, Match::Everyone | Match::Some)
    }

    /// The certificates that can be read, with their positions, leaf first.
    pub(super) fn certificates(&self) -> impl Iterator<Item = (usize, &Certificate)> {
        let rest = self.rest.iter().enumerate();
        let rest = rest.filter_map(|(i, read)| Some((i + 1, read.as_ref().ok()?)));
        std::iter::once((0, &self.leaf)).chain(rest)
    }

    /// The certificates a client has to rely on: those on the path to an authority, or all that were
    /// sent where there is no path to tell which are needed.
    pub(super) fn relied_on(&self) -> impl Iterator<Item = (usize, &Certificate)> {
        let path = self.trust.path();
        self.certificates().filter(move |(i, _)| path.is_none_or(|path| path.passes(*i)))
    }

    /// The moments, in seconds since the epoch, between which nothing changes in this judgement, `at`
    /// being one of them.
    pub(super) fn holds(&self, at: i64) -> RangeInclusive<i64> {
        let anchor = self.trust.path().and_then(|path| path.anchor.certificate.as_ref());
        let certificates = self.certificates().map(|(_, certificate)| certificate).chain(anchor);
        let (mut from, mut until) = (i64::MIN, i64::MAX);
        for certificate in certificates {
            for (last, first) in [
                (certificate.not_before.saturating_sub(1), certificate.not_before),
                (certificate.not_after, certificate.not_after.saturating_add(1)),
            ] {
                if at >= first {
                    from = from.max(first);
                } else {
                    until = until.min(last);
                }
            }
        }
        from..=until
    }
}

/// Tells chains apart, by everything that was sent.
pub(super) fn digest_of(served: &[CertificateDer<'_>]) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    for der in served {
        context.update(&u64::try_from(der.len()).unwrap_or(u64::MAX).to_be_bytes());
        context.update(der);
    }
    let mut bytes = [0; 32];
    bytes.copy_from_slice(context.finish().as_ref());
    bytes
}

/// What a position is called: "leaf", then "certificate 1" and so on.
pub(super) fn position(i: usize) -> String {
    if i == 0 { "leaf".to_owned() } else { format!("certificate {i}") }
}
