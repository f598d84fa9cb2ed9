//! Certificates that were judged and found wanting.
//!
//! A certificate that has expired or that nobody vouches for must not hide everything else: what needs
//! no credential goes on over a connection pinned to the very leaf that was judged.

use std::{
    collections::HashMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use rustls_pki_types::{CertificateDer, ServerName};
use tokio::{sync::Notify, time};

use super::{
    Address,
    verify::{LeafDigest, leaf_digest},
};

/// What was judged last, per address and name.
#[derive(Debug, Default)]
pub(super) struct Judged {
    leaves: Mutex<HashMap<(Address, String), LeafDigest>>,
    /// Whether somebody judges certificates of this target and has not told yet.
    awaited: AtomicBool,
    told: Notify,
}

impl Judged {
    /// Somebody will tell.
    pub(super) fn expect(&self) {
        self.awaited.store(true, Ordering::Relaxed);
    }

    /// Takes what an address has shown.
    pub(super) fn tell(&self, name: &ServerName<'_>, address: &Address, leaf: &CertificateDer<'_>) {
        let key = (address.clone(), name.to_str().into_owned());
        let mut leaves = self.lock();
        if leaves.len() >= MOST && !leaves.contains_key(&key) {
            // Names that lead elsewhere at every look-up would fill it up.
            leaves.clear();
        }
        leaves.insert(key, leaf_digest(leaf));
        drop(leaves);
        self.told.notify_waiters();
    }

    /// Nobody need wait for more.
    pub(super) fn all_told(&self) {
        self.awaited.store(false, Ordering::Relaxed);
        self.told.notify_waiters();
    }

    /// The leaf that was judged at this address.
    pub(super) fn leaf(&self, address: &Address, name: &ServerName<'_>) -> Option<LeafDigest> {
        let leaves = self.lock();
        if leaves.is_empty() {
            return None;
        }
        leaves.get(&(address.clone(), name.to_str().into_owned())).copied()
    }

    /// The same; waits a while for the first judgement if there is to be one.
    pub(super) async fn wait(
        &self,
        address: &Address,
        name: &ServerName<'_>,
    ) -> Option<LeafDigest> {
        let waiting = async {
            loop {
                let told = self.told.notified();
                let leaf = self.leaf(address, name);
                if leaf.is_some() || !self.awaited.load(Ordering::Relaxed) {
                    return leaf;
                }
                told.await;
            }
        };
        if let Ok(leaf) = time::timeout(PATIENCE, waiting).await {
            return leaf;
        }
        // Nobody waits for it twice.
        self.all_told();
        None
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(Address, String), LeafDigest>> {
        self.leaves.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long the first judgement may take. A handshake and a little more.
const PATIENCE: Duration = Duration::from_secs(5);

/// Names and addresses.
const MOST: usize = 64;

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use tokio::time::Instant;

    use super::*;

    fn address(port: u16) -> Address {
        Address::Ip(([127, 0, 0, 1], port).into())
    }

    fn name() -> ServerName<'static> {
        ServerName::try_from("shop.example").expect("a name")
    }

    fn leaf(byte: u8) -> CertificateDer<'static> {
        CertificateDer::from(vec![byte])
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_judgement_is_awaited_if_there_is_to_be_one() {
        let judged = Judged::default();
        assert_eq!(judged.wait(&address(1), &name()).now_or_never(), Some(None), "by nobody");
        judged.expect();
        let told = async {
            time::sleep(Duration::from_secs(1)).await;
            judged.tell(&name(), &address(2), &leaf(2));
            time::sleep(Duration::from_secs(1)).await;
            judged.tell(&name(), &address(1), &leaf(1));
        };
        let at = address(1);
        let whose = name();
        let (found, ()) = tokio::join!(judged.wait(&at, &whose), told);
        assert_eq!(found, Some(leaf_digest(&leaf(1))));
    }

    #[tokio::test(start_paused = true)]
    async fn a_judgement_that_does_not_come_is_awaited_once() {
        let judged = Judged::default();
        judged.expect();
        let start = Instant::now();
        for _ in 0..10 {
            assert_eq!(judged.wait(&address(1), &name()).await, None);
        }
        assert_eq!(start.elapsed(), PATIENCE);
    }

    #[test]
    fn what_is_known_is_bounded() {
        let judged = Judged::default();
        for port in 0..1_000 {
            judged.tell(&name(), &address(port), &leaf(0));
        }
        assert!(judged.lock().len() <= MOST);
        assert!(judged.leaf(&address(999), &name()).is_some());
    }
}
