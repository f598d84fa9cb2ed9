//! What an operator may say about a target's header fields.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    contract::setting::{self, Dur, Link, StatusSet},
    web::audience::Audience,
};

/// Settings of the `headers` probe.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "the setting is called what it is in every probe")]
pub(crate) struct Headers {
    /// Further pages or operations to judge as the target's own URL is. Where that answers 401 or 404
    /// these are judged alone; if there are none, up to eight operations without parameters of its OpenAPI
    /// document, else what it has at usual places such as /api and /login. Health endpoints stand in for
    /// nothing.
    pub(super) paths: Vec<Link>,
    /// Statuses of answers that are judged as the application's. Others are refusals and errors, which
    /// carry what their makers put there: what the application answers is then unknown.
    pub(super) accept: StatusSet,
    /// A path that is answered 400, such as a search with a bad parameter. None is provoked without it:
    /// what a server refuses to parse never reaches the application that sets headers.
    pub(super) bad_request: Option<Link>,
    /// A path that is answered 401 without a credential.
    pub(super) unauthorized: Option<Link>,
    /// A static file, if not one the first page mentions.
    pub(super) asset: Option<Link>,
    /// Header fields to send to the target's own URL and `paths`, such as a credential.
    pub(super) headers: setting::Headers,
    /// Who calls the target, if not those its profile implies.
    pub(super) audience: Option<Audience>,
    /// The shortest `max-age` of `Strict-Transport-Security` that is long enough.
    pub(super) hsts_min_age: Dur,
    /// The port at the target's host that plain HTTP comes to; only the Observatory's score asks.
    pub(super) port: u16,
    /// Whether the host is on the browsers' list of HSTS preloads; gonogo has no copy of it.
    pub(super) preloaded: bool,
}

impl Default for Headers {
    fn default() -> Self {
        Self {
            paths: Vec::new(),
            accept: StatusSet::success(),
            bad_request: None,
            unauthorized: None,
            asset: None,
            headers: setting::Headers::default(),
            audience: None,
            hsts_min_age: Dur::secs(31_536_000),
            port: 80,
            preloaded: false,
        }
    }
}
