//! Sending a signal to a process, by a handle that cannot mean another one.

use std::{
    fmt, fs, io,
    os::fd::OwnedFd,
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    param::clock_ticks_per_second,
    process::{Pid, PidfdFlags, Signal, getpid, pidfd_open, pidfd_send_signal},
};
use tokio::io::{Interest, unix::AsyncFd};

use super::{Addressee, Sent};
use crate::contract::{Obstacle, Obstructed, disk};

/// A process of this machine, held by its file descriptor: when it has ended, its number may be
/// another's, and this is not.
#[derive(Clone, Debug)]
pub struct Process {
    pid: Pid,
    handle: Arc<AsyncFd<OwnedFd>>,
}

impl Process {
    /// Its number.
    #[must_use]
    pub fn pid(&self) -> i32 {
        self.pid.as_raw_nonzero().get()
    }

    /// Waits until it has ended. What it ended with is only told to its parent.
    pub async fn ended(&self) {
        // A descriptor that cannot be watched is one of a process that is gone.
        if let Ok(mut ready) = self.handle.readable().await {
            ready.retain_ready();
        }
    }

    /// Whether it has ended.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        let mut watched = [PollFd::new(self.handle.get_ref(), PollFlags::IN)];
        let none = Timespec { tv_sec: 0, tv_nsec: 0 };
        poll(&mut watched, Some(&none)).is_ok_and(|ready| ready > 0)
    }

    pub(super) fn send(&self, signal: Sent) -> Result<(), Obstructed> {
        pidfd_send_signal(self.handle.get_ref(), signal.number()).map_err(|error| {
            let pid = self.pid();
            Obstacle::Local.because(format!("{signal} cannot be sent to process {pid}: {error}"))
        })
    }

    fn open(pid: Pid) -> Result<Self, Obstructed> {
        let number = pid.as_raw_nonzero();
        let opened = pidfd_open(pid, PidfdFlags::empty()).map_err(io::Error::from);
        #[expect(deprecated, reason = "it is unsound for what is not owned; this is")]
        let watched = |handle| AsyncFd::with_interest(handle, Interest::READABLE);
        let handle = opened.and_then(watched).map_err(|error| match error.raw_os_error() {
            Some(code) if code == rustix::io::Errno::SRCH.raw_os_error() => {
                Obstacle::Local.because(format!("there is no process {number}"))
            }
            _ => Obstacle::Local.because(format!("process {number} cannot be held: {error}")),
        })?;
        Ok(Self { pid, handle: Arc::new(handle) })
    }
}

impl Addressee {
    /// The process, if it may get a signal.
    pub(super) async fn process(&self) -> Result<Process, Obstructed> {
        let (number, written) = match (&self.pid, &self.pidfile) {
            (Some(pid), _) => (*pid, None),
            (None, Some(path)) => {
                let (number, written) = read(path).await?;
                (number, Some((path, written)))
            }
            (None, None) => {
                return Err(Obstacle::Local.because("neither `pid` nor `pidfile` is set"));
            }
        };
        let refuse =
            |why: &str| Err(Obstacle::NotAllowed.because(format!("process {number} {why}")));
        let pid = if number > 1 { Pid::from_raw(number) } else { None };
        let Some(pid) = pid else {
            return refuse("is none that gonogo sends signals to");
        };
        if pid == getpid() {
            return refuse("is gonogo itself");
        }
        // Held first and looked at then: what is seen is of the process that is held.
        let process = Process::open(pid)?;
        if shares_our_cgroup(number) && !is_our_child(number) {
            return refuse("runs in gonogo's own control group: its supervisor would end both");
        }
        if let Some((path, written)) = written
            && began(number).is_some_and(|began| began > written + SLACK)
        {
            let path = path.display();
            let why = format!("began after {path} was written, which names an earlier one");
            return refuse(&why);
        }
        Ok(process)
    }

