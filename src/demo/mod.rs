//! A deployment on loopback, for `gonogo demo`: a sound service, one that trusts every web site, is careless
//! with its cookies and says `ok` while its database is down, and one whose certificate has expired,
//! which hides whatever else there is. The flaws can be mended, and made again, while gonogo watches.

use std::{
    fs, io,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};

use gonogo_probes::contract::specimen::{Answer, Asked, Pki, Server, validity};
use tokio::{net::TcpSocket, sync::watch, task::JoinSet};

/// The running deployment. It stops when it is dropped.
#[derive(Debug)]
pub struct Deployment {
    sound: Server,
    flawed: Server,
    expired: Server,
    /// What answers without TLS, for the flawed service and for the others.
    plain: [Server; 2],
    database: SocketAddr,
    control: Server,
    mended: watch::Sender<bool>,
    directory: tempfile::TempDir,
    _tasks: JoinSet<()>,
}

impl Deployment {
    /// Starts the services on free ports, and writes a configuration that watches them.
    pub async fn start() -> io::Result<Self> {
        let pki = Pki::new();
        let valid = pki.leaf(&["localhost"]).server_config();
        let outdated = pki.leaf_with(&["localhost"], |params| {
            (params.not_before, params.not_after) = (validity(91, 0).0, validity(1, 0).0);
        });
        let outdated = outdated.server_config();
        let mended = watch::Sender::new(false);
        let state = mended.clone();
        let flawed =
            move |asked: Asked| if *state.borrow() { sound(&asked) } else { flawed(&asked) };
        let state = mended.clone();
        let plain = move |asked: Asked| if *state.borrow() { closed() } else { careless(&asked) };
        let expired = Server::https(outdated.clone(), |asked| sound(&asked)).await;
        let mut tasks = JoinSet::new();
        let socket = TcpSocket::new_v4()?;
        socket.bind((Ipv4Addr::LOCALHOST, 0).into())?;
        let database = socket.local_addr()?;
        tasks.spawn(be_a_database(socket, database, mended.subscribe()));
        let (certificate, mut changes) = (expired.certificate(), mended.subscribe());
        let renewed = valid.clone();
        tasks.spawn(async move {
            while changes.changed().await.is_ok() {
                let config = if *changes.borrow() { &renewed } else { &outdated };
                certificate.renew(config.clone());
            }
        });
        let lever = mended.clone();
        let deployment = Self {
            sound: Server::https(valid.clone(), |asked| sound(&asked)).await,
            flawed: Server::https(valid, flawed).await,
            expired,
            plain: [Server::http(plain).await, Server::http(|_| closed()).await],
            database,
            control: Server::http(move |asked| control(&lever, &asked)).await,
            mended,
            directory: tempfile::Builder::new().prefix("gonogo-demo-").tempdir()?,
            _tasks: tasks,
        };
        fs::write(deployment.directory().join("ca.pem"), pki.root_pem())?;
        fs::write(deployment.configuration(), deployment.yaml())?;
        Ok(deployment)
    }

    /// The configuration that watches it.
    pub fn configuration(&self) -> PathBuf {
        self.directory().join("gonogo.yaml")
    }

    /// Where the configuration and the authority's certificate are.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// The URL that mends or makes the flaws when `mend` or `break` is posted to it.
    pub fn control(&self) -> String {
        self.control.url("/").to_string()
    }

    /// Mends the flaws, or makes them again.
    pub fn set_mended(&self, mended: bool) {
        self.mended.send_replace(mended);
    }

    /// Whether the flaws are mended.
    pub fn is_mended(&self) -> bool {
        *self.mended.borrow()
    }

    fn yaml(&self) -> String {
        let [flawed, closed] = self.plain.each_ref().map(|server| server.address().port());
        let database = self.database;
        let depends =
            format!("\n          depends:\n            - {{ name: database, tcp: '{database}' }}");
        let targets = [
            target("sound", &self.sound, closed, ""),
            target("flawed", &self.flawed, flawed, &depends),
            target("expired", &self.expired, closed, ""),
        ];
        format!(
            "# Three services on this machine, watched by `gonogo demo`.\ntargets:\n{}",
            targets.join("\n")
        )
    }
}

