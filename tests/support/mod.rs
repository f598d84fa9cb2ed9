//! The binary under test, and what the tests need around it.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

/// How long a test waits for something that will happen. Nothing is measured by it.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// A command of the binary under test, in an empty environment but for the path.
pub(crate) fn gonogo(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gonogo"));
    command.args(arguments).env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command
}

/// Runs a command of the binary to its end.
pub(crate) fn run(arguments: &[&str]) -> Output {
    gonogo(arguments).output().expect("the binary runs")
}

/// What a finished command printed on stdout.
pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What a finished command printed on stderr.
pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A directory with a configuration in it.
pub(crate) struct Site {
    directory: tempfile::TempDir,
}

impl Site {
    /// A directory with this configuration.
    pub(crate) fn new(yaml: &str) -> Self {
        let site = Self { directory: tempfile::tempdir().expect("a directory") };
        site.write("gonogo.yaml", yaml);
        site
    }

    /// Writes a file beside the configuration.
    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, text).expect("written");
        path
    }

    /// The path of a file beside the configuration.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The configuration's path, as an argument.
    pub(crate) fn config(&self) -> String {
        self.path("gonogo.yaml").display().to_string()
    }

    /// Runs `gonogo check` on the configuration.
    pub(crate) fn check(&self, more: &[&str]) -> Output {
        let config = self.config();
        let arguments: Vec<&str> =
            ["check", "--config.file", &config].into_iter().chain(more.iter().copied()).collect();
        run(&arguments)
    }

    /// Runs `gonogo check` and reads its JSON report.
    pub(crate) fn report(&self, more: &[&str]) -> (Option<i32>, Value) {
        let output = self.check(&[&["--output", "json"], more].concat());
        let report = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", stderr(&output)));
        (output.status.code(), report)
    }

    /// Starts `gonogo serve` on the configuration.
    pub(crate) fn serve(&self, more: &[&str]) -> Daemon {
        let (config, storage) = (self.config(), self.path("state").display().to_string());
        let arguments = ["serve", "--config.file", &config, "--web.listen-address", "127.0.0.1:0"];
        let kept = ["--storage.path", &storage];
        let kept = if more.contains(&"--storage.none") { &[][..] } else { &kept };
        Daemon::start(&[&arguments[..], kept, more].concat())
    }
}

/// A finding of a JSON report, by target and check.
pub(crate) fn finding<'a>(report: &'a Value, target: &str, check: &str) -> &'a Value {
    let targets = report["targets"].as_array().expect("targets");
    let target = targets.iter().find(|known| known["name"] == target).expect("the target");
    let findings = target["findings"].as_array().expect("findings");
    findings.iter().find(|known| known["check"] == check).unwrap_or_else(|| panic!("no {check}"))
}

/// The checks of a target that have this status.
pub(crate) fn checks(report: &Value, target: &str, status: &str) -> Vec<String> {
    let targets = report["targets"].as_array().expect("targets");
    let target = targets.iter().find(|known| known["name"] == target).expect("the target");
    let findings = target["findings"].as_array().expect("findings").iter();
    let having = findings.filter(|finding| finding["status"] == status);
    having.map(|finding| finding["check"].as_str().expect("an id").to_owned()).collect()
}

/// A running daemon; killed when dropped.
pub(crate) struct Daemon {
    child: Child,
    lines: Receiver<String>,
    /// What it said so far.
    pub(crate) said: Vec<String>,
    /// Where it listens.
    pub(crate) address: SocketAddr,
}

impl Daemon {
    fn start(arguments: &[&str]) -> Self {
        let mut child = gonogo(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        let lines = read_lines(child.stderr.take().expect("piped"));
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut daemon = Self { child, lines, said: Vec::new(), address };
        let ready = daemon.wait_for("gonogo is ready");
        let address = ready.split("addresses=").nth(1).expect("an address");
        let address = address.split([' ', ',']).next().expect("an address").trim_matches('"');
        daemon.address = address.parse().expect("an address");
        daemon
    }

    /// Waits until the daemon says something with `text` in it, and returns that line.
    pub(crate) fn wait_for(&mut self, text: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let line = self.lines.recv_timeout(left).unwrap_or_else(|_| {
                panic!("the daemon never said `{text}`; it said:\n{}", self.said.join("\n"))
            });
            let line = anstream::adapter::strip_str(&line).to_string();
            self.said.push(line.clone());
            if line.contains(text) {
                return line;
            }
        }
    }

    /// Gets a path; panics unless the status is 200.
    pub(crate) fn get(&self, path: &str) -> String {
        let (status, body) = self.request("GET", path, "");
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    /// Gets a JSON document.
    pub(crate) fn json(&self, path: &str) -> Value {
        serde_json::from_str(&self.get(path)).expect("JSON")
    }

    /// Sends a request with more header lines, each ending in CRLF.
    pub(crate) fn request(&self, method: &str, path: &str, header: &str) -> (u16, String) {
        http(self.address, method, path, header).expect("the daemon answers")
    }

    /// Asks until `enough` is content with the answer, and returns it.
    pub(crate) fn wait_until(&self, path: &str, enough: impl Fn(&str) -> bool) -> String {
        wait_until(&format!("{path} to be so"), || Some(self.get(path)).filter(|body| enough(body)))
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args([&format!("-{signal}"), &pid]).status();
        assert!(sent.expect("kill runs").success());
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it as a machine that fails would, in the middle of whatever it does.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it can be waited for");
    }

    /// All it said, once it has ended.
    pub(crate) fn rest(&mut self) -> Vec<String> {
        self.said.extend(self.lines.iter());
        self.said.clone()
    }

    /// Waits for the end.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        wait_until("the daemon to end", || self.child.try_wait().expect("it can be waited for"))
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Looks again and again until there is something to be seen.
pub(crate) fn wait_until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// One HTTP exchange with a server on this machine.
pub(crate) fn http(
    address: SocketAddr,
    method: &str,
    path: &str,
    header: &str,
) -> std::io::Result<(u16, String)> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: 0\r\n{header}\r\n"
    );
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    let chunked = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
    Ok((status, if chunked { unchunk(body) } else { body.to_owned() }))
}

fn unchunk(mut body: &str) -> String {
    let mut whole = String::new();
    while let Some((size, rest)) = body.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).expect("a chunk size");
        if size == 0 {
            break;
        }
        whole.push_str(&rest[..size]);
        body = &rest[size + 2..];
    }
    whole
}

/// Lines of a pipe, as they come.
pub(crate) fn read_lines(pipe: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

/// A port that was free a moment ago, for servers that cannot take port 0.
pub(crate) fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("bound").port()
}

/// A tool that the tests need; says how to get it.
pub(crate) fn tool(name: &str, package: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let beside = ["/usr/sbin", "/sbin"].into_iter().map(PathBuf::from);
    let found = std::env::split_paths(&path).chain(beside).map(|dir| dir.join(name));
    let mut found = found.filter(|path: &PathBuf| Path::exists(path));
    found.next().unwrap_or_else(|| panic!("{name} is missing: apt-get install {package}"))
}

/// A server of another's, started for a test; killed when dropped.
pub(crate) struct Tool(pub(crate) Child);

impl Drop for Tool {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
