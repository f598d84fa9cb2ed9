//! Certificates of every kind, and servers that only look like TLS.

use std::{convert::Infallible, sync::Arc};

use ::http::{Method, Response, StatusCode, Version};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, StreamBody, combinators::BoxBody};
use hyper::{
    body::{Frame, Incoming},
    service::service_fn,
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::{
    HandshakeKind, RootCertStore, ServerConfig, SupportedProtocolVersion,
    server::WebPkiClientVerifier,
    version::{TLS12, TLS13},
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::mpsc,
};
use tokio_rustls::TlsAcceptor;

use super::{
    super::{ClientIdentity, tls::crypto},
    *,
};
use crate::contract::Obstacle;

struct Authority {
    certificate: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        Self::named("Authority")
    }

    fn named(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.self_signed(&key).expect("signed").der().clone();
        Self { certificate, issuer: Issuer::new(params, key) }
    }

    fn leaf(&self, change: impl FnOnce(&mut CertificateParams)) -> Certified {
        let (params, key) = leaf(change);
        let certificate = params.signed_by(&key, &self.issuer).expect("signed");
        Certified { chain: vec![certificate.der().clone()], key }
    }
}

struct Certified {
    chain: Vec<CertificateDer<'static>>,
    key: KeyPair,
}

impl Certified {
    fn key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::try_from(self.key.serialize_der()).expect("PKCS #8")
    }
}

/// A certificate for the loopback addresses and `shop.example`.
fn leaf(change: impl FnOnce(&mut CertificateParams)) -> (CertificateParams, KeyPair) {
    let names = ["127.0.0.1", "shop.example"].map(str::to_owned);
    let mut params = CertificateParams::new(names).expect("names");
    change(&mut params);
    (params, KeyPair::generate().expect("a key"))
}

fn config(certified: &Certified, versions: &[&'static SupportedProtocolVersion]) -> ServerConfig {
    let mut config = ServerConfig::builder_with_provider(crypto())
        .with_protocol_versions(versions)
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(certified.chain.clone(), certified.key())
        .expect("a certificate");
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config
}

fn sound(certified: &Certified) -> ServerConfig {
    config(certified, &[&TLS13, &TLS12])
}

/// An HTTP server that speaks what ALPN settles on.
async fn https(config: ServerConfig) -> SocketAddr {
    let acceptor = TlsAcceptor::from(Arc::new(config));
    server(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(stream) = acceptor.accept(stream).await else { return };
            let server = auto::Builder::new(TokioExecutor::new());
            let _ = server.serve_connection(TokioIo::new(stream), service_fn(answer)).await;
        }
    })
    .await
}

type Body = BoxBody<Bytes, Infallible>;

async fn answer(request: hyper::Request<Incoming>) -> Result<Response<Body>, Infallible> {
    let whole = |bytes: Bytes| BoxBody::new(Full::new(bytes));
    let mut response = Response::new(whole(Bytes::from_static(b"ok")));
    match request.uri().path() {
        "/echo" => {
            let body = request.into_body().collect().await.map(http_body_util::Collected::to_bytes);
            *response.body_mut() = whole(body.unwrap_or_default());
        }
        "/authority" => {
            let host = request.headers().get("host").map(|host| format!("{host:?}"));
            let authority = request.uri().authority().map(ToString::to_string);
            *response.body_mut() = whole(format!("{authority:?} {host:?}").into());
        }
        "/hang" => std::future::pending().await,
        "/endless" => {
            let frames = std::iter::repeat(Bytes::from_static(&[b'x'; 16 << 10]));
            let frames = frames.map(|bytes| Ok::<_, Infallible>(Frame::data(bytes)));
            *response.body_mut() =
                BoxBody::new(StreamBody::new(futures_util::stream::iter(frames)));
        }
        "/headers" => {
            for i in 0..2_000 {
                let name = ::http::HeaderName::try_from(format!("x-{i}")).expect("a name");
                let value = "y".repeat(100).parse().expect("a value");
                response.headers_mut().insert(name, value);
            }
        }
        _ => *response.status_mut() = StatusCode::IM_A_TEAPOT,
    }
    Ok(response)
}

async fn ask(
    address: SocketAddr,
    roots: &CertificateDer<'static>,
    change: impl FnOnce(&mut NetSettings, &mut Request),
) -> Result<Exchange, Obstructed> {
    let url = url("https", address);
    let mut settings = trusting(settings(&url), roots);
    let mut request = Request::get(url);
    change(&mut settings, &mut request);
    soon(session(settings).exchange(request)).await
}

fn trusting(mut settings: NetSettings, root: &CertificateDer<'static>) -> NetSettings {
    settings.trust.roots = Roots::Listed(Arc::new(vec![root.clone()]));
    settings
}

