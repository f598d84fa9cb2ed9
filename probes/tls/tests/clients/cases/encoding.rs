//! Serial numbers, moments, versions, empty names.

use super::{
    super::{
        case::{Case, case, told},
        made::{ECDSA_SHA384, algorithm, dns, general, name, utc},
    },
    ALL,
};

pub(super) fn all() -> Vec<Case> {
    vec![
        case("sound", "", |_| {}),
        case("serial 0", "", |s| s.leaf.serial = vec![0]),
        case("serial of 21 bytes", "", |s| s.leaf.serial = vec![1; 21]),
        case("negative serial in the leaf", "n", |s| s.leaf.serial = vec![0x80]),
        case("negative serial in the intermediate", "n", |s| s.middle.serial = vec![0x80]),
        case("negative serial in the root", "n", |s| s.root.serial = vec![0x80]),
        case("serial that is not minimal", "OGF", |s| s.leaf.serial = vec![0, 1]),
        case("serial without bytes", "OGJF", |s| s.leaf.serial = Vec::new()),
        case("from 1950", "FW", |s| s.leaf.from = utc("500101000000Z")),
        case("GeneralizedTime before 2050", "", |s| s.leaf.until = general("20481231000000Z")),
        case("until 9999", "", |s| s.leaf.until = general("99991231235959Z")),
        case("a fraction of a second", "OGTFCW", |s| s.leaf.from = general("20260101000000.5Z")),
        case("an offset", "OGTFCW", |s| s.leaf.from = utc("260101000000+0100")),
        case("no zone", ALL, |s| s.leaf.until = general("20481231000000")),
        case("no seconds", "OFCW", |s| s.leaf.from = utc("2601010000Z")),
        case("second 60", "OGJFW", |s| s.leaf.from = utc("260101000060Z")),
        told("until 1950", &["tls-certificate-expired", "tls-chain-not-portable"], |s| {
            // The other end is before that, as it must be.
            s.leaf.from = general("19490101000000Z");
            s.leaf.until = utc("500101000000Z");
        }),
        case("no subject and critical names", "", |s| {
            s.leaf.subject = name("");
            s.leaf.names(true, &[dns("a.d.test")]);
        }),
        case("a subject and critical names", "", |s| s.leaf.names(true, &[dns("a.d.test")])),
        case("no subject and names that are not critical", "SJC", |s| s.leaf.subject = name("")),
        case("an issuer without a name", "SJF", |s| {
            s.middle.subject = name("");
            s.leaf.issuer = name("");
        }),
        case("version 1 with extensions", "SGJTCW", |s| s.leaf.version = None),
        case("version 2 with extensions", "SGJTCW", |s| s.leaf.version = Some(1)),
        case("another algorithm outside", ALL, |s| s.leaf.outer = algorithm(ECDSA_SHA384)),
    ]
}
