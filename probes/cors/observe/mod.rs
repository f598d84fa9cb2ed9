//! A visit to the endpoints that pages call: all requests this probe makes.

mod ask;
mod places;
mod private;
mod socket;

use std::{
    collections::{HashMap, HashSet},
    time::{Duration, SystemTime},
};

use tokio::time::Instant;
use url::{Position, Url};

use self::ask::Caller;
use super::{
    Cors,
    answer::Answer,
    evidence::{Endpoint, Evidence},
    plan::{Ask, Known, Plan},
};
use crate::contract::{Obstacle, Obstructed, Visit};

/// Asks what there is to ask, as far as the visit's budgets go; the next visits go on where this one
/// ends, and then ask again what was asked longest ago.
pub(super) async fn evidence(cors: &Cors, visit: &Visit) -> Result<Evidence, Obstructed> {
    let until = Instant::now() + visit.deadline * 3 / 4;
    let remembered = visit.memory.recall::<Remembered>();
    let mut remembered = remembered.map(|one| (*one).clone()).unwrap_or_default();
    let mut tours = places::tours(cors, visit, &mut remembered).await;
    let needed: usize = tours.iter().map(|tour| tour.plan.most()).sum();
    let mut caller = Caller::new(cors, visit, needed);
    let sockets = socket::all(&mut caller).await;
    while caller.in_the_way.is_none() {
        let Some((at, ask)) = most_wanted(&tours, visit.at) else { break };
        if Instant::now() >= until {
            let detail = "the visit's time is used up; the next visit goes on, and a longer \
                          `deadline` lets one visit ask everything";
            caller.in_the_way = Some(Obstacle::OverBudget.because(detail));
            break;
        }
        tours[at].ask(&mut caller, ask).await;
    }
    for tour in &mut tours {
        tour.settle(&mut caller).await;
    }

    let private = private::of(cors, visit, caller.address.as_ref());
    let in_the_way = caller.in_the_way.as_ref();
    let main = tours.first();
    let endpoints: Vec<Endpoint> =
        tours.iter().map(|tour| tour.evidence(main, in_the_way)).collect();
    let kept = tours.into_iter().map(|tour| tour.remember(visit.at));
    visit.memory.store(Remembered(kept.collect()));
    let silent = endpoints.iter().all(|endpoint| endpoint.control.is_err())
        && sockets.iter().all(|socket| socket.trusted.is_err());
    match endpoints.first().map(|endpoint| &endpoint.control) {
        // Where nothing came back, the next visit is made soon.
        Some(Err(obstructed)) if silent => Err(obstructed.clone()),
        _ => Ok(Evidence { private, endpoints, sockets, requests: visit.net.spent() }),
    }
}

/// What one visit leaves for the next: the answers of each endpoint, by its URL without the query.
#[derive(Clone, Debug, Default)]
struct Remembered(HashMap<String, Known>);

impl Remembered {
    fn recall(&mut self, url: &Url) -> Known {
        self.0.remove(&place(url)).unwrap_or_default()
    }
}

/// What is remembered is remembered by this. Endpoints that differ in their query alone share it, and
/// are asked anew.
fn place(url: &Url) -> String {
    url[..Position::AfterPath].to_owned()
}

/// One endpoint, in the course of a visit.
struct Tour {
    plan: Plan,
    url: Url,
    /// What its answers are remembered by, wherever a redirect leads.
    place: String,
    /// The target's own URL, where that has nothing to read and `url` is asked in its place.
    missing: Option<Url>,
    known: Known,
    /// What was asked on this visit.
    fresh: HashSet<Ask>,
    /// Whether a cache answers in its place.
    cached: bool,
    mixed_up: Option<(Answer, String)>,
    /// Server errors, which may be refusals; not known as such yet.
    errors: Vec<(Ask, Answer)>,
}

