//! Remembering which chains were verified.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use aws_lc_rs::digest;
use rustls::CertificateError;
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use x509_parser::prelude::{FromDer, X509Certificate};

/// Chains already verified, with the time in which that stays true.
///
/// What a chain proves does not change until one of its certificates expires, and proving it is a
/// quarter of the work of a visit. Whether the server has the leaf's key is proved every time.
#[derive(Default)]
pub(super) struct Memo {
    windows: Mutex<HashMap<Key, Window>>,
}

pub(super) type Key = [u8; digest::SHA256_OUTPUT_LEN];

impl Memo {
    pub(super) fn key(
        leaf: &CertificateDer<'_>,
        rest: &[CertificateDer<'_>],
        name: &ServerName<'_>,
    ) -> Key {
        let mut context = digest::Context::new(&digest::SHA256);
        let mut add = |part: &[u8]| {
            context.update(&part.len().to_be_bytes());
            context.update(part);
        };
        add(leaf);
        for certificate in rest {
            add(certificate);
        }
        add(name.to_str().as_bytes());
        let mut key = Key::default();
        key.copy_from_slice(context.finish().as_ref());
        key
    }

    pub(super) fn holds(&self, key: &Key, now: UnixTime) -> bool {
        let windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        windows.get(key).is_some_and(|window| window.check(now).is_ok())
    }

    pub(super) fn learn(&self, key: Key, window: Window, now: UnixTime) {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        if windows.len() >= CHAINS {
            windows.retain(|_, window| window.check(now).is_ok());
        }
        if windows.len() >= CHAINS {
            windows.clear();
        }
        windows.insert(key, window);
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.windows.lock().expect("unpoisoned").len()
    }
}

/// When every certificate of a chain is valid.
#[derive(Clone, Copy)]
pub(super) struct Window {
    not_before: UnixTime,
    not_after: UnixTime,
}

impl Window {
    pub(super) fn of<'a>(chain: impl IntoIterator<Item = &'a CertificateDer<'a>>) -> Option<Self> {
        let at = |secs: i64| {
            UnixTime::since_unix_epoch(Duration::from_secs(secs.try_into().unwrap_or(0)))
        };
        let mut window: Option<Self> = None;
        for certificate in chain {
            let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
            let validity = parsed.validity();
            let not_before = at(validity.not_before.timestamp());
            let not_after = at(validity.not_after.timestamp());
            let so_far = window.unwrap_or(Self { not_before, not_after });
            window = Some(Self {
                not_before: so_far.not_before.max(not_before),
                not_after: so_far.not_after.min(not_after),
            });
        }
        window
    }

    pub(super) fn check(&self, now: UnixTime) -> Result<(), CertificateError> {
        if now < self.not_before {
            let not_before = self.not_before;
            return Err(CertificateError::NotValidYetContext { time: now, not_before });
        }
        if now > self.not_after {
            let not_after = self.not_after;
            return Err(CertificateError::ExpiredContext { time: now, not_after });
        }
        Ok(())
    }
}

/// Enough for ten thousand targets behind a few addresses each; 50 bytes apiece.
const CHAINS: usize = 32_768;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: u64) -> UnixTime {
        UnixTime::since_unix_epoch(Duration::from_secs(secs))
    }

    #[test]
    fn the_memory_is_bounded() {
        let memo = Memo::default();
        let window = |to| Window { not_before: at(0), not_after: at(to) };
        let key = |i: usize| {
            let mut key = Key::default();
            key[..8].copy_from_slice(&i.to_be_bytes());
            key
        };
        memo.learn(key(usize::MAX), window(300), at(1));
        for i in 0..CHAINS - 1 {
            memo.learn(key(i), window(10), at(1));
        }
        memo.learn(key(CHAINS), window(300), at(11));
        assert!(memo.holds(&key(usize::MAX), at(11)), "only the expired ones are forgotten");
        for i in 0..CHAINS {
            memo.learn(key(i), window(300), at(1));
        }
        assert!(memo.len() <= CHAINS);
    }
}
