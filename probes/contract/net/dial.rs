//! Connecting.

use std::{
    fmt, io,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    pin::Pin,
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpStream, UnixStream, lookup_host},
    time,
};

use super::{Allow, Endpoint, Phases, breaker::Trial, failure, queue::Seat};
use crate::contract::{Obstacle, Obstructed};

/// Where a connection goes, after names are resolved.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Address {
    /// IP address and port.
    Ip(SocketAddr),
    /// Unix socket.
    Unix(PathBuf),
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// An open connection, counted against the target's budgets until it is dropped.
///
/// Reading fails with an error that wraps [`Obstructed`] once the target has sent more than the
/// budgets allow.
#[derive(Debug)]
pub struct Connection {
    stream: Stream,
    address: Address,
    unread: usize,
    pub(super) phases: Phases,
    _permit: Permit,
}

impl Connection {
    /// The address that answered.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Where the time went so far.
    #[must_use]
    pub fn phases(&self) -> Phases {
        self.phases
    }
}

/// The permission to be connected, given back when dropped.
#[derive(Debug)]
pub(super) struct Permit {
    pub(super) _seat: Seat,
    pub(super) _trial: Option<Trial>,
    /// Bytes that may be read.
    pub(super) bytes: usize,
}

/// The addresses an endpoint stands for, allowed ones only, and how long that took.
#[expect(clippy::disallowed_methods, reason = "this is the one place that resolves names")]
pub(super) async fn resolve(
    endpoint: &Endpoint,
    allow: &Allow,
    within: Duration,
) -> Result<(Vec<Address>, Duration), Obstructed> {
    let (host, port) = match endpoint {
        Endpoint::Unix(path) => return Ok((vec![Address::Unix(path.clone())], Duration::ZERO)),
        Endpoint::Tcp { host, port } => (host.as_str(), *port),
    };
    if let Ok(ip) = host.parse::<IpAddr>() {
        allow.address(host, ip)?;
        return Ok((vec![Address::Ip(SocketAddr::new(ip, port))], Duration::ZERO));
    }
    let started = Instant::now();
    let found = time::timeout(within, lookup_host((host, port)))
        .await
        .map_err(|_| Obstacle::Dns.because(format!("{host} was not resolved within {within:?}")))?;
    let found = found.map_err(|error| failure::of_lookup(host, &error))?;
    let took = started.elapsed();
    let mut allowed = Vec::new();
    let mut refusal = None;
    for address in found {
        match allow.address(host, address.ip()) {
            Ok(()) => allowed.push(Address::Ip(address)),
            Err(refused) => refusal = refusal.or(Some(refused)),
        }
    }
    match refusal {
        Some(refused) if allowed.is_empty() => Err(refused),
        None if allowed.is_empty() => {
            Err(Obstacle::Dns.because(format!("{host} has no addresses")))
        }
        _ => Ok((allowed, took)),
    }
}

/// Tries addresses in order until one answers. Each gets an equal share of the time that is left, so
/// that a silent one does not use up that of the others.
pub(super) async fn dial(
    addresses: &[Address],
    until: time::Instant,
    permit: Permit,
) -> Result<Connection, Obstructed> {
    let mut failed = Obstacle::Unreachable.because("there is no address to call");
    for (tried, address) in addresses.iter().enumerate() {
        let now = time::Instant::now();
        let left = until.saturating_duration_since(now);
        let share = left / u32::try_from(addresses.len() - tried).unwrap_or(u32::MAX);
        let started = Instant::now();
        match time::timeout_at(now + share, open(address)).await {
            Ok(Ok(stream)) => {
                let phases = Phases { connect: started.elapsed(), ..Phases::default() };
                let (unread, address) = (permit.bytes, address.clone());
                return Ok(Connection { stream, address, unread, phases, _permit: permit });
            }
            Ok(Err(error)) => failed = failure::of_connect(address, &error),
            Err(_) => {
                let detail = format!("{address} did not accept a connection within {share:?}");
                failed = Obstacle::Timeout.because(detail);
            }
        }
        if failed.obstacle == Obstacle::Local {
            break;
        }
    }
    Err(failed)
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that connects to targets")]
async fn open(address: &Address) -> io::Result<Stream> {
    match address {
        Address::Ip(address) => {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            Ok(Stream::Tcp(stream))
        }
        Address::Unix(path) => Ok(Stream::Unix(UnixStream::connect(path).await?)),
    }
}

#[derive(Debug)]
enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// Calls a method of whichever stream it is.
macro_rules! each {
    ($connection:expr, $stream:ident => $call:expr) => {
        match &mut $connection.get_mut().stream {
            Stream::Tcp(stream) => {
                let $stream = Pin::new(stream);
                $call
            }
            Stream::Unix(stream) => {
                let $stream = Pin::new(stream);
                $call
            }
        }
    };
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.unread == 0 {
            return Poll::Ready(Err(io::Error::other(
                Obstacle::OverBudget
                    .because("the target sent more than the budget of a connection"),
            )));
        }
        let before = buf.filled().len();
        let outcome = ready!(each!(self.as_mut(), stream => stream.poll_read(cx, buf)));
        self.unread = self.unread.saturating_sub(buf.filled().len() - before);
        Poll::Ready(outcome)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        each!(self, stream => stream.poll_write(cx, buf))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        each!(self, stream => stream.poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(self, stream => stream.poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(self, stream => stream.poll_shutdown(cx))
    }
}
