//! Who is visited when: intervals, a spread start, at most so many at a time per target and overall.
//!
//! [`Timetable`] is the arithmetic, without a clock; [`run`] lives by it. The next visit is always
//! computed from the slot and never from the moment the last one started or ended, so that lateness
//! does not add up. A slot that comes while its visit still runs, or still waits for room, is skipped
//! and counted, never made up for.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap, VecDeque},
    hash::{DefaultHasher, Hash, Hasher},
    time::Duration,
};

use tokio::{
    sync::mpsc,
    task::{Id, JoinSet},
    time::{Instant, sleep_until},
};

use crate::findings::Settled;

/// Something to be done again and again.
#[derive(Clone, Debug)]
pub struct Slot<T> {
    /// Target and probe: a slot of the same key keeps its place in time across a reload.
    pub key: (String, String),
    /// The time between visits.
    pub interval: Duration,
    /// A digest of what is visited and how: a slot of another one begins anew.
    pub identity: [u8; 32],
    /// What a visit needs.
    pub what: T,
}

/// How many visits may run at the same time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// Over all targets.
    pub overall: usize,
    /// On one target.
    pub per_target: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { overall: 256, per_target: 2 }
    }
}

/// Counts what the schedule does.
pub trait Witness {
    /// A visit starts, this long after its slot.
    fn started(&self, lag: Duration);
    /// Slots passed without a visit.
    fn skipped(&self, slots: u64);
    /// Slots passed without a visit because an experiment had the target to itself.
    fn deferred(&self, slots: u64);
    /// The schedule is alive.
    fn beat(&self) {}
}

/// What happens to a running schedule.
#[derive(Debug)]
pub enum Change<T> {
    /// A new set of slots is taken over, and how many may be visited at the same time. Visits under
    /// way beyond that end in their time.
    Replace(Vec<Slot<T>>, Limits),
    /// Every slot of this target is due at once, besides its turn: what was found there is about
    /// something that is no longer deployed.
    Hurry(String),
    /// The slot of this target and probe is due at once, besides its turn.
    HurryOne((String, String)),
    /// Something is done once, such as an experiment. If it must be alone, it waits until no visit of
    /// the target is under way, and holds the target's other visits back until it has ended.
    Once(Once<T>),
}

/// Something to be done once.
#[derive(Debug)]
pub struct Once<T> {
    /// The target.
    pub target: String,
    /// Whether no other visit of the target may be under way meanwhile.
    pub alone: bool,
    /// What a visit needs.
    pub what: T,
}

/// Starts visits when they are due, until the sender of `changes` is dropped; then waits for those
/// under way.
///
/// `visit` tells whether the visit's answers are believed; if not, the next one is made soon, with
/// back-off.
pub async fn run<T, F>(
    limits: Limits,
    mut changes: mpsc::Receiver<Change<T>>,
    visit: impl Fn(T) -> F,
    witness: &impl Witness,
) where
    T: Clone,
    F: Future<Output = Settled> + Send + 'static,
{
    let mut timetable = Timetable::new(limits);
    let mut running = JoinSet::new();
    let mut who: HashMap<Id, Ticket> = HashMap::new();
    let mut last_beat = None;
    loop {
        let now = Instant::now();
        while let Some(departure) = timetable.depart(now) {
            witness.started(departure.lag);
            let task = running.spawn(visit(departure.what));
            who.insert(task.id(), departure.ticket);
        }
        witness.skipped(std::mem::take(&mut timetable.skipped));
        witness.deferred(std::mem::take(&mut timetable.deferred));
        if last_beat.is_none_or(|last| now.duration_since(last) >= BETWEEN_BEATS) {
            last_beat = Some(now);
            witness.beat();
        }
        let wake = timetable.next().unwrap_or(now + LONGEST_NAP).min(now + LONGEST_NAP);
        tokio::select! {
            () = sleep_until(wake) => {}
            Some(ended) = running.join_next_with_id(), if !running.is_empty() => {
                // A visit has its own panic boundary; if one is torn down all the same, nothing of it
                // is believed.
                let (id, settled) = match ended {
                    Ok((id, settled)) => (id, settled),
                    Err(error) => (error.id(), Settled::Later),
                };
                if let Some(ticket) = who.remove(&id) {
                    timetable.arrive(&ticket, settled, Instant::now());
                }
            }
            change = changes.recv() => match change {
                Some(Change::Replace(slots, limits)) => {
                    timetable.limits = limits;
                    timetable.replace(slots, Instant::now());
                }
                Some(Change::Hurry(target)) => timetable.hurry(&target, Instant::now()),
                Some(Change::HurryOne(key)) => timetable.hurry_one(&key, Instant::now()),
                Some(Change::Once(once)) => timetable.once(once, Instant::now()),
                None => break,
            },
        }
    }
    while running.join_next().await.is_some() {}
}

