//! What to look at where the target's own URL has nothing to show, as the root of many an API: something
//! that most services have, at the places where frameworks put it.

use http::StatusCode;
use url::Url;

/// Whether an answer says that there is nothing here for anybody. One that wants a credential, fewer
/// requests or a repair says that there is something.
pub(crate) fn is_nothing(status: StatusCode) -> bool {
    let other = [401, 403, 407, 408, 421, 425, 429, 451];
    status.is_client_error() && !other.contains(&status.as_u16())
}

/// Where to look instead, the likeliest first. A GET changes nothing at any of them.
pub(crate) fn places(own: &Url) -> impl Iterator<Item = Url> {
    let at = |path: &&str| {
        let mut url = own.clone();
        url.set_query(None);
        url.set_path(path);
        url
    };
    PLACES.iter().map(at).filter(move |url| url != own)
}

/// What the application says of itself comes before its health, which a gateway may answer for. More places
/// would leave the first visit of the most curious probe too few of its requests.
const PLACES: [&str; 8] = [
    "/openapi.json",
    "/readyz",
    "/healthz",
    "/health",
    "/livez",
    "/health/ready",
    "/actuator/health",
    "/up",
];

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    #[test]
    fn what_is_there_for_somebody_is_not_nothing() {
        let is_nothing = |status| is_nothing(StatusCode::from_u16(status).expect("a status"));
        for status in [400, 404, 405, 406, 410] {
            assert!(is_nothing(status), "{status}");
        }
        for status in [200, 302, 401, 403, 429, 500, 503] {
            assert!(!is_nothing(status), "{status}");
        }
    }

    #[test]
    fn no_place_is_the_one_that_has_nothing() {
        let url = |text: &str| Url::parse(text).expect("a URL");
        let own = url("https://api.shop.example/readyz");
        let places: Vec<Url> = places(&own).collect();
        assert_eq!(places.len(), PLACES.len() - 1);
        assert!(!places.contains(&own));
        assert_eq!(places[0], url("https://api.shop.example/openapi.json"));
    }
}
