//! What an operator may say about plain HTTP beside a target.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{contract::net::Endpoint, web::audience::Audience};

/// Settings of the `plaintext` probe.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Plaintext {
    /// The port at the target's host that plain HTTP comes to. Where the target's own URL is http, its
    /// own port is looked at instead. Where `connect_to` leads to another port than the URL's, 80 is not
    /// looked at, since it would be somebody else's.
    pub(super) port: u16,
    /// The path to ask for, if not that of the target's URL. It should be one that is answered by TLS.
    pub(super) path: Option<String>,
    /// Who calls the target, if not those its profile implies.
    pub(super) audience: Option<Audience>,
    /// Other places where TLS is expected from the first byte, as `host:port`: gRPC, custom protocols.
    pub(super) listeners: Vec<Endpoint>,
}

impl Default for Plaintext {
    fn default() -> Self {
        Self { port: 80, path: None, audience: None, listeners: Vec::new() }
    }
}
