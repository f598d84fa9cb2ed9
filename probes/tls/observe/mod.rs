//! The visit: a recorded handshake with each address of the target.

pub(super) mod handshake;
pub(super) mod known;
pub(super) mod look;
pub(super) mod survey;
pub(super) mod way;

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use futures_util::future::join_all;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::time;

use super::{
    Tls,
    chain::{Authorities, Chain, Standard},
    statements,
    when::seconds,
};
use crate::tls::settings::ClientCertificate;
use crate::{
    contract::{
        Obstacle, Obstructed, Visit,
        net::{Address, Endpoint, Request, StartTls},
    },
    tls::{
        evidence::{NoChain, Posture, Seen},
        observe::{
            handshake::{Afterwards, Recorded},
            known::Known,
            look::{Look, Questions, Sent, look},
            survey::{
                Survey, Told,
                ask::Answer,
                cadence::Remembered,
                full::{Full, Shown},
            },
            way::Way,
        },
        statements::timestamps::Timestamp,
    },
    web::addresses::{self, Round},
};

/// The name to ask for and to find in the certificate.
pub(super) fn name(tls: &Tls, visit: &Visit) -> Result<ServerName<'static>, Obstructed> {
    match &tls.server_name {
        Some(name) => Ok(name.clone()),
        None => visit.net.server_name(&endpoint(tls, visit)?),
    }
}

fn endpoint(tls: &Tls, visit: &Visit) -> Result<Endpoint, Obstructed> {
    tls.endpoint(&visit.target).ok_or_else(|| {
        let url = &visit.target.url;
        Obstacle::NotAllowed
            .because(format!("{url} names no port; say in `address` where TLS is spoken"))
    })
}

pub(super) async fn posture(tls: &Tls, visit: &Visit) -> Result<Posture, Obstructed> {
    let started = Instant::now();
    // Some of the time is kept for judging, so that what was seen by then is not lost.
    let until = time::Instant::now() + visit.deadline * 3 / 4;
    let endpoint = endpoint(tls, visit)?;
    let name = name(tls, visit)?;
    let round = Round::of(visit, &endpoint, addresses::MOST).await?;
    let (judged, unasked) = (&round.asked, round.unasked());
    let more = u32::try_from(judged.len().saturating_sub(USUAL)).unwrap_or(u32::MAX);
    let visit = &visit.with_room(AN_ADDRESS.saturating_mul(more));
    let mut left_out = Vec::new();

    let at = seconds(visit.at);
    let cadence = tls.cadence();
    let mut surveys =
        visit.memory.recall::<Surveys>().map(|kept| (*kept).clone()).unwrap_or_default();
    let looks = judged.iter().map(async |address| {
        let way = Way { session: &visit.net, endpoint: &endpoint, address, starttls: tls.starttls };
        look(&way, &name, &cadence, surveys.by_address.get(address), at, until).await
    });
    let mut looks: Vec<(Address, Look)> =
        judged.iter().cloned().zip(join_all(looks).await).collect();
    visit.net.judged_all();
    leave_out_unroutable(&mut looks, &mut left_out);

    let mut known =
        visit.memory.recall::<Known>().map(|known| (*known).clone()).unwrap_or_default();
    let unread = match &tls.intermediates_file {
        Some(file) => known.read(file.path()).await.err(),
        None => None,
    };
    let is_http = Some(&endpoint) == visit.target.endpoint().as_ref();
    let anonymous = looks.iter().map(async |(address, look)| {
        let wanted = is_http && tls.client_certificate == Some(ClientCertificate::Required);
        if !wanted || look.recorded.outcome.is_err() || look.recorded.afterwards == Afterwards::Ends
        {
            return None;
        }
        let url = visit.target.url.clone();
        let address = Some(address.clone());
        let request = Request { address, anonymous: true, ..Request::get(url) };
        Some(visit.net.exchange(request).await.map(|exchange| exchange.status))
    });
    let anonymous = join_all(anonymous).await;
    let mut judge = Judge::new(visit, &name, at, &looks, known);
    let (mut seen, mut sent) = (Vec::new(), Vec::new());
    for ((address, look), anonymous) in looks.into_iter().zip(anonymous) {
        let chain = judge.recorded(&look.recorded, &look.questions);
        let survey = look.questions.map(|questions| {
            let kept = surveys.by_address.remove(&address);
            let (survey, kept) = judge.survey(questions, kept);
            surveys.keep(&address, kept);
            survey
        });
        let extension_timestamps = timestamps(survey.as_ref().ok(), look.recorded.chain.first());
        let Recorded { outcome, took, asks_for_certificate, bad_signature, afterwards, .. } =
            look.recorded;
        sent.push(statements::Sent { chain: look.recorded.chain, staple: look.recorded.staple });
        seen.push(Seen {
            client: client(&address, tls.starttls, &name),
            address,
            handshake: outcome,
            took,
            chain,
            asks_for_certificate,
            bad_signature,
            staple: None,
            listed: None,
            extension_timestamps,
            afterwards,
            sessions: look.sessions,
            survey,
            anonymous,
        });
    }
    visit.memory.store(judge.known);
    visit.memory.store(surveys);
    statements::gather(tls, visit, at, &sent, &mut seen).await;
    let (connections, took) = (visit.net.spent(), started.elapsed());
    Ok(Posture { at, name, seen, left_out, unasked, unread, is_http, connections, took })
}