/// Slots, and what is due when.
#[derive(Debug)]
pub struct Timetable<T> {
    limits: Limits,
    stops: HashMap<u64, Stop<T>>,
    places: HashMap<(String, String), u64>,
    of_target: HashMap<String, Vec<u64>>,
    due: BinaryHeap<Reverse<(Instant, u64, u32)>>,
    waiting: VecDeque<u64>,
    on_target: HashMap<String, usize>,
    under_way: usize,
    skipped: u64,
    deferred: u64,
    /// What is done once and waits, first come first served.
    once: VecDeque<(Once<T>, Instant)>,
    /// Targets that something has to itself, or waits to have.
    held: HashMap<String, Hold>,
    last_id: u64,
}

/// What has a target to itself.
#[derive(Clone, Copy, Debug, Default)]
struct Hold {
    /// How many wait for it or have it.
    by: usize,
    /// Whether one of them is under way.
    taken: bool,
}

#[derive(Debug)]
struct Stop<T> {
    slot: Slot<T>,
    /// The regular slot that comes next.
    regular: Instant,
    /// A visit before that, because the last one is not believed.
    recheck: Option<Instant>,
    /// Visits in a row that are not believed.
    unsettled: u32,
    /// The visit under way is about something that is no longer there: the next is due when it ends.
    hurried: bool,
    /// Which entry of the heap counts; earlier ones are void.
    stamp: u32,
    /// When the visit that waits or runs was due.
    state: State,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    Idle,
    Waiting { since: Instant },
    Running { since: Instant },
}

/// A visit to be started.
#[derive(Debug)]
pub struct Departure<T> {
    /// Hand this back when it has ended.
    pub ticket: Ticket,
    /// What the visit needs.
    pub what: T,
    /// How long after its slot it starts.
    pub lag: Duration,
}

/// Names a visit under way.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Ticket {
    kind: TicketKind,
    target: String,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum TicketKind {
    /// A visit of this slot.
    Slot(u64),
    /// Something that is done once.
    Once { alone: bool },
}

