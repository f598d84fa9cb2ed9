//! Whom to trust at an endpoint of a probe's own, and who we are there.

use std::sync::{Mutex, PoisonError};

use aws_lc_rs::digest;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject};
use schemars::JsonSchema;
use serde::Deserialize;

use super::File;
use crate::contract::{
    Mistake, Obstacle, Obstructed,
    net::{ClientIdentity, Roots, Trust, Trusted},
};

/// TLS towards an endpoint that a probe's settings name: a database with an authority of its own beside
/// a website with a public one. What is not set is not taken from the target's `trust`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TrustSetting {
    /// PEM file of the authorities that may vouch for the server, instead of the usual ones.
    ca_file: Option<File>,
    /// The authorities that may vouch for the server when there is no `ca_file`: the operating
    /// system's (the default) or Mozilla's, as compiled in.
    roots: Option<UsualRoots>,
    /// PEM file of the certificate chain we show when asked for one.
    client_cert: Option<File>,
    /// PEM file of the key that belongs to it.
    client_key: Option<File>,
    /// The name to ask for (SNI) and to verify, instead of the host.
    server_name: Option<String>,
    #[serde(skip)]
    #[schemars(skip)]
    ready: Mutex<Option<(Content, Trusted)>>,
}

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum UsualRoots {
    Platform,
    Mozilla,
}

/// The digest of all files.
type Content = [u8; digest::SHA256_OUTPUT_LEN];

impl TrustSetting {
    /// What is wrong with it, below these keys of the probe's settings.
    pub fn mistakes(&self, path: &[&str]) -> Vec<Mistake> {
        let mut mistakes = Vec::new();
        let mut at = |key: &str, message: &str| {
            let path = path.iter().copied().chain([key]).map(str::to_owned).collect();
            mistakes.push(Mistake { path, message: message.to_owned() });
        };
        if self.ca_file.is_some() && self.roots.is_some() {
            at("roots", "`roots` and `ca_file` exclude one another");
        }
        match (&self.client_cert, &self.client_key) {
            (Some(_), None) => at("client_cert", "`client_cert` needs `client_key`"),
            (None, Some(_)) => at("client_key", "`client_key` needs `client_cert`"),
            _ => {}
        }
        if let Some(name) = &self.server_name
            && ServerName::try_from(name.as_str()).is_err()
        {
            at("server_name", &format!("`{name}` is neither a host name nor an address"));
        }
        mistakes
    }

    /// What a stream or a connection takes. Files are read anew, and understood anew if they have
    /// changed.
    pub async fn trusted(&self) -> Result<Trusted, Obstructed> {
        let authorities = read(self.ca_file.as_ref()).await?;
        let certificate = read(self.client_cert.as_ref()).await?;
        let key = read(self.client_key.as_ref()).await?;
        let mut content = digest::Context::new(&digest::SHA256);
        for part in [&authorities, &certificate, &key] {
            let part = part.as_deref().unwrap_or_default();
            content.update(&part.len().to_be_bytes());
            content.update(part);
        }
        let mut now = Content::default();
        now.copy_from_slice(content.finish().as_ref());
        let mut ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, trusted)) = &*ready
            && *known == now
        {
            return Ok(trusted.clone());
        }
        let trusted = self.understood(authorities, certificate, key)?;
        *ready = Some((now, trusted.clone()));
        Ok(trusted)
    }

    fn understood(
        &self,
        authorities: Option<Vec<u8>>,
        certificate: Option<Vec<u8>>,
        key: Option<Vec<u8>>,
    ) -> Result<Trusted, Obstructed> {
        let roots = match (authorities, self.roots) {
            (Some(pem), _) => Roots::Listed(certificates("ca_file", &pem)?.into()),
            (None, Some(UsualRoots::Mozilla)) => Roots::Mozilla,
            (None, Some(UsualRoots::Platform) | None) => Roots::Platform,
        };
        let client = match (certificate, key) {
            (Some(certificate), Some(key)) => {
                let chain = certificates("client_cert", &certificate)?;
                // The parser's errors may quote what it read.
                let key = PrivateKeyDer::from_pem_slice(&key).map_err(|_| {
                    unusable("client_key", "there is no unencrypted private key in PEM in it")
                })?;
                Some(ClientIdentity { chain, key })
            }
            _ => None,
        };
        let server_name = self.server_name.clone();
        let trust = Trust { roots, client, server_name, strict: true, ..Trust::default() };
        trust.ready().map_err(|error| Obstacle::Local.because(error.to_string()))
    }
}

async fn read(file: Option<&File>) -> Result<Option<Vec<u8>>, Obstructed> {
    let Some(file) = file else { return Ok(None) };
    let path = file.path();
    match tokio::fs::read(path).await {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) => Err(Obstacle::Local.because(format!("{}: {error}", path.display()))),
    }
}

fn certificates(key: &str, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, Obstructed> {
    match CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>() {
        Ok(list) if !list.is_empty() => Ok(list),
        _ => Err(unusable(key, "there is no certificate in PEM in it, or a damaged one")),
    }
}

fn unusable(key: &str, why: &str) -> Obstructed {
    Obstacle::Local.because(format!("the file of `{key}` cannot be used: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(json: &str) -> TrustSetting {
        serde_json::from_str(json).expect(json)
    }

    #[test]
    fn halves_and_contradictions_are_mistakes_with_a_place() {
        let wrong = setting(r#"{"roots": "mozilla", "server_name": "a b"}"#);
        let paths: Vec<_> =
            wrong.mistakes(&["tls"]).into_iter().map(|mistake| mistake.path.join(".")).collect();
        assert_eq!(paths, ["tls.server_name"]);
        assert!(setting("{}").mistakes(&[]).is_empty());
    }

    #[tokio::test]
    async fn what_is_understood_is_kept_until_a_file_changes() {
        let setting = setting(r#"{"roots": "mozilla"}"#);
        let first = setting.trusted().await.expect("compiled in");
        let again = setting.trusted().await.expect("compiled in");
        assert!(first.is_same(&again));
    }
}
