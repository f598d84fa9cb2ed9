//! A version in the header tells an attacker which holes to try.

use std::{collections::BTreeSet, sync::LazyLock};

use regex::Regex;

use crate::{
    contract::{Check, Dimension, Impact, Item, Rule, Settles},
    headers::{Headers, evidence::Answer},
    web::fields,
};

pub(super) const RULE: Rule<Headers> = Rule::<Headers>::new(
    Check {
        id: "headers-version-disclosed",
        fault: "the header tells which version of which software answers",
        impact: Impact::Low,
        dimension: Dimension::Security,
        settles: Settles::AtOnce,
        why: "When a hole becomes known, those who look for it search for the version first. Hiding it \
              mends nothing, and takes the target off their list.",
        how: "Reads `Server`, `X-Powered-By`, `X-AspNet-Version`, `X-AspNetMvc-Version`, `X-Generator` and \
              the comments of `Via` on every answer. Expected: no version number; a name alone, and the \
              protocol's version in `Via`, are well.",
        fix: "`server_tokens off` in nginx, `ServerTokens Prod` in Apache, `expose_php = Off` in PHP, \
              `uvicorn --no-server-header`, `app.disable('x-powered-by')` in Express.",
        sources: &["OWASP ASVS 5.0 13.4.6", "RFC 9110 section 10.2.4"],
    },
    |_, seen| {
        let mut told: BTreeSet<String> = BTreeSet::new();
        let mut items: Vec<Item> = Vec::new();
        for answer in &seen.answers {
            let fresh: Vec<String> =
                versions(answer).into_iter().filter(|one| told.insert(one.clone())).collect();
            if !fresh.is_empty() {
                let item = Item::fail(
                    crate::contract::Confidence::Confirmed,
                    &answer.subject,
                    fresh.join(", "),
                );
                items.push(item.replay(&answer.replay));
            }
        }
        items.extend(seen.unseen.iter().map(|(subject, why)| Item::unknown(subject, why)));
        if items.is_empty() {
            items.push(Item::pass("", format!("no version in {} answers", seen.answers.len())));
        }
        items
    },
);

/// The fields of an answer that tell a version.
fn versions(answer: &Answer) -> Vec<String> {
    static VERSION: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\d+\.\d+").ok());
    static COMMENT: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"\([^)]*\d+\.\d+[^)]*\)").ok());
    let tells = |pattern: &LazyLock<Option<Regex>>, value: &str| {
        pattern.as_ref().is_some_and(|pattern| pattern.is_match(value))
    };
    let field = |name: &'static str, pattern: &LazyLock<Option<Regex>>| {
        let value = fields::joined(&answer.headers, name)?;
        tells(pattern, &value).then(|| format!("{name}: {value}"))
    };
    let plain = TELLTALES.iter().filter_map(|name| field(name, &VERSION));
    // RFC 9110 section 7.6.3: the number before the name is the protocol's.
    plain.chain(field("via", &COMMENT)).collect()
}

const TELLTALES: [&str; 5] =
    ["server", "x-powered-by", "x-aspnet-version", "x-aspnetmvc-version", "x-generator"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        contract::{Confidence, Outcome},
        headers::tests::{answer, evidence, outcomes},
    };

    #[test]
    fn a_name_alone_tells_no_version() {
        let of =
            |name, value| outcomes(&RULE, &evidence(vec![answer(200, &[(name, value)], "")]))[0];
        for (name, value) in [
            ("server", "nginx"),
            ("server", "cloudflare"),
            ("x-powered-by", "Express"),
            ("via", "1.1 google, 1.1 varnish"),
            ("x-amz-cf-id", "1.2"),
        ] {
            assert_eq!(of(name, value), Outcome::Pass, "{value}");
        }
        for (name, value) in [
            ("server", "nginx/1.26.2"),
            ("server", "Werkzeug/2.2.3 Python/3.11.7"),
            ("x-powered-by", "PHP/8.1.2"),
            ("x-aspnet-version", "4.0.30319"),
            ("via", "1.1 proxy (squid/5.7)"),
        ] {
            assert_eq!(of(name, value), Outcome::Fail(Confidence::Confirmed), "{value}");
        }
    }

    #[test]
    fn the_same_version_is_told_once() {
        let nginx = || answer(200, &[("server", "nginx/1.26.2")], "");
        assert_eq!(outcomes(&RULE, &evidence(vec![nginx(), nginx()])).len(), 1);
    }
}
