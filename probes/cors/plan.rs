//! What is to be asked of an endpoint, given what is known of it.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    time::SystemTime,
};

use http::{HeaderName, header};

use super::{
    Cors,
    answer::{Answer, Reach},
    evidence::{Allowed, Asked, Endpoint, Mirror, Missing, Preflight, Reply},
    origin::Origin,
    question::{self, Class, Question},
    settings::{Credentials, Place},
};
use crate::contract::{Obstructed, Target, setting::StatusSet};

/// One request.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(super) enum Ask {
    /// As no page at all.
    Control,
    /// The same without the configured credentials.
    Anonymous,
    /// As a page of this origin.
    Actual(String),
    /// The same, where there is nothing to read.
    Missing(String),
    /// For leave, as a browser asks it for a page of this origin.
    Preflight { origin: String, method: &'static str, headers: Vec<HeaderName>, signed_in: bool },
}

impl Ask {
    /// Whose page asks.
    fn origin(&self) -> Option<&str> {
        match self {
            Self::Control | Self::Anonymous => None,
            Self::Actual(origin) | Self::Missing(origin) | Self::Preflight { origin, .. } => {
                Some(origin)
            }
        }
    }
}

/// What an endpoint answered so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Known(HashMap<Ask, (SystemTime, Reply)>);

impl Known {
    pub(super) fn learn(&mut self, ask: Ask, at: SystemTime, reply: Reply) {
        self.0.insert(ask, (at, reply));
    }

    pub(super) fn forget(&mut self, unless: impl Fn(SystemTime) -> bool) {
        self.0.retain(|_, (at, reply)| reply.is_ok() && unless(*at));
    }

    /// Whether an answer grants an origin something else than the last one did: then the policy is
    /// another one.
    pub(super) fn contradicts(&self, ask: &Ask, answer: &Answer) -> bool {
        let Some(origin) = ask.origin() else { return false };
        self.answer(ask).is_some_and(|known| known.reach(origin) != answer.reach(origin))
    }

    /// Forgets what was not asked just now.
    pub(super) fn keep(&mut self, fresh: &HashSet<Ask>) {
        self.0.retain(|ask, _| fresh.contains(ask));
    }

    pub(super) fn asked_at(&self, ask: &Ask) -> Option<SystemTime> {
        self.0.get(ask).map(|(at, _)| *at)
    }

    fn reply(&self, ask: &Ask) -> Option<&Reply> {
        self.0.get(ask).map(|(_, reply)| reply)
    }

    fn answer(&self, ask: &Ask) -> Option<&Answer> {
        self.reply(ask)?.as_ref().ok()
    }
}

/// An endpoint, and all that could be asked of it.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) place: Place,
    /// What the place is asked in place of.
    pub(super) in_place_of: Option<Missing>,
    /// Whether another endpoint is asked everything first, and this one only as much as tells whether it
    /// answers alike.
    pub(super) brief: bool,
    accept: StatusSet,
    secure: bool,
    credentials: Credentials,
    allowed: Vec<String>,
    first: Vec<Question>,
    rest: Vec<Question>,
    /// Header fields that pages of the allowed origins need leave for.
    headers: Vec<HeaderName>,
}

impl Plan {
    pub(super) fn new(cors: &Cors, place: Place, own: &Origin) -> Self {
        let mut first = question::first(own, &cors.allowed_origins);
        let mut rest = question::rest(own, &cors.allowed_origins);
        for questions in [&mut first, &mut rest] {
            questions.retain(|one| !cors.allow_subdomains || one.class != Class::Subdomain);
        }
        Self {
            secure: own.is_https(),
            credentials: cors.credentials_kind(),
            allowed: cors.allowed_origins.iter().map(ToString::to_string).collect(),
            headers: cors.asked_headers(&place),
            first,
            rest,
            in_place_of: None,
            brief: false,
            accept: cors.accept.clone(),
            place,
        }
    }

    /// The most that may be asked of it.
    pub(super) fn most(&self) -> usize {
        let origins = self.first.len() + self.rest.len();
        let preflights: usize =
            self.allowed.iter().map(|origin| self.needed_preflights(origin).len()).sum();
        // Controls, what is made up, and second looks at what a cache or an error answered.
        2 * origins + self.allowed.len() + 3 * preflights + 12
    }

