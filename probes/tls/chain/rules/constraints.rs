//! Name constraints, as most clients read them.

use super::Role;
use crate::{
    tls::chain::{
        Place,
        oddity::{ALL, Found, Oddity},
    },
    wire::x509::{
        Certificate,
        constraints::{NameConstraints, covers},
        general_name::GeneralName,
        name, oid,
    },
};

/// Who constrains: a certificate's extension, or what a verifier keeps of a root.
#[derive(Clone, Copy, Debug)]
pub(in crate::tls::chain) struct Constraints<'a> {
    pub(in crate::tls::chain) value: &'a [u8],
    pub(in crate::tls::chain) critical: bool,
    pub(in crate::tls::chain) place: Place,
    pub(in crate::tls::chain) role: Role,
}

impl<'a> Constraints<'a> {
    pub(in crate::tls::chain) fn of(
        certificate: &Certificate<'a>,
        place: Place,
        role: Role,
    ) -> Option<Self> {
        let extension = certificate.extension(oid::NAME_CONSTRAINTS)?;
        Some(Self { value: extension.value, critical: extension.critical, place, role })
    }

    /// Holds what stands below, leaf first, against the constraints.
    pub(in crate::tls::chain) fn judge(&self, below: &[&Certificate<'_>]) -> Vec<Oddity> {
        let mut found = Found::at(self.place);
        let Ok(constraints) = NameConstraints::of(self.value) else { return found.all };
        let all = || constraints.permitted.iter().chain(&constraints.excluded);
        if all().any(|one| matches!(one, GeneralName::Directory(_))) {
            let who = if self.critical { "GW" } else { "W" };
            found.unknown(who, "its name constraints are about directory names");
        }
        if self.critical && all().any(|one| matches!(one, GeneralName::Other)) {
            found.unknown("G", "its name constraints are about names of other kinds");
        }
        for (i, certificate) in below.iter().enumerate() {
            if i > 0 && certificate.is_self_issued() {
                continue;
            }
            for name in names(certificate) {
                judge_name(&constraints, &name, &mut found);
            }
        }
        if let Some(leaf) = below.first() {
            common_name(&constraints, leaf, &mut found);
        }
        found.all.dedup_by(|one, other| one.what == other.what);
        if self.role == Role::Root {
            // Java takes no more than name and key of a root.
            let java = crate::tls::chain::Families::of("J");
            for oddity in &mut found.all {
                oddity.refusers = oddity.refusers.without(java);
            }
        }
        found.all
    }
}

/// The names a certificate has: those of its subjectAltName, and its subject.
fn names<'a>(certificate: &Certificate<'a>) -> Vec<GeneralName<'a>> {
    let extension = certificate.extension(oid::SUBJECT_ALT_NAME);
    let mut names = extension.and_then(|one| GeneralName::all(one.value).ok()).unwrap_or_default();
    if !name::is_empty(certificate.subject) {
        names.push(GeneralName::Directory(certificate.subject));
    }
    names
}

fn judge_name(constraints: &NameConstraints<'_>, name: &GeneralName<'_>, found: &mut Found) {
    let mut permitted =
        constraints.permitted.iter().filter_map(|base| covers(base, name)).peekable();
    let is_permitted = permitted.peek().is_none() || permitted.any(|covered| covered);
    let is_excluded = constraints.excluded.iter().any(|base| covers(base, name) == Some(true));
    let is_constrained =
        |all: &[GeneralName<'_>]| all.iter().any(|base| covers(base, name).is_some());
    let text = shown(name);
    match name {
        _ if is_excluded => {
            found.rule(ALL, format!("its name constraints exclude {text}"));
        }
        // GnuTLS does not look at what is permitted of these two kinds.
        GeneralName::Directory(_) | GeneralName::Uri(_) if !is_permitted => {
            found.rule("OGJFCW", format!("its name constraints do not permit {text}"));
        }
        _ if !is_permitted => {
            found.rule(ALL, format!("its name constraints do not permit {text}"));
        }
        GeneralName::Uri(_)
            if is_constrained(&constraints.permitted) || is_constrained(&constraints.excluded) =>
        {
            found.rule("FCW", "its name constraints are about URIs, and the leaf has one");
        }
        GeneralName::Dns(name) if stands_for_excluded(&constraints.excluded, name) => {
            found.rule(
                "nJFCW",
                format!("its name constraints exclude names that {text} stands for"),
            );
        }
        _ => {}
    }
}

/// Whether a wildcard stands for a name that is excluded.
fn stands_for_excluded(excluded: &[GeneralName<'_>], name: &[u8]) -> bool {
    let Some(parent) = name.strip_prefix(b"*.") else { return false };
    excluded.iter().any(|base| match base {
        GeneralName::Dns(base) => {
            let base = base.strip_prefix(b".").unwrap_or(base);
            let label = base.iter().position(|byte| *byte == b'.');
            label.is_some_and(|dot| base[dot + 1..].eq_ignore_ascii_case(parent))
        }
        _ => false,
    })
}

/// Java and GnuTLS hold a common name against the DNS names where the leaf has no DNS name; OpenSSL does
/// if it looks like one.
fn common_name(constraints: &NameConstraints<'_>, leaf: &Certificate<'_>, found: &mut Found) {
    let has_dns_name = names(leaf).iter().any(|name| matches!(name, GeneralName::Dns(_)));
    let Some(common_name) = name::common_name(leaf.subject).filter(|_| !has_dns_name) else {
        return;
    };
    let name = GeneralName::Dns(common_name.as_bytes());
    let mut permitted =
        constraints.permitted.iter().filter_map(|base| covers(base, &name)).peekable();
    let is_permitted = permitted.peek().is_none() || permitted.any(|covered| covered);
    let is_excluded = constraints.excluded.iter().any(|base| covers(base, &name) == Some(true));
    if !is_permitted || is_excluded {
        let is_like_a_host = common_name.contains('.')
            && common_name
                .bytes()
                .all(|byte| matches!(byte, b'.' | b'-' | b'_') || byte.is_ascii_alphanumeric());
        let what = "its name constraints are about DNS names, and do not permit the common name";
        let is_address = common_name.parse::<std::net::IpAddr>().is_ok();
        let who = match (is_like_a_host, is_address) {
            (true, true) => "OT",
            (true, false) => "OJT",
            (false, _) => "JT",
        };
        found.rule(who, what);
    }
}

fn shown(name: &GeneralName<'_>) -> String {
    match name {
        GeneralName::Dns(text) | GeneralName::Email(text) | GeneralName::Uri(text) => {
            String::from_utf8_lossy(text).chars().take(100).collect()
        }
        GeneralName::Ip(_) => "an IP address below it".to_owned(),
        _ => "a subject below it".to_owned(),
    }
}
