//! What one visit brings back.

use std::fmt;

use http::{HeaderName, StatusCode};

use super::{
    answer::{Answer, Reach},
    question::{Class, Question},
    settings::Credentials,
};
use crate::{
    contract::{Obstacle, Obstructed, setting::StatusSet},
    web::landing::Advice,
};

pub(super) type Reply = Result<Answer, Obstructed>;

/// What was seen of the target's endpoints.
#[derive(Debug)]
pub(crate) struct Evidence {
    pub(super) private: Private,
    pub(super) endpoints: Vec<Endpoint>,
    pub(super) sockets: Vec<Socket>,
    /// Requests and connections of this visit.
    pub(super) requests: u32,
}

/// Whether the target can be reached from inside a network alone.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Private {
    No,
    /// It must be so: the settings say it, or the URL has a private address. Why.
    Surely(String),
    /// A name leads to a private address here, and may lead to a public one elsewhere. Why.
    Maybe(String),
}

/// What was seen of one endpoint.
#[derive(Clone, Debug)]
pub(super) struct Endpoint {
    /// The path or URL as it was configured.
    pub(super) subject: String,
    /// What it is asked in place of, where nobody named what pages call.
    pub(super) in_place_of: Option<Missing>,
    /// Whether it is served by TLS.
    pub(super) secure: bool,
    pub(super) public: bool,
    pub(super) credentials: Credentials,
    /// What it answers to no page at all, with the credentials.
    pub(super) control: Reply,
    /// The same without credentials, where there are some.
    pub(super) anonymous: Option<Reply>,
    pub(super) asked: Vec<Asked>,
    pub(super) allowed: Vec<Allowed>,
    pub(super) mirror: Option<Mirror>,
    /// A cache gave an answer that was made for another origin: what it said, and what the target
    /// says when the cache is got around.
    pub(super) mixed_up: Option<(Answer, String)>,
    /// Statuses of answers that are the application's.
    pub(super) accept: StatusSet,
    /// The endpoint that answers alike and was asked everything, where this one was not.
    pub(super) alike: Option<String>,
    /// What front ends were answered to a preflight for nothing that needs one.
    pub(super) plain_preflights: Vec<(String, Reply)>,
}

/// The target's own URL, where it has nothing to read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Missing {
    /// Its path.
    pub(super) subject: String,
    pub(super) status: StatusCode,
}

/// What one origin was answered.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) question: Question,
    /// To a request that browsers send without asking first.
    pub(super) actual: Reply,
    /// To the question for leave, where it was put.
    pub(super) preflight: Option<Reply>,
    /// To the same request where there is nothing to read, if the endpoint was asked in its place.
    pub(super) at_missing: Option<Reply>,
}

/// What an origin was answered that must be able to read.
#[derive(Clone, Debug)]
pub(super) struct Allowed {
    pub(super) origin: String,
    pub(super) actual: Reply,
    pub(super) preflights: Vec<Preflight>,
}

/// A question for leave, as a browser puts it for a page of an allowed origin.
#[derive(Clone, Debug)]
pub(super) struct Preflight {
    pub(super) method: &'static str,
    pub(super) headers: Vec<HeaderName>,
    pub(super) reply: Reply,
    /// The answer to the same question with credentials, which browsers never send; only where the
    /// one without was refused.
    pub(super) signed_in: Option<Reply>,
}

/// What a granted origin is answered when it asks for leave that nobody needs.
#[derive(Clone, Debug)]
pub(super) struct Mirror {
    /// Who asked.
    pub(super) origin: String,
    pub(super) method: Reply,
    pub(super) header: Reply,
}

/// What a WebSocket endpoint says to the handshake.
#[derive(Clone, Debug)]
pub(super) struct Socket {
    pub(super) subject: String,
    pub(super) credentials: Credentials,
    /// To a page of the target's own, or of an allowed origin.
    pub(super) trusted: Result<StatusCode, Obstructed>,
    /// To a page of a stranger's.
    pub(super) stranger: Result<StatusCode, Obstructed>,
    /// To a page of the target's own that has no credentials, where there are some.
    pub(super) anonymous: Option<Result<StatusCode, Obstructed>>,
    pub(super) replay: String,
}

impl Endpoint {
    /// Whether the answer that pages are after was seen at all.
    pub(super) fn standing(&self) -> Result<(), Obstructed> {
        let allowed = self.allowed.iter().filter_map(|one| one.actual.as_ref().ok());
        let mut answers = self.control.iter().chain(allowed);
        let signed_in = self.credentials != Credentials::Unknown;
        let advice = Advice { places: "endpoints", credential: "credentials", signed_in };
        let standing = |answer: &Answer| answer.standing(&self.accept, &advice);
        let is_seen = |answer: &Answer| !answer.status.is_redirection() && standing(answer).is_ok();
        if answers.any(is_seen) {
            return Ok(());
        }
        let answer = self.control.as_ref().map_err(Clone::clone)?;
        let seen = standing(answer).and_then(|()| {
            Err(Obstacle::ControlFailed.because(format!(
                "answers {}; what is there after the redirect was not seen; name in `endpoints` what \
                 pages call",
                answer.status.as_u16()
            )))
        });
        seen.map_err(|why| why.obstacle.because(format!("{} {why}", self.subject)))
    }

