//! The Observatory's words for what it found, and what each is worth.

/// What one test comes to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct TestResult {
    /// The test.
    pub(crate) test: &'static str,
    /// What it found.
    pub(crate) result: Verdict,
}

/// A finding of the Observatory's.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Verdict {
    /// Its word for it.
    pub(crate) name: &'static str,
    /// What it adds to the score.
    pub(crate) modifier: i32,
}

impl TestResult {
    pub(crate) const fn new(test: &'static str, result: Verdict) -> Self {
        Self { test, result }
    }
}

/// The worse of two findings, by their place in `order`; one that is not in it comes before all.
pub(crate) fn worse(order: &[Verdict], new: Verdict, old: Option<Verdict>) -> Verdict {
    let place = |one: Verdict| order.iter().position(|other| *other == one);
    match old {
        Some(old) if place(new) <= place(old) => old,
        _ => new,
    }
}

/// Names each finding once, with its worth.
macro_rules! verdicts {
    ($($name:ident = $text:literal, $modifier:literal;)*) => {
        $(pub(crate) const $name: Verdict = Verdict { name: $text, modifier: $modifier };)*
    };
}

verdicts! {
    CSP_DEFAULT_NONE = "csp-implemented-with-no-unsafe-default-src-none", 10;
    CSP_NO_UNSAFE = "csp-implemented-with-no-unsafe", 5;
    CSP_UNSAFE_STYLE = "csp-implemented-with-unsafe-inline-in-style-src-only", 0;
    CSP_DUPLICATE = "csp-implemented-but-duplicate-directives", 0;
    CSP_INSECURE_PASSIVE = "csp-implemented-with-insecure-scheme-in-passive-content-only", -10;
    CSP_UNSAFE_EVAL = "csp-implemented-with-unsafe-eval", -10;
    CSP_UNSAFE_INLINE = "csp-implemented-with-unsafe-inline", -20;
    CSP_INSECURE = "csp-implemented-with-insecure-scheme", -20;
    CSP_INVALID = "csp-header-invalid", -25;
    CSP_MISSING = "csp-not-implemented", -25;
    CSP_REPORTED = "csp-not-implemented-but-reporting-enabled", -25;

    COOKIES_ALL = "cookies-secure-with-httponly-sessions-and-samesite", 5;
    COOKIES_SECURE = "cookies-secure-with-httponly-sessions", 0;
    COOKIES_NONE = "cookies-not-found", 0;
    COOKIES_INSECURE_HSTS = "cookies-without-secure-flag-but-protected-by-hsts", -5;
    COOKIES_SESSION_INSECURE_HSTS =
        "cookies-session-without-secure-flag-but-protected-by-hsts", -10;
    COOKIES_INSECURE = "cookies-without-secure-flag", -20;
    COOKIES_SAMESITE_INVALID = "cookies-samesite-flag-invalid", -20;
    COOKIES_ANTICSRF = "cookies-anticsrf-without-samesite-flag", -20;
    COOKIES_SESSION_READABLE = "cookies-session-without-httponly-flag", -30;
    COOKIES_SESSION_INSECURE = "cookies-session-without-secure-flag", -40;

    CORS_NONE = "cross-origin-resource-sharing-not-implemented", 0;
    CORS_PUBLIC = "cross-origin-resource-sharing-implemented-with-public-access", 0;
    CORS_RESTRICTED = "cross-origin-resource-sharing-implemented-with-restricted-access", 0;
    CORS_UNIVERSAL = "cross-origin-resource-sharing-implemented-with-universal-access", -50;

    REDIRECTION_PRELOADED = "redirection-all-redirects-preloaded", 0;
    REDIRECTION_TO_HTTPS = "redirection-to-https", 0;
    REDIRECTION_NO_HTTP = "redirection-not-needed-no-http", 0;
    REDIRECTION_OFF_HOST = "redirection-off-host-from-http", -5;
    REDIRECTION_NOT_FIRST = "redirection-not-to-https-on-initial-redirection", -10;
    REDIRECTION_NOT_HTTPS = "redirection-not-to-https", -20;
    REDIRECTION_MISSING = "redirection-missing", -20;

    REFERRER_PRIVATE = "referrer-policy-private", 5;
    REFERRER_MISSING = "referrer-policy-not-implemented", 0;
    REFERRER_UNSAFE = "referrer-policy-unsafe", -5;
    REFERRER_INVALID = "referrer-policy-header-invalid", -5;

    HSTS_PRELOADED = "hsts-preloaded", 5;
    HSTS_SIX_MONTHS = "hsts-implemented-max-age-at-least-six-months", 0;
    HSTS_LESS = "hsts-implemented-max-age-less-than-six-months", -10;
    HSTS_MISSING = "hsts-not-implemented", -20;
    HSTS_INVALID = "hsts-header-invalid", -20;
    HSTS_NO_HTTPS = "hsts-not-implemented-no-https", -20;

    SRI_ALL = "sri-implemented-and-all-scripts-loaded-securely", 5;
    SRI_EXTERNAL = "sri-implemented-and-external-scripts-loaded-securely", 5;
    SRI_NOT_HTML = "sri-not-implemented-response-not-html", 0;
    SRI_NO_SCRIPTS = "sri-not-implemented-but-no-scripts-loaded", 0;
    SRI_SAME_ORIGIN = "sri-not-implemented-but-all-scripts-loaded-from-secure-origin", 0;
    SRI_NONE_SECURE = "sri-not-implemented-but-external-scripts-loaded-securely", -5;
    SRI_NOT_SECURE = "sri-implemented-but-external-scripts-not-loaded-securely", -20;
    SRI_NONE_NOT_SECURE = "sri-not-implemented-and-external-scripts-not-loaded-securely", -50;

    SNIFFING_OFF = "x-content-type-options-nosniff", 0;
    SNIFFING_MISSING = "x-content-type-options-not-implemented", -5;
    SNIFFING_INVALID = "x-content-type-options-header-invalid", -5;

    FRAMES_BY_CSP = "x-frame-options-implemented-via-csp", 5;
    FRAMES_OFF = "x-frame-options-sameorigin-or-deny", 5;
    FRAMES_FROM = "x-frame-options-allow-from-origin", 0;
    FRAMES_MISSING = "x-frame-options-not-implemented", -20;
    FRAMES_INVALID = "x-frame-options-header-invalid", -20;

    CORP_SAME_ORIGIN = "corp-implemented-with-same-origin", 10;
    CORP_SAME_SITE = "corp-implemented-with-same-site", 10;
    CORP_CROSS_ORIGIN = "corp-implemented-with-cross-origin", 0;
    CORP_MISSING = "corp-not-implemented", 0;
    CORP_INVALID = "corp-header-invalid", -5;

    COEP_REQUIRE_CORP = "coep-implemented-with-require-corp", 10;
    COEP_CREDENTIALLESS = "coep-implemented-with-credentialless", 10;
    COEP_UNSAFE_NONE = "coep-implemented-with-unsafe-none", 0;
    COEP_MISSING = "coep-not-implemented", 0;
    COEP_INVALID = "coep-header-invalid", -5;

    COOP_SAME_ORIGIN = "coop-implemented-with-same-origin", 10;
    COOP_POPUPS = "coop-implemented-with-same-origin-allow-popups", 10;
    COOP_NOOPENER = "coop-implemented-with-noopener-allow-popups", 10;
    COOP_UNSAFE_NONE = "coop-implemented-with-unsafe-none", 0;
    COOP_MISSING = "coop-not-implemented", 0;
    COOP_INVALID = "coop-header-invalid", -5;
}
