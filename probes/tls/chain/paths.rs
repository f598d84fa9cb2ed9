//! Every path from a leaf to an authority.

use std::collections::HashMap;

use rustls_pki_types::CertificateDer;

use super::{Anchor, authorities::Candidate, oddity::Place, rules::link::Link};
use crate::wire::x509::{Certificate, name::Likeness};

/// What a search may overlook.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(in crate::tls) enum Lenience {
    /// Look at other moments than now.
    Time,
    /// Accept authorities that have expired or are no roots.
    Anchor,
    /// Verify signatures that clients refuse for being weak.
    Weakness,
    /// Accept issuers for any purpose.
    Purpose,
    /// Use intermediates that we know and the server does not send.
    Known,
}

impl Lenience {
    /// Every lenience. Where either of two would do, the later one is blamed: an expired intermediate
    /// whose replacement is known is a missing intermediate.
    pub(super) const ALL: [Self; 5] =
        [Self::Time, Self::Anchor, Self::Weakness, Self::Purpose, Self::Known];
}

/// A way from the leaf to an authority.
#[derive(Clone, Debug)]
pub(in crate::tls) struct Path {
    /// The certificates between leaf and authority, in order: their positions in what the server
    /// sent, or their DER where it did not send them.
    pub(in crate::tls) steps: Vec<Step>,
    /// Where it ends.
    pub(in crate::tls) anchor: Anchor,
}

/// A certificate on a path.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::tls) enum Step {
    /// Sent by the server, at this position.
    Served(usize),
    /// Known from elsewhere.
    Known(CertificateDer<'static>),
}

impl Path {
    /// Whether the path goes through what the server sent at this position; the leaf is on every path.
    pub(in crate::tls) fn passes(&self, position: usize) -> bool {
        position == 0 || self.steps.contains(&Step::Served(position))
    }
}

/// The certificates to look among.
pub(super) struct Search<'a> {
    /// What can be read of what the server sent, leaf first, with its positions; then the
    /// intermediates known from elsewhere, without.
    pub(super) pool: Vec<(Place, Certificate<'a>)>,
    pub(super) authorities: &'a [Candidate<'a>],
    /// Now, in seconds since the epoch.
    pub(super) at: i64,
    links: HashMap<(usize, Issuer), Link>,
    verified: usize,
}

/// An issuer: in the pool, or among the authorities.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
enum Issuer {
    Pool(usize),
    Authority(usize),
}

/// A path as it is found: positions in the pool, leaf first, then the authority.
#[derive(Clone, Debug)]
pub(super) struct Way {
    pub(super) certificates: Vec<usize>,
    pub(super) authority: usize,
    pub(super) likeness: Vec<Likeness>,
}

impl<'a> Search<'a> {
    pub(super) fn new(
        pool: Vec<(Place, Certificate<'a>)>,
        authorities: &'a [Candidate<'a>],
        at: i64,
    ) -> Self {
        Self { pool, authorities, at, links: HashMap::new(), verified: 0 }
    }

    /// Whether the search gave up on a chain that was made to keep it busy.
    pub(super) fn is_exhausted(&self) -> bool {
        self.verified >= MOST_SIGNATURES
    }

    /// Every path, as far as there is time to look.
    pub(super) fn ways(&mut self) -> Vec<Way> {
        let mut ways = Vec::new();
        let mut begun = vec![Way { certificates: vec![0], authority: 0, likeness: Vec::new() }];
        let mut looked = 0;
        while let Some(way) = begun.pop() {
            looked += 1;
            if ways.len() >= MOST_PATHS || looked > MOST_STEPS {
                break;
            }
            let last = *way.certificates.last().expect("a path begins with the leaf");
            let mut further = Vec::new();
            for next in self.issuers(&way) {
                let Link::Holds(likeness) = self.link(last, next) else { continue };
                let mut longer = way.clone();
                longer.likeness.push(likeness);
                match next {
                    Issuer::Authority(i) => {
                        longer.authority = i;
                        ways.push(longer);
                    }
                    Issuer::Pool(i) if way.certificates.len() <= LONGEST => {
                        longer.certificates.push(i);
                        further.push(longer);
                    }
                    Issuer::Pool(_) => {}
                }
            }
            // Those that were sent first are looked at first.
            begun.extend(further.into_iter().rev());
        }
        ways
    }

    /// Why the leaf's line ends: the links of the last certificate in it that do not hold.
    pub(super) fn broken(&self) -> impl Iterator<Item = Link> {
        self.links.values().copied().filter(|link| !matches!(link, Link::None | Link::Holds(_)))
    }

    fn issuers(&self, way: &Way) -> Vec<Issuer> {
        let is_root = |i: usize| {
            let one = &self.pool[i].1;
            // A root that was sent is the one that is trusted, or leads nowhere.
            one.is_self_issued() && self.authorities.iter().any(|known| known.is(one))
        };
        let pool = (1..self.pool.len()).filter(|i| {
            let is_met =
                way.certificates.iter().any(|met| self.pool[*met].1.whole == self.pool[*i].1.whole);
            !is_met && !is_root(*i)
        });
        (0..self.authorities.len()).map(Issuer::Authority).chain(pool.map(Issuer::Pool)).collect()
    }

    fn link(&mut self, certificate: usize, issuer: Issuer) -> Link {
        if let Some(link) = self.links.get(&(certificate, issuer)) {
            return *link;
        }
        let (name, key) = match issuer {
            Issuer::Pool(i) => (self.pool[i].1.subject, self.pool[i].1.key.whole),
            Issuer::Authority(i) => (&*self.authorities[i].subject, &*self.authorities[i].key),
        };
        if self.is_exhausted() {
            return Link::None;
        }
        let link = Link::of(&self.pool[certificate].1, name, key);
        self.verified += usize::from(link != Link::None);
        self.links.insert((certificate, issuer), link);
        link
    }

    /// The path as it is kept.
    pub(super) fn describe(&self, way: &Way) -> Path {
        let steps = way.certificates.iter().skip(1).map(|i| match self.pool[*i] {
            (Place::Served(position), _) => Step::Served(position),
            (_, ref one) => Step::Known(CertificateDer::from(one.whole.to_vec())),
        });
        let anchor = self.authorities[way.authority].kept();
        Path { steps: steps.collect(), anchor }
    }
}

/// Paths that are judged. Real chains have one or two.
const MOST_PATHS: usize = 32;
/// Signatures that are verified, and steps that are taken.
const MOST_SIGNATURES: usize = 200;
const MOST_STEPS: usize = 1000;
/// Certificates on a path.
const LONGEST: usize = 16;
