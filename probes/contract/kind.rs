//! A row of the catalogue: a probe, seen without its types.

use std::fmt;

use schemars::{Schema, SchemaGenerator};

#[cfg(any(test, feature = "specimen"))]
use super::specimen::Specimen;
use super::{Armed, Check, Explains, Footprint, GaugeInfo, Needs, Probe, Profile, Scheme, Target};

/// A probe, as the daemon, the documentation and the schema see it.
pub struct Kind {
    /// The probe's name.
    pub name: &'static str,
    /// What it looks at, as one sentence.
    pub about: &'static str,
    /// What an ordinary visit needs where the settings do not need more; `None` if only experiments
    /// answer.
    pub needs: Option<Needs>,
    /// What its experiments do to the target, where it has some.
    pub experiment: Option<Footprint>,
    /// The profiles that arm it.
    pub profiles: &'static [Profile],
    /// Checks of it that say why others cannot be answered.
    pub explains: &'static [Explains],
    /// What targets must speak for it to be of use.
    pub speaks: &'static [Scheme],
    /// Whether it judges the target's certificates.
    pub judges_certificates: bool,
    checks: fn() -> Vec<&'static Check>,
    footprints: fn() -> Vec<Footprint>,
    gauges: fn() -> Vec<GaugeInfo>,
    schema: fn(&mut SchemaGenerator) -> Schema,
    suits: fn(&Target) -> bool,
    arm: Arm,
    #[cfg(any(test, feature = "specimen"))]
    specimens: fn() -> Vec<Specimen>,
}

type Arm =
    fn(&mut dyn erased_serde::Deserializer<'_>) -> Result<Box<dyn Armed>, erased_serde::Error>;

impl Kind {
    /// The row for `P`.
    ///
    /// # Panics
    ///
    /// Panics if a check is misnamed. The catalogue is a `static`, so that is a compile error.
    #[must_use]
    pub const fn of<P: Probe>() -> Self {
        let mut i = 0;
        while i < P::RULES.len() {
            assert!(
                P::RULES[i].check.belongs_to(P::NAME),
                "a check's id is its probe's name, a hyphen, and kebab case"
            );
            i += 1;
        }
        Self {
            name: P::NAME,
            about: P::ABOUT,
            needs: P::NEEDS,
            experiment: P::EXPERIMENT,
            profiles: P::PROFILES,
            explains: P::EXPLAINS,
            speaks: P::SPEAKS,
            judges_certificates: P::JUDGES_CERTIFICATES,
            checks: || P::RULES.iter().map(|rule| &rule.check).collect(),
            footprints: || P::RULES.iter().map(|rule| rule.footprint).collect(),
            gauges: || P::GAUGES.iter().map(GaugeInfo::of).collect(),
            schema: P::json_schema,
            suits: P::suits,
            arm: |settings| Ok(Box::new(erased_serde::deserialize::<P>(settings)?)),
            #[cfg(any(test, feature = "specimen"))]
            specimens: P::specimens,
        }
    }

    /// The probe's checks, in declared order.
    #[must_use]
    pub fn checks(&self) -> Vec<&'static Check> {
        (self.checks)()
    }

    /// The mildest footprint with which each of the checks can be answered, in declared order.
    #[must_use]
    pub fn footprints(&self) -> Vec<Footprint> {
        (self.footprints)()
    }

    /// What its mildest visit does to the target.
    #[must_use]
    pub fn footprint(&self) -> Footprint {
        let ordinary = self.needs.map(|needs| needs.footprint);
        ordinary.or(self.experiment).unwrap_or(Footprint::Disruptive)
    }

    /// The probe's gauges, in declared order.
    #[must_use]
    pub fn gauges(&self) -> Vec<GaugeInfo> {
        (self.gauges)()
    }

    /// The schema of the probe's settings.
    pub fn schema(&self, generator: &mut SchemaGenerator) -> Schema {
        (self.schema)(generator)
    }

    /// Whether the probe means anything for this target when only a profile asks for it.
    #[must_use]
    pub fn suits(&self, target: &Target) -> bool {
        self.speaks.contains(&target.scheme()) && (self.suits)(target)
    }

    /// Configures the probe.
    ///
    /// # Errors
    ///
    /// Returns the first thing that is wrong with the settings.
    pub fn arm(
        &self,
        settings: &mut dyn erased_serde::Deserializer<'_>,
    ) -> Result<Box<dyn Armed>, erased_serde::Error> {
        (self.arm)(settings)
    }

    /// Servers on which every check of this probe fails or passes.
    #[cfg(any(test, feature = "specimen"))]
    #[must_use]
    pub fn specimens(&self) -> Vec<Specimen> {
        (self.specimens)()
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kind").field("name", &self.name).finish_non_exhaustive()
    }
}
