//! Writing a probe.

use std::time::Duration;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

#[cfg(any(test, feature = "specimen"))]
use super::specimen::Specimen;
use super::{
    Check, Explains, Fact, Footprint, Gauge, Obstructed, Profile, Rule, Target, Visit, net,
};

/// Observes a target, so that its checks can judge what was seen.
///
/// The implementing type is the probe's settings, exactly as an operator writes them.
pub trait Probe: DeserializeOwned + JsonSchema + Send + Sync + 'static {
    /// Everything one visit brought back. Parts that may be missing are `Result<T, Obstructed>`, so
    /// that only the checks which need them cannot tell.
    type Evidence: Send + Sync;

    /// The probe's name in configuration and metrics, and of its folder.
    const NAME: &'static str;

    /// What it looks at, as one sentence with a full stop.
    const ABOUT: &'static str;

    /// What a visit does to the target.
    const FOOTPRINT: Footprint;

    /// The checks this probe's evidence can answer.
    const RULES: &'static [Rule<Self>];

    /// The numbers this probe's evidence carries.
    const GAUGES: &'static [Gauge<Self>] = &[];

    /// The checks whose fail says why others, of whichever probe, cannot be answered.
    const EXPLAINS: &'static [Explains] = &[];

    /// The profiles that arm this probe, with its default settings, when the configuration does not
    /// mention it. `Deserialize` must then accept an empty mapping.
    const PROFILES: &'static [Profile] = &[];

    /// The time between visits, where the footprint's own does not fit.
    const INTERVAL: Option<Duration> = Self::FOOTPRINT.interval();

    /// The time allowed for a whole visit, unless the configuration says otherwise.
    const DEADLINE: Duration = Duration::from_secs(10);

    /// Connections and requests one visit may use, unless the configuration says otherwise.
    const REQUESTS: u32 = net::REQUESTS;

    /// Whether the probe means anything for this target when only a profile asks for it.
    fn suits(_target: &Target) -> bool {
        true
    }

    /// Addresses the settings name besides the target's own, which the net may then call.
    fn endpoints(&self, _target: &Target) -> Vec<net::Endpoint> {
        Vec::new()
    }

    /// What is wrong with the settings of this target that their types cannot say.
    fn mistakes(&self, _target: &Target) -> Vec<Mistake> {
        Vec::new()
    }

    /// Why a check does not apply under these settings, as a lower-case fragment, if they say so.
    fn exempts(&self, _check: &Check) -> Option<String> {
        None
    }

    /// Visits the target once. This is the only place a probe may touch the network, and it does so
    /// through `visit.net` alone. The deadline and panics are dealt with by the caller.
    fn observe(
        &self,
        visit: &Visit,
    ) -> impl Future<Output = Result<Self::Evidence, Obstructed>> + Send;

    /// What was seen, as rows for a person to read at a glance.
    fn facts(&self, _evidence: &Self::Evidence) -> Vec<Fact> {
        Vec::new()
    }

    /// Servers on which every check of this probe is seen to fail, and others on which it passes.
    #[cfg(any(test, feature = "specimen"))]
    fn specimens() -> Vec<Specimen>;
}

/// Something wrong with a probe's settings.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Mistake {
    /// Keys and indices from the probe's settings down to the value: `["depends", "0"]`.
    pub path: Vec<String>,
    /// What is wrong and what would be right, as a lower-case fragment without a full stop.
    pub message: String,
}
