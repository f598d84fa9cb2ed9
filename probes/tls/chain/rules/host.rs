//! Whether a leaf is for the name that was asked for (RFC 9525 section 6).

use std::net::IpAddr;

use rustls_pki_types::ServerName;

use super::leaf::is_read_by_java;
use crate::{
    tls::chain::{
        Families, Place,
        oddity::{Kind, Oddity},
    },
    wire::x509::{Certificate, general_name::GeneralName, name, oid},
};

/// For whom a leaf is for the name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::tls) enum Match {
    /// For every client.
    Everyone,
    /// For some clients.
    Some,
    /// For no client.
    Nobody,
    /// Its names cannot be read.
    Unreadable,
}

/// Whom a leaf is for, and who refuses the way in which it names the host.
pub(in crate::tls::chain) fn judge(
    leaf: &Certificate<'_>,
    asked: &ServerName<'_>,
) -> (Match, Vec<Oddity>) {
    let extension = leaf.extension(oid::SUBJECT_ALT_NAME);
    let names = extension.map(|one| GeneralName::all(one.value));
    let for_java = || -> Vec<Oddity> {
        let what = "its subjectAltName is malformed, and its common name is not that of the host";
        let by_common_name =
            name::common_name(leaf.subject).is_some_and(|name| *name == *asked.to_str());
        let is_passed_over = extension.is_some_and(|one| !one.critical) && by_common_name;
        let java = Oddity::new(Place::Served(0), Kind::Reading, Families::of("J"), what);
        (!is_passed_over).then_some(java).into_iter().collect()
    };
    let names = match names {
        Some(Err(_)) => return (Match::Unreadable, for_java()),
        Some(Ok(names)) => names,
        None => Vec::new(),
    };
    let (matched, of_name) = matched(leaf, &names, asked);
    let mut oddities: Vec<Oddity> = of_name.into_iter().collect();
    if !names.iter().all(is_read_by_java) {
        oddities.extend(for_java());
    }
    (matched, oddities)
}

fn matched(
    leaf: &Certificate<'_>,
    names: &[GeneralName<'_>],
    asked: &ServerName<'_>,
) -> (Match, Option<Oddity>) {
    let asked = match asked {
        ServerName::DnsName(name) => name.as_ref().trim_end_matches('.').to_ascii_lowercase(),
        ServerName::IpAddress(address) => {
            let address = IpAddr::from(*address);
            let is_named = names
                .iter()
                .any(|name| matches!(name, GeneralName::Ip(ip) if *ip == octets(address)));
            return (if is_named { Match::Everyone } else { Match::Nobody }, None);
        }
        _ => return (Match::Nobody, None),
    };
    let dns = names.iter().filter_map(|name| match name {
        GeneralName::Dns(name) => std::str::from_utf8(name).ok(),
        _ => None,
    });
    let has_dns_name = names.iter().any(|name| matches!(name, GeneralName::Dns(_)));
    let mut ways: Vec<Way> =
        dns.filter_map(|name| Way::of(&name.to_ascii_lowercase(), &asked)).collect();
    let common_name = name::common_name(leaf.subject).map(|name| name.to_ascii_lowercase());
    let by_common_name =
        |name: &String| Way::of(name, &asked).is_some_and(|way| way.refusers.is_empty());
    if !has_dns_name && common_name.as_ref().is_some_and(by_common_name) {
        let is_told = !names.iter().any(|name| matches!(name, GeneralName::Ip(_)));
        ways.push(Way {
            refusers: Families::of(if is_told { "GFCW" } else { "GTFCW" }),
            what: "only its common name is that of the host",
            told_by: is_told.then_some("tls-san-missing"),
        });
    }
    let Some(best) = ways.into_iter().min_by_key(|way| way.refusers.count()) else {
        return (Match::Nobody, None);
    };
    if best.refusers.is_empty() {
        return (Match::Everyone, None);
    }
    let mut oddity = Oddity::new(Place::Served(0), Kind::Rule, best.refusers, best.what);
    oddity.told_by = best.told_by;
    (Match::Some, Some(oddity))
}

/// How a name is that of the host.
struct Way {
    refusers: Families,
    what: &'static str,
    told_by: Option<&'static str>,
}

impl Way {
    fn of(name: &str, asked: &str) -> Option<Self> {
        let way = |letters: &str, what| {
            Some(Self { refusers: Families::of(letters), what, told_by: None })
        };
        if name == asked {
            let has_underscore = asked.contains('_');
            return way(if has_underscore { "J" } else { "" }, UNDERSCORE);
        }
        if name.strip_suffix('.') == Some(asked) {
            return way("OGJTFW", "its name ends in a dot");
        }
        if name == "*" && !asked.contains('.') {
            return way("OnJTFCW", "its name is a bare `*`");
        }
        let (first, rest) = name.split_once('.')?;
        let (label, parent) = asked.split_once('.')?;
        if rest == parent && first == "*" && !label.is_empty() {
            return match (rest.contains('.'), label.contains('_') || parent.contains('_')) {
                (false, _) => way("OTFCW", "its name is a wildcard below a top-level domain"),
                (true, true) => way("OJ", UNDERSCORE),
                (true, false) => way("", ""),
            };
        }
        let (before, after) = first.split_once('*').unwrap_or((first, ""));
        let is_partial = first.contains('*')
            && label.len() >= before.len() + after.len()
            && label.starts_with(before)
            && label.ends_with(after);
        if rest == parent && is_partial {
            let who = if before.is_empty() { "GFCW" } else { "GTFCW" };
            return way(who, "its name has a wildcard for a part of a label");
        }
        is_within(name, asked).then_some(())?;
        way("OGTFCW", "its name has a wildcard in another place than the first label")
    }
}

/// Whether a wildcard stands for a label further on.
fn is_within(name: &str, asked: &str) -> bool {
    let (name, asked): (Vec<&str>, Vec<&str>) =
        (name.split('.').collect(), asked.split('.').collect());
    let mut labels = name.iter().zip(&asked).skip(1);
    name.len() == asked.len()
        && name[0] == asked[0]
        && labels.all(|(one, other)| one == other || *one == "*")
}

fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}

const UNDERSCORE: &str = "its name has an underscore";

#[cfg(test)]
mod tests {
    use super::*;

    fn refusers(name: &str, asked: &str) -> Option<String> {
        Way::of(name, asked).map(|way| way.refusers.to_string())
    }

    #[test]
    fn a_name_is_matched_as_each_client_does() {
        let everyone = Some("no client".to_owned());
        assert_eq!(refusers("a.d.test", "a.d.test"), everyone);
        assert_eq!(refusers("*.d.test", "a.d.test"), everyone);
        for (name, asked) in
            [("*.d.test", "d.test"), ("*.d.test", "a.b.d.test"), ("b.test", "a.test")]
        {
            assert_eq!(refusers(name, asked), None, "{name} {asked}");
        }
        let all_but = |letters| Some(Families::of(letters).to_string());
        assert_eq!(refusers("*.test", "d.test"), all_but("OTFCW"));
        assert_eq!(refusers("www.*.test", "www.d.test"), all_but("OGTFCW"));
        assert_eq!(refusers("w*.d.test", "www.d.test"), all_but("GTFCW"));
        assert_eq!(refusers("*w.d.test", "www.d.test"), all_but("GFCW"));
        assert_eq!(refusers("*", "localhost"), all_but("OnJTFCW"));
    }
}
