//! Who vouches for a leaf.

use super::{
    Certificate, Clients, Families, Oddity, Path, Place, Standard,
    clients::{self, of_strangers},
    oddity::{Found, Kind},
    paths::{Lenience, Search},
    rules::{
        Role, encoding, extensions, leaf as of_leaf,
        link::{self, Link},
        listed, size,
    },
    strength::Key,
    verify::{self, Verified},
};
use crate::wire::x509;

/// Who vouches for a leaf.
#[derive(Clone, Debug)]
pub(in crate::tls) enum Trust {
    /// The leaf itself is listed as trusted.
    Listed,
    /// It is signed with its own key, and nobody lists it.
    SelfSigned,
    /// There is a path to an authority.
    Anchored {
        /// The path.
        path: Box<Path>,
        /// What a client must overlook to go it; nothing, on a sound chain.
        overlooked: Vec<Lenience>,
    },
    /// There is no path, or none that can be found.
    Refused(Refusal),
}

/// Why there is no path.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::tls) enum Refusal {
    /// Nobody knows the issuer of the last certificate in line.
    UnknownIssuer {
        /// The issuer's name.
        issuer: String,
        /// Whether the line ends in a root, so that nothing is missing in it.
        is_rooted: bool,
        /// Whether not even the leaf's own issuer was sent.
        is_alone: bool,
        /// Where the leaf says its issuer's certificate may be fetched.
        issuer_url: Option<String>,
    },
    /// An authority has the issuer's name and another key.
    WrongKey,
    /// A signature or a key on the way is so weak that nobody verifies it.
    TooWeak,
    /// There are too many ways to try them all.
    Exhausted,
    /// We cannot verify a signature that others can.
    Unverifiable,
}

impl Trust {
    /// Who vouches for the leaf, and what clients say to the chain. `sent` is what was sent, leaf first.
    pub(super) fn of(
        sent: Vec<Result<x509::Certificate<'_>, String>>,
        leaf: &Certificate,
        rest: &[Result<Certificate, String>],
        standard: &Standard<'_>,
        of_name: Vec<Oddity>,
        bytes: usize,
    ) -> (Self, Clients) {
        let Standard { authorities, at, .. } = *standard;
        let count = sent.len();
        let mut pool = Vec::new();
        let mut unreadable = Vec::new();
        for (i, one) in sent.into_iter().enumerate().take(LONGEST) {
            match one {
                Ok(one) => pool.push((Place::Served(i), one)),
                Err(why) => unreadable.push((i, why)),
            }
        }
        let strangers = pool.iter().skip(1).map(|(place, one)| {
            let mut found = Found::at(*place);
            encoding::judge(one, &mut found);
            extensions::judge(one, Role::Intermediate, &mut found);
            found
        });
        let mut others = of_strangers(unreadable.into_iter(), strangers);
        others.extend(of_name);
        if authorities.list(pool[0].1.whole) {
            let oddities = itself(&pool[0].1, true, count, bytes);
            others.extend(oddities);
            return (Self::Listed, Clients::of(&[], &others).1);
        }
        let served = pool.len();
        let known = standard.known.iter().filter_map(|der| x509::Certificate::read(der).ok());
        pool.extend(known.map(|one| (Place::Known, one)));
        dedup(&mut pool, served);
        let candidates = authorities.candidates();
        let mut search = Search::new(pool, &candidates, at);
        let ways = search.ways();
        let mut judged: Vec<_> =
            ways.into_iter().map(|way| search.judge(way, count, bytes)).collect();
        let (best, clients) = Clients::of(&judged, &others);
        if let Some(best) = best {
            let best = judged.swap_remove(best);
            let overlooked = clients::overlooked(&best);
            let path = search.describe(&best.way);
            return (Self::Anchored { path: path.into(), overlooked }, clients);
        }
        let own = &search.pool[0].1;
        others.extend(itself(own, false, count, bytes));
        let (_, clients) = Clients::of(&[], &others);
        if leaf.is_self_issued() && verify::signed_by(own, own.key.whole) != Verified::No {
            return (Self::SelfSigned, clients);
        }
        (Self::Refused(refusal(&search, leaf, rest)), clients)
    }

