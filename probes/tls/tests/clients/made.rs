//! Certificates built field by field, so that any of them can be wrong.

use rcgen::{KeyPair, PublicKeyData, SigningKey};
use rustls_pki_types::CertificateDer;

use crate::wire::{
    der::{
        BIT_STRING, BOOLEAN, INTEGER, OCTET_STRING, OID, SEQUENCE, SET, UTC_TIME, explicit, wrap,
    },
    x509::oid,
};

/// The fields of a certificate, as they will stand in it.
pub(super) struct Made {
    /// The content of the INTEGER; version 1 without one.
    pub(super) version: Option<u8>,
    pub(super) serial: Vec<u8>,
    pub(super) issuer: Vec<u8>,
    pub(super) subject: Vec<u8>,
    pub(super) from: Vec<u8>,
    pub(super) until: Vec<u8>,
    pub(super) key: Vec<u8>,
    pub(super) extensions: Vec<(Vec<u8>, Vec<u8>)>,
    pub(super) inner: Vec<u8>,
    pub(super) outer: Vec<u8>,
}

impl Made {
    pub(super) fn new(subject: &str, issuer: &str, serial: u8, key: &KeyPair) -> Self {
        Self {
            version: Some(2),
            serial: vec![serial],
            issuer: name(issuer),
            subject: name(subject),
            from: utc("260101000000Z"),
            until: utc("481231000000Z"),
            key: key.subject_public_key_info(),
            extensions: Vec::new(),
            inner: algorithm(ECDSA_SHA256),
            outer: algorithm(ECDSA_SHA256),
        }
    }

    /// Adds an extension, in place of one of its kind.
    pub(super) fn set(&mut self, id: &[u8], critical: bool, value: &[u8]) {
        let place = self.extensions.iter().position(|(one, _)| one == id);
        let written = (id.to_vec(), extension(id, critical.then_some(true), value));
        match place {
            Some(i) => self.extensions[i] = written,
            None => self.extensions.push(written),
        }
    }

    pub(super) fn remove(&mut self, id: &[u8]) {
        self.extensions.retain(|(one, _)| one != id);
    }

    /// Adds an extension, whatever is there.
    pub(super) fn push(&mut self, id: &[u8], written: Vec<u8>) {
        self.extensions.push((id.to_vec(), written));
    }

    pub(super) fn usage(&mut self, bits: &[u8]) {
        let mut byte = 0_u8;
        for bit in bits {
            byte |= 0x80 >> bit;
        }
        let unused = u8::try_from(byte.trailing_zeros().min(7)).expect("a small number");
        self.set(oid::KEY_USAGE, true, &wrap(BIT_STRING, &[unused, byte]));
    }

    pub(super) fn purposes(&mut self, purposes: &[&[u8]]) {
        let all: Vec<u8> = purposes.iter().flat_map(|one| wrap(OID, one)).collect();
        self.set(oid::EXTENDED_KEY_USAGE, false, &wrap(SEQUENCE, &all));
    }

    pub(super) fn names(&mut self, critical: bool, names: &[Vec<u8>]) {
        self.set(oid::SUBJECT_ALT_NAME, critical, &wrap(SEQUENCE, &names.concat()));
    }

    pub(super) fn authority(&mut self, critical: bool, path_length: Option<u8>) {
        let length = path_length.map(|length| wrap(INTEGER, &[length])).unwrap_or_default();
        let value = wrap(SEQUENCE, &[wrap(BOOLEAN, &[0xff]), length].concat());
        self.set(oid::BASIC_CONSTRAINTS, critical, &value);
    }

    pub(super) fn no_authority(&mut self) {
        self.set(oid::BASIC_CONSTRAINTS, true, &wrap(SEQUENCE, &[]));
    }

    pub(super) fn identify(&mut self, key: Option<&[u8]>, issuer: Option<&[u8]>) {
        if let Some(key) = key {
            self.set(oid::SUBJECT_KEY_ID, false, &wrap(OCTET_STRING, &id_of(key)));
        }
        if let Some(issuer) = issuer {
            let value = wrap(SEQUENCE, &wrap(0x80, &id_of(issuer)));
            self.set(oid::AUTHORITY_KEY_ID, false, &value);
        }
    }

