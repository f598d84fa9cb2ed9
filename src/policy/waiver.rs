//! A person's decision to accept a fail until a date.

use std::time::SystemTime;

/// A waiver. It changes the status of the fail it names, and nothing else.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Waiver {
    /// The check it is about.
    pub check: String,
    /// The target it is about; `None` for every target.
    pub target: Option<String>,
    /// The item it is about, as reports name it; `None` for the whole check.
    pub subject: Option<String>,
    /// Why the fail is acceptable.
    pub reason: String,
    /// Who answers for that.
    pub owner: String,
    /// Where it is tracked.
    pub ticket: Option<String>,
    /// The moment from which it changes nothing any more.
    pub expires: SystemTime,
}

impl Waiver {
    /// Whether it is about this target.
    pub fn concerns(&self, target: &str) -> bool {
        self.target.as_deref().is_none_or(|wanted| wanted == target)
    }

    /// Whether it is about this check on this target, or about a part of it.
    pub fn covers(&self, target: &str, check: &str) -> bool {
        self.check == check && self.concerns(target)
    }

    /// Whether it is about this item of a check that it covers.
    pub fn covers_item(&self, subject: &str) -> bool {
        self.subject.as_deref().is_none_or(|wanted| wanted == subject)
    }

    /// Whether it is in force.
    pub fn is_in_force(&self, now: SystemTime) -> bool {
        now < self.expires
    }
}
