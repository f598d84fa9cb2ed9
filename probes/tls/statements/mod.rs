//! What authorities say of the certificates that were shown, in staples and on revocation lists.

pub(super) mod revocation_lists;
pub(super) mod staple;
pub(super) mod timestamps;

use rustls_pki_types::CertificateDer;

use super::{
    Tls,
    chain::{Authorities, Listed, issuer, standing},
};
use crate::{
    contract::{Obstructed, Visit},
    tls::{
        evidence::Seen,
        statements::{revocation_lists::RevocationLists, staple::remembered::Remembered},
    },
};

/// What one server sent.
#[derive(Debug, Default)]
pub(super) struct Sent {
    /// The chain, leaf first.
    pub(super) chain: Vec<CertificateDer<'static>>,
    /// The response that was stapled to it, if one was.
    pub(super) staple: Option<Vec<u8>>,
}

/// Adds to what was seen at each address what others say of it.
pub(super) async fn gather(tls: &Tls, visit: &Visit, at: i64, sent: &[Sent], seen: &mut [Seen]) {
    read_staples(visit, sent, seen);
    if !tls.revocation_lists.is_empty() {
        look_up(tls, visit, at, sent, seen).await;
    }
}

fn read_staples(visit: &Visit, sent: &[Sent], seen: &mut [Seen]) {
    if sent.iter().all(|sent| sent.staple.is_none()) {
        return;
    }
    let remembered = visit.memory.recall::<Remembered>();
    let mut remembered = remembered.map(|one| (*one).clone()).unwrap_or_default();
    for (sent, seen) in sent.iter().zip(&mut *seen) {
        if let (Some(bytes), Ok(chain)) = (&sent.staple, &seen.chain) {
            let issuer = issuer(chain);
            seen.staple = Some(remembered.read(bytes, &chain.leaf, issuer.as_ref()));
        }
    }
    visit.memory.store(remembered);
}

async fn look_up(tls: &Tls, visit: &Visit, at: i64, sent: &[Sent], seen: &mut [Seen]) {
    let known = visit.memory.recall::<RevocationLists>();
    let mut lists = known.map(|known| (*known).clone()).unwrap_or_default();
    let read: Result<(), Obstructed> = lists.read(&tls.revocation_lists).await;
    let (store, certificates) = visit.net.roots();
    let authorities = Authorities::new(store, certificates);
    let all = lists.all();
    for (sent, seen) in sent.iter().zip(seen) {
        let Ok(chain) = &seen.chain else { continue };
        let listed = standing(&sent.chain, chain, authorities, &all, at);
        // What stands on the lists that could be read stands there whatever the others say.
        seen.listed = Some(match listed {
            Ok(Listed::Yes { .. }) => listed,
            _ => read.clone().and(listed),
        });
    }
    visit.memory.store(lists);
}
