//! HTTP exchanges on hyper's connection API.
//!
//! The connection is driven by the task that waits for the answer: no task is spawned, so dropping the
//! exchange ends everything that belongs to it.

use std::{
    fmt::Display,
    pin::pin,
    sync::Arc,
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
    Address, Body,
    decode::{Intake, Sink},
    drive::{EndOnDrop, Tasks, beside},
    failure,
    limits::Limits,
    tap::{Tap, Tapped},
};
use crate::contract::{Obstacle, Obstructed};

/// An answer, and where its time went.
pub(super) struct Answer {
    pub(super) version: Version,
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Body,
    pub(super) trailers: HeaderMap,
    pub(super) first_byte: Duration,
    pub(super) transfer: Duration,
}

impl Answer {
    /// An answer that is no more than its header.
    pub(super) fn of_head(response: Response<Incoming>, started: Instant) -> Self {
        let (head, _) = response.into_parts();
        Self {
            version: head.version,
            status: head.status,
            headers: head.headers,
            body: Body::default(),
            trailers: HeaderMap::new(),
            first_byte: started.elapsed(),
            transfer: Duration::ZERO,
        }
    }
}

/// Sends a request by HTTP/1.1 and reads the answer.
pub(super) async fn send_http1<S>(
    stream: S,
    peer: &Address,
    request: Request<Full<Bytes>>,
    limits: &Limits,
    sink: Option<Sink<'_>>,
) -> Result<Answer, Obstructed>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let tap = Arc::new(Tap::default());
    let (mut sender, connection) = http1_builder(limits)
        .handshake(TokioIo::new(Tapped { stream, tap: Arc::clone(&tap) }))
        .await
        .map_err(|error| failure::of_http(peer, &error))?;
    let mut connection = pin!(connection);
    let mut ended = false;
    let drive = move |cx: &mut Context<'_>| {
        ended = ended || connection.as_mut().poll(cx).is_ready();
    };
    let started = Instant::now();
    let response = sender.send_request(request);
    let read = read(drive, response, started, (&tap, peer, limits), sink).await;
    read.map_err(|unanswered| unanswered.obstructed)
}

/// Sends a request by HTTP/2 and reads the answer.
pub(super) async fn send_http2<S>(
    stream: S,
    peer: &Address,
    request: Request<Full<Bytes>>,
    limits: &Limits,
    sink: Option<Sink<'_>>,
) -> Result<Answer, Obstructed>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let tap = Arc::new(Tap::of_http2());
    let tasks = Tasks::default();
    let _ends_them = EndOnDrop(&tasks);
    let (mut sender, connection) = http2_builder(tasks.clone(), limits)
        .handshake(TokioIo::new(Tapped { stream, tap: Arc::clone(&tap) }))
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
    let read = read(drive, response, started, (&tap, peer, limits), sink).await;
    read.map_err(|unanswered| unanswered.obstructed)
}

pub(super) fn http1_builder(limits: &Limits) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        // RFC 9112 section 5.2: a user agent reads a folded line as one.
        .allow_obsolete_multiline_headers_in_responses(true)
        .max_header_size(limits.header_bytes)
        // hyper panics below 8 KiB.
        .max_buf_size(limits.header_bytes.max(8 << 10));
    builder
}

pub(super) fn http2_builder<E: Clone>(executor: E, limits: &Limits) -> http2::Builder<E> {
    let mut builder = http2::Builder::new(executor);
    builder
        .max_header_list_size(u32::try_from(limits.header_bytes).unwrap_or(u32::MAX))
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(WINDOW)
        .max_send_buf_size(WINDOW as usize);
    builder
}

/// Why there is no answer.
#[derive(Debug)]
pub(super) struct Unanswered {
    pub(super) obstructed: Obstructed,
    /// Whether the server has said that it has not worked on the request.
    pub(super) not_processed: bool,
}

