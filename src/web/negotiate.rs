//! What a client can take.

use http::{HeaderMap, HeaderName, header};

/// Whether the client would rather have the answer gzipped (RFC 9110 section 12.5.3).
pub(super) fn takes_gzip(headers: &HeaderMap) -> bool {
    let (mut gzip, mut any, mut identity) = (None, None, None);
    for (coding, quality) in offers(headers, &header::ACCEPT_ENCODING) {
        match coding.to_ascii_lowercase().as_str() {
            "gzip" | "x-gzip" => gzip = Some(quality),
            "*" => any = Some(quality),
            "identity" => identity = Some(quality),
            _ => {}
        }
    }
    let gzip = gzip.or(any).unwrap_or(0.0);
    // Nobody has to ask for identity, and who does may like it better.
    gzip > 0.0 && gzip >= identity.unwrap_or(0.0)
}

/// Whether the client is a browser, or somebody else who wants a page.
pub(super) fn takes_html(headers: &HeaderMap) -> bool {
    offers(headers, &header::ACCEPT)
        .any(|(kind, quality)| kind.eq_ignore_ascii_case("text/html") && quality > 0.0)
}

/// All values of a header as one.
pub(super) fn joined(headers: &HeaderMap, name: &HeaderName) -> String {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.collect::<Vec<_>>().join(",")
}

fn offers(headers: &HeaderMap, name: &HeaderName) -> impl Iterator<Item = (String, f32)> {
    let offers: Vec<_> = joined(headers, name).split(',').map(offer).collect();
    offers.into_iter()
}

fn offer(text: &str) -> (String, f32) {
    let mut parts = text.split(';').map(str::trim);
    let what = parts.next().unwrap_or_default().to_owned();
    let quality = parts.find_map(|part| {
        let (name, value) = part.split_once('=')?;
        name.trim().eq_ignore_ascii_case("q").then(|| value.trim().parse().unwrap_or(0.0))
    });
    (what, quality.unwrap_or(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gzip(value: &str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_ENCODING, value.parse().expect("a value"));
        takes_gzip(&headers)
    }

    #[test]
    fn gzip_is_sent_to_whom_asks_for_it() {
        for yes in ["gzip", "GZIP", "deflate, gzip;q=0.5", "*", "br;q=1, *;q=0.1", "gzip;q=0.001"] {
            assert!(gzip(yes), "{yes}");
        }
        for no in ["", "br", "gzip;q=0", "gzip; Q=0.0", "identity", "*;q=0", "gzip;q=0, *;q=1"] {
            assert!(!gzip(no), "{no}");
        }
        assert!(!gzip("gzip;q=0.5, identity;q=1"));
        assert!(!gzip("gzip;q=nonsense"));
        assert!(!takes_gzip(&HeaderMap::new()));
    }
}
