//! A certificate chain as it was sent, and whether clients have a way from it to an authority they
//! trust. Pure: the moment comes in as a number.

mod authorities;
mod certificate;
mod issuer;
mod search;
mod standing;
mod strength;
mod trust;
mod weak;

use std::ops::RangeInclusive;

use aws_lc_rs::digest;
use rustls_pki_types::{CertificateDer, ServerName};
use webpki::EndEntityCert;

pub(super) use self::{
    authorities::{Anchor, Authorities},
    certificate::{Certificate, hex, oid_text},
    issuer::{Issuer, issuer},
    search::{Lenience, Path, Step},
    standing::{Listed, standing},
    strength::{Key, Signature},
    trust::{Refusal, Trust},
};
use crate::contract::{Obstacle, Obstructed};

/// A chain, judged once.
#[derive(Clone, Debug)]
pub(super) struct Chain {
    /// The server's own certificate, which comes first.
    pub(super) leaf: Certificate,
    /// What it sent besides, in order; or why that is no certificate.
    pub(super) rest: Vec<Result<Certificate, String>>,
    /// Whether the leaf is for the name that was asked for.
    pub(super) is_for_name: bool,
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
    /// Judges what a server sent. An obstacle if the leaf cannot be read at all.
    pub(super) fn judge(
        served: &[CertificateDer<'_>],
        standard: &Standard<'_>,
    ) -> Result<Self, Obstructed> {
        let unreadable = |why: String| {
            Obstacle::Protocol.because(format!("the server's certificate cannot be read: {why}"))
        };
        let (first, rest) =
            served.split_first().ok_or_else(|| unreadable("it sent none".to_owned()))?;
        if first.len() > LARGEST {
            let detail = format!(
                "the server's certificate is {} bytes long, which many clients refuse to read",
                first.len()
            );
            return Err(Obstacle::OverBudget.because(detail));
        }
        let leaf = Certificate::read(first).map_err(unreadable)?;
        let rest: Vec<_> = rest.iter().map(|der| Certificate::read(der)).collect();
        let trust = Trust::of(served, &leaf, &rest, standard);
        let is_for_name = EndEntityCert::try_from(first)
            .is_ok_and(|leaf| leaf.verify_is_valid_for_subject_name(standard.name).is_ok());
        let repeated = (1..served.len()).filter(|&i| served[..i].contains(&served[i])).collect();
        let bytes = served.iter().map(|der| der.len()).sum();
        Ok(Self { leaf, rest, is_for_name, trust, bytes, repeated })
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

/// Bytes of the longest certificate that webpki, and with it rustls, reads.
const LARGEST: usize = u16::MAX as usize;

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