    /// Whether a refusal means anything: there is something to read, and somebody who may.
    pub(super) fn refusals_count(&self) -> Result<(), Obstructed> {
        self.standing()?;
        if self.allowed.is_empty() || self.granted().is_some() {
            return Ok(());
        }
        let unanswered = |reply: &Reply| reply.as_ref().err().cloned();
        if let Some(obstructed) = self.allowed.iter().find_map(|one| unanswered(&one.actual)) {
            return Err(obstructed);
        }
        let names: Vec<&str> = self.allowed.iter().map(|one| &*one.origin).collect();
        Err(Obstacle::ControlFailed.because(format!(
            "{} is not granted either, so that a refusal proves nothing{}",
            names.join(", "),
            if self.in_place_of.is_some() {
                "; name in `endpoints` what its pages call"
            } else {
                ""
            },
        )))
    }

    /// An allowed origin that may read.
    pub(super) fn granted(&self) -> Option<&Allowed> {
        self.allowed.iter().find(|one| one.reach() > Reach::Nothing)
    }

    /// What a page of any site at all may read.
    pub(super) fn blanket(&self) -> Reach {
        let any = self.asked.iter().find(|asked| asked.question.class == Class::Any);
        any.map_or(Reach::Nothing, Asked::reach)
    }

    /// The status without credentials.
    pub(super) fn anonymous_status(&self) -> Option<StatusCode> {
        let reply = self.anonymous.as_ref().unwrap_or(&self.control);
        reply.as_ref().ok().map(|answer| answer.status)
    }

    /// Whether what it says without credentials is more than a refusal, and not meant for everybody.
    pub(super) fn says_something_to_anybody(&self) -> bool {
        !self.public && self.anonymous_status().is_some_and(|status| !is_denial(status))
    }

    /// Every answer to a request that was no preflight.
    pub(super) fn actual(&self) -> impl Iterator<Item = &Answer> {
        let asked = self.asked.iter().map(|asked| &asked.actual);
        let allowed = self.allowed.iter().map(|allowed| &allowed.actual);
        [&self.control].into_iter().chain(allowed).chain(asked).flatten()
    }

    /// Every answer to a preflight, with the origin that asked.
    pub(super) fn preflights(&self) -> impl Iterator<Item = (&str, &Answer)> {
        let asked = self.asked.iter().filter_map(|asked| {
            Some((&*asked.question.origin, asked.preflight.as_ref()?.as_ref().ok()?))
        });
        let allowed = self.allowed.iter().flat_map(|allowed| {
            let replies = allowed.preflights.iter().filter_map(|one| one.reply.as_ref().ok());
            replies.map(|answer| (&*allowed.origin, answer))
        });
        let mirror = self.mirror.iter().flat_map(|mirror| {
            let replies = [&mirror.method, &mirror.header].into_iter().flatten();
            replies.map(|answer| (&*mirror.origin, answer))
        });
        let plain = self
            .plain_preflights
            .iter()
            .filter_map(|(origin, reply)| Some((origin.as_str(), reply.as_ref().ok()?)));
        allowed.chain(asked).chain(mirror).chain(plain)
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, which answers {}", self.subject, self.status.as_u16())
    }
}

impl Asked {
    /// The most that either request grants.
    pub(super) fn reach(&self) -> Reach {
        self.actual_reach().max(self.preflight_reach())
    }

    pub(super) fn actual_reach(&self) -> Reach {
        let reach = |answer: &Answer| answer.reach(&self.question.origin);
        self.actual.as_ref().map_or(Reach::Nothing, reach)
    }

    /// What is granted where there is nothing to read: by a policy that asks nothing of the path.
    pub(super) fn reach_at_missing(&self) -> Reach {
        let reach = |answer: &Answer| answer.reach(&self.question.origin);
        let reply = self.at_missing.as_ref().and_then(|reply| reply.as_ref().ok());
        reply.map_or(Reach::Nothing, reach)
    }

    /// What the preflight grants; browsers take leave from none that is not a success.
    pub(super) fn preflight_reach(&self) -> Reach {
        match &self.preflight {
            Some(Ok(answer)) if answer.status.is_success() => answer.reach(&self.question.origin),
            _ => Reach::Nothing,
        }
    }

    /// The answer that grants the most, as far as it matters, and whether it is the preflight's.
    pub(super) fn telling(&self, most: Reach) -> Option<(&Answer, bool)> {
        if self.preflight_reach().min(most) > self.actual_reach() {
            return self.preflight.as_ref()?.as_ref().ok().map(|answer| (answer, true));
        }
        self.actual.as_ref().ok().map(|answer| (answer, false))
    }

    /// What kept an answer away.
    pub(super) fn obstructed(&self) -> Option<&Obstructed> {
        let preflight = self.preflight.as_ref().and_then(|reply| reply.as_ref().err());
        self.actual.as_ref().err().or(preflight)
    }
}

impl Allowed {
    /// The most that any request grants.
    pub(super) fn reach(&self) -> Reach {
        let replies = self.preflights.iter().map(|preflight| &preflight.reply);
        let answers = replies.chain([&self.actual]).flatten();
        answers.map(|answer| answer.reach(&self.origin)).max().unwrap_or(Reach::Nothing)
    }
}

/// Whether a status says that one must sign in first.
pub(super) fn is_denial(status: StatusCode) -> bool {
    matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
}
