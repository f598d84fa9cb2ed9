//! Keeping active probes away from a target in trouble.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use crate::contract::{Obstacle, Obstructed};

/// Opens when a target keeps failing or turns slow, and then keeps active probes away until one
/// request has shown that it is well again. Passive probes go on, and are listened to.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Server errors and time-outs in a row.
    failures: u32,
    /// The route they all came from; `None` if from several, or before there was a route.
    broken: Option<u64>,
    /// The last good answers of two routes, the latest first.
    good: [Option<(u64, Instant)>; 2],
    /// Whether each of the last answers was slow, the latest in the lowest bit.
    slow: u16,
    routes: HashMap<u64, Route>,
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    since: Instant,
    reason: &'static str,
    /// Somebody is finding out whether the target is well again.
    tried: bool,
}

/// How long one route of the target usually takes: routes differ too much to be compared with each
/// other.
#[derive(Debug, Default)]
struct Route {
    seen: u32,
    usual: f64,
}

/// How an exchange went, as far as the breaker cares.
#[derive(Clone, Copy, Debug)]
pub(super) enum Sample {
    /// An answer below 500, from the route with this hash.
    Answered { route: u64, latency: Duration },
    /// A server error or a time-out of this route; `None` where connecting failed already.
    Failed { route: Option<u64> },
}

impl Breaker {
    /// Whether an active probe may call. If so while the breaker waits for a sign of life, the caller
    /// is the one who brings it: nobody else may call until the trial is dropped.
    pub(super) fn admit(self: &Arc<Self>) -> Result<Option<Trial>, Obstructed> {
        let mut state = self.lock();
        let Some(open) = &mut state.open else { return Ok(None) };
        let age = open.since.elapsed();
        if age >= COOL_DOWN && !open.tried {
            open.tried = true;
            return Ok(Some(Trial(Arc::clone(self))));
        }
        let next = match COOL_DOWN.checked_sub(age) {
            Some(left) => format!("one request tries again in {} s", left.as_secs() + 1),
            None => "one request is trying again".to_owned(),
        };
        Err(Obstacle::BreakerOpen.because(format!(
            "{}, so active probes have kept away for {} s; {next}",
            open.reason,
            age.as_secs()
        )))
    }

