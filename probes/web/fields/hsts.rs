//! `Strict-Transport-Security` as browsers read it (RFC 6797 section 6.1).

use http::HeaderMap;

/// What a field asks for.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Hsts {
    /// Seconds.
    pub(crate) max_age: u64,
    /// Whether it goes for every host below.
    pub(crate) include_subdomains: bool,
}

impl Hsts {
    /// Reads a field's value, or says why browsers ignore it.
    pub(crate) fn parse(value: &str) -> Result<Self, String> {
        let mut hsts = Self::default();
        let mut seen: Vec<String> = Vec::new();
        for directive in directives(value)? {
            let (name, value) = match directive.split_once('=') {
                Some((name, value)) => (name.trim(), Some(value.trim())),
                None => (directive.trim(), None),
            };
            let name = name.to_ascii_lowercase();
            if name.is_empty() && value.is_none() {
                continue;
            }
            if !is_token(&name) {
                return Err(format!("`{}` is no directive", directive.trim()));
            }
            if seen.contains(&name) {
                return Err(format!("{name} is there twice"));
            }
            match name.as_str() {
                "max-age" => hsts.max_age = seconds(value.unwrap_or_default())?,
                "includesubdomains" if value.is_some() => {
                    return Err("includeSubDomains has a value".to_owned());
                }
                "includesubdomains" => hsts.include_subdomains = true,
                _ => {}
            }
            seen.push(name);
        }
        if seen.iter().any(|name| name == "max-age") {
            Ok(hsts)
        } else {
            Err("max-age is missing".to_owned())
        }
    }
}

/// Splits at semicolons outside quotes.
fn directives(value: &str) -> Result<Vec<String>, String> {
    let mut directives = vec![String::new()];
    let (mut quoted, mut escaped) = (false, false);
    for c in value.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ';' if !quoted => {
                directives.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(last) = directives.last_mut() {
            last.push(c);
        }
    }
    if quoted { Err("a quote is not closed".to_owned()) } else { Ok(directives) }
}

fn seconds(value: &str) -> Result<u64, String> {
    let digits = value.strip_prefix('"').and_then(|v| v.strip_suffix('"')).unwrap_or(value);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(format!("max-age is `{value}`, which is no number of seconds"));
    }
    // More than can be counted is as good as for ever.
    Ok(digits.parse().unwrap_or(u64::MAX))
}

fn is_token(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

/// What an answer's field asks for; `None` if it has none. Of several lines the first counts (RFC 6797
/// section 8.1).
pub(crate) fn of(headers: &HeaderMap) -> Option<Result<Hsts, String>> {
    let lines = super::lines(headers, FIELD);
    lines.first().map(|line| Hsts::parse(line))
}

pub(crate) const FIELD: &str = "strict-transport-security";

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_grammar_is_that_of_the_rfc() {
        let year = Hsts { max_age: 31_536_000, include_subdomains: false };
        for same in [
            "max-age=31536000",
            "MAX-AGE = \"31536000\"",
            " ; max-age=31536000 ;; preload ;",
            "max-age=31536000; unknown=\"a;b\"",
        ] {
            assert_eq!(Hsts::parse(same), Ok(year), "{same}");
        }
        let all = Hsts { include_subdomains: true, ..year };
        assert_eq!(Hsts::parse("includeSubdomains; max-age=31536000"), Ok(all));
        assert_eq!(Hsts::parse("max-age=99999999999999999999999").map(|h| h.max_age), Ok(u64::MAX));
    }

    #[test]
    fn what_browsers_ignore_is_invalid() {
        for invalid in [
            "",
            "includeSubDomains; preload",
            "max-age=abc",
            "max-age=",
            "max-age",
            "max-age=-1",
            "max-age=31536000; max-age=0",
            "max-age=31536000, max-age=31536000",
            "max-age=31536000 includeSubDomains",
            "max-age=\"31536000",
            "max-age=31536000; includeSubDomains=1",
        ] {
            assert!(Hsts::parse(invalid).is_err(), "{invalid}");
        }
    }

    proptest! {
        #[test]
        fn no_value_makes_the_parser_panic(value in "\\PC{0,60}") {
            let _ = Hsts::parse(&value);
        }

        #[test]
        fn case_and_white_space_change_nothing(age in 0_u64..100_000_000, gap in "[ \t]{0,3}") {
            let plain = Hsts::parse(&format!("max-age={age}; includeSubDomains"));
            let odd = format!("{gap}Max-AGE{gap}={gap}{age}{gap};{gap}INCLUDEsubdomains{gap}");
            prop_assert_eq!(plain, Hsts::parse(&odd));
        }
    }
}
