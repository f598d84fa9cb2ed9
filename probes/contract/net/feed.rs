//! What happened to connections with the target's own origin, whoever made them.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::time::Instant;

use super::{Address, Exchange};
use crate::contract::{Obstacle, Obstructed};

/// The last events of a target. What every visit sees tells of a restart that none was looking for.
#[derive(Debug, Default)]
pub(super) struct Feed {
    events: Mutex<VecDeque<Event>>,
}

/// Something that happened to a connection.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Event {
    /// What.
    pub what: Happening,
    /// Where, if an address was called.
    pub address: Option<Address>,
    /// The probe whose connection it was; the last one's, where it happened several times in a row.
    pub probe: Arc<str>,
    /// When it happened first, of several times in a row.
    pub first: Instant,
    /// When it happened last.
    pub last: Instant,
    /// How often in a row, nothing else between.
    pub times: u32,
}

/// What can happen to a connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Happening {
    /// It was accepted.
    Connected,
    /// It was refused.
    Refused,
    /// It was neither accepted nor refused in time.
    Silent,
    /// It ended before an answer did.
    Cut,
    /// It was reset.
    Reset,
    /// An answer said `connection: close`.
    CloseAnnounced,
    /// HTTP/2's announcement of the same: GOAWAY.
    GoAway,
    /// The target closed a connection that was kept open and had nothing to do.
    ClosedIdle,
}

impl Feed {
    pub(super) fn note(&self, what: Happening, address: Option<&Address>, probe: &Arc<str>) {
        let now = Instant::now();
        let mut events = self.lock();
        if let Some(last) = events.back_mut()
            && (last.what, last.address.as_ref()) == (what, address)
        {
            last.times = last.times.saturating_add(1);
            last.last = now;
            if !Arc::ptr_eq(&last.probe, probe) {
                last.probe = Arc::clone(probe);
            }
            return;
        }
        if events.len() >= MOST {
            events.pop_front();
        }
        let (address, probe) = (address.cloned(), Arc::clone(probe));
        events.push_back(Event { what, address, probe, first: now, last: now, times: 1 });
    }

    /// What an obstacle says of the connection, if anything.
    pub(super) fn note_obstacle(
        &self,
        obstructed: &Obstructed,
        address: Option<&Address>,
        probe: &Arc<str>,
    ) {
        let what = match obstructed.obstacle {
            Obstacle::Refused => Happening::Refused,
            Obstacle::Closed => Happening::Cut,
            Obstacle::Reset => Happening::Reset,
            _ => return,
        };
        self.note(what, address, probe);
    }

    /// What the lack of an answer says of a connection that was there.
    pub(super) fn note_cut(&self, obstructed: &Obstructed, probe: &Arc<str>) {
        if matches!(obstructed.obstacle, Obstacle::Closed | Obstacle::Reset) {
            self.note_obstacle(obstructed, None, probe);
        }
    }

    /// What an answer says of its connection.
    pub(super) fn note_answer(&self, answer: &Exchange, probe: &Arc<str>) {
        if let Some(cut) = &answer.body.cut {
            self.note_obstacle(cut, Some(&answer.address), probe);
        } else if announces_close(answer) {
            self.note(Happening::CloseAnnounced, Some(&answer.address), probe);
        }
    }

    /// All there are, the oldest first.
    pub(super) fn events(&self) -> Vec<Event> {
        self.lock().iter().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Event>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether an answer says that its connection is not kept.
pub(super) fn announces_close(answer: &Exchange) -> bool {
    let values = answer.headers.get_all(::http::header::CONNECTION);
    let mut words = values.iter().flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    words.any(|word| word.trim_ascii().eq_ignore_ascii_case(b"close"))
}

/// Events that are kept. A sound target's connections are one event as long as nothing else happens.
const MOST: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_same_in_a_row_is_one_event_and_the_feed_is_bounded() {
        let feed = Feed::default();
        let probe: Arc<str> = "health".into();
        let address = Address::Unix("/run/a.sock".into());
        for _ in 0..1_000 {
            feed.note(Happening::Connected, Some(&address), &probe);
        }
        feed.note(Happening::Refused, Some(&address), &probe);
        let events = feed.events();
        assert_eq!(events.iter().map(|event| event.times).collect::<Vec<_>>(), [1_000, 1]);
        for _ in 0..1_000 {
            feed.note(Happening::Reset, Some(&address), &probe);
            feed.note(Happening::Cut, None, &probe);
        }
        assert_eq!(feed.events().len(), MOST);
    }
}
