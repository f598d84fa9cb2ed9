//! A policy that trusts every subdomain is as safe as the least of them.

use crate::{
    contract::{Check, Dimension, Impact, Item, Rule, Settles},
    cors::{Cors, judge, question::Class},
};

pub(super) const RULE: Rule<Cors> = Rule::<Cors>::new(
    Check {
        id: "cors-any-subdomain",
        fault: "every subdomain may read it",
        impact: Impact::Medium,
        dimension: Dimension::Security,
        settles: Settles::AtOnce,
        why: "One forgotten host, a dangling DNS record that somebody else claims, or one page with \
              injected script is enough to read the data of every user.",
        how: "Sends a subdomain that does not exist, of the target's domain and of each allowed \
              origin's. Expected: it is not allowed, unless `allow_subdomains` says that all are \
              meant.",
        fix: "List the subdomains that need it. If all are meant and under one hand, say \
              `allow_subdomains: true`.",
        sources: &["OWASP Web Security Testing Guide, WSTG-CONF-10 (subdomain takeover)"],
    },
    |cors, seen| {
        if cors.allow_subdomains {
            return vec![Item::skip("", "`allow_subdomains` says that they may")];
        }
        judge::items(seen, &[Class::Subdomain], true)
    },
);
