//! What one visit saw of plain HTTP.

use super::observe::speech::Listener;
use crate::{
    contract::Obstructed,
    web::{
        audience::Audience,
        knock::{Door, Hop},
    },
};

/// What one visit brought back.
#[derive(Debug)]
pub(crate) struct Evidence {
    /// The URL that was asked for without TLS.
    pub(super) subject: String,
    /// Whether that is the target's own URL, so that its users are sent there.
    pub(super) own: bool,
    /// The target's host.
    pub(super) host: String,
    /// What happened there.
    pub(super) door: Door,
    /// How the same path is answered by TLS, where the answer without needed comparing.
    pub(super) control: Option<Result<Hop, Obstructed>>,
    /// Who calls.
    pub(super) audience: Option<Audience>,
    /// What the other places speak.
    pub(super) listeners: Vec<Listener>,
}