/// A target of the configuration. Its probes look more often than they do by default, so that people
/// need not wait, and at a port of the demo's own instead of this machine's port 80.
fn target(name: &str, server: &Server, plain: u16, depends: &str) -> String {
    let url = server.url_as("localhost", "/");
    format!(
        "  - name: {name}
    url: {url}
    profile: api
    interval: 2s
    trust: {{ ca_file: ca.pem }}
    probes:
      - health:
          ready: /readyz
          live: /livez{depends}
      - cors: {{ interval: 5s }}
      - headers: {{ interval: 5s, port: {plain} }}
      - cookies: {{ interval: 5s, port: {plain} }}
      - plaintext: {{ interval: 5s, port: {plain} }}
"
    )
}

/// Accepts connections while the flaws are mended, and refuses them while they are not, at one address
/// that nobody else can take: it is bound throughout, and a socket that does not listen refuses.
async fn be_a_database(
    mut socket: TcpSocket,
    address: SocketAddr,
    mut mended: watch::Receiver<bool>,
) {
    while mended.wait_for(|mended| *mended).await.is_ok() {
        let Ok(listener) = socket.listen(16) else { return };
        loop {
            tokio::select! {
                // Whoever connects has learned all there is to learn.
                _ = listener.accept() => {}
                stopped = mended.wait_for(|mended| !mended) => {
                    if stopped.is_err() {
                        return;
                    }
                    break;
                }
            }
        }
        drop(listener);
        let Ok(again) = TcpSocket::new_v4() else { return };
        if again.set_reuseaddr(true).and_then(|()| again.bind(address)).is_err() {
            return;
        }
        socket = again;
    }
}

/// A service that answers as it should: on `/readyz` and `/livez` for machines, elsewhere for people.
fn sound(asked: &Asked) -> Answer {
    let answer = page(asked);
    let session = "__Host-session=demo; Secure; HttpOnly; SameSite=Lax; Path=/";
    let answer = if asked.path == "/" { answer.header("set-cookie", session) } else { answer };
    answer
        .header("strict-transport-security", "max-age=31536000; includeSubDomains")
        .header("x-content-type-options", "nosniff")
}

/// The same without care: every web site is trusted, the session's cookie is anybody's, nobody is told to
/// stay with TLS.
fn flawed(asked: &Asked) -> Answer {
    let answer = careless(asked);
    match asked.header("origin") {
        Some(origin) => answer
            .header("access-control-allow-origin", origin)
            .header("access-control-allow-credentials", "true"),
        None => answer,
    }
}

fn careless(asked: &Asked) -> Answer {
    let answer = page(asked).header("server", "shop/1.4.2");
    if asked.path == "/" { answer.header("set-cookie", "session=demo; Path=/") } else { answer }
}

fn page(asked: &Asked) -> Answer {
    let answer = match asked.path.as_str() {
        "/" => Answer::text(200, "This is the demo's shop.\n"),
        "/readyz" => Answer::json(200, r#"{"status":"ok","checks":{"database":{"status":"ok"}}}"#),
        "/livez" => Answer::text(200, "ok"),
        _ => Answer::text(404, "Not found.\n"),
    };
    answer.header("cache-control", "no-store")
}

/// What a service says to those who come without TLS.
fn closed() -> Answer {
    Answer::text(426, "Come by TLS.\n").header("upgrade", "TLS/1.2, HTTP/1.1")
}

fn control(mended: &watch::Sender<bool>, asked: &Asked) -> Answer {
    match (asked.method.as_str(), asked.path.as_str()) {
        ("POST", "/mend") => {
            mended.send_replace(true);
            Answer::text(200, "Mended: the flawed service, its database and the certificate.\n")
        }
        ("POST", "/break") => {
            mended.send_replace(false);
            Answer::text(200, "Broken: the flawed service, its database and the certificate.\n")
        }
        _ => Answer::text(404, "POST /mend or /break.\n"),
    }
}
