//! An outcome after policy: what people are shown.

use gonogo_probes::contract::{Confidence, Obstacle, Outcome};

/// The status of a check on a target.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Status {
    /// As it should be.
    Pass,
    /// Has the fault.
    Fail(Confidence),
    /// Has the fault, and a person accepted that until a date.
    Waived,
    /// Nobody can say.
    Unknown(Obstacle),
    /// The question does not arise.
    Skip,
}

impl Status {
    /// Every word a status is shown by, in the order reports and metrics list them.
    pub const WORDS: [&'static str; 5] = ["pass", "fail", "waived", "unknown", "skip"];

    /// The word it is shown by.
    pub const fn as_str(self) -> &'static str {
        Self::WORDS[self.place()]
    }

    /// Its place among [`Status::WORDS`].
    pub const fn place(self) -> usize {
        match self {
            Self::Pass => 0,
            Self::Fail(_) => 1,
            Self::Waived => 2,
            Self::Unknown(_) => 3,
            Self::Skip => 4,
        }
    }

    /// An outcome, with or without a waiver in force. Only a fail can be waived: nobody can accept
    /// what nobody knows.
    pub const fn of(outcome: Outcome, waived: bool) -> Self {
        match outcome {
            Outcome::Pass => Self::Pass,
            Outcome::Fail(_) if waived => Self::Waived,
            Outcome::Fail(confidence) => Self::Fail(confidence),
            Outcome::Unknown(obstacle) => Self::Unknown(obstacle),
            Outcome::Skip => Self::Skip,
        }
    }

    /// Orders statuses for reports: what needs doing first.
    pub const fn urgency(self) -> u8 {
        match self {
            Self::Fail(_) => 4,
            Self::Unknown(_) => 3,
            Self::Waived => 2,
            Self::Pass => 1,
            Self::Skip => 0,
        }
    }
}
