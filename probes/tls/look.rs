//! One address of the target: the handshake, and the questions that are due.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use rustls::SignatureScheme;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::{join, time::Instant};

use super::{
    chain::{Certificate, Key, digest_of},
    handshake::{Client, Recorded, record},
    hello::{Group, Version},
    posture::{Broken, version_of},
    sessions::Sessions,
    survey::{
        Answer, Asker, Cadence, Fast, Listed, Remembered, Standard, Tier, Told, fast, full,
        standard,
    },
    way::Way,
};
use crate::contract::{Obstacle, net::Negotiated};

/// What one address showed, before its certificates are judged.
#[derive(Debug)]
pub(super) struct Look {
    pub(super) recorded: Recorded,
    pub(super) sessions: Arc<Sessions>,
    /// What hellos told; an obstacle where asking would have been no use.
    pub(super) questions: Told<Questions>,
}

/// The tiers that were asked.
#[derive(Debug)]
pub(super) struct Questions {
    pub(super) fast: Fast,
    /// Tells whether the server is still what it was.
    pub(super) fingerprint: u64,
    pub(super) standard: Option<Standard>,
    pub(super) full: Option<Others>,
}

/// What the full tier brought.
#[derive(Debug)]
pub(super) struct Others {
    pub(super) listed: Listed,
    pub(super) nameless: Option<Told<Sent>>,
    pub(super) second: Told<Sent>,
    pub(super) resumes: Told<bool>,
}

