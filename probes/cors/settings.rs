//! Who may read what, as an operator writes it.

use std::{borrow::Cow, fmt};

use http::{HeaderName, header};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer,
    de::{self, value::MapAccessDeserializer},
};

use super::origin::Origin;
use crate::contract::{
    Mistake, Target,
    net::Endpoint,
    setting::{Headers, Link, StatusSet},
};

/// Settings of the `cors` probe. Every one may be left out: no other site is then meant to read what
/// the target says.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Cors {
    /// Web sites whose pages must be able to call the target, as browsers send them:
    /// `https://shop.example`.
    pub(super) allowed_origins: Vec<Origin>,
    /// What pages call, each a path or a mapping with `path`, `public`, `methods` and
    /// `request_headers`. It must answer a GET with 2xx. By default the target's URL or where that
    /// leads to; where that has no application (401, 404), up to eight operations without parameters of
    /// its OpenAPI document, else what it has at usual places such as /api. Health endpoints stand in for
    /// nothing. An endpoint that answers every origin alike costs about 20 requests a visit, one with a
    /// list of origins about 40 and 20 for each of `allowed_origins`; a visit may make as many as its
    /// settings ask, unless the target's `budgets` set `requests_per_visit`.
    pub(super) endpoints: Vec<Place>,
    /// Statuses of answers that are the application's. What is allowed beside refusals and errors says
    /// nothing of what it answers otherwise.
    pub(super) accept: StatusSet,
    /// Header fields that sign a user in, such as `cookie` or `authorization`. Without them nothing is
    /// known of what only signed-in users may read.
    pub(super) credentials: Headers,
    /// Whether every subdomain of the target's and the allowed origins' domains may read too.
    pub(super) allow_subdomains: bool,
    /// Whether the target can be reached from inside a network alone; by default told by its address.
    pub(super) private_network: Option<bool>,
    /// WebSocket endpoints that rely on cookies, and should therefore look at the origin.
    pub(super) websockets: Vec<Link>,
}

impl Default for Cors {
    fn default() -> Self {
        Self {
            allowed_origins: Vec::new(),
            endpoints: Vec::new(),
            accept: StatusSet::success(),
            credentials: Headers::default(),
            allow_subdomains: false,
            private_network: None,
            websockets: Vec::new(),
        }
    }
}

/// Something that pages call.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) path: Link,
    /// Whether anybody on any site may read what it says without credentials.
    pub(super) public: bool,
    /// Methods that pages of the allowed origins use.
    pub(super) methods: Vec<Method>,
    /// Header fields that they send.
    pub(super) request_headers: Vec<HeaderName>,
}

/// A method as pages use it.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Method {
    Get,
    Head,
    Post,
    Put,
    Patch,
    Delete,
}

/// How the configured credentials get into a request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Credentials {
    /// None are configured.
    Unknown,
    /// The browser adds them by itself, whoever's page it is.
    Ambient,
    /// A script has to know and add them.
    Explicit,
}

impl Method {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    /// Whether browsers send it without asking first (Fetch standard, CORS-safelisted method).
    pub(super) fn is_safelisted(self) -> bool {
        matches!(self, Self::Get | Self::Head | Self::Post)
    }
}

impl Place {
    pub(super) fn at(path: Link) -> Self {
        Self { path, public: false, methods: Vec::new(), request_headers: Vec::new() }
    }
}

impl Cors {
    /// What is asked: the listed endpoints, or the target's URL.
    pub(super) fn places(&self, target: &Target) -> Vec<Place> {
        if !self.endpoints.is_empty() {
            return self.endpoints.clone();
        }
        let own = target.url[url::Position::BeforePath..url::Position::AfterQuery].parse();
        own.or_else(|_| target.url.as_str().parse()).map(Place::at).into_iter().collect()
    }

    pub(super) fn credentials_kind(&self) -> Credentials {
        let fields = self.credentials.to_vec();
        let is_ambient = |(name, value): &(HeaderName, crate::contract::setting::Text)| {
            let scheme = value.expose().split(' ').next().unwrap_or_default().to_ascii_lowercase();
            *name == header::COOKIE
                || (*name == header::AUTHORIZATION
                    && matches!(&*scheme, "basic" | "digest" | "negotiate" | "ntlm"))
        };
        match &fields[..] {
            [] => Credentials::Unknown,
            fields if fields.iter().any(is_ambient) => Credentials::Ambient,
            _ => Credentials::Explicit,
        }
    }

