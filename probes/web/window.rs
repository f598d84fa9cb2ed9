//! Latency windows, for every probe that measures: how many measurements to take on a visit, and what
//! they come to.

use std::time::{Duration, SystemTime};

use tokio::time;

use crate::contract::{
    Confidence, Item, Memory, Obstacle, Obstructed, Sample, WindowSummary, net::Phases,
};

/// How long an answer took as a balancer or a kubelet sees it: connecting, TLS, and the answer to its
/// last byte. They dial an address, so resolving a name is not part of it.
pub(crate) fn latency(phases: &Phases) -> Duration {
    phases.total().saturating_sub(phases.resolve)
}

/// A measurement of a request that was not answered. One that timed out took at least as long as was
/// waited for it; leaving it out would make a window look better the more requests hang.
pub(crate) fn unanswered(obstructed: &Obstructed, waited: Duration) -> Sample {
    let latency = (obstructed.obstacle == Obstacle::Timeout).then_some(waited);
    Sample { latency, ok: false }
}

/// Takes measurements one after another until the window called `series` holds `at_least`, and stops
/// early after [`MOST_AT_ONCE`], when `within` is over, or when `measure` has none to give.
pub(crate) async fn fill<F>(
    (memory, at): (&Memory, SystemTime),
    series: &str,
    at_least: usize,
    within: Duration,
    mut measure: impl FnMut() -> F,
) where
    F: Future<Output = Option<Sample>>,
{
    let taking = async {
        for _ in 0..MOST_AT_ONCE {
            if memory.summary(series).count >= at_least {
                return;
            }
            let Some(sample) = measure().await else { return };
            memory.record(series, at, sample);
        }
    };
    // Out of time is no fault: the next visit goes on where this one stopped.
    let _ = time::timeout(within, taking).await;
}

/// Judges a percentile against a limit.
///
/// A fail needs two measurements over the limit. In a small window the 95th percentile is the largest
/// measurement, and one slow answer (a cold cache, a collection of garbage) proves nothing about 5 %
/// of them: it is shown, as a tentative fail.
pub(crate) fn slower_than(
    subject: &str,
    window: &WindowSummary,
    percent: f64,
    limit: Duration,
    at_least: usize,
) -> Item {
    let timed = window.timed();
    let Some(seen) = window.percentile(percent).filter(|_| timed >= at_least) else {
        return Item::unknown(subject, &too_few(timed, at_least));
    };
    let words = format!(
        "p{percent} is {} over {timed} answers, the limit {}",
        in_words(seen),
        in_words(limit)
    );
    if seen <= limit {
        return Item::pass(subject, words);
    }
    let firm = window.slower_than(limit) >= 2;
    Item::fail(if firm { Confidence::Firm } else { Confidence::Tentative }, subject, words)
}

/// Says that a window holds too little to judge.
pub(crate) fn too_few(have: usize, want: usize) -> Obstructed {
    Obstacle::TooFewSamples.because(format!("{have} of {want} measurements so far"))
}

/// A length of time for a report.
pub(crate) fn in_words(time: Duration) -> String {
    match time.as_secs_f64() {
        secs if secs >= 1.0 => format!("{secs:.2} s"),
        secs if secs >= 0.01 => format!("{:.0} ms", secs * 1e3),
        secs => format!("{:.1} ms", secs * 1e3),
    }
}

/// Measurements one visit takes to fill a window. Politeness: a longer window fills over some visits.
const MOST_AT_ONCE: usize = 20;

#[cfg(test)]
pub(crate) mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;
    use crate::contract::Outcome;

    fn outcome(latencies: &[u64], at_least: usize) -> Outcome {
        let memory = Memory::default();
        for &ms in latencies {
            let latency = Some(Duration::from_millis(ms));
            memory.record("s", UNIX_EPOCH, Sample { latency, ok: true });
        }
        let limit = Duration::from_secs(1);
        slower_than("", &memory.summary("s"), 95.0, limit, at_least).outcome
    }

    #[test]
    fn exactly_the_limit_passes_and_more_fails() {
        assert_eq!(outcome(&[1000; 5], 5), Outcome::Pass);
        assert_eq!(outcome(&[1001; 5], 5), Outcome::Fail(Confidence::Firm));
    }

    #[test]
    fn one_slow_answer_of_few_is_shown_and_does_not_block() {
        assert_eq!(outcome(&[1, 1, 1, 1, 1001], 5), Outcome::Fail(Confidence::Tentative));
        assert_eq!(outcome(&[1, 1, 1, 1001, 1001], 5), Outcome::Fail(Confidence::Firm));
    }

    #[test]
    fn one_slow_answer_of_twenty_is_within_the_percentile() {
        let mut latencies = [1; 20];
        latencies[7] = 5000;
        assert_eq!(outcome(&latencies, 5), Outcome::Pass);
    }

    #[test]
    fn too_few_measurements_are_no_pass() {
        assert_eq!(outcome(&[1; 4], 5), Outcome::Unknown(Obstacle::TooFewSamples));
        assert_eq!(outcome(&[], 1), Outcome::Unknown(Obstacle::TooFewSamples));
    }

    #[test]
    fn resolving_a_name_is_not_part_of_the_latency() {
        let ms = Duration::from_millis;
        let phases =
            Phases { resolve: ms(500), connect: ms(1), first_byte: ms(2), ..Phases::default() };
        assert_eq!(latency(&phases), ms(3));
    }

    #[test]
    fn a_request_that_timed_out_counts_with_the_time_it_was_waited_for() {
        let waited = Duration::from_secs(5);
        let timed_out = unanswered(&Obstacle::Timeout.because(""), waited);
        assert_eq!(timed_out, Sample { latency: Some(waited), ok: false });
        let refused = unanswered(&Obstacle::Refused.because(""), waited);
        assert_eq!(refused, Sample { latency: None, ok: false });
    }

    #[tokio::test(start_paused = true)]
    async fn a_window_is_filled_and_no_further() {
        let memory = Memory::default();
        let sample = Sample { latency: Some(Duration::ZERO), ok: true };
        memory.record("s", UNIX_EPOCH, sample);
        fill((&memory, UNIX_EPOCH), "s", 5, Duration::from_secs(1), || async { Some(sample) })
            .await;
        assert_eq!(memory.summary("s").count, 5);
        fill((&memory, UNIX_EPOCH), "t", 100, Duration::from_secs(1), || async { Some(sample) })
            .await;
        assert_eq!(memory.summary("t").count, MOST_AT_ONCE);
    }

    #[tokio::test(start_paused = true)]
    async fn filling_stops_when_its_time_is_over() {
        let memory = Memory::default();
        let slow = || async {
            time::sleep(Duration::from_secs(2)).await;
            Some(Sample { latency: Some(Duration::from_secs(2)), ok: true })
        };
        fill((&memory, UNIX_EPOCH), "s", 5, Duration::from_secs(5), slow).await;
        assert_eq!(memory.summary("s").count, 2);
    }
}
