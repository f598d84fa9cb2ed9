//! Everything a server accepts of a kind, by taking away what it chose until it refuses.

use futures_util::future::join_all;

use crate::{
    contract::Obstacle,
    tls::observe::survey::{
        Told,
        ask::{Answer, Asker},
    },
    wire::hello::{group::Group, suite::Suite, version::Version},
};

/// What was found, and whether that is all.
#[derive(Clone, Debug)]
pub(in crate::tls) struct Listing<T> {
    /// In the order in which the server chose.
    pub(in crate::tls) found: Vec<T>,
    /// What kept us from asking on, if anything did: there may be more.
    pub(in crate::tls) rest: Told<()>,
}

impl<T> Listing<T> {
    pub(in crate::tls) fn empty() -> Self {
        Self { found: Vec::new(), rest: Ok(()) }
    }

    /// Adds what was found elsewhere.
    pub(in crate::tls) fn extend(&mut self, other: Self) {
        self.found.extend(other.found);
        if self.rest.is_ok() {
            self.rest = other.rest;
        }
    }
}

/// The suites of `candidates` that are accepted at this version, `known` being one that is. Asked in
/// several hellos at once, as one with all of them might be too long for old servers.
pub(in crate::tls) async fn suites(
    asker: &Asker<'_>,
    version: Version,
    candidates: &[Suite],
    known: Option<Suite>,
) -> Listing<Suite> {
    let chunk = async |candidates: &[Suite]| {
        let mut left: Vec<Suite> = candidates.to_vec();
        let mut listing = Listing::empty();
        if let Some(known) = known.filter(|known| left.contains(known)) {
            left.retain(|suite| *suite != known);
            listing.found.push(known);
        }
        while !left.is_empty() {
            match asker.takes(version, left.clone()).await {
                Ok(Answer::Accepted(flight)) if flight.version == Some(version) => {
                    let Some(suite) = flight.suite else { break };
                    left.retain(|one| *one != suite);
                    listing.found.push(suite);
                }
                Ok(_) => break,
                Err(obstructed) => {
                    listing.rest = Err(obstructed);
                    break;
                }
            }
        }
        listing
    };
    let mut all = Listing::empty();
    join_all(candidates.chunks(CHUNK).map(chunk)).await.into_iter().for_each(|one| all.extend(one));
    all
}

/// The groups and suites of TLS 1.3. Each answer names one of both, so the suites come along with the
/// groups as long as the server heeds the client's order.
pub(in crate::tls) async fn tls13(
    asker: &Asker<'_>,
    known: Option<Group>,
) -> (Listing<Group>, Listing<Suite>) {
    let (mut groups, mut suites) = (Listing::empty(), Listing::empty());
    groups.found.extend(known);
    let mut left: Vec<Group> =
        Group::TLS13.iter().copied().filter(|group| Some(*group) != known).collect();
    let mut unseen = Suite::of(Version::Tls13);
    while !left.is_empty() {
        let mut offer = asker.offer(Version::Tls13, [&unseen[..], &suites.found].concat());
        offer.groups.clone_from(&left);
        match asker.ask(offer).await {
            Ok(Answer::Accepted(flight)) => {
                let chosen = flight.group.filter(|group| left.contains(group));
                let (Some(group), Some(suite)) = (chosen, flight.suite) else {
                    let detail = "it chose a group that it was not offered";
                    groups.rest = Err(Obstacle::Protocol.because(detail));
                    break;
                };
                left.retain(|one| *one != group);
                groups.found.push(group);
                note(&mut suites.found, &mut unseen, suite);
            }
            Ok(Answer::Refused(_)) => break,
            Err(obstructed) => {
                groups.rest = Err(obstructed);
                break;
            }
        }
    }
    while !unseen.is_empty() {
        match asker.takes(Version::Tls13, unseen.clone()).await {
            Ok(Answer::Accepted(flight)) => match flight.suite {
                Some(suite) => note(&mut suites.found, &mut unseen, suite),
                None => break,
            },
            Ok(Answer::Refused(_)) => break,
            Err(obstructed) => {
                suites.rest = Err(obstructed);
                break;
            }
        }
    }
    (groups, suites)
}

/// The curves of TLS 1.2, where there is no TLS 1.3 to ask more cheaply.
pub(in crate::tls) async fn curves(asker: &Asker<'_>, known: Option<Group>) -> Listing<Group> {
    let mut listing = Listing::empty();
    listing.found.extend(known);
    let mut left: Vec<Group> =
        Group::CURVES.iter().copied().filter(|group| Some(*group) != known).collect();
    while !left.is_empty() {
        let mut offer = asker.offer(Version::Tls12, Suite::sound());
        offer.groups.clone_from(&left);
        match asker.ask(offer).await {
            Ok(Answer::Accepted(flight)) => {
                // Servers of old use their only curve whether it was offered or not.
                let Some(group) = flight.group.filter(|group| left.contains(group)) else { break };
                left.retain(|one| *one != group);
                listing.found.push(group);
            }
            Ok(Answer::Refused(_)) => break,
            Err(obstructed) => {
                listing.rest = Err(obstructed);
                break;
            }
        }
    }
    listing
}

fn note(seen: &mut Vec<Suite>, unseen: &mut Vec<Suite>, suite: Suite) {
    unseen.retain(|one| *one != suite);
    if !seen.contains(&suite) {
        seen.push(suite);
    }
}

/// Suites of one hello.
const CHUNK: usize = 110;