    /// What is to be asked, the most telling first. The more is known, the more may be wanted. `main` is
    /// what is known of the endpoint that is asked first.
    pub(super) fn wanted(&self, known: &Known, main: Option<&Known>) -> Vec<Ask> {
        let mut asks = vec![Ask::Control];
        if self.credentials != Credentials::Unknown {
            asks.push(Ask::Anonymous);
        }
        // Of a server in trouble nothing more is asked.
        let Some(control) = known.answer(&Ask::Control) else { return asks };
        if control.status.is_server_error() || control.status.as_u16() == 429 {
            return asks;
        }
        for origin in &self.allowed {
            asks.push(Ask::Actual(origin.clone()));
            asks.extend(self.needed_preflights(origin));
        }
        asks.extend(self.plain_preflights(known));
        if self.is_alike(known, main) {
            if let Some(stranger) = self.first.first() {
                asks.push(Ask::Actual(stranger.origin.clone()));
                asks.push(self.preflight(&stranger.origin));
            }
            return asks;
        }
        for question in &self.first {
            asks.push(Ask::Actual(question.origin.clone()));
            if matches!(question.class, Class::Any | Class::Null | Class::Prefix) {
                asks.push(self.preflight(&question.origin));
            }
        }
        asks.extend(self.at_missing(known).map(Ask::Missing));
        if let Some(origin) = self.granted(known) {
            asks.extend(Self::made_up(origin));
        }
        if self.credentials != Credentials::Unknown {
            asks.extend(self.denied_preflights(known));
        }
        let front_end = self.allowed.iter().map(|origin| Ask::Actual(origin.clone()));
        let seen = [Ask::Control]
            .into_iter()
            .chain(front_end)
            .any(|ask| known.answer(&ask).is_some_and(|one| self.accept.contains(one.status)));
        if seen && self.looks_at_origins(known) {
            asks.extend(self.rest.iter().map(|question| Ask::Actual(question.origin.clone())));
            if self.preflights_grant_more(known) {
                asks.extend(self.rest.iter().map(|question| self.preflight(&question.origin)));
            }
        }
        asks
    }

    /// Whether nothing is known that tells its policy from that of the endpoint that is asked first.
    fn is_alike(&self, known: &Known, main: Option<&Known>) -> bool {
        let Some(main) = main.filter(|_| self.brief) else { return false };
        let strangers = self.first.first().map(|question| question.origin.clone());
        let origins = self.allowed.iter().cloned().chain(strangers);
        origins.into_iter().all(|origin| {
            let preflight = self.preflight(&origin);
            [Ask::Actual(origin.clone()), preflight].iter().all(|ask| {
                let reach = |known: &Known| known.answer(ask).map(|one| one.reach(&origin));
                // What one of them was not asked tells nothing.
                reach(known).zip(reach(main)).is_none_or(|(this, that)| this == that)
            })
        })
    }

    /// A preflight for nothing that needs one, for each front end that was refused another: if it is
    /// answered, it is not for want of credentials that the other was not.
    fn plain_preflights(&self, known: &Known) -> Vec<Ask> {
        let refused = self.allowed.iter().filter(|origin| {
            let mut needed = self.needed_preflights(origin).into_iter();
            needed.any(|ask| known.answer(&ask).is_some_and(|answer| answer.status.as_u16() == 403))
        });
        let plain = refused.map(|origin| Ask::Preflight {
            origin: origin.clone(),
            method: "GET",
            headers: Vec::new(),
            signed_in: false,
        });
        plain.collect()
    }

    /// What is asked on every visit before anything else: it holds the rest up, tells at once that the
    /// policy has changed, or was a fault that may have been mended.
    pub(super) fn asks_always(&self, ask: &Ask, known: &Known) -> bool {
        let Some(origin) = ask.origin() else { return true };
        let stranger = self.first.first().map(|question| &*question.origin);
        let granted =
            || known.answer(ask).is_some_and(|answer| answer.reach(origin) == Reach::Credentialed);
        Some(origin) == stranger || self.allowed.iter().any(|one| one == origin) || granted()
    }

