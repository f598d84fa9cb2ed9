//! What a posture of TLS costs at each depth, beside scanners of the same nginx, a sound one and a
//! permissive one. Budgets: 4 connections for the fast tier and 8 for the standard one; 50 times less
//! wall time than sslscan and sslyze and 5,000 times less than testssl for those two, 10 times less
//! than sslyze for the full one. All of them are of the sound server.
//!
//! Scanners are those on the `PATH`; testssl takes minutes and is run by `--testssl` alone. With
//! `--via=PORT,PORT` everybody goes to these ports of loopback instead, where something that delays is
//! expected to pass connections on to the sound and to the permissive server.

use std::{
    cell::Cell,
    collections::BTreeMap,
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use crate::support::{cpu, median, resident, tell};
use gonogo_probes::{
    CATALOGUE,
    contract::{
        Armed, Footprint, Kind, Memory, Outcome, Target, Visit,
        net::{self, Address, Allow, Budgets, Endpoint, Net, NetSettings, Roots, Trust},
        redact::Redactor,
        specimen::{Certified, Pki, arm, validity},
    },
};
use rcgen::{CertificateParams, KeyPair, KeyUsagePurpose, RsaKeySize};
use rustls_pki_types::PrivatePkcs8KeyDer;
use serde_json::json;
use url::Url;

const NAME: &str = "shop.example";
const DEPTHS: [&str; 4] = ["handshake", "fast", "standard", "full"];

/// How long each depth is measured for, and by how many visits at most.
const LASTING: Duration = Duration::from_secs(3);
const VISITS: u32 = 200;
/// How many targets are remembered to tell what one takes, after as many as fill the holes that other
/// measurements left in the heap.
const REMEMBERED: usize = 200;
const BEFOREHAND: usize = 100;
/// How often a scanner is run, unless it is slow.
const RUNS: u32 = 5;

pub(crate) fn run() {
    let wanted = Wanted::from_arguments();
    let directory = tempfile::tempdir().expect("a directory");
    let pki = Pki::new();
    let nginx = Nginx::start(directory.path(), &by_rsa(&pki));
    net::warm_up();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    for (server, port) in [("sound", SOUND), ("permissive", PERMISSIVE)] {
        let port = wanted.via.get(&port).copied().unwrap_or(port);
        let scene = Scene::new(&nginx, &pki, port);
        let mut costs: BTreeMap<&str, Cost> = BTreeMap::new();
        for depth in DEPTHS {
            let cost = runtime.block_on(scene.visits(depth));
            tell(&format!("{server}: gonogo {depth}: {cost}"));
            costs.insert(depth, cost);
        }
        if wanted.via.is_empty() {
            let each = runtime.block_on(scene.remembered());
            tell(&format!("{server}: remembered after a full visit: {each} bytes a target"));
        }
        for scanner in SCANNERS {
            if scanner.name == "testssl" && !wanted.testssl {
                tell(&format!("{server}: testssl: not run without --testssl"));
            } else if let Some(cost) = scene.scan(scanner, wanted.runs(scanner)) {
                tell(&format!("{server}: {}: {cost}", scanner.name));
                costs.insert(scanner.name, cost);
            } else {
                tell(&format!("{server}: {} is missing: {}", scanner.name, scanner.install));
            }
        }
        if server == "sound" {
            tell_budgets(&costs);
        }
    }
}

/// What the command line says.
struct Wanted {
    testssl: bool,
    /// Ports to go to instead.
    via: BTreeMap<u16, u16>,
}

impl Wanted {
    fn from_arguments() -> Self {
        let mut wanted = Self { testssl: false, via: BTreeMap::new() };
        for argument in std::env::args() {
            wanted.testssl |= argument == "--testssl";
            if let Some(ports) = argument.strip_prefix("--via=") {
                let ports = ports.split(',').map(|port| port.parse().expect("two ports"));
                wanted.via = [SOUND, PERMISSIVE].into_iter().zip(ports).collect();
            }
        }
        wanted
    }

    /// How often to run a scanner.
    fn runs(&self, scanner: &Scanner) -> u32 {
        if scanner.name == "testssl" || !self.via.is_empty() { 1 } else { RUNS }
    }
}

/// One look at a server, in the middle of several.
struct Cost {
    wall: Duration,
    /// Of ours; a scanner's is nobody's budget.
    cpu: Option<Duration>,
    connections: f64,
    /// CPU time of the server.
    server: Duration,
    /// How many there were.
    looks: u32,
}

impl std::fmt::Display for Cost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
        write!(f, "{:.2} ms wall", milliseconds(self.wall))?;
        if let Some(cpu) = self.cpu {
            write!(f, ", {:.2} ms CPU", milliseconds(cpu))?;
        }
        let (connections, server) = (self.connections, milliseconds(self.server));
        let looks = self.looks;
        write!(f, ", {connections:.1} connections, {server:.2} ms CPU of nginx ({looks} times)")
    }
}

