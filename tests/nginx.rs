//! `gonogo check` against a real nginx: each certificate fault is told, and nothing else.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use gonogo_probes::contract::specimen::{Certified, Pki, validity};

use crate::support::{Site, Tool, checks, free_port, tool, wait_until};

/// Starts nginx with this certificate, and returns its port.
fn nginx(directory: &Path, certified: &Certified) -> (u16, Tool) {
    let (chain, key) = certified.pem();
    std::fs::write(directory.join("chain.pem"), chain).expect("written");
    std::fs::write(directory.join("key.pem"), key).expect("written");
    let (port, here) = (free_port(), directory.display());
    let config = format!(
        "daemon off; master_process off; worker_processes 1; pid {here}/nginx.pid; error_log {here}/error.log;
         events {{ worker_connections 64; }}
         http {{
           access_log off; client_body_temp_path {here}/b; proxy_temp_path {here}/p;
           fastcgi_temp_path {here}/f; uwsgi_temp_path {here}/u; scgi_temp_path {here}/s;
           server {{
             listen 127.0.0.1:{port} ssl http2;
             ssl_certificate {here}/chain.pem; ssl_certificate_key {here}/key.pem;
             ssl_protocols TLSv1.2 TLSv1.3;
             location / {{ return 200 'shop'; }}
             location = /readyz {{ add_header Cache-Control no-store; default_type application/json; return 200 '{{\"status\":\"ok\"}}'; }}
             location = /livez {{ add_header Cache-Control no-store; default_type text/plain; return 200 'ok'; }}
             location = /nothing {{ return 404; }}
           }}
         }}"
    );
    let path = directory.join("nginx.conf");
    std::fs::write(&path, config).expect("written");
    let child = Command::new(tool("nginx", "nginx-light"))
        .args(["-e", "stderr", "-p"])
        .arg(directory)
        .arg("-c")
        .arg(&path)
        .stdout(Stdio::null())
        .spawn()
        .expect("nginx runs");
    let child = Tool(child);
    wait_until("nginx to listen", || std::net::TcpStream::connect(("127.0.0.1", port)).ok());
    (port, child)
}

/// The checks that fail against an nginx with this certificate, and the exit code.
fn failing(pki: &Pki, certified: &Certified) -> (Option<i32>, Vec<String>) {
    failing_with(pki, certified, &probe(""))
}

/// The probe with these settings, but for what Debian's OpenSSL cannot do.
fn probe(settings: &str) -> String {
    format!("tls: {{ {settings}overrides: {{ tls-post-quantum-missing: ignore }} }}")
}

/// The same, with settings of the probe.
fn failing_with(pki: &Pki, certified: &Certified, probe: &str) -> (Option<i32>, Vec<String>) {
    let directory = tempfile::tempdir().expect("a directory");
    let (port, _nginx) = nginx(directory.path(), certified);
    let site = Site::new(&format!(
        "targets:\n  - name: shop\n    url: https://localhost:{port}\n    connect_to: [\"127.0.0.1:{port}\"]\n    trust: {{ ca_file: ca.pem }}\n    probes: [{probe}]\n"
    ));
    site.write("ca.pem", &pki.root_pem());
    site.write("intermediate.pem", &pki.issuer().pem());
    let (code, report) = site.report(&[]);
    (code, checks(&report, "shop", "fail"))
}

#[test]
fn a_sound_certificate_is_a_go() {
    let pki = Pki::new();
    assert_eq!(failing(&pki, &pki.leaf(&["localhost"])), (Some(0), vec![]));
}

#[test]
fn an_expired_certificate_is_told() {
    let pki = Pki::new();
    let expired = pki.leaf_with(&["localhost"], |params| {
        (params.not_before, params.not_after) = (validity(91, 0).0, validity(1, 0).0);
    });
    assert_eq!(failing(&pki, &expired), (Some(1), vec!["tls-certificate-expired".to_owned()]));
}

#[test]
fn a_certificate_for_another_name_is_told() {
    let pki = Pki::new();
    let other = pki.leaf(&["elsewhere.example"]);
    assert_eq!(failing(&pki, &other), (Some(1), vec!["tls-hostname-mismatch".to_owned()]));
}

#[test]
fn a_missing_intermediate_is_told() {
    let pki = Pki::new();
    let mut alone = pki.leaf(&["localhost"]);
    alone.chain.truncate(1);
    let told = failing_with(&pki, &alone, &probe("intermediates_file: intermediate.pem, "));
    assert_eq!(told, (Some(1), vec!["tls-intermediate-missing".to_owned()]));
    // Where nobody knows it, an authority that nobody trusts would look the same: both are told.
    let (code, mut told) = failing(&pki, &alone);
    told.sort();
    assert_eq!(code, Some(1));
    assert_eq!(told, ["tls-intermediate-missing", "tls-untrusted-issuer"]);
}

#[test]
fn two_faults_of_one_certificate_are_both_told() {
    let pki = Pki::new();
    let both = pki.leaf_with(&["elsewhere.example"], |params| {
        (params.not_before, params.not_after) = (validity(91, 0).0, validity(1, 0).0);
    });
    let (_, failing) = failing(&pki, &both);
    assert_eq!(failing, ["tls-certificate-expired", "tls-hostname-mismatch"]);
}