/// What another client is sent.
#[derive(Debug)]
pub(super) enum Sent {
    /// A chain.
    Chain(Vec<CertificateDer<'static>>),
    /// A refusal, in these words.
    Refusal(String),
}

/// Looks at one address. `remembered` is what earlier visits found there.
pub(super) async fn look(
    way: &Way<'_>,
    name: &ServerName<'static>,
    cadence: &Cadence,
    remembered: Option<&Remembered>,
    at: i64,
    until: Instant,
) -> Look {
    let client = Client::default();
    let recorded = record(way, name, &client).await;
    let questions = match no_use_asking(&recorded) {
        Some(broken) => Err(broken.obstructed.clone()),
        None if cadence.depth == Tier::Handshake => {
            Err(Obstacle::Pending.because("nothing but handshakes is asked of this target"))
        }
        None => {
            let asked = ask(way, name, &client, &recorded, (cadence, remembered, at), until);
            // Boxed: it is many times as large as the visit that ends without it.
            Box::pin(asked).await
        }
    };
    Look { recorded, sessions: client.sessions, questions }
}

async fn ask(
    way: &Way<'_>,
    name: &ServerName<'static>,
    client: &Client,
    recorded: &Recorded,
    (cadence, remembered, at): (&Cadence, Option<&Remembered>, i64),
    until: Instant,
) -> Told<Questions> {
    let sni = match name {
        ServerName::DnsName(name) => Some(name.as_ref()),
        _ => None,
    };
    let settled = recorded.outcome.as_ref().ok();
    let version = settled.and_then(version_of);
    let asker = Asker::new(way, sni, version, until);
    let fast = fast(&asker, version.is_some()).await;
    let speaks_tls13 = version == Some(Version::Tls13)
        || fast
            .tls13
            .as_ref()
            .is_some_and(|told| told.as_ref().is_ok_and(|a| a.accepted().is_some()));
    let fingerprint = fingerprint(recorded, &fast);
    let due = cadence.due(remembered, fingerprint, at);
    let speaks_newer = speaks_tls13 || version.is_some();
    let standard =
        if due < Tier::Standard { None } else { Some(standard(&asker, &fast, speaks_newer).await) };
    // Who refuses everything has not told one thing from another.
    let has_told = asker.was_accepted() || !recorded.chain.is_empty();
    if let (Err(broken), false) = (&recorded.outcome, has_told) {
        return Err(broken.obstructed.clone());
    }
    let nameless = async {
        sni?;
        let client = Client { nameless: true, hasty: true, ..Client::default() };
        Some(sent(way, name, &client).await)
    };
    let full = match &standard {
        Some(standard) if due == Tier::Full => {
            let group = settled.and_then(group_of);
            // The handshakes one after the other, so that they leave connections to the lists.
            let handshakes = async {
                let (nameless, second) = (nameless.await, second(way, name, recorded).await);
                (nameless, second, resumes(way, name, client).await)
            };
            let (listed, (nameless, second, resumes)) =
                join!(full(&asker, &fast, standard, speaks_tls13, group), handshakes);
            Some(Others { listed, nameless, second, resumes })
        }
        _ => None,
    };
    Ok(Questions { fast, fingerprint, standard, full })
}

/// Whether the handshake ended in a way that every question would.
fn no_use_asking(recorded: &Recorded) -> Option<&Broken> {
    let broken = recorded.outcome.as_ref().err()?;
    if broken.refused {
        return Some(broken);
    }
    match broken.obstructed.obstacle {
        // Old servers close on hellos they do not understand, and answer those they do.
        Obstacle::Closed | Obstacle::Reset => None,
        Obstacle::Tls | Obstacle::Protocol if !broken.is_no_tls() => None,
        _ => Some(broken),
    }
}

fn group_of(settled: &Negotiated) -> Option<Group> {
    let name = settled.group.as_deref()?;
    let same = |group: &&Group| group.to_string().eq_ignore_ascii_case(name);
    Group::TLS13.iter().find(same).copied()
}

/// What a client is shown that does not take signatures by the usual certificate's kind of key.
async fn second(way: &Way<'_>, name: &ServerName<'static>, recorded: &Recorded) -> Told<Sent> {
    let unread = || Obstacle::Protocol.because("its usual certificate cannot be read");
    let usual = recorded.chain.first().ok_or_else(unread)?;
    let key = Certificate::read(usual).map_err(|_| unread())?.key;
    let schemes: &'static [SignatureScheme] =
        if matches!(key, Key::Rsa(_)) { BY_CURVES } else { BY_RSA };
    let client = Client { hasty: true, ..Client::taking(schemes) };
    match sent(way, name, &client).await? {
        Sent::Chain(chain) if chain.first() == Some(usual) => {
            Ok(Sent::Refusal("it shows the same certificate".to_owned()))
        }
        other => Ok(other),
    }
}

/// What such a client is sent.
async fn sent(way: &Way<'_>, name: &ServerName<'static>, client: &Client) -> Told<Sent> {
    let recorded = record(way, name, client).await;
    if !recorded.chain.is_empty() {
        return Ok(Sent::Chain(recorded.chain));
    }
    let Err(broken) = recorded.outcome else {
        return Err(Obstacle::Protocol.because("it showed no certificate"));
    };
    let words = broken.obstructed.detail.clone();
    match (broken.tls, broken.obstructed.obstacle) {
        (Some(rustls::Error::AlertReceived(_)), _) => Ok(Sent::Refusal(words)),
        // A refusal without a word is one if the usual client is served right afterwards.
        (_, Obstacle::Closed) => {
            let usual = Client { hasty: true, ..Client::default() };
            let control = record(way, name, &usual).await;
            control.outcome.map(|_| Sent::Refusal(words)).map_err(|_| broken.obstructed)
        }
        _ => Err(broken.obstructed),
    }
}

async fn resumes(way: &Way<'_>, name: &ServerName<'static>, client: &Client) -> Told<bool> {
    if client.sessions.count() == 0 {
        return Ok(false);
    }
    let client = Client { hasty: true, ..client.clone() };
    let recorded = record(way, name, &client).await;
    recorded.outcome.map(|_| recorded.resumed).map_err(|broken| broken.obstructed)
}

fn fingerprint(recorded: &Recorded, fast: &Fast) -> u64 {
    let mut hasher = DefaultHasher::new();
    digest_of(&recorded.chain).hash(&mut hasher);
    recorded.asks_for_certificate.hash(&mut hasher);
    match &recorded.outcome {
        Ok(settled) => {
            (&settled.version, &settled.suite, &settled.group, &settled.alpn).hash(&mut hasher);
        }
        Err(broken) => broken.obstructed.obstacle.hash(&mut hasher),
    }
    for answer in [&fast.old, &fast.weak] {
        match answer {
            Ok(Answer::Accepted(flight)) => (flight.version, flight.suite).hash(&mut hasher),
            Ok(Answer::Refused(_)) => 1.hash(&mut hasher),
            Err(obstructed) => obstructed.obstacle.hash(&mut hasher),
        }
    }
    hasher.finish()
}

const BY_CURVES: &[SignatureScheme] = &[
    SignatureScheme::ECDSA_NISTP256_SHA256,
    SignatureScheme::ECDSA_NISTP384_SHA384,
    SignatureScheme::ECDSA_NISTP521_SHA512,
    SignatureScheme::ED25519,
];

const BY_RSA: &[SignatureScheme] = &[
    SignatureScheme::RSA_PSS_SHA256,
    SignatureScheme::RSA_PSS_SHA384,
    SignatureScheme::RSA_PSS_SHA512,
    SignatureScheme::RSA_PKCS1_SHA256,
    SignatureScheme::RSA_PKCS1_SHA384,
    SignatureScheme::RSA_PKCS1_SHA512,
];
