//! Streams, with a real PostgreSQL at the other end.

use std::{
    io,
    os::unix::fs::MetadataExt,
    path::Path,
    pin::Pin,
    process::Stdio,
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf},
    process::Command,
};
use tokio_postgres::tls::{ChannelBinding, TlsConnect, TlsStream};

use super::{
    super::{Security, StartTls, StartTlsError, Stream, StreamOptions},
    *,
};
use crate::contract::{
    Obstacle,
    setting::TrustSetting,
    specimen::{Certified, Pki},
};

#[tokio::test]
async fn a_session_with_postgresql_runs_over_tls_that_scram_is_bound_to() {
    let pki = Pki::new();
    let postgres = Postgres::start(&pki.leaf(&["127.0.0.1"])).await;
    let web = url("http", answering("").await);
    let mut settings = settings(&web);
    settings.allow.endpoints.push(postgres.endpoint.clone());
    let session = session(settings);
    // The database has an authority of its own, which the target's `trust` knows nothing of.
    let file = postgres.folder.path().join("ca.pem");
    std::fs::write(&file, pki.root_pem()).expect("written");
    let trust = Trust { roots: Roots::from_file(&file).expect("a root"), ..Trust::default() };
    let options =
        StreamOptions { trust: Some(trust.ready().expect("sound")), ..StreamOptions::default() };
    let security = Security::StartTls(StartTls::Postgres);
    let stream = soon(session.stream(&postgres.endpoint, security, options)).await.expect("TLS");
    assert_eq!(stream.negotiated().expect("TLS").version, "TLSv1.3");
    assert!(!stream.phases().tls.is_zero());

    let mut config = tokio_postgres::Config::new();
    config
        .user("prober")
        .password(PASSWORD)
        .dbname("postgres")
        .ssl_mode(tokio_postgres::config::SslMode::Require)
        // The net has asked for TLS already.
        .ssl_negotiation(tokio_postgres::config::SslNegotiation::Direct)
        .channel_binding(tokio_postgres::config::ChannelBinding::Require);
    let connected = config.connect_raw(stream, Secured).await;
    let (client, mut connection) = connected.expect("a session");
    let asking = async {
        let ssl = "SELECT ssl, version FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
        client.query_one(ssl, &[]).await.expect("a row")
    };
    let row = tokio::select! {
        row = asking => row,
        ended = std::future::poll_fn(|cx| Pin::new(&mut connection).poll(cx)) => panic!("{ended:?}"),
    };
    assert_eq!((row.get::<_, bool>(0), row.get::<_, &str>(1)), (true, "TLSv1.3"));
    drop(client);
    soon(connection).await.expect("a farewell");
    assert!(postgres.log().contains("method=scram-sha-256"), "{}", postgres.log());
}

