//! Where applications have what can be looked at.

use url::Url;

/// Where an OpenAPI document may be, the likeliest first.
pub(super) fn documents(own: &Url) -> Vec<Url> {
    at(own, &DOCUMENTS)
}

/// Where many have a page or the root of an API.
pub(super) fn pages(own: &Url) -> Vec<Url> {
    at(own, &PAGES)
}

fn at(own: &Url, paths: &[&str]) -> Vec<Url> {
    let place = |path: &&str| {
        let mut url = own.clone();
        url.set_query(None);
        url.set_path(path);
        url
    };
    paths.iter().map(place).filter(|url| url != own).collect()
}

/// Whether a path is by its name one that tells the health of a service, or its metrics. Gateways and
/// sidecars answer for these, without the application.
pub(crate) fn is_health(path: &str) -> bool {
    let last = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let last = last.to_ascii_lowercase();
    let mut words = last.split(|c: char| !c.is_ascii_alphanumeric());
    words.any(|word| HEALTH.contains(&word)) || path.to_ascii_lowercase().contains("/health/")
}

const DOCUMENTS: [&str; 6] = [
    "/openapi.json",
    "/v3/api-docs",
    "/swagger.json",
    "/swagger/v1/swagger.json",
    "/api-docs",
    "/api/openapi.json",
];

const PAGES: [&str; 6] = ["/api", "/api/v1", "/v1", "/login", "/index.html", "/app"];

const HEALTH: [&str; 20] = [
    "alive",
    "health",
    "healthcheck",
    "healthz",
    "heartbeat",
    "heartbeatz",
    "live",
    "liveness",
    "livez",
    "metrics",
    "ping",
    "prometheus",
    "readiness",
    "ready",
    "readyz",
    "startup",
    "startupz",
    "status",
    "statusz",
    "up",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_place_is_the_one_that_was_asked() {
        let own = Url::parse("https://api.shop.example/v1").expect("a URL");
        let places = pages(&own);
        assert_eq!(places.len(), PAGES.len() - 1);
        assert!(!places.contains(&own));
    }

    #[test]
    fn health_is_known_by_its_name() {
        for path in [
            "/healthz",
            "/readyz/",
            "/actuator/health",
            "/health/ready",
            "/api/v1/health-check",
            "/up",
            "/-/ready",
            "/metrics",
            "/Health",
        ] {
            assert!(is_health(path), "{path}");
        }
        for path in ["/", "/api", "/api/deliveries", "/updates", "/healthcare", "/v1/pingpong"] {
            assert!(!is_health(path), "{path}");
        }
    }
}
