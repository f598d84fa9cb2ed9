//! A policy that lets anybody's script run.

use std::collections::BTreeSet;

use crate::{
    contract::{Check, Dimension, Impact, Item, Rule, Settles},
    headers::{
        Headers,
        evidence::{Answer, Evidence},
    },
    web::fields::{
        csp::{
            EVAL, HANDLERS, OBJECTS, Policies, Policy, SCRIPTS, Sources, is_any_host, is_nonce,
            nonces,
        },
        html::Page,
    },
};

pub(super) const RULE: Rule<Headers> = Rule::<Headers>::new(
    Check {
        id: "headers-csp-weak",
        fault: "the policy lets injected scripts run",
        impact: Impact::Medium,
        dimension: Dimension::Security,
        settles: Settles::AtOnce,
        why: "The policy costs the trouble of keeping it and stops nothing: an injected script runs \
              inline, is loaded from anywhere, or is smuggled in by a plug-in or a changed base.",
        how: "Reads the policies of each page in HTML as browsers do: the first of repeated directives, \
              fallbacks, nonces, hashes and `'strict-dynamic'`, and what all policies together allow. \
              Expected: no inline scripts, no scripts or plug-ins from every host, no `'unsafe-eval'`, no \
              http: for what runs (a `sandbox` without `allow-scripts` runs nothing), a base that cannot be changed where a script with a nonce has a \
              relative address, and a nonce that changes between visits.",
        fix: "Give each script a nonce that is new for every answer (`script-src 'nonce-…' \
              'strict-dynamic'; object-src 'none'; base-uri 'none'`), and move event handlers from \
              attributes into scripts.",
        sources: &[
            "CSP Level 3 sections 6.7 and 8",
            "OWASP ASVS 5.0 3.4.3",
            "MDN HTTP Observatory",
        ],
    },
    |_, seen| seen.judge_pages(|answer, page| Some(item(seen, answer, page))),
);

fn item(seen: &Evidence, answer: &Answer, page: &Page) -> Item {
    let policies = Policies::of_page(&answer.headers, page);
    if policies.0.is_empty() {
        return Item::skip(&answer.subject, "no policy is enforced");
    }
    if policies.0.iter().any(Policy::runs_no_script) {
        return answer.pass("the page is in a sandbox where no script and no plug-in runs");
    }
    let mut faults = faults(&policies, seen.secure);
    faults.extend(base_fault(&policies, page));
    faults.extend(repeated_nonce(&policies, &seen.earlier_nonces));
    if !faults.is_empty() {
        return answer.fail(faults.join("; "));
    }
    let repeated: BTreeSet<&str> = policies
        .0
        .iter()
        .flat_map(|policy| policy.repeated.iter().map(String::as_str))
        .filter(|name| !name.starts_with("report-"))
        .collect();
    if !repeated.is_empty() {
        let names: Vec<&str> = repeated.into_iter().collect();
        let names = names.join(", ");
        return answer.doubt(format!("{names} is there twice; browsers take the first"));
    }
    answer.pass("scripts need to be named, or come from named hosts")
}

fn faults(policies: &Policies, secure: bool) -> Vec<String> {
    let mut faults = Vec::new();
    let mut fault = |words: &str| faults.push(words.to_owned());
    let open = |chain: &'static [&'static str], allows: fn(Sources<'_>) -> bool| {
        policies.all_allow(|policy| policy.sources(chain).is_none_or(allows))
    };
    if policies.all_allow(|policy| policy.sources(SCRIPTS).is_none()) {
        fault("it says nothing about scripts");
    } else {
        if open(SCRIPTS, runs_inline) || open(HANDLERS, runs_inline) {
            fault("inline scripts may run ('unsafe-inline')");
        }
        if open(SCRIPTS, |sources| sources.any_script().is_some()) {
            fault(&format!("scripts may come from anywhere ({})", any_script(policies)));
        }
        if open(EVAL, |sources| sources.has("'unsafe-eval'")) {
            fault("text may be run as a script ('unsafe-eval')");
        }
    }
    if open(OBJECTS, |sources| sources.0.iter().any(|source| is_any_host(source))) {
        fault("plug-ins may come from anywhere (object-src)");
    }
    if policies.0.iter().any(trusts_nobody) {
        fault("'strict-dynamic' without a nonce or hash, so that no script runs at all");
    }
    if secure && let Some(source) = plain_source(policies) {
        fault(&format!("what runs may be loaded without TLS ({source})"));
    }
    faults
}

