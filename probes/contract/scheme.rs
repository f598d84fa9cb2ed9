//! What a target speaks, by the scheme of its URL.

use url::Url;

/// What a target speaks.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Scheme {
    /// HTTP without TLS.
    Http,
    /// HTTP over TLS.
    Https,
    /// PostgreSQL, which turns to TLS when it is asked to.
    Postgres,
    /// Redis without TLS.
    Redis,
    /// Redis over TLS.
    Rediss,
    /// gRPC without TLS.
    Grpc,
    /// gRPC over TLS.
    Grpcs,
    /// MQTT without TLS.
    Mqtt,
    /// MQTT over TLS.
    Mqtts,
    /// Something else over TCP.
    Tcp,
}

impl Scheme {
    /// Every scheme.
    pub const ALL: [Self; 10] = [
        Self::Https,
        Self::Http,
        Self::Postgres,
        Self::Rediss,
        Self::Redis,
        Self::Grpcs,
        Self::Grpc,
        Self::Mqtts,
        Self::Mqtt,
        Self::Tcp,
    ];

    /// HTTP, with and without TLS.
    pub const HTTP: [Self; 2] = [Self::Https, Self::Http];

    /// The scheme of a URL, if it is one that targets have.
    #[must_use]
    pub fn of(url: &Url) -> Option<Self> {
        let word = url.scheme();
        let word = if word == "postgresql" { "postgres" } else { word };
        Self::ALL.into_iter().find(|scheme| scheme.as_str() == word)
    }

    /// The word in a URL.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
            Self::Postgres => "postgres",
            Self::Redis => "redis",
            Self::Rediss => "rediss",
            Self::Grpc => "grpc",
            Self::Grpcs => "grpcs",
            Self::Mqtt => "mqtt",
            Self::Mqtts => "mqtts",
            Self::Tcp => "tcp",
        }
    }

    /// The port where the URL names none; `None` if there is no usual one.
    #[must_use]
    pub const fn port(self) -> Option<u16> {
        match self {
            Self::Http => Some(80),
            Self::Https | Self::Grpcs => Some(443),
            Self::Postgres => Some(5432),
            Self::Redis | Self::Rediss => Some(6379),
            Self::Mqtt => Some(1883),
            Self::Mqtts => Some(8883),
            Self::Grpc | Self::Tcp => None,
        }
    }

    /// Whether a connection begins with TLS.
    #[must_use]
    pub const fn is_tls(self) -> bool {
        matches!(self, Self::Https | Self::Rediss | Self::Grpcs | Self::Mqtts)
    }

    /// Whether it is asked by HTTP.
    #[must_use]
    pub const fn is_http(self) -> bool {
        matches!(self, Self::Http | Self::Https)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_tells_what_its_target_speaks() {
        let of = |url: &str| Scheme::of(&url.parse().expect("a URL"));
        for scheme in Scheme::ALL {
            assert_eq!(of(&format!("{}://shop.example", scheme.as_str())), Some(scheme));
        }
        assert_eq!(of("postgresql://db"), Some(Scheme::Postgres));
        assert_eq!((of("ftp://shop.example"), of("data:x")), (None, None));
    }
}
