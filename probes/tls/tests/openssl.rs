//! Certificates, OCSP responses and revocation lists as OpenSSL makes them, served by it and by nginx.

use std::{
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use rustls_pki_types::{CertificateDer, pem::PemObject};
use serde_json::{Value, json};

use super::{Scene, fact, failed, items, kind, unknown};
use crate::{
    contract::{Obstacle, Outcome, Report, specimen::arm},
    tls::statements::timestamps::made,
};

/// An authority in a folder of its own, with a certificate for `shop.example`.
struct Authority(tempfile::TempDir);

impl Authority {
    fn new() -> Self {
        Self::signing_with("sha256")
    }

    fn signing_with(digest: &str) -> Self {
        let made = Self(tempfile::tempdir().expect("a folder"));
        let digest = format!("-{digest}");
        made.openssl(&[
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            &digest,
            "-keyout",
            "ca.key",
            "-out",
            "ca.pem",
            "-subj",
            "/O=openssl/CN=root",
            "-addext",
            "keyUsage=critical,keyCertSign,cRLSign",
            "-days",
            "400",
        ]);
        // A first byte above 127 needs another before it.
        made.issue("leaf", "A5", "extendedKeyUsage=serverAuth\ntlsfeature=status_request", &digest);
        made
    }

    fn issue(&self, name: &str, serial: &str, extensions: &str, digest: &str) {
        let [key, csr, ext, pem] = ["key", "csr", "ext", "pem"].map(|end| format!("{name}.{end}"));
        let names = "subjectAltName=DNS:shop.example\nkeyUsage=digitalSignature\nbasicConstraints=CA:FALSE\n";
        std::fs::write(self.path(&ext), format!("{names}{extensions}\n")).expect("written");
        self.openssl(&[
            "req",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-keyout",
            &key,
            "-out",
            &csr,
            "-subj",
            "/CN=shop.example",
        ]);
        self.openssl(&[
            "x509",
            "-req",
            "-in",
            &csr,
            "-CA",
            "ca.pem",
            "-CAkey",
            "ca.key",
            "-set_serial",
            &format!("0x{serial}"),
            "-days",
            "90",
            "-extfile",
            &ext,
            "-out",
            &pem,
            digest,
        ]);
    }

    /// Enters into the authority's register that the leaf is valid (`V`) or revoked (`R`).
    fn register(&self, state: char) {
        let revoked = if state == 'R' { "250101000000Z,keyCompromise" } else { "" };
        let line = format!("{state}\t991231235959Z\t{revoked}\tA5\tunknown\t/CN=shop.example\n");
        std::fs::write(self.path("index.txt"), line).expect("written");
    }

    /// An OCSP response about the leaf, signed by the holder of this certificate.
    fn respond(&self, state: char, signer: &str) {
        self.register(state);
        let [signer, key] = ["pem", "key"].map(|end| format!("{signer}.{end}"));
        self.openssl(&[
            "ocsp",
            "-index",
            "index.txt",
            "-CA",
            "ca.pem",
            "-rsigner",
            &signer,
            "-rkey",
            &key,
            "-issuer",
            "ca.pem",
            "-cert",
            "leaf.pem",
            "-respout",
            "staple.der",
            "-ndays",
            "7",
        ]);
    }

    /// The authority's revocation list.
    fn list(&self, state: char) -> PathBuf {
        self.register(state);
        let config = "[ca]\ndefault_ca=one\n[one]\ndatabase=index.txt\ndefault_md=sha256\n\
                      default_crl_days=7\ncrl_extensions=crl\n[crl]\nauthorityKeyIdentifier=keyid\n";
        std::fs::write(self.path("ca.cnf"), config).expect("written");
        self.openssl(&[
            "ca", "-config", "ca.cnf", "-gencrl", "-cert", "ca.pem", "-keyfile", "ca.key", "-out",
            "crl.pem",
        ]);
        self.path("crl.pem")
    }

    fn root(&self) -> CertificateDer<'static> {
        CertificateDer::from_pem_file(self.path("ca.pem")).expect("a certificate")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn openssl(&self, arguments: &[&str]) {
        let output = Command::new("openssl").args(arguments).current_dir(self.0.path()).output();
        let output = output.expect("openssl is installed");
        let why = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "openssl {arguments:?}: {why}");
    }

    /// OpenSSL's own server, with these options besides.
    fn serve(&self, options: &[&str]) -> Running {
        Running::start(self.0.path(), |port| {
            let mut command = Command::new("openssl");
            let address = format!("127.0.0.1:{port}");
            let common = ["-cert", "leaf.pem", "-key", "leaf.key", "-quiet"];
            command.args(["s_server", "-accept", &address]).args(common).args(options);
            command
        })
    }

    fn nginx(&self) -> Running {
        let here = self.0.path().display().to_string();
        let nginx = ["/usr/sbin/nginx", "/usr/bin/nginx", "/usr/local/sbin/nginx"];
        let nginx = nginx.into_iter().find(|path| Path::new(path).exists());
        Running::start(self.0.path(), |port| {
            let config = format!(
                "daemon off; master_process off; pid {here}/nginx.pid; error_log {here}/error.log;
                 events {{ worker_connections 16; }}
                 http {{
                   access_log off; client_body_temp_path {here}/b; proxy_temp_path {here}/p;
                   fastcgi_temp_path {here}/f; uwsgi_temp_path {here}/u; scgi_temp_path {here}/s;
                   server {{
                     listen 127.0.0.1:{port} ssl;
                     ssl_certificate {here}/leaf.pem; ssl_certificate_key {here}/leaf.key;
                     ssl_protocols TLSv1.2 TLSv1.3;
                     ssl_stapling on; ssl_stapling_file {here}/staple.der;
                     ssl_trusted_certificate {here}/ca.pem;
                   }}
                 }}"
            );
            std::fs::write(self.path("nginx.conf"), config).expect("written");
            let mut command = Command::new(nginx.expect("nginx is installed: see .ci/run"));
            command.args(["-e", "stderr", "-p", &here, "-c"]).arg(self.path("nginx.conf"));
            command
        })
    }

    fn scene(&self, server: &Running) -> Scene {
        let mut scene = Scene::at(&[server.address], self.root());
        scene.settings = settings(json!({}));
        scene
    }
}