fn runs_inline(sources: Sources<'_>) -> bool {
    sources.allows_inline()
}

fn any_script(policies: &Policies) -> String {
    let mut all = policies.0.iter().filter_map(|policy| policy.sources(SCRIPTS));
    all.find_map(Sources::any_script).unwrap_or_default()
}

fn trusts_nobody(policy: &Policy) -> bool {
    policy
        .sources(SCRIPTS)
        .is_some_and(|sources| sources.has("'strict-dynamic'") && !sources.names_scripts())
}

/// A source without TLS among those of what runs, if every policy has one.
fn plain_source(policies: &Policies) -> Option<String> {
    let plain = |policy: &Policy| {
        let running = policy.directives().filter(|(name, sources)| {
            let strict = name.starts_with("script-src") && sources.has("'strict-dynamic'");
            RUNNING.contains(name) && !strict
        });
        let mut sources = running.flat_map(|(_, sources)| sources.0);
        sources
            .find(|source| {
                let source = source.to_ascii_lowercase();
                (source.starts_with("http:") || source.starts_with("ftp:"))
                    && !source.starts_with("http://localhost")
                    && !source.starts_with("http://127.0.0.1")
            })
            .cloned()
    };
    let sources: Option<Vec<String>> = policies.0.iter().map(plain).collect();
    sources?.into_iter().next()
}

/// With a `base` of its own, an injected element sends a script that has a nonce elsewhere.
fn base_fault(policies: &Policies, page: &Page) -> Option<String> {
    let by_nonce = policies.0.iter().any(|policy| {
        policy.sources(SCRIPTS).is_some_and(|sources| sources.0.iter().any(|one| is_nonce(one)))
    });
    let relative = page.scripts.iter().any(|script| {
        let is_relative = |src: &String| {
            !src.starts_with("//")
                && url::Url::parse(src).is_err_and(|e| e == url::ParseError::RelativeUrlWithoutBase)
        };
        script.nonce.is_some() && script.src.as_ref().is_some_and(is_relative)
    });
    let changeable = policies.all_allow(|policy| {
        let sources = policy.sources(&["base-uri"]);
        sources.is_none_or(|sources| sources.0.iter().any(|source| is_any_host(source)))
    });
    (by_nonce && relative && changeable).then(|| {
        "an injected base element sends scripts with a nonce elsewhere (base-uri)".to_owned()
    })
}

fn repeated_nonce(policies: &Policies, earlier: &BTreeSet<String>) -> Option<String> {
    let again = nonces(policies).intersection(earlier).next().is_some();
    again.then(|| "the nonce is the same as on the last visit, so it can be known".to_owned())
}

