//! What all visits of a target share.

use std::{
    fmt,
    sync::{Arc, atomic::AtomicU64},
};

use ::http::HeaderValue;

use super::{
    Address, Allow, Budgets, Endpoint, Session, Trust, TrustError, breaker::Breaker, feed::Feed,
    judged::Judged, queue::Queue, replay::Shown, tls::Tls,
};
use crate::contract::{Footprint, redact::Redactor};

/// All that reaches one target. Shared by the target's probes.
pub struct Net {
    pub(super) allow: Allow,
    pub(super) connect_to: Vec<Address>,
    pub(super) origin: Endpoint,
    pub(super) budgets: Arc<Budgets>,
    pub(super) queue: Arc<Queue>,
    pub(super) user_agent: HeaderValue,
    pub(super) redactor: Arc<Redactor>,
    pub(super) requests: Arc<AtomicU64>,
    pub(super) tls: Tls,
    pub(super) shown: Shown,
    pub(super) breaker: Arc<Breaker>,
    pub(super) judged: Judged,
    pub(super) feed: Arc<Feed>,
    /// The name of a visit that no probe makes.
    pub(super) nobody: Arc<str>,
}

/// What a net is made of.
#[derive(Debug)]
pub struct NetSettings {
    /// Which addresses may be called.
    pub allow: Allow,
    /// Addresses to dial for the target's own host, instead of what its name resolves to.
    pub connect_to: Vec<Address>,
    /// The target's own endpoint, to which `connect_to` applies.
    pub origin: Endpoint,
    /// Whom we trust, and who we are.
    pub trust: Trust,
    /// What may be asked and taken.
    pub budgets: Budgets,
    /// What we say we are: `gonogo/0.1.0 (+https://…)`.
    pub user_agent: String,
    /// Knows the secrets of the target's settings.
    pub redactor: Redactor,
    /// Counts requests and connections.
    pub requests: Arc<AtomicU64>,
}

impl Net {
    /// Takes secrets out of what the target says.
    #[must_use]
    pub fn redactor(&self) -> &Arc<Redactor> {
        &self.redactor
    }

    /// Prepares the way to a target: reads trust, calls nobody.
    pub fn new(settings: NetSettings) -> Result<Arc<Self>, TrustError> {
        Ok(Arc::new(Self {
            shown: Shown::of(&settings.trust),
            tls: Tls::new(settings.trust)?,
            queue: Queue::new(&settings.budgets),
            budgets: Arc::new(settings.budgets),
            breaker: Arc::default(),
            judged: Judged::default(),
            feed: Arc::default(),
            nobody: "".into(),
            allow: settings.allow,
            connect_to: settings.connect_to,
            origin: settings.origin,
            user_agent: HeaderValue::try_from(settings.user_agent)
                .unwrap_or(HeaderValue::from_static("gonogo")),
            redactor: Arc::new(settings.redactor),
            requests: settings.requests,
        }))
    }

    /// Says that a probe judges the certificates of this target, and will say so with
    /// [`Session::judging`]: until it has, a visit that meets a certificate which is not sound waits a
    /// little.
    pub fn expect_judgement(&self) {
        self.judged.expect();
    }

    /// A visit's share of the net.
    #[must_use]
    pub fn session(self: &Arc<Self>, footprint: Footprint) -> Session {
        Session::new(Arc::clone(self), footprint)
    }
}

impl fmt::Debug for Net {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Net").field("origin", &self.origin).finish_non_exhaustive()
    }
}
