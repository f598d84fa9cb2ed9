//! Reading header fields, several lines of one name included.

pub(crate) mod caching;
pub(crate) mod csp;
pub(crate) mod hsts;
pub(crate) mod html;
pub(crate) mod referrer;

use http::{HeaderMap, header};
use sfv::{BareItem, Dictionary, Item, Parser};

/// Every value of a field, joined by commas (RFC 9110 section 5.3); `None` if it is not there.
pub(crate) fn joined(headers: &HeaderMap, name: &str) -> Option<String> {
    let values = lines(headers, name);
    (!values.is_empty()).then(|| values.join(", "))
}

/// The value of each line of a field, without white space around it.
pub(crate) fn lines(headers: &HeaderMap, name: &str) -> Vec<String> {
    let values = headers.get_all(name).iter();
    values.map(|value| String::from_utf8_lossy(value.as_bytes()).trim().to_owned()).collect()
}

/// The members of a comma-separated list of words, in lower case, empty ones left out.
pub(crate) fn words(value: &str) -> Vec<String> {
    let words = value.split(',').map(|word| word.trim().to_ascii_lowercase());
    words.filter(|word| !word.is_empty()).collect()
}

/// The members of a comma-separated list, white space around them left out, where a comma within a
/// quoted string is none (Fetch standard, "get, decode, and split"). An empty value has one empty
/// member.
pub(crate) fn split(value: &str) -> Vec<&str> {
    let (mut quoted, mut escaped) = (false, false);
    let members = value.split(move |c: char| {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ => return c == ',' && !quoted,
        }
        false
    });
    members.map(|member| member.trim_matches([' ', '\t'])).collect()
}

/// The media types that an answer names, over all its lines, each with its parameters.
pub(crate) fn media_types(headers: &HeaderMap) -> Vec<String> {
    let lines = lines(headers, header::CONTENT_TYPE.as_str());
    lines.iter().flat_map(|line| split(line)).map(str::to_owned).collect()
}

/// The media type's essence as browsers take it, in lower case; `None` if there is none. Of several,
/// the last that is one counts (Fetch standard, "extract a MIME type").
pub(crate) fn media_type(headers: &HeaderMap) -> Option<String> {
    let essence =
        |member: &String| member.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let all: Vec<String> = media_types(headers).iter().map(essence).collect();
    let is_type = |name: &&String| {
        name.split_once('/').is_some_and(|(kind, name)| !kind.is_empty() && !name.is_empty())
            && *name != "*/*"
    };
    all.iter().rfind(is_type).or(all.first()).cloned()
}

/// Whether a media type is one that browsers render as a page.
pub(crate) fn is_html(media_type: &str) -> bool {
    matches!(media_type, "text/html" | "application/xhtml+xml")
}

/// A structured field that is a single token, parameters left out (RFC 9651 section 3.3.4).
pub(crate) fn token(value: &str) -> Option<String> {
    let item: Item = Parser::new(value).parse().ok()?;
    match item.bare_item {
        BareItem::Token(token) => Some(token.as_str().to_owned()),
        _ => None,
    }
}

/// A structured field that is a dictionary.
pub(crate) fn dictionary(value: &str) -> Option<Dictionary> {
    Parser::new(value).parse().ok()
}

#[cfg(test)]
pub(crate) mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_of_one_name_are_one_field() {
        let mut headers = HeaderMap::new();
        assert_eq!(joined(&headers, "x-a"), None);
        headers.append("x-a", HeaderValue::from_static(" one\t"));
        headers.append("x-a", HeaderValue::from_static("two"));
        assert_eq!(joined(&headers, "X-A").as_deref(), Some("one, two"));
        assert_eq!(words("One ,, two"), ["one", "two"]);
    }

    #[test]
    fn a_token_is_no_string_and_no_list() {
        assert_eq!(token("same-origin").as_deref(), Some("same-origin"));
        assert_eq!(token(" same-origin; report-to=\"x\"").as_deref(), Some("same-origin"));
        for other in ["\"same-origin\"", "same-origin, same-origin", "a; report-to=b c", "", "1"] {
            assert_eq!(token(other), None, "{other}");
        }
    }

    #[test]
    fn a_comma_in_a_quoted_string_ends_no_member() {
        assert_eq!(split(r#"private="a, b" , max-age=1"#), [r#"private="a, b""#, "max-age=1"]);
        assert_eq!(split(r#"a="\",", b"#), [r#"a="\",""#, "b"]);
        assert_eq!(split("DENY,"), ["DENY", ""]);
        assert_eq!(split(""), [""]);
    }

    #[test]
    fn of_several_media_types_the_last_that_is_one_counts() {
        let of = |lines: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(header::CONTENT_TYPE, HeaderValue::from_static(line));
            }
            media_type(&headers)
        };
        let is = |name: &str| Some(name.to_owned());
        assert_eq!(of(&["text/html, application/json"]), is("application/json"));
        assert_eq!(of(&["text/plain", "Text/HTML; charset=utf-8"]), is("text/html"));
        assert_eq!(of(&["text/html, utf-8"]), is("text/html"));
        assert_eq!(of(&[r#"multipart/mixed; boundary="a,b/c""#]), is("multipart/mixed"));
        assert_eq!(of(&["json"]), is("json"));
        assert_eq!(of(&[]), None);
    }

    proptest! {
        #[test]
        fn a_token_keeps_its_case_and_loses_the_spaces_around_it(
            value in "[a-zA-Z*][a-zA-Z0-9-]{0,12}", before in " {0,3}", after in " {0,3}",
        ) {
            prop_assert_eq!(token(&format!("{before}{value}{after}")), Some(value));
        }

        #[test]
        fn words_and_media_types_have_neither_case_nor_white_space(
            list in proptest::collection::vec("[a-zA-Z]{1,8}", 1..5), gap in "[ \t]{0,3}",
        ) {
            let lower: Vec<String> = list.iter().map(|word| word.to_ascii_lowercase()).collect();
            prop_assert_eq!(words(&list.join(&format!("{gap},{gap}"))), &*lower);
            let mut headers = HeaderMap::new();
            let value = format!("{0}/{0}{gap};{gap}charset=utf-8", list[0]);
            headers.insert(header::CONTENT_TYPE, value.parse().expect("a value"));
            prop_assert_eq!(media_type(&headers), Some(format!("{0}/{0}", lower[0])));
        }

        #[test]
        fn no_value_makes_a_parser_panic(value in "\\PC{0,80}") {
            let _ = (token(&value), dictionary(&value), words(&value), split(&value));
        }
    }
}
