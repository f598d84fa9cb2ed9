//! Secrets that are known by value, to be found in a text.

use std::{collections::VecDeque, sync::Arc};

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, AhoCorasickKind};
use secrecy::{ExposeSecret, SecretString};

use super::{
    derived::{Parts, SHORTEST},
    spelling::{Spelling, spellings},
};

/// Secrets, however they are spelled.
#[derive(Default)]
pub(super) struct Known {
    told: Arc<[SecretString]>,
    learned: VecDeque<SecretString>,
    spellings: Vec<Spelling>,
    /// Finds the first few bytes of each spelling: most texts hold none of them, and a secret that was
    /// cut begins like a whole one.
    seeds: Option<AhoCorasick>,
    /// The spellings that begin with each seed.
    of: Vec<Vec<usize>>,
}

impl Known {
    pub(super) fn new(secrets: Vec<SecretString>) -> Self {
        Self::of(secrets.into(), VecDeque::new())
    }

    /// The same with a further secret; `None` if it was known.
    pub(super) fn with(&self, secret: SecretString) -> Option<Self> {
        let mut secrets = self.told.iter().chain(&self.learned);
        if secrets.any(|known| known.expose_secret() == secret.expose_secret()) {
            return None;
        }
        let mut learned = self.learned.clone();
        learned.push_back(secret);
        if learned.len() > LEARNED {
            learned.pop_front();
        }
        Some(Self::of(Arc::clone(&self.told), learned))
    }

    /// The same with other secrets of the settings; `None` if they are the same. Those that were are
    /// learned.
    pub(super) fn telling(&self, secrets: Vec<SecretString>) -> Option<Self> {
        let same =
            |one: &SecretString, other: &SecretString| one.expose_secret() == other.expose_secret();
        if self.told.len() == secrets.len()
            && self.told.iter().zip(&secrets).all(|(one, other)| same(one, other))
        {
            return None;
        }
        let gone = self.told.iter().filter(|old| !secrets.iter().any(|new| same(old, new)));
        let mut learned = self.learned.clone();
        learned.extend(gone.cloned());
        learned.drain(..learned.len().saturating_sub(LEARNED));
        Some(Self::of(secrets.into(), learned))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.spellings.is_empty()
    }

    /// Tells where secrets stand in a text, in no order.
    pub(super) fn find(&self, text: &[u8], mut found: impl FnMut(usize, usize)) {
        let Some(seeds) = &self.seeds else { return };
        for seed in seeds.find_overlapping_iter(text) {
            for place in &self.of[seed.pattern().as_usize()] {
                let spelling = &self.spellings[*place];
                if let Some(end) = spelling.ends(text, seed.start()) {
                    let (start, end) = spelling.widened(text, seed.start(), end);
                    found(start, end);
                }
            }
        }
    }

    fn of(told: Arc<[SecretString]>, learned: VecDeque<SecretString>) -> Self {
        let mut all: Vec<Spelling> = Vec::new();
        for secret in told.iter().chain(&learned) {
            let secret = secret.expose_secret();
            // A value of one or two characters stands in every text; hiding it would hide the text and
            // keep no secret.
            if secret.len() < SHORTEST {
                continue;
            }
            let parts = Parts::of(secret);
            all.extend(spellings(secret, !parts.plain_start));
            all.extend(parts.inner.iter().flat_map(|part| spellings(part.expose_secret(), true)));
        }
        let mut seeds: Vec<Vec<u8>> = Vec::new();
        let mut of: Vec<Vec<usize>> = Vec::new();
        for (place, spelling) in all.iter().enumerate() {
            let text = spelling.text.expose_secret().as_bytes();
            let seed = text[..text.len().min(SEED)].to_ascii_lowercase();
            if let Some(known) = seeds.iter().position(|known| *known == seed) {
                of[known].push(place);
            } else {
                seeds.push(seed);
                of.push(vec![place]);
            }
        }
        let seeds = (!seeds.is_empty()).then(|| {
            AhoCorasickBuilder::new()
                .ascii_case_insensitive(true)
                // A tenth of the memory of the others, of which there would be one a target.
                .kind(Some(AhoCorasickKind::ContiguousNFA))
                .build(&seeds)
                .expect("a few short words")
        });
        Self { told, learned, spellings: all, seeds, of }
    }
}

impl Spelling {
    /// Where the spelling that begins at `start` ends, if it stands there: whole, or cut with the text.
    fn ends(&self, text: &[u8], start: usize) -> Option<usize> {
        let (secret, rest) = (self.text.expose_secret().as_bytes(), &text[start..]);
        let same = secret.iter().zip(rest).take_while(|(a, b)| a.eq_ignore_ascii_case(b)).count();
        let whole = same == secret.len();
        let cut = self.cut && same >= self.least() && is_end(&rest[same..]);
        (whole || cut).then_some(start + same)
    }

    /// How much of it must stand at the end of a text to be taken for it: many words begin alike.
    fn least(&self) -> usize {
        (self.text.expose_secret().len() / 2).clamp(SEED, WORD)
    }

    /// The range with the characters around it that hold some bits of the secret.
    fn widened(&self, text: &[u8], start: usize, end: usize) -> (usize, usize) {
        let is_base64 = |byte: Option<&u8>| {
            byte.is_some_and(|b| b.is_ascii_alphanumeric() || b"+/-_".contains(b))
        };
        let (before, after) = self.margin;
        let wider = before > 0 && start > 0 && is_base64(text.get(start - 1));
        let start = if wider { start - 1 } else { start };
        let end = if after > 0 && is_base64(text.get(end)) { end + 1 } else { end };
        (start, end)
    }
}

/// Whether a text ends here, or says that it was cut here.
pub(super) fn is_end(mut rest: &[u8]) -> bool {
    loop {
        match rest {
            [] | [b'.', b'.', b'.', ..] | [0xe2, 0x80, 0xa6, ..] => return true,
            // The last is what stands for half a character.
            [b'"' | b'\'' | b'`' | b')' | b']' | b'}' | b'>' | b'.', after @ ..]
            | [0xef, 0xbf, 0xbd, after @ ..] => rest = after,
            [space, after @ ..] if space.is_ascii_whitespace() => rest = after,
            _ => return false,
        }
    }
}

/// What is searched for, of each spelling.
const SEED: usize = 4;
/// What is enough to tell a secret that was cut from a word.
const WORD: usize = 6;
/// Tokens that were fetched and are still known.
const LEARNED: usize = 32;
