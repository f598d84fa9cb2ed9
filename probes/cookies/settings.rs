//! What an operator may say about a target's cookies.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::contract::setting::{Headers, Link, StatusSet};

/// Settings of the `cookies` probe.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Cookies {
    /// Places that set cookies, such as the login page. The target's own URL is always asked; where that
    /// answers 401 or 404 and none is named here, up to eight operations without parameters of its OpenAPI
    /// document, or what it has at usual places such as /login.
    pub(super) paths: Vec<Link>,
    /// Statuses of answers that are the application's. Refusals and errors may lack its cookies: what it
    /// sets is then unknown.
    pub(super) accept: StatusSet,
    /// Header fields to send, such as a credential; never without TLS, unless the target's own URL is
    /// without.
    pub(super) headers: Headers,
    /// Names of cookies that stand for a user, besides those whose name or `HttpOnly` says so.
    pub(super) session: Vec<String>,
    /// Names of cookies that do not, whatever they are called.
    pub(super) harmless: Vec<String>,
    /// The port at the target's host that plain HTTP comes to.
    pub(super) port: u16,
}

impl Default for Cookies {
    fn default() -> Self {
        Self {
            paths: Vec::new(),
            accept: StatusSet::success(),
            headers: Headers::default(),
            session: Vec::new(),
            harmless: Vec::new(),
            port: 80,
        }
    }
}
