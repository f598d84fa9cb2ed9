//! Evidence made up for the tests of judgements.

use crate::{
    contract::setting::StatusSet,
    cors::{
        answer::{Answer, answer},
        evidence::{Allowed, Asked, Endpoint, Evidence, Private},
        question::{Class, Question},
        settings::Credentials,
    },
};

pub(in crate::cors) const FRONT: &str = "https://shop.example";

/// An endpoint that answers 200, and answers so to these front ends.
pub(in crate::cors) fn endpoint(allowed: &[(&str, Answer)]) -> Endpoint {
    let allowed = allowed.iter().map(|(origin, answer)| Allowed {
        origin: (*origin).to_owned(),
        actual: Ok(answer.clone()),
        preflights: Vec::new(),
    });
    Endpoint {
        subject: "/api".to_owned(),
        in_place_of: None,
        secure: true,
        public: false,
        credentials: Credentials::Unknown,
        control: Ok(answer(200, &[])),
        anonymous: None,
        asked: Vec::new(),
        allowed: allowed.collect(),
        mirror: None,
        mixed_up: None,
        accept: StatusSet::success(),
        alike: None,
        plain_preflights: Vec::new(),
    }
}

/// An origin, and the answer that lets it read without credentials.
pub(in crate::cors) fn granted(origin: &str) -> (&str, Answer) {
    (origin, answer(200, &[("access-control-allow-origin", origin)]))
}

/// An origin that was asked as, and what came.
pub(in crate::cors) fn asked(class: Class, origin: &str, reply: Answer) -> Asked {
    let question = Question { origin: origin.to_owned(), class, usable: true };
    Asked { question, actual: Ok(reply), preflight: None, at_missing: None }
}

/// A visit that saw this endpoint.
pub(in crate::cors) fn evidence(endpoint: Endpoint) -> Evidence {
    Evidence { private: Private::No, endpoints: vec![endpoint], sockets: Vec::new(), requests: 1 }
}
