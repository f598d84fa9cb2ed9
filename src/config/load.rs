//! From files to a configuration.

use std::{
    collections::{BTreeSet, HashMap},
    ffi::OsString,
    io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use gonogo_probes::contract::Kind;
use serde::de::DeserializeOwned;

use super::{
    Config, decode,
    files::{Files, Inputs, LARGEST},
    limits::LimitSettings,
    loading::Loading,
    mistake::{Mistake, Mistakes},
    policy,
    problem::Problem,
    secret::Vault,
    source::{Source, Span},
    suggest, target, waiver,
    yaml::{self, Entry, Node, Value},
};
use crate::schedule::Limits;

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// There are mistakes in it: all of them.
    #[error("{0}")]
    Mistakes(Mistakes),
    /// A file or directory cannot be read.
    #[error("cannot read the configuration `{path}`: {source}", path = path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The directory has no configuration files.
    #[error("the directory `{path}` has no files called *.yaml or *.yml", path = path.display())]
    Empty {
        /// The directory.
        path: PathBuf,
    },
}

impl LoadError {
    /// Everything that is wrong, without excerpts.
    pub fn problems(&self) -> Vec<Problem> {
        match self {
            Self::Mistakes(mistakes) => mistakes.problems(),
            other => vec![Problem::anywhere(other.to_string())],
        }
    }

    /// The error as text, in colour or plain.
    #[must_use]
    pub fn render(&self, colour: bool) -> String {
        match self {
            Self::Mistakes(mistakes) => mistakes.render(colour),
            other => other.to_string(),
        }
    }
}

/// Looks up an environment variable.
pub(super) type Environment<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// The environment of this process.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads it")]
pub(super) fn process_environment(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// Tries to load the configuration at `path`, and tells what it was, or would have been, made from.
pub(super) fn attempt(
    path: &Path,
    catalogue: &'static [Kind],
    now: SystemTime,
    env: Environment<'_>,
) -> (Result<Config, LoadError>, Inputs) {
    let files = Files::default();
    let loaded = from_files(path, catalogue, now, env, &files);
    let inputs = files.into_inputs();
    let loaded = loaded.map(|config| Config { inputs: inputs.clone(), ..config });
    (loaded, inputs)
}

fn from_files(
    path: &Path,
    catalogue: &'static [Kind],
    now: SystemTime,
    env: Environment<'_>,
    files: &Files,
) -> Result<Config, LoadError> {
    let mut sources = Vec::new();
    let mut mistakes = Vec::new();
    for path in paths(path, files)? {
        let bytes = files
            .read(&path, LARGEST)
            .map_err(|source| LoadError::Read { path: path.clone(), source })?;
        let file = u16::try_from(sources.len()).unwrap_or(u16::MAX);
        sources.push(source(&path, bytes, file, &mut mistakes));
    }
    let unreadable: BTreeSet<u16> = mistakes.iter().map(|mistake| mistake.span.file).collect();
    let mut documents = Vec::new();
    for (file, source) in (0..).zip(&sources) {
        if !unreadable.contains(&file) {
            let (node, found) = yaml::parse(source, file);
            let broken = node.is_none() && !found.is_empty();
            mistakes.extend(found);
            documents.extend(
                node.or_else(|| (!broken).then(|| Node::empty(Span { file, start: 0, end: 0 }))),
            );
        }
    }
    // Names that a broken file defines would be missed in the others.
    if documents.len() < sources.len() {
        return Err(LoadError::Mistakes(Mistakes::new(mistakes, sources)));
    }
    let mut loading = Loading::new(catalogue, now, Vault::new(files, &sources, env));
    loading.mistakes = mistakes;
    let config = config(&documents, &mut loading);
    let mistakes = loading.mistakes;
    if mistakes.is_empty() {
        return Ok(config);
    }
    Err(LoadError::Mistakes(Mistakes::new(mistakes, sources)))
}

/// The settings in a file beside the configuration, read as strictly as the configuration itself.
pub(crate) fn settings<T: DeserializeOwned>(path: &Path, bytes: Vec<u8>) -> Result<T, Mistakes> {
    let mut mistakes = Vec::new();
    let sources = vec![source(path, bytes, 0, &mut mistakes)];
    let mut settings = None;
    if mistakes.is_empty() {
        let (node, found) = yaml::parse(&sources[0], 0);
        mistakes = found;
        let node = node.unwrap_or_else(|| Node::empty(Span { file: 0, start: 0, end: 0 }));
        if mistakes.is_empty() {
            let files = Files::default();
            let vault = Vault::new(&files, &sources, &process_environment);
            settings = decode::decode(&node, &vault, &mut mistakes);
        }
    }
    settings.ok_or_else(|| Mistakes::new(mistakes, sources))
}

/// The files of the configuration.
fn paths(path: &Path, files: &Files) -> Result<Vec<PathBuf>, LoadError> {
    let listed = files.list(path);
    let listed = listed.map_err(|source| LoadError::Read { path: path.to_owned(), source })?;
    let Some(paths) = listed else { return Ok(vec![path.to_owned()]) };
    if paths.is_empty() {
        return Err(LoadError::Empty { path: path.to_owned() });
    }
    Ok(paths)
}

/// The text of a file; what is not text is a mistake.
fn source(path: &Path, bytes: Vec<u8>, file: u16, mistakes: &mut Vec<Mistake>) -> Source {
    let utf16 = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
    let (text, valid) = match String::from_utf8(bytes) {
        Ok(text) => return Source::new(path, text),
        Err(error) => {
            let valid = error.utf8_error().valid_up_to();
            (String::from_utf8_lossy(error.as_bytes()).into_owned(), valid)
        }
    };
    let start = u32::try_from(valid).unwrap_or(u32::MAX);
    let mistake = Mistake::at(Span { file, start, end: start }, "this is not UTF-8");
    let encoding = if utf16 { "it looks like UTF-16" } else { "it may be Latin-1 or no text" };
    mistakes.push(mistake.help(format!("{encoding}; save the file as UTF-8")));
    Source::new(path, text)
}

/// The parts of all documents.
#[derive(Default)]
struct Parts<'a> {
    targets: Vec<&'a Node>,
    waivers: Vec<&'a Node>,
    attestations: Vec<&'a Node>,
    policy: Option<&'a Node>,
    limits: Option<&'a Node>,
    has_targets: bool,
    /// Where the last `targets` stand.
    targets_at: Option<Span>,
}