    pub(super) fn signed_by(&self, key: &KeyPair) -> CertificateDer<'static> {
        let version = self.version.map(|version| wrap(explicit(0), &wrap(INTEGER, &[version])));
        let extensions: Vec<u8> =
            self.extensions.iter().flat_map(|(_, written)| written.clone()).collect();
        let extensions = if extensions.is_empty() {
            Vec::new()
        } else {
            wrap(explicit(3), &wrap(SEQUENCE, &extensions))
        };
        let validity = wrap(SEQUENCE, &[&self.from[..], &self.until].concat());
        let parts = [
            version.unwrap_or_default(),
            wrap(INTEGER, &self.serial),
            self.inner.clone(),
            self.issuer.clone(),
            validity,
            self.subject.clone(),
            self.key.clone(),
            extensions,
        ];
        let signed = wrap(SEQUENCE, &parts.concat());
        let signature = key.sign(&signed).expect("a signature");
        let signature = wrap(BIT_STRING, &[&[0][..], &signature].concat());
        wrap(SEQUENCE, &[signed, self.outer.clone(), signature].concat()).into()
    }
}

pub(super) fn id_of(key: &[u8]) -> Vec<u8> {
    aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, key).as_ref()[..20].to_vec()
}

pub(super) fn extension(id: &[u8], critical: Option<bool>, value: &[u8]) -> Vec<u8> {
    let critical = critical.map(|is| wrap(BOOLEAN, &[if is { 0xff } else { 0 }]));
    let parts = [wrap(OID, id), critical.unwrap_or_default(), wrap(OCTET_STRING, value)];
    wrap(SEQUENCE, &parts.concat())
}

/// A name of one common name, as UTF8String; of none, if that is empty.
pub(super) fn name(common: &str) -> Vec<u8> {
    name_as(0x0c, common)
}

pub(super) fn name_as(tag: u8, common: &str) -> Vec<u8> {
    if common.is_empty() {
        return wrap(SEQUENCE, &[]);
    }
    wrap(SEQUENCE, &attribute(oid::COMMON_NAME, tag, common))
}

pub(super) fn attribute(id: &[u8], tag: u8, value: &str) -> Vec<u8> {
    let attribute = [wrap(OID, id), wrap(tag, value.as_bytes())].concat();
    wrap(SET, &wrap(SEQUENCE, &attribute))
}

pub(super) fn utc(text: &str) -> Vec<u8> {
    wrap(UTC_TIME, text.as_bytes())
}

pub(super) fn general(text: &str) -> Vec<u8> {
    wrap(crate::wire::der::GENERALIZED_TIME, text.as_bytes())
}

pub(super) fn dns(name: &str) -> Vec<u8> {
    wrap(0x82, name.as_bytes())
}

pub(super) fn uri(text: &str) -> Vec<u8> {
    wrap(0x86, text.as_bytes())
}

pub(super) fn email(text: &str) -> Vec<u8> {
    wrap(0x81, text.as_bytes())
}

pub(super) fn ip(bytes: &[u8]) -> Vec<u8> {
    wrap(0x87, bytes)
}

pub(super) fn directory(name: &[u8]) -> Vec<u8> {
    wrap(0xa4, name)
}

pub(super) fn constraints(permitted: &[Vec<u8>], excluded: &[Vec<u8>]) -> Vec<u8> {
    let list = |tag: u8, names: &[Vec<u8>]| {
        let all: Vec<u8> = names.iter().flat_map(|name| wrap(SEQUENCE, name)).collect();
        if all.is_empty() { all } else { wrap(tag, &all) }
    };
    wrap(SEQUENCE, &[list(0xa0, permitted), list(0xa1, excluded)].concat())
}

pub(super) fn algorithm(id: &[u8]) -> Vec<u8> {
    wrap(SEQUENCE, &wrap(OID, id))
}

/// 1.2.840.10045.4.3.2.
pub(super) const ECDSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
/// 1.2.840.10045.4.3.3.
pub(super) const ECDSA_SHA384: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03];
/// 1.2.3.4, which nobody knows.
pub(super) const UNKNOWN: &[u8] = &[0x2a, 0x03, 0x04];
