//! What a visit brought back.

use std::{sync::Arc, time::Duration};

use rustls_pki_types::ServerName;

use super::chain::Chain;
use crate::contract::{
    Item, Obstacle, Obstructed,
    net::{Address, Negotiated, StartTlsError},
};

/// How the target's addresses speak TLS, each of them.
#[derive(Debug)]
pub(crate) struct Posture {
    /// When it was seen, in seconds since the epoch.
    pub(super) at: i64,
    /// The name that was asked for.
    pub(super) name: ServerName<'static>,
    /// What was seen at each address.
    pub(super) seen: Vec<Seen>,
    /// Addresses that were not judged, each with the reason.
    pub(super) left_out: Vec<(Address, String)>,
    /// Why the intermediates of the settings are not known, where they are not.
    pub(super) unread: Option<Obstructed>,
}

/// What was seen at one address.
#[derive(Debug)]
pub(super) struct Seen {
    /// Where.
    pub(super) address: Address,
    /// What the handshake settled on, or how it ended.
    pub(super) handshake: Result<Negotiated, Broken>,
    /// How long connecting and the handshake took.
    pub(super) took: Duration,
    /// The chain that was shown, even if the handshake failed after it.
    pub(super) chain: Result<Arc<Chain>, Obstructed>,
    /// Whether a certificate of the client's was asked for.
    pub(super) asks_for_certificate: bool,
    /// What is wrong with the server's signature over the handshake.
    pub(super) bad_signature: Option<rustls::Error>,
    /// A command that shows the same.
    pub(super) replay: String,
}

/// How a handshake ended before its end.
#[derive(Clone, Debug)]
pub(super) struct Broken {
    /// What was in the way.
    pub(super) obstructed: Obstructed,
    /// What TLS made of it, where it came to that.
    pub(super) tls: Option<rustls::Error>,
    /// Whether it ended before TLS by what the server itself said, which is certain.
    pub(super) refused: bool,
}

impl From<Obstructed> for Broken {
    fn from(obstructed: Obstructed) -> Self {
        Self { obstructed, tls: None, refused: false }
    }
}

impl From<StartTlsError> for Broken {
    fn from(error: StartTlsError) -> Self {
        match error {
            StartTlsError::Obstructed(obstructed) => obstructed.into(),
            StartTlsError::Refused(detail) | StartTlsError::Injected(detail) => {
                Self { refused: true, ..Obstacle::Tls.because(detail).into() }
            }
        }
    }
}

impl Posture {
    /// What `judge` finds in each chain, with the address before each subject; `unknown` for an address
    /// that showed none.
    pub(super) fn items(&self, judge: impl Fn(&Chain) -> Vec<Item>) -> Vec<Item> {
        let at_address = |seen: &Seen| match &seen.chain {
            Ok(chain) => judge(chain).into_iter().map(|item| seen.show(item)).collect(),
            Err(obstructed) => vec![seen.show(Item::unknown("", obstructed))],
        };
        self.seen.iter().flat_map(at_address).collect()
    }

    /// The name that was asked for, as text.
    pub(super) fn host(&self) -> String {
        self.name.to_str().into_owned()
    }
}

impl Seen {
    /// Whether the server broke the handshake off for want of a client's certificate. With TLS 1.2 it
    /// does so in the middle, after it has shown its own; a client that has one gets through.
    pub(super) fn insists_on_certificate(&self) -> bool {
        let alert = |broken: &Broken| matches!(broken.tls, Some(rustls::Error::AlertReceived(_)));
        self.handshake.as_ref().is_err_and(alert) && self.asks_for_certificate && self.chain.is_ok()
    }

    /// The item, with the address before its subject and the command to see it again.
    pub(super) fn show(&self, mut item: Item) -> Item {
        let subject = format!("{} {}", self.address, item.subject);
        subject.trim_end().clone_into(&mut item.subject);
        item.replay(self.replay.clone())
    }
}
