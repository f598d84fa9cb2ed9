//! One question: a hello, and what the server makes of it.

use std::{
    ops::ControlFlow,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::{sync::Notify, time::Instant};

use crate::{
    contract::{Obstacle, Obstructed, net::Connection},
    tls::observe::{survey::Told, way::Way},
    wire::hello::{
        flight::{Alert, End, Flight, FlightReader},
        offer::{Offer, SSL2_HELLO, farewell, is_ssl2_hello},
        suite::Suite,
        version::Version,
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

impl Refusal {
    /// Whether it cannot be anything else.
    fn is_plain(self) -> bool {
        matches!(self, Self::Alert(alert) if alert.is_about_the_hello())
    }
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
    /// That a question was answered, or not.
    settled: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// A hello that the server accepts.
    control: Option<Offer>,
    /// What was in the way of questions so far.
    obstructed: Vec<Obstructed>,
    /// How many hellos are on their way.
    asking: u32,
    /// When the last one that was accepted began.
    accepted_at: Option<Instant>,
    /// When the last control began that was not.
    refused_at: Option<Instant>,
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
        Self { way, name, until, state, settled: Notify::new() }
    }

    /// Whether the server still takes what it is known to take, now that it has closed the connection or
    /// broken it off with an alert that may mean anything; if so, that was a refusal.
    pub(in crate::tls) async fn still_accepts(&self, refusal: Refusal) -> Told<()> {
        self.may_ask()?;
        self.hold_against_control(refusal).await.map(|_| ())
    }

    /// The way to the address.
    pub(in crate::tls) fn way(&self) -> &'a Way<'a> {
        self.way
    }

    /// A hello for this server.
    pub(in crate::tls) fn offer(&self, version: Version, suites: Vec<Suite>) -> Offer {
        Offer::new(version, suites, self.name)
    }

    /// Whether any hello was accepted so far.
    pub(in crate::tls) fn was_accepted(&self) -> bool {
        self.state().accepted_at.is_some()
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
        if let Ok(Answer::Refused(refusal)) = answer
            && !refusal.is_plain()
        {
            answer = self.hold_against_control(refusal).await;
        }
        self.note(answer, |state, answer| {
            if answer.accepted().is_some() {
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
            if heard.len() < 7 { ControlFlow::Continue(()) } else { ControlFlow::Break(&[][..]) }
        };
        let closed = match self.way.connect().await {
            Ok(connection) => self.way.session.converse(connection, SSL2_HELLO, hear).await,
            Err(broken) => Err(broken.obstructed),
        };
        let answer = match closed {
            _ if is_ssl2_hello(&heard) => Ok(true),
            _ if matches!(heard[..], [21, 3, ..]) => Ok(false),
            Ok(true) if heard.is_empty() => {
                self.hold_against_control(Refusal::Closed).await.map(|_| false)
            }
            Ok(_) => Err(self.nonsense("what came back is no answer")),
            Err(obstructed) => Err(obstructed),
        };
        self.note(answer, |_, _| {})
    }

    async fn once(&self, offer: &Offer) -> Told<Answer> {
        self.state().asking += 1;
        let (began, answer) = match self.way.connect().await {
            Ok(connection) => {
                let began = Instant::now();
                // Boxed, as a tier asks a dozen of them at once.
                (Some(began), Box::pin(self.talk(connection, offer)).await)
            }
            Err(broken) => (None, Err(broken.obstructed)),
        };
        let mut state = self.state();
        state.asking -= 1;
        if matches!(answer, Ok(Answer::Accepted(_))) {
            state.accepted_at = state.accepted_at.max(began);
        }
        drop(state);
        self.settled.notify_waiters();
        answer
    }

    async fn talk(&self, connection: Connection, offer: &Offer) -> Told<Answer> {
        let mut reader = FlightReader::default();
        let mut end = None;
        let hear = |bytes: &[u8]| {
            end = reader.push(bytes);
            match end {
                None => ControlFlow::Continue(()),
                // It is the server who leaves.
                Some(End::Alert(_)) => ControlFlow::Break(&[][..]),
                Some(_) => ControlFlow::Break(farewell(reader.version().unwrap_or(offer.version))),
            }
        };
        let talked = self.way.session.converse(connection, &offer.encode(), hear).await;
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
    /// told from the other by asking for what the server is known to accept. Whichever hello was sent
    /// later and accepted does as well, and one control does for all that are refused like this at once.
    async fn hold_against_control(&self, refusal: Refusal) -> Told<Answer> {
        let refused_at = Instant::now();
        let is_later = |at: Option<Instant>| at.is_some_and(|at| at >= refused_at);
        loop {
            let settled = self.settled.notified();
            let (is_accepted, is_refused, is_busy) = {
                let state = self.state();
                (is_later(state.accepted_at), is_later(state.refused_at), state.asking > 0)
            };
            if is_accepted {
                return Ok(Answer::Refused(refusal));
            }
            if is_refused {
                return Err(self.doubt(refusal));
            }
            if is_busy {
                settled.await;
                continue;
            }
            let control = self.state().control.clone();
            let Some(control) = control else { return Err(self.doubt(refusal)) };
            let began = Instant::now();
            if !matches!(self.once(&control).await, Ok(Answer::Accepted(_))) {
                self.state().refused_at = Some(began);
            }
        }
    }

    /// What there is to say of such a refusal if the control is refused too.
    fn doubt(&self, refusal: Refusal) -> Obstructed {
        let address = self.way.address;
        match refusal {
            Refusal::Closed => Obstacle::Closed.because(format!(
                "{address} closed the connection without an answer, and there is no telling whether \
                 that was one"
            )),
            Refusal::Alert(Alert(number)) => Obstacle::Tls.because(format!(
                "{address} broke off with the alert {number}, and there is no telling whether that \
                 was an answer"
            )),
        }
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
