//! The full tier: every suite and group, and what clients get that ask in another way.

use std::{collections::BTreeMap, sync::Arc};

use futures_util::future::join_all;
use tokio::join;

use crate::{
    contract::Obstacle,
    tls::{
        chain::Chain,
        observe::survey::{
            Told,
            ask::{Answer, Asker},
            fast::Fast,
            keep_certificates,
            list::{self, Listing},
            standard::{Standard, is_accepted},
        },
    },
    wire::hello::{
        flight::Flight,
        group::{Group, Scheme},
        suite::Suite,
        version::Version,
    },
};

/// What two dozen connections tell of a sound server.
#[derive(Clone, Debug)]
pub(in crate::tls) struct Full {
    /// What hellos tell.
    pub(in crate::tls) listed: Listed,
    /// What a client is shown that asks for no name; `None` where there is no name to ask for.
    pub(in crate::tls) nameless: Option<Told<Shown>>,
    /// What a client is shown that does not take the usual certificate's kind of key.
    pub(in crate::tls) second: Told<Shown>,
    /// Whether a second connection resumed the first one's session.
    pub(in crate::tls) resumes: Told<bool>,
}

/// What hellos tell.
#[derive(Clone, Debug)]
pub(in crate::tls) struct Listed {
    /// Whether SSL 2.0 is spoken.
    pub(in crate::tls) ssl2: Told<bool>,
    /// Every suite that is accepted, by version; versions that are not spoken are absent.
    pub(in crate::tls) suites: BTreeMap<Version, Listing<Suite>>,
    /// Every group that is accepted.
    pub(in crate::tls) groups: Listing<Group>,
    /// What is made of a client with weak curves alone; `None` where TLS 1.2 is not spoken.
    pub(in crate::tls) weak_curve: Option<Told<Answer>>,
    /// What is made of a client that takes signatures on broken hashes alone; `None` where TLS 1.2 is
    /// not spoken.
    pub(in crate::tls) broken_hash: Option<Told<Answer>>,
}

/// What another client is shown.
#[derive(Clone, Debug)]
pub(in crate::tls) enum Shown {
    /// This chain.
    Chain(Arc<Chain>),
    /// Nothing: the handshake is refused, in these words.
    Refusal(String),
}

impl Full {
    /// Whether every question was answered, and nothing worth looking at again soon was found.
    pub(in crate::tls) fn is_settled(&self) -> bool {
        let listed = &self.listed;
        let refused = |answer: &Option<Told<Answer>>| {
            answer.as_ref().is_none_or(|answer| answer.is_ok() && !is_accepted(answer))
        };
        let sound = |shown: &Told<Shown>| match shown {
            Ok(Shown::Chain(chain)) => chain.trust.is_sound() && chain.is_for_name(),
            Ok(Shown::Refusal(_)) => true,
            Err(_) => false,
        };
        listed.ssl2 == Ok(false)
            && listed.suites.values().all(|listing| listing.rest.is_ok())
            && listed.groups.rest.is_ok()
            && refused(&listed.weak_curve)
            && refused(&listed.broken_hash)
            && self.nameless.as_ref().is_none_or(sound)
            && sound(&self.second)
            && self.resumes.is_ok()
    }
}

impl Listed {
    /// Lets go of certificates, which nobody asks for once the visit is over.
    pub(in crate::tls) fn slim(&mut self) {
        let answers = [&mut self.weak_curve, &mut self.broken_hash].into_iter().flatten();
        answers.for_each(|answer| keep_certificates(answer, 0));
    }
}

