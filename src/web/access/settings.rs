//! The file's format: that of the Prometheus exporter-toolkit. What gonogo cannot do is an error, and
//! never done half.

use std::{collections::BTreeMap, path::PathBuf};

use http::{HeaderName, HeaderValue, header};
use secrecy::SecretString;
use serde::Deserialize;

/// The file.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Settings {
    pub(super) tls_server_config: Option<TlsSettings>,
    /// Hashes of passwords. That one is none is found later: a mistake is shown with its line, and the
    /// line may hold the password itself.
    pub(super) basic_auth_users: BTreeMap<String, Hidden>,
    pub(super) http_server_config: HttpSettings,
}

/// A text that is not shown.
#[derive(Clone, Debug, Deserialize)]
#[serde(from = "String")]
pub(super) struct Hidden(pub(super) SecretString);

impl From<String> for Hidden {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

/// `tls_server_config`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct TlsSettings {
    pub(super) cert: Option<String>,
    pub(super) cert_file: Option<PathBuf>,
    pub(super) key: Option<String>,
    pub(super) key_file: Option<PathBuf>,
    pub(super) client_auth_type: ClientAuth,
    pub(super) client_ca: Option<String>,
    pub(super) client_ca_file: Option<PathBuf>,
    pub(super) client_allowed_sans: Vec<String>,
    pub(super) min_version: MinVersion,
    pub(super) max_version: MaxVersion,
    pub(super) cipher_suites: Vec<String>,
    pub(super) curve_preferences: Vec<Curve>,
    pub(super) prefer_server_cipher_suites: Option<bool>,
}

/// `http_server_config`.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct HttpSettings {
    pub(super) http2: bool,
    pub(super) headers: HeaderSettings,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self { http2: true, headers: HeaderSettings::default() }
    }
}

/// `headers`: those that the format knows.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct HeaderSettings {
    #[serde(rename = "Content-Security-Policy")]
    content_security_policy: Option<FieldValue>,
    #[serde(rename = "Strict-Transport-Security")]
    strict_transport_security: Option<FieldValue>,
    #[serde(rename = "X-Content-Type-Options")]
    x_content_type_options: Option<FieldValue>,
    #[serde(rename = "X-Frame-Options")]
    x_frame_options: Option<FieldValue>,
    #[serde(rename = "X-XSS-Protection")]
    x_xss_protection: Option<FieldValue>,
}

impl HeaderSettings {
    pub(super) fn into_headers(self) -> Vec<(HeaderName, HeaderValue)> {
        [
            (header::CONTENT_SECURITY_POLICY, self.content_security_policy),
            (header::STRICT_TRANSPORT_SECURITY, self.strict_transport_security),
            (header::X_CONTENT_TYPE_OPTIONS, self.x_content_type_options),
            (header::X_FRAME_OPTIONS, self.x_frame_options),
            (header::X_XSS_PROTECTION, self.x_xss_protection),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?.0)))
        .collect()
    }
}

/// A header's value.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
struct FieldValue(HeaderValue);

impl TryFrom<String> for FieldValue {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        HeaderValue::from_str(&text).map(Self).map_err(|_| "this cannot stand in a header")
    }
}

/// What is asked of clients.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(try_from = "String")]
pub(super) enum ClientAuth {
    #[default]
    None,
    IfGiven,
    Required,
}

impl TryFrom<String> for ClientAuth {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match text.as_str() {
            "" | "NoClientCert" => Ok(Self::None),
            "VerifyClientCertIfGiven" => Ok(Self::IfGiven),
            "RequireAndVerifyClientCert" => Ok(Self::Required),
            "RequestClientCert" | "RequireClientCert" | "RequireAnyClientCert" => Err(format!(
                "`{text}` takes certificates without verifying them, which protects nothing; use \
                 RequireAndVerifyClientCert"
            )),
            _ => Err("expected NoClientCert, VerifyClientCertIfGiven or \
                      RequireAndVerifyClientCert"
                .to_owned()),
        }
    }
}

/// The oldest version that is spoken.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(try_from = "String")]
pub(super) enum MinVersion {
    #[default]
    Tls12,
    Tls13,
}

impl TryFrom<String> for MinVersion {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match text.as_str() {
            "TLS12" => Ok(Self::Tls12),
            "TLS13" => Ok(Self::Tls13),
            "TLS10" | "TLS11" => Err("gonogo speaks TLS 1.2 and 1.3 only; use TLS12"),
            _ => Err("expected TLS12 or TLS13"),
        }
    }
}

/// The newest version that is spoken.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(try_from = "String")]
pub(super) enum MaxVersion {
    Tls12,
    #[default]
    Tls13,
}

impl TryFrom<String> for MaxVersion {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match text.as_str() {
            "TLS12" => Ok(Self::Tls12),
            "TLS13" => Ok(Self::Tls13),
            "TLS10" | "TLS11" => Err("gonogo speaks TLS 1.2 and 1.3 only; use TLS13"),
            _ => Err("expected TLS12 or TLS13"),
        }
    }
}

/// A key exchange group, by the name that Go gives it.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
pub(super) enum Curve {
    CurveP256,
    CurveP384,
    X25519,
    X25519MLKEM768,
}
