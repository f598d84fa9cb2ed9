//! Telling a health endpoint from whatever else answers at its place: a catch-all page, a login, a
//! path that does not exist. Pure; the requests are made by `observe`.

use std::hash::{DefaultHasher, Hash, Hasher};

use http::StatusCode;

use super::{
    page,
    statement::{Format, State, Statement},
};
use crate::contract::setting::StatusSet;

/// An answer, as far as it matters here.
#[derive(Clone, Debug)]
pub(super) struct Reply<'a> {
    /// The status.
    pub(super) status: StatusCode,
    /// Where it redirects to.
    pub(super) location: Option<&'a str>,
    /// The body.
    pub(super) body: &'a str,
    /// What the body states.
    pub(super) statement: &'a Statement,
    /// Whether the system's documentation gives the status a meaning of its own.
    pub(super) documented: bool,
}

/// What is left of the answer to a path that does not exist: enough to know it again, and small,
/// because it is remembered between visits.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Fingerprint {
    /// The status.
    pub(super) status: StatusCode,
    page: bool,
    body: u64,
    statement: Option<u64>,
}

/// How a place came to be asked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Asked {
    /// The settings name it.
    Named,
    /// The settings name it, on a host or port of its own.
    NamedElsewhere,
    /// It is one of the usual places.
    Guessed,
}

/// What stands at a place.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Recognised {
    /// A health endpoint. Whether a path that does not exist answers otherwise.
    Health {
        /// Whether it was seen to.
        distinct: bool,
    },
    /// Something else, in a few words.
    Other(String),
    /// It wants a credential.
    Denied,
    /// It wants fewer requests.
    Throttled,
    /// A server error, as everywhere: nothing can be told.
    Failing,
    /// It could only be told by a path that does not exist, and that could not be asked.
    Untold,
}

impl Fingerprint {
    /// The fingerprint of an answer.
    pub(super) fn of(reply: &Reply<'_>) -> Self {
        let statement = reply.statement;
        let speaks = statement.overall.is_some() || statement.unclear.is_some();
        let stated = speaks.then(|| {
            let mut names: Vec<&str> =
                statement.components.iter().map(|c| c.name.as_str()).collect();
            names.sort_unstable();
            hash(&(statement.state().map(|state| state as u8), &statement.unclear, names))
        });
        // Times and counters differ from one answer to the next.
        let body: String = reply.body.chars().filter(|c| !c.is_ascii_digit()).collect();
        Self {
            status: reply.status,
            page: statement.format == Format::Html,
            body: hash(&body),
            statement: stated,
        }
    }

    /// Whether the two answers are one and the same: the same status, with the same page, statement or
    /// text. Two pages are the same page, since a single-page application weaves nonces into it.
    fn is_same(&self, other: &Self) -> bool {
        let stated = self.statement.is_some() && self.statement == other.statement;
        // A page that states something is not one that states nothing.
        let pages = self.page && other.page && self.statement == other.statement;
        self.status == other.status && (stated || pages || self.body == other.body)
    }
}

/// Decides what stands at a place, from its answer and that of a path beside it that does not exist.
pub(super) fn recognise(
    reply: &Reply<'_>,
    control: Option<&Fingerprint>,
    accept: &StatusSet,
    asked: Asked,
) -> Recognised {
    let status = reply.status;
    if !accept.contains(status)
        && let Some(other) = refusal(reply)
    {
        return other;
    }
    let own = Fingerprint::of(reply);
    let stated = states(reply.statement);
    let distinct = control.is_some_and(|control| !own.is_same(control));
    if status.is_server_error() {
        return broken(control, distinct, asked);
    }
    if let Some(page) = page::other(reply, asked) {
        return Recognised::Other(page.to_owned());
    }
    match control {
        // A health server of its own may answer every path alike, and often does.
        Some(_) if !distinct && asked == Asked::NamedElsewhere && stated => {
            Recognised::Health { distinct: false }
        }
        Some(_) if !distinct => Recognised::Other(format!(
            "a catch-all: a path that does not exist is answered the same, with {}",
            status.as_u16()
        )),
        None if !stated || is_absence(status) => Recognised::Untold,
        _ if asked == Asked::Guessed && !is_telling(reply) => {
            Recognised::Other("an answer that says nothing of health".to_owned())
        }
        _ => Recognised::Health { distinct },
    }
}

