//! Small types of the configuration. Each parses what was written, once, and says what would have
//! been right when it cannot.

use std::{fmt, marker::PhantomData, net::SocketAddr, time::Duration};

use gonogo_probes::contract::{
    net::{Address, Endpoint},
    setting::Dur,
};
use http::HeaderName;
use ipnet::IpNet;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, de::IgnoredAny};
use serde_json_path::JsonPath;

/// The name of a target or a probe.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, Ord, PartialEq, PartialOrd)]
#[serde(try_from = "String")]
#[schemars(extend("pattern" = "^[a-z0-9][a-z0-9._-]*$", "maxLength" = 100))]
pub(super) struct Name(pub(super) String);

impl TryFrom<String> for Name {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let sound = text.starts_with(allowed)
            && text.chars().all(|c| allowed(c) || "-_.".contains(c))
            && text.len() <= 100;
        if sound {
            return Ok(Self(text));
        }
        Err(format!(
            "`{text}` is not a name: lower-case letters and digits, with `-`, `_` and `.` within, at most 100"
        ))
    }
}

/// The name of a label.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, Ord, PartialEq, PartialOrd)]
#[serde(try_from = "String")]
#[schemars(extend("pattern" = "^[a-zA-Z_][a-zA-Z0-9_]*$"))]
pub(super) struct LabelName(pub(super) String);

impl TryFrom<String> for LabelName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let sound = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !sound {
            return Err(format!(
                "`{text}` is not a label name: letters, digits and `_`, not starting with a digit"
            ));
        }
        // Prometheus drops such labels when it has read them from `/sd`.
        if text.starts_with("__") {
            return Err(format!(
                "the label name `{text}` is Prometheus's own: it starts with `__`"
            ));
        }
        Ok(Self(text))
    }
}

/// The time between visits.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(try_from = "Dur")]
pub(super) struct Interval(pub(super) Duration);

impl TryFrom<Dur> for Interval {
    type Error = String;

    fn try_from(Dur(interval): Dur) -> Result<Self, String> {
        within(interval, Duration::from_secs(1), Duration::from_hours(24 * 366)).map(Self)
    }
}

/// The time allowed for something.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(try_from = "Dur")]
pub(super) struct Deadline(pub(super) Duration);

impl TryFrom<Dur> for Deadline {
    type Error = String;

    fn try_from(Dur(deadline): Dur) -> Result<Self, String> {
        within(deadline, Duration::from_millis(100), Duration::from_hours(1)).map(Self)
    }
}

/// A length of time in units that mean the same every month: `90d`, `1h 30m`.
pub(super) fn shown(time: Duration) -> String {
    let units = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];
    let mut rest = time.as_millis();
    let mut parts = Vec::new();
    for (unit, length) in units {
        if rest >= length {
            parts.push(format!("{}{unit}", rest / length));
            rest %= length;
        }
    }
    if parts.is_empty() { "0s".to_owned() } else { parts.join(" ") }
}

fn within(time: Duration, least: Duration, most: Duration) -> Result<Duration, String> {
    if time < least {
        return Err(format!("{} is too short: at least {}", shown(time), shown(least)));
    }
    if time > most {
        return Err(format!("{} is too long: at most {}", shown(time), shown(most)));
    }
    Ok(time)
}

/// A share of the whole.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(try_from = "f64")]
#[schemars(extend("minimum" = 0, "maximum" = 1.0))]
pub(super) struct Ratio(pub(super) f64);

impl TryFrom<f64> for Ratio {
    type Error = String;

    fn try_from(number: f64) -> Result<Self, String> {
        if (0.0..=1.0).contains(&number) {
            return Ok(Self(number));
        }
        Err(format!("expected a number from 0 to 1, found `{number}`; 85 % is written 0.85"))
    }
}

/// How much something counts.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(try_from = "f64")]
#[schemars(extend("minimum" = 0, "maximum" = 1000.0))]
pub(super) struct Weight(pub(super) f64);

impl TryFrom<f64> for Weight {
    type Error = String;

    fn try_from(number: f64) -> Result<Self, String> {
        if (0.0..=1000.0).contains(&number) {
            return Ok(Self(number));
        }
        Err(format!("expected a number from 0 to 1000, found `{number}`"))
    }
}

/// A host and port, or a Unix socket.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(extend("examples" = ["db.internal:5432", "[::1]:443", "unix:/run/app.sock"]))]
pub(super) struct AllowedHost(#[schemars(with = "String")] pub(super) Endpoint);

impl TryFrom<String> for AllowedHost {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse().map(Self)
    }
}

/// An address to dial instead of what the name resolves to.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(extend("examples" = ["10.0.0.7:443", "[fd00::7]:443", "unix:/run/app.sock"]))]
pub(super) struct Dialled(#[schemars(with = "String")] pub(super) Address);

impl TryFrom<String> for Dialled {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if let Ok(Endpoint::Unix(path)) = text.parse() {
            return Ok(Self(Address::Unix(path)));
        }
        let address: SocketAddr = text.parse().map_err(|_| {
            format!("`{text}` is not an address with a port, like 10.0.0.7:443, [fd00::7]:443 or unix:/run/app.sock")
        })?;
        if address.port() == 0 {
            return Err(format!("`{text}` has port 0, which nobody listens on"));
        }
        Ok(Self(Address::Ip(address)))
    }
}

/// A range of addresses.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(extend("examples" = ["10.0.0.0/8", "fd00::/8"]))]
pub(super) struct Network(#[schemars(with = "String")] pub(super) IpNet);

impl TryFrom<String> for Network {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let network: IpNet = text
            .parse()
            .map_err(|_| format!("`{text}` is not a network, like 10.0.0.0/8 or fd00::/8"))?;
        if network.trunc() != network {
            return Err(format!(
                "`{text}` has bits set after the prefix; was {} meant?",
                network.trunc()
            ));
        }
        Ok(Self(network))
    }
}

/// The name of an HTTP header.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
pub(super) struct Header(#[schemars(with = "String")] pub(super) HeaderName);

impl TryFrom<String> for Header {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse().map(Self).map_err(|_| format!("`{text}` is not the name of a header"))
    }
}

/// A path on the target.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(extend("pattern" = "^/"))]
pub(super) struct TargetPath(pub(super) String);

impl TryFrom<String> for TargetPath {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.starts_with('/') && !text.contains(|c: char| c.is_control() || c == ' ') {
            return Ok(Self(text));
        }
        Err(format!("`{text}` is not a path: it starts with `/` and has no spaces"))
    }
}

/// A JSONPath (RFC 9535).
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(extend("pattern" = "^\\$"))]
pub(super) struct Pointer(#[schemars(with = "String")] pub(super) JsonPath);

impl TryFrom<String> for Pointer {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        JsonPath::parse(&text).map(Self).map_err(|error| {
            let place = error.position() + 1;
            format!("`{text}` is not a JSONPath: look at character {place}; write it like $.build.version")
        })
    }
}

/// A part of the configuration that is read apart from what surrounds it.
pub(super) struct Apart<T>(PhantomData<T>);

impl<T> Default for Apart<T> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<T> fmt::Debug for Apart<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Apart")
    }
}

impl<'de, T> Deserialize<'de> for Apart<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Self::default())
    }
}

impl<T: JsonSchema> JsonSchema for Apart<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> std::borrow::Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}
