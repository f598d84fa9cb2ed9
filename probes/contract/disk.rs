//! Reading the operator's files without ever waiting for long: a pipe is no file, and a network mount
//! whose server is gone answers nothing for ever.

use std::{
    cell::{Cell, RefCell},
    fs::{self, File, FileType, OpenOptions},
    io::{self, Read as _},
    os::unix::fs::{FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::Duration,
};

use rustix::fs::OFlags;

/// Reads files on a thread of its own, which is left behind when the disk does not answer.
///
/// The first answer is waited for [`Disk::PATIENCE`]. After one that did not come, the others are
/// waited for a fiftieth of that, so that a thousand files of a dead mount do not take hours.
pub struct Disk {
    patience: Cell<Duration>,
    given_up: Cell<usize>,
    reader: RefCell<Option<Reader>>,
}

impl Disk {
    /// How long an answer is waited for.
    pub const PATIENCE: Duration = Duration::from_secs(10);

    /// A disk whose answers are waited for this long.
    pub fn with_patience(patience: Duration) -> Self {
        Self { patience: Cell::new(patience), given_up: Cell::new(0), reader: RefCell::default() }
    }

    /// The content of a regular file of at most `most` bytes, by whatever symbolic links it is reached.
    pub fn read(&self, path: &Path, most: u64) -> io::Result<Vec<u8>> {
        let path = path.to_owned();
        self.ask(move || read(&path, most))
    }

    /// Whatever `question` finds on the disk.
    pub fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        if self.given_up.get() >= MOST_GIVEN_UP || BLOCKED.load(Ordering::Relaxed) >= MOST_BLOCKED {
            let message = "too many other files did not answer to try this one";
            return Err(io::Error::new(io::ErrorKind::TimedOut, message));
        }
        let reader = self.reader.take().map_or_else(Reader::start, Ok)?;
        let (answer, answered) = mpsc::sync_channel(1);
        let question = Box::new(move || {
            // Nobody listens any more once the wait was given up.
            let _ = answer.send(question());
        });
        if reader.questions.send(question).is_err() {
            return Err(io::Error::other("the thread that reads files has ended"));
        }
        match answered.recv_timeout(self.patience.get()) {
            Ok(answer) => {
                self.reader.replace(Some(reader));
                answer
            }
            Err(RecvTimeoutError::Timeout) => {
                let waited = self.patience.get();
                if self.given_up.replace(self.given_up.get() + 1) == 0 {
                    self.patience.set(waited / 50);
                }
                reader.leave_behind();
                let message = format!("no answer within {}", humantime::format_duration(waited));
                Err(io::Error::new(io::ErrorKind::TimedOut, message))
            }
            Err(RecvTimeoutError::Disconnected) => Err(io::Error::other("reading it panicked")),
        }
    }
}

impl Default for Disk {
    fn default() -> Self {
        Self::with_patience(Self::PATIENCE)
    }
}

/// Reads a regular file of at most `most` bytes, as [`Disk::read`] does, from a task.
pub async fn read_file(path: PathBuf, most: u64) -> io::Result<Vec<u8>> {
    let reading = tokio::task::spawn_blocking(move || Disk::default().read(&path, most));
    reading.await.unwrap_or_else(|_| Err(io::Error::other("reading it panicked")))
}

/// Which file stands at a path, as far as can be told without reading it. Links are followed, so one
/// that is made to point elsewhere gives another identity.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Identity {
    device: u64,
    inode: u64,
    length: u64,
    /// Seconds and nanoseconds; a copy may keep the first, but nothing keeps the second.
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Identity {
    /// The identity of the file at `path` now.
    pub fn of(path: &Path) -> io::Result<Self> {
        fs::metadata(path).map(|found| Self {
            device: found.dev(),
            inode: found.ino(),
            length: found.len(),
            modified: (found.mtime(), found.mtime_nsec()),
            changed: (found.ctime(), found.ctime_nsec()),
        })
    }
}

/// The identity of the file at `path`, asked for as [`read_file`] reads.
pub async fn identify_file(path: PathBuf) -> io::Result<Identity> {
    let asking =
        tokio::task::spawn_blocking(move || Disk::default().ask(move || Identity::of(&path)));
    asking.await.unwrap_or_else(|_| Err(io::Error::other("reading it panicked")))
}

/// How long to wait before the next look at files that were looked at `every` so often: the more reads
/// are blocked, the longer, so that a dead mount does not collect threads.
pub fn pause(every: Duration) -> Duration {
    let blocked = u32::try_from(BLOCKED.load(Ordering::Relaxed)).unwrap_or(u32::MAX);
    every.saturating_mul(1 << blocked.min(8))
}

/// A thread that answers questions until nobody asks any more.
struct Reader {
    questions: mpsc::Sender<Question>,
    left_behind: Arc<AtomicBool>,
}

type Question = Box<dyn FnOnce() + Send>;

impl Reader {
    fn start() -> io::Result<Self> {
        let (questions, asked) = mpsc::channel::<Question>();
        let left_behind = Arc::new(AtomicBool::new(false));
        let end = End(Arc::clone(&left_behind));
        thread::Builder::new().name("disk".to_owned()).spawn(move || {
            let _end = end;
            while let Ok(question) = asked.recv() {
                question();
            }
        })?;
        Ok(Self { questions, left_behind })
    }

    fn leave_behind(self) {
        BLOCKED.fetch_add(1, Ordering::Relaxed);
        // Set before the sender is dropped, and so before the thread can end.
        self.left_behind.store(true, Ordering::Release);
    }
}

/// Counts a thread that was left behind as free again when it ends.
struct End(Arc<AtomicBool>);