/// Waits for the answer while `drive` moves the connection on.
pub(super) async fn read<B>(
    mut drive: impl FnMut(&mut Context<'_>),
    response: B,
    started: Instant,
    (tap, peer, limits): (&Tap, &Address, &Limits),
    sink: Option<Sink<'_>>,
) -> Result<Answer, Unanswered>
where
    B: Future<Output = hyper::Result<Response<Incoming>>>,
{
    let response = wait(&mut drive, response, (tap, peer, limits)).await?;
    Ok(receive(drive, response, started, (tap, peer, limits), sink).await)
}

/// Waits for the header of an answer.
pub(super) async fn wait<B>(
    drive: impl FnMut(&mut Context<'_>),
    response: B,
    (tap, peer, limits): (&Tap, &Address, &Limits),
) -> Result<Response<Incoming>, Unanswered>
where
    B: Future<Output = hyper::Result<Response<Incoming>>>,
{
    let before = tap.traffic().read;
    let within = limits.read_within();
    match time::timeout(within, beside(drive, response)).await {
        Ok(Ok(response)) => Ok(response),
        Ok(Err(error)) => Err(Unanswered {
            obstructed: failed(peer, &error, tap, limits),
            not_processed: failure::was_not_processed(&error),
        }),
        Err(_) => {
            let obstructed = no_answer(peer, tap.traffic().read - before, within);
            Err(Unanswered { obstructed, not_processed: false })
        }
    }
}

/// Reads the rest of an answer whose header is there.
pub(super) async fn receive(
    mut drive: impl FnMut(&mut Context<'_>),
    response: Response<Incoming>,
    started: Instant,
    (tap, peer, limits): (&Tap, &Address, &Limits),
    sink: Option<Sink<'_>>,
) -> Answer {
    let headed = Instant::now();
    let (head, incoming) = response.into_parts();
    let first = match head.version {
        // The server's settings come first.
        Version::HTTP_2 => headed,
        _ => tap.answered().unwrap_or(headed),
    };
    let mut trailers = HeaderMap::new();
    let with = (tap, peer, limits);
    let body = read_body(&mut drive, incoming, &head.headers, &mut trailers, with, sink).await;
    Answer {
        version: head.version,
        status: head.status,
        headers: head.headers,
        body,
        trailers,
        first_byte: first.saturating_duration_since(started),
        transfer: first.elapsed(),
    }
}

async fn read_body(
    drive: &mut impl FnMut(&mut Context<'_>),
    mut incoming: Incoming,
    headers: &HeaderMap,
    trailers: &mut HeaderMap,
    (tap, peer, limits): (&Tap, &Address, &Limits),
    sink: Option<Sink<'_>>,
) -> Body {
    if incoming.is_end_stream() {
        return Body::default();
    }
    let mut intake = Intake::new(headers, limits.body_bytes, sink);
    let within = limits.read_within();
    let reading = async {
        while let Some(frame) = beside(&mut *drive, incoming.frame()).await {
            let frame = frame.map_err(|error| match tap.cut() {
                Some(cut) => cut,
                None => failure::of_http(peer, &error),
            })?;
            match frame.into_data() {
                Ok(data) => intake.take(data)?,
                Err(frame) => {
                    if let Ok(last) = frame.into_trailers() {
                        *trailers = last;
                    }
                }
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

/// What an error before the end of the header means.
fn failed(peer: &Address, error: &hyper::Error, tap: &Tap, limits: &Limits) -> Obstructed {
    if let Some(cut) = tap.cut() {
        return cut;
    }
    let failed = failure::of_http(peer, error);
    // HTTP/2 reports a header list over our limit as a broken stream.
    let flooded = tap.traffic().read > limits.header_bytes as u64;
    if flooded && failed.obstacle == Obstacle::Protocol {
        return failure::header_over_budget(peer);
    }
    failed
}

fn no_answer(peer: &dyn Display, bytes: u64, within: Duration) -> Obstructed {
    Obstacle::Timeout.because(match bytes {
        0 => format!("{peer} accepted the request and sent nothing for {within:?}"),
        bytes => format!("{peer} sent {bytes} bytes and no complete header within {within:?}"),
    })
}

/// What a server may send before we have read it. The default would let it fill 5 MiB of our memory.
const WINDOW: u32 = 256 << 10;
