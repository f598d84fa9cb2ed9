//! The net: the only door to targets.
//!
//! Everything gonogo sends to a target goes through a [`Session`] of the target's [`Net`]. The net
//! connects only to addresses that the target's configuration allows (checked again after name
//! resolution and on every redirect a probe follows), keeps the budgets, never falls back to
//! unverified TLS, never uses a proxy of the environment, says who is there (`User-Agent`), and
//! records each exchange with its phases.

mod account;
mod allow;
mod api;
mod breaker;
mod budget;
mod decode;
mod dial;
mod drive;
mod endpoint;
mod exchange;
mod failure;
mod feed;
mod follow;
mod frames;
mod http;
mod judged;
mod kept;
mod limits;
mod memo;
mod open;
mod outgoing;
pub(crate) mod own;
mod phases;
mod queue;
mod raw;
mod reach;
mod replay;
mod send;
mod session;
mod shared;
mod starttls;
mod stream;
mod tap;
#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "servers of a test end with its runtime")]
mod tests;
mod tls;
mod trust;
mod verify;
mod wire;

pub use allow::Allow;
pub use api::{Api, Call, Reply, Way};
pub use budget::Budgets;
pub use decode::Sink;
pub use dial::{Address, Connection};
pub use endpoint::{Endpoint, port_of};
pub use exchange::{Body, Exchange, Negotiated, Request};
pub use feed::{Event, Happening};
pub use follow::{End, Followed, Policy};
pub use frames::GoAway;
pub use kept::{Failed, HttpConnection, HttpOptions, Sent, Speaks, Upgrade};
pub use phases::Phases;
pub use raw::RawAnswer;
pub(in crate::contract) use session::REQUESTS;
pub use session::{HandshakeError, Session};
pub use shared::{Net, NetSettings};
pub use starttls::{StartTls, StartTlsError};
pub use stream::{Security, Stream, StreamOptions};
pub use tap::{Ending, Traffic};
pub use tls::{Trusted, crypto, negotiated, warm_up};
pub use trust::{ClientIdentity, Roots, Trust, TrustError, TrustFiles};