/// What runs code or decides what code sees. Pictures, sound and film are left out: at worst they show
/// something else.
const RUNNING: &[&str] = &[
    "default-src",
    "script-src",
    "script-src-elem",
    "object-src",
    "style-src",
    "style-src-elem",
    "worker-src",
    "child-src",
    "frame-src",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        contract::{Confidence, Outcome},
        headers::tests::{evidence, outcomes, page},
    };

    fn of(policies: &[&str]) -> Outcome {
        with(policies, "<p>")
    }

    fn with(policies: &[&str], body: &str) -> Outcome {
        let headers: Vec<(&str, &str)> =
            policies.iter().map(|policy| ("content-security-policy", *policy)).collect();
        outcomes(&RULE, &evidence(vec![page(&headers, body)]))[0]
    }

    const FIRM: Outcome = Outcome::Fail(Confidence::Firm);

    #[test]
    fn policies_of_sites_that_have_thought_about_it_pass() {
        for policy in [
            "default-src 'none'; script-src github.githubassets.com; object-src 'none'; base-uri 'self'; style-src 'unsafe-inline' github.githubassets.com; img-src 'self' data: *.example",
            "default-src 'self';base-uri 'self';font-src 'self' https: data:;form-action 'self';frame-ancestors 'self';img-src 'self' data:;object-src 'none';script-src 'self';script-src-attr 'none';style-src 'self' https: 'unsafe-inline';upgrade-insecure-requests",
            "script-src 'nonce-cmFuZG9t' 'unsafe-inline' 'strict-dynamic' https: http:; object-src 'none'; base-uri 'none'",
            "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; img-src * http:",
        ] {
            assert_eq!(of(&[policy]), Outcome::Pass, "{policy}");
        }
    }

    #[test]
    fn each_hole_is_found() {
        for policy in [
            "upgrade-insecure-requests",
            "script-src 'self' 'unsafe-inline'; object-src 'none'",
            "default-src 'self'; script-src-attr 'unsafe-inline'",
            "script-src https:; object-src 'none'",
            "default-src 'self'; script-src-elem *",
            "default-src 'self' data:",
            "default-src 'self' 'unsafe-eval'",
            "script-src 'self'",
            "default-src 'self'; object-src *",
            "default-src 'none'; script-src 'strict-dynamic'",
            "default-src 'self'; script-src http://cdn.example",
        ] {
            assert_eq!(of(&[policy]), FIRM, "{policy}");
        }
    }

    #[test]
    fn several_policies_allow_what_all_of_them_allow() {
        let open = "default-src * 'unsafe-inline'";
        assert_eq!(of(&[open, "default-src 'self'"]), Outcome::Pass);
        assert_eq!(of(&[open, "img-src 'self'"]), FIRM);
        assert_eq!(of(&["default-src 'self' 'unsafe-inline', script-src 'self'"]), Outcome::Pass);
    }

    #[test]
    fn a_sandbox_without_scripts_needs_no_sources() {
        assert_eq!(of(&["sandbox"]), Outcome::Pass);
        assert_eq!(of(&["sandbox allow-forms", "default-src * 'unsafe-inline'"]), Outcome::Pass);
        assert_eq!(of(&["sandbox allow-scripts"]), FIRM);
        let meta = "<meta http-equiv=content-security-policy content='sandbox; img-src a.example'>";
        assert_eq!(with(&[], meta), FIRM);
    }

    #[test]
    fn a_directive_that_is_there_twice_is_shown() {
        let twice = of(&["default-src 'none'; default-src *"]);
        assert_eq!(twice, Outcome::Fail(Confidence::Tentative));
        assert_eq!(of(&["default-src 'none'; report-uri /a; report-uri /b"]), Outcome::Pass);
    }

    #[test]
    fn a_base_matters_where_a_script_with_a_nonce_is_relative() {
        let policy = "script-src 'nonce-abc'; object-src 'none'";
        assert_eq!(with(&[policy], "<script nonce=abc src=a.js></script>"), FIRM);
        let absolute = "<script nonce=abc src=https://shop.example/a.js></script>";
        assert_eq!(with(&[policy], absolute), Outcome::Pass);
        let fixed = "script-src 'nonce-abc'; object-src 'none'; base-uri 'self'";
        assert_eq!(with(&[fixed], "<script nonce=abc src=a.js></script>"), Outcome::Pass);
    }

    #[test]
    fn a_nonce_that_was_seen_before_is_no_secret() {
        let csp = ("content-security-policy", "default-src 'self'; script-src 'nonce-abc'");
        let mut seen = evidence(vec![page(&[csp], "<p>")]);
        seen.earlier_nonces.insert("'nonce-other'".to_owned());
        assert_eq!(outcomes(&RULE, &seen), [Outcome::Pass]);
        let mut seen = evidence(vec![page(&[csp], "<p>")]);
        seen.earlier_nonces.insert("'nonce-abc'".to_owned());
        assert_eq!(outcomes(&RULE, &seen), [FIRM]);
    }
}
