//! HTTP exchanges on hyper's connection API.
//!
//! The connection is driven by the task that waits for the answer: no task is spawned, so dropping the
//! exchange ends everything that belongs to it.

use std::{
    fmt::Display,
    pin::pin,
    sync::{Arc, atomic::Ordering},
    task::Context,
    time::{Duration, Instant},
};

use ::http::{HeaderMap, Request, Response, StatusCode, Version};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{
    body::{Body as _, Incoming},
    client::conn::{http1, http2},
};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time,
};

use super::{
    Address, Body, Budgets,
    decode::Intake,
    drive::{EndOnDrop, Seen, Tasks, Witness, beside},
    failure,
};
use crate::contract::{Obstacle, Obstructed};

/// An answer, and where its time went.
pub(super) struct Answer {
    pub(super) version: Version,
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Body,
    pub(super) first_byte: Duration,
    pub(super) transfer: Duration,
}

/// Sends a request by HTTP/1.1 and reads the answer.
pub(super) async fn send_http1<S>(
    stream: S,
    peer: &Address,
    request: Request<Full<Bytes>>,
    budgets: &Budgets,
) -> Result<Answer, Obstructed>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let seen = Arc::new(Seen::default());
    let (mut sender, connection) = http1::Builder::new()
        // RFC 9112 section 5.2: a user agent reads a folded line as one.
        .allow_obsolete_multiline_headers_in_responses(true)
        .max_header_size(budgets.header_bytes)
        // hyper panics below 8 KiB.
        .max_buf_size(budgets.header_bytes.max(8 << 10))
        .handshake(TokioIo::new(Witness { stream, seen: Arc::clone(&seen) }))
        .await
        .map_err(|error| failure::of_http(peer, &error))?;
    let mut connection = pin!(connection);
    let mut ended = false;
    let drive = move |cx: &mut Context<'_>| {
        ended = ended || connection.as_mut().poll(cx).is_ready();
    };
    let started = Instant::now();
    let response = sender.send_request(request);
    read(drive, response, started, &seen, peer, budgets).await
}

/// Sends a request by HTTP/2 and reads the answer.
pub(super) async fn send_http2<S>(
    stream: S,
    peer: &Address,
    request: Request<Full<Bytes>>,
    budgets: &Budgets,
) -> Result<Answer, Obstructed>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let seen = Arc::new(Seen::of_http2());
    let tasks = Tasks::default();
    let _ends_them = EndOnDrop(&tasks);
    let (mut sender, connection) = http2::Builder::new(tasks.clone())
        .max_header_list_size(u32::try_from(budgets.header_bytes).unwrap_or(u32::MAX))
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(WINDOW)
        .max_send_buf_size(WINDOW as usize)
        .handshake(TokioIo::new(Witness { stream, seen: Arc::clone(&seen) }))
        .await
        .map_err(|error| failure::of_http(peer, &error))?;
    let mut connection = pin!(connection);
    let mut ended = false;
    let drive = |cx: &mut Context<'_>| {
        ended = ended || connection.as_mut().poll(cx).is_ready();
        tasks.poll(cx);
    };
    let started = Instant::now();
    let response = sender.send_request(request);
    read(drive, response, started, &seen, peer, budgets).await
}

/// Waits for the answer while `drive` moves the connection on.
async fn read(
    mut drive: impl FnMut(&mut Context<'_>),
    response: impl Future<Output = hyper::Result<Response<Incoming>>>,
    started: Instant,
    seen: &Seen,
    peer: &Address,
    budgets: &Budgets,
) -> Result<Answer, Obstructed> {
    let within = budgets.read_timeout;
    let response = match time::timeout(within, beside(&mut drive, response)).await {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => {
            if let Some(cut) = seen.cut.get() {
                return Err(cut.clone());
            }
            let failed = failure::of_http(peer, &error);
            // HTTP/2 reports a header list over our limit as a broken stream.
            let flooded = seen.bytes.load(Ordering::Relaxed) > budgets.header_bytes;
            return Err(if flooded && failed.obstacle == Obstacle::Protocol {
                failure::header_over_budget(peer)
            } else {
                failed
            });
        }
        Err(_) => return Err(no_answer(peer, seen, within)),
    };
    let headed = Instant::now();
    let (head, incoming) = response.into_parts();
    let first = match head.version {
        // The server's settings come first.
        Version::HTTP_2 => headed,
        _ => seen.first.get().copied().unwrap_or(headed),
    };
    let body = read_body(&mut drive, incoming, &head.headers, seen, peer, budgets).await;
    Ok(Answer {
        version: head.version,
        status: head.status,
        headers: head.headers,
        body,
        first_byte: first.saturating_duration_since(started),
        transfer: first.elapsed(),
    })
}

async fn read_body(
    drive: &mut impl FnMut(&mut Context<'_>),
    mut incoming: Incoming,
    headers: &HeaderMap,
    seen: &Seen,
    peer: &Address,
    budgets: &Budgets,
) -> Body {
    if incoming.is_end_stream() {
        return Body::default();
    }
    let mut intake = Intake::new(headers, budgets.body_bytes);
    let within = budgets.read_timeout;
    let reading = async {
        while let Some(frame) = beside(&mut *drive, incoming.frame()).await {
            let failed = |error| match seen.cut.get() {
                Some(cut) => cut.clone(),
                None => failure::of_http(peer, &error),
            };
            let frame = frame.map_err(failed)?;
            if let Ok(data) = frame.into_data() {
                intake.take(data)?;
            }
        }
        Ok(())
    };
    let ended = time::timeout(within, reading).await.unwrap_or_else(|_| {
        Err(Obstacle::Timeout
            .because(format!("the body of {peer} was not complete within {within:?}")))
    });
    intake.finish(ended)
}

fn no_answer(peer: &dyn Display, seen: &Seen, within: Duration) -> Obstructed {
    Obstacle::Timeout.because(match seen.bytes.load(Ordering::Relaxed) {
        0 => format!("{peer} accepted the request and sent nothing for {within:?}"),
        bytes => format!("{peer} sent {bytes} bytes and no complete header within {within:?}"),
    })
}

/// What a server may send before we have read it. The default would let it fill 5 MiB of our memory.
const WINDOW: u32 = 256 << 10;
