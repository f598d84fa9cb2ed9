//! Databases, brokers and mail servers as Debian has them, each in a folder of its own.

use std::{
    fs::{self, Permissions},
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use tempfile::TempDir;
use tokio::{net::TcpStream, time};

use crate::contract::specimen::Certified;

/// A program that listens on loopback; stopped when dropped.
pub(super) struct Program {
    pub(super) port: u16,
    folder: TempDir,
    child: Child,
}

impl Program {
    /// What it has written to its standard output and error.
    pub(super) fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// What it has logged as an error, where it is nginx.
    pub(super) fn errors(&self) -> String {
        fs::read_to_string(self.folder.path().join("error.log")).unwrap_or_default()
    }

    /// Waits until it has written this.
    pub(super) async fn says(&self, text: &str) {
        for _ in 0..1500 {
            if self.log().contains(text) {
                return;
            }
            time::sleep(Duration::from_millis(20)).await;
        }
        panic!("it does not say `{text}`: {}", self.log());
    }

    /// Starts a command and waits until it listens. None of these programs can be asked to pick a port
    /// and say which, and another test may take this one first.
    async fn start(folder: TempDir, command: impl Fn(&Path, u16) -> Command) -> Self {
        let log = folder.path().join("log");
        for _ in 0..5 {
            let port = free_port();
            let output = fs::File::create(&log).expect("a file");
            let mut command = command(folder.path(), port);
            command.current_dir(folder.path()).stdin(Stdio::null());
            command.stdout(output.try_clone().expect("a file")).stderr(output);
            let mut child = command.spawn().expect("a program that can be run");
            for _ in 0..1500 {
                if child.try_wait().expect("a child").is_some() {
                    break;
                }
                if listens(port).await {
                    return Self { port, folder, child };
                }
                time::sleep(Duration::from_millis(20)).await;
            }
            let _ = child.kill();
            let _ = child.wait();
        }
        panic!("it does not start: {}", fs::read_to_string(log).unwrap_or_default());
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // PostgreSQL has children, and tells them only if it is asked to stop.
        let _ = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status();
        for _ in 0..250 {
            if self.child.try_wait().is_ok_and(|ended| ended.is_some()) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[expect(clippy::disallowed_methods, reason = "a test waits for its own server")]
async fn listens(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).await.is_ok()
}

/// PostgreSQL with this certificate, and TLS switched on or off.
pub(super) async fn postgresql(certified: &Certified, ssl: &str) -> Program {
    let folder = with_certificate(certified);
    let initdb = postgresql_program("initdb");
    let mut made = as_user("postgres", &initdb);
    made.args(["-A", "trust", "-N", "-D", "data"]).current_dir(folder.path());
    let made = made.output().expect("initdb runs");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let server = postgresql_program("postgres");
    Program::start(folder, |folder, port| {
        let mut command = as_user("postgres", &server);
        command.args(["-D", "data", "-F", "-p", &port.to_string()]);
        for (name, value) in [
            ("listen_addresses", "127.0.0.1"),
            ("unix_socket_directories", ""),
            ("lc_messages", "C"),
            ("ssl", ssl),
            ("ssl_cert_file", &in_folder(folder, "chain.pem")),
            ("ssl_key_file", &in_folder(folder, "key.pem")),
        ] {
            command.args(["-c", &format!("{name}={value}")]);
        }
        command
    })
    .await
}

/// PgBouncer before a database that does not exist, with this `client_tls_sslmode`.
pub(super) async fn pgbouncer(certified: &Certified, mode: &str) -> Program {
    let program = program("pgbouncer", "pgbouncer");
    Program::start(with_certificate(certified), |folder, port| {
        let here = folder.display();
        let config = format!(
            "[databases]\nx = host=127.0.0.1 port=1\n[pgbouncer]\nlisten_addr = 127.0.0.1\n\
             listen_port = {port}\nunix_socket_dir =\nauth_type = any\nclient_tls_sslmode = {mode}\n\
             client_tls_cert_file = {here}/chain.pem\nclient_tls_key_file = {here}/key.pem\n"
        );
        fs::write(folder.join("pgbouncer.ini"), config).expect("written");
        let mut command = as_user("postgres", &program);
        command.arg("pgbouncer.ini");
        command
    })
    .await
}

/// A mail server: aiosmtpd, with or without STARTTLS.
pub(super) async fn mail_server(certified: &Certified, starttls: bool) -> Program {
    // Where Debian's packages of Python are.
    let python = program("/usr/bin/python3", "python3-aiosmtpd");
    let has = Command::new(&python).args(["-c", "import aiosmtpd"]).output().expect("Python runs");
    assert!(has.status.success(), "aiosmtpd is missing: apt-get install python3-aiosmtpd");
    Program::start(with_certificate(certified), |_, port| {
        let mut command = Command::new(&python);
        command.args(["-c", MAIL_SERVER, &port.to_string()]);
        if starttls {
            command.args(["chain.pem", "key.pem"]);
        }
        command
    })
    .await
}

const MAIL_SERVER: &str = "
import asyncio, ssl, sys
from aiosmtpd.smtp import SMTP

async def main(port, *certificate):
    context = None
    if certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*certificate)
    smtp = lambda: SMTP(object(), tls_context=context, hostname='mail.example')
    loop = asyncio.get_running_loop()
    server = await loop.create_server(smtp, '127.0.0.1', int(port))
    await server.serve_forever()

asyncio.run(main(*sys.argv[1:]))
";

/// Mosquitto, an MQTT broker, with TLS from the first byte.
pub(super) async fn mosquitto(certified: &Certified) -> Program {
    let program = program("mosquitto", "mosquitto");
    Program::start(with_certificate(certified), |folder, port| {
        let here = folder.display();
        let config = format!(
            "listener {port} 127.0.0.1\nallow_anonymous true\nuser root\ncertfile {here}/chain.pem\n\
             keyfile {here}/key.pem\n"
        );
        fs::write(folder.join("mosquitto.conf"), config).expect("written");
        let mut command = Command::new(&program);
        command.args(["-c", "mosquitto.conf"]);
        command
    })
    .await
}

/// Redis with TLS from the first byte.
pub(super) async fn redis(certified: &Certified) -> Program {
    let program = program("redis-server", "redis-server");
    Program::start(with_certificate(certified), |_, port| {
        let mut command = Command::new(&program);
        command.args(["--bind", "127.0.0.1", "--port", "0", "--tls-port", &port.to_string()]);
        command.args(["--tls-cert-file", "chain.pem", "--tls-key-file", "key.pem"]);
        command.args(["--tls-ca-cert-file", "chain.pem", "--tls-auth-clients", "no", "--save", ""]);
        command
    })
    .await
}

/// nginx with this certificate, and more lines of its configuration: `http` outside its server, `server`
/// in it. Its log has errors and worse.
pub(super) async fn nginx(certified: &Certified, http: &str, server: &str) -> Program {
    let program = program("nginx", "nginx-light");
    Program::start(with_certificate(certified), |folder, port| {
        let here = folder.display();
        let server = server.replace("{port}", &port.to_string());
        let http = http.replace("{port}", &port.to_string());
        let config = format!(
            "daemon off; master_process off; pid {here}/nginx.pid; error_log {here}/error.log error;
             events {{ worker_connections 64; }}
             http {{
               access_log off; client_body_temp_path {here}/b; proxy_temp_path {here}/p;
               fastcgi_temp_path {here}/f; uwsgi_temp_path {here}/u; scgi_temp_path {here}/s;
               {http}
               server {{
                 listen 127.0.0.1:{port} ssl http2; server_name shop.example;
                 ssl_certificate chain.pem; ssl_certificate_key key.pem;
                 {server}
               }}
             }}"
        );
        fs::write(folder.join("nginx.conf"), config).expect("written");
        let mut command = Command::new(&program);
        command.args(["-e", "stderr", "-p"]).arg(folder).arg("-c").arg(folder.join("nginx.conf"));
        command
    })
    .await
}

/// OpenSSL's own server with this certificate and these options. It serves one client at a time.
pub(super) async fn s_server(certified: &Certified, options: &[&str]) -> Program {
    let program = program("openssl", "openssl");
    let folder = with_certificate(certified);
    let (chain, _) = certified.pem();
    let (_, rest) = chain.split_once("-----END CERTIFICATE-----").expect("an intermediate");
    fs::write(folder.path().join("rest.pem"), rest.trim_start()).expect("written");
    Program::start(folder, |_, port| {
        let mut command = Command::new(&program);
        command.args(["s_server", "-accept", &format!("127.0.0.1:{port}"), "-quiet"]);
        command.args(["-cert", "chain.pem", "-key", "key.pem", "-cert_chain", "rest.pem"]);
        command.args(options);
        command
    })
    .await
}

/// GnuTLS' own server with this certificate and these priorities.
pub(super) async fn gnutls_serv(certified: &Certified, priorities: &str) -> Program {
    let program = program("gnutls-serv", "gnutls-bin");
    Program::start(with_certificate(certified), |_, port| {
        let mut command = Command::new(&program);
        command.args(["--echo", "--noticket", "--priority", priorities, "-p", &port.to_string()]);
        command.args(["--x509certfile", "chain.pem", "--x509keyfile", "key.pem"]);
        command
    })
    .await
}

/// A folder with the certificate and its key, of the user the programs run as.
fn with_certificate(certified: &Certified) -> TempDir {
    let folder = tempfile::Builder::new().prefix("gonogo-tls-").tempdir().expect("a folder");
    let (chain, key) = certified.pem();
    let path = folder.path();
    fs::write(path.join("chain.pem"), chain).expect("written");
    fs::write(path.join("key.pem"), key).expect("written");
    // Who reads it must own it and nobody else may.
    fs::set_permissions(path.join("key.pem"), Permissions::from_mode(0o600)).expect("set");
    if is_root() {
        let owned = Command::new("chown").args(["-R", "postgres"]).arg(path).status();
        assert!(owned.is_ok_and(|status| status.success()), "apt-get install postgresql");
    }
    folder
}

/// A command of another user where we are root: neither PostgreSQL nor PgBouncer runs as root.
fn as_user(user: &str, program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.arg(format!("--reuid={user}")).arg(format!("--regid={user}"));
    command.arg("--clear-groups").arg(program);
    command
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0)
}

fn program(name: &str, package: &str) -> PathBuf {
    let folders = ["/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin"];
    let mut found = folders.iter().map(|folder| Path::new(folder).join(name));
    let found = found.find(|path| path.exists());
    found.unwrap_or_else(|| panic!("{name} is missing: apt-get install {package}"))
}

/// Debian keeps each version of PostgreSQL in a folder of its own.
fn postgresql_program(name: &str) -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found = versions.map(|version| version.path().join("bin").join(name));
    let found = found.find(|path| path.exists());
    found.unwrap_or_else(|| panic!("{name} is missing: apt-get install postgresql"))
}

fn in_folder(folder: &Path, name: &str) -> String {
    folder.join(name).display().to_string()
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback has free ports");
    listener.local_addr().expect("an address").port()
}
