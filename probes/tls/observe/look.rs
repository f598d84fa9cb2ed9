//! One address of the target: the handshake, and the questions that are due.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use rustls::{AlertDescription, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::{join, time::Instant};

use crate::{
    contract::{Obstacle, Obstructed, net::Negotiated},
    tls::{
        chain::{Certificate, Key, digest_of},
        evidence::{Broken, sessions::Sessions, version_of},
        observe::{
            handshake::{Client, Recorded, record},
            survey::{
                Tier, Told,
                ask::{Answer, Asker, Refusal},
                cadence::{Cadence, Remembered},
                fast::{Fast, fast},
                full::{Listed, full},
                standard::{Standard, is_accepted, standard},
            },
            way::Way,
        },
    },
    wire::hello::{flight::Alert, group::Group, suite::Suite, version::Version},
};

/// What one address showed, before its certificates are judged.
#[derive(Debug)]
pub(in crate::tls) struct Look {
    pub(in crate::tls) recorded: Recorded,
    pub(in crate::tls) sessions: Arc<Sessions>,
    /// What hellos told; an obstacle where asking would have been no use.
    pub(in crate::tls) questions: Told<Questions>,
}

/// The tiers that were asked.
#[derive(Debug)]
pub(in crate::tls) struct Questions {
    pub(in crate::tls) fast: Fast,
    /// Tells whether the server is still what it was.
    pub(in crate::tls) fingerprint: u64,
    pub(in crate::tls) standard: Option<Standard>,
    pub(in crate::tls) full: Option<Others>,
}

/// What the full tier brought.
#[derive(Debug)]
pub(in crate::tls) struct Others {
    pub(in crate::tls) listed: Listed,
    pub(in crate::tls) nameless: Option<Told<Sent>>,
    pub(in crate::tls) second: Told<Sent>,
    pub(in crate::tls) resumes: Told<bool>,
}

/// What another client is sent.
#[derive(Debug)]
pub(in crate::tls) enum Sent {
    /// A chain.
    Chain(Vec<CertificateDer<'static>>),
    /// A refusal, in these words.
    Refusal(String),
}

/// Looks at one address. `remembered` is what earlier visits found there.
pub(in crate::tls) async fn look(
    way: &Way<'_>,
    name: &ServerName<'static>,
    cadence: &Cadence,
    remembered: Option<&Remembered>,
    at: i64,
    until: Instant,
) -> Look {
    let client = Client::default();
    let recorded = record(way, name, &client).await;
    if let Some(leaf) = recorded.chain.first() {
        way.session.judging(name, way.address, leaf);
    }
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
    let speaks_tls13 =
        version == Some(Version::Tls13) || fast.tls13.as_ref().is_some_and(is_accepted);
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
        Some(sent(&asker, name, &client).await)
    };
    let full = match &standard {
        Some(standard) if due == Tier::Full => {
            let group = settled.and_then(group_of);
            // The handshakes one after the other, so that they leave connections to the lists.
            let handshakes = async {
                let nameless = nameless.await;
                let second = second(&asker, name, recorded, standard).await;
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
async fn second(
    asker: &Asker<'_>,
    name: &ServerName<'static>,
    recorded: &Recorded,
    standard: &Standard,
) -> Told<Sent> {
    let unread = || Obstacle::Protocol.because("its usual certificate cannot be read");
    let usual = recorded.chain.first().ok_or_else(unread)?;
    let key = Certificate::read(usual).map_err(|_| unread())?.key;
    let by_rsa = !matches!(key, Key::Rsa(_));
    let client = Client { hasty: true, ..Client::taking(if by_rsa { BY_RSA } else { BY_CURVES }) };
    let told = match sent(asker, name, &client).await {
        // Some servers say hello before they find that they have no key to sign with, and close. What we
        // have answered by then makes a reset of it, which tells nothing. In TLS 1.2 they look first.
        Err(Obstructed { obstacle: Obstacle::Reset, .. }) if is_accepted(&standard.flight) => {
            second_by_hello(asker, by_rsa).await
        }
        told => told,
    };
    match told? {
        Sent::Chain(chain) if chain.first() == Some(usual) => {
            Ok(Sent::Refusal("it shows the same certificate".to_owned()))
        }
        other => Ok(other),
    }
}

/// The same, by a hello of TLS 1.2 to a server that speaks it.
async fn second_by_hello(asker: &Asker<'_>, by_rsa: bool) -> Told<Sent> {
    let mut suites = Suite::sound();
    suites.retain(|suite| suite.is_signed_by_rsa() == by_rsa);
    match asker.takes(Version::Tls12, suites).await? {
        Answer::Accepted(flight) if flight.chain.is_empty() => {
            Err(Obstacle::Protocol.because("it showed no certificate"))
        }
        Answer::Accepted(flight) => {
            Ok(Sent::Chain(flight.chain.into_iter().map(CertificateDer::from).collect()))
        }
        Answer::Refused(_) => {
            Ok(Sent::Refusal("no suite of TLS 1.2 with the other kind of key".to_owned()))
        }
    }
}

/// What such a client is sent.
async fn sent(asker: &Asker<'_>, name: &ServerName<'static>, client: &Client) -> Told<Sent> {
    let recorded = record(asker.way(), name, client).await;
    if !recorded.chain.is_empty() {
        return Ok(Sent::Chain(recorded.chain));
    }
    let Err(broken) = recorded.outcome else {
        return Err(Obstacle::Protocol.because("it showed no certificate"));
    };
    // A refusal without a word, or with one that may mean anything, is one if others are still served.
    let doubtful = match (broken.tls, broken.obstructed.obstacle) {
        (Some(rustls::Error::AlertReceived(alert)), _) => {
            let is_plain = alert == AlertDescription::UnrecognisedName;
            let alert = Alert(alert.into());
            (!is_plain && !alert.is_about_the_hello()).then_some(Refusal::Alert(alert))
        }
        (_, Obstacle::Closed) => Some(Refusal::Closed),
        _ => return Err(broken.obstructed),
    };
    if let Some(refusal) = doubtful {
        asker.still_accepts(refusal).await?;
    }
    Ok(Sent::Refusal(broken.obstructed.detail))
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
