//! Who signed an OCSP response, and whether they may (RFC 6960 section 4.2.2.2).

use rustls_pki_types::SubjectPublicKeyInfoDer;
use webpki::RawPublicKeyEntity;
use x509_parser::{certificate::X509Certificate, parse_x509_certificate};

use crate::tls::{chain::Issuer, statements::staple::response::Basic};

/// Who signed a response, and may.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::tls) enum Signer {
    /// The certificate's issuer itself.
    Issuer,
    /// A responder that the issuer has appointed.
    Responder {
        /// The responder's name.
        name: String,
        /// First second of its certificate's life, since the epoch.
        not_before: i64,
        /// Last second of its certificate's life, since the epoch.
        not_after: i64,
    },
}

/// Why a response does not count.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::tls) enum Doubt {
    /// No client accepts it.
    Broken(String),
    /// We cannot tell whether one does.
    Unverifiable(String),
}

/// Who signed this response about a certificate of `issuer`.
pub(in crate::tls) fn of(basic: &Basic<'_>, issuer: &Issuer) -> Result<Signer, Doubt> {
    if !is_known(|known| known == basic.algorithm) {
        return Err(Doubt::Unverifiable(format!(
            "it is signed with {}, which gonogo does not verify",
            basic.algorithm_name
        )));
    }
    let signs =
        |key: &[u8]| verifies(key, |known| known == basic.algorithm, basic.signed, basic.signature);
    if signs(&issuer.key) {
        return Ok(Signer::Issuer);
    }
    let sent = basic.certificates.iter().filter_map(|der| parse_x509_certificate(der).ok());
    let signing = sent.map(|(_, one)| one).find(|one| signs(one.public_key().raw));
    let Some(responder) = signing else {
        return Err(Doubt::Broken(format!(
            "its signature is neither that of the certificate's issuer ({}) nor that of a responder \
             whose certificate came with it",
            issuer.name
        )));
    };
    appointed(&responder, issuer)?;
    Ok(Signer::Responder {
        name: responder.subject().to_string(),
        not_before: responder.validity().not_before.timestamp(),
        not_after: responder.validity().not_after.timestamp(),
    })
}

/// An error unless the issuer has appointed this responder.
fn appointed(responder: &X509Certificate<'_>, issuer: &Issuer) -> Result<(), Doubt> {
    let name = responder.subject();
    let oid = responder.signature_algorithm.algorithm.as_bytes();
    // The identifier is tag, length, the object identifier's bytes, and then any parameters.
    let fits = |known: &[u8]| known.get(2..2 + oid.len()) == Some(oid);
    if !is_known(fits) {
        return Err(Doubt::Unverifiable(format!(
            "it is signed by {name}, whose own certificate has a signature gonogo does not verify"
        )));
    }
    let message = responder.tbs_certificate.as_ref();
    let is_issued = responder.issuer().as_raw() == issuer.name.der()
        && verifies(&issuer.key, fits, message, &responder.signature_value.data);
    if !is_issued {
        return Err(Doubt::Broken(format!(
            "it is signed by {name}, whose certificate is not of the same issuer ({})",
            issuer.name
        )));
    }
    let usage = responder.extended_key_usage();
    if !usage.is_ok_and(|usage| usage.is_some_and(|usage| usage.value.ocsp_signing)) {
        return Err(Doubt::Broken(format!(
            "it is signed by {name}, whose certificate is not for that (no OCSPSigning among its \
             purposes)"
        )));
    }
    Ok(())
}

/// Whether we can verify signatures of an algorithm whose identifier fits.
fn is_known(fits: impl Fn(&[u8]) -> bool) -> bool {
    webpki::ALL_VERIFICATION_ALGS.iter().any(|known| fits(known.signature_alg_id().as_ref()))
}

/// Whether the key has signed the message with an algorithm whose identifier fits.
fn verifies(key: &[u8], fits: impl Fn(&[u8]) -> bool, message: &[u8], signature: &[u8]) -> bool {
    let key = SubjectPublicKeyInfoDer::from(key);
    let Ok(key) = RawPublicKeyEntity::try_from(&key) else { return false };
    webpki::ALL_VERIFICATION_ALGS
        .iter()
        .filter(|known| fits(known.signature_alg_id().as_ref()))
        .any(|known| key.verify_signature(*known, message, signature).is_ok())
}
