//! Who may come in: TLS, client certificates and passwords of our own listener, from a file in the
//! format that Prometheus and its exporters use.

mod load;
mod sans;
mod settings;
mod tls;
mod users;

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use arc_swap::ArcSwap;
use gonogo_probes::contract::disk;
use http::{HeaderMap, HeaderName, HeaderValue};
use rustls::ServerConfig;
use tokio::{task, time};
use tracing::{info, warn};

pub use load::AccessError;
use users::Users;

use crate::config::Inputs;

/// Who may come in.
#[derive(Debug, Default)]
pub struct Access {
    file: Option<File>,
    rules: ArcSwap<Rules>,
}

/// Where the rules are read from, and how often.
#[derive(Debug)]
struct File {
    path: PathBuf,
    every: Duration,
}

/// What the file says.
struct Rules {
    tls: Option<Arc<ServerConfig>>,
    users: Users,
    headers: Arc<Vec<(HeaderName, HeaderValue)>>,
    http2: bool,
    inputs: Inputs,
}

/// Whether a request may come in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Entry {
    Granted,
    Refused,
    /// Too many passwords are being checked at once.
    Crowded,
}

impl Access {
    /// Everybody, without TLS.
    pub fn open() -> Self {
        Self::default()
    }

    /// Whom the file lets in. While serving, it and the files it names are read again when their
    /// content changes; what is wrong then changes nothing.
    pub fn load(path: &Path) -> Result<Self, AccessError> {
        let rules = load::load(path)?;
        let file = File { path: path.to_owned(), every: Duration::from_secs(5) };
        Ok(Self { file: Some(file), rules: ArcSwap::from_pointee(rules) })
    }

    /// The same, looking for changes this often.
    #[must_use]
    pub fn looking_every(mut self, every: Duration) -> Self {
        if let Some(file) = &mut self.file {
            file.every = every;
        }
        self
    }

    /// How to speak TLS; `None` where it is not spoken.
    pub(super) fn tls(&self) -> Option<Arc<ServerConfig>> {
        self.rules.load().tls.clone()
    }

    /// Whether HTTP/2 is spoken.
    pub(super) fn http2(&self) -> bool {
        self.rules.load().http2
    }

    /// Headers that the operator wants on every answer.
    pub(super) fn headers(&self) -> Arc<Vec<(HeaderName, HeaderValue)>> {
        Arc::clone(&self.rules.load().headers)
    }

    /// Whether a request with these headers may come in.
    pub(super) async fn admit(&self, headers: &HeaderMap) -> Entry {
        self.rules.load_full().users.admit(headers).await
    }

    /// Follows the files for as long as it is polled.
    pub(super) async fn keep_current(&self) {
        let Some(File { path, every }) = &self.file else { return };
        let (mut refused, mut last) = (None, None);
        loop {
            time::sleep(disk::pause(*every)).await;
            let inputs = self.rules.load().inputs.clone();
            let Ok((now, inputs)) = task::spawn_blocking(move || (inputs.now(), inputs)).await
            else {
                continue;
            };
            // Whoever writes the files may not have finished before two looks agree.
            let is_settled = last.replace(now.clone()).as_ref() == Some(&now);
            if now == inputs || !is_settled || refused.as_ref() == Some(&now) {
                continue;
            }
            refused = self.reload(path.clone()).await.err().map(|problem| {
                warn!(file = %path.display(), "the old certificate and passwords stay: {problem}");
                now
            });
        }
    }

    async fn reload(&self, path: PathBuf) -> Result<(), AccessError> {
        let shown = path.display().to_string();
        let Ok(loaded) = task::spawn_blocking(move || load::load(&path)).await else {
            return Err(AccessError::Unusable {
                problem: "reading it panicked",
                path: shown.into(),
            });
        };
        let rules = loaded?;
        if rules.tls.is_some() != self.rules.load().tls.is_some() {
            let problem = "TLS cannot be switched on or off without a restart";
            return Err(AccessError::Unusable { problem, path: shown.into() });
        }
        self.rules.store(Arc::new(rules));
        info!(file = shown, "certificate and passwords were read again");
        Ok(())
    }
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            tls: None,
            users: Users::default(),
            headers: Arc::default(),
            http2: true,
            inputs: Inputs::default(),
        }
    }
}

impl fmt::Debug for Rules {
    /// Says what there is, and no hash of a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rules")
            .field("tls", &self.tls.is_some())
            .field("users", &self.users)
            .field("http2", &self.http2)
            .finish_non_exhaustive()
    }
}
