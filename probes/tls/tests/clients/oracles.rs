//! Verifiers that are asked on the spot.

use std::{
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use rcgen::PublicKeyData;
use rustls::RootCertStore;
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use webpki::{EndEntityCert, KeyUsage};

use super::{Tried, case::KEYS, every_case};
use crate::{
    contract::specimen::{Certified, Server},
    tls::{
        chain::{Certificate, Families},
        specimens::{page, server_config},
        tests::fixture::NOW,
    },
};

/// Holds what we say of a family against what the family says, on every chain.
pub(super) fn hold(letter: &'static str, accepts: impl Fn(&Tried) -> Option<bool>) {
    let family = Families::of(letter);
    let wrong: Vec<String> = every_case()
        .filter_map(|tried| {
            // What has a check of its own is no split: whoever refuses is told there.
            let told = !tried.case.fails.is_empty();
            let refuses = tried.chain.clients.refusers(false).and(family) == family;
            let does = !accepts(&tried)?;
            let is_right = refuses == does || told && does;
            (!is_right).then(|| format!("{}: refuses is {does}, not {refuses}", tried.case.name))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

pub(super) fn rustls_accepts(
    sent: &[CertificateDer<'static>],
    store: &RootCertStore,
    name: &ServerName<'_>,
) -> bool {
    let Ok(leaf) = EndEntityCert::try_from(&sent[0]) else { return false };
    let now = Duration::from_secs(NOW.try_into().expect("after 1970"));
    let verified = leaf.verify_for_usage(
        webpki::ALL_VERIFICATION_ALGS,
        &store.roots,
        &sent[1..],
        UnixTime::since_unix_epoch(now),
        KeyUsage::server_auth(),
        None,
        None,
    );
    verified.is_ok() && leaf.verify_is_valid_for_subject_name(name).is_ok()
}

pub(super) fn openssl_accepts(tried: &Tried, options: &[&str]) -> bool {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    write(&path("leaf"), &tried.sent[..1]);
    write(&path("rest"), &tried.sent[1..]);
    write(&path("trusted"), std::slice::from_ref(&tried.trusted));
    let kind = if tried.asked.parse::<std::net::IpAddr>().is_ok() { "ip" } else { "hostname" };
    let mut command = Command::new("openssl");
    command.args(["verify", "-no-CApath", "-no-CAstore", "-purpose", "sslserver"]);
    command.args(["-auth_level", "2", "-attime", &NOW.to_string()]).args(options);
    command.args([&format!("-verify_{kind}"), tried.asked]);
    command.arg("-CAfile").arg(path("trusted"));
    if tried.sent.len() > 1 {
        command.arg("-untrusted").arg(path("rest"));
    }
    let output = command.arg(path("leaf")).output().expect("openssl is installed: see .ci/run");
    output.status.success()
}

/// Serves the chain and connects to it; a chain whose key we do not have is taken for agreed on.
pub(super) fn gnutls_accepts(tried: &Tried) -> Option<bool> {
    let own = &KEYS[2];
    let key = own.subject_public_key_info();
    if Certificate::read(&tried.sent[0]).is_ok_and(|leaf| *leaf.key_der != *key) {
        return None;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("trusted");
    write(&path, std::slice::from_ref(&tried.trusted));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let key = PrivatePkcs8KeyDer::from(own.serialize_der()).into();
    let certified = Certified { chain: tried.sent.clone(), key };
    let server = runtime.block_on(Server::https(server_config(&certified), page));
    let mut command = Command::new("gnutls-cli");
    command.arg("--x509cafile").arg(&path).args(["--verify-hostname", tried.asked]);
    command.args(["--sni-hostname", tried.asked, "-p", &server.address().port().to_string()]);
    let output = command.arg("127.0.0.1").stdin(Stdio::null()).output();
    let output = output.expect("gnutls-cli is installed: see .ci/run");
    Some(output.status.success())
}

fn write(path: &Path, certificates: &[CertificateDer<'_>]) {
    let pem: String = certificates
        .iter()
        .map(|der| pem::encode(&pem::Pem::new("CERTIFICATE", der.as_ref())))
        .collect();
    std::fs::write(path, pem).expect("written");
}