/// A server in a process of its own, which ends with it.
struct Running {
    child: Child,
    address: SocketAddr,
}

impl Running {
    fn start(folder: &Path, command: impl FnOnce(u16) -> Command) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").expect("loopback has free ports");
        let address = free.local_addr().expect("a bound listener has an address");
        drop(free);
        let mut command = command(address.port());
        // s_server goes away with its input.
        command.current_dir(folder).stdin(Stdio::piped()).stdout(Stdio::null());
        let child = command.stderr(Stdio::null()).spawn().expect("the server starts");
        let mut running = Self { child, address };
        for _ in 0..1500 {
            if TcpStream::connect(address).is_ok() {
                return running;
            }
            if let Ok(Some(status)) = running.child.try_wait() {
                panic!("{command:?} ended: {status}");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("{command:?} did not listen within 30 s");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What Debian's OpenSSL does not have, and `s_server` does not do, is beside the point here.
fn settings(mut settings: Value) -> Value {
    settings["overrides"] = json!({
        "tls-post-quantum-missing": "ignore",
        "tls-http2-missing": "ignore",
        "tls-modern-version-missing": "ignore",
    });
    settings
}

async fn days_later(scene: &Scene, days: u64) -> Report {
    let mut visit = scene.prepare();
    visit.at += Duration::from_hours(24 * days);
    arm(kind(), &scene.settings).run(&visit).await
}

#[tokio::test]
async fn a_good_staple_passes_until_it_is_stale() {
    let authority = Authority::new();
    authority.respond('V', "ca");
    let (openssl, nginx) = (authority.serve(&["-status_file", "staple.der"]), authority.nginx());
    for server in [&openssl, &nginx] {
        let scene = authority.scene(server);
        let report = scene.visit().await;
        assert_eq!((failed(&report).len(), unknown(&report).len()), (0, 0), "{report:#?}");
        for check in ["tls-staple-missing", "tls-staple-stale", "tls-certificate-revoked"] {
            assert_eq!(items(&report, check)[0].outcome, Outcome::Pass, "{check}");
        }
        let staple = fact(&report, "certificate", "stapled OCSP response").expect("a staple");
        assert!(staple.starts_with("good, as of ") && staple.contains("the issuer"), "{staple}");
        let later = days_later(&scene, 8).await;
        assert_eq!(failed(&later), ["tls-staple-stale"]);
        assert_eq!(unknown(&later), ["tls-certificate-revoked"]);
        assert!(items(&later, "tls-staple-stale")[0].seen.contains("passed 24 hours ago"));
    }
}

#[tokio::test]
async fn a_revoked_certificate_is_told_by_its_staple() {
    let authority = Authority::new();
    authority.respond('R', "ca");
    for server in [authority.serve(&["-status_file", "staple.der"]), authority.nginx()] {
        let report = authority.scene(&server).visit().await;
        assert_eq!(failed(&report), ["tls-certificate-revoked"]);
        let seen = &items(&report, "tls-certificate-revoked")[0].seen;
        assert!(seen.ends_with("revoked since 2025-01-01 00:00 UTC (keyCompromise)"), "{seen}");
    }
}

#[tokio::test]
async fn a_responder_of_the_authoritys_may_sign_and_another_may_not() {
    let authority = Authority::new();
    authority.issue("responder", "01", "extendedKeyUsage=OCSPSigning", "-sha256");
    authority.issue("stranger", "02", "extendedKeyUsage=clientAuth", "-sha256");
    authority.respond('V', "responder");
    let report = authority.scene(&authority.serve(&["-status_file", "staple.der"])).visit().await;
    assert_eq!((failed(&report).len(), unknown(&report).len()), (0, 0), "{report:#?}");
    authority.respond('V', "stranger");
    let report = authority.scene(&authority.serve(&["-status_file", "staple.der"])).visit().await;
    assert_eq!(failed(&report), ["tls-staple-stale"]);
    let seen = &items(&report, "tls-staple-stale")[0].seen;
    assert!(seen.contains("no OCSPSigning among its purposes"), "{seen}");
}

#[tokio::test]
async fn a_promised_staple_that_is_not_sent_fails() {
    let authority = Authority::new();
    let report = authority.scene(&authority.serve(&[])).visit().await;
    assert_eq!(failed(&report), ["tls-staple-missing"]);
}

#[tokio::test]
async fn a_revocation_list_of_openssls_is_read() {
    let authority = Authority::new();
    authority.respond('V', "ca");
    let server = authority.serve(&["-status_file", "staple.der"]);
    let mut scene = authority.scene(&server);
    scene.settings = settings(json!({ "revocation_lists": [authority.list('V')] }));
    let report = scene.visit().await;
    assert_eq!((failed(&report).len(), unknown(&report).len()), (0, 0), "{report:#?}");
    authority.list('R');
    let report = scene.visit().await;
    assert_eq!(failed(&report), ["tls-certificate-revoked"]);
    let listed = &items(&report, "tls-certificate-revoked")[1];
    assert_eq!(
        listed.seen,
        "leaf stands on the list of its issuer since 2025-01-01 00:00 UTC (KeyCompromise)"
    );
}

#[tokio::test]
async fn timestamps_in_the_handshake_count() {
    let authority = Authority::new();
    authority.respond('V', "ca");
    let list = made(&[1, 2]);
    let length = u16::try_from(list.len()).expect("short").to_be_bytes();
    let extension = [&[0, 18][..], &length, &list].concat();
    let pem = pem::encode(&pem::Pem::new("SERVERINFO FOR TIMESTAMPS", extension));
    std::fs::write(authority.path("info.pem"), pem).expect("written");
    let options = ["-status_file", "staple.der", "-serverinfo", "info.pem"];
    let server = authority.serve(&options);
    let mut scene = authority.scene(&server);
    scene.settings = settings(json!({ "authorities": "public" }));
    let report = scene.visit().await;
    assert_eq!((failed(&report).len(), unknown(&report).len()), (0, 0), "{report:#?}");
    let seen = &items(&report, "tls-transparency-missing")[0].seen;
    assert_eq!(seen, "timestamps of 2 logs are sent with it");
    let timestamps = fact(&report, "certificate", "certificate timestamps");
    assert_eq!(timestamps, Some("of 2 logs in the handshake"));
}

#[tokio::test]
async fn whether_timestamps_are_in_an_encrypted_handshake_is_unknown() {
    let authority = Authority::new();
    authority.respond('V', "ca");
    let server = authority.serve(&["-status_file", "staple.der", "-tls1_3"]);
    let mut scene = authority.scene(&server);
    scene.settings = settings(json!({ "authorities": "public" }));
    let report = scene.visit().await;
    assert_eq!(failed(&report), [""; 0]);
    let item = &items(&report, "tls-transparency-missing")[0];
    assert_eq!(item.outcome, Outcome::Unknown(Obstacle::Tls));
    assert!(item.seen.contains("nothing before TLS 1.3"), "{}", item.seen);
}

#[tokio::test]
async fn sha_384_and_sha_512_are_as_good_as_sha_256() {
    for digest in ["sha384", "sha512"] {
        let authority = Authority::signing_with(digest);
        authority.respond('V', "ca");
        let server = authority.serve(&["-status_file", "staple.der"]);
        let report = authority.scene(&server).visit().await;
        assert_eq!((failed(&report).len(), unknown(&report).len()), (0, 0), "{report:#?}");
        let signature = fact(&report, "certificate", "signature").expect("a signature");
        assert_eq!(signature.to_lowercase(), format!("ecdsa-with-{digest}"));
    }
}
