//! Sending the request: all of this probe's I/O.

use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use futures_util::future::join_all;
use tokio::time::{self, Instant};

use super::{Evidence, Http, evidence::Success, expect::Answer};
use crate::{
    contract::{
        Memory, Obstacle, Obstructed, Sample, Visit, WindowSummary,
        net::{Address, Exchange, Phases, Policy, Request, Session, own},
    },
    web::{
        addresses::{self, Round},
        charset, window,
    },
};

/// Sends the request and, where that changes nothing, sends it again: if there was no answer, and as
/// often as latency and success still need to be judged.
pub(super) async fn evidence(http: &Http, visit: &Visit) -> Evidence {
    let url = http.url.on(&visit.target);
    let request = Request {
        method: http.method.as_http(),
        headers: http.headers.to_vec(),
        body: Bytes::from(http.body.clone()),
        ..Request::get(url.clone())
    };
    let is_safe = http.method.is_safe();
    // What changes something is sent once a visit, to one address after the other.
    let round = Round::of_url(visit, &url, if is_safe { addresses::MOST } else { 1 }).await;
    let count = u32::try_from(round.asked.len()).unwrap_or(u32::MAX);
    let net = visit.net.clone().with_room(AN_ADDRESS * count);
    let call = Call { http, visit, net, request };
    let mut seen = if round.has_several() {
        let until = Instant::now() + visit.deadline * 2 / 3;
        let looks = round.asked.iter().map(|address| call.address(address, until));
        join_all(looks).await
    } else {
        vec![call.look(None).await]
    };
    let notes = leave_out_unroutable(&mut seen);
    if is_safe && seen.iter().any(|one| one.answer.is_ok()) {
        let answered: Vec<_> = seen.iter().filter(|one| one.answer.is_ok()).collect();
        let samples = AtomicUsize::new(0);
        let sample = || {
            let turn = samples.fetch_add(1, Ordering::Relaxed);
            let address = answered.get(turn % answered.len()).and_then(|one| one.address.as_ref());
            call.sample(address)
        };
        let within = visit.deadline / SHARE_FOR_MEASURING;
        window::fill((&visit.memory, visit.at), SERIES, http.min_samples, within, sample).await;
    }
    let mut seen = seen.into_iter();
    let mut first = match seen.next() {
        Some(first) => first,
        None => call.look(None).await,
    };
    first.others = seen.collect();
    first.window = visit.memory.summary(SERIES);
    first.success = success(&visit.memory);
    first.unasked = round.unasked().filter(|_| is_safe);
    first.note = match (is_safe, round.has_several()) {
        (false, true) => {
            Some(format!("one of {} in turn, since it may change something", round.all))
        }
        _ => notes,
    };
    first
}

/// Takes out addresses to which there is no way from here, as long as another one answers.
fn leave_out_unroutable(seen: &mut Vec<Evidence>) -> Option<String> {
    if !seen.iter().any(|one| one.answer.is_ok()) {
        return None;
    }
    let gone = seen.extract_if(.., |one| match (&one.address, &one.answer) {
        (Some(address), Err(why)) => addresses::is_unroutable(address, why.obstacle),
        _ => false,
    });
    let gone: Vec<String> = gone.filter_map(|one| Some(one.address?.to_string())).collect();
    (!gone.is_empty()).then(|| format!("no way from here to {}", gone.join(", ")))
}

/// A second refusal, held against a connection that must work.
async fn refused(second: &Obstructed) -> Obstructed {
    match own::works().await {
        Ok(()) => Obstacle::Refused.because(format!("{second}, twice; our own network works")),
        Err(ours) => ours,
    }
}

/// An answer, the time it took, and the command that asks for it again.
type Attempt = Result<(Answer, Phases, String), Obstructed>;

/// How many requests were answered as expected since the last that was not.
struct SinceFailure(usize);

/// Takes note of a request that could be judged.
fn judged(visit: &Visit, ok: bool) {
    let memory = &visit.memory;
    memory.record(JUDGED, visit.at, Sample { latency: None, ok });
    let earlier = memory.recall::<SinceFailure>().map_or(0, |since| since.0);
    memory.store(SinceFailure(if ok { earlier + 1 } else { 0 }));
}

fn success(memory: &Memory) -> Success {
    let window = memory.summary(JUDGED);
    Success {
        judged: window.count,
        failed: window.count - window.ok,
        since_failure: memory.recall::<SinceFailure>().map_or(0, |since| since.0),
    }
}

/// A request to be sent, once or more.
struct Call<'a> {
    http: &'a Http,
    visit: &'a Visit,
    net: Session,
    request: Request,
}

