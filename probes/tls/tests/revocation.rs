//! Revocation lists on disk.

use std::{path::PathBuf, time::SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DnType,
    IsCa, KeyIdMethod, KeyPair, KeyUsagePurpose, RevocationReason, RevokedCertParams, SerialNumber,
};
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use serde_json::json;
use x509_parser::parse_x509_certificate;

use super::{Scene, failed, items};
use crate::contract::{
    Item, Obstacle, Outcome,
    specimen::{Answer, Certified, Pki, Server, validity},
};

/// A server, and a folder for lists.
struct Office {
    pki: Pki,
    certified: Certified,
    server: Server,
    folder: tempfile::TempDir,
}

impl Office {
    async fn open() -> Self {
        let pki = Pki::new();
        let certified = pki.leaf(&["shop.example"]);
        let config = certified.server_config();
        let server = Server::https(config, |_| Answer::text(200, "ok")).await;
        Self { pki, certified, server, folder: tempfile::tempdir().expect("a folder") }
    }

    fn leaf(&self) -> CertificateDer<'static> {
        self.certified.chain[0].clone()
    }

    /// Writes a file, and returns its path.
    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content).expect("written");
        path
    }

    /// What is said of the server, given these lists.
    async fn heard(&self, lists: &[PathBuf]) -> Item {
        let mut scene = Scene::at(&[self.server.address()], self.pki.root());
        scene.settings = json!({ "revocation_lists": lists });
        let report = scene.visit().await;
        let item = items(&report, "tls-certificate-revoked")[0].clone();
        let fails = matches!(item.outcome, Outcome::Fail(_));
        assert_eq!(failed(&report), if fails { vec!["tls-certificate-revoked"] } else { vec![] });
        item
    }
}

