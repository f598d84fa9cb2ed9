//! One question: a hello, and what the server makes of it.

use std::{
    ops::ControlFlow,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::time::Instant;

use super::Told;
use crate::{
    contract::{Obstacle, Obstructed},
    tls::{
        hello::{
            Alert, End, FAREWELL, Flight, FlightReader, Offer, SSL2_HELLO, Suite, Version,
            is_ssl2_hello,
        },
        way::Way,
    },
};

/// What a server makes of a hello.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::tls) enum Answer {
    /// It goes on.
    Accepted(Box<Flight>),
    /// It does not.
    Refused(Refusal),
}

impl Answer {
    /// The flight, if it goes on.
    pub(in crate::tls) fn accepted(&self) -> Option<&Flight> {
        match self {
            Self::Accepted(flight) => Some(flight),
            Self::Refused(_) => None,
        }
    }
}

/// How a server says no.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::tls) enum Refusal {
    /// In words.
    Alert(Alert),
    /// By closing the connection, while it answered a hello it accepts right afterwards.
    Closed,
}

/// Asks one address.
#[derive(Debug)]
pub(in crate::tls) struct Asker<'a> {
    way: &'a Way<'a>,
    /// The name to ask for; `None` for an address.
    name: Option<&'a str>,
    /// When to stop asking.
    until: Instant,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// A hello that the server accepts.
    control: Option<Offer>,
    /// Whether any hello of ours was accepted.
    accepted: bool,
    /// What was in the way of questions so far.
    obstructed: Vec<Obstructed>,
}

impl<'a> Asker<'a> {
    /// `control` is the version that a handshake has settled on, if one has.
    pub(in crate::tls) fn new(
        way: &'a Way<'a>,
        name: Option<&'a str>,
        control: Option<Version>,
        until: Instant,
    ) -> Self {
        let suites = |version| match version {
            Version::Tls12 => Suite::sound(),
            other => Suite::of(other),
        };
        let control = control.map(|version| Offer::new(version, suites(version), name));
        let state = Mutex::new(State { control, ..State::default() });
        Self { way, name, until, state }
    }

    /// A hello for this server.
    pub(in crate::tls) fn offer(&self, version: Version, suites: Vec<Suite>) -> Offer {
        Offer::new(version, suites, self.name)
    }

    /// Whether any hello was accepted so far.
    pub(in crate::tls) fn was_accepted(&self) -> bool {
        self.state().accepted
    }

    /// Asks whether it takes these suites at this version or below.
    pub(in crate::tls) async fn takes(&self, version: Version, suites: Vec<Suite>) -> Told<Answer> {
        self.ask(self.offer(version, suites)).await
    }

    /// Asks. A time-out, a reset or whatever else is no answer is an obstacle, and after a few of them
    /// no more questions are asked: the server has had enough.
    pub(in crate::tls) async fn ask(&self, offer: Offer) -> Told<Answer> {
        self.may_ask()?;
        let mut answer = self.once(&offer).await;
        if matches!(&answer, Err(Obstructed { obstacle: Obstacle::Reset, .. })) {
            answer = self.once(&offer).await;
        }
        if answer == Ok(Answer::Refused(Refusal::Closed)) {
            answer = self.hold_against_control(answer).await;
        }
        self.note(answer, |state, answer| {
            if answer.accepted().is_some() {
                state.accepted = true;
                state.control.get_or_insert(offer);
            }
        })
    }

    /// Asks whether it speaks SSL 2.0.
    pub(in crate::tls) async fn speaks_ssl2(&self) -> Told<bool> {
        self.may_ask()?;
        let mut heard = Vec::new();
        let hear = |bytes: &[u8]| {
            heard.extend_from_slice(bytes);
            // A SERVER-HELLO tells itself by its first seven bytes, and so does an alert.
            if heard.len() < 7 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        };
        let closed = match self.way.connect().await {
            Ok(connection) => self.way.session.converse(connection, SSL2_HELLO, &[], hear).await,
            Err(broken) => Err(broken.obstructed),
        };
        let answer = match closed {
            _ if is_ssl2_hello(&heard) => Ok(true),
            _ if matches!(heard[..], [21, 3, ..]) => Ok(false),
            Ok(true) if heard.is_empty() => {
                let refused = Ok(Answer::Refused(Refusal::Closed));
                self.hold_against_control(refused).await.map(|_| false)
            }
            Ok(_) => Err(self.nonsense("what came back is no answer")),
            Err(obstructed) => Err(obstructed),
        };
        self.note(answer, |_, _| {})
    }

