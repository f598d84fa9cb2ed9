//! The Observatory's test of `Content-Security-Policy`.

use crate::{
    observatory::{
        Reply,
        csp_list::Folded,
        result::{
            CSP_DEFAULT_NONE, CSP_DUPLICATE, CSP_INSECURE, CSP_INSECURE_PASSIVE, CSP_INVALID,
            CSP_MISSING, CSP_NO_UNSAFE, CSP_REPORTED, CSP_UNSAFE_EVAL, CSP_UNSAFE_INLINE,
            CSP_UNSAFE_STYLE, Verdict,
        },
    },
    web::fields,
};

/// What the test comes to.
pub(super) struct Csp {
    pub(super) result: Verdict,
    /// Whether `frame-ancestors` is there, which the test of frames asks.
    pub(super) frame_ancestors: bool,
}

impl Csp {
    const fn without_policy(result: Verdict) -> Self {
        Self { result, frame_ancestors: false }
    }
}

pub(super) fn test(reply: &Reply<'_>) -> Csp {
    let header = split(fields::joined(reply.headers, FIELD).into_iter());
    let metas = reply.page.iter().flat_map(|page| page.equivalent(FIELD));
    let meta = split(metas.filter(|content| !content.is_empty()).map(str::to_owned));
    let all: Vec<String> = header.iter().chain(&meta).cloned().collect();
    let Some(mut csp) = Folded::parse(&all) else { return Csp::without_policy(CSP_INVALID) };
    if is_empty(&header, &[]) && is_empty(&meta, &NOT_IN_META) {
        let reported = reply.field("content-security-policy-report-only").is_some();
        return Csp::without_policy(if reported { CSP_REPORTED } else { CSP_MISSING });
    }
    let frame_ancestors = csp.get("frame-ancestors").is_some();
    let result = judge(&mut csp, reply.secure);
    let good = [CSP_NO_UNSAFE, CSP_DEFAULT_NONE, CSP_UNSAFE_STYLE, CSP_INSECURE_PASSIVE];
    let duplicate = good.contains(&result) && !csp.repeated.is_empty();
    Csp { result: if duplicate { CSP_DUPLICATE } else { result }, frame_ancestors }
}

fn split(values: impl Iterator<Item = String>) -> Vec<String> {
    let split =
        |value: String| value.split(',').map(|one| one.trim().to_owned()).collect::<Vec<_>>();
    values.flat_map(split).collect()
}

/// Whether nothing is left of these policies without some directives.
fn is_empty(policies: &[String], without: &[&str]) -> bool {
    Folded::parse(policies).is_none_or(|folded| {
        folded.directives.iter().all(|(name, _)| without.contains(&name.as_str()))
    })
}

fn judge(csp: &mut Folded, secure: bool) -> Verdict {
    let scripts = governing(csp, "script-src");
    let styles = governing(csp, "style-src");
    for list in [scripts, styles].into_iter().flatten() {
        forget_unsafe_inline(csp, list);
    }
    let strict = sources(csp, scripts).iter().any(|source| source == "'strict-dynamic'");
    if strict && !names_scripts(sources(csp, scripts)) {
        return CSP_INVALID;
    }
    if strict && let Some(list) = scripts.and_then(|name| csp.get_mut(name)) {
        list.retain(|source| {
            !BROAD.iter().any(|broad| source.starts_with(broad))
                && source != "'self'"
                && source != "'unsafe-inline'"
        });
    }
    let objects = governing(csp, "object-src");
    let scripts = sources(csp, scripts);
    let styles = sources(csp, styles);
    let is_open = |source: &String| is_broad(source) || is_inline(source);
    if scripts.iter().any(is_open) || sources(csp, objects).iter().any(|source| is_broad(source)) {
        CSP_UNSAFE_INLINE
    } else if secure && active(csp, scripts).any(|source| is_plain(source)) {
        CSP_INSECURE
    } else if scripts.iter().chain(styles).any(|source| source == "'unsafe-eval'") {
        CSP_UNSAFE_EVAL
    } else if secure && passive(csp).any(|source| is_plain(source)) {
        CSP_INSECURE_PASSIVE
    } else if styles.iter().any(is_open) {
        CSP_UNSAFE_STYLE
    } else if csp.get("default-src").is_some_and(|sources| *sources == ["'none'"]) {
        CSP_DEFAULT_NONE
    } else {
        CSP_NO_UNSAFE
    }
}

/// The directive that decides about something: its own, or the fallback.
fn governing(csp: &Folded, name: &'static str) -> Option<&'static str> {
    [name, "default-src"].into_iter().find(|name| csp.get(name).is_some())
}

/// Its sources; everything, where no directive decides.
fn sources<'a>(csp: &'a Folded, name: Option<&str>) -> &'a [String] {
    static EVERYTHING: std::sync::LazyLock<Vec<String>> =
        std::sync::LazyLock::new(|| vec!["*".to_owned()]);
    name.and_then(|name| csp.get(name)).unwrap_or(&EVERYTHING)
}

fn forget_unsafe_inline(csp: &mut Folded, name: &str) {
    if let Some(list) = csp.get_mut(name)
        && names_scripts(list)
    {
        list.retain(|source| source != "'unsafe-inline'");
    }
}

fn names_scripts(sources: &[String]) -> bool {
    let named = ["'sha256-", "'sha384-", "'sha512-", "'nonce-"];
    sources.iter().any(|source| named.iter().any(|prefix| source.starts_with(prefix)))
}

/// Everything but pictures and sound, the names of repeated directives included.
fn active<'a>(csp: &'a Folded, scripts: &'a [String]) -> impl Iterator<Item = &'a String> {
    let others = csp
        .directives
        .iter()
        .filter(|(name, _)| !PASSIVE.contains(&name.as_str()) && name != "script-src");
    others.flat_map(|(_, sources)| sources).chain(scripts)
}

fn passive(csp: &Folded) -> impl Iterator<Item = &String> {
    let lists =
        PASSIVE.into_iter().filter_map(|name| csp.get(name).or_else(|| csp.get("default-src")));
    lists.flatten()
}

fn is_plain(source: &str) -> bool {
    source.starts_with("http:") || source.starts_with("ftp:")
}

fn is_broad(source: &str) -> bool {
    BROAD.contains(&source)
}

fn is_inline(source: &str) -> bool {
    matches!(source, "'unsafe-inline'" | "data:")
}

const FIELD: &str = "content-security-policy";
const NOT_IN_META: [&str; 3] = ["frame-ancestors", "report-uri", "sandbox"];
const PASSIVE: [&str; 2] = ["img-src", "media-src"];
const BROAD: [&str; 8] =
    ["ftp:", "http:", "https:", "*", "http://*", "http://*.*", "https://*", "https://*.*"];
