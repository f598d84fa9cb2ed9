//! File names for targets.

use aws_lc_rs::digest::{SHA256, digest};

/// A file name for a target of any name: safe on every file system, those that do not tell capitals
/// apart included, and different for different names.
pub(super) fn file_name(target: &str) -> String {
    let mut name = String::new();
    for byte in target.bytes() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' => name.push(char::from(byte)),
            _ => name.extend(['%', hex(byte >> 4), hex(byte & 15)]),
        }
    }
    if (1..=LONGEST).contains(&name.len()) {
        return name;
    }
    // `~` stands in no other name.
    name.truncate(LONGEST / 2);
    let sum = digest(&SHA256, target.as_bytes());
    name.push('~');
    name.extend(sum.as_ref().iter().take(16).flat_map(|byte| [hex(byte >> 4), hex(byte & 15)]));
    name
}

fn hex(digit: u8) -> char {
    char::from_digit(u32::from(digit), 16).unwrap_or('0')
}

/// Bytes. File systems allow 255, and suffixes follow.
const LONGEST: usize = 120;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_ordinary_name_reads_as_it_is() {
        assert_eq!(file_name("checkout-eu_1"), "checkout-eu_1");
        assert_eq!(file_name("a/b"), "a%2fb");
    }

    #[test]
    fn names_that_look_alike_are_told_apart() {
        let long = "x".repeat(300);
        let longer = "x".repeat(301);
        let names = ["", ".", "..", "shop", "Shop", "sh/op", "sh%2fop", "shöp", &long, &longer];
        let files: BTreeSet<String> =
            names.iter().map(|name| file_name(name).to_ascii_lowercase()).collect();
        assert_eq!(files.len(), names.len(), "{files:?}");
    }

    proptest! {
        #[test]
        fn every_name_is_safe(target in ".*") {
            let name = file_name(&target);
            prop_assert!(!name.is_empty() && name.len() <= 200);
            let safe = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_%~".contains(c);
            prop_assert!(name.chars().all(safe), "{name}");
        }
    }
}
