//! What a text shows of the inside of a deployment.

mod address;
mod shapes;

use std::ops::Range;

use serde_json::Value;
use url::Url;

use self::shapes::{SET, SHAPES};
use crate::contract::Confidence;

/// A detail that should not be shown.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Leak {
    /// What it is.
    pub(super) what: &'static str,
    /// How sure it is that it is one.
    pub(super) sure: Confidence,
    /// The text it stands in.
    pub(super) text: String,
    /// Where it stands there.
    pub(super) part: Range<usize>,
}

/// What a body shows, each kind once. `url` is where it was asked for, which is no secret.
pub(super) fn find(body: &str, url: &Url) -> Vec<Leak> {
    let mut found = Found { url, leaks: Vec::new() };
    match serde_json::from_str::<Value>(body.trim_start_matches('\u{feff}')) {
        Ok(value) => found.value(&mut Vec::new(), &value, 0),
        Err(_) => found.text(&[], body),
    }
    found.leaks
}

struct Found<'a> {
    url: &'a Url,
    leaks: Vec<Leak>,
}

impl Found<'_> {
    fn value<'v>(&mut self, keys: &mut Vec<&'v str>, value: &'v Value, depth: usize) {
        match value {
            Value::String(text) => self.text(keys, text),
            Value::Array(list) if depth < DEEPEST => {
                for value in list {
                    self.value(keys, value, depth + 1);
                }
            }
            Value::Object(object) if depth < DEEPEST => {
                for (key, value) in object {
                    // Components may be called by their address; a class is a name like any other.
                    self.addresses(&[], key);
                    keys.push(key);
                    self.value(keys, value, depth + 1);
                    keys.pop();
                }
            }
            _ => {}
        }
    }

    fn text(&mut self, keys: &[&str], text: &str) {
        for at in &SET.matches(text.as_bytes()) {
            let shape = &SHAPES[at];
            let mut matches = shape.regex.find_iter(text.as_bytes());
            let leak = matches.find(|found| {
                (shape.holds)(&Context { keys, url: self.url, text, found: found.range() })
            });
            if let Some(found) = leak {
                self.add(shape.what, shape.sure, text, found.range());
            }
        }
        self.addresses(keys, text);
        if let Some(host) = address::host(keys, text, self.url) {
            self.add("a host's name", Confidence::Firm, text, within(text, host));
        }
    }

    fn addresses(&mut self, keys: &[&str], text: &str) {
        if let Some(found) = address::internal(keys, text, self.url) {
            self.add("an internal address", Confidence::Firm, text, within(text, found));
        }
    }

    fn add(&mut self, what: &'static str, sure: Confidence, text: &str, part: Range<usize>) {
        if !self.leaks.iter().any(|leak| leak.what == what) {
            self.leaks.push(Leak { what, sure, text: text.to_owned(), part });
        }
    }
}

/// Where a part of a text stands in it.
fn within(text: &str, part: &str) -> Range<usize> {
    let start = text.find(part).unwrap_or(0);
    start..(start + part.len()).min(text.len())
}

/// Where something was found.
struct Context<'a> {
    keys: &'a [&'a str],
    url: &'a Url,
    text: &'a str,
    found: Range<usize>,
}

/// Whether one of the keys that lead to a value has one of these words.
fn has_word(keys: &[&str], words: &[&str]) -> bool {
    keys.iter().any(|key| {
        super::statement::words_of(key).iter().any(|word| words.contains(&word.as_str()))
    })
}

const DEEPEST: usize = 16;
