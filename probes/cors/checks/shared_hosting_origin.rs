//! A policy that trusts a shared host trusts all of its customers.

use crate::{
    contract::{Check, Dimension, Impact, Rule, Settles},
    cors::{Cors, judge, question::Class},
};

pub(super) const RULE: Rule<Cors> = Rule::<Cors>::new(
    Check {
        id: "cors-shared-hosting-origin",
        fault: "pages from a host where anybody may publish may read it",
        impact: Impact::High,
        dimension: Dimension::Security,
        settles: Settles::AtOnce,
        why: "Previews and static sites often live on shared domains. Where all of such a domain is \
              trusted, everybody with a free account there reads the users' data.",
        how: "Sends subdomains of hosts where anybody may publish. Expected: none is allowed.",
        fix: "Allow the exact name of the preview or site, not a pattern over the host's domain.",
        sources: &["Public Suffix List, private section (publicsuffix.org)"],
    },
    |_, seen| judge::items(seen, &[Class::SharedHosting], true),
);
