//! Writing a probe.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

#[cfg(any(test, feature = "specimen"))]
use super::specimen::Specimen;
use super::{
    Experiment, Explains, Fact, Footprint, Gauge, Needs, Obstructed, Profile, Rule, Scheme, Target,
    Timeline, Visit, net,
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

    /// What an ordinary visit needs; `None` for a probe whose every visit is an experiment. The
    /// documentation shows it. Settings may need more: see [`Probe::needs`].
    const NEEDS: Option<Needs>;

    /// The footprint of the probe's experiments, where it has some. The documentation shows it.
    const EXPERIMENT: Option<Footprint> = None;

    /// The checks this probe's evidence can answer.
    const RULES: &'static [Rule<Self>];

    /// The numbers this probe's evidence carries.
    const GAUGES: &'static [Gauge<Self>] = &[];

    /// The checks whose fail says why others, of whichever probe, cannot be answered.
    const EXPLAINS: &'static [Explains] = &[];

    /// The profiles that arm this probe, with its default settings, when the configuration does not
    /// mention it. `Deserialize` must then accept an empty mapping.
    const PROFILES: &'static [Profile] = &[];

    /// What targets must speak for this probe to be of use.
    const SPEAKS: &'static [Scheme] = &Scheme::HTTP;

    /// Whether it judges the target's certificates and tells the net which it has met
    /// ([`net::Session::judging`]).
    const JUDGES_CERTIFICATES: bool = false;

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

    /// What an ordinary visit needs under these settings; `None` if only experiments answer.
    fn needs(&self, _target: &Target) -> Option<Needs> {
        Self::NEEDS
    }

    /// The experiment that these settings describe, if they describe one.
    fn experiment(&self, _target: &Target) -> Option<Experiment> {
        None
    }

    /// What of these settings decides what is observed, and so what [`Visit::memory`] holds: `None` if
    /// every one does.
    ///
    /// What is remembered lasts as long as this stays the same, and the target's URL and where it is
    /// dialled. Limits that only judges read do not belong in it, and the values of secrets must not be
    /// in it.
    fn observes(&self, _target: &Target) -> Option<String> {
        None
    }

    /// Visits the target once. This is the only place a probe may touch the network, and it does so
    /// through `visit.net` alone. The deadline and panics are dealt with by the caller.
    ///
    /// `visit.footprint` says how much this visit may do: an experiment is made by the same function.
    fn observe(
        &self,
        visit: &Visit,
    ) -> impl Future<Output = Result<Self::Evidence, Obstructed>> + Send;

    /// Puts back what a visit has changed. Called after every experiment, whatever its end: an answer,
    /// an error, the deadline, a panic, gonogo being stopped; and when a restarted gonogo finds that an
    /// experiment was under way. It has [`Experiment::restore_within`], and `visit.net` is a session of
    /// its own.
    ///
    /// What it cannot put back is an error, after which the experiment is not made again until a person
    /// says so.
    fn restore(&self, _visit: &Visit) -> impl Future<Output = Result<(), Obstructed>> + Send {
        async { Ok(()) }
    }

    /// The moments of a visit, for a person to see what happened when.
    fn timeline(&self, _evidence: &Self::Evidence) -> Option<Timeline> {
        None
    }

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
