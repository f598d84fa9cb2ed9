//! A script of somebody else's that may change any day.

use url::Url;

use crate::{
    contract::{Check, Dimension, Impact, Item, Rule, Settles},
    headers::{Headers, evidence::Answer},
    web::{
        fields::html::{Page, Script},
        site,
    },
};

pub(super) const RULE: Rule<Headers> = Rule::<Headers>::new(
    Check {
        id: "headers-subresource-unpinned",
        fault: "a page runs scripts of other sites whatever is in them",
        impact: Impact::Low,
        dimension: Dimension::Security,
        settles: Settles::AtOnce,
        why: "Who takes over the other site, or its delivery network, runs scripts as this one, for every \
              user, until somebody notices.",
        how: "Reads every `script` of each page in HTML. Expected of those from another site: https and a \
              readable `integrity`. Scripts of hosts under the same registrable domain are the site's own.",
        fix: "Serve the script from the site itself, or add `integrity` and `crossorigin` and name the \
              version in its address. A script that must be free to change (payment, analytics) is a risk \
              to accept by name: waive it.",
        sources: &["Subresource Integrity, section 3", "OWASP ASVS 5.0 3.6.1"],
    },
    |_, seen| seen.judge_pages(|answer, page| Some(item(answer, page))),
);

fn item(answer: &Answer, page: &Page) -> Item {
    let base = page.base.as_ref().and_then(|base| answer.url.join(base).ok());
    let base = base.as_ref().unwrap_or(&answer.url);
    let faults: Vec<String> =
        page.scripts.iter().filter_map(|script| fault(answer, base, script)).collect();
    match faults.as_slice() {
        [] => answer.pass(format!("{} scripts", page.scripts.len())),
        [shown @ .., _] if shown.len() >= MOST_SHOWN => {
            let more = faults.len() - MOST_SHOWN;
            answer.fail(format!("{}; and {more} more", faults[..MOST_SHOWN].join("; ")))
        }
        _ => answer.fail(faults.join("; ")),
    }
}

fn fault(answer: &Answer, base: &Url, script: &Script) -> Option<String> {
    let url = base.join(script.src.as_ref()?).ok()?;
    if !matches!(url.scheme(), "http" | "https") {
        return None;
    }
    let shown = &url[..url::Position::AfterPath];
    if url.scheme() == "http" && answer.url.scheme() == "https" {
        return Some(format!("{shown} without TLS"));
    }
    if site::is_same(url.host_str()?, answer.url.host_str()?) {
        return None;
    }
    match &script.integrity {
        None => Some(format!("{shown} without integrity")),
        Some(integrity) if !integrity.split_ascii_whitespace().any(is_digest) => {
            Some(format!("{shown} with an integrity that browsers cannot read"))
        }
        Some(_) => None,
    }
}

/// Subresource Integrity, section 3.5: what is not a known digest is ignored.
fn is_digest(word: &str) -> bool {
    let digest = ["sha256-", "sha384-", "sha512-"].iter().find_map(|name| word.strip_prefix(name));
    digest.is_some_and(|digest| !digest.is_empty())
}

const MOST_SHOWN: usize = 5;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        contract::{Confidence, Outcome},
        headers::tests::{evidence, outcomes, page},
    };

    #[test]
    fn scripts_of_other_sites_are_pinned() {
        let of = |body| outcomes(&RULE, &evidence(vec![page(&[], body)]))[0];
        let fail = Outcome::Fail(Confidence::Firm);
        for own in [
            "<p>",
            "<script>1</script>",
            "<script src=/a.js></script>",
            "<script src=https://static.shop.example/a.js></script>",
            "<script src=//cdn.test/a.js integrity='sha384-abc'></script>",
        ] {
            assert_eq!(of(own), Outcome::Pass, "{own}");
        }
        for foreign in [
            "<script src=//cdn.test/a.js></script>",
            "<script src=https://cdn.test/a.js integrity=md5-x></script>",
            "<script src=http://shop.example/a.js></script>",
            "<base href=https://cdn.test/><script src=a.js></script>",
        ] {
            assert_eq!(of(foreign), fail, "{foreign}");
        }
    }
}