    /// The way to an authority, where there is one.
    pub(in crate::tls) fn path(&self) -> Option<&Path> {
        match self {
            Self::Anchored { path, .. } => Some(path),
            _ => None,
        }
    }

    /// Whether a client must overlook this to trust the leaf.
    pub(in crate::tls) fn overlooks(&self, lenience: Lenience) -> bool {
        matches!(self, Self::Anchored { overlooked, .. } if overlooked.contains(&lenience))
    }

    /// Whether a client trusts the leaf as things are, so that the judgement may be remembered.
    pub(in crate::tls) fn is_sound(&self) -> bool {
        match self {
            Self::Anchored { overlooked, .. } => overlooked.is_empty(),
            Self::Listed => true,
            Self::SelfSigned | Self::Refused(_) => false,
        }
    }
}

/// What clients say to a leaf by itself.
fn itself(
    leaf: &x509::Certificate<'_>,
    is_listed: bool,
    count: usize,
    bytes: usize,
) -> Vec<Oddity> {
    let mut found = Found::at(Place::Served(0));
    encoding::judge(leaf, &mut found);
    extensions::judge(leaf, Role::Leaf, &mut found);
    of_leaf::judge(leaf, &mut found);
    link::key_of_leaf(&Key::of(&leaf.key), &mut found);
    if is_listed {
        // Java asks nothing of a certificate that it trusts as it is.
        for oddity in found.all.iter_mut().filter(|oddity| oddity.kind == Kind::Rule) {
            oddity.refusers = oddity.refusers.without(Families::of("J"));
        }
        listed::judge(leaf, &mut found);
    }
    size::judge(count, bytes, 0, &mut found);
    found.all
}

/// Takes away what is known and was sent.
fn dedup(pool: &mut Vec<(Place, x509::Certificate<'_>)>, served: usize) {
    let mut met = std::collections::HashSet::new();
    let mut i = 0;
    pool.retain(|(_, one)| {
        let is_new = met.insert(one.whole);
        i += 1;
        is_new || i <= served
    });
}

fn refusal(
    search: &Search<'_>,
    leaf: &Certificate,
    rest: &[Result<Certificate, String>],
) -> Refusal {
    if search.is_exhausted() {
        return Refusal::Exhausted;
    }
    let all = || std::iter::once(leaf).chain(rest.iter().flatten());
    let is_weak = all().any(|one| {
        !one.is_self_issued() && one.signature.broken_hash.is_some()
            || one.is_authority && one.key.weakness().is_some()
    });
    let broken: Vec<Link> = search.broken().collect();
    if broken.contains(&Link::Unverifiable) {
        return if is_weak { Refusal::TooWeak } else { Refusal::Unverifiable };
    }
    if broken.contains(&Link::WrongKey) {
        return Refusal::WrongKey;
    }
    unknown_issuer(leaf, rest)
}

/// Follows the issuers' names through what was sent to the last certificate in line.
fn unknown_issuer(leaf: &Certificate, rest: &[Result<Certificate, String>]) -> Refusal {
    let mut last = leaf;
    let mut steps = 0;
    // Names may go round in circles; nothing is longer than what was sent.
    while steps < rest.len() && !last.is_self_issued() {
        let Some(issuer) = rest.iter().flatten().find(|one| one.subject.is(&last.issuer)) else {
            break;
        };
        last = issuer;
        steps += 1;
    }
    Refusal::UnknownIssuer {
        issuer: last.issuer.to_string(),
        is_rooted: last.is_self_issued(),
        is_alone: steps == 0,
        issuer_url: leaf.issuer_url.clone(),
    }
}

/// Certificates of a chain among which a path is looked for. Real ones have up to six; a server may
/// send a hundred to keep us busy.
const LONGEST: usize = 16;