    pub(super) fn mistake(&self) -> Option<String> {
        match (&self.pid, &self.pidfile) {
            (Some(_), Some(_)) => Some("both `pid` and `pidfile` are set; keep one".to_owned()),
            (None, None) => {
                Some("say which process gets the signal: `pidfile`, or `pid`".to_owned())
            }
            (Some(pid), None) if *pid <= 1 => {
                Some(format!("{pid} is no process that gonogo sends signals to"))
            }
            _ => None,
        }
    }
}

impl fmt::Display for Addressee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.pid, &self.pidfile) {
            (Some(pid), _) => write!(f, "{} to process {pid}", self.signal),
            (None, Some(path)) => {
                write!(f, "{} to the process that {} names", self.signal, path.display())
            }
            (None, None) => write!(f, "{}", self.signal),
        }
    }
}

impl Sent {
    const fn number(self) -> Signal {
        match self {
            Self::Term => Signal::TERM,
            Self::Int => Signal::INT,
            Self::Quit => Signal::QUIT,
            Self::Hup => Signal::HUP,
            Self::Kill => Signal::KILL,
        }
    }
}

impl fmt::Display for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Term => "SIGTERM",
            Self::Int => "SIGINT",
            Self::Quit => "SIGQUIT",
            Self::Hup => "SIGHUP",
            Self::Kill => "SIGKILL",
        })
    }
}

/// The number in a file, and when that was written.
async fn read(path: &Path) -> Result<(i32, SystemTime), Obstructed> {
    let shown = path.display();
    let told = |error: &dyn fmt::Display| Obstacle::Local.because(format!("{shown}: {error}"));
    let text = disk::read_file(path.to_owned(), MOST_BYTES).await.map_err(|error| told(&error))?;
    let written = fs::metadata(path).and_then(|it| it.modified()).map_err(|error| told(&error))?;
    let text = String::from_utf8_lossy(&text);
    let first = text.split_whitespace().next().unwrap_or_default();
    let number = first.parse().map_err(|_| told(&"no process number stands in it"))?;
    Ok((number, written))
}

/// Whether a process runs in the control group that we run in, where that is one of its own.
fn shares_our_cgroup(number: i32) -> bool {
    let group = |who: &str| fs::read_to_string(format!("/proc/{who}/cgroup")).ok();
    let (Some(ours), Some(its)) = (group("self"), group(&number.to_string())) else { return false };
    // In the root group everything runs that nobody has put elsewhere.
    let is_root = ours.lines().all(|line| line.ends_with(":/"));
    ours == its && !is_root
}

fn is_our_child(number: i32) -> bool {
    let parent = status(number, "PPid:").and_then(|text| text.parse::<i32>().ok());
    parent == Some(getpid().as_raw_nonzero().get())
}

fn status(number: i32, field: &str) -> Option<String> {
    let text = fs::read_to_string(format!("/proc/{number}/status")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(field))?;
    Some(line.trim().to_owned())
}

/// When a process began: so many ticks after the machine (proc(5), field 22 of `stat`).
fn began(number: i32) -> Option<SystemTime> {
    let stat = fs::read_to_string(format!("/proc/{number}/stat")).ok()?;
    // The name, which may hold anything, is in parentheses; the field after it is the third.
    let ticks: u64 = stat.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse().ok()?;
    let machine = fs::read_to_string("/proc/stat").ok()?;
    let boot = machine.lines().find_map(|line| line.strip_prefix("btime "))?;
    let boot = Duration::from_secs(boot.trim().parse().ok()?);
    let after = Duration::from_secs(ticks / clock_ticks_per_second().max(1));
    SystemTime::UNIX_EPOCH.checked_add(boot + after)
}

/// A process number and a line end are a few bytes.
const MOST_BYTES: u64 = 4 << 10;

/// A service writes its number after it has begun, and dates of files are coarse.
const SLACK: Duration = Duration::from_secs(2);
