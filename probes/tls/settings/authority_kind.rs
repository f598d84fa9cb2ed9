//! Whose rules a certificate must keep.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::tls::{Tls, chain::Chain};

/// Whose rules hold for the target's certificates.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "snake_case")]
pub(in crate::tls) enum AuthorityKind {
    /// Those of the CA/Browser Forum and of the browsers.
    Public,
    /// The operator's own.
    Private,
}

impl Tls {
    /// Whether the rules for public certificates hold for this chain: as the settings say, or where its
    /// path ends at a root of Mozilla's programme.
    pub(in crate::tls) fn is_public(&self, chain: &Chain) -> bool {
        match self.authorities {
            Some(kind) => kind == AuthorityKind::Public,
            None => chain.trust.path().is_some_and(|path| path.anchor.public),
        }
    }
}
