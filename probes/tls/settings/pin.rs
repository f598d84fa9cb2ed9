//! Keys that the operator expects on the way to the target.

use std::{borrow::Cow, fmt, str::FromStr};

use aws_lc_rs::digest;
use base64::{Engine, engine::general_purpose::STANDARD};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};

/// The SHA-256 of a public key (its SubjectPublicKeyInfo), written as `sha256/` and base64, as in
/// RFC 7469 and curl, or in hexadecimal.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::tls) struct Pin([u8; 32]);

impl Pin {
    /// The pin of a key, given as DER.
    pub(in crate::tls) fn of(key: &[u8]) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest::digest(&digest::SHA256, key).as_ref());
        Self(bytes)
    }
}

impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256/{}", STANDARD.encode(self.0))
    }
}

impl FromStr for Pin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bytes = match text.strip_prefix("sha256/") {
            // curl writes two slashes; but base64 may begin with one of its own.
            Some(rest) => {
                let curls = rest.strip_prefix('/').filter(|short| short.len() == BASE64_LENGTH);
                STANDARD.decode(curls.unwrap_or(rest)).ok()
            }
            None => hexadecimal(text),
        };
        let pin = bytes.and_then(|bytes| bytes.try_into().ok()).map(Self);
        pin.ok_or_else(|| {
            format!(
                "`{text}` is not the SHA-256 of a key; write `sha256/` and 44 characters of base64, \
                 or 64 hexadecimal digits, as `openssl x509 -in chain.pem -noout -pubkey | openssl \
                 pkey -pubin -outform der | openssl dgst -sha256` prints them"
            )
        })
    }
}

/// Of 32 bytes, with its padding.
const BASE64_LENGTH: usize = 44;

fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}

impl<'de> Deserialize<'de> for Pin {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = Pin;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the SHA-256 of a key, as `sha256/` and base64 or in hexadecimal")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Pin, E> {
                text.parse().map_err(E::custom)
            }
        }

        deserializer.deserialize_str(Visitor)
    }
}

impl JsonSchema for Pin {
    fn schema_name() -> Cow<'static, str> {
        "Pin".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^(sha256//?[A-Za-z0-9+/]{43}=|[0-9A-Fa-f]{64})$",
            "description": "The SHA-256 of a public key: `sha256/` and base64, or hexadecimal.",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_may_be_written_as_people_find_it() {
        let pin = Pin::of(b"a key");
        let text = pin.to_string();
        let hex = crate::tls::chain::hex(&pin.0).to_uppercase();
        for written in [text.clone(), text.replace("sha256/", "sha256//"), hex.to_lowercase(), hex]
        {
            assert_eq!(written.parse(), Ok(pin), "{written}");
        }
    }

    #[test]
    fn base64_may_begin_with_a_slash() {
        let pin = Pin([0xff; 32]);
        assert!(pin.to_string().starts_with("sha256//"), "{pin}");
        assert_eq!(pin.to_string().parse(), Ok(pin));
        assert_eq!(pin.to_string().replace("sha256/", "sha256//").parse(), Ok(pin));
    }

    #[test]
    fn anything_else_is_refused_with_what_would_be_right() {
        let short = format!("sha256/{}", STANDARD.encode([0; 20]));
        let bad =
            ["", "sha1/AAAA", "sha256/", "sha256/AAAA", &short, &"0".repeat(63), &"g".repeat(64)];
        for text in bad {
            let error = text.parse::<Pin>().expect_err("no pin");
            assert!(error.contains("44 characters of base64, or 64 hexadecimal digits"), "{error}");
        }
    }
}
