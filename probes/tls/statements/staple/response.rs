//! Reading an OCSP response (RFC 6960 section 4.2.1). What it says is verified elsewhere.

use x509_parser::asn1_rs::{FromDer, Oid};

use crate::{
    tls::{
        chain::{hex, oid_text},
        statements::timestamps::Timestamp,
    },
    wire::der::{
        BIT_STRING, ENUMERATED, INTEGER, OCTET_STRING, OID, SEQUENCE, Values, explicit, implicit,
    },
};

/// What a responder answered.
#[derive(Debug)]
pub(in crate::tls) enum Response<'a> {
    /// Nothing but this reason why not.
    Refusal(&'static str),
    /// Something about certificates.
    Basic(Basic<'a>),
}

/// A signed answer about certificates.
#[derive(Debug)]
pub(in crate::tls) struct Basic<'a> {
    /// What is signed.
    pub(in crate::tls) signed: &'a [u8],
    /// The signature's algorithm: the content of its identifier.
    pub(in crate::tls) algorithm: &'a [u8],
    /// The same, for people.
    pub(in crate::tls) algorithm_name: String,
    /// The signature.
    pub(in crate::tls) signature: &'a [u8],
    /// Certificates that the responder sent along, as DER.
    pub(in crate::tls) certificates: Vec<&'a [u8]>,
    /// When it was signed, in seconds since the epoch.
    pub(in crate::tls) produced_at: i64,
    /// What it says, one entry a certificate.
    pub(in crate::tls) entries: Vec<Entry<'a>>,
}

/// What is said about one certificate.
#[derive(Debug)]
pub(in crate::tls) struct Entry<'a> {
    /// The algorithm of both hashes: the content of its object identifier.
    pub(in crate::tls) hash: &'a [u8],
    /// The hash of the issuer's name.
    pub(in crate::tls) issuer_name: &'a [u8],
    /// The hash of the issuer's key.
    pub(in crate::tls) issuer_key: &'a [u8],
    /// The certificate's serial number, in hexadecimal.
    pub(in crate::tls) serial: String,
    /// Whether it is good.
    pub(in crate::tls) status: Status,
    /// When that was known, in seconds since the epoch.
    pub(in crate::tls) this_update: i64,
    /// When more will be known.
    pub(in crate::tls) next_update: Option<i64>,
    /// Certificate timestamps in the extension for them (RFC 6962 section 3.3).
    pub(in crate::tls) timestamps: Vec<Timestamp>,
}

/// Whether a certificate is good.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::tls) enum Status {
    /// It is not revoked.
    Good,
    /// It is revoked.
    Revoked {
        /// Since when, in seconds since the epoch.
        at: i64,
        /// Why, where that is said.
        reason: Option<&'static str>,
    },
    /// The responder does not know it.
    Unknown,
}

/// Reads a response. What cannot be read is named, as a lower-case fragment.
pub(in crate::tls) fn read(bytes: &[u8]) -> Result<Response<'_>, String> {
    let mut outer = Values(bytes);
    let mut response = outer.enter(SEQUENCE, "the response")?;
    outer.finish("the response")?;
    let status = response.expect(ENUMERATED, "its status")?.content;
    if status != [0] {
        return Ok(Response::Refusal(refusal(status)));
    }
    let mut bytes = response.enter(explicit(0), "its content")?.enter(SEQUENCE, "its content")?;
    let kind = bytes.expect(OID, "the kind of its content")?.content;
    if kind != BASIC {
        return Err("its content is not a basic response, the only kind there is".to_owned());
    }
    let content = bytes.expect(OCTET_STRING, "its content")?.content;
    let mut content = Values(content);
    let basic = content.enter(SEQUENCE, "the basic response")?;
    content.finish("the basic response")?;
    read_basic(basic).map(Response::Basic)
}

