//! A length of time, as people write it.

use std::{borrow::Cow, fmt, str::FromStr, time::Duration};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A length of time, written with its unit: `500ms`, `30s`, `5m`, `1h 30m`, `21d`.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Dur(pub Duration);

impl Dur {
    /// A length of whole seconds, for defaults.
    #[must_use]
    pub const fn secs(secs: u64) -> Self {
        Self(Duration::from_secs(secs))
    }

    /// A length of milliseconds, for defaults.
    #[must_use]
    pub const fn millis(millis: u64) -> Self {
        Self(Duration::from_millis(millis))
    }
}

impl FromStr for Dur {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wanted = "write it with its unit, like 500ms, 30s, 5m, 1h 30m or 21d";
        if text.trim().parse::<f64>().is_ok() && text.trim() != "0" {
            return Err(format!("the duration `{text}` has no unit; {wanted}"));
        }
        humantime::parse_duration(text)
            .map(Self)
            .map_err(|error| format!("`{text}` is not a duration ({error}); {wanted}"))
    }
}

impl fmt::Display for Dur {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        humantime::format_duration(self.0).fmt(f)
    }
}

impl Serialize for Dur {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Dur {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = Dur;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a duration with its unit, like 30s")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Dur, E> {
                text.parse().map_err(E::custom)
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Dur, E> {
                self.visit_str(&number.to_string())
            }
        }

        deserializer.deserialize_str(Visitor)
    }
}

impl JsonSchema for Dur {
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "A length of time with its unit: 500ms, 30s, 5m, 1h 30m, 21d.",
            "examples": ["30s", "5m", "21d"],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_people_write() {
        assert_eq!("1h 30m".parse(), Ok(Dur::secs(5400)));
        assert_eq!("500ms".parse(), Ok(Dur::millis(500)));
        assert_eq!("0".parse(), Ok(Dur::secs(0)));
    }

    #[test]
    fn says_what_would_be_right() {
        for wrong in ["30", "1.5", "5 sec onds", "", "-3s", "fast"] {
            let error = wrong.parse::<Dur>().expect_err(wrong);
            assert!(error.contains("like 500ms, 30s"), "{wrong}: {error}");
        }
    }
}