fn tell_budgets(costs: &BTreeMap<&str, Cost>) {
    for (depth, most) in [("fast", 4.0), ("standard", 8.0)] {
        let connections = costs[depth].connections;
        let kept = verdict(connections <= most);
        tell(&format!("budget: {depth}: {connections:.1} connections, at most {most}: {kept}"));
    }
    for (depth, scanner, least) in [
        ("fast", "sslscan", 50.0),
        ("fast", "sslyze", 50.0),
        ("fast", "testssl", 5000.0),
        ("standard", "sslscan", 50.0),
        ("standard", "sslyze", 50.0),
        ("standard", "testssl", 5000.0),
        ("full", "sslyze", 10.0),
    ] {
        let Some(theirs) = costs.get(scanner) else { continue };
        let ratio = theirs.wall.as_secs_f64() / costs[depth].wall.as_secs_f64();
        let kept = verdict(ratio >= least);
        tell(&format!(
            "budget: {depth}: {ratio:.0} times faster than {scanner}, at least {least}: {kept}"
        ));
    }
}

fn verdict(is_kept: bool) -> &'static str {
    if is_kept { "kept" } else { "missed" }
}

/// A server to look at.
struct Scene<'a> {
    nginx: &'a Nginx,
    port: u16,
    target: Arc<Target>,
    net: Arc<Net>,
}

impl<'a> Scene<'a> {
    fn new(nginx: &'a Nginx, pki: &Pki, port: u16) -> Self {
        let url = Url::parse(&format!("https://{NAME}/")).expect("a URL");
        let origin = Endpoint::of_url(&url).expect("a host and a port");
        let roots = Roots::Listed(Arc::new(vec![pki.root()]));
        let net = Net::new(NetSettings {
            allow: Allow { endpoints: vec![origin.clone()], networks: Vec::new() },
            connect_to: vec![Address::Ip(([127, 0, 0, 1], port).into())],
            origin,
            trust: Trust { roots, ..Trust::default() },
            // The pace is for other people's servers.
            budgets: Budgets { requests_per_second: 100_000, burst: 100_000, ..Budgets::default() },
            user_agent: "gonogo/bench".to_owned(),
            redactor: Redactor::default(),
            requests: Arc::default(),
        });
        let target =
            Target { name: "shop".to_owned(), url, profile: None, labels: BTreeMap::new() };
        let net = net.expect("authorities that can be read");
        Self { nginx, port, target: Arc::new(target), net }
    }

    /// Visits by a probe that remembers nothing, so that its tier is asked each time.
    async fn visits(&self, depth: &str) -> Cost {
        let armed = arm(kind(), &json!({ "depth": depth }));
        self.visit(armed.as_ref(), &Arc::default()).await;
        let (began, mut walls) = (Instant::now(), Vec::new());
        let (ours, connections, server) = (cpu(), self.nginx.accepted(), self.nginx.cpu());
        let mut looks = 0;
        while looks < VISITS && (looks == 0 || began.elapsed() < LASTING) {
            let started = Instant::now();
            self.visit(armed.as_ref(), &Arc::default()).await;
            walls.push(started.elapsed().as_secs_f64());
            looks += 1;
        }
        let (ours, server) = (cpu().saturating_sub(ours), self.nginx.cpu().saturating_sub(server));
        Cost {
            wall: Duration::from_secs_f64(median(walls)),
            cpu: Some(ours / looks),
            connections: f64::from(self.nginx.accepted() - connections) / f64::from(looks),
            server: server / looks,
            looks,
        }
    }

    /// Bytes that a target takes once all tiers were asked.
    async fn remembered(&self) -> u64 {
        let armed = arm(kind(), &json!({}));
        let (mut memories, mut before) = (Vec::new(), 0);
        for i in 0..BEFOREHAND + REMEMBERED {
            if i == BEFOREHAND {
                before = resident();
            }
            let memory = Arc::default();
            self.visit(armed.as_ref(), &memory).await;
            memories.push(memory);
        }
        resident().saturating_sub(before) / REMEMBERED as u64
    }

    async fn visit(&self, armed: &dyn Armed, memory: &Arc<Memory>) {
        let report = armed.run(&self.prepare(memory)).await;
        assert!(report.obstructed.is_none(), "{:?}", report.obstructed);
        for finding in &report.findings {
            assert!(!matches!(finding.outcome, Outcome::Unknown(_)), "{finding:?}");
        }
    }

    fn prepare(&self, memory: &Arc<Memory>) -> Visit {
        #[expect(clippy::disallowed_methods, reason = "certificates are made in real time")]
        let at = SystemTime::now();
        let target = Arc::clone(&self.target);
        let net = self
            .net
            .session(Footprint::Passive)
            .for_requests(kind().needs.expect("it has ordinary visits").requests);
        Visit::new(target, net, at, kind().needs.expect("it has ordinary visits").deadline)
            .with_memory(Arc::clone(memory))
    }