impl<T: Clone> Timetable<T> {
    /// An empty timetable.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            stops: HashMap::new(),
            places: HashMap::new(),
            of_target: HashMap::new(),
            due: BinaryHeap::new(),
            waiting: VecDeque::new(),
            on_target: HashMap::new(),
            under_way: 0,
            skipped: 0,
            deferred: 0,
            once: VecDeque::new(),
            held: HashMap::new(),
            last_id: 0,
        }
    }

    /// Takes over a new set of slots. Those that are known, with the same interval, keep their place in
    /// time.
    pub fn replace(&mut self, slots: Vec<Slot<T>>, now: Instant) {
        let spread = START_SPACING.saturating_mul(u32::try_from(slots.len()).unwrap_or(u32::MAX));
        let mut old = std::mem::take(&mut self.stops);
        let places = std::mem::take(&mut self.places);
        self.of_target.clear();
        for slot in slots {
            let known = places.get(&slot.key).and_then(|id| Some((*id, old.remove(id)?)));
            let (id, stop) = match known {
                Some((id, stop)) if stop.slot.is_same(&slot) => (id, Stop { slot, ..stop }),
                other => {
                    let regular = now + offset(&slot, spread.min(slot.interval));
                    let state = other.as_ref().map_or(State::Idle, |(_, stop)| stop.state);
                    let hurried = other.as_ref().is_some_and(|(_, stop)| {
                        stop.hurried || (stop.is_running() && stop.slot.identity != slot.identity)
                    });
                    let id = other.map_or_else(|| self.fresh_id(), |(id, _)| id);
                    let (recheck, unsettled, stamp) = (None, 0, 0);
                    (id, Stop { slot, regular, recheck, unsettled, hurried, stamp, state })
                }
            };
            self.places.insert(stop.slot.key.clone(), id);
            self.of_target.entry(stop.slot.key.0.clone()).or_default().push(id);
            self.stops.insert(id, stop);
        }
        self.waiting.retain(|id| self.stops.contains_key(id));
        self.due.clear();
        self.due.extend(self.stops.iter_mut().map(|(id, stop)| stop.entry(*id)));
    }

    /// Makes every slot of a target due at once, besides its turn; where a visit is under way, as soon
    /// as it has ended.
    pub fn hurry(&mut self, target: &str, now: Instant) {
        for id in self.of_target.get(target).cloned().unwrap_or_default() {
            self.hurry_stop(id, now);
        }
    }

    /// The same for one slot.
    pub fn hurry_one(&mut self, key: &(String, String), now: Instant) {
        if let Some(id) = self.places.get(key).copied() {
            self.hurry_stop(id, now);
        }
    }

    fn hurry_stop(&mut self, id: u64, now: Instant) {
        let Some(stop) = self.stops.get_mut(&id) else { return };
        if stop.is_running() {
            stop.hurried = true;
        } else {
            stop.recheck = Some(now);
            self.due.push(stop.entry(id));
        }
    }

    /// Looks again at what could not be seen of a target, besides its turn: something of it could.
    fn recheck_the_rest(&mut self, target: &str, now: Instant) {
        for id in self.of_target.get(target).into_iter().flatten() {
            let Some(stop) = self.stops.get_mut(id) else { continue };
            if stop.unsettled > 0 && stop.state == State::Idle {
                stop.recheck = Some(now);
                self.due.push(stop.entry(*id));
            }
        }
    }

    /// Takes in something to be done once, as soon as it may.
    pub fn once(&mut self, once: Once<T>, now: Instant) {
        if once.alone {
            self.held.entry(once.target.clone()).or_default().by += 1;
        }
        self.once.push_back((once, now));
    }

    /// What is done once and may start. Room for it is always made: it is rare, and somebody waits.
    fn depart_once(&mut self, now: Instant) -> Option<Departure<T>> {
        let place = self.once.iter().position(|(once, _)| {
            let hold = self.held.get(&once.target).copied().unwrap_or_default();
            let quiet = !self.on_target.contains_key(&once.target);
            !hold.taken && (quiet || !once.alone)
        })?;
        let (once, since) = self.once.remove(place)?;
        if let Some(hold) = self.held.get_mut(&once.target).filter(|_| once.alone) {
            hold.taken = true;
        }
        self.under_way += 1;
        *self.on_target.entry(once.target.clone()).or_insert(0) += 1;
        Some(Departure {
            ticket: Ticket { kind: TicketKind::Once { alone: once.alone }, target: once.target },
            what: once.what,
            lag: now.saturating_duration_since(since),
        })
    }

    /// A visit that is due by `now` and for which there is room. Call until there is none.
    pub fn depart(&mut self, now: Instant) -> Option<Departure<T>> {
        self.queue_up(now);
        if let Some(departure) = self.depart_once(now) {
            return Some(departure);
        }
        if self.under_way >= self.limits.overall {
            return None;
        }
        let place = self.waiting.iter().position(|id| {
            let target = self.stops.get(id).map(|stop| stop.slot.key.0.as_str());
            let held = target.is_some_and(|target| self.held.contains_key(target));
            let busy = target.and_then(|target| self.on_target.get(target)).copied();
            !held && busy.unwrap_or(0) < self.limits.per_target
        })?;
        let id = self.waiting.remove(place)?;
        let stop = self.stops.get_mut(&id)?;
        let State::Waiting { since } = stop.state else { return None };
        stop.state = State::Running { since: now };
        self.under_way += 1;
        let target = stop.slot.key.0.clone();
        *self.on_target.entry(target.clone()).or_insert(0) += 1;
        Some(Departure {
            ticket: Ticket { kind: TicketKind::Slot(id), target },
            what: stop.slot.what.clone(),
            lag: now.saturating_duration_since(since),
        })
    }

    /// A visit has ended.
    pub fn arrive(&mut self, ticket: &Ticket, settled: Settled, now: Instant) {
        self.under_way = self.under_way.saturating_sub(1);
        if let Some(busy) = self.on_target.get_mut(&ticket.target) {
            *busy -= 1;
            if *busy == 0 {
                self.on_target.remove(&ticket.target);
            }
        }
        let id = match ticket.kind {
            TicketKind::Slot(id) => id,
            TicketKind::Once { alone } => {
                self.release(&ticket.target, alone, now);
                return;
            }
        };
        let Some(stop) = self.stops.get_mut(&id) else { return };
        let State::Running { since } = stop.state else { return };
        stop.state = State::Idle;
        let recovered = settled == Settled::Yes && stop.unsettled > 0;
        let most = match settled {
            Settled::Yes => None,
            // What keeps us waiting is not kept busy: a visit takes at most half of the time.
            Settled::Soon => Some(LONGEST_RECHECK.max(now.saturating_duration_since(since))),
            Settled::Later => Some(stop.slot.interval),
        };
        stop.recheck = most.and_then(|most| {
            let wait = FIRST_RECHECK.saturating_mul(1 << stop.unsettled.min(16)).min(most);
            now.checked_add(wait).filter(|at| *at < stop.regular)
        });
        stop.unsettled = if most.is_some() { stop.unsettled.saturating_add(1) } else { 0 };
        if std::mem::take(&mut stop.hurried) {
            stop.recheck = Some(now);
        }
        let entry = stop.entry(id);
        self.due.push(entry);
        if recovered {
            self.recheck_the_rest(&ticket.target, now);
        }
    }

    /// Gives a target back to its ordinary visits, once nothing has it to itself or waits to.
    fn release(&mut self, target: &str, alone: bool, now: Instant) {
        let Some(hold) = self.held.get_mut(target).filter(|_| alone) else { return };
        hold.taken = false;
        hold.by = hold.by.saturating_sub(1);
        if hold.by > 0 {
            return;
        }
        self.held.remove(target);
        // They were held back, which is no lateness of the schedule.
        for id in self.of_target.get(target).into_iter().flatten() {
            if let Some(Stop { state: State::Waiting { since }, .. }) = self.stops.get_mut(id) {
                *since = now;
            }
        }
    }

    /// When something is due next, whether or not there will be room for it.
    pub fn next(&self) -> Option<Instant> {
        self.due.peek().map(|Reverse((at, ..))| *at)
    }

    /// Moves what is due into the queue of those that wait for room.
    fn queue_up(&mut self, now: Instant) {
        while let Some(&Reverse((at, id, stamp))) = self.due.peek() {
            if at > now {
                break;
            }
            self.due.pop();
            let Some(stop) = self.stops.get_mut(&id).filter(|stop| stop.stamp == stamp) else {
                continue;
            };
            let held = self.held.contains_key(&stop.slot.key.0);
            let passed = if held { &mut self.deferred } else { &mut self.skipped };
            let is_recheck = stop.recheck.take().is_some_and(|recheck| recheck == at);
            if !is_recheck {
                // The slot itself, and those that passed while the machine slept or was busy.
                let missed = now.duration_since(at).as_nanos() / stop.slot.interval.as_nanos();
                let missed = u32::try_from(missed).unwrap_or(u32::MAX - 1);
                stop.regular = at + stop.slot.interval.saturating_mul(missed + 1);
                *passed += u64::from(missed);
            }
            if stop.state == State::Idle {
                stop.state = State::Waiting { since: at };
                self.waiting.push_back(id);
            } else if !is_recheck {
                *passed += 1;
            }
            let entry = stop.entry(id);
            self.due.push(entry);
        }
    }

    fn fresh_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }
}

