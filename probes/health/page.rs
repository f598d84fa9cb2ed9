//! Telling pages: a login, a challenge, an application.

use super::{
    recognise::{Asked, LOGIN_WORDS, Reply},
    statement::Format,
};

/// What a page is, if it is no health endpoint's. Where the settings name the place, only a login and a
/// challenge are none, whoever they answer.
pub(super) fn other(reply: &Reply<'_>, asked: Asked) -> Option<&'static str> {
    if reply.statement.format != Format::Html {
        return None;
    }
    let page = reply.body.to_ascii_lowercase();
    if is_challenge(&page) {
        return Some("a challenge that keeps programs away, not a health endpoint");
    }
    if is_login(&page) {
        return Some("a login, not a health endpoint");
    }
    // Rails' `/up` and HAProxy's monitor answer with a page too, but a bare one.
    let for_people = page.len() > LARGEST_BARE_PAGE
        || ["<script", "<form", "<input", "<a "].iter().any(|tag| page.contains(tag));
    (asked == Asked::Guessed && for_people && reply.statement.overall.is_none())
        .then_some("a page for people, not a health endpoint")
}

fn is_challenge(page: &str) -> bool {
    CHALLENGES.iter().any(|sign| page.contains(sign))
}

fn is_login(page: &str) -> bool {
    let quotes = ["type=\"password\"", "type='password'", "type=password"];
    if quotes.iter().any(|password| page.contains(password)) {
        return true;
    }
    let forms = page.match_indices("<form").map(|(at, _)| &page[at..]);
    let mut tags = forms.map(|rest| &rest[..rest.find('>').unwrap_or(rest.len())]);
    tags.any(|tag| LOGIN_WORDS.iter().any(|word| tag.contains(word)))
}

/// What pages have in them that want to see a browser first: Cloudflare, AWS WAF, Imperva, DataDome,
/// HUMAN, Akamai, Anubis, DDoS-Guard, Sucuri, Vercel.
const CHALLENGES: &[&str] = &[
    "<title>just a moment...",
    "/cdn-cgi/challenge-platform",
    "cf-chl-",
    "cf_chl_opt",
    "<title>attention required! | cloudflare",
    "awswafintegration",
    "challenge.compact.js",
    "_incapsula_resource",
    "captcha-delivery.com",
    "px-captcha",
    "sec-if-cpt-container",
    "making sure you&#39;re not a bot",
    "making sure you're not a bot",
    "ddos-guard",
    "sucuri_cloudproxy",
    "<title>vercel security checkpoint",
    "checking your browser before",
    "g-recaptcha",
    "h-captcha",
    "cf-turnstile",
];

const LARGEST_BARE_PAGE: usize = 8 << 10;
