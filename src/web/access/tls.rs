//! TLS of our own listener.

use std::{borrow::Cow, path::Path, sync::Arc};

use rustls::{
    NamedGroup, RootCertStore, ServerConfig, SupportedProtocolVersion,
    crypto::{CryptoProvider, aws_lc_rs},
    server::{WebPkiClientVerifier, danger::ClientCertVerifier},
    version::{TLS12, TLS13},
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};

use super::{
    AccessError,
    sans::AllowedSans,
    settings::{ClientAuth, Curve, MaxVersion, MinVersion, TlsSettings},
};

/// Where something was read, and what.
type Pem<'a> = (Cow<'a, Path>, Vec<u8>);

/// Certificates and key, as they were read.
pub(super) struct Material<'a> {
    /// The file that asks for them.
    pub(super) settings: &'a Path,
    pub(super) chain: Pem<'a>,
    pub(super) key: Pem<'a>,
    pub(super) authorities: Option<Pem<'a>>,
}

/// The configuration that the settings ask for.
pub(super) fn config(
    settings: &TlsSettings,
    material: &Material<'_>,
    http2: bool,
) -> Result<ServerConfig, AccessError> {
    let path = material.settings;
    let refused = |problem: rustls::Error| wrong(path, problem.to_string());
    let provider = Arc::new(provider(settings, path)?);
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&versions(settings, path)?)
        .map_err(refused)?;
    let builder = match verifier(settings, material, provider)? {
        Some(verifier) => builder.with_client_cert_verifier(verifier),
        None => builder.with_no_client_auth(),
    };
    let chain = certificates(&material.chain)?;
    let (key_path, key) = &material.key;
    let key = PrivateKeyDer::from_pem_slice(key)
        .map_err(|_| wrong(key_path, "there is no private key in it"))?;
    let mut config = builder
        .with_single_cert(chain, key)
        .map_err(|problem| wrong(key_path, format!("the key cannot be used: {problem}")))?;
    config.ignore_client_order = settings.prefer_server_cipher_suites.unwrap_or(true);
    if http2 {
        config.alpn_protocols.push(b"h2".to_vec());
    }
    config.alpn_protocols.push(b"http/1.1".to_vec());
    Ok(config)
}

fn versions(
    settings: &TlsSettings,
    path: &Path,
) -> Result<Vec<&'static SupportedProtocolVersion>, AccessError> {
    match (settings.min_version, settings.max_version) {
        (MinVersion::Tls12, MaxVersion::Tls13) => Ok(vec![&TLS13, &TLS12]),
        (MinVersion::Tls12, MaxVersion::Tls12) => Ok(vec![&TLS12]),
        (MinVersion::Tls13, MaxVersion::Tls13) => Ok(vec![&TLS13]),
        (MinVersion::Tls13, MaxVersion::Tls12) => {
            Err(wrong(path, "min_version is newer than max_version"))
        }
    }
}

fn provider(settings: &TlsSettings, path: &Path) -> Result<CryptoProvider, AccessError> {
    let mut provider = aws_lc_rs::default_provider();
    if !settings.cipher_suites.is_empty() {
        let known = std::mem::take(&mut provider.cipher_suites);
        for name in &settings.cipher_suites {
            // Go leaves out the version where rustls names it.
            let suite = known.iter().find(|suite| {
                let suite = suite.suite().as_str().unwrap_or_default();
                suite == name || suite.replacen("TLS13_", "TLS_", 1) == *name
            });
            let suite = suite.ok_or_else(|| {
                wrong(path, format!("the cipher suite `{name}` is unknown or not safe any more"))
            })?;
            provider.cipher_suites.push(*suite);
        }
        // As in Go, the list is about TLS 1.2; the suites of TLS 1.3 cannot be chosen.
        let modern = known.into_iter().filter(|suite| suite.tls13().is_some());
        for suite in modern {
            if !provider.cipher_suites.contains(&suite) {
                provider.cipher_suites.push(suite);
            }
        }
    }
    if !settings.curve_preferences.is_empty() {
        let known = std::mem::take(&mut provider.kx_groups);
        let wanted = settings.curve_preferences.iter().map(|curve| match curve {
            Curve::CurveP256 => NamedGroup::secp256r1,
            Curve::CurveP384 => NamedGroup::secp384r1,
            Curve::X25519 => NamedGroup::X25519,
            Curve::X25519MLKEM768 => NamedGroup::X25519MLKEM768,
        });
        provider.kx_groups = wanted
            .filter_map(|wanted| known.iter().find(|group| group.name() == wanted).copied())
            .collect();
    }
    Ok(provider)
}

fn verifier(
    settings: &TlsSettings,
    material: &Material<'_>,
    provider: Arc<CryptoProvider>,
) -> Result<Option<Arc<dyn ClientCertVerifier>>, AccessError> {
    let Some(authorities) = &material.authorities else { return Ok(None) };
    let path = &authorities.0;
    let mut roots = RootCertStore::empty();
    for authority in certificates(authorities)? {
        roots.add(authority).map_err(|problem| wrong(path, problem.to_string()))?;
    }
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
    let builder = match settings.client_auth_type {
        ClientAuth::IfGiven => builder.allow_unauthenticated(),
        ClientAuth::None | ClientAuth::Required => builder,
    };
    let verifier = builder.build().map_err(|problem| wrong(path, problem.to_string()))?;
    if settings.client_allowed_sans.is_empty() {
        return Ok(Some(verifier));
    }
    Ok(Some(Arc::new(AllowedSans::new(verifier, settings.client_allowed_sans.clone()))))
}

fn certificates((path, pem): &Pem<'_>) -> Result<Vec<CertificateDer<'static>>, AccessError> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match certificates {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        Ok(_) => Err(wrong(path, "there is no certificate in it")),
        Err(problem) => Err(wrong(path, format!("this is no PEM: {problem}"))),
    }
}

fn wrong(path: &Path, problem: impl Into<String>) -> AccessError {
    AccessError::Certificate { path: path.to_owned(), problem: problem.into() }
}
