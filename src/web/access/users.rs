//! Passwords, by HTTP basic authentication.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
    str::FromStr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use aws_lc_rs::{
    hmac::{self, HMAC_SHA256},
    rand,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use bcrypt::HashParts;
use http::{HeaderMap, header};
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;
use tokio::{sync::Semaphore, task};

use super::Entry;

/// The bcrypt hash of a password.
#[derive(Clone)]
pub(super) struct Hash {
    text: SecretString,
    cost: u32,
}

impl Hash {
    /// The hash that is written like this.
    pub(super) fn new(text: SecretString) -> Result<Self, &'static str> {
        let parts = HashParts::from_str(text.expose_secret());
        let cost = parts.map_err(|_| "is no bcrypt hash; `htpasswd -nBC 10 \"\"` makes one")?;
        let cost = cost.get_cost();
        if cost > DEAREST {
            return Err("takes longer to check than anybody waits; use a cost of at most 17");
        }
        Ok(Self { text, cost })
    }
}

/// Who has a password. Nobody is asked for one if nobody has.
pub(super) struct Users {
    hashes: BTreeMap<String, Hash>,
    /// The dearest hash stands in for users there are not: that a name is wrong must not be told by
    /// how long the answer takes.
    stand_in: Option<Hash>,
    /// Proofs of credentials that were right, newest last. A scraper sends the same every few seconds,
    /// and bcrypt is slow on purpose.
    proven: Mutex<VecDeque<[u8; 32]>>,
    /// Without it, nobody who reads our memory can try passwords against the proofs.
    key: Option<hmac::Key>,
    checking: Arc<Semaphore>,
    waiting: Semaphore,
}

impl Users {
    pub(super) fn new(hashes: BTreeMap<String, Hash>) -> Self {
        let stand_in = hashes.values().max_by_key(|hash| hash.cost).cloned();
        let key = hmac::Key::generate(HMAC_SHA256, &rand::SystemRandom::new()).ok();
        Self { hashes, stand_in, key, ..Self::default() }
    }

    pub(super) async fn admit(&self, headers: &HeaderMap) -> Entry {
        let Some(stand_in) = &self.stand_in else { return Entry::Granted };
        let Some((user, password)) = credentials(headers) else { return Entry::Refused };
        let known = self.hashes.get(&user);
        let hash = known.unwrap_or(stand_in).text.clone();
        let proof = self.proof(&user, &password, hash.expose_secret());
        if known.is_some() && proof.is_some_and(|proof| self.is_proven(&proof)) {
            return Entry::Granted;
        }
        // Whoever guesses passwords gets to use two threads and no more.
        let Ok(_place) = self.waiting.try_acquire() else { return Entry::Crowded };
        let Ok(turn) = Arc::clone(&self.checking).acquire_owned().await else {
            return Entry::Crowded;
        };
        let checked = task::spawn_blocking(move || {
            let _turn = turn;
            bcrypt::verify(password, hash.expose_secret()).unwrap_or(false)
        });
        if !checked.await.unwrap_or(false) || known.is_none() {
            return Entry::Refused;
        }
        if let Some(proof) = proof {
            self.remember(proof);
        }
        Entry::Granted
    }

    fn proof(&self, user: &str, password: &[u8], hash: &str) -> Option<[u8; 32]> {
        let mut context = hmac::Context::with_key(self.key.as_ref()?);
        for part in [user.as_bytes(), hash.as_bytes(), password] {
            context.update(&part.len().to_be_bytes());
            context.update(part);
        }
        context.sign().as_ref().try_into().ok()
    }

    fn is_proven(&self, proof: &[u8; 32]) -> bool {
        self.proven().iter().any(|known| known.ct_eq(proof).into())
    }

    fn remember(&self, proof: [u8; 32]) {
        let mut proven = self.proven();
        if proven.len() == PROOFS {
            proven.pop_front();
        }
        proven.push_back(proof);
    }

    fn proven(&self) -> MutexGuard<'_, VecDeque<[u8; 32]>> {
        self.proven.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Users {
    fn default() -> Self {
        Self {
            hashes: BTreeMap::new(),
            stand_in: None,
            proven: Mutex::default(),
            key: None,
            checking: Arc::new(Semaphore::new(2)),
            waiting: Semaphore::new(32),
        }
    }
}

impl fmt::Debug for Users {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.hashes.keys()).finish()
    }
}

/// User name and password of an `Authorization` header (RFC 7617).
fn credentials(headers: &HeaderMap) -> Option<(String, Vec<u8>)> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let mut user = BASE64_STANDARD.decode(token.trim()).ok()?;
    let colon = user.iter().position(|byte| *byte == b':')?;
    let password = user.split_off(colon + 1);
    user.pop();
    Some((String::from_utf8(user).ok()?, password))
}

/// About ten seconds of a core.
const DEAREST: u32 = 17;
/// How many proofs are remembered.
const PROOFS: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    fn users() -> Users {
        let hash = bcrypt::hash("correct horse", 4).expect("a hash");
        Users::new(BTreeMap::from([(
            "prometheus".to_owned(),
            Hash::new(hash.into()).expect("a hash"),
        )]))
    }

    async fn admitted(users: &Users, authorization: &str) -> Entry {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, authorization.parse().expect("a value"));
        users.admit(&headers).await
    }

    fn basic(pair: &str) -> String {
        format!("Basic {}", BASE64_STANDARD.encode(pair))
    }

    #[tokio::test]
    async fn only_the_right_password_is_let_in_also_the_second_time() {
        let users = users();
        for _ in 0..2 {
            let right = basic("prometheus:correct horse");
            assert_eq!(admitted(&users, &right).await, Entry::Granted);
            for wrong in ["prometheus:wrong", "prometheus:", "nobody:correct horse", "prometheus"] {
                assert_eq!(admitted(&users, &basic(wrong)).await, Entry::Refused, "{wrong}");
            }
        }
        assert_eq!(users.proven().len(), 1);
    }

    #[tokio::test]
    async fn what_is_no_basic_authentication_is_refused() {
        let users = users();
        for wrong in ["Bearer abc", "Basic", "Basic !!!", "Basic Og", "basic Og=="] {
            assert_eq!(admitted(&users, wrong).await, Entry::Refused, "{wrong}");
        }
        assert_eq!(users.admit(&HeaderMap::new()).await, Entry::Refused);
        assert_eq!(Users::default().admit(&HeaderMap::new()).await, Entry::Granted);
    }

    #[tokio::test]
    async fn a_crowd_of_guesses_is_sent_away() {
        let users = users();
        let _crowd = users.waiting.try_acquire_many(32).expect("nobody waits");
        assert_eq!(admitted(&users, &basic("prometheus:guess")).await, Entry::Crowded);
    }

    #[tokio::test]
    async fn a_proof_says_nothing_about_another_user() {
        let users = users();
        assert_ne!(users.proof("a", b"bc", "h"), users.proof("ab", b"c", "h"));
    }
}
