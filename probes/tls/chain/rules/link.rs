//! What links a certificate to its issuer: names, key identifiers, and a signature.

use crate::{
    tls::chain::{
        Key, Lenience, Signature,
        oddity::Found,
        verify::{self, Verified},
    },
    wire::x509::{
        Certificate,
        extension::{AuthorityKeyId, subject_key_id},
        name::{Likeness, likeness},
        oid,
    },
};

/// How a certificate's issuer is told by name and key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::tls::chain) enum Link {
    /// The issuer's name is another.
    None,
    /// The name is the issuer's, and the signature is not its key's.
    WrongKey,
    /// The name is the issuer's, and the signature cannot be verified here.
    Unverifiable,
    /// Name and signature are the issuer's.
    Holds(Likeness),
}

impl Link {
    pub(in crate::tls::chain) fn of(
        certificate: &Certificate<'_>,
        issuer: &[u8],
        key: &[u8],
    ) -> Self {
        let likeness = likeness(certificate.issuer, issuer);
        if likeness == Likeness::Different {
            return Self::None;
        }
        match verify::signed_by(certificate, key) {
            Verified::Yes => Self::Holds(likeness),
            Verified::No => Self::WrongKey,
            Verified::Unknown => Self::Unverifiable,
        }
    }
}

/// What clients say to a link that holds. `issuer` is the issuer's certificate, where it is known.
pub(in crate::tls::chain) fn judge(
    certificate: &Certificate<'_>,
    likeness: Likeness,
    issuer: Option<&Certificate<'_>>,
    issuer_key: &Key,
    found: &mut Found,
) {
    match likeness {
        Likeness::Case => {
            found.rule("GTFW", "its issuer's name is written in other letters there");
        }
        Likeness::Types => {
            found.rule("GFW", "its issuer's name has another string type there");
        }
        Likeness::Same | Likeness::Different => {}
    }
    let id = certificate.extension(oid::AUTHORITY_KEY_ID);
    let id = id.and_then(|extension| AuthorityKeyId::of(extension).ok()).unwrap_or_default();
    if id.key.is_none() && certificate.version == 3 {
        found.rule("S", "it has no authorityKeyIdentifier");
    }
    if let Some(who) = issuer.and_then(|issuer| refusers_of_id(&id, issuer)) {
        found.rule(who, "its authorityKeyIdentifier is not that of its issuer");
    }
    signature(certificate, issuer_key, found);
}

/// Whether a certificate's key identifiers do not speak against this issuer.
pub(in crate::tls::chain) fn may_be_issuer(
    certificate: &Certificate<'_>,
    issuer: &Certificate<'_>,
) -> bool {
    let id = certificate.extension(oid::AUTHORITY_KEY_ID);
    let id = id.and_then(|extension| AuthorityKeyId::of(extension).ok()).unwrap_or_default();
    refusers_of_id(&id, issuer).is_none()
}

/// Who refuses an issuer for what an authorityKeyIdentifier says. Only OpenSSL asks for the serial number.
fn refusers_of_id(id: &AuthorityKeyId<'_>, issuer: &Certificate<'_>) -> Option<&'static str> {
    let own = issuer.extension(oid::SUBJECT_KEY_ID).and_then(|one| subject_key_id(one).ok());
    let differ = |one: Option<&[u8]>, other: Option<&[u8]>| {
        one.zip(other).is_some_and(|(one, other)| one != other)
    };
    match (differ(id.key, own), differ(id.serial, Some(issuer.serial))) {
        (true, _) => Some("OT"),
        (false, true) => Some("O"),
        (false, false) => None,
    }
}

fn signature(certificate: &Certificate<'_>, issuer_key: &Key, found: &mut Found) {
    if let Some(hash) = Signature::of(&certificate.algorithm).broken_hash {
        let oddity = found.rule("OGTFCW", format!("it is signed with {hash}"));
        (oddity.told_by, oddity.lenience) = (Some("tls-weak-signature"), Some(Lenience::Weakness));
    }
    match issuer_key {
        Key::Rsa(bits) if *bits < 2048 => {
            let who = if *bits < 2040 { "OW" } else { "W" };
            let oddity = found.rule(who, format!("its issuer's key is {issuer_key}"));
            (oddity.told_by, oddity.lenience) = (Some("tls-weak-key"), Some(Lenience::Weakness));
        }
        Key::Other(name) if name == Key::ED25519 => {
            found.rule("FC", "its issuer's key is Ed25519");
        }
        Key::Other(name) if name == Key::RSA_PSS => {
            found.rule("GFCW", "its issuer's key is for RSASSA-PSS alone");
        }
        _ => {}
    }
}

/// Who refuses a leaf for the kind of its key.
pub(in crate::tls::chain) fn key_of_leaf(key: &Key, found: &mut Found) {
    match key {
        Key::Rsa(bits) if *bits < 2040 => {
            found.rule("O", format!("its key is {key}")).told_by = Some("tls-weak-key");
        }
        Key::Ec(curve, _) if curve == "P-521" => {
            found.rule("C", "its key is ECDSA P-521");
        }
        Key::Other(name) if name == Key::ED25519 => {
            found.rule("FC", "its key is Ed25519");
        }
        Key::Other(name) if name == Key::RSA_PSS => {
            found.rule("FCW", "its key is for RSASSA-PSS alone");
        }
        _ => {}
    }
}
