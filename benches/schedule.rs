//! How late 10,000 armed probes start at intervals of 10 s, beside a bare heap of tokio timers, and what
//! the schedule holds in memory. Budgets: p99 2 ms, p99.9 10 ms, 1 KiB an armed probe.

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    sync::{Arc, Mutex},
    time::Duration,
};

use crate::support::{resident, tell};
use gonogo::{
    findings::Settled,
    schedule::{self, Change, Limits, Slot, Witness},
};
use tokio::{sync::mpsc, time::Instant};

const PROBES: usize = 10_000;
const INTERVAL: Duration = Duration::from_secs(10);
const LASTING: Duration = Duration::from_secs(30);

pub(crate) fn run() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let lags = runtime.block_on(ours());
    tell(&told("gonogo's schedule", lags));
    let lags = runtime.block_on(bare());
    tell(&told("a bare heap", lags));
}

#[derive(Clone, Default)]
struct Lags(Arc<Mutex<Vec<Duration>>>);

impl Witness for Lags {
    fn started(&self, lag: Duration) {
        self.0.lock().expect("no panic").push(lag);
    }

    fn skipped(&self, slots: u64) {
        assert_eq!(slots, 0, "slots were skipped");
    }

    fn deferred(&self, _: u64) {}
}

async fn ours() -> Vec<Duration> {
    let before = resident();
    let (changes, receiver) = mpsc::channel(1);
    let lags = Lags::default();
    let witness = lags.clone();
    let running = async {
        let visit = |(): ()| async { Settled::Yes };
        schedule::run(Limits::default(), receiver, visit, &witness).await;
    };
    let slots = (0..PROBES).map(|i| Slot {
        key: (format!("target-{i}"), "health".to_owned()),
        interval: INTERVAL,
        identity: [0; 32],
        what: (),
    });
    let slots: Vec<_> = slots.collect();
    let feeding = async {
        let replace = Change::Replace(slots, Limits::default());
        changes.send(replace).await.expect("the schedule listens");
        tokio::time::sleep(Duration::from_secs(2)).await;
        let each = resident().saturating_sub(before) / PROBES as u64;
        tell(&format!("memory of the schedule: {each} bytes an armed probe"));
        tokio::time::sleep(LASTING).await;
        drop(changes);
    };
    tokio::join!(running, feeding);
    let mut lags = lags.0.lock().expect("no panic");
    std::mem::take(&mut *lags)
}

/// The least that keeps the same times: a heap, a timer, a task for each start.
async fn bare() -> Vec<Duration> {
    let start = Instant::now();
    let step = INTERVAL / u32::try_from(PROBES).expect("few");
    let mut due: BinaryHeap<Reverse<Instant>> =
        (0..PROBES).map(|i| Reverse(start + step * u32::try_from(i).expect("few"))).collect();
    let mut lags = Vec::new();
    let mut tasks = tokio::task::JoinSet::new();
    while start.elapsed() < LASTING {
        let Some(&Reverse(at)) = due.peek() else { break };
        tokio::time::sleep_until(at).await;
        let now = Instant::now();
        while let Some(&Reverse(at)) = due.peek() {
            if at > now {
                break;
            }
            due.pop();
            lags.push(now - at);
            due.push(Reverse(at + INTERVAL));
            tasks.spawn(async {});
        }
        while tasks.try_join_next().is_some() {}
    }
    lags
}

fn told(what: &str, mut lags: Vec<Duration>) -> String {
    lags.sort_unstable();
    let at = |share: f64| {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_precision_loss,
            clippy::cast_sign_loss,
            reason = "a rank among the starts"
        )]
        let rank = (share * (lags.len() - 1) as f64) as usize;
        lags[rank].as_secs_f64() * 1e3
    };
    format!(
        "{what}: {} starts, late by p50 {:.2} ms, p99 {:.2} ms, p99.9 {:.2} ms, at most {:.2} ms",
        lags.len(),
        at(0.5),
        at(0.99),
        at(0.999),
        at(1.0)
    )
}
