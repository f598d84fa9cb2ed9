//! The form of a certificate's fields.

use crate::{
    tls::chain::{
        oddity::{ALL, Found},
        rules::Role,
    },
    wire::x509::{Certificate, name, time::Flaw},
};

pub(in crate::tls::chain) fn judge(certificate: &Certificate<'_>, found: &mut Found) {
    serial(certificate, found);
    for (time, what) in
        [(certificate.not_before, "its notBefore"), (certificate.not_after, "its notAfter")]
    {
        match time.flaw {
            None => {}
            Some(Flaw::WithoutSeconds) => found.reading("OFCW", format!("{what} has no seconds")),
            Some(Flaw::Fraction) => {
                found.reading("OGTFCW", format!("{what} has a fraction of a second"));
            }
            Some(Flaw::Offset) => found.reading("OGTFCW", format!("{what} is not in UTC")),
            Some(Flaw::WithoutZone) => found.reading(ALL, format!("{what} has no time zone (Z)")),
            Some(Flaw::LeapSecond) => found.reading("OGJFW", format!("{what} is in a second 60")),
        }
    }
    if certificate.not_before.at < 0 {
        found.reading("FW", "its notBefore is before 1970");
    }
    if certificate.version != 3 && !certificate.extensions.is_empty() {
        let version = certificate.version;
        found.reading("SGJTCW", format!("it is of version {version} and has extensions"));
    }
    let (inner, outer) = (certificate.inner_algorithm, certificate.algorithm);
    if inner != outer {
        let is_null_alone = inner.oid == outer.oid
            && [inner.parameters, outer.parameters].iter().all(|one| matches!(one, [] | [5, 0]));
        let who = if is_null_alone { "OGW" } else { ALL };
        found.reading(who, "its signature algorithm is not the same inside and outside");
    }
    if name::is_empty(certificate.issuer) {
        found.reading("SJF", "its issuer has an empty name");
    }
}

fn serial(certificate: &Certificate<'_>, found: &mut Found) {
    match certificate.serial {
        [] => found.reading("OGJF", "its serial number has no bytes"),
        [0, next, ..] if next & 0x80 == 0 => {
            found.reading("OGF", "its serial number has a needless zero before it");
        }
        [0xff, next, ..] if next & 0x80 != 0 => {
            found.reading("OGF", "its serial number has needless bytes before it");
        }
        [first, ..] if first & 0x80 != 0 => found.reading("n", "its serial number is negative"),
        _ => {}
    }
}

/// Of what cannot be read in a root, rustls sees nothing: it takes no more than name and key.
pub(in crate::tls::chain) fn as_root(found: &mut Found, role: Role) {
    if role == Role::Root {
        let rustls = crate::tls::chain::Families::of("W");
        for oddity in &mut found.all {
            oddity.refusers = oddity.refusers.without(rustls);
        }
    }
}