/// A list of this authority's, on which these certificates stand.
fn list(
    issuer: &CertifiedIssuer<'static, KeyPair>,
    revoked: &[CertificateDer<'static>],
    days_ago: u64,
    days_ahead: i64,
) -> Vec<u8> {
    list_for(RevocationReason::Superseded, issuer, revoked, days_ago, days_ahead)
}

fn list_for(
    reason: RevocationReason,
    issuer: &CertifiedIssuer<'static, KeyPair>,
    revoked: &[CertificateDer<'static>],
    days_ago: u64,
    days_ahead: i64,
) -> Vec<u8> {
    let (then, _) = validity(days_ago, 0);
    let next: SystemTime = match u64::try_from(days_ahead) {
        Ok(days) => validity(0, days).1,
        Err(_) => validity(days_ahead.unsigned_abs(), 0).0,
    };
    let entry = |der: &CertificateDer<'_>| {
        let (_, certificate) = parse_x509_certificate(der).expect("a certificate");
        RevokedCertParams {
            serial_number: SerialNumber::from_slice(certificate.raw_serial()),
            revocation_time: then,
            reason_code: Some(reason),
            invalidity_date: None,
        }
    };
    let params = CertificateRevocationListParams {
        this_update: then,
        next_update: next.into(),
        crl_number: SerialNumber::from(1),
        issuing_distribution_point: None,
        revoked_certs: revoked.iter().map(entry).collect(),
        key_identifier_method: KeyIdMethod::Sha256,
    };
    params.signed_by(issuer).expect("a list that can be signed").der().to_vec()
}

#[tokio::test]
async fn a_leaf_is_looked_up_on_its_issuers_list_as_der_and_as_pem() {
    let office = Office::open().await;
    let stranger = office.pki.leaf(&["other.example"]).chain[0].clone();
    let clean =
        office.file("clean.der", list(office.pki.issuer(), std::slice::from_ref(&stranger), 1, 7));
    let clean = office.heard(&[clean]).await;
    assert_eq!(clean.outcome, Outcome::Pass);
    assert!(clean.subject.ends_with("revocation list"), "{clean:?}");
    let listed = list(office.pki.issuer(), &[stranger, office.leaf()], 1, 7);
    let pem = pem::encode(&pem::Pem::new("X509 CRL", listed.clone()));
    for file in [office.file("listed.der", listed), office.file("listed.pem", pem)] {
        let item = office.heard(&[file]).await;
        assert!(matches!(item.outcome, Outcome::Fail(_)), "{item:?}");
        assert!(item.seen.ends_with("(Superseded)"), "{item:?}");
    }
}

#[tokio::test]
async fn a_list_that_is_out_of_date_says_nothing_but_that_what_stands_on_it_is_revoked() {
    let office = Office::open().await;
    let stale = office.file("stale.crl", list(office.pki.issuer(), &[], 9, -2));
    let item = office.heard(&[stale]).await;
    assert_eq!(item.outcome, Outcome::Unknown(Obstacle::Stale), "{item:?}");
    let listed = office.file("stale.crl", list(office.pki.issuer(), &[office.leaf()], 9, -2));
    let item = office.heard(&[listed]).await;
    assert!(matches!(item.outcome, Outcome::Fail(_)), "{item:?}");
    let held = |days_ahead| {
        let (issuer, leaf) = (office.pki.issuer(), [office.leaf()]);
        list_for(RevocationReason::CertificateHold, issuer, &leaf, 9, days_ahead)
    };
    let item = office.heard(&[office.file("held.crl", held(-2))]).await;
    assert_eq!(item.outcome, Outcome::Unknown(Obstacle::Stale), "it may have come back");
    let item = office.heard(&[office.file("held.crl", held(7))]).await;
    assert!(matches!(item.outcome, Outcome::Fail(_)), "{item:?}");
}

#[tokio::test]
async fn an_intermediate_is_looked_up_on_its_own_issuers_list() {
    let office = Office::open().await;
    let root = office.pki.root_issuer();
    let clean = office.file("leaf.crl", list(office.pki.issuer(), &[], 1, 7));
    let listed = office.file("root.crl", list(root, &[office.pki.intermediate()], 1, 7));
    let item = office.heard(&[clean, listed]).await;
    assert!(matches!(item.outcome, Outcome::Fail(_)), "{item:?}");
    assert!(item.seen.starts_with("certificate 1 stands on the list"), "{item:?}");
}

#[tokio::test]
async fn anothers_list_says_nothing() {
    let office = Office::open().await;
    let root = office.pki.root_issuer();
    let other = office.file("root.crl", list(root, &[], 1, 7));
    let item = office.heard(&[other]).await;
    assert_eq!(item.outcome, Outcome::Unknown(Obstacle::Local));
    assert!(item.seen.contains("CN=gonogo specimen intermediate"), "{item:?}");
    // One of the same name with another key.
    let forged = office.file("forged.crl", list(Pki::new().issuer(), &[office.leaf()], 1, 7));
    let item = office.heard(&[forged]).await;
    assert_eq!(item.outcome, Outcome::Unknown(Obstacle::Local));
    assert!(item.seen.contains("not signed with that authority's key"), "{item:?}");
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_named_and_hides_no_revocation() {
    let office = Office::open().await;
    let missing = office.folder.path().join("missing.crl");
    let clean = office.file("clean.crl", list(office.pki.issuer(), &[], 1, 7));
    let item = office.heard(&[missing.clone(), clean]).await;
    assert_eq!(item.outcome, Outcome::Unknown(Obstacle::Local));
    assert!(item.seen.contains("missing.crl: No such file"), "{item:?}");
    let listed = office.file("listed.crl", list(office.pki.issuer(), &[office.leaf()], 1, 7));
    let item = office.heard(&[missing, listed]).await;
    assert!(matches!(item.outcome, Outcome::Fail(_)), "{item:?}");
    for (name, content) in [("empty.crl", &b""[..]), ("broken.crl", &[0x30, 3, 1])] {
        let item = office.heard(&[office.file(name, content)]).await;
        assert_eq!(item.outcome, Outcome::Unknown(Obstacle::Local));
        assert!(item.seen.contains(name) && item.seen.contains("revocation list"), "{item:?}");
    }
}

#[tokio::test]
async fn a_list_is_read_again_when_it_has_changed() {
    let office = Office::open().await;
    let mut scene = Scene::at(&[office.server.address()], office.pki.root());
    let path = office.file("list.crl", list(office.pki.issuer(), &[], 1, 7));
    scene.settings = json!({ "revocation_lists": [path] });
    assert_eq!(failed(&scene.visit().await), [""; 0]);
    office.file("list.crl", list(office.pki.issuer(), &[office.leaf()], 1, 7));
    assert_eq!(failed(&scene.visit().await), ["tls-certificate-revoked"]);
}

/// The library takes no more than name and key of a root, so it would believe the list.
#[tokio::test]
async fn a_root_that_may_not_sign_lists_is_not_believed_about_its_own() {
    let key = || KeyPair::generate().expect("entropy");
    let params = |usages: &[KeyUsagePurpose]| {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "signs lists or not");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = usages.to_vec();
        (params.not_before, params.not_after) = validity(30, 300);
        params
    };
    let (certificates, lists) = (KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign);
    let root = CertifiedIssuer::self_signed(params(&[certificates, lists]), key()).expect("a root");
    let narrow = params(&[certificates]).self_signed(root.key()).expect("the same root");
    let mut leaf = CertificateParams::new(["shop.example".to_owned()]).expect("a name");
    (leaf.not_before, leaf.not_after) = validity(1, 89);
    let own = key();
    let leaf = leaf.signed_by(&own, &root).expect("a leaf").der().clone();
    let key = PrivatePkcs8KeyDer::from(own.serialize_der()).into();
    let config = Certified { chain: vec![leaf.clone()], key }.server_config();
    let server = Server::https(config, |_| Answer::text(200, "ok")).await;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("list.crl");
    std::fs::write(&path, list(&root, &[leaf], 1, 7)).expect("written");
    for (trusted, is_believed) in [(root.der(), true), (narrow.der(), false)] {
        let mut scene = Scene::at(&[server.address()], trusted.clone());
        scene.settings = json!({ "revocation_lists": [path] });
        let report = scene.visit().await;
        let item = &items(&report, "tls-certificate-revoked")[0];
        assert_eq!(matches!(item.outcome, Outcome::Fail(_)), is_believed, "{item:?}");
        assert_eq!(item.seen.contains("may not sign revocation lists"), !is_believed, "{item:?}");
    }
}