async fn refusal(address: SocketAddr, root: &CertificateDer<'static>) -> String {
    let refused = ask(address, root, |_, _| {}).await.expect_err("not sound");
    assert_eq!(refused.obstacle, Obstacle::Tls, "{refused}");
    refused.detail
}

#[tokio::test]
async fn http2_or_http1_is_spoken_as_alpn_settles_it() {
    let root = Authority::new();
    let certified = root.leaf(|_| {});
    for (alpn, version) in [("h2", Version::HTTP_2), ("http/1.1", Version::HTTP_11)] {
        let mut config = sound(&certified);
        config.alpn_protocols = vec![alpn.into()];
        let address = https(config).await;
        let exchange = ask(address, &root.certificate, |_, _| {}).await.expect(alpn);
        assert_eq!((exchange.version, exchange.status.as_u16()), (version, 418));
        assert_eq!(exchange.body.bytes, "ok");
        let tls = exchange.tls.expect("TLS");
        assert_eq!(tls.version, "TLSv1.3");
        assert!(tls.suite.starts_with("TLS13_"), "{tls:?}");
        assert_eq!(
            (tls.group.as_deref(), tls.alpn.as_deref()),
            (Some("X25519MLKEM768"), Some(alpn))
        );
        assert!(!exchange.phases.tls.is_zero() && !exchange.phases.first_byte.is_zero());
    }
    let mut config = config(&certified, &[&TLS12]);
    config.alpn_protocols.clear();
    let old = ask(https(config).await, &root.certificate, |_, _| {}).await.expect("TLS 1.2");
    let tls = old.tls.expect("TLS");
    assert_eq!((tls.version.as_str(), tls.alpn, old.version), ("TLSv1.2", None, Version::HTTP_11));
}

#[tokio::test]
async fn http2_carries_bodies_and_one_authority() {
    let root = Authority::new();
    let address = https(sound(&root.leaf(|_| {}))).await;
    let large = Bytes::from(vec![b'x'; 500_000]);
    let echo = ask(address, &root.certificate, |_, request| {
        request.method = Method::POST;
        request.target = Some("/echo".to_owned());
        request.body = large.clone();
    })
    .await
    .expect("an answer");
    assert_eq!((echo.version, echo.body.cut), (Version::HTTP_2, None));
    assert!(echo.body.bytes == large);

    let authority = ask(address, &root.certificate, |_, request| {
        request.target = Some("/authority".to_owned());
        request.headers.push((
            ::http::header::HOST,
            crate::contract::setting::Text::Plain("other.example".to_owned()),
        ));
    })
    .await
    .expect("an answer");
    assert_eq!(authority.body.text(), r#"Some("other.example") None"#);
}

#[tokio::test]
async fn http2_is_bounded_like_http1() {
    let root = Authority::new();
    let address = https(sound(&root.leaf(|_| {}))).await;
    let target = |path: &'static str| {
        move |_: &mut NetSettings, request: &mut Request| {
            request.target = Some(path.to_owned());
        }
    };
    let endless = ask(address, &root.certificate, target("/endless")).await.expect("a header");
    assert_eq!(endless.body.cut.expect("cut").obstacle, Obstacle::OverBudget);
    assert_eq!(endless.body.bytes.len(), Budgets::default().body_bytes);

    let headers = ask(address, &root.certificate, target("/headers")).await.expect_err("too large");
    assert_eq!(headers.obstacle, Obstacle::OverBudget, "{headers}");

    let hang = ask(address, &root.certificate, |settings, request| {
        settings.budgets.read_timeout = Duration::from_millis(150);
        request.target = Some("/hang".to_owned());
    });
    assert_eq!(hang.await.expect_err("silent").obstacle, Obstacle::Timeout);
}

#[tokio::test]
async fn an_abandoned_http2_exchange_leaves_nothing_behind() {
    let root = Authority::new();
    let (ended, mut end) = mpsc::channel::<()>(1);
    let acceptor = TlsAcceptor::from(Arc::new(sound(&root.leaf(|_| {}))));
    let address = server(move |stream| {
        let (acceptor, ended) = (acceptor.clone(), ended.clone());
        async move {
            // Reads and never writes: the client cannot even say goodbye in an orderly way.
            let mut stream = acceptor.accept(stream).await.expect("a client");
            let mut buffer = [0; 1024];
            while stream.read(&mut buffer).await.is_ok_and(|read| read > 0) {}
            let _ = ended.send(()).await;
        }
    })
    .await;
    let silent = ask(address, &root.certificate, |settings, _| {
        settings.budgets.read_timeout = Duration::from_millis(100);
    });
    assert_eq!(silent.await.expect_err("silent").obstacle, Obstacle::Timeout);
    soon(end.recv()).await.expect("the server saw the end");
}

