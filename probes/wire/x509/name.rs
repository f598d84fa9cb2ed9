//! Distinguished names: their attributes, and when two are the same (RFC 5280 section 7.1).

use super::oid;
use crate::wire::der::{OID, SEQUENCE, SET, Values};

/// How alike two names are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Likeness {
    /// Byte for byte.
    Same,
    /// But for the types of their strings.
    Types,
    /// But for case or white space.
    Case,
    Different,
}

/// One attribute: its kind, and the tag and content of its value.
type Attribute<'a> = (&'a [u8], u8, &'a [u8]);

/// How alike two Names are, each with tag and length.
pub(crate) fn likeness(one: &[u8], other: &[u8]) -> Likeness {
    if one == other {
        return Likeness::Same;
    }
    let (Ok(one), Ok(other)) = (attributes(one), attributes(other)) else {
        return Likeness::Different;
    };
    if one.len() != other.len() {
        return Likeness::Different;
    }
    let mut likeness = Likeness::Types;
    for (a, b) in one.iter().flatten().zip(other.iter().flatten()) {
        let (Some(text), Some(other)) = (text(a), text(b)) else { return Likeness::Different };
        if a.0 != b.0 || folded(&text) != folded(&other) {
            return Likeness::Different;
        }
        if text != other {
            likeness = Likeness::Case;
        }
    }
    let shape = |name: &[Vec<Attribute<'_>>]| name.iter().map(Vec::len).collect::<Vec<_>>();
    if shape(&one) == shape(&other) { likeness } else { Likeness::Different }
}

/// Whether a Name begins with another, as a directory name constraint asks.
pub(crate) fn is_within(name: &[u8], base: &[u8]) -> bool {
    let (Ok(name), Ok(base)) = (attributes(name), attributes(base)) else { return false };
    name.len() >= base.len()
        && name.iter().zip(&base).all(|(one, other)| {
            one.len() == other.len()
                && one.iter().zip(other).all(|(a, b)| {
                    a.0 == b.0
                        && (a.2 == b.2
                            || text(a).zip(text(b)).is_some_and(|(a, b)| folded(&a) == folded(&b)))
                })
        })
}

/// Whether a Name has no attributes.
pub(crate) fn is_empty(name: &[u8]) -> bool {
    attributes(name).is_ok_and(|name| name.is_empty())
}

/// The last common name, as text.
pub(crate) fn common_name(name: &[u8]) -> Option<String> {
    let name = attributes(name).ok()?;
    name.iter().flatten().rev().find(|one| one.0 == oid::COMMON_NAME).and_then(text)
}

fn attributes(name: &[u8]) -> Result<Vec<Vec<Attribute<'_>>>, String> {
    let what = "a name";
    let mut inner = Values(name).enter(SEQUENCE, what)?;
    let mut all = Vec::new();
    while !inner.0.is_empty() {
        let mut set = inner.enter(SET, what)?;
        let mut relative = Vec::new();
        while !set.0.is_empty() {
            let mut one = set.enter(SEQUENCE, what)?;
            let kind = one.expect(OID, what)?.content;
            let value = one.next(what)?;
            relative.push((kind, value.tag, value.content));
        }
        all.push(relative);
    }
    Ok(all)
}

/// An attribute's value as text, where it is some.
fn text((_, tag, content): &Attribute<'_>) -> Option<String> {
    match tag {
        // UTF8String, NumericString, PrintableString, IA5String, VisibleString
        0x0c | 0x12 | 0x13 | 0x16 | 0x1a => String::from_utf8(content.to_vec()).ok(),
        // TeletexString, which everyone reads as Latin-1
        0x14 => Some(content.iter().copied().map(char::from).collect()),
        // BMPString
        0x1e => {
            let units: Vec<u16> = content
                .chunks(2)
                .map(|pair| u16::from_be_bytes([pair[0], pair.get(1).copied().unwrap_or(0)]))
                .collect();
            String::from_utf16(&units).ok()
        }
        _ => None,
    }
}

fn folded(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::der::wrap;

    fn name(tag: u8, text: &str) -> Vec<u8> {
        let attribute = [wrap(OID, oid::COMMON_NAME), wrap(tag, text.as_bytes())].concat();
        wrap(SEQUENCE, &wrap(SET, &wrap(SEQUENCE, &attribute)))
    }

    #[test]
    fn names_are_alike_in_three_ways() {
        let ours = name(0x0c, "Our CA");
        assert_eq!(likeness(&ours, &name(0x0c, "Our CA")), Likeness::Same);
        assert_eq!(likeness(&ours, &name(0x13, "Our CA")), Likeness::Types);
        assert_eq!(likeness(&ours, &name(0x0c, "our  ca")), Likeness::Case);
        assert_eq!(likeness(&ours, &name(0x0c, "Their CA")), Likeness::Different);
        assert_eq!(common_name(&ours).as_deref(), Some("Our CA"));
        assert!(is_empty(&wrap(SEQUENCE, &[])) && !is_empty(&ours));
    }
}
