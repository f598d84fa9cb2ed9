//! What one visit saw of a target's health endpoints and dependencies.

use std::time::Duration;

use http::{HeaderMap, StatusCode};
use url::Url;

use super::{
    documented::Documented,
    statement::{State, Statement},
};
use crate::contract::{Item, Obstacle, Obstructed, WindowSummary, boundary};

/// What one visit brought back.
#[derive(Debug)]
pub(crate) struct Evidence {
    /// What stands where readiness is, or should be, told.
    pub(super) ready: Found,
    /// The same for liveness.
    pub(super) live: Found,
    /// The same for start-up; `None` where the settings name no endpoint for it.
    pub(super) startup: Option<Found>,
    /// What the readiness endpoint tells somebody without credentials; `None` where the settings have
    /// none, so that [`Self::ready`] is that already.
    pub(super) anonymous: Option<Result<Answer, Obstructed>>,
    /// The dependencies, as the settings list them.
    pub(super) dependencies: Vec<Dependency>,
    /// What stands at the other addresses of the same names.
    pub(super) elsewhere: Vec<(Role, Found)>,
    /// Why not every address was asked, where that is so.
    pub(super) unasked: Vec<(Role, Obstructed)>,
}

impl Evidence {
    /// The endpoints there are to judge, each with its role, at each address.
    pub(super) fn endpoints(&self) -> impl Iterator<Item = (Role, &Found)> {
        let startup = self.startup.as_ref().map(|found| (Role::Startup, found));
        let elsewhere = self.elsewhere.iter().map(|(role, found)| (*role, found));
        let here = [(Role::Ready, &self.ready), (Role::Live, &self.live)];
        here.into_iter().chain(startup).chain(elsewhere)
    }

    /// What stands where this role is told, at each address.
    pub(super) fn of(&self, role: Role) -> impl Iterator<Item = &Found> {
        self.endpoints().filter(move |(one, _)| *one == role).map(|(_, found)| found)
    }

    /// The items of addresses that were not asked.
    pub(super) fn unasked(&self, role: Role) -> impl Iterator<Item = Item> {
        let those = self.unasked.iter().filter(move |(one, _)| *one == role);
        those.map(move |(_, why)| Item::unknown(role.noun(), why))
    }
}

/// What an endpoint is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Role {
    /// Can it take requests?
    Ready,
    /// Must its process be restarted?
    Live,
    /// Has it started?
    Startup,
}

impl Role {
    /// The word for it in prose.
    pub(super) const fn noun(self) -> &'static str {
        match self {
            Self::Ready => "readiness",
            Self::Live => "liveness",
            Self::Startup => "start-up",
        }
    }

    /// The setting that names its endpoint, and its label in metrics.
    pub(super) const fn setting(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Live => "live",
            Self::Startup => "startup",
        }
    }
}

/// What was found where a health endpoint is, or should be.
#[derive(Debug)]
pub(super) enum Found {
    /// A health endpoint.
    Answer(Box<Answer>),
    /// Something else at the place the settings name.
    Other {
        /// The place.
        subject: String,
        /// What it is.
        seen: String,
        /// The command that shows it.
        replay: Option<String>,
    },
    /// Nothing: the settings name no place, and none of the usual ones has it.
    Nowhere {
        /// Where it was looked for, or why not.
        seen: String,
    },
    /// It took the request and did not answer in time, twice.
    Silent {
        /// The place.
        subject: String,
        /// How long was waited, and how often.
        seen: String,
        /// The command that shows it.
        replay: String,
    },
    /// Something was in the way.
    Obstructed {
        /// The place; empty where it was still being looked for.
        subject: String,
        /// What.
        obstructed: Obstructed,
        /// The command that shows it, where the place is known.
        replay: Option<String>,
    },
}

impl Found {
    /// Whether nobody listens there.
    pub(super) fn is_refused(&self) -> bool {
        matches!(self, Self::Obstructed { obstructed, .. } if obstructed.obstacle == Obstacle::Refused)
    }

    /// The answer, or the item for a check that has nothing to judge without it.
    pub(super) fn answer(&self, role: Role) -> Result<&Answer, Item> {
        match self {
            Self::Answer(answer) => Ok(answer),
            Self::Other { subject, .. } => {
                let reason = format!("there is no {} endpoint at this place", role.noun());
                Err(Item::skip(subject.clone(), reason))
            }
            Self::Nowhere { .. } => {
                Err(Item::skip(role.noun(), format!("there is no {} endpoint", role.noun())))
            }
            Self::Silent { subject, seen, .. } => {
                Err(Item::unknown(subject, &Obstacle::Timeout.because(seen)))
            }
            Self::Obstructed { subject, obstructed, .. } => {
                Err(Item::unknown(subject_or(subject, role), obstructed))
            }
        }
    }
}