/// Asks. What is known already is not asked again.
pub(in crate::tls) async fn full(
    asker: &Asker<'_>,
    fast: &Fast,
    standard: &Standard,
    speaks_tls13: bool,
    group: Option<Group>,
) -> Listed {
    let flight = standard.flight.as_ref().ok().and_then(Answer::accepted);
    // One after the other: a list is asked for step by step, and the longest would wait for a free
    // connection at each if there were more to do at once than connections.
    let single = async {
        let ssl2 = asker.speaks_ssl2().await;
        let weak_curve = only(asker, flight, |offer| offer.groups = Group::WEAK.to_vec()).await;
        let by_rsa = flight.is_some_and(is_signed_by_rsa);
        let broken_hash = only(asker, flight, |offer| {
            offer.suites.retain(|suite| suite.is_signed_by_rsa() == by_rsa);
            offer.schemes = if by_rsa { Scheme::BROKEN_RSA } else { Scheme::BROKEN_CURVES };
        });
        (ssl2, weak_curve, broken_hash.await)
    };
    let ((groups, tls13), older, (ssl2, weak_curve, broken_hash)) =
        join!(groups(asker, flight, speaks_tls13, group), older(asker, fast, standard), single,);
    let mut suites: BTreeMap<_, _> = older.into_iter().collect();
    suites.extend(tls13.map(|listing| (Version::Tls13, listing)));
    Listed { ssl2, suites, groups, weak_curve, broken_hash }
}

async fn groups(
    asker: &Asker<'_>,
    flight: Option<&Flight>,
    speaks_tls13: bool,
    known: Option<Group>,
) -> (Listing<Group>, Option<Listing<Suite>>) {
    if !speaks_tls13 {
        let Some(flight) = flight else { return (Listing::empty(), None) };
        return (list::curves(asker, flight.group).await, None);
    }
    let (mut groups, mut suites) = list::tls13(asker, known).await;
    if suites.found.is_empty() && suites.rest.is_ok() {
        // It has just agreed on one in a handshake.
        let detail = "it refuses every hello without a key share, which TLS 1.3 allows";
        let unheard_of = Obstacle::Protocol.because(detail);
        (groups.rest, suites.rest) = (Err(unheard_of.clone()), Err(unheard_of));
    }
    (groups, Some(suites))
}

/// The suites of TLS 1.2 and below, of versions that are spoken.
async fn older(
    asker: &Asker<'_>,
    fast: &Fast,
    standard: &Standard,
) -> Vec<(Version, Listing<Suite>)> {
    let mut wanted: Vec<(Version, Vec<Suite>, Option<Suite>)> = Vec::new();
    let of_tls12 = [
        (&standard.flight, Suite::sound()),
        (&fast.weak, Suite::faulty(false)),
        (&standard.rare, Suite::faulty(true)),
    ];
    let old = standard.old.iter().map(|(version, answer)| (answer, Suite::old(), *version));
    let ssl3 = [(&standard.ssl3, Suite::ssl3(), Version::Ssl3)];
    let all = of_tls12.into_iter().map(|(answer, suites)| (answer, suites, Version::Tls12));
    for (answer, suites, version) in all.chain(old).chain(ssl3) {
        let Some(flight) = answer.as_ref().ok().and_then(Answer::accepted) else { continue };
        // An old server answers a hello of TLS 1.2 with what it has.
        if flight.version == Some(version) {
            wanted.push((version, suites, flight.suite));
        }
    }
    let one = async |(version, suites, known): (Version, Vec<Suite>, Option<Suite>)| {
        (version, list::suites(asker, version, &suites, known).await)
    };
    let mut listed: Vec<(Version, Listing<Suite>)> = Vec::new();
    for (version, listing) in join_all(wanted.into_iter().map(one)).await {
        match listed.iter_mut().find(|(known, _)| *known == version) {
            Some((_, known)) => known.extend(listing),
            None => listed.push((version, listing)),
        }
    }
    listed
}

fn is_signed_by_rsa(flight: &Flight) -> bool {
    flight.suite.is_some_and(Suite::is_signed_by_rsa)
}

/// What becomes of a hello of TLS 1.2 that is sound but for one change.
async fn only(
    asker: &Asker<'_>,
    flight: Option<&Flight>,
    change: impl FnOnce(&mut crate::wire::hello::offer::Offer),
) -> Option<Told<Answer>> {
    flight?;
    let mut offer = asker.offer(Version::Tls12, Suite::sound());
    change(&mut offer);
    Some(asker.ask(offer).await)
}
