//! What is remembered between visits, so that a visit costs a handshake and little more.

use std::{
    fmt,
    ops::RangeInclusive,
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::RootCertStore;
use rustls_pki_types::{CertificateDer, ServerName, pem::PemObject};

use crate::{
    contract::{Obstacle, Obstructed, disk},
    tls::chain::{Chain, digest_of},
};

/// What earlier visits left for this one.
#[derive(Clone, Default)]
pub(in crate::tls) struct Known {
    sound: Vec<Sound>,
    intermediates: Vec<CertificateDer<'static>>,
    file: Option<File>,
}

impl Known {
    /// How many chains and intermediates are kept: those of each address of a visit, which may show
    /// three kinds of client a different one.
    const KEPT: usize = 24;

    /// The judgement of a chain that was found sound before, unless something has changed since.
    pub(in crate::tls) fn recall(
        &self,
        served: &[CertificateDer<'static>],
        store: &Arc<RootCertStore>,
        name: &ServerName<'static>,
        at: i64,
    ) -> Option<Arc<Chain>> {
        let digest = digest_of(served);
        let same = |sound: &&Sound| {
            sound.digest == digest
                && sound.name == *name
                && Arc::ptr_eq(&sound.store, store)
                && sound.holds.contains(&at)
        };
        self.sound.iter().find(same).map(|sound| Arc::clone(&sound.chain))
    }

    /// Remembers a judgement, if it is of a sound chain. A faulty one is rare and worth looking at
    /// anew: what is known of missing intermediates may change.
    pub(in crate::tls) fn learn(
        &mut self,
        served: &[CertificateDer<'static>],
        store: &Arc<RootCertStore>,
        name: &ServerName<'static>,
        at: i64,
        chain: &Arc<Chain>,
    ) {
        if !chain.trust.is_sound() {
            return;
        }
        self.sound.retain(|sound| sound.holds.contains(&at));
        self.sound.truncate(Self::KEPT - 1);
        let sound = Sound {
            digest: digest_of(served),
            name: name.clone(),
            store: Arc::clone(store),
            holds: chain.holds(at),
            chain: Arc::clone(chain),
        };
        self.sound.insert(0, sound);
        for intermediate in chain.relied_on().skip(1).map(|(i, _)| &served[i]) {
            if !self.intermediates.contains(intermediate) {
                self.intermediates.truncate(Self::KEPT - 1);
                self.intermediates.insert(0, intermediate.clone());
            }
        }
    }

    /// The intermediates that sound chains were sent with, and those that were read.
    pub(in crate::tls) fn intermediates(&self) -> impl Iterator<Item = &CertificateDer<'static>> {
        let file = self.file.iter().flat_map(|file| file.certificates.iter());
        self.intermediates.iter().chain(file)
    }

    /// Reads the intermediates of a PEM file, if it has changed.
    pub(in crate::tls) async fn read(&mut self, path: &Path) -> Result<(), Obstructed> {
        let unreadable = |error: &dyn fmt::Display| {
            Obstacle::Local.because(format!("intermediates_file {}: {error}", path.display()))
        };
        let stamp = disk::identify_file(path.to_owned()).await;
        let stamp = stamp.map_err(|error| unreadable(&error))?;
        let fresh = |file: &File| file.path == path && file.stamp == stamp;
        if !self.file.as_ref().is_some_and(fresh) {
            let pem = disk::read_file(path.to_owned(), LARGEST).await;
            let pem = pem.map_err(|error| unreadable(&error))?;
            let certificates = CertificateDer::pem_slice_iter(&pem)
                .collect::<Result<Vec<_>, _>>()
                .map_err(|error| unreadable(&error))?;
            if certificates.is_empty() {
                return Err(unreadable(&"there is no certificate in it"));
            }
            self.file =
                Some(File { path: path.to_owned(), stamp, certificates: certificates.into() });
        }
        Ok(())
    }
}

/// A chain that was found sound.
#[derive(Clone)]
struct Sound {
    digest: [u8; 32],
    name: ServerName<'static>,
    /// Held, so that no other authorities can come to stand at its address.
    store: Arc<RootCertStore>,
    holds: RangeInclusive<i64>,
    chain: Arc<Chain>,
}

#[derive(Clone)]
struct File {
    path: PathBuf,
    stamp: disk::Identity,
    certificates: Arc<[CertificateDer<'static>]>,
}

/// The authorities of a whole operating system fit in a quarter of this.
const LARGEST: u64 = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::{
        chain::{Authorities, Standard},
        tests::fixture::{Forge, NOW},
        when::DAY,
    };

    struct Scene {
        forge: Forge,
        store: Arc<RootCertStore>,
        name: ServerName<'static>,
        known: Known,
    }

    impl Scene {
        fn new() -> Self {
            let forge = Forge::new();
            let name = ServerName::try_from("shop.example").expect("a name");
            Self { store: store_of(&forge), forge, name, known: Known::default() }
        }

        fn learn(&mut self, served: &[CertificateDer<'static>], at: i64) {
            let certificates = [self.forge.root()];
            let authorities = Authorities::new(&self.store, &certificates);
            let standard = Standard { name: &self.name, authorities, known: &[], at };
            let chain = Arc::new(Chain::judge(served, &standard).expect("a chain"));
            self.known.learn(served, &self.store, &self.name, at, &chain);
        }

        fn recalls(&self, served: &[CertificateDer<'static>], at: i64) -> bool {
            self.known.recall(served, &self.store, &self.name, at).is_some()
        }
    }

    fn store_of(forge: &Forge) -> Arc<RootCertStore> {
        let mut store = RootCertStore::empty();
        store.add(forge.root()).expect("a root");
        Arc::new(store)
    }

    #[test]
    fn a_sound_chain_is_remembered_until_something_changes() {
        let mut scene = Scene::new();
        let served = [scene.forge.leaf_of(NOW - DAY, NOW + DAY), scene.forge.intermediate()];
        scene.learn(&served, NOW);
        assert!(scene.recalls(&served, NOW + DAY), "nothing has changed");
        assert!(!scene.recalls(&served, NOW + DAY + 1), "the leaf has expired");
        assert!(!scene.recalls(&served[..1], NOW), "another chain");
        scene.store = store_of(&scene.forge);
        assert!(!scene.recalls(&served, NOW), "other authorities");
    }

    #[test]
    fn a_faulty_chain_is_not_remembered() {
        let mut scene = Scene::new();
        let served = [scene.forge.leaf(&["shop.example"])];
        scene.learn(&served, NOW);
        assert!(!scene.recalls(&served, NOW));
        assert_eq!(scene.known.intermediates().count(), 0);
    }

    #[test]
    fn intermediates_of_sound_chains_are_remembered() {
        let mut scene = Scene::new();
        let served = [scene.forge.leaf(&["shop.example"]), scene.forge.intermediate()];
        scene.learn(&served, NOW);
        assert!(scene.known.intermediates().eq(&[scene.forge.intermediate()]));
    }

    #[tokio::test]
    async fn a_file_is_read_again_when_it_has_changed_and_says_when_it_cannot_be() {
        let forge = Forge::new();
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("intermediates.pem");
        let mut known = Known::default();
        let missing = known.read(&path).await.expect_err("no file");
        assert_eq!(missing.obstacle, Obstacle::Local);
        std::fs::write(&path, "nothing").expect("a file");
        assert!(known.read(&path).await.is_err());
        let pem = pem::encode(&pem::Pem::new("CERTIFICATE", forge.intermediate().as_ref()));
        std::fs::write(&path, pem).expect("a file");
        known.read(&path).await.expect("a certificate");
        assert!(known.intermediates().eq(&[forge.intermediate()]));
    }
}
