//! What may be asked of the daemon over HTTP, where the operator allows it.

use std::{fmt, sync::Arc};

use axum::{
    extract::{Path, Query, State},
    response::Response,
};
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};

use super::{api, lifecycle::is_from_elsewhere, site::Site};

/// Something that is asked of the daemon.
#[derive(Clone, Debug)]
pub struct Wish {
    /// The target.
    pub target: String,
    /// The probe's name on it.
    pub probe: String,
    /// What is to be done.
    pub what: What,
}

/// What is to be done with a probe of a target.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum What {
    /// An ordinary visit now; where only experiments answer, that.
    Visit,
    /// The experiment that the settings describe.
    Experiment,
    /// Experiments may start again after one that did not put back what it changed.
    Rearm,
}

/// Why it is not done.
#[derive(Debug)]
pub enum Refused {
    /// There is no such target or probe.
    Unknown(String),
    /// Something stands against it.
    No(String),
    /// Not now.
    Busy(String),
}

/// Does what is asked for, as the daemon does it.
#[derive(Clone)]
pub struct Control(Arc<Controlling>);

type Controlling = dyn Fn(&Wish) -> Result<(), Refused> + Send + Sync;

impl Control {
    /// Does it by `control`, which must not wait for what it starts.
    pub fn by(control: impl Fn(&Wish) -> Result<(), Refused> + Send + Sync + 'static) -> Self {
        Self(Arc::new(control))
    }
}

impl fmt::Debug for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Control")
    }
}

/// What a visit may be asked for with.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Options {
    /// Whether the experiment is wanted where there is one.
    #[serde(default)]
    experiment: bool,
}

#[derive(Serialize)]
struct Granted<'a> {
    target: &'a str,
    probe: &'a str,
    accepted: &'static str,
}

pub(super) async fn visit(
    State(site): State<Arc<Site>>,
    Path((target, probe)): Path<(String, String)>,
    Query(options): Query<Options>,
    headers: HeaderMap,
) -> Response {
    let what = if options.experiment { What::Experiment } else { What::Visit };
    grant(&site, &headers, &Wish { target, probe, what })
}

pub(super) async fn rearm(
    State(site): State<Arc<Site>>,
    Path((target, probe)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    grant(&site, &headers, &Wish { target, probe, what: What::Rearm })
}

fn grant(site: &Site, headers: &HeaderMap, wish: &Wish) -> Response {
    let Some(control) = &site.control else {
        let text = "this is off; start gonogo with --web.enable-lifecycle";
        return api::complaint(StatusCode::FORBIDDEN, text.to_owned());
    };
    if is_from_elsewhere(headers) {
        let text = "a page of another site asked for this";
        return api::complaint(StatusCode::FORBIDDEN, text.to_owned());
    }
    match (control.0)(wish) {
        Ok(()) => {
            let (target, probe) = (wish.target.as_str(), wish.probe.as_str());
            let (status, accepted) = match wish.what {
                What::Visit => (StatusCode::ACCEPTED, "visit"),
                What::Experiment => (StatusCode::ACCEPTED, "experiment"),
                What::Rearm => (StatusCode::OK, "rearm"),
            };
            api::json(status, &Granted { target, probe, accepted })
        }
        Err(Refused::Unknown(why)) => api::complaint(StatusCode::NOT_FOUND, why),
        Err(Refused::No(why)) => api::complaint(StatusCode::CONFLICT, why),
        Err(Refused::Busy(why)) => api::complaint(StatusCode::SERVICE_UNAVAILABLE, why),
    }
}