fn read_basic(mut basic: Values<'_>) -> Result<Basic<'_>, String> {
    let data = basic.expect(SEQUENCE, "the response data")?;
    let algorithm = basic.expect(SEQUENCE, "the signature's algorithm")?.content;
    let signature = basic.expect(BIT_STRING, "the signature")?.content;
    // The first byte counts unused bits; no signature has any.
    let Some((0, signature)) = signature.split_first() else {
        return Err("the signature is no whole number of bytes".to_owned());
    };
    let certificates = match basic.optional(explicit(0), "the responder's certificates")? {
        Some(value) => read_certificates(Values(value.content))?,
        None => Vec::new(),
    };
    let mut fields = Values(data.content);
    fields.optional(explicit(0), "the version")?;
    fields.next("the responder's id")?;
    let produced_at = fields.time("producedAt")?;
    let mut list = fields.enter(SEQUENCE, "the list of certificates")?;
    let mut entries = Vec::new();
    while !list.0.is_empty() {
        entries.push(read_entry(list.enter(SEQUENCE, "a certificate's entry")?)?);
    }
    let (_, oid) = Oid::from_der(algorithm)
        .map_err(|_| "the signature's algorithm has no identifier".to_owned())?;
    Ok(Basic {
        signed: data.whole,
        algorithm,
        algorithm_name: oid_text(&oid),
        signature,
        certificates,
        produced_at,
        entries,
    })
}

fn read_certificates(mut outer: Values<'_>) -> Result<Vec<&[u8]>, String> {
    let mut list = outer.enter(SEQUENCE, "the responder's certificates")?;
    let mut certificates = Vec::new();
    while !list.0.is_empty() && certificates.len() < MOST {
        certificates.push(list.next("a certificate of the responder")?.whole);
    }
    Ok(certificates)
}

fn read_entry(mut entry: Values<'_>) -> Result<Entry<'_>, String> {
    let mut id = entry.enter(SEQUENCE, "a certificate's id")?;
    let mut hash = id.enter(SEQUENCE, "the hash of an id")?;
    let hash = hash.expect(OID, "the hash of an id")?.content;
    let issuer_name = id.expect(OCTET_STRING, "the hash of the issuer's name")?.content;
    let issuer_key = id.expect(OCTET_STRING, "the hash of the issuer's key")?.content;
    let serial = hex(id.expect(INTEGER, "a serial number")?.content);
    let status = read_status(&mut entry)?;
    let this_update = entry.time("thisUpdate")?;
    let next_update = entry.optional(explicit(0), "nextUpdate")?;
    let next_update =
        next_update.map(|value| Values(value.content).time("nextUpdate")).transpose()?;
    let extensions = entry.optional(explicit(1), "an entry's extensions")?;
    let timestamps = match extensions {
        Some(value) => read_timestamps(Values(value.content))?,
        None => Vec::new(),
    };
    Ok(Entry {
        hash,
        issuer_name,
        issuer_key,
        serial,
        status,
        this_update,
        next_update,
        timestamps,
    })
}

fn read_status(entry: &mut Values<'_>) -> Result<Status, String> {
    const GOOD: u8 = implicit(0);
    const REVOKED: u8 = explicit(1);
    const UNKNOWN: u8 = implicit(2);
    let value = entry.next("a certificate's status")?;
    match value.tag {
        GOOD => Ok(Status::Good),
        UNKNOWN => Ok(Status::Unknown),
        REVOKED => {
            let mut revoked = Values(value.content);
            let at = revoked.time("the time of revocation")?;
            let what = "the reason of revocation";
            let reason = match revoked.optional(explicit(0), what)? {
                Some(value) => reason(Values(value.content).expect(ENUMERATED, what)?.content),
                None => None,
            };
            Ok(Status::Revoked { at, reason })
        }
        other => Err(format!("a certificate's status has the unknown tag {other:#04x}")),
    }
}

/// The certificate timestamps among an entry's extensions.
fn read_timestamps(mut extensions: Values<'_>) -> Result<Vec<Timestamp>, String> {
    let mut extensions = extensions.enter(SEQUENCE, "an entry's extensions")?;
    while !extensions.0.is_empty() {
        let mut extension = extensions.enter(SEQUENCE, "an extension")?;
        if extension.expect(OID, "an extension's name")?.content == TIMESTAMPS {
            extension.optional(BOOLEAN, "whether it is critical")?;
            let value = extension.expect(OCTET_STRING, "the certificate timestamps")?.content;
            let list = Values(value).expect(OCTET_STRING, "the certificate timestamps")?.content;
            return Timestamp::list(list);
        }
    }
    Ok(Vec::new())
}

fn refusal(status: &[u8]) -> &'static str {
    match status {
        [1] => "malformedRequest: the responder could not read the server's request",
        [2] => "internalError: the responder has a fault of its own",
        [3] => "tryLater: the responder has no answer at the moment",
        [5] => "sigRequired: the responder wants signed requests",
        [6] => "unauthorized: the responder does not answer for this certificate",
        _ => "a status that no standard has",
    }
}

fn reason(code: &[u8]) -> Option<&'static str> {
    let names = [
        "unspecified",
        "keyCompromise",
        "cACompromise",
        "affiliationChanged",
        "superseded",
        "cessationOfOperation",
        "certificateHold",
        "",
        "removeFromCRL",
        "privilegeWithdrawn",
        "aACompromise",
    ];
    match code {
        [code] => names.get(usize::from(*code)).copied().filter(|name| !name.is_empty()),
        _ => None,
    }
}

/// Certificates of one response that are read, each of which may cost a verification. Real ones have
/// one; a server may send hundreds to keep us busy.
const MOST: usize = 8;

const BOOLEAN: u8 = 0x01;

/// id-pkix-ocsp-basic, 1.3.6.1.5.5.7.48.1.1.
pub(in crate::tls) const BASIC: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x01];
/// 1.3.6.1.4.1.11129.2.4.5.
pub(in crate::tls) const TIMESTAMPS: &[u8] =
    &[0x2b, 0x06, 0x01, 0x04, 0x01, 0xd6, 0x79, 0x02, 0x04, 0x05];
