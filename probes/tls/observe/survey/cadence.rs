//! Which tier is due.

use std::sync::Arc;

use crate::tls::observe::survey::{Tier, full::Full, standard::Standard};

/// How often each tier is asked, in seconds, and how deep at all.
#[derive(Clone, Copy, Debug)]
pub(in crate::tls) struct Cadence {
    pub(in crate::tls) depth: Tier,
    pub(in crate::tls) standard: i64,
    pub(in crate::tls) full: i64,
}

/// What earlier visits found out about an address.
#[derive(Clone, Debug)]
pub(in crate::tls) struct Remembered {
    /// Tells whether the server is still what it was then, by what the fast tier shows of it.
    pub(in crate::tls) fingerprint: u64,
    /// The standard tier, and when it was asked.
    pub(in crate::tls) standard: (i64, Arc<Standard>),
    /// The full tier, and when it was asked.
    pub(in crate::tls) full: Option<(i64, Arc<Full>)>,
}

impl Cadence {
    /// The deepest tier that is due at this moment.
    ///
    /// A server that has changed is looked at again at once, and what was unanswered or faulty sooner
    /// than what was sound: whoever mends something wants to see it.
    pub(in crate::tls) fn due(
        &self,
        remembered: Option<&Remembered>,
        fingerprint: u64,
        at: i64,
    ) -> Tier {
        let due = match remembered {
            None => Tier::Full,
            Some(remembered) => self.due_again(remembered, fingerprint, at),
        };
        due.min(self.depth)
    }

    fn due_again(&self, remembered: &Remembered, fingerprint: u64, at: i64) -> Tier {
        let is_old =
            |since: i64, interval: i64| !(since..since.saturating_add(interval)).contains(&at);
        let full_is_due = match &remembered.full {
            None => true,
            Some((since, full)) => {
                let interval =
                    if full.is_settled() { self.full } else { self.full.min(self.standard) };
                is_old(*since, interval)
            }
        };
        if full_is_due {
            return Tier::Full;
        }
        let (since, standard) = &remembered.standard;
        let interval = if standard.is_complete() { self.standard } else { self.standard / 5 };
        if fingerprint != remembered.fingerprint || is_old(*since, interval) {
            return Tier::Standard;
        }
        Tier::Fast
    }
}
