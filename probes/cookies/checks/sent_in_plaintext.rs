//! A session that was handed over without TLS belongs to everybody who listened.

use crate::{
    contract::{Check, Confidence, Dimension, Impact, Item, Rule, Settles},
    cookies::{Cookies, Evidence, evidence::Set, session::Session},
    web::knock::Door,
};

pub(super) const RULE: Rule<Cookies> = Rule::<Cookies>::new(
    Check {
        id: "cookies-sent-in-plaintext",
        fault: "a session cookie is set without TLS",
        impact: Impact::Blocker,
        dimension: Dimension::Security,
        settles: Settles::AtOnce,
        why: "Whoever is on the way reads the session and is the user, or sets one of their own before \
              the user logs in. `Secure` on it changes nothing: it has been seen.",
        how: "One GET by plain HTTP, without credentials, to the host's port 80, and every `Set-Cookie` of \
              its answers; where the target's own URL is http, those of its pages. Expected: no cookie \
              that stands for a user. A port that is closed sets none.",
        fix: "Let the redirect to https be answered before the application and its sessions come in: by \
              the web server or balancer, not by a framework's middleware behind the session's.",
        sources: &["OWASP ASVS 5.0 3.3.1 and 12.2.1", "RFC 6265bis section 8.3"],
    },
    |cookies, seen| {
        if seen.secure { beside(cookies, seen) } else { seen.judge(|set| item(cookies, set)) }
    },
);

fn beside(cookies: &Cookies, seen: &Evidence) -> Vec<Item> {
    let plain = &seen.plain;
    let subject = &plain.subject;
    match &plain.door {
        Door::Closed(words) => vec![Item::pass(subject, words)],
        Door::Absent(reason) => vec![Item::skip(subject, *reason)],
        Door::Obstructed(obstructed) => vec![Item::unknown(subject, obstructed)],
        Door::Answered { .. } => {
            let set = plain.cookies.iter().filter(|set| !set.cookie.is_deletion(seen.at));
            let items: Vec<Item> = set.map(|set| item(cookies, set)).collect();
            if items.is_empty() { vec![Item::pass(subject, "sets no cookies")] } else { items }
        }
    }
}

fn item(cookies: &Cookies, set: &Set) -> Item {
    let subject = set.subject();
    let item = match cookies.session(&set.cookie) {
        Session::Yes(sure) => Item::fail(sure, subject, set.cookie.in_words()),
        // It stands for no user by itself, but whoever knows it can forge requests.
        Session::Guard => Item::fail(Confidence::Tentative, subject, set.cookie.in_words()),
        Session::No => Item::pass(subject, "does not seem to stand for a user"),
    };
    item.replay(&set.replay)
}