/// Whether a body says something of its state itself, in words that are known or not.
fn states(statement: &Statement) -> bool {
    statement.overall.is_some_and(|overall| overall.stated) || statement.unclear.is_some()
}

/// Answers that are no health endpoint's, whatever a path that does not exist answers.
fn refusal(reply: &Reply<'_>) -> Option<Recognised> {
    let status = reply.status;
    let code = status.as_u16();
    let stated = states(reply.statement);
    if status.is_redirection() {
        let location = reply.location.unwrap_or("nowhere");
        let login = LOGIN_WORDS.iter().any(|word| location.to_ascii_lowercase().contains(word));
        let what = if login { ", which is a login" } else { "" };
        return Some(Recognised::Other(format!("a redirect ({code}) to {location}{what}")));
    }
    if reply.documented {
        return None;
    }
    match code {
        401 | 403 | 407 => Some(Recognised::Denied),
        429 if !stated => Some(Recognised::Throttled),
        // Frameworks repeat these statuses in JSON, which must not pass for a statement of health;
        // that something starts, ends or is being maintained is none of theirs.
        _ if is_absence(status) && !says_what_no_framework_says(reply.statement) => {
            Some(Recognised::Other(format!("answered {code}")))
        }
        _ if status.is_client_error() && !stated => {
            Some(Recognised::Other(format!("answered {code}")))
        }
        _ => None,
    }
}

/// Statuses by which servers say that nothing is there, or not for this request.
fn is_absence(status: StatusCode) -> bool {
    matches!(status.as_u16(), 400 | 404 | 405 | 406 | 410 | 414 | 415 | 421)
}

fn says_what_no_framework_says(statement: &Statement) -> bool {
    let state = statement.overall.filter(|overall| overall.stated).map(|overall| overall.state);
    matches!(state, Some(State::Maintenance | State::Ending | State::Starting | State::Standby))
}

/// A server error: at a place the settings name, the endpoint says no, or cannot even say that. At a
/// place that was guessed, it is an endpoint only if other places answer otherwise.
fn broken(control: Option<&Fingerprint>, distinct: bool, asked: Asked) -> Recognised {
    let everywhere = control.is_some_and(|control| control.status.is_server_error());
    if asked != Asked::Guessed {
        return Recognised::Health { distinct: distinct && !everywhere };
    }
    if control.is_none() {
        return Recognised::Untold;
    }
    if everywhere {
        return Recognised::Failing;
    }
    Recognised::Health { distinct }
}

/// Whether an answer at a guessed place speaks of health: it states something, or is as bare as only
/// health endpoints are.
fn is_telling(reply: &Reply<'_>) -> bool {
    let statement = reply.statement;
    statement.overall.is_some()
        || statement.unclear.is_some()
        || matches!(statement.format, Format::Empty | Format::Html | Format::Spring)
}

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

pub(super) const LOGIN_WORDS: &[&str] = &[
    "login",
    "signin",
    "sign_in",
    "sign-in",
    "logon",
    "oauth",
    "authorize",
    "sso",
    "saml",
    "/auth",
];

#[cfg(test)]
mod tests {
    use super::*;

    struct Sent(u16, &'static str, &'static str);

    fn told(sent: &Sent, control: Option<&Sent>, asked: Asked) -> Recognised {
        told_accepting(sent, control, asked, &StatusSet::success())
    }

    fn told_accepting(
        sent: &Sent,
        control: Option<&Sent>,
        asked: Asked,
        accept: &StatusSet,
    ) -> Recognised {
        let statement = Statement::of(Some(sent.1), sent.2);
        let control_statement = control.map(|c| Statement::of(Some(c.1), c.2));
        let control = control.zip(control_statement.as_ref());
        let control = control.map(|(c, s)| Fingerprint::of(&reply(c, s)));
        recognise(&reply(sent, &statement), control.as_ref(), accept, asked)
    }