#[tokio::test]
async fn a_certificate_that_the_databases_authority_does_not_know_ends_the_stream() {
    let pki = Pki::new();
    let postgres = Postgres::start(&pki.leaf(&["127.0.0.1"])).await;
    let web = url("http", answering("").await);
    let mut settings = settings(&web);
    settings.allow.endpoints.push(postgres.endpoint.clone());
    let session = session(settings);
    let security = Security::StartTls(StartTls::Postgres);
    let refused = session.stream(&postgres.endpoint, security, StreamOptions::default());
    let refused = soon(refused).await.expect_err("not known");
    let StartTlsError::Obstructed(obstructed) = refused else { panic!("{refused}") };
    assert_eq!(obstructed.obstacle, Obstacle::Tls);

    let setting: TrustSetting = serde_json::from_str(r#"{"roots": "mozilla"}"#).expect("settings");
    let trust = Some(setting.trusted().await.expect("compiled in"));
    let options = StreamOptions { trust, ..StreamOptions::default() };
    soon(session.stream(&postgres.endpoint, security, options)).await.expect_err("nor by Mozilla");
}

#[tokio::test]
async fn a_stream_counts_and_says_how_it_ended() {
    let address = server(|mut stream| async move {
        let mut word = [0; 4];
        stream.read_exact(&mut word).await.expect("a word");
        stream.write_all(b"and another").await.expect("sent");
    });
    let url = url("http", address.await);
    let endpoint = Endpoint::of_url(&url).expect("a host");
    let session = session(settings(&url));
    let opened = session.stream(&endpoint, Security::Plain, StreamOptions::default());
    let mut stream = soon(opened).await.expect("a stream");
    assert!(stream.negotiated().is_none() && stream.server_end_point().is_none());
    stream.write_all(b"word").await.expect("sent");
    let mut read = String::new();
    soon(stream.read_to_string(&mut read)).await.expect("read");
    let traffic = stream.traffic();
    assert_eq!((traffic.read, traffic.written), (11, 4));
    assert!(traffic.first_written < traffic.first_read, "{traffic:?}");
    assert_eq!(traffic.end.map(|(end, _)| end), Some(super::super::Ending::Closed));
}

#[tokio::test]
async fn a_stream_is_bounded() {
    let address =
        server(|mut stream| async move { while stream.write_all(&[b'x'; 4096]).await.is_ok() {} });
    let url = url("http", address.await);
    let endpoint = Endpoint::of_url(&url).expect("a host");
    let session = session(settings(&url));
    let options = StreamOptions { most: Some(10_000), ..StreamOptions::default() };
    let opened = session.stream(&endpoint, Security::Plain, options);
    let mut stream = soon(opened).await.expect("a stream");
    let mut read = Vec::new();
    let error = soon(stream.read_to_end(&mut read)).await.expect_err("too much");
    assert_eq!(stream.obstructed(&error).obstacle, Obstacle::OverBudget);
    let header = Budgets::default().header_bytes + (128 << 10);
    assert!(read.len() <= 10_000 + header + (64 << 10), "{}", read.len());
}

/// What tokio-postgres is told of a stream that has its TLS already.
struct Secured;

impl TlsConnect<Stream> for Secured {
    type Stream = Bound;
    type Error = io::Error;
    type Future = std::future::Ready<io::Result<Bound>>;

    fn connect(self, stream: Stream) -> Self::Future {
        std::future::ready(Ok(Bound(stream)))
    }
}

struct Bound(Stream);

impl TlsStream for Bound {
    fn channel_binding(&self) -> ChannelBinding {
        self.0.server_end_point().map_or_else(ChannelBinding::none, |digest| {
            ChannelBinding::tls_server_end_point(digest)
        })
    }
}

impl AsyncRead for Bound {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for Bound {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

/// A PostgreSQL that speaks TLS only and asks for a password by SCRAM.
struct Postgres {
    folder: tempfile::TempDir,
    endpoint: Endpoint,
}

impl Postgres {
    async fn start(certified: &Certified) -> Self {
        let folder = tempfile::Builder::new().prefix("gonogo-pg-").tempdir().expect("a folder");
        let path = folder.path().to_str().expect("a path that is text").to_owned();
        let file = |name: &str| folder.path().join(name);
        let (chain, key) = certified.pem();
        std::fs::write(file("chain.pem"), chain).expect("written");
        std::fs::write(file("key.pem"), key).expect("written");
        std::fs::write(file("password"), PASSWORD).expect("written");
        run("chmod", &["600", &format!("{path}/key.pem")], folder.path(), false).await;
        run("chown", &["-R", "postgres", &path], folder.path(), false).await;
        let (data, secret) = (format!("{path}/data"), format!("--pwfile={path}/password"));
        let made = ["-D", &data, "-A", "scram-sha-256", "-U", "prober", &secret, "-N"];
        assert!(run(&program("initdb"), &made, folder.path(), true).await, "initdb");
        let hba = "hostssl all all 127.0.0.1/32 scram-sha-256\n";
        std::fs::write(file("data/pg_hba.conf"), hba).expect("written");
        // PostgreSQL cannot be told to pick a port. Another test may take this one first.
        for _ in 0..5 {
            let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
            let port = listener.local_addr().expect("bound").port();
            drop(listener);
            let options = format!(
                "-p {port} -c listen_addresses=127.0.0.1 -k {path} -F -c ssl=on \
                 -c ssl_cert_file={path}/chain.pem -c ssl_key_file={path}/key.pem \
                 -c log_connections=on"
            );
            let log = format!("{path}/log");
            let start = ["-D", &data, "-l", &log, "-o", &options, "-w", "start"];
            if run(&program("pg_ctl"), &start, folder.path(), true).await {
                return Self { folder, endpoint: Endpoint::tcp("127.0.0.1", port) };
            }
        }
        panic!("PostgreSQL does not start");
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let file = self.folder.path().join("data/postmaster.pid");
        let pid = std::fs::read_to_string(file).unwrap_or_default();
        if let Some(pid) = pid.lines().next() {
            let _ = std::process::Command::new("kill").args(["-QUIT", pid]).status();
        }
    }
}

/// Runs a command, as the user `postgres` where we are root: PostgreSQL refuses to run as root.
async fn run(program: &str, args: &[&str], folder: &Path, as_user: bool) -> bool {
    let root = std::fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0);
    if !root && !as_user && program == "chown" {
        return true;
    }
    let mut command = if root && as_user {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", program]);
        command
    } else {
        Command::new(program)
    };
    command.args(args).current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null());
    command.stderr(Stdio::null()).status().await.is_ok_and(|status| status.success())
}

/// A program of PostgreSQL, where Debian keeps it.
fn program(name: &str) -> String {
    let versions = std::fs::read_dir("/usr/lib/postgresql").expect("PostgreSQL is installed");
    let version = versions.flatten().map(|entry| entry.path()).max().expect("a version");
    version.join("bin").join(name).to_str().expect("text").to_owned()
}

const PASSWORD: &str = "correct horse battery staple";
