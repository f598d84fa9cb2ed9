//! A visit to the endpoints that pages call: all requests this probe makes.

mod ask;
mod private;
mod socket;
mod stand_in;

use std::{
    collections::{HashMap, HashSet},
    time::{Duration, SystemTime},
};

use tokio::time::Instant;
use url::Url;

use self::ask::Caller;
use super::{
    Cors,
    answer::Answer,
    evidence::{Endpoint, Evidence},
    origin::Origin,
    plan::{Ask, Known, Plan},
};
use crate::contract::{Obstacle, Obstructed, Visit};

/// Asks what there is to ask, as far as the visit's budgets go; the next visits go on where this one
/// ends, and then ask again what was asked longest ago.
pub(super) async fn evidence(cors: &Cors, visit: &Visit) -> Result<Evidence, Obstructed> {
    let until = Instant::now() + visit.deadline * 3 / 4;
    let remembered = visit.memory.recall::<Remembered>();
    let mut remembered = remembered.map(|one| (*one).clone()).unwrap_or_default();
    let is_default = cors.endpoints.is_empty();
    let places = cors.places(&visit.target).into_iter().enumerate();
    let mut tours: Vec<Tour> = places
        .map(|(at, place)| {
            let url = place.path.on(&visit.target);
            let left = remembered.0.remove(&at);
            Tour::new(Plan::new(cors, place, &Origin::of_url(&url)), url, left)
        })
        .collect();

    let mut caller = Caller::new(cors, visit);
    let sockets = socket::all(&mut caller).await;
    if is_default {
        for tour in &mut tours {
            tour.find_something(&mut caller).await;
        }
    }
    while caller.in_the_way.is_none() {
        let Some((at, ask)) = most_wanted(&tours, visit.at) else { break };
        if Instant::now() >= until {
            let detail = "the visit's time is used up; the next visit goes on";
            caller.in_the_way = Some(Obstacle::OverBudget.because(detail));
            break;
        }
        tours[at].ask(&mut caller, ask).await;
    }
    for tour in &mut tours {
        tour.settle(&mut caller).await;
    }

    let private = private::of(cors, visit, caller.address.as_ref());
    let endpoints: Vec<Endpoint> =
        tours.iter().map(|tour| tour.evidence(caller.in_the_way.as_ref())).collect();
    let kept = tours.into_iter().map(|tour| tour.remember(visit.at)).enumerate();
    visit.memory.store(Remembered(kept.collect()));
    let silent = endpoints.iter().all(|endpoint| endpoint.control.is_err())
        && sockets.iter().all(|socket| socket.trusted.is_err());
    match endpoints.first().map(|endpoint| &endpoint.control) {
        // Where nothing came back, the next visit is made soon.
        Some(Err(obstructed)) if silent => Err(obstructed.clone()),
        _ => Ok(Evidence { private, endpoints, sockets, requests: caller.requests }),
    }
}

/// What one visit leaves for the next: the answers of each endpoint, in the order of the settings.
#[derive(Clone, Debug, Default)]
struct Remembered(HashMap<usize, Left>);

/// What was learned at a URL.
#[derive(Clone, Debug)]
struct Left {
    url: Url,
    known: Known,
}

/// One endpoint, in the course of a visit.
struct Tour {
    plan: Plan,
    url: Url,
    /// The target's own URL, where that has nothing to read and `url` is asked in its place.
    missing: Option<Url>,
    /// Where an earlier visit ended up.
    earlier: Option<Url>,
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
    let open = tours.iter().enumerate().flat_map(|(at, tour)| {
        let wanted = tour.plan.wanted(&tour.known).into_iter().enumerate();
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
    fn new(plan: Plan, url: Url, left: Option<Left>) -> Self {
        let (earlier, known) = left.map(|left| (left.url, left.known)).unzip();
        let (known, missing) = (known.unwrap_or_default(), None);
        let (fresh, errors) = (HashSet::new(), Vec::new());
        Self { plan, url, missing, earlier, known, fresh, cached: false, mixed_up: None, errors }
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

    fn evidence(&self, in_the_way: Option<&Obstructed>) -> Endpoint {
        let missing =
            in_the_way.cloned().unwrap_or_else(|| Obstacle::OverBudget.because("not asked"));
        let mut endpoint = self.plan.evidence(&self.known, &missing);
        endpoint.mixed_up.clone_from(&self.mixed_up);
        endpoint
    }

    /// A policy that was seen longer ago is looked at again before it is judged.
    fn remember(mut self, now: SystemTime) -> Left {
        self.known.forget(|at| now.duration_since(at).is_ok_and(|age| age < LONGEST_MEMORY));
        Left { url: self.url, known: self.known }
    }
}

/// Less than the usual time between visits, so that each of those asks everything.
const STANDS: Duration = Duration::from_mins(5);

const LONGEST_MEMORY: Duration = Duration::from_hours(3);
