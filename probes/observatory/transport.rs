//! The Observatory's tests of HSTS, redirection and CORS.

use http::HeaderMap;

use crate::{
    observatory::{
        Reply, Seen, cut,
        result::{
            CORS_NONE, CORS_PUBLIC, CORS_RESTRICTED, CORS_UNIVERSAL, HSTS_INVALID, HSTS_LESS,
            HSTS_MISSING, HSTS_NO_HTTPS, HSTS_PRELOADED, HSTS_SIX_MONTHS, REDIRECTION_MISSING,
            REDIRECTION_NO_HTTP, REDIRECTION_NOT_FIRST, REDIRECTION_NOT_HTTPS,
            REDIRECTION_OFF_HOST, REDIRECTION_PRELOADED, REDIRECTION_TO_HTTPS, Verdict,
        },
    },
    web::fields,
};

pub(super) fn hsts(seen: &Seen<'_>, reply: &Reply<'_>) -> Verdict {
    if !reply.secure {
        return HSTS_NO_HTTPS;
    }
    if seen.preloaded {
        return HSTS_PRELOADED;
    }
    let Some(value) = fields::joined(reply.headers, "strict-transport-security") else {
        return HSTS_MISSING;
    };
    let value = cut(&value, 1024).to_ascii_lowercase();
    if value.contains(',') {
        return HSTS_INVALID;
    }
    let mut ages = value.split(';').filter_map(|one| one.trim().strip_prefix("max-age="));
    match ages.next_back() {
        None => HSTS_INVALID,
        Some(age) if leading_number(age).is_some_and(|age| age < SIX_MONTHS) => HSTS_LESS,
        // What is no number is less than nothing, and so passes.
        Some(_) => HSTS_SIX_MONTHS,
    }
}

/// Whether the test counts as passed, which the test of cookies asks.
pub(super) fn is_hsts_pass(hsts: Verdict) -> bool {
    [HSTS_SIX_MONTHS, HSTS_PRELOADED].contains(&hsts)
}

/// The number a text begins with, as `parseInt` reads it; `None` for NaN.
fn leading_number(text: &str) -> Option<f64> {
    let text = cut(text, 120);
    let text = text.trim_start();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    let number: f64 = digits[..end].parse().ok()?;
    Some(sign * number)
}

pub(super) fn redirection(seen: &Seen<'_>) -> Verdict {
    let Some(route) = &seen.route else { return REDIRECTION_NO_HTTP };
    let (Some(first), Some(last)) = (route.first(), route.last()) else {
        return REDIRECTION_NO_HTTP;
    };
    let host = |url: &url::Url| url.host_str().map(str::to_ascii_lowercase);
    let own = Some(seen.host.to_ascii_lowercase());
    if seen.preloaded && route.iter().all(|url| host(url) == own) {
        return REDIRECTION_PRELOADED;
    }
    let Some(second) = route.get(1) else { return REDIRECTION_MISSING };
    if last.scheme() != "https" {
        REDIRECTION_NOT_HTTPS
    } else if second.scheme() == "http" {
        REDIRECTION_NOT_FIRST
    } else if host(first) != host(second) {
        REDIRECTION_OFF_HOST
    } else {
        REDIRECTION_TO_HTTPS
    }
}

pub(super) fn cors(seen: &Seen<'_>) -> Verdict {
    let Some(headers) = seen.preflight else { return CORS_NONE };
    let field = |name| first(headers, name);
    let Some(allowed) = field("access-control-allow-origin") else { return CORS_NONE };
    let credentials = field("access-control-allow-credentials");
    if cut(&allowed, 256).trim() == "*" {
        CORS_PUBLIC
    } else if allowed == seen.origin
        && credentials.is_some_and(|value| value.trim().eq_ignore_ascii_case("true"))
    {
        CORS_UNIVERSAL
    } else {
        CORS_RESTRICTED
    }
}

fn first(headers: &HeaderMap, name: &str) -> Option<String> {
    fields::joined(headers, name).filter(|value| !value.is_empty())
}

const SIX_MONTHS: f64 = 15_552_000.0;

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_far_as_they_go() {
        assert_eq!(leading_number("31536000abc"), Some(31_536_000.0));
        assert_eq!(leading_number(" +5"), Some(5.0));
        assert_eq!(leading_number("-5"), Some(-5.0));
        assert_eq!(leading_number("\"5\""), None);
        assert_eq!(leading_number(""), None);
    }
}