impl Drop for End {
    fn drop(&mut self) {
        if self.0.load(Ordering::Acquire) {
            BLOCKED.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    // Before it is opened: opening a device may do things, and opening a pipe waits for its writer.
    must_be_regular(fs::metadata(path)?.file_type())?;
    let nonblocking = OFlags::NONBLOCK.bits().cast_signed();
    let file: File = OpenOptions::new().read(true).custom_flags(nonblocking).open(path)?;
    // It may have been replaced since.
    must_be_regular(file.metadata()?.file_type())?;
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        let message = format!("larger than {most} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
    }
    Ok(bytes)
}

fn must_be_regular(found: FileType) -> io::Result<()> {
    if found.is_file() {
        return Ok(());
    }
    if found.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    let what = if found.is_fifo() {
        "a pipe"
    } else if found.is_socket() {
        "a socket"
    } else {
        "a device"
    };
    Err(io::Error::new(io::ErrorKind::InvalidInput, format!("it is {what}, not a regular file")))
}

/// Reads of this process that were given up and are still blocked.
static BLOCKED: AtomicUsize = AtomicUsize::new(0);
/// More threads than this are never left behind.
const MOST_BLOCKED: usize = 64;
/// How many files that do not answer are waited for, in one go.
const MOST_GIVEN_UP: usize = 8;

#[cfg(test)]
mod tests {
    use std::{
        os::unix::{fs::symlink, net::UnixListener},
        process::Command,
        sync::{Mutex, PoisonError},
        time::Instant,
    };

    use super::*;

    /// Blocked reads are counted for the whole process.
    static ALONE: Mutex<()> = Mutex::new(());

    fn until(what: &str, so: impl Fn() -> bool) {
        let end = Instant::now() + Duration::from_mins(1);
        while !so() {
            assert!(Instant::now() < end, "waited in vain for {what}");
            thread::yield_now();
        }
    }

    #[test]
    fn a_regular_file_is_read_through_links_and_what_is_none_is_refused_at_once() {
        let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let place = tempfile::tempdir().expect("a directory");
        let at = |name: &str| place.path().join(name);
        fs::write(at("file"), "content").expect("written");
        symlink("file", at("link")).expect("linked");
        assert!(Command::new("mkfifo").arg(at("pipe")).status().expect("mkfifo").success());
        symlink("pipe", at("link-to-pipe")).expect("linked");
        let _socket = UnixListener::bind(at("socket")).expect("bound");
        let disk = Disk::default();
        assert_eq!(disk.read(&at("link"), 7).expect("a file"), b"content");
        let refused = |path: &Path, most| disk.read(path, most).expect_err("refused").to_string();
        for (path, reason) in [
            (at("pipe"), "it is a pipe, not a regular file"),
            (at("link-to-pipe"), "it is a pipe, not a regular file"),
            (at("socket"), "it is a socket, not a regular file"),
            ("/dev/zero".into(), "it is a device, not a regular file"),
            (at(""), "is a directory"),
        ] {
            assert_eq!(refused(&path, 100), reason, "{}", path.display());
        }
        assert_eq!(refused(&at("file"), 6), "larger than 6 bytes");
    }

    #[test]
    fn a_disk_that_does_not_answer_is_given_up_and_others_are_still_read() {
        let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let (dead, never) = mpsc::channel::<()>();
        let disk = Disk::with_patience(Duration::from_millis(50));
        let error = disk.ask(move || Ok(never.recv())).expect_err("no answer");
        assert_eq!(error.to_string(), "no answer within 50ms");
        assert_eq!(BLOCKED.load(Ordering::Relaxed), 1);
        assert_eq!(pause(Duration::from_secs(5)), Duration::from_secs(10));
        // A slow machine may need several tries within the millisecond that is left.
        until("another file to be read", || Disk::default().ask(|| Ok(7)).is_ok());
        // The mount is back: the thread ends.
        drop(dead);
        until("the thread to end", || BLOCKED.load(Ordering::Relaxed) == 0);
    }

    #[test]
    fn a_dead_mount_with_a_thousand_files_is_given_up_soon() {
        let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let disk = Disk::with_patience(Duration::from_millis(50));
        let dead: Vec<_> = (0..1000)
            .map(|_| {
                let (dead, never) = mpsc::channel::<()>();
                disk.ask(move || Ok(never.recv())).expect_err("no answer");
                dead
            })
            .collect();
        assert_eq!(BLOCKED.load(Ordering::Relaxed), MOST_GIVEN_UP);
        drop(dead);
        until("the threads to end", || BLOCKED.load(Ordering::Relaxed) == 0);
    }

    #[test]
    fn a_file_that_is_replaced_or_written_has_another_identity() {
        let place = tempfile::tempdir().expect("a directory");
        let at = |name: &str| place.path().join(name);
        fs::write(at("one"), "1").expect("written");
        fs::write(at("two"), "1").expect("written");
        symlink("one", at("link")).expect("linked");
        let one = Identity::of(&at("link")).expect("a file");
        assert_eq!(Identity::of(&at("one")).expect("a file"), one);
        symlink("two", at("link-new")).expect("linked");
        fs::rename(at("link-new"), at("link")).expect("renamed");
        assert_ne!(Identity::of(&at("link")).expect("a file"), one);
        fs::write(at("one"), "11").expect("written");
        assert_ne!(Identity::of(&at("one")).expect("a file"), one);
    }

    #[test]
    fn a_panic_while_reading_is_an_error() {
        let disk = Disk::default();
        let error = disk.ask(|| -> io::Result<()> { panic!("a bug") }).expect_err("panicked");
        assert_eq!(error.to_string(), "reading it panicked");
        assert!(disk.ask(|| Ok(())).is_ok());
    }
}
