//! Real servers with real middleware, each on a Unix socket of its own.

use std::{
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use tempfile::TempDir;

use crate::contract::net::Address;

/// A running server; killed when dropped.
pub(super) struct Running {
    child: Child,
    directory: TempDir,
}

impl Running {
    pub(super) fn address(&self) -> Address {
        Address::Unix(self.directory.path().join("socket"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(super) fn nginx() -> Running {
    let nginx = ["/usr/sbin/nginx", "/usr/bin/nginx", "/usr/local/sbin/nginx"]
        .map(PathBuf::from)
        .into_iter()
        .find(|path| path.exists())
        .expect("nginx is missing: .ci/run installs it, or apt-get install nginx-light");
    start(|directory| {
        let config = include_str!("nginx.conf").replace("@here@", &directory.to_string_lossy());
        let path = directory.join("nginx.conf");
        std::fs::write(&path, config).expect("written");
        std::fs::write(directory.join("users"), "u:{PLAIN}p\n").expect("written");
        let mut command = Command::new(nginx);
        command.args(["-e", "stderr", "-p"]).arg(directory).arg("-c").arg(path);
        command
    })
}

pub(super) fn express() -> Running {
    let modules = installed("express/node_modules", "cors");
    start(|directory| {
        let mut command = Command::new("node");
        command.arg(here("express/server.js")).arg(directory.join("socket"));
        command.env("NODE_PATH", modules);
        command
    })
}

/// One of the applications in `starlette/app.py`.
pub(super) fn starlette(application: &str) -> Running {
    let python = installed("starlette", "requirements.txt").join("bin/python");
    start(|directory| {
        let mut command = Command::new(python);
        command.args(["-m", "uvicorn", &format!("app:{application}"), "--log-level", "warning"]);
        command.arg("--app-dir").arg(here("starlette")).arg("--uds").arg(directory.join("socket"));
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        command
    })
}

/// A folder that `.ci/run` fills from a registry, if it did.
fn installed(folder: &str, member: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/cors").join(folder);
    assert!(
        folder.join(member).exists(),
        "{} is missing: `.ci/run install_middleware` installs it",
        folder.join(member).display()
    );
    folder
}

fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("cors/tests").join(path)
}

fn start(command: impl FnOnce(&Path) -> Command) -> Running {
    let directory = tempfile::tempdir().expect("a directory");
    let mut command = command(directory.path());
    let child = command.stdout(Stdio::null()).spawn();
    let child = child.unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
    let mut running = Running { child, directory };
    let socket = running.directory.path().join("socket");
    // Most say nothing when they begin to listen.
    for _ in 0..1500 {
        if UnixStream::connect(&socket).is_ok() {
            return running;
        }
        if let Ok(Some(status)) = running.child.try_wait() {
            panic!("{command:?} ended: {status}");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("{command:?} did not listen within 30 s");
}
