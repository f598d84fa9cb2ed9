//! TLS, client certificates and passwords, with real handshakes.

use std::{fs, path::Path, sync::Arc, time::Duration};

use gonogo_probes::contract::specimen::{Certified, Pki, provider};
use http::StatusCode;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, ServerName};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::{
    client::{Answer, Served, ask, options},
    sample,
};
use crate::web::{Access, AccessError, Options};

/// A directory with a configuration of access, and the files it names.
struct Files {
    directory: TempDir,
    pki: Pki,
}

impl Files {
    fn new(settings: &str) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let files = Self { directory, pki: Pki::new() };
        files.write("web.yml", settings);
        files.write("ca.pem", &files.pki.root_pem());
        files.renew();
        files
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.directory.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("written");
    }

    /// Puts a new certificate and its key there, and returns the certificate.
    fn renew(&self) -> CertificateDer<'static> {
        let leaf = self.pki.leaf(&["gonogo.test"]);
        let (chain, key) = leaf.pem();
        self.write("server.pem", &chain);
        self.write("server.key", &key);
        leaf.chain[0].clone()
    }

    fn access(&self) -> Result<Access, AccessError> {
        Access::load(&self.path("web.yml"))
            .map(|access| access.looking_every(Duration::from_millis(20)))
    }

    async fn serve(&self) -> Served {
        let access = self.access().expect("sound files");
        Served::start(sample::mixed(), Options { access, ..options() }).await
    }

    fn client(&self, identity: Option<&Certified>, alpn: &[&str]) -> TlsConnector {
        let mut roots = RootCertStore::empty();
        roots.add(self.pki.root()).expect("a root");
        let client = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots);
        let mut client = match identity {
            Some(own) => client
                .with_client_auth_cert(own.chain.clone(), own.key.clone_key())
                .expect("an identity"),
            None => client.with_no_client_auth(),
        };
        client.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        TlsConnector::from(Arc::new(client))
    }

    async fn connect(&self, served: &Served, client: &TlsConnector) -> TlsStream<TcpStream> {
        let name = ServerName::try_from("gonogo.test").expect("a name");
        client.connect(name, served.connect().await).await.expect("a handshake")
    }
}

const TLS: &str = "tls_server_config: {cert_file: server.pem, key_file: server.key}\n";

#[tokio::test]
async fn tls_is_spoken_by_both_versions_of_http() {
    let files = Files::new(TLS);
    let served = files.serve().await;
    let stream = files.connect(&served, &files.client(None, &["http/1.1"])).await;
    assert_eq!(ask(stream, "GET", "/-/healthy", &[]).await.status, StatusCode::OK);
    let stream = files.connect(&served, &files.client(None, &["h2", "http/1.1"])).await;
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let mut plain = served.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let mut answer = String::new();
    let _ = tokio::io::AsyncReadExt::read_to_string(&mut plain, &mut answer).await;
    assert!(!answer.contains("HTTP/1.1 200"), "{answer}");
}

#[tokio::test]
async fn http_2_can_be_switched_off() {
    let files = Files::new(&format!("{TLS}http_server_config: {{http2: false}}\n"));
    let served = files.serve().await;
    let stream = files.connect(&served, &files.client(None, &["h2", "http/1.1"])).await;
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
}

#[tokio::test]
async fn a_client_without_the_right_certificate_gets_no_answer() {
    let files = Files::new(
        "tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n  \
         client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n  \
         client_allowed_sans: [prometheus.test]\n",
    );
    let served = files.serve().await;
    let client = |pki: &Pki, name: &str| {
        pki.leaf_with(&[name], |params| {
            params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
        })
    };
    let right = client(&files.pki, "prometheus.test");
    let connector = files.client(Some(&right), &[]);
    let stream = files.connect(&served, &connector).await;
    assert_eq!(ask(stream, "GET", "/-/healthy", &[]).await.status, StatusCode::OK);

    let wrong_name = client(&files.pki, "grafana.test");
    let wrong_issuer = client(&Pki::new(), "prometheus.test");
    for wrong in [None, Some(&wrong_name), Some(&wrong_issuer)] {
        // In TLS 1.3 the client learns of it only when it reads.
        let mut stream = files.connect(&served, &files.client(wrong, &[])).await;
        let _ = tokio::io::AsyncWriteExt::write_all(&mut stream, b"GET / HTTP/1.1\r\n\r\n").await;
        let read = tokio::io::AsyncReadExt::read(&mut stream, &mut [0; 1]).await;
        assert!(read.is_err(), "{read:?}");
    }
}

#[tokio::test]
async fn a_renewed_certificate_is_shown_without_a_restart() {
    let files = Files::new(TLS);
    let served = files.serve().await;
    let connector = files.client(None, &[]);
    let shown = async || {
        let stream = files.connect(&served, &connector).await;
        stream.get_ref().1.peer_certificates().expect("a chain")[0].clone()
    };
    let first = shown().await;
    let renewed = files.renew();
    assert_ne!(first, renewed);
    let wait = async { while shown().await != renewed {} };
    tokio::time::timeout(PATIENCE, wait).await.expect("the new certificate");
}