    /// What was answered, and for what was not, why.
    pub(super) fn evidence(
        &self,
        known: &Known,
        main: Option<(String, &Known)>,
        missing: &Obstructed,
    ) -> Endpoint {
        let reply = |ask: &Ask| known.reply(ask).cloned().unwrap_or_else(|| Err(missing.clone()));
        let wanted = self.wanted(known, main.as_ref().map(|(_, known)| *known));
        let alike = main.filter(|(_, main)| self.is_alike(known, Some(main)));
        let plain = self.plain_preflights(known).into_iter();
        let plain = plain.filter_map(|ask| Some((ask.origin()?.to_owned(), reply(&ask))));
        let questions = self.first.iter().chain(&self.rest);
        let asked = questions.filter_map(|question| {
            let actual = Ask::Actual(question.origin.clone());
            let preflight = self.preflight(&question.origin);
            let missing = Ask::Missing(question.origin.clone());
            wanted.contains(&actual).then(|| Asked {
                question: question.clone(),
                actual: reply(&actual),
                preflight: wanted.contains(&preflight).then(|| reply(&preflight)),
                at_missing: wanted.contains(&missing).then(|| reply(&missing)),
            })
        });
        let allowed = self.allowed.iter().map(|origin| Allowed {
            origin: origin.clone(),
            actual: reply(&Ask::Actual(origin.clone())),
            preflights: self.allowed_preflights(origin, known, &reply),
        });
        let granted = self.granted(known).filter(|_| alike.is_none());
        let mirror = granted.map(|origin| {
            let [method, header] = Self::made_up(origin);
            let origin = origin.to_owned();
            Mirror { origin, method: reply(&method), header: reply(&header) }
        });
        Endpoint {
            subject: self.place.path.to_string(),
            in_place_of: self.in_place_of.clone(),
            secure: self.secure,
            public: self.place.public,
            credentials: self.credentials,
            control: reply(&Ask::Control),
            anonymous: wanted.contains(&Ask::Anonymous).then(|| reply(&Ask::Anonymous)),
            asked: asked.collect(),
            allowed: allowed.collect(),
            mirror,
            mixed_up: None,
            accept: self.accept.clone(),
            alike: alike.map(|(subject, _)| subject),
            plain_preflights: plain.collect(),
        }
    }

    fn allowed_preflights(
        &self,
        origin: &str,
        known: &Known,
        reply: &dyn Fn(&Ask) -> Reply,
    ) -> Vec<Preflight> {
        let preflight = |ask: Ask| {
            let Ask::Preflight { method, headers, .. } = &ask else { return None };
            let signed_in = known.reply(&with_credentials(&ask)).cloned();
            Some(Preflight { method, headers: headers.clone(), reply: reply(&ask), signed_in })
        };
        self.needed_preflights(origin).into_iter().filter_map(preflight).collect()
    }

    /// The preflights that pages of the front end cause: one for each method that is not safelisted,
    /// or one if it is the headers alone that need leave.
    fn needed_preflights(&self, origin: &str) -> Vec<Ask> {
        let methods = self.place.methods.iter().filter(|method| !method.is_safelisted());
        let mut methods: Vec<&str> = methods.map(|method| method.as_str()).collect();
        if methods.is_empty() && !self.headers.is_empty() {
            methods.push(self.place.methods.first().map_or("GET", |method| method.as_str()));
        }
        methods.into_iter().map(|method| self.preflight_for(origin, method)).collect()
    }

    /// The preflight that is granted if any is: the front end's own, as if from this origin.
    fn preflight(&self, origin: &str) -> Ask {
        let method = self.place.methods.iter().find(|method| !method.is_safelisted());
        self.preflight_for(origin, method.map_or("GET", |method| method.as_str()))
    }

    fn preflight_for(&self, origin: &str, method: &'static str) -> Ask {
        let (origin, headers) = (origin.to_owned(), self.headers.clone());
        Ask::Preflight { origin, method, headers, signed_in: false }
    }

    /// Origins to ask as where there is nothing to read: those that a policy for every path grants, and
    /// one of each class that is granted at the endpoint.
    fn at_missing(&self, known: &Known) -> impl Iterator<Item = String> {
        let mut classes = Vec::new();
        let blanket = self.trusts_everybody(known);
        let questions = self.first.iter().chain(&self.rest).filter(|_| self.in_place_of.is_some());
        let telling = questions.filter(move |question| {
            let class = question.class;
            let always = matches!(class, Class::Any | Class::Null);
            let granted = || !blanket && self.reach(&question.origin, known) == Reach::Credentialed;
            let is_first = (always || granted()) && !classes.contains(&class);
            if is_first {
                classes.push(class);
            }
            is_first
        });
        telling.map(|question| question.origin.clone())
    }

