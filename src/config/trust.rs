//! Whom a target's certificate may come from, and the certificate we show it.

use std::{
    collections::HashMap,
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use gonogo_probes::contract::net;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    files::{Files, sha256},
    mistake::Mistake,
    secret::Vault,
    yaml::Node,
};

/// TLS towards the target.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct TrustSettings {
    /// PEM file of the authorities that may vouch for the target, instead of the usual ones.
    ca_file: Option<String>,
    /// PEM file of the certificate chain we show when asked for one.
    client_cert: Option<String>,
    /// PEM file of the key that belongs to it.
    client_key: Option<String>,
    /// The name to ask for (SNI) and to verify, instead of the URL's host.
    server_name: Option<String>,
    /// The authorities that may vouch for the target when there is no `ca_file`: the operating
    /// system's (the default) or Mozilla's, as compiled in.
    roots: Option<RootsName>,
    /// What to do where the certificate is not sound: ask what needs no credential all the same if the
    /// `tls` probe has judged that very certificate (`judged`, the default), or nothing (`strict`).
    verify: Option<Verify>,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Verify {
    Judged,
    Strict,
}

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum RootsName {
    Platform,
    Mozilla,
}

/// The trust of a target, read and understood.
#[derive(Debug, Default)]
pub(super) struct Trust {
    roots: net::Roots,
    client: Option<net::ClientIdentity>,
    pub(super) server_name: Option<String>,
    strict: bool,
    files: net::TrustFiles,
}

impl Trust {
    /// What the net takes; it may ask more than once.
    pub(super) fn for_net(&self) -> net::Trust {
        let client = self.client.as_ref().map(|client| net::ClientIdentity {
            chain: client.chain.clone(),
            key: client.key.clone_key(),
        });
        net::Trust {
            roots: self.roots.clone(),
            client,
            server_name: self.server_name.clone(),
            strict: self.strict,
            files: self.files.clone(),
        }
    }

    /// A digest of everything in it.
    pub(super) fn digest(&self) -> [u8; 32] {
        let mut all = format!("{:?} {}", self.server_name, self.strict).into_bytes();
        match &self.roots {
            net::Roots::Platform => all.extend(b"platform"),
            net::Roots::Mozilla => all.extend(b"mozilla"),
            net::Roots::Listed(list) => list.iter().for_each(|der| all.extend(sha256(der))),
        }
        if let Some(client) = &self.client {
            client.chain.iter().for_each(|der| all.extend(sha256(der)));
            all.extend(sha256(client.key.secret_der()));
        }
        sha256(&all)
    }
}

/// Authorities already read: targets by the thousand share a file.
#[derive(Default)]
pub(super) struct Authorities(HashMap<PathBuf, Result<Certificates, String>>);

type Certificates = Arc<Vec<CertificateDer<'static>>>;

/// Reads the files that `settings` names. `node` is where the settings stand.
pub(super) fn read(
    settings: TrustSettings,
    node: &Node,
    vault: &Vault<'_>,
    authorities: &mut Authorities,
    mistakes: &mut Vec<Mistake>,
) -> Trust {
    let mut at = |key: &str, message: String| {
        mistakes.push(Mistake::at(node.nearest([key]).span, message));
    };
    let path = |key: &str, path: &str| vault.resolve(path, node.nearest([key]).span);
    let roots = match (&settings.ca_file, settings.roots) {
        (Some(_), Some(_)) => {
            at("roots", "`roots` and `ca_file` exclude one another".to_owned());
            net::Roots::Platform
        }
        (Some(file), None) => match authorities.read(&path("ca_file", file), vault.files) {
            Ok(list) => net::Roots::Listed(list),
            Err(reason) => {
                at("ca_file", reason);
                net::Roots::Platform
            }
        },
        (None, Some(RootsName::Mozilla)) => net::Roots::Mozilla,
        (None, Some(RootsName::Platform) | None) => net::Roots::Platform,
    };
    let client = match (&settings.client_cert, &settings.client_key) {
        (Some(cert), Some(key)) => {
            let chain = certificates(&path("client_cert", cert), vault.files);
            let key = private_key(&path("client_key", key), vault.files);
            match (chain, key) {
                (Ok(chain), Ok(key)) => Some(net::ClientIdentity { chain, key }),
                (chain, key) => {
                    let _ = chain.map_err(|reason| at("client_cert", reason));
                    let _ = key.map_err(|reason| at("client_key", reason));
                    None
                }
            }
        }
        (Some(_), None) => {
            at("client_cert", "`client_cert` needs `client_key`".to_owned());
            None
        }
        (None, Some(_)) => {
            at("client_key", "`client_key` needs `client_cert`".to_owned());
            None
        }
        (None, None) => None,
    };
    if let Some(name) = &settings.server_name
        && ServerName::try_from(name.as_str()).is_err()
    {
        at("server_name", format!("`{name}` is neither a host name nor an address"));
    }
    let strict = settings.verify == Some(Verify::Strict);
    let files =
        net::TrustFiles {
            authorities: settings.ca_file.as_ref().map(|file| path("ca_file", file)),
            client: settings.client_cert.as_ref().zip(settings.client_key.as_ref()).map(
                |(certificate, key)| (path("client_cert", certificate), path("client_key", key)),
            ),
        };
    Trust { roots, client, server_name: settings.server_name, strict, files }
}

impl Authorities {
    fn read(&mut self, path: &Path, files: &Files) -> Result<Certificates, String> {
        if let Some(known) = self.0.get(path) {
            return known.clone();
        }
        let read = certificates(path, files).map(Arc::new);
        self.0.entry(path.to_owned()).or_insert(read).clone()
    }
}

impl fmt::Debug for Authorities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

fn certificates(path: &Path, files: &Files) -> Result<Vec<CertificateDer<'static>>, String> {
    let pem = pem(path, files)?;
    let shown = path.display();
    let list: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match list {
        Ok(list) if list.is_empty() => Err(format!("there is no PEM certificate in `{shown}`")),
        Ok(list) => Ok(list),
        Err(_) => Err(format!("`{shown}` holds a damaged PEM certificate")),
    }
}

fn private_key(path: &Path, files: &Files) -> Result<PrivateKeyDer<'static>, String> {
    let pem = pem(path, files)?;
    let shown = path.display();
    // The parser's errors may quote what it read.
    PrivateKeyDer::from_pem_slice(&pem).map_err(|_| {
        format!("there is no unencrypted PEM private key (PKCS #8, PKCS #1 or SEC 1) in `{shown}`")
    })
}

fn pem(path: &Path, files: &Files) -> Result<Vec<u8>, String> {
    files
        .read(path, LARGEST)
        .map_err(|error| format!("cannot read the file `{}`: {error}", path.display()))
}

/// The authorities of a whole operating system fit in a quarter of this.
const LARGEST: u64 = 1 << 20;
