//! A deployment on loopback, for `gonogo demo` and for the daemon's tests: a sound service over TLS, and
//! one whose certificate has expired and whose readiness endpoint says `ok` while its database is
//! down. The flaws can be mended, and made again, while gonogo watches.

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
    management: Server,
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
        let sound =
            Server::https(pki.leaf(&["localhost"]).server_config(), |asked| healthy(&asked)).await;
        let renewed = pki.leaf(&["localhost"]).server_config();
        let expired = pki.leaf_with(&["localhost"], |params| {
            (params.not_before, params.not_after) = (validity(91, 0).0, validity(1, 0).0);
        });
        let expired = expired.server_config();
        let flawed = Server::https(expired.clone(), |asked| page(&asked)).await;
        let mended = watch::Sender::new(false);
        let mut tasks = JoinSet::new();
        let socket = TcpSocket::new_v4()?;
        socket.bind((Ipv4Addr::LOCALHOST, 0).into())?;
        let database = socket.local_addr()?;
        tasks.spawn(be_a_database(socket, database, mended.subscribe()));
        let (certificate, mut changes) = (flawed.certificate(), mended.subscribe());
        tasks.spawn(async move {
            while changes.changed().await.is_ok() {
                let config = if *changes.borrow() { &renewed } else { &expired };
                certificate.renew(config.clone());
            }
        });
        let lever = mended.clone();
        let deployment = Self {
            sound,
            flawed,
            management: Server::http(|asked| healthy(&asked)).await,
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
        let sound = self.sound.url_as("localhost", "/");
        let flawed = self.flawed.url_as("localhost", "/");
        let management = self.management.address();
        let database = self.database;
        format!(
            "# Two services on this machine, watched by `gonogo demo`.
targets:
  - name: sound
    url: {sound}
    profile: api
    interval: 2s
    trust: {{ ca_file: ca.pem }}
    probes:
      - health: {{ ready: /readyz, live: /livez }}

  - name: flawed
    url: {flawed}
    profile: api
    interval: 2s
    trust: {{ ca_file: ca.pem }}
    probes:
      - health:
          ready: http://{management}/readyz
          live: http://{management}/livez
          depends:
            - {{ name: database, tcp: '{database}' }}
"
        )
    }
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
fn healthy(asked: &Asked) -> Answer {
    let answer = match asked.path.as_str() {
        "/readyz" => Answer::json(200, r#"{"status":"ok","checks":{"database":{"status":"ok"}}}"#),
        "/livez" => Answer::text(200, "ok"),
        _ => return page(asked),
    };
    answer.header("cache-control", "no-store")
}

fn page(asked: &Asked) -> Answer {
    let answer = match asked.path.as_str() {
        "/" => Answer::text(200, "This is the demo's shop.\n"),
        _ => Answer::text(404, "Not found.\n"),
    };
    answer
        .header("strict-transport-security", "max-age=31536000; includeSubDomains")
        .header("x-content-type-options", "nosniff")
}

fn control(mended: &watch::Sender<bool>, asked: &Asked) -> Answer {
    match (asked.method.as_str(), asked.path.as_str()) {
        ("POST", "/mend") => {
            mended.send_replace(true);
            Answer::text(200, "Mended: a new certificate, and the database is up.\n")
        }
        ("POST", "/break") => {
            mended.send_replace(false);
            Answer::text(200, "Broken: the certificate has expired, and the database is down.\n")
        }
        _ => Answer::text(404, "POST /mend or /break.\n"),
    }
}
