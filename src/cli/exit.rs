//! Exit codes. Pipelines decide by them, so they never change.

use std::process::ExitCode;

use crate::scorecard::Verdict;

/// How a command ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Exit {
    /// The verdict meets what was required, or the command did what it was told.
    Success,
    /// The verdict does not meet what was required.
    NotMet,
    /// Usage or configuration error: nothing was asked of any target.
    Usage,
    /// The verdict could not be reached.
    Unknown,
    /// Interrupted before it was done.
    Interrupted,
}

impl Exit {
    /// How a verdict exits where `required` is the least that will do.
    pub fn of(verdict: Verdict, required: Required) -> Self {
        match (verdict, required) {
            (Verdict::Unknown, _) => Self::Unknown,
            (Verdict::Go, _) | (Verdict::Staged, Required::Staged) => Self::Success,
            _ => Self::NotMet,
        }
    }

    /// The number.
    pub const fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::NotMet => 1,
            Self::Usage => 2,
            Self::Unknown => 3,
            // As shells tell of a command that SIGINT ended.
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// The least verdict that will do.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, clap::ValueEnum)]
pub enum Required {
    /// Fit for use.
    #[default]
    Go,
    /// Fit for a canary or a staged rollout.
    Staged,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_as_documented() {
        let code = |verdict, required| Exit::of(verdict, required).code();
        assert_eq!(code(Verdict::Go, Required::Go), 0);
        assert_eq!(code(Verdict::Staged, Required::Go), 1);
        assert_eq!(code(Verdict::Staged, Required::Staged), 0);
        assert_eq!(code(Verdict::NoGo, Required::Staged), 1);
        assert_eq!(code(Verdict::Unknown, Required::Staged), 3);
        assert_eq!(Exit::Usage.code(), 2);
        assert_eq!(Exit::Interrupted.code(), 130);
    }
}
