//! Which names an authority may issue for (RFC 5280 section 4.2.1.10).

use super::{general_name::GeneralName, name};
use crate::wire::der::{SEQUENCE, Values};

/// nameConstraints.
#[derive(Clone, Debug, Default)]
pub(crate) struct NameConstraints<'a> {
    pub(crate) permitted: Vec<GeneralName<'a>>,
    pub(crate) excluded: Vec<GeneralName<'a>>,
}

impl<'a> NameConstraints<'a> {
    /// Reads the extension's value.
    pub(crate) fn of(value: &'a [u8]) -> Result<Self, String> {
        let what = "nameConstraints";
        let mut values = Values(value);
        let mut inner = values.enter(SEQUENCE, what)?;
        values.finish(what)?;
        let mut subtrees = |tag: u8| -> Result<Vec<GeneralName<'a>>, String> {
            let Some(value) = inner.optional(tag, what)? else { return Ok(Vec::new()) };
            let mut list = Values(value.content);
            let mut all = Vec::new();
            while !list.0.is_empty() {
                let mut subtree = list.enter(SEQUENCE, what)?;
                all.push(GeneralName::of(subtree.next(what)?, what)?);
            }
            Ok(all)
        };
        let (permitted, excluded) = (subtrees(0xa0)?, subtrees(0xa1)?);
        inner.finish(what)?;
        Ok(Self { permitted, excluded })
    }
}

/// Whether a name lies within a constraint of its kind; `None` if it is of another kind.
pub(crate) fn covers(base: &GeneralName<'_>, name: &GeneralName<'_>) -> Option<bool> {
    Some(match (base, name) {
        (GeneralName::Dns(base), GeneralName::Dns(name)) => is_below(name, base),
        (GeneralName::Email(base), GeneralName::Email(name)) => covers_email(base, name),
        (GeneralName::Uri(base), GeneralName::Uri(name)) => covers_uri(base, name),
        (GeneralName::Ip(base), GeneralName::Ip(name)) => covers_address(base, name),
        (GeneralName::Directory(base), GeneralName::Directory(name)) => name::is_within(name, base),
        _ => return None,
    })
}

/// Whether a DNS name is a base or below it. With a dot before it, a base covers only what is below.
fn is_below(name: &[u8], base: &[u8]) -> bool {
    if base.is_empty() {
        return true;
    }
    let Some(split) = name.len().checked_sub(base.len()) else { return false };
    let (above, end) = name.split_at(split);
    let begins_a_label = base.starts_with(b".") || above.is_empty() || above.ends_with(b".");
    let is_base_itself = above.is_empty() && base.starts_with(b".");
    end.eq_ignore_ascii_case(base) && begins_a_label && !is_base_itself
}

fn covers_email(base: &[u8], name: &[u8]) -> bool {
    let host = name.rsplit(|byte| *byte == b'@').next().unwrap_or_default();
    if base.contains(&b'@') {
        let (Some(at), Some(of_base)) = (name.len().checked_sub(host.len()), split_at_sign(base))
        else {
            return false;
        };
        return name[..at] == *of_base.0 && host.eq_ignore_ascii_case(of_base.1);
    }
    if base.starts_with(b".") { is_below(host, base) } else { host.eq_ignore_ascii_case(base) }
}

fn split_at_sign(address: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = address.iter().rposition(|byte| *byte == b'@')?;
    address.split_at_checked(at + 1)
}

fn covers_uri(base: &[u8], name: &[u8]) -> bool {
    let url = std::str::from_utf8(name).ok().and_then(|text| url::Url::parse(text).ok());
    let Some(host) = url.as_ref().and_then(url::Url::host_str) else { return false };
    let host = host.as_bytes();
    if base.starts_with(b".") { is_below(host, base) } else { host.eq_ignore_ascii_case(base) }
}

fn covers_address(base: &[u8], name: &[u8]) -> bool {
    let (network, mask) = base.split_at(base.len() / 2);
    network.len() == name.len()
        && mask.len() == name.len()
        && name.iter().zip(network).zip(mask).all(|((a, b), mask)| a & mask == b & mask)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dns(base: &str, name: &str) -> bool {
        is_below(name.as_bytes(), base.as_bytes())
    }

    #[test]
    fn a_base_covers_itself_and_whole_labels_below() {
        assert!(dns("d.test", "d.test") && dns("d.test", "A.D.test") && dns("", "any"));
        assert!(!dns("d.test", "bad.test") && !dns("a.d.test", "d.test"));
        assert!(dns(".d.test", "a.d.test") && !dns(".d.test", "d.test"));
    }

    #[test]
    fn other_kinds_follow_their_own_rules() {
        assert!(covers_email(b"d.test", b"a@d.test") && !covers_email(b"d.test", b"a@b.d.test"));
        assert!(covers_email(b".d.test", b"a@b.d.test") && covers_email(b"a@d.test", b"a@D.test"));
        assert!(!covers_email(b"a@d.test", b"b@d.test"));
        assert!(covers_uri(b"d.test", b"https://d.test/a") && !covers_uri(b"d.test", b"x:y"));
        assert!(covers_address(&[10, 0, 0, 0, 255, 0, 0, 0], &[10, 1, 2, 3]));
        assert!(!covers_address(&[10, 0, 0, 0, 255, 0, 0, 0], &[11, 1, 2, 3]));
        assert!(!covers_address(&[10, 0, 0, 0, 255, 0, 0, 0], &[0; 16]));
    }
}