impl<T> Slot<T> {
    /// Whether a visit to one tells as much of the other, as often.
    fn is_same(&self, other: &Self) -> bool {
        self.interval == other.interval && self.identity == other.identity
    }
}

impl<T> Stop<T> {
    fn is_running(&self) -> bool {
        matches!(self.state, State::Running { .. })
    }

    /// The heap's entry for what comes next; voids the one before.
    fn entry(&mut self, id: u64) -> Reverse<(Instant, u64, u32)> {
        self.stamp = self.stamp.wrapping_add(1);
        let at = self.recheck.map_or(self.regular, |recheck| recheck.min(self.regular));
        Reverse((at, id, self.stamp))
    }
}

/// Where in `spread` a slot starts: the same for the same key, whoever else there is.
fn offset<T>(slot: &Slot<T>, spread: Duration) -> Duration {
    let mut hasher = DefaultHasher::new();
    slot.key.hash(&mut hasher);
    let share = u32::try_from(hasher.finish() >> 32).unwrap_or(u32::MAX);
    spread.mul_f64(f64::from(share) / f64::from(u32::MAX))
}

/// Room for each slot when they all start: few targets are seen at once, many are spread over their
/// interval.
const START_SPACING: Duration = Duration::from_millis(50);
/// How soon a visit that is not believed is made again; doubled each time,
const FIRST_RECHECK: Duration = Duration::from_secs(5);
/// up to this where it may be believed at any moment, so that a recovery is noticed. A refused
/// connection a minute is less than any monitoring of a sound target costs it.
const LONGEST_RECHECK: Duration = Duration::from_mins(1);
/// The schedule shows that it is alive at most this often,
const BETWEEN_BEATS: Duration = Duration::from_secs(1);
/// and at least this often.
const LONGEST_NAP: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use std::{
        cell::RefCell,
        sync::{
            Arc, Mutex,
            atomic::{AtomicU64, Ordering},
        },
    };

    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    fn slot(target: &str, probe: &str, interval: Duration) -> Slot<&'static str> {
        Slot {
            key: (target.to_owned(), probe.to_owned()),
            interval,
            identity: [0; 32],
            what: "visit",
        }
    }

    fn table(slots: Vec<Slot<&'static str>>, limits: Limits) -> (Timetable<&'static str>, Instant) {
        let now = Instant::now();
        let mut table = Timetable::new(limits);
        table.replace(slots, now);
        // Past the spread start of so few.
        (table, now + Duration::from_secs(1))
    }

    #[tokio::test(start_paused = true)]
    async fn a_slot_departs_once_an_interval() {
        let (mut table, now) = table(vec![slot("a", "x", MINUTE)], Limits::default());
        let first = table.depart(now).expect("due");
        assert!(table.depart(now).is_none());
        table.arrive(&first.ticket, Settled::Yes, now);
        assert!(table.depart(now + Duration::from_secs(58)).is_none());
        assert!(table.depart(now + MINUTE).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn lateness_does_not_add_up() {
        let (mut table, now) = table(vec![slot("a", "x", MINUTE)], Limits::default());
        let first = table.depart(now + Duration::from_secs(30)).expect("due");
        table.arrive(&first.ticket, Settled::Yes, now + Duration::from_secs(35));
        assert!(table.depart(now + MINUTE).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn missed_slots_are_skipped_and_counted_never_bunched() {
        let (mut table, now) = table(vec![slot("a", "x", MINUTE)], Limits::default());
        let late = now + MINUTE * 5;
        let visit = table.depart(late).expect("due");
        assert_eq!(table.skipped, 5);
        table.arrive(&visit.ticket, Settled::Yes, late);
        assert!(table.depart(late + Duration::from_secs(1)).is_none());
        assert!(table.depart(late + MINUTE).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_slot_whose_visit_still_runs_is_skipped() {
        let (mut table, now) = table(vec![slot("a", "x", MINUTE)], Limits::default());
        let _running = table.depart(now).expect("due");
        assert!(table.depart(now + MINUTE).is_none());
        assert_eq!(table.skipped, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_target_has_at_most_so_many_visits_at_a_time() {
        let slots = ["x", "y", "z"].map(|probe| slot("a", probe, MINUTE));
        let limits = Limits { overall: 10, per_target: 2 };
        let (mut table, now) = table(slots.into(), limits);
        let first = table.depart(now).expect("room");
        let _second = table.depart(now).expect("room");
        assert!(table.depart(now).is_none());
        table.arrive(&first.ticket, Settled::Yes, now);
        assert!(table.depart(now).is_some());
    }

    fn alone(target: &str) -> Once<&'static str> {
        Once { target: target.to_owned(), alone: true, what: "experiment" }
    }

    #[tokio::test(start_paused = true)]
    async fn an_experiment_waits_for_quiet_and_holds_the_targets_visits_back() {
        let slots = vec![slot("a", "x", MINUTE), slot("a", "y", MINUTE), slot("b", "x", MINUTE)];
        let (mut table, now) = table(slots, Limits { overall: 10, per_target: 1 });
        let first: Vec<_> = std::iter::from_fn(|| table.depart(now)).collect();
        let on_a = first.iter().find(|visit| visit.ticket.target == "a").expect("due");
        table.once(alone("a"), now);
        assert!(table.depart(now).is_none(), "a visit of the target is under way");
        table.arrive(&on_a.ticket, Settled::Yes, now);
        let experiment = table.depart(now).expect("quiet");
        assert_eq!(experiment.what, "experiment");
        assert!(table.depart(now).is_none(), "its other visits are held back");

        let later = now + 5 * MINUTE;
        let elsewhere = first.iter().find(|visit| visit.ticket.target == "b").expect("due");
        table.arrive(&elsewhere.ticket, Settled::Yes, later);
        assert_eq!(table.depart(later).expect("not held").ticket.target, "b");
        assert!(table.deferred >= 9, "{} slots of two probes in five minutes", table.deferred);

        table.arrive(&experiment.ticket, Settled::Yes, later);
        let after = table.depart(later).expect("given back");
        assert_eq!((after.ticket.target.as_str(), after.lag), ("a", Duration::ZERO));
    }

    #[tokio::test(start_paused = true)]
    async fn experiments_of_a_target_follow_each_other() {
        let (mut table, now) = table(vec![slot("a", "x", MINUTE)], Limits::default());
        table.once(alone("a"), now);
        table.once(alone("a"), now);
        let first = table.depart(now).expect("quiet");
        assert!(table.depart(now).is_none());
        table.arrive(&first.ticket, Settled::Yes, now);
        let second = table.depart(now).expect("the next");
        assert_eq!(second.what, "experiment", "before any visit");
        table.arrive(&second.ticket, Settled::Yes, now);
        assert_eq!(table.depart(now).expect("given back").what, "visit");
    }

    #[tokio::test(start_paused = true)]
    async fn what_need_not_be_alone_holds_nothing_back() {
        let (mut table, now) = table(vec![slot("a", "x", MINUTE)], Limits::default());
        table.once(Once { alone: false, ..alone("a") }, now);
        assert_eq!(table.depart(now).expect("at once").what, "experiment");
        assert_eq!(table.depart(now).expect("beside it").what, "visit");
    }

    #[tokio::test(start_paused = true)]
    async fn a_target_that_is_full_does_not_keep_others_waiting() {
        let slots = vec![slot("a", "x", MINUTE), slot("a", "y", MINUTE), slot("b", "x", MINUTE)];
        let (mut table, now) = table(slots, Limits { overall: 10, per_target: 1 });
        let targets: Vec<String> =
            std::iter::from_fn(|| table.depart(now)).map(|visit| visit.ticket.target).collect();
        assert_eq!(targets.len(), 2);
        assert!(targets.contains(&"b".to_owned()));
    }

    /// Seconds between visits of which `settled` says how they end, each of which takes `took`.
    fn waits(interval: Duration, took: Duration, settled: &[Settled]) -> Vec<u64> {
        let (mut table, mut now) = table(vec![slot("a", "x", interval)], Limits::default());
        now += interval;
        let mut waits = Vec::new();
        for settled in settled {
            let visit = table.depart(now).expect("due");
            now += took;
            table.arrive(&visit.ticket, *settled, now);
            let next = table.next().expect("always something");
            waits.push(next.duration_since(now).as_secs());
            now = next;
        }
        waits
    }

    const HOUR: Duration = Duration::from_hours(1);

    #[tokio::test(start_paused = true)]
    async fn a_recovery_is_noticed_within_a_minute_however_long_the_interval() {
        let waits = waits(HOUR, Duration::ZERO, &[Settled::Soon; 20]);
        assert_eq!(&waits[..6], [5, 10, 20, 40, 60, 60]);
        assert_eq!(waits.iter().max(), Some(&60));
    }

    #[tokio::test(start_paused = true)]
    async fn what_takes_long_to_fail_is_not_kept_busy() {
        let waits = waits(HOUR, 2 * MINUTE, &[Settled::Soon; 8]);
        assert_eq!(&waits[..7], [5, 10, 20, 40, 80, 120, 120]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_asking_does_not_help_is_asked_less_and_less() {
        let waits = waits(HOUR, Duration::ZERO, &[Settled::Later; 9]);
        assert_eq!(waits, [5, 10, 20, 40, 80, 160, 320, 640, 1280]);
    }

    #[tokio::test(start_paused = true)]
    async fn one_probe_that_sees_the_target_again_is_enough_for_all_to_look() {
        let named = |target, probe, what| Slot { what, ..slot(target, probe, HOUR) };
        let slots = vec![named("a", "x", "ax"), named("a", "y", "ay"), named("b", "y", "by")];
        let (mut table, _) = table(slots, Limits::default());
        let due = |table: &Timetable<&str>, what| {
            let stop = table.stops.values().find(|stop| stop.slot.what == what).expect("known");
            stop.recheck
        };
        let far = |at: Option<Instant>, now| at.is_some_and(|at| at > now + 3 * MINUTE);
        let (visit, now) = loop {
            let now = table.next().expect("due");
            let Some(visit) = table.depart(now) else { continue };
            if far(due(&table, "ay"), now) && far(due(&table, "by"), now) {
                break (visit, now);
            }
            let ended = if visit.what == "ax" { Settled::Soon } else { Settled::Later };
            table.arrive(&visit.ticket, ended, now);
        };
        assert_eq!(visit.what, "ax");
        table.arrive(&visit.ticket, Settled::Yes, now);
        assert_eq!(due(&table, "ay"), Some(now));
        assert!(far(due(&table, "by"), now));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_not_believed_is_looked_at_again_soon_with_back_off() {
        let (mut table, mut now) = table(vec![slot("a", "x", MINUTE)], Limits::default());
        let mut waits = Vec::new();
        for _ in 0..4 {
            let visit = table.depart(now).expect("due");
            table.arrive(&visit.ticket, Settled::Soon, now);
            let next = table.next().expect("always something");
            waits.push(next.duration_since(now).as_secs());
            now = next;
        }
        assert_eq!(&waits[..3], [5, 10, 20]);
        assert!(waits[3] <= 40, "the regular slot comes first: {waits:?}");
        assert_eq!(table.skipped, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_new_deployment_during_a_visit_is_looked_at_when_the_visit_has_ended() {
        let (mut table, now) = table(vec![slot("a", "x", HOUR)], Limits::default());
        let visit = table.depart(now).expect("due");
        table.hurry("a", now);
        assert!(table.depart(now).is_none(), "one visit at a time");
        let ended = now + Duration::from_secs(2);
        table.arrive(&visit.ticket, Settled::Yes, ended);
        let again = table.depart(ended).expect("due");
        table.arrive(&again.ticket, Settled::Yes, ended);
        assert!(table.depart(ended).is_none(), "once is enough");
        assert_eq!(table.skipped, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn new_settings_begin_anew_and_do_not_wait_for_the_slot_of_the_old() {
        let known = slot("a", "x", HOUR);
        let (mut table, now) = table(vec![known.clone()], Limits::default());
        let visit = table.depart(now).expect("due");
        let other = Slot { identity: [1; 32], ..known };
        table.replace(vec![other.clone()], now);
        let ended = now + Duration::from_secs(2);
        table.arrive(&visit.ticket, Settled::Yes, ended);
        let visit = table.depart(ended).expect("the old visit says nothing about the new settings");
        table.arrive(&visit.ticket, Settled::Yes, ended);
        table.replace(vec![Slot { identity: [2; 32], ..other }], ended);
        assert!(table.depart(ended + Duration::from_secs(1)).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn new_limits_are_taken_over() {
        let (changes, receiver) = mpsc::channel(1);
        let running: Arc<AtomicU64> = Arc::default();
        let most: Arc<AtomicU64> = Arc::default();
        let visit = |_| {
            let (running, most) = (Arc::clone(&running), Arc::clone(&most));
            async move {
                let now = running.fetch_add(1, Ordering::Relaxed) + 1;
                most.fetch_max(now, Ordering::Relaxed);
                tokio::time::sleep(Duration::from_secs(2)).await;
                running.fetch_sub(1, Ordering::Relaxed);
                Settled::Yes
            }
        };
        let slots =
            || (0..8).map(|i| slot(&format!("t{i}"), "x", Duration::from_secs(10))).collect();
        let feed = async {
            let mut seen = Vec::new();
            for overall in [8, 3] {
                let limits = Limits { overall, per_target: 1 };
                changes.send(Change::Replace(slots(), limits)).await.expect("it listens");
                // Visits under way beyond the new limit end in their time.
                tokio::time::sleep(Duration::from_secs(15)).await;
                most.store(0, Ordering::Relaxed);
                tokio::time::sleep(Duration::from_secs(30)).await;
                seen.push(most.load(Ordering::Relaxed));
            }
            drop(changes);
            seen
        };
        let tally = Tally::default();
        let first = Limits { overall: 1, per_target: 1 };
        let ((), seen) = tokio::join!(run(first, receiver, visit, &tally), feed);
        assert_eq!(seen, [8, 3]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_new_deployment_is_looked_at_at_once() {
        let slots = vec![slot("a", "x", MINUTE), slot("b", "x", MINUTE)];
        let (mut table, now) = table(slots, Limits::default());
        while let Some(visit) = table.depart(now) {
            table.arrive(&visit.ticket, Settled::Yes, now);
        }
        let soon = now + Duration::from_secs(1);
        table.hurry("a", soon);
        assert_eq!(table.depart(soon).expect("due").ticket.target, "a");
        assert!(table.depart(soon).is_none());
        assert_eq!(table.skipped, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_reload_keeps_the_place_of_what_stays() {
        let kept = slot("a", "x", Duration::from_hours(1));
        let (mut table, now) = table(vec![kept.clone(), slot("b", "x", MINUTE)], Limits::default());
        while let Some(visit) = table.depart(now) {
            table.arrive(&visit.ticket, Settled::Yes, now);
        }
        let before = table.stops[&table.places[&kept.key]].regular;
        table.replace(vec![kept.clone()], now + MINUTE);
        assert_eq!(table.stops[&table.places[&kept.key]].regular, before);
        assert_eq!((table.stops.len(), table.due.len()), (1, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_visit_that_outlives_its_slot_frees_its_place() {
        let limits = Limits { overall: 1, per_target: 1 };
        let (mut table, now) = table(vec![slot("a", "x", MINUTE)], limits);
        let visit = table.depart(now).expect("due");
        table.replace(vec![slot("b", "x", MINUTE)], now);
        table.arrive(&visit.ticket, Settled::Yes, now);
        assert!(table.depart(now + MINUTE).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn starts_are_spread_over_the_interval_when_there_are_many() {
        let slots = (0..1000).map(|i| slot(&format!("t{i}"), "x", Duration::from_secs(10)));
        let now = Instant::now();
        let mut table = Timetable::new(Limits::default());
        table.replace(slots.collect(), now);
        for second in 0..10 {
            let from = now + Duration::from_secs(second);
            let starts = table.stops.values().filter(|stop| {
                stop.regular >= from && stop.regular < from + Duration::from_secs(1)
            });
            let starts = starts.count();
            assert!((50..150).contains(&starts), "{starts} starts in second {second}");
        }
    }

    #[derive(Default)]
    struct Tally {
        lags: RefCell<Vec<Duration>>,
        skipped: AtomicU64,
    }

    impl Witness for Tally {
        fn started(&self, lag: Duration) {
            self.lags.borrow_mut().push(lag);
        }

        fn skipped(&self, slots: u64) {
            self.skipped.fetch_add(slots, Ordering::Relaxed);
        }

        fn deferred(&self, _: u64) {}
    }

    #[tokio::test(start_paused = true)]
    async fn the_schedule_runs_visits_and_waits_for_those_under_way() {
        let (changes, receiver) = mpsc::channel(1);
        let visits: Arc<Mutex<Vec<Instant>>> = Arc::default();
        let ended: Arc<AtomicU64> = Arc::default();
        let tally = Tally::default();
        let visit = |_| {
            visits.lock().expect("no panic").push(Instant::now());
            let ended = Arc::clone(&ended);
            async move {
                tokio::time::sleep(Duration::from_secs(2)).await;
                ended.fetch_add(1, Ordering::Relaxed);
                Settled::Yes
            }
        };
        let feed = async {
            let slots = vec![slot("a", "x", Duration::from_secs(10))];
            let replace = Change::Replace(slots, Limits::default());
            changes.send(replace).await.expect("the schedule listens");
            tokio::time::sleep(Duration::from_secs(31)).await;
            drop(changes);
        };
        tokio::join!(run(Limits::default(), receiver, visit, &tally), feed);
        assert_eq!(visits.lock().expect("no panic").len(), 4);
        assert_eq!(ended.load(Ordering::Relaxed), 4);
        assert!(tally.lags.borrow().iter().all(|lag| *lag <= Duration::from_millis(2)));
        assert_eq!(tally.skipped.load(Ordering::Relaxed), 0);
    }
}
