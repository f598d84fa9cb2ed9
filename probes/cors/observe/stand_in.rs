//! Finding something to read where nobody named what pages call and the target's own URL has nothing.

use http::StatusCode;
use url::Url;

use super::{Tour, ask::Caller};
use crate::{
    contract::setting::Link,
    cors::{
        answer::Answer,
        evidence::{Missing, Reply},
        plan::{Ask, Known},
    },
    web::{browse::path, stand_in},
};

impl Tour {
    /// Asks the target's own URL, goes where it leads to, and if there is nothing looks at the places
    /// where others have something. What was found is what the rest of the visit asks.
    pub(super) async fn find_something(&mut self, caller: &mut Caller<'_>) {
        let own = self.url.clone();
        let first = caller.ask(self, &Ask::Control).await;
        let mut last = first.clone();
        for _ in 0..MOST_REDIRECTS {
            let Some(to) = last.as_ref().ok().and_then(|answer| answer.leads_to.clone()) else {
                break;
            };
            self.go(to);
            last = caller.ask(self, &Ask::Control).await;
        }
        match &last {
            Ok(answer) if is_elsewhere_or_nothing(answer) => {
                if let Some(found) = self.look_around(caller, &own).await {
                    let status = answer.status;
                    self.plan.in_place_of = Some(Missing { subject: path(&own), status });
                    self.missing = Some(own);
                    last = Ok(found);
                } else {
                    self.go(own);
                    last = first;
                }
            }
            Ok(answer) if !answer.status.is_redirection() => {}
            // Redirects that do not end, and what could not be asked, are told of where they begin.
            _ => {
                self.go(own);
                last = first;
            }
        }
        self.settle_here(caller, last);
    }

    /// The first place with something, and its answer; a long one only if there is no other, since it is
    /// asked for dozens of times. Where an earlier visit found it comes first.
    async fn look_around(&mut self, caller: &mut Caller<'_>, own: &Url) -> Option<Answer> {
        let earlier = self.earlier.clone().filter(|earlier| earlier != own);
        let places = stand_in::places(own).filter(|place| Some(place) != earlier.as_ref());
        let places: Vec<Url> = earlier.iter().cloned().chain(places).collect();
        let mut long = None;
        for place in places {
            if caller.in_the_way.is_some() {
                break;
            }
            self.go(place.clone());
            match caller.ask(self, &Ask::Control).await {
                Ok(answer) if !answer.status.is_success() => {}
                Ok(answer) if answer.size <= SHORT => return Some(answer),
                Ok(answer) => long = long.or(Some((place, answer))),
                Err(_) => {}
            }
        }
        let (place, answer) = long?;
        self.go(place);
        Some(answer)
    }

    /// Takes the URL that was come to for the endpoint. What was known of another is of no use.
    fn settle_here(&mut self, caller: &Caller<'_>, control: Reply) {
        // What a redirect adds to the query may be new each time.
        let is_known = |earlier: &Url| earlier.path() == self.url.path();
        if !self.earlier.as_ref().is_some_and(is_known) {
            self.known = Known::default();
        }
        let own = &caller.visit.target.url;
        if let Some(link) = self.url.path().parse::<Link>().ok().filter(|_| self.url != *own) {
            self.plan.place.path = link;
        }
        self.fresh.insert(Ask::Control);
        self.known.learn(Ask::Control, caller.visit.at, control);
    }

    fn go(&mut self, url: Url) {
        self.url = url;
        (self.cached, self.mixed_up) = (false, None);
    }
}

/// Whether there is nothing to read of this origin.
fn is_elsewhere_or_nothing(answer: &Answer) -> bool {
    let elsewhere = answer.status.is_redirection() && answer.leads_to.is_none();
    (elsewhere && answer.status != StatusCode::NOT_MODIFIED) || stand_in::is_nothing(answer.status)
}

/// Bytes of a body that may well be sent for each question.
const SHORT: usize = 32 << 10;

/// More than a sign-in needs.
const MOST_REDIRECTS: usize = 4;