    /// Runs of a scanner; `None` where it is not installed.
    fn scan(&self, scanner: &Scanner, looks: u32) -> Option<Cost> {
        let mut walls = Vec::new();
        let (connections, server) = (self.nginx.accepted(), self.nginx.cpu());
        for _ in 0..looks {
            let mut command = Command::new(scanner.name);
            command.args(scanner.arguments).arg(format!("127.0.0.1:{}", self.port));
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            let started = Instant::now();
            match command.status() {
                Err(error) if error.kind() == ErrorKind::NotFound => return None,
                // Their statuses tell what they found, each in its own way.
                ended => ended.expect("a scanner that can be run"),
            };
            walls.push(started.elapsed().as_secs_f64());
        }
        Some(Cost {
            wall: Duration::from_secs_f64(median(walls)),
            cpu: None,
            connections: f64::from(self.nginx.accepted() - connections) / f64::from(looks),
            server: self.nginx.cpu().saturating_sub(server) / looks,
            looks,
        })
    }
}

/// Somebody else's way to do it.
struct Scanner {
    name: &'static str,
    arguments: &'static [&'static str],
    /// How to come by it.
    install: &'static str,
}

const SCANNERS: &[Scanner] = &[
    Scanner { name: "sslscan", arguments: &["--no-colour"], install: "apt-get install sslscan" },
    Scanner { name: "sslyze", arguments: &[], install: "pip install sslyze" },
    Scanner {
        name: "testssl",
        arguments: &["--quiet", "--color", "0", "--warnings", "off"],
        install: "apt-get install testssl.sh",
    },
];

fn kind() -> &'static Kind {
    CATALOGUE.iter().find(|kind| kind.name == "tls").expect("the probe is in the catalogue")
}

/// A sound certificate with an RSA key, which more suites work with than with any other.
fn by_rsa(pki: &Pki) -> Certified {
    let key = KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, RsaKeySize::_2048);
    let key = key.expect("an RSA key");
    let mut params = CertificateParams::new(vec![NAME.to_owned()]).expect("a name");
    (params.not_before, params.not_after) = validity(1, 60);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
    let leaf = params.signed_by(&key, pki.issuer()).expect("a leaf that can be signed");
    let chain = vec![leaf.der().clone(), pki.intermediate()];
    Certified { chain, key: PrivatePkcs8KeyDer::from(key.serialize_der()).into() }
}

const SOUND: u16 = 18_444;
const PERMISSIVE: u16 = 18_445;
const STATUS: u16 = 18_446;

/// TLSRef's intermediate profile.
const INTERMEDIATE: &str = "ssl_protocols TLSv1.2 TLSv1.3; ssl_prefer_server_ciphers off;
    ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305;";

/// Everything that Debian's OpenSSL has.
const EVERYTHING: &str = concat!(
    "ssl_protocols TLSv1 TLSv1.1 TLSv1.2; ssl_ciphers ALL:COMPLEMENTOFALL:eNULL:aNULL:@SECLEVEL=0; ssl_dhparam ",
    env!("CARGO_MANIFEST_DIR"),
    "/probes/tls/fixtures/dh1024.pem;"
);

/// An nginx of one process with both servers, which counts its connections.
struct Nginx {
    child: Child,
    /// How often it was asked for its counts.
    asked: Cell<u32>,
}

impl Nginx {
    fn start(directory: &Path, certified: &Certified) -> Self {
        let (chain, key) = certified.pem();
        std::fs::write(directory.join("chain.pem"), chain).expect("written");
        std::fs::write(directory.join("key.pem"), key).expect("written");
        let here = directory.display();
        let config = format!(
            "daemon off; master_process off; pid {here}/pid; error_log {here}/error.log;
             events {{ worker_connections 1024; }}
             http {{ access_log off; client_body_temp_path {here}/b; proxy_temp_path {here}/p;
               fastcgi_temp_path {here}/f; uwsgi_temp_path {here}/u; scgi_temp_path {here}/s;
               ssl_certificate {here}/chain.pem; ssl_certificate_key {here}/key.pem;
               server {{ listen 127.0.0.1:{SOUND} ssl http2; {INTERMEDIATE} return 200 'ok'; }}
               server {{ listen 127.0.0.1:{PERMISSIVE} ssl http2; {EVERYTHING} return 200 'ok'; }}
               server {{ listen 127.0.0.1:{STATUS}; stub_status; }} }}"
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
        while TcpStream::connect(("127.0.0.1", STATUS)).is_err() {
            std::thread::sleep(Duration::from_millis(20));
        }
        Self { child, asked: Cell::new(0) }
    }

    /// Connections that it has accepted so far, without those that asked for this.
    fn accepted(&self) -> u32 {
        let mut stream = TcpStream::connect(("127.0.0.1", STATUS)).expect("its status");
        stream.write_all(b"GET / HTTP/1.0\r\n\r\n").expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        let counts = answer.split("handled requests").nth(1).expect("the counts");
        let accepted: u32 =
            counts.split_whitespace().next().and_then(|n| n.parse().ok()).expect("a number");
        self.asked.set(self.asked.get() + 1);
        accepted - self.asked.get()
    }

    /// CPU time that it has taken so far.
    fn cpu(&self) -> Duration {
        let path = format!("/proc/{}/schedstat", self.child.id());
        let times = std::fs::read_to_string(path).expect("the kernel keeps count");
        let nanoseconds = times.split(' ').next().and_then(|time| time.parse().ok());
        Duration::from_nanos(nanoseconds.expect("a time"))
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