/// The place, or the role where there is none.
pub(super) fn subject_or(subject: &str, role: Role) -> String {
    if subject.is_empty() { role.noun().to_owned() } else { subject.to_owned() }
}

/// What a health endpoint answered.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    /// Where it was asked for.
    pub(super) url: Url,
    /// The path, or the whole URL where it is not the target's own.
    pub(super) subject: String,
    /// The status.
    pub(super) status: StatusCode,
    /// Whether that status means "yes".
    pub(super) accepted: bool,
    /// Whether a path that does not exist was seen to answer otherwise.
    pub(super) distinct: bool,
    /// The header.
    pub(super) headers: HeaderMap,
    /// The beginning of the body.
    pub(super) body: String,
    /// What the body states.
    pub(super) statement: Statement,
    /// What this status means by the documentation of the system that answers so.
    pub(super) documented: Option<&'static Documented>,
    /// Whether a credential in `Authorization` was sent.
    pub(super) authorized: bool,
    /// How long it took.
    pub(super) latency: Duration,
    /// How long it took on this visit and earlier ones.
    pub(super) window: WindowSummary,
    /// The command that asks the same.
    pub(super) replay: String,
}

impl Answer {
    /// Whether the endpoint says yes: by its status, and not against it in its body.
    pub(super) fn says_yes(&self) -> bool {
        let yes = self.accepted || self.documented.is_some_and(|known| known.serves);
        yes && !self.statement.state().is_some_and(State::is_no)
    }

    /// Whether the endpoint says that the process is alive: one that starts or ends is.
    pub(super) fn is_alive(&self) -> bool {
        let yes = self.accepted || self.documented.is_some();
        yes && self.statement.state() != Some(State::Down)
    }

    /// What keeps its yes from being one: a word for its state that is not known here.
    pub(super) fn unclear(&self) -> Option<Obstructed> {
        let word = self.statement.unclear.as_ref().filter(|_| self.says_yes())?;
        let (status, word) = (self.status.as_u16(), boundary::excerpt(word, LONGEST_WORD));
        let detail = format!(
            "answers {status}, and its body says `{word}`, which is no word for a state known here"
        );
        Some(Obstacle::Protocol.because(detail))
    }

    /// The answer in a few words: "503 Service Unavailable, body says down".
    pub(super) fn in_words(&self) -> String {
        let status = self.status.to_string();
        let status = status.strip_suffix(" <unknown status code>").unwrap_or(&status);
        let body = match (self.statement.state(), &self.statement.unclear) {
            (Some(state), _) => format!(", and its body says {}", state.as_str()),
            (None, Some(word)) => {
                format!(", and its body says `{}`", boundary::excerpt(word, LONGEST_WORD))
            }
            (None, None) => String::new(),
        };
        match self.documented {
            Some(known) => format!("answers {status}{body}: {}", known.meaning),
            None => format!("answers {status}{body}"),
        }
    }
}

/// Characters that are shown of a word that is not known.
const LONGEST_WORD: usize = 80;

/// What was seen of a dependency.
#[derive(Clone, Debug)]
pub(super) struct Dependency {
    /// Its name in the settings.
    pub(super) name: String,
    /// Before readiness was asked for.
    pub(super) before: Look,
    /// After; `None` where it was there before, which settles the matter.
    pub(super) after: Option<Look>,
}

/// One look at a dependency.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Look {
    /// It answers.
    Up,
    /// It does not, for sure.
    Down(Obstructed),
    /// Nobody can say from here.
    Unclear(Obstructed),
}

impl Dependency {
    /// What both looks come to: down only if it was down both times.
    pub(super) fn state(&self) -> Look {
        match (&self.before, &self.after) {
            (Look::Up, _) => Look::Up,
            (Look::Down(_), Some(Look::Down(obstructed))) => Look::Down(obstructed.clone()),
            (Look::Down(_), Some(Look::Up)) => Look::Unclear(
                Obstacle::ControlFailed.because("it came back in the middle of the visit"),
            ),
            (Look::Unclear(obstructed), _)
            | (_, Some(Look::Unclear(obstructed)))
            | (Look::Down(obstructed), None) => Look::Unclear(obstructed.clone()),
        }
    }
}