/// What was never answered comes first, in the order in which it is wanted, then what was answered
/// longest ago. Endpoints take turns. A refusal stands for a while, so that a target that is visited
/// every few seconds is not asked everything each time.
fn most_wanted(tours: &[Tour], now: SystemTime) -> Option<(usize, Ask)> {
    let main = tours.first();
    let open = tours.iter().enumerate().flat_map(|(at, tour)| {
        let main = main.map(|main| &main.known);
        let wanted = tour.plan.wanted(&tour.known, main).into_iter().enumerate();
        wanted.filter(|(_, ask)| !tour.fresh.contains(ask)).filter_map(move |(position, ask)| {
            let asked = match tour.known.asked_at(&ask) {
                _ if tour.plan.asks_always(&ask, &tour.known) => None,
                Some(asked) if now.duration_since(asked).is_ok_and(|age| age < STANDS) => {
                    return None;
                }
                asked => asked,
            };
            Some(((asked, position, at), ask))
        })
    });
    open.min_by_key(|(rank, _)| *rank).map(|((_, _, at), ask)| (at, ask))
}

impl Tour {
    fn new(plan: Plan, url: Url, known: Known) -> Self {
        let (fresh, errors, missing) = (HashSet::new(), Vec::new(), None);
        let place = place(&url);
        Self { plan, url, place, missing, known, fresh, cached: false, mixed_up: None, errors }
    }

    async fn ask(&mut self, caller: &mut Caller<'_>, ask: Ask) {
        let reply = caller.ask(self, &ask).await;
        self.fresh.insert(ask.clone());
        if reply.as_ref().is_ok_and(|answer| self.known.contradicts(&ask, answer)) {
            self.known.keep(&self.fresh);
        }
        match reply {
            Ok(answer) if answer.status.is_server_error() && ask != Ask::Control => {
                self.errors.push((ask, answer));
            }
            // What an earlier visit saw stands until this one, or the next, gets round to it.
            Err(over) if over.obstacle == Obstacle::OverBudget && ask != Ask::Control => {}
            reply => self.known.learn(ask, caller.visit.at, reply),
        }
        // The net keeps active probes away from a target after three errors in a row.
        if self.errors.len() >= 2 {
            self.settle(caller).await;
        }
    }

    /// Some servers refuse an origin with 500. So does one that is in trouble, which the control
    /// tells: then none of the errors is an answer.
    async fn settle(&mut self, caller: &mut Caller<'_>) {
        if self.errors.is_empty() {
            return;
        }
        let control = caller.ask(self, &Ask::Control).await;
        for (ask, answer) in std::mem::take(&mut self.errors) {
            let reply = match &control {
                Ok(control) if control.status.is_server_error() => {
                    let status = control.status.as_u16();
                    let detail = format!("answers {status} to every request");
                    Err(Obstacle::ControlFailed.because(detail))
                }
                Ok(_) => Ok(answer),
                // Nobody can say. What was known before stands.
                Err(_) => continue,
            };
            self.known.learn(ask, caller.visit.at, reply);
        }
    }

    fn evidence(&self, main: Option<&Self>, in_the_way: Option<&Obstructed>) -> Endpoint {
        let missing =
            in_the_way.cloned().unwrap_or_else(|| Obstacle::OverBudget.because("not asked"));
        let main = main.map(|main| (main.plan.place.path.to_string(), &main.known));
        let mut endpoint = self.plan.evidence(&self.known, main, &missing);
        endpoint.mixed_up.clone_from(&self.mixed_up);
        endpoint
    }

    /// A policy that was seen longer ago is looked at again before it is judged.
    fn remember(mut self, now: SystemTime) -> (String, Known) {
        self.known.forget(|at| now.duration_since(at).is_ok_and(|age| age < LONGEST_MEMORY));
        (self.place, self.known)
    }
}

/// Less than the usual time between visits, so that each of those asks everything.
const STANDS: Duration = Duration::from_mins(5);

const LONGEST_MEMORY: Duration = Duration::from_hours(3);
