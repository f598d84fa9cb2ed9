//! The text of a body, whatever its charset.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use crate::contract::net::{Body, Exchange};

/// The text of an answer: by its byte order mark, by what its header declares, by what it says itself
/// (a page's `meta`, the declaration of XML), else as UTF-8.
pub(crate) fn text(exchange: &Exchange) -> String {
    decode(exchange.header("content-type"), &exchange.body)
}

/// The text of a body with this `Content-Type`.
pub(crate) fn decode(content_type: Option<&str>, body: &Body) -> String {
    let content_type = content_type.unwrap_or_default().to_ascii_lowercase();
    let bytes = &body.bytes[..];
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return encoding.decode_without_bom_handling(&bytes[mark..]).0.into_owned();
    }
    let json = is_json(&content_type);
    if json && let Some(encoding) = wide(bytes) {
        return encoding.decode_without_bom_handling(bytes).0.into_owned();
    }
    let utf8 = UTF_8.decode_without_bom_handling_and_without_replacement(bytes);
    // JSON is UTF-8 (RFC 8259 section 8.1), and has no parameter to say otherwise.
    if json && let Some(text) = utf8 {
        return text.into_owned();
    }
    if let Some(encoding) = declared(&content_type).or_else(|| written_in(&content_type, bytes)) {
        return encoding.decode_without_bom_handling(bytes).0.into_owned();
    }
    match utf8 {
        Some(text) => text.into_owned(),
        None => undeclared(&content_type, body),
    }
}

/// The text of a body that declares nothing and is not UTF-8.
fn undeclared(content_type: &str, body: &Body) -> String {
    let bytes = &body.bytes[..];
    // A body that was cut may end within a character.
    if body.cut.is_some()
        && let Some(chunk) = bytes.utf8_chunks().next()
        && chunk.valid().len() + chunk.invalid().len() == bytes.len()
    {
        return chunk.valid().to_owned();
    }
    // What browsers fall back to, and what RFC 2616 once had as default.
    let encoding = if content_type.starts_with("text/") { WINDOWS_1252 } else { UTF_8 };
    encoding.decode_without_bom_handling(bytes).0.into_owned()
}

fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    essence.ends_with("/json") || essence.ends_with("+json")
}

/// UTF-16 without a mark: JSON begins with a character of ASCII (RFC 4627 section 3).
fn wide(bytes: &[u8]) -> Option<&'static Encoding> {
    match bytes {
        [0, b, ..] if *b != 0 => Some(UTF_16BE),
        [b, 0, ..] if *b != 0 => Some(UTF_16LE),
        _ => None,
    }
}

/// The parameter `charset` of a `Content-Type` in lower case.
fn declared(content_type: &str) -> Option<&'static Encoding> {
    content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let value = value.trim().trim_matches(['"', '\'']);
        (name.trim() == "charset").then(|| Encoding::for_label(value.as_bytes())).flatten()
    })
}

/// What a page or XML says of itself at its beginning (HTML standard, "prescan a byte stream to
/// determine its encoding"; XML 1.0 section 4.3.3).
fn written_in(content_type: &str, bytes: &[u8]) -> Option<&'static Encoding> {
    let start = String::from_utf8_lossy(&bytes[..bytes.len().min(PRESCAN)]).to_ascii_lowercase();
    let named = if content_type.contains("html") || content_type.is_empty() {
        let metas = start.match_indices("<meta").map(|(at, _)| &start[at..]);
        let mut tags = metas.map(|rest| &rest[..rest.find('>').unwrap_or(rest.len())]);
        tags.find_map(|tag| after(tag, "charset"))
    } else {
        None
    };
    let named = named.or_else(|| {
        let declaration = start.strip_prefix("<?xml")?;
        after(&declaration[..declaration.find("?>")?], "encoding")
    })?;
    let encoding = Encoding::for_label(named.as_bytes())?;
    // It was read as ASCII, so it cannot be UTF-16 (HTML standard, section 13.2.3.2).
    Some(if encoding == UTF_16LE || encoding == UTF_16BE { UTF_8 } else { encoding })
}