    fn reply<'a>(sent: &Sent, statement: &'a Statement) -> Reply<'a> {
        let status = StatusCode::from_u16(sent.0).expect("a status");
        let location = status.is_redirection().then_some(sent.1);
        let documented = super::super::documented::of(status, sent.2).is_some();
        Reply { status, location, body: sent.2, statement, documented }
    }

    const OK: Sent = Sent(200, "application/json", r#"{"status":"ok"}"#);
    const NONE: Sent = Sent(404, "text/plain", "404 page not found");
    const SPA: Sent =
        Sent(200, "text/html", "<!doctype html><div id=app></div><script src=/a.js></script>");
    const HEALTH: Recognised = Recognised::Health { distinct: true };

    fn is_other(recognised: &Recognised, word: &str) -> bool {
        matches!(recognised, Recognised::Other(seen) if seen.contains(word))
    }

    #[test]
    fn a_statement_where_other_paths_do_not_exist_is_a_health_endpoint() {
        for asked in [Asked::Named, Asked::NamedElsewhere, Asked::Guessed] {
            assert_eq!(told(&OK, Some(&NONE), asked), HEALTH);
        }
        let stated = Recognised::Health { distinct: false };
        assert_eq!(told(&OK, None, Asked::Named), stated, "a statement needs no control");
    }

    #[test]
    fn a_catch_all_is_none_though_it_changes_its_numbers() {
        assert!(is_other(&told(&OK, Some(&OK), Asked::Named), "catch-all"));
        let now = Sent(200, "application/json", r#"{"status":"ok","at":17}"#);
        let then = Sent(200, "application/json", r#"{"status":"ok","at":18,"id":"x"}"#);
        assert!(is_other(&told(&now, Some(&then), Asked::Guessed), "catch-all"));
        let one = Sent(200, "text/plain", "hello 1");
        let two = Sent(200, "text/plain", "hello 2");
        assert!(is_other(&told(&one, Some(&two), Asked::Named), "catch-all"));
    }

    #[test]
    fn a_health_server_on_a_port_of_its_own_may_answer_every_path() {
        let health = Recognised::Health { distinct: false };
        assert_eq!(told(&OK, Some(&OK), Asked::NamedElsewhere), health);
        let page = Sent(200, "text/html", "<html>hello</html>");
        assert!(is_other(&told(&page, Some(&page), Asked::NamedElsewhere), "catch-all"));
    }

    #[test]
    fn an_application_at_a_guessed_place_is_a_page_for_people() {
        assert!(is_other(&told(&SPA, Some(&NONE), Asked::Guessed), "page for people"));
        assert_eq!(told(&SPA, Some(&NONE), Asked::Named), HEALTH, "the settings name it");
        assert!(is_other(&told(&SPA, Some(&SPA), Asked::Named), "catch-all"));
    }

    #[test]
    fn a_login_or_a_challenge_is_no_endpoint_even_where_the_settings_name_it() {
        let login = Sent(200, "text/html", "<html><form><input type=password></form></html>");
        let challenge = Sent(200, "text/html", "<title>Just a moment...</title><script></script>");
        for asked in [Asked::Named, Asked::NamedElsewhere, Asked::Guessed] {
            assert!(is_other(&told(&login, Some(&NONE), asked), "a login"), "{asked:?}");
            assert!(is_other(&told(&challenge, Some(&NONE), asked), "a challenge"), "{asked:?}");
        }
    }

    #[test]
    fn a_page_that_says_how_it_is_is_an_endpoint_with_scripts_and_all() {
        let laravel = Sent(
            200,
            "text/html",
            "<title>Laravel</title><script src=/t.js></script><h2>Application up</h2>",
        );
        assert_eq!(told(&laravel, Some(&NONE), Asked::Guessed), HEALTH);
        assert_eq!(told(&laravel, Some(&SPA), Asked::Guessed), HEALTH);
        assert!(is_other(&told(&laravel, Some(&laravel), Asked::Guessed), "catch-all"));
    }

    #[test]
    fn an_unknown_word_is_an_endpoint_wherever_it_stands() {
        for sent in [
            Sent(200, "application/json", r#"{"status":"wobbly"}"#),
            Sent(200, "text/plain", "WOBBLY"),
        ] {
            for asked in [Asked::Named, Asked::Guessed] {
                assert_eq!(told(&sent, Some(&NONE), asked), HEALTH, "{}", sent.2);
            }
        }
    }

    #[test]
    fn couchdb_says_by_404_that_it_is_being_maintained() {
        let down = Sent(404, "application/json", r#"{"status":"maintenance_mode"}"#);
        let none = Sent(404, "application/json", r#"{"error":"not_found","reason":"missing"}"#);
        for asked in [Asked::Named, Asked::Guessed] {
            assert_eq!(told(&down, Some(&none), asked), HEALTH);
        }
        let other = Sent(404, "application/json", r#"{"status":"starting"}"#);
        assert_eq!(told(&other, Some(&none), Asked::Named), HEALTH);
        for error in [r#"{"status":"error","message":"Not Found"}"#, r#"{"status":"fail"}"#] {
            let error = Sent(404, "application/json", error);
            assert!(is_other(&told(&error, Some(&none), Asked::Named), "answered 404"));
        }
    }

    #[test]
    fn a_bare_page_is_a_health_endpoint() {
        let rails = Sent(
            200,
            "text/html",
            r#"<!DOCTYPE html><html><body style="background-color: green"></body></html>"#,
        );
        assert_eq!(told(&rails, Some(&NONE), Asked::Guessed), HEALTH);
        let bare = Sent(200, "text/html", "<html><body>hello</body></html>");
        assert_eq!(told(&bare, None, Asked::Guessed), Recognised::Untold);
    }

    #[test]
    fn a_redirect_is_none_and_a_login_is_said_to_be_one() {
        let login = Sent(302, "/users/sign_in?next=%2Freadyz", "");
        assert!(is_other(&told(&login, Some(&NONE), Asked::Named), "which is a login"));
        let moved = Sent(301, "https://t.example/readyz", "");
        assert!(is_other(&told(&moved, Some(&NONE), Asked::Named), "to https://t.example/readyz"));
    }

    #[test]
    fn refusals_are_told_apart() {
        assert_eq!(told(&Sent(401, "", ""), None, Asked::Named), Recognised::Denied);
        assert_eq!(told(&Sent(403, "", ""), None, Asked::Guessed), Recognised::Denied);
        assert_eq!(
            told(&Sent(429, "text/plain", "slow down"), None, Asked::Named),
            Recognised::Throttled
        );
        assert!(is_other(&told(&NONE, Some(&NONE), Asked::Named), "answered 404"));
        let json = Sent(404, "application/json", r#"{"status":404,"error":"Not Found"}"#);
        assert!(is_other(&told(&json, None, Asked::Named), "answered 404"));
    }

    #[test]
    fn a_vault_standby_speaks_by_429_and_473() {
        let body = r#"{"initialized":true,"sealed":false,"standby":true}"#;
        for status in [429, 472, 473, 501] {
            let standby = Sent(status, "application/json", body);
            assert_eq!(told(&standby, Some(&NONE), Asked::Named), HEALTH, "{status}");
        }
    }

    #[test]
    fn a_server_error_at_a_named_place_is_an_answer() {
        let error =
            Sent(503, "text/html", "<html><h1>503 Service Temporarily Unavailable</h1></html>");
        assert_eq!(told(&error, Some(&NONE), Asked::Named), HEALTH);
        let everywhere = Recognised::Health { distinct: false };
        assert_eq!(told(&error, Some(&error), Asked::Named), everywhere);
        assert_eq!(told(&error, None, Asked::Named), everywhere);
    }

    #[test]
    fn a_server_error_at_a_guessed_place_needs_other_places_to_differ() {
        let down = Sent(503, "application/json", r#"{"status":"down"}"#);
        assert_eq!(told(&down, Some(&NONE), Asked::Guessed), HEALTH);
        let everywhere = Sent(502, "", "");
        assert_eq!(told(&down, Some(&everywhere), Asked::Guessed), Recognised::Failing);
        assert_eq!(told(&down, None, Asked::Guessed), Recognised::Untold);
    }

    #[test]
    fn prose_at_a_guessed_place_is_none() {
        let prose = Sent(200, "text/plain", "All about wellness and sport");
        assert!(is_other(&told(&prose, Some(&NONE), Asked::Guessed), "nothing of health"));
        assert_eq!(told(&prose, Some(&NONE), Asked::Named), HEALTH);
        assert_eq!(told(&prose, None, Asked::Named), Recognised::Untold);
    }

    #[test]
    fn a_status_the_settings_accept_is_an_answer() {
        let accept: StatusSet = serde_json::from_str(r#"["2xx", 302, 403]"#).expect("a set");
        let teapot = Sent(302, "/x", "ok");
        assert_eq!(told_accepting(&teapot, Some(&NONE), Asked::Named, &accept), HEALTH);
    }
}
