//! What one visit brought back.

use super::expect::Answer;
use crate::contract::{
    Item, Obstructed, WindowSummary,
    net::{self, Address},
};

/// What one visit brought back.
#[derive(Debug)]
pub(crate) struct Evidence {
    /// The URL that was asked for.
    pub(super) subject: String,
    /// The answer, or what kept it away, twice if asking again was harmless.
    pub(super) answer: Result<Answer, Obstructed>,
    /// What kept the first answer away, where a second attempt got one.
    pub(super) first: Option<Obstructed>,
    /// Where the time went; all zero without an answer.
    pub(super) phases: net::Phases,
    /// Latency, on this visit and earlier ones.
    pub(super) window: WindowSummary,
    /// Success, on this visit and earlier ones.
    pub(super) success: Success,
    /// The command that asks the same.
    pub(super) replay: String,
    /// The address that was asked, where there are several.
    pub(super) address: Option<Address>,
    /// What the other addresses answered.
    pub(super) others: Vec<Evidence>,
    /// Why not every address was asked, where that is so.
    pub(super) unasked: Option<Obstructed>,
    /// What is to be said of addresses that are not judged.
    pub(super) note: Option<String>,
}

impl Evidence {
    /// What each address answered.
    pub(super) fn each(&self) -> impl Iterator<Item = &Self> {
        std::iter::once(self).chain(&self.others)
    }

    /// One item or more of each address, and one of those that were not asked.
    pub(super) fn judge(&self, judge: impl Fn(&Self) -> Vec<Item>) -> Vec<Item> {
        let mut items: Vec<Item> = self.each().flat_map(judge).collect();
        items.extend(self.unasked.as_ref().map(|why| Item::unknown(&self.subject, why)));
        items
    }
}

/// How often the service answered as expected. What could not be judged counts as neither.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Success {
    /// Requests that could be judged.
    pub(super) judged: usize,
    /// Those of them that were not answered as expected.
    pub(super) failed: usize,
    /// How many were answered as expected since the last that was not.
    pub(super) since_failure: usize,
}

impl Success {
    /// The share that was answered as expected, from 0 to 1; `None` if nothing could be judged.
    #[expect(clippy::cast_precision_loss, reason = "a window holds few samples")]
    pub(super) fn ratio(&self) -> Option<f64> {
        (self.judged > 0).then(|| (self.judged - self.failed) as f64 / self.judged as f64)
    }
}