/// The value after `name =`, quoted or not.
fn after(text: &str, name: &str) -> Option<String> {
    let rest = text[text.find(name)? + name.len()..].trim_start().strip_prefix('=')?.trim_start();
    let value = rest.trim_start_matches(['"', '\'']);
    let end = value.find(|c: char| c.is_whitespace() || "\"';/>?".contains(c));
    Some(value[..end.unwrap_or(value.len())].to_owned())
}

/// Bytes in which a page must say what it is written in.
const PRESCAN: usize = 1024;

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;
    use crate::contract::Obstacle;

    fn of(content_type: &str, bytes: &[u8]) -> String {
        decode(Some(content_type), &Body { bytes: Bytes::copy_from_slice(bytes), cut: None })
    }

    fn encoded(text: &str, label: &str) -> Vec<u8> {
        Encoding::for_label(label.as_bytes()).expect("a label").encode(text).0.into_owned()
    }

    #[test]
    fn the_declared_charset_counts() {
        for (label, text) in [
            ("iso-8859-1", "schön"),
            ("windows-1251", "ошибка"),
            ("gbk", "失败"),
            ("shift_jis", "失敗"),
            ("euc-kr", "실패"),
            ("koi8-r", "ошибка"),
            ("utf-8", "失败"),
        ] {
            for parameter in [label.to_owned(), format!("\"{}\"", label.to_uppercase())] {
                let content_type = format!("text/plain; x=y; Charset={parameter}");
                assert_eq!(of(&content_type, &encoded(text, label)), text, "{label}");
            }
        }
        let wide: Vec<u8> = "失败".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(of("text/html; charset=utf-16le", &wide), "失败");
    }

    #[test]
    fn a_byte_order_mark_outweighs_what_is_declared() {
        assert_eq!(of("text/plain; charset=iso-8859-1", "\u{feff}schön".as_bytes()), "schön");
        let wide: Vec<u8> = "\u{feff}schön".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(of("text/plain", &wide), "schön");
    }

    #[test]
    fn a_page_may_say_it_itself() {
        let text = "<html><meta charset=\"windows-1251\"><p>ошибка";
        assert_eq!(of("text/html", &encoded(text, "windows-1251")), text);
        let text = "<meta http-equiv=Content-Type content='text/html; charset=gbk'><p>失败";
        assert_eq!(of("text/html", &encoded(text, "gbk")), text);
        let text = "<?xml version=\"1.0\" encoding=\"iso-8859-1\"?><a>schön</a>";
        assert_eq!(of("application/xml", &encoded(text, "iso-8859-1")), text);
        let text = "<meta charset=utf-16><p>schön";
        assert_eq!(of("text/html", text.as_bytes()), text);
    }

    #[test]
    fn json_is_utf_8_whatever_is_declared() {
        let json = "{\"a\":\"schön\"}";
        assert_eq!(of("application/json; charset=iso-8859-1", json.as_bytes()), json);
        let wide: Vec<u8> = json.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(of("application/problem+json", &wide), json);
        let latin = encoded(json, "iso-8859-1");
        assert_eq!(of("application/json; charset=iso-8859-1", &latin), json);
    }

    #[test]
    fn without_a_declaration_it_is_utf_8_or_what_browsers_fall_back_to() {
        assert_eq!(of("text/plain", "schön".as_bytes()), "schön");
        assert_eq!(of("text/plain", &encoded("schön", "iso-8859-1")), "schön");
        assert_eq!(of("text/html; charset=nonsense", "schön".as_bytes()), "schön");
    }

    #[test]
    fn a_cut_body_may_end_within_a_character() {
        let cut = Some(Obstacle::OverBudget.because("the body is larger than 1 MiB"));
        let bytes = Bytes::copy_from_slice(&"schö".as_bytes()[..4]);
        assert_eq!(decode(Some("text/plain"), &Body { bytes, cut }), "sch");
    }

    proptest! {
        #[test]
        fn no_body_makes_it_panic(
            content_type in "(text/html|application/json|x); ?(charset=[a-z0-9-]{0,12})?",
            bytes in proptest::collection::vec(any::<u8>(), 0..80),
        ) {
            let _ = of(&content_type, &bytes);
        }
    }
}
