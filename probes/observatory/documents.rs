//! The Observatory's tests of single fields.

use crate::{
    observatory::{
        Reply, cut,
        result::{
            COEP_CREDENTIALLESS, COEP_INVALID, COEP_MISSING, COEP_REQUIRE_CORP, COEP_UNSAFE_NONE,
            COOP_INVALID, COOP_MISSING, COOP_NOOPENER, COOP_POPUPS, COOP_SAME_ORIGIN,
            COOP_UNSAFE_NONE, CORP_CROSS_ORIGIN, CORP_INVALID, CORP_MISSING, CORP_SAME_ORIGIN,
            CORP_SAME_SITE, FRAMES_BY_CSP, FRAMES_FROM, FRAMES_INVALID, FRAMES_MISSING, FRAMES_OFF,
            REFERRER_INVALID, REFERRER_MISSING, REFERRER_PRIVATE, REFERRER_UNSAFE,
            SNIFFING_INVALID, SNIFFING_MISSING, SNIFFING_OFF, Verdict,
        },
    },
    web::fields::{
        self,
        referrer::{BAD, GOOD},
    },
};

/// The last known value counts, that of the page's last meta element after all of the header.
pub(super) fn referrer_policy(reply: &Reply<'_>) -> Verdict {
    let header = fields::joined(reply.headers, "referrer-policy");
    let mut metas = reply.page.iter().flat_map(|page| page.referrer.iter());
    let meta = metas.rfind(|content| !content.is_empty()).cloned();
    let said: Vec<String> = header.into_iter().chain(meta).collect();
    if said.is_empty() {
        return REFERRER_MISSING;
    }
    let words = fields::words(&said.join(", "));
    let known = |word: &&String| GOOD.contains(&word.as_str()) || BAD.contains(&word.as_str());
    match words.iter().rfind(known) {
        Some(word) if GOOD.contains(&word.as_str()) => REFERRER_PRIVATE,
        Some(_) => REFERRER_UNSAFE,
        None => REFERRER_INVALID,
    }
}

pub(super) fn content_type_options(reply: &Reply<'_>) -> Verdict {
    match reply.field("x-content-type-options") {
        None => SNIFFING_MISSING,
        Some(value) if cut(&value, 256).trim().eq_ignore_ascii_case("nosniff") => SNIFFING_OFF,
        Some(_) => SNIFFING_INVALID,
    }
}

/// Any `frame-ancestors` at all outweighs the field.
pub(super) fn frame_options(reply: &Reply<'_>, frame_ancestors: bool) -> Verdict {
    if frame_ancestors {
        return FRAMES_BY_CSP;
    }
    let Some(value) = reply.field("x-frame-options") else { return FRAMES_MISSING };
    match cut(&value, 1024).trim().to_ascii_lowercase().as_str() {
        "deny" | "sameorigin" => FRAMES_OFF,
        value if value.starts_with("allow-from") => FRAMES_FROM,
        _ => FRAMES_INVALID,
    }
}

pub(super) fn resource_policy(reply: &Reply<'_>) -> Verdict {
    let name = "cross-origin-resource-policy";
    let Some(value) = reply.field(name) else { return CORP_MISSING };
    match cut(&value, 256).trim().to_ascii_lowercase().as_str() {
        "same-origin" => CORP_SAME_ORIGIN,
        "same-site" => CORP_SAME_SITE,
        "cross-origin" => CORP_CROSS_ORIGIN,
        "" => CORP_MISSING,
        _ => CORP_INVALID,
    }
}

pub(super) fn embedder_policy(reply: &Reply<'_>) -> Verdict {
    let Some(value) = reply.field("cross-origin-embedder-policy") else { return COEP_MISSING };
    match fields::token(&cut(&value, 1024)).as_deref() {
        Some("require-corp") => COEP_REQUIRE_CORP,
        Some("credentialless") => COEP_CREDENTIALLESS,
        Some("unsafe-none") => COEP_UNSAFE_NONE,
        _ => COEP_INVALID,
    }
}

pub(super) fn opener_policy(reply: &Reply<'_>) -> Verdict {
    let Some(value) = reply.field("cross-origin-opener-policy") else { return COOP_MISSING };
    match fields::token(&cut(&value, 1024)).as_deref() {
        Some("same-origin") => COOP_SAME_ORIGIN,
        Some("same-origin-allow-popups") => COOP_POPUPS,
        Some("noopener-allow-popups") => COOP_NOOPENER,
        Some("unsafe-none") => COOP_UNSAFE_NONE,
        _ => COOP_INVALID,
    }
}