#[tokio::test]
async fn a_certificate_that_does_not_hold_is_refused_with_the_reason() {
    let root = Authority::new();
    let address = https(sound(&root.leaf(|_| {}))).await;
    let untrusted = refusal(address, &Authority::named("Another").certificate).await;
    assert!(untrusted.contains("`trust.ca_file`"), "{untrusted}");
    let namesake = refusal(address, &Authority::new().certificate).await;
    assert!(namesake.contains("may be another of the same name"), "{namesake}");

    let expired = root.leaf(|params| {
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2021, 3, 4);
    });
    let expired = refusal(https(sound(&expired)).await, &root.certificate).await;
    assert!(expired.contains("expired on 2021-03-04; the tls probe says more"), "{expired}");

    let early = root.leaf(|params| {
        params.not_before = date_time_ymd(2999, 1, 1);
        params.not_after = date_time_ymd(2999, 3, 4);
    });
    let early = refusal(https(sound(&early)).await, &root.certificate).await;
    assert!(early.contains("is not valid before 2999-01-01"), "{early}");

    let (mut params, key) = leaf(|_| {});
    params.subject_alt_names.remove(0);
    let chain = vec![params.signed_by(&key, &root.issuer).expect("signed").der().clone()];
    let other = refusal(https(sound(&Certified { chain, key })).await, &root.certificate).await;
    assert!(other.contains("is not valid for 127.0.0.1 (it names: "), "{other}");
    assert!(other.contains("shop.example"), "{other}");
}

#[tokio::test]
async fn what_is_not_tls_is_told_apart() {
    let root = Authority::new().certificate;
    let plain =
        answering("HTTP/1.1 400 Bad Request\r\n\r\nThis port speaks HTTPS, you do not").await;
    let url = url("https", plain);
    let mut settings = trusting(settings(&url), &root);
    settings.budgets.connect_timeout = Duration::from_millis(200);
    let silent = soon(session(settings).exchange(Request::get(url))).await.expect_err("silent");
    assert_eq!(silent.obstacle, Obstacle::Timeout, "{silent}");

    let plain = server(|mut stream| async move {
        let _ = stream.read(&mut [0; 64]).await;
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        let _ = stream.read_to_end(&mut Vec::new()).await;
    })
    .await;
    let refused = refusal(plain, &root).await;
    assert!(refused.contains("does not speak TLS on this port"), "{refused}");

    let closing = server(|mut stream| async move {
        // What is not read would turn the close into a reset.
        let _ = stream.read(&mut [0; 16 << 10]).await;
    })
    .await;
    let closed = ask(closing, &root, |_, _| {}).await.expect_err("closed");
    assert_eq!(closed.obstacle, Obstacle::Closed, "{closed}");
    assert!(closed.detail.ends_with("closed the connection during the TLS handshake"));
}

#[tokio::test]
async fn a_certificate_message_without_measure_is_refused() {
    let root = Authority::new();
    let mut certified = root.leaf(|_| {});
    let padding = Authority::new().certificate;
    while certified.chain.iter().map(|der| der.len()).sum::<usize>() < 70 << 10 {
        certified.chain.push(padding.clone());
    }
    let address = https(sound(&certified)).await;
    let refused = refusal(address, &root.certificate).await;
    assert!(refused.contains("larger than 64 KiB"), "{refused}");
}

#[tokio::test]
async fn a_client_certificate_is_shown_to_who_asks() {
    let root = Authority::new();
    let mut trusted = RootCertStore::empty();
    trusted.add(root.certificate.clone()).expect("a root");
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(trusted), crypto());
    let certified = root.leaf(|_| {});
    for version in [&TLS12, &TLS13] {
        let config = ServerConfig::builder_with_provider(crypto())
            .with_protocol_versions(&[version])
            .expect("a version")
            .with_client_cert_verifier(verifier.clone().build().expect("a verifier"))
            .with_single_cert(certified.chain.clone(), certified.key())
            .expect("a certificate");
        let address = https(config).await;
        let refused = refusal(address, &root.certificate).await;
        assert!(refused.contains("`trust.client_cert`"), "{refused}");
        let client = root.leaf(|_| {});
        let exchange = ask(address, &root.certificate, |settings, _| {
            let (chain, key) = (client.chain.clone(), client.key());
            settings.trust.client = Some(ClientIdentity { chain, key });
        });
        assert_eq!(exchange.await.expect("known").status, 418);
    }
}