    /// Header fields that a page of an allowed origin sends and a browser asks leave for.
    pub(super) fn asked_headers(&self, place: &Place) -> Vec<HeaderName> {
        let mut names = place.request_headers.clone();
        if self.credentials_kind() == Credentials::Explicit {
            names.extend(self.credentials.to_vec().into_iter().map(|(name, _)| name));
        }
        names.retain(|name| !SAFELISTED.contains(name));
        // Fetch standard, section 4.8: sorted, each once.
        names.sort_by(|a, b| a.as_str().cmp(b.as_str()));
        names.dedup();
        names
    }

    /// Addresses the settings name besides the target's own.
    pub(super) fn named_endpoints(&self) -> Vec<Endpoint> {
        let links = self.endpoints.iter().map(|place| &place.path).chain(&self.websockets);
        links.filter_map(Link::endpoint).collect()
    }

    /// What is wrong that the types cannot say.
    pub(super) fn wrong(&self, target: &Target) -> Vec<Mistake> {
        let mut mistakes = Vec::new();
        let mut mistake = |path: &[&str], message: String| {
            let path = path.iter().map(|&key| key.to_owned()).collect();
            mistakes.push(Mistake { path, message });
        };
        let own = Origin::of_url(&target.url);
        for (i, origin) in self.allowed_origins.iter().enumerate() {
            let at = ["allowed_origins", &i.to_string()];
            if *origin == own {
                mistake(&at, format!("`{origin}` is the target itself, whose pages need no leave"));
            }
            if self.allowed_origins[..i].contains(origin) {
                mistake(&at, format!("`{origin}` is listed twice"));
            }
        }
        let links: Vec<String> =
            self.endpoints.iter().map(|place| place.path.on(target).to_string()).collect();
        for (i, link) in links.iter().enumerate() {
            if links[..i].contains(link) {
                mistake(&["endpoints", &i.to_string()], format!("`{link}` is listed twice"));
            }
        }
        for (key, count, most) in [
            ("allowed_origins", self.allowed_origins.len(), MOST_ORIGINS),
            ("endpoints", self.endpoints.len(), MOST_ENDPOINTS),
            ("websockets", self.websockets.len(), MOST_ENDPOINTS),
        ] {
            if count > most {
                let message = format!("{count} would take hours to ask; list at most {most}");
                mistake(&[key], message);
            }
        }
        mistakes
    }
}

impl<'de> Deserialize<'de> for Place {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Place;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a path, or a mapping with `path`")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Place, E> {
                text.parse().map(Place::at).map_err(E::custom)
            }

            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Place, A::Error> {
                let detailed = Detailed::deserialize(MapAccessDeserializer::new(map))?;
                let Detailed { path, public, methods, request_headers } = detailed;
                let request_headers = request_headers.into_iter().map(|Field(name)| name).collect();
                Ok(Place { path, public, methods, request_headers })
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}

impl JsonSchema for Place {
    fn schema_name() -> Cow<'static, str> {
        "CorsEndpoint".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Something that pages call: a path, or a path and what is meant by it.",
            "anyOf": [generator.subschema_for::<Link>(), generator.subschema_for::<Detailed>()],
        })
    }
}

/// A path, and what is meant by it.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "DetailedCorsEndpoint")]
#[serde(deny_unknown_fields)]
struct Detailed {
    /// A path on the target, or a URL. It must answer a GET with 2xx.
    path: Link,
    /// Whether anybody on any site may read what it says without credentials.
    #[serde(default)]
    public: bool,
    /// Methods that pages of the allowed origins use; each that needs a preflight must be granted.
    #[serde(default)]
    methods: Vec<Method>,
    /// Header fields that they send; each must be granted.
    #[serde(default)]
    request_headers: Vec<Field>,
}

/// A header's name, in whatever case.
struct Field(HeaderName);

impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let name = HeaderName::from_bytes(text.as_bytes());
        name.map(Field).map_err(|_| de::Error::custom(format_args!("`{text}` is no header name")))
    }
}

impl JsonSchema for Field {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "HeaderName".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "pattern": "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$"})
    }
}

