//! Taking secrets out of text before it is kept.

use std::{
    borrow::Cow,
    fmt,
    ops::Range,
    sync::{Arc, PoisonError, RwLock},
};

use secrecy::SecretString;

use super::{known::Known, shapes, view::View};

/// What stands where a secret stood.
pub const REDACTED: &str = "[redacted]";

/// Takes secrets out of text: those of the target's settings by their value, however that is spelled,
/// and others by their shape (private keys, tokens, passwords in URLs).
///
/// A target that echoes our credentials must not get them into a report; nor may it get its own
/// there.
#[derive(Default)]
pub struct Redactor {
    known: RwLock<Arc<Known>>,
}

impl Redactor {
    /// A redactor that also knows these values, and what secrets they hold.
    #[must_use]
    pub fn new(secrets: Vec<SecretString>) -> Self {
        Self { known: RwLock::new(Arc::new(Known::new(secrets))) }
    }

    /// Makes a further secret known, such as a token that was fetched: the last of them, if there are
    /// many.
    pub fn learn(&self, secret: SecretString) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(more) = known.with(secret) {
            *known = Arc::new(more);
        }
    }

    /// Makes these the secrets of the target's settings, in place of those that were: they are known for
    /// good. Those that were stay known for a while, as an answer under way may hold them.
    pub fn tell(&self, secrets: Vec<SecretString>) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(told) = known.telling(secrets) {
            *known = Arc::new(told);
        }
    }

    /// The text without secrets. It must not have been cut by us: of a secret that was cut, only what
    /// stands at the end of the text is recognized.
    #[must_use]
    pub fn clean<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let secrets = self.secrets(text);
        if secrets.is_empty() {
            return Cow::Borrowed(text);
        }
        Cow::Owned(without(text, 0..text.len(), &secrets))
    }

    /// Takes the secrets out of `text`.
    pub fn clean_in_place(&self, text: &mut String) {
        if let Cow::Owned(clean) = self.clean(text) {
            *text = clean;
        }
    }

    /// The beginning of a text of the target, on one line, for a report.
    #[must_use]
    pub fn excerpt(&self, text: &[u8], chars: usize) -> String {
        // White space is folded, so more bytes than characters are needed; how many more is a guess.
        let enough = text.len().min(chars.saturating_mul(8).saturating_add(ROOM));
        let window = String::from_utf8_lossy(&text[..enough]);
        self.excerpt_of(&window, 0..window.len(), chars, enough < text.len())
    }

    /// A part of a text of the target, on one line, for a report. The whole text is looked at: the part
    /// may begin or end within a secret.
    #[must_use]
    pub fn excerpt_at(&self, text: &str, part: Range<usize>, chars: usize) -> String {
        let start = text.floor_char_boundary(part.start.saturating_sub(ROOM));
        let end = text.ceil_char_boundary(part.end.saturating_add(ROOM).min(text.len()));
        self.excerpt_of(&text[start..end], part.start - start..part.end - start, chars, false)
    }

    fn excerpt_of(&self, text: &str, part: Range<usize>, chars: usize, more: bool) -> String {
        let clean = without(text, part, &self.secrets(text));
        let mut words =
            clean.split(|c: char| c.is_whitespace() || c.is_control()).filter(|w| !w.is_empty());
        let mut line = words.next().unwrap_or_default().to_owned();
        words.for_each(|word| line.extend([" ", word]));
        match line.char_indices().nth(chars) {
            Some((end, _)) => format!("{}…", line[..end].trim_end()),
            None if more => format!("{line}…"),
            None => line,
        }
    }

    /// Where secrets stand in a text, in order and apart from each other.
    fn secrets(&self, text: &str) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        let known = Arc::clone(&self.known.read().unwrap_or_else(PoisonError::into_inner));
        if !known.is_empty() {
            known.find(text.as_bytes(), |start, end| found.push(start..end));
            for view in View::all(text) {
                known.find(&view.bytes, |start, end| {
                    let (start, end) = view.source(start, end);
                    found.push(start..end);
                });
            }
        }
        shapes::find(text, &mut found);
        merged(text, found)
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redactor").finish_non_exhaustive()
    }
}

/// A part of a text, without what of it is secret.
fn without(text: &str, part: Range<usize>, secrets: &[Range<usize>]) -> String {
    let mut clean = String::with_capacity(part.len());
    let mut at = part.start;
    for secret in secrets.iter().filter(|s| s.start < part.end && s.end > part.start) {
        if secret.start > at {
            clean.push_str(&text[at..secret.start]);
        }
        clean.push_str(REDACTED);
        at = secret.end;
    }
    if at < part.end {
        clean.push_str(&text[at..part.end]);
    }
    clean
}

/// The ranges in order, on whole characters, those that overlap made one, and without what was taken
/// out before: cleaning twice changes nothing.
fn merged(text: &str, mut found: Vec<Range<usize>>) -> Vec<Range<usize>> {
    if found.is_empty() {
        return found;
    }
    let before: Vec<Range<usize>> =
        text.match_indices(REDACTED).map(|(at, found)| at..at + found.len()).collect();
    found.retain(|range| {
        range.start < range.end
            && !before.iter().any(|done| done.start <= range.start && range.end <= done.end)
    });
    found.sort_by_key(|range| range.start);
    let mut merged: Vec<Range<usize>> = Vec::with_capacity(found.len());
    for range in found {
        let range = text.floor_char_boundary(range.start)..text.ceil_char_boundary(range.end);
        match merged.last_mut() {
            Some(last) if range.start < last.end => last.end = last.end.max(range.end),
            _ => merged.push(range),
        }
    }
    merged
}

/// How far beyond a part of a text a secret may reach that begins or ends in it.
const ROOM: usize = 4 << 10;
