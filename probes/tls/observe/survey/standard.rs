//! The standard tier: which old versions and weak suites, and how TLS 1.2 is spoken.

use futures_util::future::join_all;
use tokio::join;

use crate::{
    tls::observe::survey::{
        Told,
        ask::{Answer, Asker},
        fast::Fast,
        keep_certificates,
    },
    wire::hello::{
        flight::Flight,
        suite::{Fault, Suite},
        version::Version,
    },
};

/// What a handful of hellos tell of a sound server, and a dozen more of one that is not.
#[derive(Clone, Debug)]
pub(in crate::tls) struct Standard {
    /// How TLS 1.2 is spoken with sound suites.
    pub(in crate::tls) flight: Told<Answer>,
    /// How TLS 1.2 or older is spoken at all.
    pub(in crate::tls) manners: Told<Answer>,
    /// Whether SSL 3.0 is spoken.
    pub(in crate::tls) ssl3: Told<Answer>,
    /// Whether one of the weak suites that hardly any server ever had is accepted.
    pub(in crate::tls) rare: Told<Answer>,
    /// Which faults the accepted suites have; empty where none is accepted.
    pub(in crate::tls) faults: Vec<(Fault, Told<Answer>)>,
    /// Old versions, each asked for by itself; empty where none is spoken.
    pub(in crate::tls) old: Vec<(Version, Told<Answer>)>,
    /// What is made of a client that falls back to an old version; `None` where there is none to fall
    /// back to.
    pub(in crate::tls) fallback: Option<Told<Answer>>,
}

impl Standard {
    /// Every flight in which the server has gone on with TLS 1.2 or older.
    pub(in crate::tls) fn flights(&self) -> impl Iterator<Item = &Flight> {
        let faults = self.faults.iter().map(|(_, answer)| answer);
        let old = self.old.iter().map(|(_, answer)| answer);
        let all = [&self.flight, &self.ssl3, &self.rare].into_iter().chain(faults).chain(old);
        all.filter_map(|answer| answer.as_ref().ok()?.accepted())
    }

    /// Lets go of what nobody asks for once the visit is over: every certificate but the leaf that came
    /// with the timestamps, which tells whether those are still the handshake's.
    pub(in crate::tls) fn slim(&mut self) {
        let faults = self.faults.iter_mut().map(|(_, answer)| answer);
        let old = self.old.iter_mut().map(|(_, answer)| answer);
        let others = [&mut self.manners, &mut self.ssl3, &mut self.rare];
        let others = others.into_iter().chain(faults).chain(old).chain(&mut self.fallback);
        others.for_each(|answer| keep_certificates(answer, 0));
        keep_certificates(&mut self.flight, 1);
    }

    /// Whether every question was answered.
    pub(in crate::tls) fn is_complete(&self) -> bool {
        let faults = self.faults.iter().map(|(_, answer)| answer);
        let old = self.old.iter().map(|(_, answer)| answer);
        let all = [&self.flight, &self.manners, &self.ssl3, &self.rare];
        all.into_iter().chain(faults).chain(old).chain(&self.fallback).all(Result::is_ok)
    }
}

/// Asks. What the fast tier found is taken apart.
pub(in crate::tls) async fn standard(
    asker: &Asker<'_>,
    fast: &Fast,
    speaks_newer: bool,
) -> Standard {
    let curious = async |suites| {
        let mut offer = asker.offer(Version::Tls12, suites);
        offer.curious = true;
        asker.ask(offer).await
    };
    let (flight, ssl3, rare) = join!(
        curious(Suite::sound()),
        asker.takes(Version::Ssl3, Suite::ssl3()),
        asker.takes(Version::Tls12, Suite::faulty(true)),
    );
    let speaks_newer = speaks_newer || is_accepted(&flight);
    let manners = async {
        let others = [(&fast.weak, false), (&rare, true)];
        match others.into_iter().find(|(answer, _)| is_accepted(answer)) {
            Some((_, is_rare)) if flight.is_ok() && !is_accepted(&flight) => {
                curious(Suite::faulty(is_rare)).await
            }
            _ => flight.clone(),
        }
    };
    let (manners, faults, (old, fallback)) =
        join!(manners, faults(asker, &fast.weak, &rare), old(asker, &fast.old, speaks_newer));
    Standard { flight, manners, ssl3, rare, faults, old, fallback }
}

async fn faults(
    asker: &Asker<'_>,
    common: &Told<Answer>,
    rare: &Told<Answer>,
) -> Vec<(Fault, Told<Answer>)> {
    let groups: Vec<bool> = [(common, false), (rare, true)]
        .into_iter()
        .filter_map(|(answer, is_rare)| is_accepted(answer).then_some(is_rare))
        .collect();
    if groups.is_empty() {
        return Vec::new();
    }
    let one = async |fault| {
        let mut answer = None;
        for &is_rare in &groups {
            let suites = Suite::with(fault, is_rare);
            if suites.is_empty() {
                continue;
            }
            let told = asker.takes(Version::Tls12, suites).await;
            let is_enough = is_accepted(&told);
            // An obstacle to one half of the question leaves the whole without an answer.
            answer = match (answer, told) {
                (Some(Err(obstructed)), told) if !is_accepted(&told) => Some(Err(obstructed)),
                (_, told) => Some(told),
            };
            if is_enough {
                break;
            }
        }
        answer.map(|answer| (fault, answer))
    };
    join_all(Fault::ALL.map(one)).await.into_iter().flatten().collect()
}

/// The old versions, and whether a client that falls back to the newest of them is warned.
async fn old(
    asker: &Asker<'_>,
    newest: &Told<Answer>,
    speaks_newer: bool,
) -> (Vec<(Version, Told<Answer>)>, Option<Told<Answer>>) {
    let Some(flight) = newest.as_ref().ok().and_then(Answer::accepted) else {
        return (Vec::new(), None);
    };
    let version = flight.version.unwrap_or(Version::Tls10);
    let below = async {
        // What chose TLS 1.0 of all below 1.2 does not speak 1.1.
        if version == Version::Tls11 {
            Some(asker.takes(Version::Tls10, Suite::old()).await)
        } else {
            None
        }
    };
    let fallback = async {
        if !speaks_newer {
            return None;
        }
        let mut offer = asker.offer(version, Suite::old());
        offer.fallback = true;
        Some(asker.ask(offer).await)
    };
    let (below, fallback) = join!(below, fallback);
    let mut old = vec![(version, newest.clone())];
    old.extend(below.map(|answer| (Version::Tls10, answer)));
    (old, fallback)
}

/// Whether the server goes on.
pub(in crate::tls) fn is_accepted(answer: &Told<Answer>) -> bool {
    answer.as_ref().is_ok_and(|answer| answer.accepted().is_some())
}
