//! Revocation lists that the operator keeps on this machine. Nothing is ever fetched.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls_pki_types::{
    CertificateRevocationListDer,
    pem::{self, PemObject},
};
use webpki::{CertRevocationList, OwnedCertRevocationList};

use crate::contract::{Obstacle, Obstructed, disk, setting::File};

/// The lists of the files that were read, which are read again when they have changed.
#[derive(Clone, Debug, Default)]
pub(in crate::tls) struct RevocationLists(Vec<Known>);

#[derive(Clone, Debug)]
struct Known {
    path: PathBuf,
    stamp: disk::Identity,
    lists: Arc<[CertRevocationList<'static>]>,
}

impl RevocationLists {
    /// Reads these files, if they have changed, and forgets others. One that cannot be read keeps no
    /// other from being read.
    pub(in crate::tls) async fn read(&mut self, files: &[File]) -> Result<(), Obstructed> {
        self.0.retain(|known| files.iter().any(|file| file.path() == known.path));
        let mut unread = Ok(());
        for file in files {
            let read = self.read_one(file.path()).await;
            unread = unread.and(read);
        }
        unread
    }

    /// Every list.
    pub(in crate::tls) fn all(&self) -> Vec<&CertRevocationList<'static>> {
        self.0.iter().flat_map(|known| known.lists.iter()).collect()
    }

    async fn read_one(&mut self, path: &Path) -> Result<(), Obstructed> {
        let unreadable = |error: &dyn fmt::Display| {
            Obstacle::Local.because(format!("revocation_lists {}: {error}", path.display()))
        };
        let stamp = disk::identify_file(path.to_owned()).await;
        let stamp = stamp.map_err(|error| unreadable(&error))?;
        if self.0.iter().any(|known| known.path == path && known.stamp == stamp) {
            return Ok(());
        }
        self.0.retain(|known| known.path != path);
        let content = disk::read_file(path.to_owned(), LARGEST).await;
        let content = content.map_err(|error| unreadable(&error))?;
        // A long list takes longer than others want to wait for this thread.
        let parsed = tokio::task::spawn_blocking(move || parse(&content)).await;
        let parsed = parsed.unwrap_or_else(|_| Err("reading it was given up".to_owned()));
        let lists = parsed.map_err(|why| unreadable(&why))?;
        self.0.push(Known { path: path.to_owned(), stamp, lists: lists.into() });
        Ok(())
    }
}

/// The lists in a file: one as DER, or any number as PEM.
fn parse(content: &[u8]) -> Result<Vec<CertRevocationList<'static>>, String> {
    let ders = if content.first() == Some(&crate::wire::der::SEQUENCE) {
        vec![CertificateRevocationListDer::from(content.to_vec())]
    } else {
        let read: Result<Vec<_>, pem::Error> =
            CertificateRevocationListDer::pem_slice_iter(content).collect();
        read.map_err(|error| error.to_string())?
    };
    if ders.is_empty() {
        return Err("there is no revocation list in it, neither as PEM nor as DER".to_owned());
    }
    let owned = |der: &CertificateRevocationListDer<'_>| {
        let list = OwnedCertRevocationList::from_der(der);
        list.map(CertRevocationList::from).map_err(|error| match error {
            webpki::Error::UnsupportedDeltaCrl => {
                "it is a delta list, which gonogo does not read; give it the complete one"
                    .to_owned()
            }
            other => format!("it is not a revocation list that clients read ({other})"),
        })
    };
    ders.iter().map(owned).collect()
}

/// The longest lists of public authorities have some ten megabytes.
const LARGEST: u64 = 64 << 20;
