//! What a visit brought back.

pub(super) mod accepted;
pub(super) mod sessions;

use std::{sync::Arc, time::Duration};

use http::StatusCode;
use rustls::InvalidMessage;
use rustls_pki_types::ServerName;

use crate::{
    contract::{
        Item, Obstacle, Obstructed,
        net::{Address, Negotiated, StartTlsError},
    },
    tls::{
        chain::{Chain, Listed},
        evidence::sessions::Sessions,
        observe::{
            handshake::Afterwards,
            survey::{Survey, Told},
        },
        statements::{staple::Staple, timestamps::Timestamp},
    },
    wire::hello::version::Version,
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
    /// Why not every address was asked, where that is so.
    pub(super) unasked: Option<Obstructed>,
    /// Why the intermediates of the settings are not known, where they are not.
    pub(super) unread: Option<Obstructed>,
    /// Whether it is HTTP that is spoken there: at the target's own URL.
    pub(super) is_http: bool,
    /// How many connections the visit has used.
    pub(super) connections: u32,
    /// How long it took.
    pub(super) took: Duration,
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
    pub(super) chain: Result<Arc<Chain>, NoChain>,
    /// Whether a certificate of the client's was asked for.
    pub(super) asks_for_certificate: bool,
    /// What is wrong with the server's signature over the handshake.
    pub(super) bad_signature: Option<rustls::Error>,
    /// The OCSP response that was stapled to the chain, if one was.
    pub(super) staple: Option<Arc<Staple>>,
    /// What the revocation lists of the settings say of the chain, if there are any.
    pub(super) listed: Option<Result<Listed, Obstructed>>,
    /// The certificate timestamps in the TLS extension for them; `None` where nobody looked.
    pub(super) extension_timestamps: Option<Result<Vec<Timestamp>, Obstructed>>,
    /// What the server does after a handshake without a client's certificate.
    pub(super) afterwards: Afterwards,
    /// The sessions it offered to resume.
    pub(super) sessions: Arc<Sessions>,
    /// What hellos told; an obstacle where asking would have been no use.
    pub(super) survey: Told<Survey>,
    /// How a request without a client's certificate was answered, where one was sent.
    pub(super) anonymous: Option<Told<StatusCode>>,
    /// The beginning of a command that shows the same.
    pub(super) client: String,
}

/// Why there is no chain to judge.
#[derive(Clone, Debug)]
pub(super) enum NoChain {
    /// None was seen.
    Unseen(Obstructed),
    /// Its first certificate is not one, for this reason.
    Unreadable(String),
}

impl NoChain {
    /// What it says of a check that judges chains.
    pub(super) fn item(&self) -> Item {
        match self {
            Self::Unseen(obstructed) => Item::unknown("", obstructed),
            Self::Unreadable(_) => {
                Item::skip("", "the certificate cannot be read: see tls-certificate-unreadable")
            }
        }
    }
}

impl From<NoChain> for Obstructed {
    fn from(none: NoChain) -> Self {
        match none {
            NoChain::Unseen(obstructed) => obstructed,
            NoChain::Unreadable(why) => Obstacle::Protocol
                .because(format!("the server's certificate cannot be read: {why}")),
        }
    }
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

impl Broken {
    /// Whether what answered does not speak TLS at all.
    pub(super) fn is_no_tls(&self) -> bool {
        matches!(
            self.tls,
            Some(rustls::Error::InvalidMessage(
                InvalidMessage::InvalidContentType
                    | InvalidMessage::UnknownProtocolVersion
                    | InvalidMessage::InvalidEmptyPayload
                    | InvalidMessage::MessageTooLarge,
            ))
        )
    }
}

impl Posture {
    /// What `judge` finds in each address's survey, with the address before each subject; `unknown`
    /// for an address that could not be surveyed.
    pub(super) fn surveyed(&self, judge: impl Fn(&Seen, &Survey) -> Vec<Item>) -> Vec<Item> {
        let at_address = |seen: &Seen| match &seen.survey {
            Ok(survey) => judge(seen, survey).into_iter().map(|item| seen.show(item)).collect(),
            Err(obstructed) => vec![seen.show(Item::unknown("", obstructed))],
        };
        self.seen.iter().flat_map(at_address).collect()
    }

    /// What `judge` finds in each chain, with the address before each subject; `unknown` for an address
    /// that showed none.
    pub(super) fn items(&self, judge: impl Fn(&Chain) -> Vec<Item>) -> Vec<Item> {
        self.items_at(|_, chain| judge(chain))
    }

    /// The same, for judges that look at more than the chain.
    pub(super) fn items_at(&self, judge: impl Fn(&Seen, &Chain) -> Vec<Item>) -> Vec<Item> {
        let at_address = |seen: &Seen| match &seen.chain {
            Ok(chain) => judge(seen, chain).into_iter().map(|item| seen.show(item)).collect(),
            Err(none) => vec![seen.show(none.item())],
        };
        self.seen.iter().flat_map(at_address).collect()
    }

    /// The name that was asked for, as text.
    pub(super) fn host(&self) -> String {
        self.name.to_str().into_owned()
    }
}

impl Seen {
    /// Whether the server goes no further for want of a client's certificate. With TLS 1.2 it breaks
    /// off in the middle, after it has shown its own; with TLS 1.3 right after the handshake. A client
    /// that has one gets through.
    pub(super) fn insists_on_certificate(&self) -> bool {
        if !self.asks_for_certificate {
            return false;
        }
        match &self.handshake {
            Ok(_) => self.afterwards == Afterwards::Ends,
            Err(broken) => {
                matches!(broken.tls, Some(rustls::Error::AlertReceived(_))) && self.chain.is_ok()
            }
        }
    }

    /// Whether the handshake ended because the certificates are more than the library reads: 64 KiB.
    pub(super) fn is_too_large(&self) -> bool {
        matches!(
            &self.handshake,
            Err(Broken {
                tls: Some(rustls::Error::InvalidMessage(
                    InvalidMessage::HandshakePayloadTooLarge
                        | InvalidMessage::CertificatePayloadTooLarge
                )),
                ..
            })
        )
    }

    /// Which version a current client gets, where that is known.
    pub(super) fn version(&self) -> Option<Version> {
        self.handshake.as_ref().ok().and_then(version_of)
    }

    /// Whether it answers hellos, and refused one of TLS 1.3.
    pub(super) fn refuses_tls13(&self) -> bool {
        let asked = self.survey.as_ref().ok().and_then(|survey| survey.fast.tls13.as_ref());
        asked.is_some_and(|told| told.as_ref().is_ok_and(|answer| answer.accepted().is_none()))
    }

    /// The item, with the address before its subject and a command to see it again.
    pub(super) fn show(&self, mut item: Item) -> Item {
        let subject = format!("{} {}", self.address, item.subject);
        subject.trim_end().clone_into(&mut item.subject);
        if item.replay.is_some() {
            return item;
        }
        item.replay(self.command("-showcerts"))
    }

    /// A command that shows the same as this client's options do.
    pub(super) fn command(&self, options: &str) -> String {
        format!("{} {options} </dev/null", self.client)
    }
}

/// The version of a handshake.
pub(super) fn version_of(settled: &Negotiated) -> Option<Version> {
    [Version::Tls12, Version::Tls13]
        .into_iter()
        .find(|version| settled.version == version.to_string().replace(' ', "v"))
}