/// Header fields that browsers send without asking first, whatever their values here, and those that
/// they add themselves.
static SAFELISTED: [HeaderName; 4] =
    [header::ACCEPT, header::ACCEPT_LANGUAGE, header::CONTENT_LANGUAGE, header::COOKIE];

const MOST_ORIGINS: usize = 8;
const MOST_ENDPOINTS: usize = 8;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{Value, json};

    use super::*;

    fn parse(value: Value) -> Result<Cors, String> {
        serde_json::from_value(value).map_err(|error| error.to_string())
    }

    fn target() -> Target {
        Target {
            name: "api".to_owned(),
            url: "https://api.shop.example/v1/?a=b".parse().expect("a URL"),
            profile: None,
            labels: BTreeMap::new(),
        }
    }

    #[test]
    fn nothing_needs_to_be_said() {
        let cors = parse(json!({})).expect("settings");
        let places = cors.places(&target());
        assert_eq!(places[0].path.on(&target()), target().url);
        assert!(!places[0].public);
        assert!(cors.wrong(&target()).is_empty());
    }

    #[test]
    fn an_endpoint_is_a_path_or_a_mapping() {
        let cors = parse(json!({"endpoints": [
            "/api/cart",
            {"path": "/api/orders", "public": true, "methods": ["PUT"], "request_headers": ["X-Id"]},
        ]}));
        let places = cors.expect("settings").places(&target());
        assert_eq!(places[0].path.to_string(), "/api/cart");
        assert!(places[1].public && places[1].methods == [Method::Put]);
        assert_eq!(places[1].request_headers, ["x-id"]);
    }

    #[test]
    fn slips_are_found() {
        for (wrong, said) in [
            (json!({"origins": []}), "origins"),
            (json!({"allowed_origins": ["https://shop.example/"]}), "they send"),
            (json!({"endpoints": [{"public": true}]}), "path"),
            (json!({"endpoints": [{"path": "/", "pubic": true}]}), "pubic"),
            (json!({"endpoints": [{"path": "/", "methods": ["put"]}]}), "put"),
            (json!({"endpoints": [{"path": "/", "request_headers": ["a b"]}]}), "a b"),
            (json!({"endpoints": [7]}), "a path"),
        ] {
            let error = parse(wrong.clone()).expect_err(&wrong.to_string());
            assert!(error.contains(said), "{wrong}: {error}");
        }
        let own = json!({"allowed_origins": ["https://api.shop.example", "https://a.example",
            "https://a.example"], "endpoints": ["/x", "https://api.shop.example/x"]});
        let mistakes = parse(own).expect("settings").wrong(&target());
        let paths: Vec<_> = mistakes.iter().map(|mistake| mistake.path.join(".")).collect();
        assert_eq!(paths, ["allowed_origins.0", "allowed_origins.2", "endpoints.1"]);
        let many: Vec<String> = (0..9).map(|n| format!("/{n}")).collect();
        let mistakes = parse(json!({"endpoints": many})).expect("settings").wrong(&target());
        assert!(mistakes[0].message.contains("at most 8"), "{}", mistakes[0].message);
    }

    #[test]
    fn browsers_add_cookies_and_basic_credentials_and_no_tokens() {
        let kind = |credentials: Value| {
            parse(json!({"credentials": credentials})).expect("settings").credentials_kind()
        };
        assert_eq!(kind(json!({})), Credentials::Unknown);
        assert_eq!(kind(json!({"cookie": "s=1"})), Credentials::Ambient);
        assert_eq!(kind(json!({"Authorization": "Basic dTpw"})), Credentials::Ambient);
        assert_eq!(kind(json!({"authorization": "Bearer x"})), Credentials::Explicit);
        assert_eq!(kind(json!({"x-api-key": "k"})), Credentials::Explicit);
    }

    #[test]
    fn leave_is_asked_for_what_a_script_adds() {
        let cors = parse(json!({
            "credentials": {"authorization": "Bearer x"},
            "endpoints": [{"path": "/", "request_headers": ["X-B", "content-type", "Accept"]}],
        }))
        .expect("settings");
        let names = cors.asked_headers(&cors.endpoints[0]);
        assert_eq!(names, ["authorization", "content-type", "x-b"]);
    }
}