#[tokio::test]
async fn a_configured_name_is_asked_for_and_verified() {
    let root = Authority::new();
    let (mut params, key) = leaf(|_| {});
    params.subject_alt_names.remove(0);
    let chain = vec![params.signed_by(&key, &root.issuer).expect("signed").der().clone()];
    let address = https(sound(&Certified { chain, key })).await;
    let named = ask(address, &root.certificate, |settings, _| {
        settings.trust.server_name = Some("shop.example".to_owned());
    });
    named.await.expect("the name on the certificate");

    let mut settings = settings(&url("https", address));
    settings.trust.server_name = Some("not a name".to_owned());
    assert!(matches!(Net::new(settings), Err(super::super::TrustError::ServerName(_))));
}

#[tokio::test]
async fn a_listed_server_certificate_is_trusted_and_still_checked() {
    let own = |change: fn(&mut CertificateParams)| {
        let (params, key) = leaf(|params| {
            // As `openssl req -x509` makes them.
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            change(params);
        });
        let chain = vec![params.self_signed(&key).expect("signed").der().clone()];
        Certified { chain, key }
    };
    let sound_one = own(|_| {});
    let address = https(sound(&sound_one)).await;
    ask(address, &sound_one.chain[0], |_, _| {}).await.expect("listed");
    let other = refusal(address, &own(|_| {}).chain[0]).await;
    assert!(
        other.contains("is that of an authority") || other.contains("signed by no authority"),
        "{other}"
    );

    let expired = own(|params| params.not_after = date_time_ymd(2021, 3, 4));
    let refused = refusal(https(sound(&expired)).await, &expired.chain[0]).await;
    assert!(refused.contains("expired on 2021-03-04"), "{refused}");

    let misnamed = own(|params| {
        params.subject_alt_names.remove(0);
    });
    let refused = refusal(https(sound(&misnamed)).await, &misnamed.chain[0]).await;
    assert!(refused.contains("is not valid for 127.0.0.1"), "{refused}");
}

#[tokio::test]
async fn every_handshake_is_a_full_one() {
    let root = Authority::new();
    let (kinds, mut kind) = mpsc::channel(8);
    let mut config = sound(&root.leaf(|_| {}));
    config.alpn_protocols.clear();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let address = server(move |stream| {
        let (acceptor, kinds) = (acceptor.clone(), kinds.clone());
        async move {
            let mut stream = acceptor.accept(stream).await.expect("a client");
            let _ = kinds.send(stream.get_ref().1.handshake_kind()).await;
            read_header(&mut stream).await;
            let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await;
        }
    })
    .await;
    let url = url("https", address);
    let session = session(trusting(settings(&url), &root.certificate));
    for _ in 0..3 {
        soon(session.exchange(Request::get(url.clone()))).await.expect("an answer");
        assert_eq!(soon(kind.recv()).await.expect("a handshake"), Some(HandshakeKind::Full));
    }
}

#[tokio::test]
async fn raw_bytes_travel_by_tls_as_http1() {
    let root = Authority::new();
    let address = https(sound(&root.leaf(|_| {}))).await;
    let url = url("https", address);
    let endpoint = Endpoint::of_url(&url).expect("a host");
    let session = session(trusting(settings(&url), &root.certificate));
    let request = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let answer = soon(session.raw(&endpoint, true, request, PATIENT)).await.expect("an answer");
    assert!(answer.bytes.starts_with(b"HTTP/1.1 418 "), "{}", answer.bytes.escape_ascii());
    assert!(answer.closed);
}

#[tokio::test]
async fn a_handshake_takes_the_configuration_it_is_given() {
    let root = Authority::new();
    let address = https(config(&root.leaf(|_| {}), &[&TLS12])).await;
    let url = url("https", address);
    let endpoint = Endpoint::of_url(&url).expect("a host");
    let session = session(trusting(settings(&url), &root.certificate));
    let (store, certificates) = session.roots();
    assert_eq!((store.len(), certificates), (1, &[root.certificate.clone()][..]));
    let only = |version| {
        rustls::ClientConfig::builder_with_provider(crypto())
            .with_protocol_versions(&[version])
            .expect("a version")
            .with_root_certificates(Arc::clone(store))
            .with_no_client_auth()
    };
    let name = session.server_name(&endpoint).expect("a name");
    let connection = session.connect(&endpoint).await.expect("connected");
    let stream = session.handshake(connection, Arc::new(only(&TLS12)), name.clone()).await;
    assert!(!stream.expect("TLS 1.2").get_ref().0.phases().tls.is_zero());
    let connection = session.connect(&endpoint).await.expect("connected");
    let error = session.handshake(connection, Arc::new(only(&TLS13)), name).await;
    let error = error.expect_err("no TLS 1.3");
    assert_eq!(error.obstructed.obstacle, Obstacle::Tls);
    assert!(matches!(error.tls, Some(rustls::Error::AlertReceived(_))), "{error:?}");
}
