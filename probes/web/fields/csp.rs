//! `Content-Security-Policy` as browsers read it (CSP Level 3 sections 2.2 and 6.7).

use std::collections::BTreeSet;

use http::HeaderMap;

use crate::web::fields::{self, html::Page};

/// The policies of an answer: something is allowed only if all of them allow it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Policies(pub(crate) Vec<Policy>);

/// One policy: its directives in order, with names in lower case.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Policy {
    directives: Vec<(String, Vec<String>)>,
    /// Directives that are there again; browsers take the first.
    pub(crate) repeated: Vec<String>,
}

impl Policies {
    /// Those of the header.
    pub(crate) fn of_header(headers: &HeaderMap) -> Self {
        Self::of_field(headers, "content-security-policy")
    }

    /// Those that are only reported about.
    pub(crate) fn reported(headers: &HeaderMap) -> Self {
        Self::of_field(headers, "content-security-policy-report-only")
    }

    /// Those of the header and of the page's meta elements.
    pub(crate) fn of_page(headers: &HeaderMap, page: &Page) -> Self {
        let mut policies = Self::of_header(headers);
        let name = "content-security-policy";
        for meta in page.equivalents.iter().filter(|meta| meta.in_head && meta.name == name) {
            for mut policy in Self::parse(&meta.content).0 {
                // HTML standard, pragma directives: these have no effect in a meta element.
                policy.directives.retain(|(name, _)| {
                    !matches!(name.as_str(), "frame-ancestors" | "report-uri" | "sandbox")
                });
                policies.0.extend((!policy.directives.is_empty()).then_some(policy));
            }
        }
        policies
    }

    fn of_field(headers: &HeaderMap, name: &str) -> Self {
        let lines = fields::lines(headers, name);
        Self(lines.iter().flat_map(|line| Self::parse(line).0).collect())
    }

    /// Reads a list of policies; those without directives are left out.
    pub(crate) fn parse(list: &str) -> Self {
        let policies = list.split(',').map(Policy::parse);
        Self(policies.filter(|policy| !policy.directives.is_empty()).collect())
    }

    /// Whether all policies allow something, none included.
    pub(crate) fn all_allow(&self, allows: impl Fn(&Policy) -> bool) -> bool {
        self.0.iter().all(allows)
    }
}

impl Policy {
    fn parse(policy: &str) -> Self {
        let mut parsed = Self::default();
        for directive in policy.split(';') {
            let mut words = directive.split_ascii_whitespace();
            let Some(name) = words.next() else { continue };
            let name = name.to_ascii_lowercase();
            if parsed.directive(&name).is_some() {
                parsed.repeated.push(name);
                continue;
            }
            parsed.directives.push((name, words.map(str::to_owned).collect()));
        }
        parsed
    }

    /// The words of a directive; `None` if it is not there.
    pub(crate) fn directive(&self, name: &str) -> Option<&[String]> {
        let found = self.directives.iter().find(|(given, _)| given == name)?;
        Some(&found.1)
    }

    /// Whether it keeps the page from running any script at all.
    pub(crate) fn runs_no_script(&self) -> bool {
        let allowed =
            |words: &[String]| words.iter().any(|word| word.eq_ignore_ascii_case("allow-scripts"));
        self.directive("sandbox").is_some_and(|words| !allowed(words))
    }

    /// The sources of the first of these directives that is there; `None` means that everything is
    /// allowed.
    pub(crate) fn sources(&self, chain: &[&str]) -> Option<Sources<'_>> {
        chain.iter().find_map(|name| self.directive(name)).map(Sources)
    }

    /// The directives and their sources.
    pub(crate) fn directives(&self) -> impl Iterator<Item = (&str, Sources<'_>)> {
        self.directives.iter().map(|(name, words)| (name.as_str(), Sources(words)))
    }
}

/// A list of sources.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sources<'a>(pub(crate) &'a [String]);

impl Sources<'_> {
    pub(crate) fn has(self, keyword: &str) -> bool {
        self.0.iter().any(|source| source.eq_ignore_ascii_case(keyword))
    }

    /// Whether it names scripts one by one. A nonce or hash that is badly written names none.
    pub(crate) fn names_scripts(self) -> bool {
        self.0.iter().any(|source| is_nonce(source) || is_hash(source))
    }

    /// Whether any inline script may run: `'unsafe-inline'`, where nothing stronger puts it out.
    pub(crate) fn allows_inline(self) -> bool {
        self.has("'unsafe-inline'") && !self.names_scripts() && !self.has("'strict-dynamic'")
    }

    /// The source by which anybody's script may be loaded, if there is one.
    pub(crate) fn any_script(self) -> Option<String> {
        if self.has("'strict-dynamic'") {
            return None;
        }
        let open = |source: &&String| is_any_host(source) || source.eq_ignore_ascii_case("data:");
        self.0.iter().find(open).cloned()
    }
}

/// Whether a source stands for every host.
pub(crate) fn is_any_host(source: &str) -> bool {
    let source = source.to_ascii_lowercase();
    let host = ["https:", "http:", "ftp:", "ws:", "wss:"]
        .iter()
        .find_map(|scheme| source.strip_prefix(scheme));
    match host {
        Some(rest) => matches!(rest.trim_start_matches("//"), "" | "*" | "*:*" | "*.*" | "*/"),
        None => matches!(source.as_str(), "*" | "*:*" | "*.*"),
    }
}

