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
    seats::Seat,
    tasks::Tasks,
};
use crate::web::site::Door;

/// Who is served.
pub(super) struct Visitor {
    pub(super) peer: SocketAddr,
    pub(super) pulse: Arc<Pulse>,
    /// Held until the connection ends.
    pub(super) seat: Seat,
    /// Whether it came after shutdown had begun.
    pub(super) is_late: bool,
}

impl Visitor {
    fn door(&self) -> Door {
        if self.is_late {
            Door::Closing
        } else if self.seat.is_reserved {
            Door::Reserved
        } else {
            Door::Open
        }
    }
}

/// Serves a client until one of both has had enough.
pub(super) async fn attend(stream: TcpStream, visitor: Visitor, server: Server) {
    // Without it the second part of an answer waits for the client's delayed acknowledgement.
    let _ = stream.set_nodelay(true);
    let Visitor { peer, pulse, .. } = &visitor;
    let stream = Watched::new(stream, Arc::clone(pulse));
    if visitor.is_late {
        pulse.drain();
    }
    let Some(tls) = server.site.access.tls() else {
        return converse(stream, &visitor, &server).await;
    };
    let handshake = time::timeout(server.limits.handshake, TlsAcceptor::from(tls).accept(stream));
    let begun = async {
        if visitor.is_late {
            return std::future::pending().await;
        }
        server.stop.draining.cancelled().await;
    };
    tokio::select! {
        shaken = handshake => match shaken {
            Ok(Ok(stream)) => converse(stream, &visitor, &server).await,
            Ok(Err(problem)) => debug!(%peer, %problem, "the TLS handshake failed"),
            Err(_) => debug!(%peer, "the TLS handshake took too long"),
        },
        () = pulse.evicted() => debug!(%peer, "another client took the seat"),
        () = begun => {}
    }
}

async fn converse(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    visitor: &Visitor,
    server: &Server,
) {
    let Visitor { peer, pulse, is_late, .. } = visitor;
    let (peer, door) = (*peer, visitor.door());
    let service = service_fn(|request: Request<Incoming>| {
        let busy = pulse.busy(request.version());
        let site = Arc::clone(&server.site);
        async move {
            let answer = site.answer(request, door).await;
            drop(busy);
            Ok::<_, std::convert::Infallible>(answer)
        }
    });
    let builder = builder(server, *is_late);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let draining = async {
        // One that is late has its one answer, and is closed after it.
        if *is_late {
            std::future::pending::<()>().await;
        }
        server.stop.draining.cancelled().await;
    };
    tokio::select! {
        ended = &mut connection => return note(peer, ended),
        () = pulse.spent() => return debug!(%peer, "the client took too long, or another took the seat"),
        () = draining => {}
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

fn builder(server: &Server, is_late: bool) -> auto::Builder<Tasks> {
    let limits = server.limits;
    let tasks = if is_late { &server.late } else { &server.tasks };
    let mut builder = auto::Builder::new(tasks.clone());
    builder
        .http1()
        .timer(TokioTimer::new())
        .keep_alive(!is_late)
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
