//! What the judgements share.

use std::collections::BTreeSet;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::{
    Headers,
    evidence::{Answer, Evidence, Role},
};
use crate::{
    contract::{Outcome, Rule},
    web::fields::{self, html::Page},
};

/// An answer of `https://shop.example/` with these lines in its header.
pub(super) fn answer(status: u16, lines: &[(&str, &str)], body: &str) -> Answer {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        let name = HeaderName::from_bytes(name.as_bytes()).expect("a name");
        headers.append(name, HeaderValue::from_str(value).expect("a value"));
    }
    let is_html = fields::media_type(&headers).is_some_and(|name| fields::is_html(&name));
    Answer {
        role: Role::Page,
        subject: "/".to_owned(),
        url: "https://shop.example/".parse().expect("a URL"),
        status: StatusCode::from_u16(status).expect("a status"),
        headers,
        body: body.as_bytes().to_vec(),
        page: is_html.then(|| Page::read(body)),
        authenticated: false,
        replay: "curl https://shop.example/".to_owned(),
    }
}

/// The same for a page in HTML.
pub(super) fn page(lines: &[(&str, &str)], body: &str) -> Answer {
    let html = ("content-type", "text/html; charset=utf-8");
    answer(200, &[&[html], lines].concat(), body)
}

/// Evidence of these answers.
pub(super) fn evidence(answers: Vec<Answer>) -> Evidence {
    Evidence {
        host: "shop.example".to_owned(),
        secure: true,
        audience: None,
        answers,
        unseen: Vec::new(),
        earlier_nonces: BTreeSet::new(),
        observatory: Err(String::new()),
    }
}

/// The outcomes of a rule's items.
pub(super) fn outcomes(rule: &Rule<Headers>, seen: &Evidence) -> Vec<Outcome> {
    rule.judge(&Headers::default(), seen).into_iter().map(|item| item.outcome).collect()
}