/// The keys at the top of a document.
const SECTIONS: [&str; 5] = ["targets", "waivers", "attestations", "policy", "limits"];

fn config(documents: &[Node], loading: &mut Loading<'_>) -> Config {
    let parts = parts(documents, &mut loading.mistakes);
    let names = target_names(&parts.targets, &mut loading.mistakes);
    let targets = parts.targets.iter().filter_map(|node| target::read(node, loading)).collect();
    let no_targets = parts.targets_at.filter(|_| parts.targets.is_empty()).map(|at| {
        let mistake = Mistake::at(at, "there are no targets: nothing is asked");
        mistake.help(EXAMPLE.to_owned()).problem(loading.vault.sources)
    });
    let attestations = waiver::read_attestations(&parts.attestations, &names, loading);
    let policy = policy::read(parts.policy, loading);
    let waivers = waiver::read_waivers(&parts.waivers, &names, &policy, loading);
    let limits = parts
        .limits
        .and_then(|node| decode::decode(node, &loading.vault, &mut loading.mistakes))
        .map_or_else(Limits::default, |settings: LimitSettings| settings.into());
    Config { targets, policy, waivers, attestations, limits, no_targets, inputs: Inputs::default() }
}

fn parts<'a>(documents: &'a [Node], mistakes: &mut Vec<Mistake>) -> Parts<'a> {
    let mut parts = Parts::default();
    let mut empty = None;
    for document in documents {
        match document.entries() {
            Some([]) => {
                empty = empty.or(Some(document.span));
                if documents.len() > 1 {
                    mistakes.push(
                        Mistake::at(document.span, "this file is empty")
                            .help(HALF_WRITTEN.to_owned()),
                    );
                }
            }
            Some(entries) => entries.iter().for_each(|entry| parts.take(entry, mistakes)),
            None => {
                let message = "expected a mapping with `targets`";
                mistakes.push(Mistake::at(document.span, message));
                parts.has_targets = true;
            }
        }
    }
    if !parts.has_targets
        && let Some(first) = documents.first()
    {
        let mistake = match empty {
            Some(span) if documents.len() == 1 => {
                Mistake::at(span, "the configuration is empty").help(HALF_WRITTEN.to_owned())
            }
            _ => Mistake::at(first.span, "there are no `targets`").help(EXAMPLE.to_owned()),
        };
        mistakes.push(mistake);
    }
    parts
}

impl<'a> Parts<'a> {
    fn take(&mut self, Entry { key, value }: &'a Entry, mistakes: &mut Vec<Mistake>) {
        let name = key.text().unwrap_or_default();
        let (list, single) = match name {
            "targets" => {
                self.has_targets = true;
                self.targets_at = Some(key.span);
                (Some(&mut self.targets), None)
            }
            "waivers" => (Some(&mut self.waivers), None),
            "attestations" => (Some(&mut self.attestations), None),
            "policy" => (None, Some(&mut self.policy)),
            "limits" => (None, Some(&mut self.limits)),
            // Anchors have to stand somewhere.
            _ if name.starts_with("x-") => return,
            _ => {
                let near = suggest::nearest(name, SECTIONS);
                // With a slip for `targets` there is no more to say about their absence.
                self.has_targets |= near == Some("targets");
                let help = suggest::suggest(name, SECTIONS);
                mistakes
                    .push(Mistake::at_key(key.span, format!("unknown key `{name}`")).help(help));
                return;
            }
        };
        if let Some(list) = list {
            match &value.value {
                Value::List(items) => list.extend(items),
                _ => mistakes.push(
                    Mistake::at(value.span, format!("expected a list of {name}"))
                        .help(format!("`{name}: []` if there are none")),
                ),
            }
        }
        if let Some(single) = single {
            if let Some(first) = *single {
                let message = format!("`{name}` may be set only once in all files");
                mistakes.push(Mistake::at_key(key.span, message).also("it is set at", first.span));
            }
            *single = Some(value);
        }
    }
}

/// The names of all targets, sound or not.
fn target_names(targets: &[&Node], mistakes: &mut Vec<Mistake>) -> BTreeSet<String> {
    let mut places: HashMap<&str, Span> = HashMap::with_capacity(targets.len());
    for node in targets {
        let Some(name) = node.get("name").filter(|name| !name.is_null()) else { continue };
        let Some(text) = name.text() else { continue };
        if let Some(first) = places.insert(text, name.span) {
            let message = format!("two targets are called `{text}`");
            mistakes.push(Mistake::at(name.span, message).also("the other is at", first));
        }
    }
    places.into_keys().map(str::to_owned).collect()
}

const EXAMPLE: &str =
    "name a deployed system: `targets: [{name: shop, url: https://shop.example, profile: api}]`";
const HALF_WRITTEN: &str = "it may be half-written";
