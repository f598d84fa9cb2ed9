//! CPU time of a visit, from the errand to the findings, beside a bare client that does only the
//! exchange, against the same nginx in the same rounds. Budgets: 1.15 times for HTTPS, 1.5 times for
//! HTTP, 64 at once.

use std::{
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use crate::support::{cpu, median, tell};
use gonogo::{board::Board, clock::Clock, config, findings::Settled, plan::Planner, visit::Errand};
use gonogo_probes::{
    CATALOGUE,
    contract::{Progress, net, specimen::Pki},
};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::ServerName;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};
use tokio_rustls::TlsConnector;

const VISITS: usize = 1500;
const AT_ONCE: usize = 64;
const ROUNDS: usize = 5;

pub(crate) fn run() {
    let directory = tempfile::tempdir().expect("a directory");
    let pki = Pki::new();
    let _nginx = nginx(directory.path(), &pki);
    net::warm_up();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    for (name, port) in [("http", HTTP), ("https", HTTPS)] {
        let (mut ours, mut bare, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        let bench = Bench::new(directory.path(), name, port, &pki);
        runtime.block_on(bench.ours(AT_ONCE));
        for _ in 0..ROUNDS {
            let one = runtime.block_on(each(|n| bench.ours(n)));
            let other = runtime.block_on(each(|n| bench.bare(n)));
            ours.push(one);
            bare.push(other);
            ratios.push(one / other);
        }
        tell(&format!(
            "{name}: a visit {:.0} µs CPU, a bare client {:.0} µs, ratio {:.2}",
            median(ours),
            median(bare),
            median(ratios)
        ));
    }
}

/// CPU time in microseconds of one of many.
async fn each<F: Future<Output = ()>>(run: impl FnOnce(usize) -> F) -> f64 {
    let before = cpu();
    run(VISITS).await;
    #[expect(clippy::cast_precision_loss, reason = "a small number")]
    let count = VISITS as f64;
    cpu().saturating_sub(before).as_secs_f64() * 1e6 / count
}

struct Bench {
    board: Arc<Board>,
    errand: Arc<Errand>,
    port: u16,
    tls: Option<TlsConnector>,
}

impl Bench {
    fn new(directory: &Path, name: &str, port: u16, pki: &Pki) -> Self {
        std::fs::write(directory.join("ca.pem"), pki.root_pem()).expect("written");
        let path = directory.join("gonogo.yaml");
        let yaml = format!(
            "targets:\n  - name: shop\n    url: {name}://localhost:{port}\n    connect_to: ['127.0.0.1:{port}']\n    trust: {{ ca_file: ca.pem }}\n    budgets: {{ requests_per_second: 100000, burst: 100000, in_flight: 64 }}\n    probes:\n      - http: {{ url: /, min_samples: 1 }}\n"
        );
        std::fs::write(&path, yaml).expect("written");
        let clock = Clock::system();
        let config = config::load(&path, CATALOGUE, clock.now())
            .unwrap_or_else(|error| panic!("{}", error.render(false)));
        let plan = Planner::new(None).plan(&config).expect("a plan");
        let board = Arc::new(Board::new(CATALOGUE, clock).expect("metrics"));
        board.findings.expect(&plan.expected());
        let errand = plan.errands().next().expect("one errand");
        let tls = (name == "https").then(|| {
            let mut roots = RootCertStore::empty();
            roots.add(pki.root()).expect("a root");
            let config = ClientConfig::builder_with_provider(net::crypto())
                .with_safe_default_protocol_versions()
                .expect("versions")
                .with_root_certificates(roots)
                .with_no_client_auth();
            let mut config = config;
            config.resumption = rustls::client::Resumption::disabled();
            TlsConnector::from(Arc::new(config))
        });
        Self { board, errand: Arc::clone(errand), port, tls }
    }

    /// The whole of it: exchange, judgement, findings, metrics of ours.
    async fn ours(&self, visits: usize) {
        at_once(visits, || {
            let (board, errand) = (Arc::clone(&self.board), Arc::clone(&self.errand));
            async move {
                let (visited, report) =
                    errand.run(&board.clock, &board.telemetry, Progress::default()).await;
                assert!(report.obstructed.is_none(), "{:?}", report.obstructed);
                let settled = board.findings.record(errand.reporter(), visited, report);
                assert_eq!(settled, Some(Settled::Yes));
            }
        })
        .await;
    }

    /// The exchange and nothing else.
    #[expect(clippy::disallowed_methods, reason = "what the net is measured against")]
    async fn bare(&self, visits: usize) {
        at_once(visits, || {
            let (port, tls) = (self.port, self.tls.clone());
            async move {
                let mut stream = TcpStream::connect(("127.0.0.1", port)).await.expect("connected");
                stream.set_nodelay(true).expect("set");
                let request = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
                let mut answer = Vec::with_capacity(1024);
                match tls {
                    None => {
                        stream.write_all(request).await.expect("sent");
                        stream.read_to_end(&mut answer).await.expect("answered");
                    }
                    Some(tls) => {
                        let name = ServerName::try_from("localhost").expect("a name");
                        let mut stream = tls.connect(name, stream).await.expect("TLS");
                        stream.write_all(request).await.expect("sent");
                        stream.read_to_end(&mut answer).await.expect("answered");
                    }
                }
                assert!(answer.starts_with(b"HTTP/1.1 200"));
            }
        })
        .await;
    }
}

/// Runs so many, [`AT_ONCE`] at a time.
async fn at_once<F>(count: usize, start: impl Fn() -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let mut running = JoinSet::new();
    for _ in 0..count {
        if running.len() == AT_ONCE {
            running.join_next().await.expect("running").expect("no panic");
        }
        running.spawn(start());
    }
    while let Some(ended) = running.join_next().await {
        ended.expect("no panic");
    }
}

const HTTP: u16 = 18_080;
const HTTPS: u16 = 18_443;

struct Nginx(Child);

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// An nginx of one worker, as the baselines were measured with.
fn nginx(directory: &Path, pki: &Pki) -> Nginx {
    let (chain, key) = pki.leaf(&["localhost"]).pem();
    std::fs::write(directory.join("chain.pem"), chain).expect("written");
    std::fs::write(directory.join("key.pem"), key).expect("written");
    let here = directory.display();
    let config = format!(
        "daemon off; master_process off; pid {here}/pid; error_log {here}/error.log;
         events {{ worker_connections 1024; }}
         http {{ access_log off; client_body_temp_path {here}/b; proxy_temp_path {here}/p;
           fastcgi_temp_path {here}/f; uwsgi_temp_path {here}/u; scgi_temp_path {here}/s;
           server {{ listen 127.0.0.1:{HTTP}; listen 127.0.0.1:{HTTPS} ssl;
             ssl_certificate {here}/chain.pem; ssl_certificate_key {here}/key.pem;
             ssl_protocols TLSv1.3; return 200 'ok'; }} }}"
    );
    let path = directory.join("nginx.conf");
    std::fs::write(&path, config).expect("written");
    let child = Command::new("/usr/sbin/nginx")
        .args(["-e", "stderr", "-p"])
        .arg(directory)
        .arg("-c")
        .arg(&path)
        .stdout(Stdio::null())
        .spawn()
        .expect("nginx is installed: apt-get install nginx-light");
    while std::net::TcpStream::connect(("127.0.0.1", HTTPS)).is_err() {
        std::thread::sleep(Duration::from_millis(20));
    }
    Nginx(child)
}
