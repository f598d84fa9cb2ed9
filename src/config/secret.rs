//! Finding what `{env: NAME}` and `{file: PATH}` stand for.

use std::{cell::RefCell, ffi::OsString, path::PathBuf};

use gonogo_probes::contract::setting::Secret;
use secrecy::SecretString;

use super::{
    files::Files,
    source::{Source, Span},
    suggest::nearest,
    yaml::{Entry, Node},
};

/// Where a secret is found.
#[derive(Clone, Copy, Debug)]
pub(super) enum Reference<'a> {
    Env(&'a str),
    File(&'a str),
}

/// Gives the values of secrets, and remembers those of the target at hand.
pub(super) struct Vault<'a> {
    pub(super) files: &'a Files,
    pub(super) sources: &'a [Source],
    pub(super) env: &'a dyn Fn(&str) -> Option<OsString>,
    given: RefCell<Vec<Secret>>,
}

impl<'a> Reference<'a> {
    /// Reads the mapping, if it has the shape of a reference.
    pub(super) fn of(node: &'a Node) -> Option<Self> {
        let [Entry { key, value }] = node.entries()? else { return None };
        match (key.text()?, value.text()?) {
            ("env", name) => Some(Self::Env(name)),
            ("file", path) => Some(Self::File(path)),
            _ => None,
        }
    }

    /// What is wrong with a node that stands where a reference must.
    pub(super) fn mistake(node: &Node) -> (String, Option<String>) {
        let wanted = || Some("write {env: NAME} or {file: PATH}".to_owned());
        if node.is_null() || node.entries().is_some_and(<[_]>::is_empty) {
            return ("a secret is missing".to_owned(), wanted());
        }
        let Some(entries) = node.entries() else {
            return ("a secret is never written here".to_owned(), wanted());
        };
        let help = match entries {
            [entry] => entry
                .key
                .text()
                .and_then(|key| nearest(key, ["env", "file"]).filter(|known| *known != key))
                .map(|known| format!("did you mean `{known}`?")),
            _ => None,
        };
        ("a secret is written {env: NAME} or {file: PATH}".to_owned(), help.or_else(wanted))
    }
}

impl<'a> Vault<'a> {
    pub(super) fn new(
        files: &'a Files,
        sources: &'a [Source],
        env: &'a dyn Fn(&str) -> Option<OsString>,
    ) -> Self {
        Self { files, sources, env, given: RefCell::default() }
    }

    /// The secret, or what is wrong, which never contains its value.
    pub(super) fn open(&self, reference: Reference<'_>, at: Span) -> Result<Secret, String> {
        let secret = match reference {
            Reference::Env(name) => Secret::new(self.variable(name)?),
            Reference::File(path) => self.file(path, at)?,
        };
        self.given.borrow_mut().push(secret.clone());
        Ok(secret)
    }

    /// What is written at `span`.
    pub(super) fn text(&self, span: Span) -> &'a str {
        let text = &self.sources[span.file as usize].text;
        text.get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    /// A path as the file that `at` stands in means it.
    pub(super) fn resolve(&self, path: &str, at: Span) -> PathBuf {
        self.sources[at.file as usize].directory().join(path)
    }

    /// The secrets given since the last [`Vault::take`].
    pub(super) fn given(&self) -> Vec<SecretString> {
        self.given.borrow().iter().map(Secret::hidden).collect()
    }

    pub(super) fn count(&self) -> usize {
        self.given.borrow().len()
    }

    /// Forgets all secrets given but the first `count`.
    pub(super) fn forget_since(&self, count: usize) {
        self.given.borrow_mut().truncate(count);
    }

    /// The secrets given since the last time.
    pub(super) fn take(&self) -> Vec<Secret> {
        self.given.take()
    }

    fn variable(&self, name: &str) -> Result<String, String> {
        if name.is_empty() {
            return Err("the name of the environment variable is empty".to_owned());
        }
        let value = (self.env)(name)
            .ok_or_else(|| format!("the environment variable `{name}` is not set"))?;
        let value = value
            .into_string()
            .map_err(|_| format!("the environment variable `{name}` is not UTF-8"))?;
        if value.is_empty() {
            return Err(format!("the environment variable `{name}` is empty"));
        }
        Ok(value)
    }

    fn file(&self, path: &str, at: Span) -> Result<Secret, String> {
        let path = self.resolve(path, at);
        let shown = path.display();
        let bytes = self
            .files
            .read(&path, LARGEST_SECRET)
            .map_err(|error| format!("cannot read the file `{shown}`: {error}"))?;
        let value = secret_in(bytes).map_err(|why| format!("the file `{shown}` {why}"))?;
        Ok(Secret::in_file(path, value))
    }
}

/// The secret that a file with this content holds, or why it holds none: "is empty".
pub(crate) fn secret_in(content: Vec<u8>) -> Result<String, &'static str> {
    let mut value = String::from_utf8(content).map_err(|_| "is not UTF-8")?;
    // An editor ends the last line; the secret does not contain that.
    if value.ends_with('\n') {
        value.pop();
        if value.ends_with('\r') {
            value.pop();
        }
    }
    if value.is_empty() {
        return Err("is empty");
    }
    Ok(value)
}

/// Bytes of a file that holds a secret.
pub(crate) const LARGEST_SECRET: u64 = 1 << 20;