/// The certificate timestamps of the handshake, as a hello of TLS 1.2 has seen them.
fn timestamps(
    survey: Option<&Survey>,
    leaf: Option<&CertificateDer<'static>>,
) -> Option<Told<Vec<Timestamp>>> {
    let standard = survey?.standard.as_deref()?;
    Some(match &standard.flight {
        Ok(Answer::Accepted(flight))
            if flight.chain.first().map(Vec::as_slice) != leaf.map(AsRef::as_ref) =>
        {
            let detail = "a hello of TLS 1.2 was shown another certificate, and its timestamps";
            Err(Obstacle::ControlFailed.because(detail))
        }
        Ok(Answer::Accepted(flight)) if flight.timestamps.is_empty() => Ok(Vec::new()),
        Ok(Answer::Accepted(flight)) => {
            Timestamp::list(&flight.timestamps).map_err(|why| Obstacle::Protocol.because(why))
        }
        Ok(Answer::Refused(_)) => Err(Obstacle::Tls.because(
            "the server speaks nothing before TLS 1.3, where its timestamps are encrypted",
        )),
        Err(obstructed) => Err(obstructed.clone()),
    })
}

/// What earlier visits found at each address.
#[derive(Clone, Debug, Default)]
struct Surveys {
    by_address: BTreeMap<Address, Remembered>,
}

impl Surveys {
    fn keep(&mut self, address: &Address, kept: Option<Remembered>) {
        if self.by_address.len() >= KEPT {
            // Names that lead elsewhere at every look-up would fill it up.
            self.by_address.clear();
        }
        if let Some(kept) = kept {
            self.by_address.insert(address.clone(), kept);
        }
    }
}

/// Whether this machine has a way to the IPv6 internet says nothing about the target, and in many
/// clusters it has none. Such an address is left out, and said to be, as long as another one answers.
fn leave_out_unroutable(looks: &mut Vec<(Address, Look)>, left_out: &mut Vec<(Address, String)>) {
    let answered = looks.iter().any(|(_, look)| look.recorded.outcome.is_ok());
    let unroutable = |(address, look): &(Address, Look)| {
        let is_ipv6 = matches!(address, Address::Ip(ip) if ip.is_ipv6());
        let obstacle =
            look.recorded.outcome.as_ref().err().map(|broken| broken.obstructed.obstacle);
        is_ipv6 && obstacle == Some(Obstacle::Unreachable)
    };
    if answered {
        let why = "there is no way to it from here (IPv6)";
        let gone = looks.extract_if(.., |one| unroutable(one));
        left_out.extend(gone.map(|(address, _)| (address, why.to_owned())));
    }
}

/// Judges chains, knowing what else was sent. On a sound target all are remembered, and nothing is
/// gathered.
struct Judge<'a> {
    visit: &'a Visit,
    name: &'a ServerName<'static>,
    at: i64,
    /// What every address sent besides its own certificate.
    sent: Vec<CertificateDer<'static>>,
    others: Option<Vec<CertificateDer<'static>>>,
    known: Known,
}

impl<'a> Judge<'a> {
    fn new(
        visit: &'a Visit,
        name: &'a ServerName<'static>,
        at: i64,
        looks: &[(Address, Look)],
        known: Known,
    ) -> Self {
        let sent = looks.iter().flat_map(|(_, look)| look.recorded.chain.iter().skip(1));
        Self { visit, name, at, sent: sent.cloned().collect(), others: None, known }
    }

