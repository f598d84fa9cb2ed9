//! How much may be asked of a target, as an operator writes it.

use std::num::{NonZeroU32, NonZeroUsize};

use gonogo_probes::contract::net::Budgets;
use schemars::JsonSchema;
use serde::Deserialize;

use super::words::Deadline;

/// What gonogo may ask of the target, and take from it.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct BudgetSettings {
    /// Connections and requests a second, sustained, over all probes of the target; default 10.
    requests_per_second: Option<NonZeroU32>,
    /// Connections and requests at once before that rate applies; default 30.
    burst: Option<NonZeroU32>,
    /// Connections open at the same time, over all probes of the target; default 4.
    in_flight: Option<NonZeroUsize>,
    /// Connections and requests of one visit; by default 60, or what the probe and its settings need.
    requests_per_visit: Option<NonZeroU32>,
    /// Bytes of one body, after decompression; default 1048576.
    body_bytes: Option<NonZeroUsize>,
    /// Bytes of one answer's header; default 65536.
    header_bytes: Option<NonZeroUsize>,
    /// Redirects a probe may follow in a row; default 5.
    redirects: Option<u32>,
    /// Time to connect, TLS included; default 3s.
    connect_timeout: Option<Deadline>,
    /// Time from the request to the first byte, and between bytes of the body; default 5s.
    read_timeout: Option<Deadline>,
}

impl From<BudgetSettings> for Budgets {
    fn from(settings: BudgetSettings) -> Self {
        let usual = Self::default();
        let whole = |set: Option<NonZeroU32>, usual| set.map_or(usual, NonZeroU32::get);
        let size = |set: Option<NonZeroUsize>, usual| set.map_or(usual, NonZeroUsize::get);
        let time = |set: Option<Deadline>, usual| set.map_or(usual, |Deadline(time)| time);
        Self {
            requests_per_second: whole(settings.requests_per_second, usual.requests_per_second),
            burst: whole(settings.burst, usual.burst),
            in_flight: size(settings.in_flight, usual.in_flight),
            requests_per_visit: settings.requests_per_visit.map(NonZeroU32::get),
            body_bytes: size(settings.body_bytes, usual.body_bytes),
            header_bytes: size(settings.header_bytes, usual.header_bytes),
            redirects: settings.redirects.unwrap_or(usual.redirects),
            connect_timeout: time(settings.connect_timeout, usual.connect_timeout),
            read_timeout: time(settings.read_timeout, usual.read_timeout),
        }
    }
}
