//! Requests that must reach the wire byte for byte.

use std::{
    io,
    ops::ControlFlow,
    time::{Duration, Instant},
};

use bytes::Bytes;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    time,
};

use super::{Address, decode::append, failure};
use crate::contract::{Obstacle, Obstructed};

/// What came back on a raw connection.
#[derive(Clone, Debug, Default)]
pub struct RawAnswer {
    /// Everything read, up to the budget.
    pub bytes: Bytes,
    /// Whether the target closed the connection (`true`) or we stopped reading.
    pub closed: bool,
    /// From the last byte sent to the first byte read.
    pub first_byte: Option<Duration>,
}

/// Writes, then reads until the target closes, is quiet for `quiet`, or has sent more than a connection
/// may, which is `most`; at most `within` and `quiet` together.
pub(super) async fn speak<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    bytes: &[u8],
    (quiet, within): (Duration, Duration),
    most: usize,
    peer: &Address,
) -> Result<RawAnswer, Obstructed> {
    let write = async {
        stream.write_all(bytes).await?;
        stream.flush().await
    };
    let Ok(written) = time::timeout(within, write).await else {
        return Err(Obstacle::Timeout.because(format!("{peer} did not read the request")));
    };
    let sent = Instant::now();
    let until = time::Instant::now() + within + quiet;
    let mut answer = RawAnswer::default();
    let mut read = Vec::new();
    let mut buffer = vec![0; 8 << 10];
    let end = loop {
        let next = until.min(time::Instant::now() + quiet);
        match time::timeout_at(next, stream.read(&mut buffer)).await {
            Ok(Ok(0)) => break Ok(true),
            Ok(Ok(count)) => {
                answer.first_byte.get_or_insert_with(|| sent.elapsed());
                append(&mut read, &buffer[..count], most);
            }
            Ok(Err(error)) => break Err(error),
            Err(_) => break Ok(false),
        }
    };
    answer.closed = match end {
        Ok(closed) => closed,
        // A server that answers early and closes resets what we were still sending.
        Err(error) if read.is_empty() && !ended_without_notice(&error) => {
            return Err(failure::of_stream(peer, &error));
        }
        Err(error) => failure::of_stream(peer, &error).obstacle != Obstacle::OverBudget,
    };
    if let (Err(error), true) = (written, read.is_empty()) {
        return Err(failure::of_stream(peer, &error));
    }
    answer.bytes = read.into();
    Ok(answer)
}

/// Writes, then hands on what comes back until `hear` has heard enough or the target closes, which is
/// what comes back; all within `within`. `hear` breaks with what to say by way of farewell.
pub(super) async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    bytes: &[u8],
    within: Duration,
    peer: &Address,
    mut hear: impl FnMut(&[u8]) -> ControlFlow<&'static [u8]>,
) -> Result<bool, Obstructed> {
    let until = time::Instant::now() + within;
    let talk = async {
        // A server may answer and close before it has read all: what it said counts.
        let written = stream.write_all(bytes).await;
        // On the heap: probes have many of these under way at once.
        let mut buffer = vec![0; 4096];
        loop {
            match stream.read(&mut buffer).await {
                Ok(0) => return Ok(None),
                Ok(count) => {
                    if let ControlFlow::Break(farewell) = hear(&buffer[..count]) {
                        return Ok(Some(farewell));
                    }
                }
                Err(error) => return Err(written.err().unwrap_or(error)),
            }
        }
    };
    match time::timeout_at(until, talk).await {
        Ok(Ok(Some(farewell))) => {
            let _ = time::timeout_at(until, stream.write_all(farewell)).await;
            Ok(false)
        }
        Ok(Ok(None)) => Ok(true),
        Ok(Err(error)) => Err(failure::of_stream(peer, &error)),
        Err(_) => {
            Err(Obstacle::Timeout.because(format!("{peer} did not answer within {within:?}")))
        }
    }
}

/// A TLS connection that was closed without saying so.
fn ended_without_notice(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::UnexpectedEof
}