    fn chain(&mut self, served: &[CertificateDer<'static>]) -> Result<Arc<Chain>, NoChain> {
        let (store, certificates) = self.visit.net.roots();
        if let Some(chain) = self.known.recall(served, store, self.name, self.at) {
            return Ok(chain);
        }
        let authorities = Authorities::new(store, certificates);
        let others = self.others.get_or_insert_with(|| {
            let listed = authorities.intermediates();
            self.known.intermediates().chain(&self.sent).chain(listed).cloned().collect()
        });
        let standard = Standard { name: self.name, authorities, known: others, at: self.at };
        let chain = Arc::new(Chain::judge(served, &standard).map_err(NoChain::Unreadable)?);
        self.known.learn(served, store, self.name, self.at, &chain);
        Ok(chain)
    }

    /// The chain of a handshake. Where it was too long for the handshake's library, a hello has seen it.
    fn recorded(
        &mut self,
        recorded: &Recorded,
        questions: &Told<Questions>,
    ) -> Result<Arc<Chain>, NoChain> {
        if let (Err(broken), true) = (&recorded.outcome, recorded.chain.is_empty()) {
            let standard = questions.as_ref().ok().and_then(|asked| asked.standard.as_ref());
            let mut flights = standard.into_iter().flat_map(survey::standard::Standard::flights);
            let Some(flight) = flights.find(|flight| !flight.chain.is_empty()) else {
                return Err(NoChain::Unseen(broken.obstructed.clone()));
            };
            let chain = flight.chain.iter().map(|der| der.clone().into());
            return self.chain(&chain.collect::<Vec<_>>());
        }
        self.chain(&recorded.chain)
    }

    fn shown(&mut self, sent: Told<Sent>) -> Told<Shown> {
        match sent? {
            Sent::Chain(chain) => Ok(Shown::Chain(self.chain(&chain)?)),
            Sent::Refusal(words) => Ok(Shown::Refusal(words)),
        }
    }

    /// What was asked now, completed by what was asked earlier; and what to remember of it.
    fn survey(
        &mut self,
        asked: Questions,
        kept: Option<Remembered>,
    ) -> (Survey, Option<Remembered>) {
        let (kept_standard, kept_full) = kept.map(|kept| (kept.standard, kept.full)).unzip();
        let standard = asked.standard.map(|mut new| {
            new.slim();
            (self.at, Arc::new(new))
        });
        let standard = standard.or(kept_standard);
        let full = asked.full.map(|mut new| {
            new.listed.slim();
            let nameless = new.nameless.map(|sent| self.shown(sent));
            let second = self.shown(new.second);
            (self.at, Arc::new(Full { listed: new.listed, nameless, second, resumes: new.resumes }))
        });
        let full = full.or(kept_full.flatten());
        let survey = Survey {
            fast: asked.fast,
            standard: standard.as_ref().map(|(_, standard)| Arc::clone(standard)),
            full: full.as_ref().map(|(_, full)| Arc::clone(full)),
        };
        let kept =
            standard.map(|standard| Remembered { fingerprint: asked.fingerprint, standard, full });
        (survey, kept)
    }
}

/// The beginning of a command that shows the same to a person.
fn client(address: &Address, starttls: Option<StartTls>, name: &ServerName<'_>) -> String {
    let to = match address {
        Address::Ip(address) => format!("-connect {address}"),
        Address::Unix(path) => format!("-unix {}", path.display()),
    };
    let first = starttls.map(|protocol| format!("-starttls {} ", protocol.as_str()));
    let first = first.unwrap_or_default();
    let name = match name {
        ServerName::DnsName(name) => format!("-servername {}", name.as_ref()),
        // An address is no server name (RFC 6066 section 3), and openssl would send it as one.
        _ => "-noservername".to_owned(),
    };
    format!("openssl s_client {to} {first}{name}")
}

/// Connections that one address may take: those of the full tier, with every suite asked for.
const AN_ADDRESS: u32 = 100;

/// Addresses that a visit has room for as it is.
const USUAL: usize = 4;

/// Addresses whose surveys are remembered.
const KEPT: usize = 64;

#[cfg(test)]
pub(super) mod tests {
    use std::net::SocketAddr;

    use super::*;
    use crate::contract::net::Negotiated;

    fn seen(address: &str, outcome: Result<(), Obstacle>) -> (Address, Look) {
        let outcome = match outcome {
            Ok(()) => Ok(Negotiated {
                version: "TLSv1.3".to_owned(),
                suite: String::new(),
                group: None,
                alpn: None,
            }),
            Err(obstacle) => Err(obstacle.because("so").into()),
        };
        let address: SocketAddr = address.parse().expect("an address");
        let recorded = Recorded { outcome, ..Recorded::default() };
        let questions = Err(Obstacle::Pending.because("nothing was asked"));
        (Address::Ip(address), Look { recorded, sessions: Arc::default(), questions })
    }

    fn left(mut all: Vec<(Address, Look)>) -> usize {
        let mut left_out = Vec::new();
        leave_out_unroutable(&mut all, &mut left_out);
        left_out.len()
    }

    #[test]
    fn an_ipv6_address_without_a_way_to_it_is_left_out_if_another_answers() {
        let unreachable = || seen("[2001:db8::1]:443", Err(Obstacle::Unreachable));
        assert_eq!(left(vec![seen("192.0.2.1:443", Ok(())), unreachable()]), 1);
        let refused = seen("192.0.2.1:443", Err(Obstacle::Refused));
        assert_eq!(left(vec![refused, unreachable()]), 0);
    }

    #[test]
    fn one_that_refuses_or_is_silent_is_not() {
        for obstacle in [Obstacle::Refused, Obstacle::Timeout] {
            let silent = seen("[2001:db8::1]:443", Err(obstacle));
            assert_eq!(left(vec![seen("192.0.2.1:443", Ok(())), silent]), 0);
        }
        let ipv4 = seen("192.0.2.2:443", Err(Obstacle::Unreachable));
        assert_eq!(left(vec![seen("192.0.2.1:443", Ok(())), ipv4]), 0);
    }

    #[test]
    fn an_address_is_asked_for_by_no_name() {
        let address = Address::Ip("192.0.2.7:443".parse().expect("an address"));
        let name = ServerName::try_from("192.0.2.7").expect("an address");
        let wanted = "openssl s_client -connect 192.0.2.7:443 -noservername";
        assert_eq!(client(&address, None, &name), wanted);
    }
}