/// CSP Level 3 section 2.3.1, `nonce-source`.
pub(crate) fn is_nonce(source: &str) -> bool {
    quoted(source, &["nonce-"]).is_some_and(is_base64)
}

fn is_hash(source: &str) -> bool {
    quoted(source, &["sha256-", "sha384-", "sha512-"]).is_some_and(is_base64)
}

fn quoted<'a>(source: &'a str, prefixes: &[&str]) -> Option<&'a str> {
    let inner = source.strip_prefix('\'')?.strip_suffix('\'')?;
    prefixes.iter().find_map(|prefix| {
        let head = inner.get(..prefix.len())?;
        head.eq_ignore_ascii_case(prefix).then(|| &inner[prefix.len()..])
    })
}

/// `base64-value`: letters of either alphabet, and at most two equal signs.
fn is_base64(value: &str) -> bool {
    let digits = value.trim_end_matches('=');
    !digits.is_empty()
        && value.len() - digits.len() <= 2
        && digits.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/-_".contains(&b))
}

/// Where scripts in elements are looked up.
pub(crate) const SCRIPTS: &[&str] = &["script-src-elem", "script-src", "default-src"];
/// Where scripts in attributes are.
pub(crate) const HANDLERS: &[&str] = &["script-src-attr", "script-src", "default-src"];
/// Where `eval` is.
pub(crate) const EVAL: &[&str] = &["script-src", "default-src"];
/// Where plug-ins are.
pub(crate) const OBJECTS: &[&str] = &["object-src", "default-src"];

/// The nonces of a page's policies.
pub(crate) fn nonces(policies: &Policies) -> BTreeSet<String> {
    let sources = policies.0.iter().filter_map(|policy| policy.sources(SCRIPTS));
    let sources = sources.flat_map(|sources| sources.0.iter());
    sources.filter(|source| is_nonce(source)).cloned().collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    fn scripts(policy: &str) -> (bool, Option<String>) {
        let policies = Policies::parse(policy);
        let sources = policies.0[0].sources(SCRIPTS).expect("a list");
        (sources.allows_inline(), sources.any_script())
    }

    #[test]
    fn the_first_directive_counts_and_names_have_no_case() {
        let policies = Policies::parse(" Default-SRC 'self' ;; default-src * , img-src a ,;, ");
        assert_eq!(policies.0.len(), 2);
        let words = policies.0[0].directive("default-src").expect("there");
        assert_eq!(words, ["'self'"]);
        assert_eq!(policies.0[0].repeated, ["default-src"]);
    }

    #[test]
    fn a_nonce_or_a_hash_puts_out_unsafe_inline_if_it_is_well_written() {
        assert_eq!(scripts("script-src 'unsafe-inline'"), (true, None));
        assert_eq!(scripts("script-src 'UNSAFE-INLINE' 'nonce-abc123'"), (false, None));
        assert_eq!(scripts("script-src 'unsafe-inline' 'SHA256-abc_-+/=='"), (false, None));
        assert_eq!(scripts("script-src 'unsafe-inline' 'nonce-'"), (true, None));
        assert_eq!(scripts("script-src 'unsafe-inline' 'nonce-abc"), (true, None));
        assert_eq!(scripts("script-src 'unsafe-inline' 'sha256-a=''sha256-b='"), (true, None));
        assert_eq!(scripts("script-src 'unsafe-inline' 'strict-dynamic'"), (false, None));
    }

    #[test]
    fn a_source_for_every_host_is_known() {
        for any in ["*", "https:", "HTTP:", "http://*", "https://*", "https://*.*", "data:"] {
            assert!(scripts(&format!("script-src {any}")).1.is_some(), "{any}");
        }
        for some in ["https://a.example", "*.example", "https://*.example", "'self'", "blob:"] {
            assert_eq!(scripts(&format!("script-src {some}")).1, None, "{some}");
        }
        let strict = "script-src 'strict-dynamic' 'nonce-abc' https: 'unsafe-inline'";
        assert_eq!(scripts(strict), (false, None));
    }

    #[test]
    fn a_meta_element_cannot_say_everything() {
        let page = Page::read("<meta http-equiv=content-security-policy content=\"sandbox\">");
        assert_eq!(Policies::of_page(&HeaderMap::new(), &page), Policies::default());
    }

    #[test]
    fn a_meta_element_outside_the_head_says_nothing() {
        let meta = "<meta http-equiv=content-security-policy content=\"default-src 'self'\">";
        let of = |html: &str| Policies::of_page(&HeaderMap::new(), &Page::read(html)).0.len();
        assert_eq!(of(&format!("<head>{meta}</head><body>{meta}")), 1);
    }

    #[test]
    fn a_sandbox_runs_scripts_only_where_it_says_so() {
        let runs_none = |policy: &str| Policies::parse(policy).0[0].runs_no_script();
        assert!(runs_none("sandbox"));
        assert!(runs_none("sandbox allow-forms allow-same-origin"));
        assert!(!runs_none("sandbox Allow-Scripts"));
        assert!(!runs_none("default-src 'self'"));
    }

    proptest! {
        #[test]
        fn no_policy_makes_the_parser_panic(policy in "\\PC{0,100}") {
            for policy in Policies::parse(&policy).0 {
                let sources = policy.sources(SCRIPTS);
                let _ = sources.map(|s| (s.allows_inline(), s.any_script(), s.names_scripts()));
            }
        }
    }
}
