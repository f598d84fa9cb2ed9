//! A request as hyper sends it.

use std::fmt::Display;

use ::http::{HeaderMap, HeaderName, HeaderValue, Uri, header, uri};
use bytes::Bytes;
use http_body_util::Full;
use url::{Position, Url};

use super::Request;
use crate::contract::{Obstacle, Obstructed, setting::Text};

/// The request for HTTP/1.1 or HTTP/2, with the headers every request has.
pub(super) fn request(
    request: &Request,
    user_agent: &HeaderValue,
    http2: bool,
) -> Result<::http::Request<Full<Bytes>>, Obstructed> {
    let url = &request.url;
    let target = match &request.target {
        Some(target) => target.as_str(),
        None => &url[Position::BeforePath..Position::AfterQuery],
    };
    let mut headers = headers(request, user_agent)?;
    let uri = if http2 {
        // RFC 9113 section 8.3.1: the authority stands in for `host`.
        let host = headers.remove(header::HOST);
        let authority = host.as_ref().map_or(&b""[..], HeaderValue::as_bytes);
        let mut parts = uri::Parts::default();
        parts.scheme =
            Some(if url.scheme() == "http" { uri::Scheme::HTTP } else { uri::Scheme::HTTPS });
        parts.authority = Some(authority.try_into().map_err(|error| unsendable("host", &error))?);
        parts.path_and_query = Some(target.try_into().map_err(|error| unsendable(target, &error))?);
        Uri::from_parts(parts).map_err(|error| unsendable(target, &error))?
    } else {
        target.try_into().map_err(|error: uri::InvalidUri| unsendable(target, &error))?
    };
    let mut wire = ::http::Request::new(Full::new(request.body.clone()));
    *wire.method_mut() = request.method.clone();
    *wire.uri_mut() = uri;
    *wire.headers_mut() = headers;
    Ok(wire)
}

fn headers(request: &Request, user_agent: &HeaderValue) -> Result<HeaderMap, Obstructed> {
    let given = |name: &HeaderName| request.headers.iter().any(|(other, _)| other == name);
    let mut headers = HeaderMap::with_capacity(request.headers.len() + 4);
    if !given(&header::HOST) {
        headers.insert(header::HOST, host(&request.url)?);
    }
    if !given(&header::USER_AGENT) {
        headers.insert(header::USER_AGENT, user_agent.clone());
    }
    if !given(&header::ACCEPT) {
        headers.insert(header::ACCEPT, HeaderValue::from_static("*/*"));
    }
    if !given(&header::ACCEPT_ENCODING) {
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    }
    for (name, text) in &request.headers {
        headers.append(name, value(name, text)?);
    }
    Ok(headers)
}

/// The value of a header. The error does not show it, as it may be a secret.
pub(super) fn value(name: &HeaderName, text: &Text) -> Result<HeaderValue, Obstructed> {
    let value = HeaderValue::from_bytes(text.expose().as_bytes());
    let mut value = value
        .map_err(|_| unsendable(name, &"its value holds a line break or a control character"))?;
    value.set_sensitive(text.secret().is_some());
    Ok(value)
}

fn host(url: &Url) -> Result<HeaderValue, Obstructed> {
    // The port is there only where it is not the scheme's own, as browsers and curl have it.
    HeaderValue::from_str(&url[Position::BeforeHost..Position::AfterPort])
        .map_err(|error| unsendable("host", &error))
}

fn unsendable(what: impl Display, why: &dyn Display) -> Obstructed {
    Obstacle::Local.because(format!("the request cannot be sent: {what}: {why}"))
}