    async fn once(&self, offer: &Offer) -> Told<Answer> {
        let connection = self.way.connect().await.map_err(|broken| broken.obstructed)?;
        let mut reader = FlightReader::default();
        let mut end = None;
        let hear = |bytes: &[u8]| {
            end = reader.push(bytes);
            if end.is_none() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        };
        let talked = self.way.session.converse(connection, &offer.encode(), FAREWELL, hear).await;
        match end {
            Some(End::Alert(alert)) if alert.0 != 0 => {
                return Ok(Answer::Refused(Refusal::Alert(alert)));
            }
            Some(End::NotTls) => return Err(self.nonsense("what came back is not TLS")),
            Some(End::Malformed(how)) if !reader.has_hello() => return Err(self.nonsense(how)),
            _ => {}
        }
        // What chose a suite has accepted, whatever became of the rest of its flight.
        if reader.has_hello() {
            let flight = reader.finish();
            self.sense(offer, &flight)?;
            return Ok(Answer::Accepted(Box::new(flight)));
        }
        match talked {
            Ok(_) if reader.is_empty() => Ok(Answer::Refused(Refusal::Closed)),
            Ok(_) => Err(Obstacle::Closed.because(format!(
                "{} closed the connection in the middle of its answer",
                self.way.address
            ))),
            Err(Obstructed { obstacle: Obstacle::Closed, .. }) => {
                Ok(Answer::Refused(Refusal::Closed))
            }
            Err(obstructed) => Err(obstructed),
        }
    }

    /// A server that chooses what it was not offered would keep an enumeration going for ever.
    fn sense(&self, offer: &Offer, flight: &Flight) -> Told<()> {
        if flight.version.is_some_and(|version| version > offer.version) {
            return Err(self.nonsense("it chose a newer version than it was offered"));
        }
        if flight.suite.is_some_and(|suite| !offer.suites.contains(&suite)) {
            return Err(self.nonsense("it chose a suite that it was not offered"));
        }
        Ok(())
    }

    /// Closing the connection may be a refusal, or what a limit on connections looks like. The one is
    /// told from the other by asking for what the server is known to accept.
    async fn hold_against_control(&self, refused: Told<Answer>) -> Told<Answer> {
        let control = self.state().control.clone();
        let answered = match control {
            Some(control) => matches!(self.once(&control).await, Ok(Answer::Accepted(_))),
            None => false,
        };
        if answered {
            return refused;
        }
        let detail = format!(
            "{} closed the connection without an answer, and there is no telling whether that was one",
            self.way.address
        );
        Err(Obstacle::Closed.because(detail))
    }

    fn may_ask(&self) -> Told<()> {
        if Instant::now() >= self.until {
            let detail = "the visit had no time left to ask; a longer `deadline` gives it more";
            return Err(Obstacle::OverBudget.because(detail));
        }
        let state = self.state();
        match state.obstructed.first() {
            Some(first) if state.obstructed.len() >= ENOUGH => {
                let detail =
                    format!("not asked, as the server no longer answers: {}", first.detail);
                Err(first.obstacle.because(detail))
            }
            _ => Ok(()),
        }
    }

    fn note<T>(&self, answer: Told<T>, learn: impl FnOnce(&mut State, &T)) -> Told<T> {
        let mut state = self.state();
        match &answer {
            Ok(answer) => learn(&mut state, answer),
            Err(obstructed) => state.obstructed.push(obstructed.clone()),
        }
        drop(state);
        answer
    }

    fn nonsense(&self, how: &str) -> Obstructed {
        Obstacle::Protocol.because(format!("{} cannot be understood: {how}", self.way.address))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing is left half done in it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Obstacles after which a server is left alone until the next visit.
const ENOUGH: usize = 3;
