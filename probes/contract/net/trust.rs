//! Whom we trust, and who we are, in TLS.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls_pki_types::{
    CertificateDer, PrivateKeyDer,
    pem::{self, PemObject},
};

/// The TLS side of a target's configuration.
#[derive(Debug, Default)]
pub struct Trust {
    /// Which authorities may vouch for the target.
    pub roots: Roots,
    /// The certificate we show when asked for one.
    pub client: Option<ClientIdentity>,
    /// The name to ask for (SNI) and to verify, instead of the URL's host.
    pub server_name: Option<String>,
    /// Whether nothing at all is sent over a connection whose certificate is not sound. Otherwise what
    /// needs no credential is, if the certificate is the very one that was judged.
    pub strict: bool,
    /// The files it was read from, for commands that show a finding again.
    pub files: TrustFiles,
}

/// Where trust was read from; all empty where it was not read from files.
#[derive(Clone, Debug, Default)]
pub struct TrustFiles {
    /// PEM file of the authorities.
    pub authorities: Option<PathBuf>,
    /// PEM files of the client's certificate and of its key.
    pub client: Option<(PathBuf, PathBuf)>,
}

/// Authorities that may vouch for a target.
#[derive(Clone, Debug, Default)]
pub enum Roots {
    /// Those of the operating system (`SSL_CERT_FILE` and `SSL_CERT_DIR` are heeded), as they were
    /// when they were first needed.
    #[default]
    Platform,
    /// Mozilla's, as compiled in.
    Mozilla,
    /// These certificates, as DER.
    Listed(Arc<Vec<CertificateDer<'static>>>),
}

impl Roots {
    /// The certificates in a PEM file: authorities, or servers' own.
    pub fn from_file(path: &Path) -> Result<Self, TrustError> {
        Ok(Self::Listed(Arc::new(certificates(path)?)))
    }
}

/// A certificate chain and its key.
#[derive(Debug)]
pub struct ClientIdentity {
    /// Leaf first.
    pub chain: Vec<CertificateDer<'static>>,
    /// The leaf's key.
    pub key: PrivateKeyDer<'static>,
}

impl ClientIdentity {
    /// A chain and its key from PEM files, which may be the same file.
    pub fn from_files(certificate: &Path, key: &Path) -> Result<Self, TrustError> {
        Ok(Self { chain: certificates(certificate)?, key: private_key(key)? })
    }
}

/// What is wrong with the trust settings of a target.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// The file cannot be read.
    #[error("{path}: {source}", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// There is no certificate, or no key, in the file.
    #[error("{path}: {reason}", path = path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What was expected in it.
        reason: String,
    },
    /// The operating system has no authorities.
    #[error(
        "no certificate authorities found on this system: install ca-certificates, or set `trust.ca_file`"
    )]
    NoPlatformRoots,
    /// None of the listed certificates can vouch for anybody.
    #[error("none of the listed certificates can be used: {0}")]
    Listed(rustls::Error),
    /// The key does not fit the certificate, or is of a kind we cannot use.
    #[error("the client certificate cannot be used: {0}")]
    Identity(rustls::Error),
    /// TLS cannot ask for that name.
    #[error("`{0}` is neither a host name nor an IP address")]
    ServerName(String),
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TrustError> {
    let bytes = read(path)?;
    let found = CertificateDer::pem_slice_iter(&bytes).collect::<Result<Vec<_>, _>>();
    let reason = match found {
        Ok(found) if !found.is_empty() => return Ok(found),
        Ok(_) => match kind_of(&bytes) {
            Some(kind) => format!("expected certificates, but the file holds {kind}"),
            None => "expected certificates in PEM (-----BEGIN CERTIFICATE-----)".to_owned(),
        },
        Err(error) => format!("expected certificates in PEM, but {}", why(&error)),
    };
    Err(TrustError::Content { path: path.to_owned(), reason })
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, TrustError> {
    let bytes = read(path)?;
    let reason = match PrivateKeyDer::from_pem_slice(&bytes) {
        Ok(key) => return Ok(key),
        Err(pem::Error::NoItemsFound) => match kind_of(&bytes) {
            Some(kind) => format!("expected a private key, but the file holds {kind}"),
            None => "expected a private key in PEM (-----BEGIN PRIVATE KEY-----)".to_owned(),
        },
        Err(error) => format!("expected a private key in PEM, but {}", why(&error)),
    };
    Err(TrustError::Content { path: path.to_owned(), reason })
}

fn read(path: &Path) -> Result<Vec<u8>, TrustError> {
    fs::read(path).map_err(|source| TrustError::Read { path: path.to_owned(), source })
}

/// What a file holds instead of what was wanted, for the mistakes people make.
fn kind_of(bytes: &[u8]) -> Option<&'static str> {
    let text = String::from_utf8_lossy(bytes);
    if text.contains("ENCRYPTED PRIVATE KEY-----") || text.contains("Proc-Type: 4,ENCRYPTED") {
        Some("a private key with a passphrase, which nobody is there to type; store it without")
    } else if text.contains("PRIVATE KEY-----") {
        Some("a private key")
    } else if text.contains("-----BEGIN CERTIFICATE REQUEST-----") {
        Some("a certificate request, which no authority has signed yet")
    } else if text.contains("-----BEGIN CERTIFICATE-----") {
        Some("a certificate")
    } else if bytes.first() == Some(&0x30) {
        // The tag of an ASN.1 sequence.
        Some("DER; convert it with `openssl x509 -inform der`, `openssl pkey` or `openssl pkcs12`")
    } else {
        None
    }
}

fn why(error: &pem::Error) -> String {
    match error {
        pem::Error::MissingSectionEnd { .. } => "the end of a section is missing".to_owned(),
        pem::Error::Base64Decode(reason) => format!("a section is not Base64: {reason}"),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn file(content: &str) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        file.write_all(content.as_bytes()).expect("written");
        file
    }

    #[test]
    fn reads_certificates_and_keys() {
        let certified = rcgen::generate_simple_self_signed(["a.test".to_owned()]).expect("made");
        let both = file(&(certified.cert.pem() + &certified.signing_key.serialize_pem()));
        let identity = ClientIdentity::from_files(both.path(), both.path()).expect("both");
        assert_eq!(identity.chain, [certified.cert.der().clone()]);
        let Roots::Listed(listed) = Roots::from_file(both.path()).expect("a certificate") else {
            panic!("listed")
        };
        assert_eq!(listed.len(), 1);
    }

    #[test]
    fn says_which_file_and_what_was_expected() {
        let certified = rcgen::generate_simple_self_signed(["a.test".to_owned()]).expect("made");
        let key = file(&certified.signing_key.serialize_pem());
        let error = Roots::from_file(key.path()).expect_err("a key").to_string();
        assert!(error.starts_with(&key.path().display().to_string()), "{error}");
        assert!(
            error.ends_with("expected certificates, but the file holds a private key"),
            "{error}"
        );

        let certificate = file(&certified.cert.pem());
        let error = ClientIdentity::from_files(certificate.path(), certificate.path())
            .expect_err("no key")
            .to_string();
        assert!(
            error.ends_with("expected a private key, but the file holds a certificate"),
            "{error}"
        );

        let missing = Roots::from_file(Path::new("/nonexistent/ca.pem")).expect_err("missing");
        assert!(missing.to_string().starts_with("/nonexistent/ca.pem: No such file"), "{missing}");

        for broken in ["", "nonsense", "-----BEGIN CERTIFICATE-----\nMIIB"] {
            assert!(Roots::from_file(file(broken).path()).is_err(), "{broken}");
        }
    }
}
