//! A chain under a root of its own: sound, unless a case changes it.

use std::sync::LazyLock;

use rcgen::KeyPair;
use rustls_pki_types::CertificateDer;

use super::made::{Made, dns};
use crate::wire::x509::oid;

/// A chain, and who is known to refuse it.
pub(super) struct Case {
    pub(super) name: &'static str,
    /// Who refuses it, by letters, besides what other checks tell.
    pub(super) refusers: &'static str,
    /// The checks that fail; by the letters, if there are none.
    pub(super) fails: &'static [&'static str],
    pub(super) edit: fn(&mut Scene),
}

/// The three certificates of a case, and what is sent and trusted of them.
pub(super) struct Scene {
    pub(super) leaf: Made,
    pub(super) middle: Made,
    pub(super) root: Made,
    pub(super) asked: &'static str,
    /// Sent after leaf and intermediate.
    pub(super) more: Vec<CertificateDer<'static>>,
    /// The leaf is signed with the root's key, or its own, and comes without the intermediate.
    pub(super) shape: Shape,
    /// The keys that sign leaf, intermediate and root.
    pub(super) signers: [&'static KeyPair; 3],
}

/// What is below what.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Shape {
    /// Root, intermediate, leaf.
    Usual,
    /// The leaf is trusted.
    LeafTrusted,
    /// The intermediate is trusted.
    MiddleTrusted,
}

pub(super) static KEYS: LazyLock<[KeyPair; 4]> =
    LazyLock::new(|| [(); 4].map(|()| KeyPair::generate().expect("a key")));

impl Scene {
    pub(super) fn new() -> Self {
        let [root_key, middle_key, leaf_key, _] = &*KEYS;
        let mut root = Made::new("corpus root", "corpus root", 1, root_key);
        root.authority(true, None);
        root.usage(&[5, 6]);
        root.identify(Some(&root.key.clone()), None);
        let mut middle = Made::new("corpus middle", "corpus root", 2, middle_key);
        middle.authority(true, None);
        middle.usage(&[5, 6]);
        middle.identify(Some(&middle.key.clone()), Some(&root.key));
        let mut leaf = Made::new("a.d.test", "corpus middle", 3, leaf_key);
        leaf.usage(&[0]);
        leaf.purposes(&[oid::SERVER_AUTH]);
        leaf.names(false, &[dns("a.d.test")]);
        leaf.identify(None, Some(&middle.key));
        Self {
            leaf,
            middle,
            root,
            asked: "a.d.test",
            more: Vec::new(),
            shape: Shape::Usual,
            signers: [middle_key, root_key, root_key],
        }
    }

    /// What is sent, leaf first, and what is trusted.
    pub(super) fn made(&self) -> (Vec<CertificateDer<'static>>, CertificateDer<'static>) {
        let leaf = self.leaf.signed_by(self.signers[0]);
        let middle = self.middle.signed_by(self.signers[1]);
        let mut sent = vec![leaf.clone()];
        let trusted = match self.shape {
            Shape::Usual => {
                sent.push(middle);
                self.root.signed_by(self.signers[2])
            }
            Shape::LeafTrusted => leaf,
            Shape::MiddleTrusted => middle,
        };
        sent.extend(self.more.iter().cloned());
        (sent, trusted)
    }

    /// Makes the leaf sign itself, and be trusted.
    pub(super) fn own(&mut self) {
        self.shape = Shape::LeafTrusted;
        self.leaf.issuer = self.leaf.subject.clone();
        self.signers[0] = &KEYS[2];
        self.leaf.identify(Some(&self.leaf.key.clone()), Some(&self.leaf.key.clone()));
    }
}

pub(super) fn case(name: &'static str, refusers: &'static str, edit: fn(&mut Scene)) -> Case {
    Case { name, refusers, fails: &[], edit }
}

/// A case that one check tells of by itself.
pub(super) fn told(
    name: &'static str,
    fails: &'static [&'static str],
    edit: fn(&mut Scene),
) -> Case {
    Case { name, refusers: "", fails, edit }
}
