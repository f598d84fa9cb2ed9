//! How the Observatory reads policies: several are folded into one by comparing their sources as text,
//! which is not what browsers do.

use std::{cmp::Ordering, collections::BTreeSet};

/// Several policies as one.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Folded {
    /// Directives in the order of their first mention, each with its sources in lower case.
    pub(super) directives: Vec<(String, Vec<String>)>,
    /// `report-uri` and `report-to`, where one policy has them twice.
    pub(super) repeated: BTreeSet<String>,
}

#[derive(Clone, Debug)]
struct Source {
    text: String,
    policy: usize,
    keep: bool,
}

impl Folded {
    /// Folds policies, or refuses them.
    pub(super) fn parse(policies: &[String]) -> Option<Self> {
        let policies: Vec<String> = policies.iter().map(|policy| clean(policy)).collect();
        if policies.iter().any(|policy| policy.chars().count() < SHORTEST) {
            return None;
        }
        let mut folded: Vec<(String, Vec<Source>)> = Vec::new();
        let mut repeated = BTreeSet::new();
        for (policy, text) in policies.iter().enumerate() {
            let mut seen = BTreeSet::new();
            for directive in text.split(';') {
                let mut words = directive.split_whitespace();
                let Some(name) = words.next().map(str::to_lowercase) else { continue };
                if !seen.insert(name.clone()) {
                    if !matches!(name.as_str(), "report-uri" | "report-to") {
                        return None;
                    }
                    repeated.insert(name.clone());
                }
                let sources = sources(&name, words, policy);
                let known = folded.iter().position(|(other, _)| *other == name);
                let earlier = match known {
                    Some(at) if policy > 0 => folded[at].1.clone(),
                    _ => Vec::new(),
                };
                let mut kept = fold(earlier, sources)?;
                if policy == 0 && policies.len() > 1 {
                    for source in &mut kept {
                        source.keep = false;
                    }
                }
                match known {
                    Some(at) => folded[at].1 = kept,
                    None => folded.push((name, kept)),
                }
            }
        }
        let directives = folded.into_iter().map(|(name, sources)| (name, texts(sources))).collect();
        Some(Self { directives, repeated })
    }

    pub(super) fn get(&self, name: &str) -> Option<&Vec<String>> {
        self.directives.iter().find(|(other, _)| other == name).map(|(_, sources)| sources)
    }

    pub(super) fn get_mut(&mut self, name: &str) -> Option<&mut Vec<String>> {
        self.directives.iter_mut().find(|(other, _)| other == name).map(|(_, sources)| sources)
    }
}

fn clean(policy: &str) -> String {
    policy.replace(['\r', '\n'], "").trim().to_owned()
}

fn sources<'a>(name: &str, words: impl Iterator<Item = &'a str>, policy: usize) -> Vec<Source> {
    let source = |text: String| Source { text, policy, keep: policy == 0 };
    let mut sources: Vec<Source> = words.map(|word| source(word.to_lowercase())).collect();
    if sources.is_empty() && name.ends_with("-src") {
        sources.push(source(NONE.to_owned()));
    }
    sources
}

/// Sorts what earlier policies and this one allow, and keeps what stands next to its like.
fn fold(earlier: Vec<Source>, sources: Vec<Source>) -> Option<Vec<Source>> {
    let mut all: Vec<Source> = earlier.into_iter().chain(sources).collect();
    all.sort_by(|a, b| collate(&a.text, &b.text));
    for at in 1..all.len() {
        let (before, rest) = all.split_at_mut(at);
        let (previous, source) = (&before[at - 1], &mut rest[0]);
        if source.policy == previous.policy && source.text.starts_with(&previous.text) {
            source.keep = false;
        }
        if source.policy != previous.policy && is_part(&previous.text, &source.text)? {
            source.keep = true;
        }
    }
    all.retain(|source| source.keep);
    Some(all)
}

fn texts(sources: Vec<Source>) -> Vec<String> {
    let mut texts: Vec<String> = Vec::with_capacity(sources.len());
    for source in sources {
        if !texts.contains(&source.text) {
            texts.push(source.text);
        }
    }
    if texts.is_empty() {
        texts.push(NONE.to_owned());
    }
    texts
}

/// Whether one path covers another, piece by piece; `None` where a piece cannot be decoded.
fn is_part(a: &str, b: &str) -> Option<bool> {
    if a.is_empty() || (a == "/" && b.is_empty()) {
        return Some(true);
    }
    let exact = !a.ends_with('/');
    let (mut a, b): (Vec<&str>, Vec<&str>) = (a.split('/').collect(), b.split('/').collect());
    if a.len() > b.len() || (exact && a.len() != b.len()) {
        return Some(false);
    }
    if !exact {
        a.pop();
    }
    for (a, b) in a.iter().zip(&b) {
        if decode(a)? != decode(b)? {
            return Some(false);
        }
    }
    Some(true)
}

/// `decodeURIComponent`; `None` where that throws.
fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let hex = tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok())?;
        bytes.push(u8::from_str_radix(hex, 16).ok().filter(|_| !hex.starts_with('+'))?);
        rest = &tail[2..];
    }
    String::from_utf8(bytes).ok()
}

/// The order of `Intl.Collator("en")` for what stands in policies: signs before digits before letters.
fn collate(a: &str, b: &str) -> Ordering {
    let ranks = |text: &str| text.chars().map(rank).collect::<Vec<_>>();
    ranks(a).cmp(&ranks(b))
}

fn rank(c: char) -> (usize, char) {
    // The default order of CLDR.
    const SIGNS: &str = "_-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$";
    match SIGNS.find(c) {
        Some(place) => (place, c),
        None => (SIGNS.len(), c),
    }
}

const NONE: &str = "'none'";
const SHORTEST: usize = 6;

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    fn folded(policies: &[&str]) -> Option<Folded> {
        Folded::parse(&policies.iter().map(|&policy| policy.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn sources_must_stand_in_every_policy() {
        let all = folded(&["script-src 'self' https://a.example", "script-src 'self'"])
            .expect("policies");
        assert_eq!(all.get("script-src").expect("there"), &["'self'"]);
        let other =
            folded(&["script-src https://a.example", "script-src 'self'"]).expect("policies");
        assert_eq!(other.get("script-src").expect("there"), &["'none'"]);
    }

    #[test]
    fn a_longer_source_with_the_same_beginning_is_dropped() {
        let one = folded(&["script-src https://a.example/foobar https://a.example/foo"]);
        let one = one.expect("a policy");
        assert_eq!(one.get("script-src").expect("there"), &["https://a.example/foo"]);
    }

    #[test]
    fn what_it_cannot_read_is_refused() {
        assert_eq!(folded(&[""]), None);
        assert_eq!(folded(&["defa"]), None);
        assert_eq!(folded(&["default-src 'none'; default-src 'none'"]), None);
        let twice = folded(&["report-uri /a; report-uri /b"]).expect("a policy");
        assert!(twice.repeated.contains("report-uri"));
    }

    proptest! {
        #[test]
        fn no_policies_make_the_reader_panic(
            policies in proptest::collection::vec("\\PC{0,40}", 0..3),
        ) {
            let _ = Folded::parse(&policies);
        }
    }
}