    /// Learns from an exchange of any probe.
    pub(super) fn record(&self, sample: Sample) {
        let mut state = self.lock();
        let bad = match sample {
            Sample::Failed { route } => {
                state.broken = route.filter(|_| state.failures == 0 || state.broken == route);
                state.failures = state.failures.saturating_add(1);
                // One broken route among good ones is no target in trouble.
                (!state.is_good_elsewhere()).then_some(FAILING)
            }
            Sample::Answered { route, latency } => {
                state.failures = 0;
                state.answered_well(route);
                let slow = state.is_slow(route, latency);
                state.slow = (state.slow << 1) | u16::from(slow);
                slow.then_some(SLOW)
            }
        };
        let opened = |reason| Some(Open { since: Instant::now(), reason, tried: false });
        match (&state.open, bad) {
            (Some(open), _) if open.since.elapsed() < COOL_DOWN => {}
            (Some(_), Some(reason)) => state.open = opened(reason),
            (Some(_), None) => {
                state.open = None;
                state.slow = 0;
            }
            (None, Some(FAILING)) if state.failures >= FAILURES => state.open = opened(FAILING),
            (None, _) if (state.slow & LAST_TEN).count_ones() > 5 => state.open = opened(SLOW),
            (None, _) => {}
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn answered_well(&mut self, route: u64) {
        if self.good[0].is_some_and(|(other, _)| other != route) {
            self.good[1] = self.good[0];
        }
        self.good[0] = Some((route, Instant::now()));
    }

    /// Whether all failures came from one route while another one answers as it should.
    fn is_good_elsewhere(&self) -> bool {
        let Some(broken) = self.broken else { return false };
        let mut others = self.good.iter().flatten().filter(|(route, _)| *route != broken);
        others.any(|(_, at)| at.elapsed() < COOL_DOWN)
    }

    /// Whether this answer took three times as long as the route's usual one, and long enough for
    /// that not to be noise. The answer then counts towards what is usual.
    fn is_slow(&mut self, route: u64, latency: Duration) -> bool {
        if self.routes.len() >= ROUTES && !self.routes.contains_key(&route) {
            // Paths made up for one request would otherwise crowd out those that come back.
            self.routes.retain(|_, route| route.seen >= KNOWN);
            if self.routes.len() >= ROUTES {
                return false;
            }
        }
        self.routes.entry(route).or_default().judge(latency)
    }
}

impl Route {
    /// Follows the median: up a step for an answer above it, down a step for one below, in steps that
    /// become small. An outlier moves it no further than any other answer does.
    fn judge(&mut self, latency: Duration) -> bool {
        let latency = latency.as_secs_f64();
        self.seen = self.seen.saturating_add(1);
        if self.seen == 1 {
            self.usual = latency;
            return false;
        }
        let slow = self.seen > KNOWN
            && latency > self.usual * TIMES
            && latency - self.usual > FLOOR.as_secs_f64();
        let step = 1.0 + (1.0 / f64::from(self.seen)).max(SMALLEST_STEP);
        self.usual *= if latency > self.usual { step } else { step.recip() };
        slow
    }
}

/// The right to try a target whose breaker is open, until dropped.
#[derive(Debug)]
pub(super) struct Trial(Arc<Breaker>);

impl Drop for Trial {
    fn drop(&mut self) {
        if let Some(open) = &mut self.0.lock().open {
            open.tried = false;
        }
    }
}

const FAILING: &str = "the target's last answers were server errors or time-outs";
const SLOW: &str = "the target takes more than three times as long to answer as usual";

const FAILURES: u32 = 3;
const LAST_TEN: u16 = (1 << 10) - 1;
const TIMES: f64 = 3.0;
/// On loopback three times nothing is still nothing.
const FLOOR: Duration = Duration::from_millis(50);
const COOL_DOWN: Duration = Duration::from_mins(1);
/// Answers after which a route's usual latency is believed.
const KNOWN: u32 = 10;
const SMALLEST_STEP: f64 = 0.02;
const ROUTES: usize = 256;

#[cfg(test)]
mod tests {
    use tokio::time;

    use super::*;

    fn answered(millis: u64) -> Sample {
        Sample::Answered { route: 1, latency: Duration::from_millis(millis) }
    }

    const FAILED: Sample = Sample::Failed { route: Some(7) };

    fn refuses(breaker: &Arc<Breaker>) -> bool {
        breaker.admit().is_err_and(|refusal| refusal.obstacle == Obstacle::BreakerOpen)
    }

    #[tokio::test(start_paused = true)]
    async fn three_failures_in_a_row_open_it() {
        let breaker = Arc::new(Breaker::default());
        let connecting = Sample::Failed { route: None };
        for sample in [FAILED, FAILED, answered(1), FAILED, connecting] {
            breaker.record(sample);
            assert!(!refuses(&breaker));
        }
        breaker.record(FAILED);
        assert!(refuses(&breaker));
    }

    #[tokio::test(start_paused = true)]
    async fn one_broken_route_among_good_ones_does_not_open_it() {
        let breaker = Arc::new(Breaker::default());
        breaker.record(answered(1));
        (0..50).for_each(|_| breaker.record(FAILED));
        assert!(!refuses(&breaker), "route 1 has just answered");
        time::advance(COOL_DOWN).await;
        breaker.record(FAILED);
        assert!(refuses(&breaker), "nothing has answered well for a minute");
    }

    #[tokio::test(start_paused = true)]
    async fn two_broken_routes_open_it() {
        let breaker = Arc::new(Breaker::default());
        breaker.record(answered(1));
        breaker.record(FAILED);
        breaker.record(Sample::Failed { route: Some(8) });
        assert!(!refuses(&breaker));
        breaker.record(FAILED);
        assert!(refuses(&breaker));
    }

    #[tokio::test(start_paused = true)]
    async fn a_route_that_was_good_before_it_broke_vouches_for_nothing() {
        let breaker = Arc::new(Breaker::default());
        breaker.record(answered(1));
        (0..3).for_each(|_| breaker.record(Sample::Failed { route: Some(1) }));
        assert!(refuses(&breaker));
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_minute_one_request_tries_and_closes_it_or_not() {
        let breaker = Arc::new(Breaker::default());
        (0..3).for_each(|_| breaker.record(FAILED));
        time::advance(Duration::from_millis(59_999)).await;
        assert!(refuses(&breaker));
        time::advance(Duration::from_millis(1)).await;

        let trial = breaker.admit().expect("cooled down").expect("a trial");
        assert!(refuses(&breaker), "one at a time");
        drop(trial);
        let trial = breaker.admit().expect("the first gave no answer").expect("a trial");
        breaker.record(FAILED);
        drop(trial);
        assert!(refuses(&breaker), "it failed again");

        time::advance(COOL_DOWN).await;
        let trial = breaker.admit().expect("cooled down again").expect("a trial");
        breaker.record(answered(1));
        drop(trial);
        assert!(breaker.admit().expect("closed").is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn tripled_latency_opens_it() {
        let breaker = Arc::new(Breaker::default());
        (0..40).for_each(|_| breaker.record(answered(100)));
        (0..5).for_each(|_| breaker.record(answered(500)));
        assert!(!refuses(&breaker), "half of the last ten");
        breaker.record(answered(500));
        assert!(refuses(&breaker));
        time::advance(COOL_DOWN).await;
        breaker.record(answered(100));
        assert!(!refuses(&breaker));
    }

    #[tokio::test(start_paused = true)]
    async fn noise_and_a_mix_of_routes_do_not_open_it() {
        let breaker = Arc::new(Breaker::default());
        for i in 0..200_u64 {
            breaker.record(answered(if i % 2 == 0 { 1 } else { 40 }));
            let slow = Duration::from_secs(2);
            breaker.record(Sample::Answered { route: 2, latency: slow });
            breaker.record(Sample::Answered { route: 1_000 + i, latency: slow });
            assert!(!refuses(&breaker));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_target_that_stays_slower_is_believed_in_the_end() {
        let breaker = Arc::new(Breaker::default());
        (0..40).for_each(|_| breaker.record(answered(100)));
        (0..80).for_each(|_| breaker.record(answered(500)));
        time::advance(COOL_DOWN).await;
        breaker.record(answered(500));
        assert!(!refuses(&breaker));
    }

    #[test]
    fn routes_are_bounded() {
        let breaker = Breaker::default();
        for route in 0..10_000 {
            breaker.record(Sample::Answered { route, latency: Duration::from_millis(1) });
        }
        assert!(breaker.lock().routes.len() <= ROUTES);
    }
}
