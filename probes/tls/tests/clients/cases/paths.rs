//! What is sent besides, and how long it is.

use rustls_pki_types::CertificateDer;

use super::super::{
    case::{Case, KEYS, Scene, case},
    made::{Made, name, utc},
};
use crate::wire::x509::oid::AUTHORITY_KEY_ID;

pub(super) fn all() -> Vec<Case> {
    vec![
        case("the root besides", "", |s| {
            let root = s.root.signed_by(s.signers[2]);
            s.more.push(root);
        }),
        case("a stranger besides", "", |s| s.more.push(stranger("stranger"))),
        case("an expired stranger besides", "", |s| {
            let mut old = Made::new("stranger", "stranger", 9, &KEYS[3]);
            old.authority(true, None);
            old.until = utc("260201000000Z");
            s.more.push(old.signed_by(&KEYS[3]));
        }),
        case("what is no certificate besides", "GJT", |s| {
            s.more.push(CertificateDer::from(vec![1, 2, 3]));
        }),
        case("a stranger with a serial number that is not minimal", "G", |s| {
            let mut odd = Made::new("stranger", "stranger", 9, &KEYS[3]);
            odd.serial = vec![0, 1];
            s.more.push(odd.signed_by(&KEYS[3]));
        }),
        case("a twin of the issuer before it", "OT", |s| {
            s.leaf.remove(AUTHORITY_KEY_ID);
            twin_first(s);
        }),
        case("six intermediates", "", |s| lengthen(s, 5)),
        case("twelve intermediates", "JFW", |s| lengthen(s, 11)),
    ]
}

fn stranger(called: &str) -> CertificateDer<'static> {
    let mut made = Made::new(called, called, 9, &KEYS[3]);
    made.authority(true, None);
    made.signed_by(&KEYS[3])
}

/// Sends an authority of the intermediate's name and another key before the intermediate.
fn twin_first(s: &mut Scene) {
    let middle = s.middle.signed_by(s.signers[1]);
    let mut twin = Made::new("corpus middle", "corpus root", 8, &KEYS[3]);
    twin.authority(true, None);
    twin.usage(&[5]);
    s.middle = twin;
    s.more.push(middle);
}

/// Puts so many more intermediates between the first and the root.
fn lengthen(s: &mut Scene, more: u8) {
    let names: Vec<String> = (0..more).map(|n| format!("corpus {n}")).collect();
    s.middle.issuer = name(&names[0]);
    s.signers[1] = &KEYS[3];
    s.middle.identify(None, Some(&key()));
    for (n, called) in (10..).zip(&names) {
        let above = names.get(usize::from(n) - 9);
        let issuer = above.map_or("corpus root", String::as_str);
        let mut one = Made::new(called, issuer, n, &KEYS[3]);
        one.authority(true, None);
        one.usage(&[5]);
        let (own, signer) = (key(), if above.is_some() { &KEYS[3] } else { &KEYS[0] });
        let issuer_key = if above.is_some() { own.clone() } else { s.root.key.clone() };
        one.identify(Some(&own), Some(&issuer_key));
        s.more.push(one.signed_by(signer));
    }
}

fn key() -> Vec<u8> {
    use rcgen::PublicKeyData;
    KEYS[3].subject_public_key_info()
}
