//! One connection, from the handshake to its end.

use std::{net::SocketAddr, pin::pin, sync::Arc};

use hyper::{Request, body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::conn::auto,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time,
};
use tokio_rustls::TlsAcceptor;
use tracing::debug;

use super::{
    Server,
    pulse::{Pulse, Watched},
    tasks::Tasks,
};

/// Serves a client until one of both has had enough.
pub(super) async fn attend(stream: TcpStream, peer: SocketAddr, server: Server) {
    // Without it the second part of an answer waits for the client's delayed acknowledgement.
    let _ = stream.set_nodelay(true);
    let pulse = Arc::new(Pulse::new(server.limits));
    let stream = Watched::new(stream, Arc::clone(&pulse));
    let Some(tls) = server.site.access.tls() else {
        return converse(stream, peer, &pulse, &server).await;
    };
    let handshake = time::timeout(server.limits.handshake, TlsAcceptor::from(tls).accept(stream));
    match server.shutdown.run_until_cancelled(handshake).await {
        Some(Ok(Ok(stream))) => converse(stream, peer, &pulse, &server).await,
        Some(Ok(Err(problem))) => debug!(%peer, %problem, "the TLS handshake failed"),
        Some(Err(_)) => debug!(%peer, "the TLS handshake took too long"),
        None => {}
    }
}

async fn converse(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: SocketAddr,
    pulse: &Arc<Pulse>,
    server: &Server,
) {
    let service = service_fn(|request: Request<Incoming>| {
        let busy = pulse.busy(request.version());
        let site = Arc::clone(&server.site);
        async move {
            let answer = site.answer(request).await;
            drop(busy);
            Ok::<_, std::convert::Infallible>(answer)
        }
    });
    let builder = builder(server);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    tokio::select! {
        ended = &mut connection => return note(peer, ended),
        () = pulse.spent() => return debug!(%peer, "the client took too long"),
        () = server.shutdown.cancelled() => {}
    }
    pulse.drain();
    connection.as_mut().graceful_shutdown();
    tokio::select! {
        ended = &mut connection => note(peer, ended),
        () = pulse.spent() => debug!(%peer, "the client had nothing under way"),
    }
}

fn note(peer: SocketAddr, ended: Result<(), Box<dyn std::error::Error + Send + Sync>>) {
    if let Err(problem) = ended {
        debug!(%peer, %problem, "the connection broke");
    }
}

fn builder(server: &Server) -> auto::Builder<Tasks> {
    let limits = server.limits;
    let mut builder = auto::Builder::new(server.tasks.clone());
    builder
        .http1()
        .timer(TokioTimer::new())
        // To hyper a kept connection that waits is one whose header takes long, so this is the time
        // a client may rest; `Pulse` knows a header that has begun, and is stricter with it.
        .header_read_timeout(limits.idle)
        .max_buf_size(LARGEST_HEADER);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(limits.idle / 4)
        .keep_alive_timeout(limits.header)
        .max_concurrent_streams(64)
        .max_header_list_size(16 << 10);
    if server.site.access.http2() { builder } else { builder.http1_only() }
}

/// For HTTP/1, request line and header fields together.
const LARGEST_HEADER: usize = 64 << 10;
