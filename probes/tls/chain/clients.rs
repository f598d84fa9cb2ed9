//! Which clients refuse a chain, and why.

use super::{
    Families, Lenience, Oddity, Place,
    judged::Judged,
    oddity::{Found, Kind},
};

/// What clients say to a chain, besides what checks of their own tell.
#[derive(Clone, Debug, Default)]
pub(in crate::tls) struct Clients(Box<[Oddity]>);

impl Clients {
    /// What clients say to the best of these paths. `others` is what holds whatever the path.
    pub(super) fn of(paths: &[Judged], others: &[Oddity]) -> (Option<usize>, Self) {
        let best = (0..paths.len()).min_by_key(|i| cost(&paths[*i]));
        let Some(best) = best else { return (None, Self(told_here(others))) };
        // An intermediate that is missing is told by a check of its own, and no path without it is
        // anybody's way.
        let uses_known = |path: &Judged| overlooks(path, Lenience::Known);
        let considered = paths.iter().filter(|path| uses_known(path) == uses_known(&paths[best]));
        let refused_by_all_paths = considered
            .map(|path| path.oddities.iter().fold(Families::NONE, |all, one| all | one.refusers))
            .reduce(Families::and)
            .unwrap_or_default();
        let mut oddities: Vec<Oddity> = others.to_vec();
        oddities.extend(paths[best].oddities.iter().cloned().map(|mut one| {
            one.refusers = one.refusers.and(refused_by_all_paths);
            one
        }));
        (Some(best), Self(told_here(&oddities)))
    }

    /// Who refuses the chain, if a stapled response came with it or did not.
    pub(in crate::tls) fn refusers(&self, stapled: bool) -> Families {
        self.oddities(stapled).fold(Families::NONE, |all, one| all | one.refusers)
    }

    /// Who cannot read it, or does not know what they must.
    pub(in crate::tls) fn non_readers(&self) -> Families {
        let unread = self.0.iter().filter(|one| one.kind != Kind::Rule);
        unread.fold(Families::NONE, |all, one| all | one.refusers)
    }

    /// What they refuse it for.
    pub(in crate::tls) fn oddities(&self, stapled: bool) -> impl Iterator<Item = &Oddity> {
        self.0.iter().filter(move |one| !(stapled && one.lifted_by_staple))
    }

    /// Who refuses and why, for people.
    pub(in crate::tls) fn described(&self, stapled: bool) -> String {
        const SHOWN: usize = 4;
        let mut oddities: Vec<&Oddity> = self.oddities(stapled).collect();
        oddities.sort_by_key(|one| std::cmp::Reverse((one.refusers.grade(), one.refusers.count())));
        let mut parts: Vec<String> = oddities
            .iter()
            .take(SHOWN)
            .map(|one| format!("{} (refused by {})", one.described(), one.refusers))
            .collect();
        if oddities.len() > SHOWN {
            parts.push(format!("{} more", oddities.len() - SHOWN));
        }
        parts.join("; ")
    }
}

/// What is left once the checks that tell of something have told it.
fn told_here(oddities: &[Oddity]) -> Box<[Oddity]> {
    let here = |one: &&Oddity| one.told_by.is_none() && !one.refusers.is_empty();
    oddities.iter().filter(here).cloned().collect()
}

fn overlooks(path: &Judged, lenience: Lenience) -> bool {
    path.oddities.iter().any(|one| one.lenience == Some(lenience))
}

/// What must be overlooked to go a path.
pub(super) fn overlooked(path: &Judged) -> Vec<Lenience> {
    Lenience::ALL.into_iter().filter(|one| overlooks(path, *one)).collect()
}

/// How bad a path is: whether everyone refuses it for a rule, then what must be overlooked, then who
/// refuses it.
fn cost(path: &Judged) -> (bool, [bool; 5], u32, usize) {
    let rules = path.oddities.iter().filter(|one| one.told_by.is_none());
    let refusers = rules.fold(Families::NONE, |all, one| all | one.refusers);
    let overlooked = Lenience::ALL.map(|one| overlooks(path, one));
    let is_hopeless = refusers.contains(Families::EVERYONE);
    (is_hopeless, overlooked, refusers.count(), path.oddities.len())
}

/// What holds of everything that was sent, whatever path is gone: Go and Java read all of it.
pub(super) fn of_strangers(
    unreadable: impl Iterator<Item = (usize, String)>,
    strangers: impl Iterator<Item = Found>,
) -> Vec<Oddity> {
    let unread = unreadable.map(|(i, why)| {
        let what = format!("it cannot be read: {why}");
        Oddity::new(Place::Served(i), Kind::Reading, Families::of("GJT"), what)
    });
    let readers = Families::of("GJ");
    let malformed = strangers.flat_map(|found| found.all).filter_map(|mut one| {
        one.refusers = one.refusers.and(readers);
        (one.kind == Kind::Reading && !one.refusers.is_empty()).then_some(one)
    });
    unread.chain(malformed).collect()
}