#[tokio::test]
async fn a_half_written_certificate_changes_nothing() {
    let files = Files::new(TLS);
    let access = files.access().expect("sound files");
    let before = access.tls().expect("TLS");
    let follow = access.keep_current();
    let change = async {
        for broken in ["server.pem", "web.yml"] {
            let sound = fs::read_to_string(files.path(broken)).expect("readable");
            files.write(broken, &sound[..sound.len() / 3]);
            // A few looks, each of which would have taken it over.
            tokio::time::sleep(Duration::from_millis(100)).await;
            assert!(Arc::ptr_eq(&access.tls().expect("TLS"), &before), "{broken}");
            files.write(broken, &sound);
        }
        files.write("web.yml", "{}\n");
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(access.tls().is_some(), "TLS is not dropped because a file lacks it");
        files.write("web.yml", TLS);
        files.renew();
        while Arc::ptr_eq(&access.tls().expect("TLS"), &before) {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        () = follow => unreachable!("it follows for ever"),
        changed = tokio::time::timeout(PATIENCE, change) => changed.expect("the new certificate"),
    }
}

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(30);

async fn with_password(served: &Served, path: &str, pair: &str) -> Answer {
    use base64::{Engine, prelude::BASE64_STANDARD};
    let value = format!("Basic {}", BASE64_STANDARD.encode(pair));
    served.ask("GET", path, &[("authorization", &value)]).await
}

#[tokio::test]
async fn without_a_password_there_is_nothing_but_signs_of_life() {
    let hash = bcrypt::hash("correct horse", 4).expect("a hash");
    let files = Files::new(&format!("basic_auth_users:\n  prometheus: {hash}\n"));
    let served = files.serve().await;
    for path in ["/", "/metrics", "/-/reload", "/nope", "/static/icon-go.svg"] {
        let answer = served.get(path).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{path}");
        assert_eq!(answer.header("www-authenticate"), "Basic realm=\"gonogo\"");
        assert!(!answer.header("content-security-policy").is_empty());
        let wrong = with_password(&served, path, "prometheus:wrong").await;
        assert_eq!(wrong.status, StatusCode::UNAUTHORIZED, "{path}");
    }
    for path in ["/-/healthy", "/-/ready"] {
        assert_eq!(served.get(path).await.status, StatusCode::OK, "{path}");
    }
    let right = with_password(&served, "/metrics", "prometheus:correct horse").await;
    assert_eq!(right.status, StatusCode::OK);
}

#[tokio::test]
async fn the_operators_headers_are_on_every_answer() {
    let files = Files::new(
        "http_server_config:\n  headers:\n    Strict-Transport-Security: max-age=63072000\n    \
         X-Frame-Options: SAMEORIGIN\n",
    );
    let answer = files.serve().await.get("/metrics").await;
    assert_eq!(answer.header("strict-transport-security"), "max-age=63072000");
    assert_eq!(answer.header("x-frame-options"), "SAMEORIGIN");
}

fn refusal(settings: &str) -> String {
    let files = Files::new(settings);
    let error = files.access().expect_err("a mistake");
    let directory = files.directory.path().display().to_string();
    error.to_string().replace(&directory, "").trim_end().to_owned()
}

#[test]
fn every_mistake_is_told_with_its_place() {
    insta::assert_snapshot!(refusal(
        "tls_server_config:\n  cert_fil: server.pem\n  client_auth_type: RequireAnyClientCert\n  \
         min_version: TLS10\nbasic_auth_users:\n  prometheus: secret\nrate: 1\n"
    ));
}

#[test]
fn parts_that_do_not_fit_are_refused() {
    let tls = "cert_file: server.pem, key_file: server.key";
    let refused = [
        "tls_server_config: {cert_file: server.pem}".to_owned(),
        "tls_server_config: {cert_file: missing.pem, key_file: server.key}".to_owned(),
        "tls_server_config: {cert_file: server.key, key_file: server.key}".to_owned(),
        "tls_server_config: {cert_file: ca.pem, key_file: server.key}".to_owned(),
        format!("tls_server_config: {{{tls}, client_ca_file: ca.pem}}"),
        format!("tls_server_config: {{{tls}, client_auth_type: RequireAndVerifyClientCert}}"),
        format!("tls_server_config: {{{tls}, cert: x}}"),
        format!("tls_server_config: {{{tls}, min_version: TLS13, max_version: TLS12}}"),
        format!("tls_server_config: {{{tls}, cipher_suites: [TLS_RSA_WITH_RC4_128_SHA]}}"),
    ];
    insta::assert_snapshot!(refused.map(|settings| refusal(&settings)).join("\n"));
}

#[test]
fn a_missing_file_is_named() {
    let error = Access::load(Path::new("/nowhere/web.yml")).expect_err("no file");
    assert!(error.to_string().starts_with("cannot read `/nowhere/web.yml`: "));
}

#[test]
fn a_file_that_says_nothing_lets_everybody_in() {
    for nothing in ["", "{}\n", "# nothing\n"] {
        assert!(Files::new(nothing).access().expect("sound").tls().is_none());
    }
}

#[test]
fn suites_and_curves_may_be_chosen_by_the_names_go_gives_them() {
    let files = Files::new(
        "tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n  \
         min_version: TLS12\n  max_version: TLS13\n  prefer_server_cipher_suites: true\n  \
         cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TLS_AES_128_GCM_SHA256]\n  \
         curve_preferences: [X25519, CurveP256]\n",
    );
    let tls = files.access().expect("sound").tls().expect("TLS");
    let groups: Vec<_> = tls.crypto_provider().kx_groups.iter().map(|group| group.name()).collect();
    assert_eq!(groups, [rustls::NamedGroup::X25519, rustls::NamedGroup::secp256r1]);
    let old = tls.crypto_provider().cipher_suites.iter().filter(|suite| suite.tls13().is_none());
    assert_eq!(old.count(), 1);
}
