//! From the file to rules.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    Rules,
    settings::{ClientAuth, Hidden, Settings, TlsSettings},
    tls::{self, Material},
    users::{Hash, Users},
};
use crate::config::{self, Files, Mistakes};

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// It says something that is not understood: all of it.
    #[error("{0}")]
    Mistakes(Mistakes),
    /// It, or a file it names, cannot be read.
    #[error("cannot read `{}`: {source}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Its parts do not fit together.
    #[error("{}: {problem}", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// How they do not.
        problem: &'static str,
    },
    /// What stands for a password cannot be used.
    #[error("{}: the password of `{user}` {problem}", path.display())]
    Password {
        /// The file.
        path: PathBuf,
        /// Whose.
        user: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A certificate or key is none, or none that can be used.
    #[error("{}: {problem}", path.display())]
    Certificate {
        /// The file it stands in.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
}

/// Reads the file and all that it names.
pub(super) fn load(path: &Path) -> Result<Rules, AccessError> {
    let files = Files::default();
    let bytes = read(&files, path)?;
    let settings: Settings = config::settings(path, bytes).map_err(AccessError::Mistakes)?;
    let http2 = settings.http_server_config.http2;
    let tls = match &settings.tls_server_config {
        Some(tls) => {
            let material = material(&files, path, tls)?;
            Some(Arc::new(tls::config(tls, &material, http2)?))
        }
        None => None,
    };
    Ok(Rules {
        tls,
        users: Users::new(hashes(path, &settings.basic_auth_users)?),
        headers: Arc::new(settings.http_server_config.headers.into_headers()),
        http2,
        inputs: files.into_inputs(),
    })
}

fn hashes(
    path: &Path,
    users: &BTreeMap<String, Hidden>,
) -> Result<BTreeMap<String, Hash>, AccessError> {
    let hash = |(user, text): (&String, &Hidden)| match Hash::new(text.0.clone()) {
        Ok(hash) => Ok((user.clone(), hash)),
        Err(problem) => {
            Err(AccessError::Password { path: path.to_owned(), user: user.clone(), problem })
        }
    };
    users.iter().map(hash).collect()
}

/// The certificates and the key, wherever they stand.
fn material<'a>(
    files: &Files,
    path: &'a Path,
    tls: &'a TlsSettings,
) -> Result<Material<'a>, AccessError> {
    let unusable = |problem| AccessError::Unusable { path: path.to_owned(), problem };
    let find = |inline: &'a Option<String>, file: &'a Option<PathBuf>, both| match (inline, file) {
        (Some(_), Some(_)) => Err(unusable(both)),
        (Some(pem), None) => Ok(Some((Cow::Borrowed(path), pem.clone().into_bytes()))),
        (None, Some(file)) => {
            // Relative paths start from the file that names them.
            let file = path.parent().unwrap_or(Path::new("")).join(file);
            let pem = read(files, &file)?;
            Ok(Some((Cow::Owned(file), pem)))
        }
        (None, None) => Ok(None),
    };
    let chain = find(&tls.cert, &tls.cert_file, "give `cert` or `cert_file`, not both")?;
    let key = find(&tls.key, &tls.key_file, "give `key` or `key_file`, not both")?;
    let authorities = find(
        &tls.client_ca,
        &tls.client_ca_file,
        "give `client_ca` or `client_ca_file`, not both",
    )?;
    if tls.client_auth_type != ClientAuth::None && authorities.is_none() {
        return Err(unusable("`client_auth_type` needs `client_ca_file` to verify by"));
    }
    if tls.client_auth_type == ClientAuth::None
        && (authorities.is_some() || !tls.client_allowed_sans.is_empty())
    {
        // As it stands, whoever wrote this thinks that clients are verified.
        return Err(unusable(
            "to verify clients, set client_auth_type: RequireAndVerifyClientCert",
        ));
    }
    Ok(Material {
        settings: path,
        chain: chain.ok_or_else(|| unusable("`tls_server_config` needs `cert_file`"))?,
        key: key.ok_or_else(|| unusable("`tls_server_config` needs `key_file`"))?,
        authorities,
    })
}

fn read(files: &Files, path: &Path) -> Result<Vec<u8>, AccessError> {
    let read = files.read(path, LARGEST);
    read.map_err(|source| AccessError::Read { path: path.to_owned(), source })
}

/// Room for every authority there is.
const LARGEST: u64 = 4 << 20;
