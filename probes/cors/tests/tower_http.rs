//! tower-http in both versions that are deployed, in this very process.

use std::{convert::Infallible, sync::Arc};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
    service::TowerToHyperService,
};
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tower::{Layer, service_fn, util::BoxCloneSyncService};

use crate::contract::specimen::Server;

pub(super) type App = BoxCloneSyncService<Request<Incoming>, Response<Full<Bytes>>, Infallible>;

/// The application under a layer.
fn under<L>(layer: L) -> App
where
    L: Layer<BoxCloneSyncService<Request<Incoming>, Response<Full<Bytes>>, Infallible>>,
    L::Service: tower::Service<Request<Incoming>, Response = Response<Full<Bytes>>, Error = Infallible>
        + Clone
        + Send
        + Sync
        + 'static,
    <L::Service as tower::Service<Request<Incoming>>>::Future: Send,
{
    BoxCloneSyncService::new(layer.layer(plain()))
}

/// The application alone.
pub(super) fn plain() -> App {
    let page = service_fn(|_| async { Ok(Response::new(Full::from("{\"cart\":[]}"))) });
    BoxCloneSyncService::new(page)
}

/// A server for it.
pub(super) async fn serve(app: App, tls: Option<Arc<ServerConfig>>) -> Server {
    Server::raw(move |stream| {
        let (app, tls) = (app.clone(), tls.clone());
        async move {
            let _ = stream.set_nodelay(true);
            match tls {
                None => speak(stream, app).await,
                Some(config) => {
                    if let Ok(stream) = TlsAcceptor::from(config).accept(stream).await {
                        speak(stream, app).await;
                    }
                }
            }
        }
    })
    .await
}

async fn speak(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, app: App) {
    let service = TowerToHyperService::new(app);
    // A client that goes away in mid-answer is its own business.
    let server = auto::Builder::new(TokioExecutor::new());
    let _ = server.serve_connection(TokioIo::new(stream), service).await;
}

/// The policies, for one version.
macro_rules! policies {
    ($version:ident, $tower_http:ident) => {
        pub(super) mod $version {
            use http::{HeaderName, HeaderValue, Method};
            use $tower_http::cors::{AllowHeaders, AllowMethods, AllowOrigin, CorsLayer};

            use super::{App, under};

            fn guarded(origin: impl Into<AllowOrigin>) -> CorsLayer {
                CorsLayer::new()
                    .allow_credentials(true)
                    .allow_methods([Method::GET, Method::PUT])
                    .allow_headers([HeaderName::from_static("x-id")])
                    .allow_origin(origin)
            }

            fn front() -> HeaderValue {
                HeaderValue::from_static(super::super::FRONT)
            }

            pub(in super::super) fn list() -> App {
                under(guarded([front(), HeaderValue::from_static("https://www.shop.example")]))
            }

            pub(in super::super) fn exact() -> App {
                under(guarded(front()))
            }

            pub(in super::super) fn predicate() -> App {
                under(guarded(AllowOrigin::predicate(|origin, _| origin == super::super::FRONT)))
            }

            pub(in super::super) fn public() -> App {
                let any = $tower_http::cors::Any;
                under(CorsLayer::new().allow_origin(any).allow_methods([Method::GET]))
            }

            pub(in super::super) fn permissive() -> App {
                under(CorsLayer::permissive())
            }

            pub(in super::super) fn very_permissive() -> App {
                under(CorsLayer::very_permissive())
            }

            pub(in super::super) fn ends_with() -> App {
                under(guarded(AllowOrigin::predicate(|origin, _| {
                    origin.as_bytes().ends_with(b"shop.example")
                })))
            }

            pub(in super::super) fn any_scheme() -> App {
                under(guarded(AllowOrigin::predicate(|origin, _| {
                    matches!(origin.as_bytes(), b"https://shop.example" | b"http://shop.example")
                })))
            }

            pub(in super::super) fn mirroring() -> App {
                under(
                    guarded(front())
                        .allow_methods(AllowMethods::mirror_request())
                        .allow_headers(AllowHeaders::mirror_request()),
                )
            }
        }
    };
}

policies!(v06, tower_http_06);
policies!(v07, tower_http_07);