impl Call<'_> {
    /// Asks one of several addresses, as long as there is time.
    async fn address(&self, address: &Address, until: Instant) -> Evidence {
        let look = time::timeout_at(until, self.look(Some(address)));
        look.await.unwrap_or_else(|_| {
            let detail = format!("the visit had no time left for {address}");
            self.evidence(Some(address), Err(Obstacle::OverBudget.because(detail)))
        })
    }

    /// Asks, and asks again if there was no answer and that is harmless. A request that was refused has
    /// not been sent.
    async fn look(&self, address: Option<&Address>) -> Evidence {
        match self.attempt(address).await {
            Err(first) if self.http.method.is_safe() || first.obstacle == Obstacle::Refused => {
                let mut second = self.attempt(address).await;
                if let Err(obstructed) = &mut second
                    && obstructed.obstacle == Obstacle::Refused
                {
                    *obstructed = refused(obstructed).await;
                }
                let mut evidence = self.evidence(address, second);
                evidence.first = Some(first);
                evidence
            }
            outcome => self.evidence(address, outcome),
        }
    }

    fn evidence(&self, address: Option<&Address>, outcome: Attempt) -> Evidence {
        let request = Request { address: address.cloned(), ..self.request.clone() };
        let (answer, phases, replay) = match outcome {
            Ok((answer, phases, replay)) => (Ok(answer), phases, replay),
            Err(obstructed) => (Err(obstructed), Phases::default(), self.net.replay(&request)),
        };
        let url = &self.request.url;
        Evidence {
            subject: address.map_or_else(|| url.to_string(), |at| format!("{url} at {at}")),
            answer,
            first: None,
            phases,
            window: WindowSummary::default(),
            success: Success::default(),
            replay,
            address: address.cloned(),
            others: Vec::new(),
            unasked: None,
            note: None,
        }
    }

    /// Sends the request and records how it went.
    async fn attempt(&self, address: Option<&Address>) -> Attempt {
        let (outcome, sample) = self.send(address).await;
        if let Some(sample) = sample {
            self.visit.memory.record(SERIES, self.visit.at, sample);
        }
        outcome
    }

    async fn sample(&self, address: Option<&Address>) -> Option<Sample> {
        self.send(address).await.1
    }

    async fn send(&self, address: Option<&Address>) -> (Attempt, Option<Sample>) {
        let started = Instant::now();
        match self.exchange(address).await {
            Ok((exchange, phases)) => {
                let answer = Answer {
                    status: exchange.status,
                    body: charset::text(&exchange),
                    headers: exchange.headers,
                    cut: exchange.body.cut,
                };
                let met = self.http.expect.is_met(&answer);
                if let Some(ok) = met {
                    judged(self.visit, ok);
                }
                let latency = Some(window::latency(&phases));
                let sample = Sample { latency, ok: met == Some(true) };
                (Ok((answer, phases, exchange.replay)), Some(sample))
            }
            Err(obstructed) => {
                let sample = window::unanswered(&obstructed, started.elapsed());
                // What was in our own way says nothing of the service.
                let sample = is_of_the_service(obstructed.obstacle).then_some(sample);
                if sample.is_some() {
                    judged(self.visit, false);
                }
                (Err(obstructed), sample)
            }
        }
    }

    /// One exchange, or the redirects followed to the last, with the time all of them took.
    async fn exchange(&self, address: Option<&Address>) -> Result<(Exchange, Phases), Obstructed> {
        let request = Request { address: address.cloned(), ..self.request.clone() };
        let mut exchanges = if self.http.follow {
            let policy = Policy::anywhere(self.net.most_redirects());
            self.net.follow(request, policy).await?.complete()?
        } else {
            vec![self.net.exchange(request).await?]
        };
        let phases = exchanges.iter().map(|exchange| exchange.phases).fold(Phases::default(), sum);
        let Some(mut last) = exchanges.pop() else {
            return Err(Obstacle::Protocol.because("no answer at the end of the redirects"));
        };
        match last.body.cut.take() {
            // A body over budget is an answer all the same; one that broke off is not.
            Some(cut) if cut.obstacle != Obstacle::OverBudget => Err(cut),
            cut => {
                last.body.cut = cut;
                Ok((last, phases))
            }
        }
    }
}

/// Whether an obstacle is the service's doing, and not gonogo's or the configuration's.
pub(super) fn is_of_the_service(obstacle: Obstacle) -> bool {
    matches!(
        obstacle,
        Obstacle::Closed
            | Obstacle::Protocol
            | Obstacle::Refused
            | Obstacle::Reset
            | Obstacle::Timeout
            | Obstacle::Tls
            | Obstacle::Unreachable
    )
}

fn sum(a: Phases, b: Phases) -> Phases {
    Phases {
        resolve: a.resolve + b.resolve,
        connect: a.connect + b.connect,
        tls: a.tls + b.tls,
        first_byte: a.first_byte + b.first_byte,
        transfer: a.transfer + b.transfer,
    }
}

const SERIES: &str = "requests";
const JUDGED: &str = "judged";

/// Requests that one more address may take: two attempts, each with a few redirects.
const AN_ADDRESS: u32 = 12;

/// Measurements of one visit may take this part of its deadline.
const SHARE_FOR_MEASURING: u32 = 4;
