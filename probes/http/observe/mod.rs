//! Sending the request: all of this probe's I/O.

use bytes::Bytes;
use tokio::time::Instant;

use super::{Evidence, Http, expect::Answer};
use crate::{
    contract::{
        Obstacle, Obstructed, Sample, Visit,
        net::{Exchange, Phases, Policy, Request},
    },
    web::window,
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
    let mut replay = request.replay();
    let call = Call { http, visit, request };

    let mut first = None;
    let mut attempt = call.attempt().await;
    if http.method.is_safe() {
        if let Err(obstructed) = attempt {
            attempt = call.attempt().await;
            first = Some(obstructed);
        }
        let within = visit.deadline / SHARE_FOR_MEASURING;
        if attempt.is_ok() {
            window::fill((&visit.memory, visit.at), SERIES, http.min_samples, within, || {
                call.sample()
            })
            .await;
        }
    }
    let (answer, phases) = match attempt {
        Ok((answer, phases, exchange_replay)) => {
            replay = exchange_replay;
            (Ok(answer), phases)
        }
        Err(obstructed) => (Err(obstructed), Phases::default()),
    };
    let window = visit.memory.summary(SERIES);
    Evidence { subject: url.to_string(), answer, first, phases, window, replay }
}

/// A request to be sent, once or more.
struct Call<'a> {
    http: &'a Http,
    visit: &'a Visit,
    request: Request,
}

impl Call<'_> {
    /// Sends the request and records how it went.
    async fn attempt(&self) -> Result<(Answer, Phases, String), Obstructed> {
        let (outcome, sample) = self.send().await;
        if let Some(sample) = sample {
            self.visit.memory.record(SERIES, self.visit.at, sample);
        }
        outcome
    }

    async fn sample(&self) -> Option<Sample> {
        self.send().await.1
    }

    async fn send(&self) -> (Result<(Answer, Phases, String), Obstructed>, Option<Sample>) {
        let started = Instant::now();
        match self.exchange().await {
            Ok((exchange, phases)) => {
                let answer = Answer {
                    status: exchange.status,
                    headers: exchange.headers,
                    body: exchange.body.text().into_owned(),
                    cut: exchange.body.cut,
                };
                let ok = self.http.expect.is_met(&answer);
                let sample = Sample { latency: Some(window::latency(&phases)), ok };
                (Ok((answer, phases, exchange.replay)), Some(sample))
            }
            Err(obstructed) => {
                let sample = window::unanswered(&obstructed, started.elapsed());
                // What was in our own way says nothing of the service.
                let sample = is_of_the_service(obstructed.obstacle).then_some(sample);
                (Err(obstructed), sample)
            }
        }
    }

    /// One exchange, or the redirects followed to the last, with the time all of them took.
    async fn exchange(&self) -> Result<(Exchange, Phases), Obstructed> {
        let request = self.request.clone();
        let mut exchanges = if self.http.follow {
            let policy = Policy::anywhere(self.visit.net.most_redirects());
            self.visit.net.follow(request, policy).await?.complete()?
        } else {
            vec![self.visit.net.exchange(request).await?]
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

/// Measurements of one visit may take this part of its deadline.
const SHARE_FOR_MEASURING: u32 = 4;