    fn made_up(origin: &str) -> [Ask; 2] {
        let ask = |method, headers: &[&'static str]| Ask::Preflight {
            origin: origin.to_owned(),
            method,
            headers: headers.iter().copied().map(HeaderName::from_static).collect(),
            signed_in: false,
        };
        [ask(MADE_UP_METHOD, &[]), ask("GET", &[MADE_UP_HEADER])]
    }

    /// Preflights that were refused as if for want of credentials, once more with them.
    fn denied_preflights(&self, known: &Known) -> Vec<Ask> {
        let needed = self.allowed.iter().flat_map(|origin| self.needed_preflights(origin));
        let denied = needed.filter(|ask| {
            let status = known.answer(ask).map_or(0, |answer| answer.status.as_u16());
            matches!(status, 300..=399 | 401 | 403 | 407)
        });
        denied.map(|ask| with_credentials(&ask)).collect()
    }

    /// An origin that is granted something: the front end's if possible.
    fn granted<'a>(&'a self, known: &Known) -> Option<&'a str> {
        let questions = self.first.iter().map(|question| &question.origin);
        let mut origins = self.allowed.iter().chain(questions).map(String::as_str);
        origins.find(|origin| self.reach(origin, known) > Reach::Nothing)
    }

    fn reach(&self, origin: &str, known: &Known) -> Reach {
        let reach = |ask| known.answer(ask).map_or(Reach::Nothing, |answer| answer.reach(origin));
        reach(&Ask::Actual(origin.to_owned())).max(reach(&self.preflight(origin)))
    }

    /// Whether the answer depends on who asks, or must; a server that trusts everybody is known well
    /// enough.
    fn looks_at_origins(&self, known: &Known) -> bool {
        if self.trusts_everybody(known) {
            return false;
        }
        !self.allowed.is_empty()
            || differ(known, |ask| !matches!(ask, Ask::Preflight { .. } | Ask::Missing(_)))
            || differ(known, |ask| matches!(ask, Ask::Preflight { .. }))
    }

    fn trusts_everybody(&self, known: &Known) -> bool {
        let everybody = self.first.iter().find(|question| question.class == Class::Any);
        everybody.is_some_and(|one| self.reach(&one.origin, known) == Reach::Credentialed)
    }

    /// Whether preflights have a policy of their own, and a laxer one.
    fn preflights_grant_more(&self, known: &Known) -> bool {
        let origins = self.first.iter().map(|question| &question.origin).chain(&self.allowed);
        origins.into_iter().any(|origin| {
            let reach = |ask| known.answer(ask).map(|answer| answer.reach(origin));
            let (actual, preflight) =
                (reach(&Ask::Actual(origin.clone())), reach(&self.preflight(origin)));
            actual.is_some() && preflight > actual
        })
    }
}

/// The most that a visit may ask by these settings.
pub(super) fn most(cors: &Cors, target: &Target) -> usize {
    let places = cors.places(target).into_iter();
    let of = |place: Place| {
        let own = Origin::of_url(&place.path.on(target));
        Plan::new(cors, place, &own).most()
    };
    places.map(of).sum::<usize>() + SOCKETS * cors.websockets.len()
}

/// Handshakes with each WebSocket endpoint.
pub(super) const SOCKETS: usize = 3;

/// Whether the allowed origin differs between the answers to these requests.
fn differ(known: &Known, these: impl Fn(&Ask) -> bool) -> bool {
    let answers = known.0.keys().filter(|ask| these(ask)).filter_map(|ask| known.answer(ask));
    let values: BTreeSet<_> =
        answers.map(|answer| answer.value(&header::ACCESS_CONTROL_ALLOW_ORIGIN)).collect();
    values.len() > 1
}

fn with_credentials(ask: &Ask) -> Ask {
    match ask.clone() {
        Ask::Preflight { origin, method, headers, .. } => {
            Ask::Preflight { origin, method, headers, signed_in: true }
        }
        ask => ask,
    }
}

/// A method that no server has.
pub(super) const MADE_UP_METHOD: &str = "GONOGO";

/// A header field that no server knows.
pub(super) const MADE_UP_HEADER: &str = "x-gonogo-probe";
