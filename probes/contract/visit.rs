//! One visit: whom to call on, when, and what is remembered from the last time.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use super::{Memory, Target, net};

/// One execution of one probe on one target.
#[derive(Debug)]
pub struct Visit {
    /// Whom to call on.
    pub target: Arc<Target>,
    /// The way there: everything sent to the target goes through it.
    pub net: net::Session,
    /// When the visit is made; a judge knows no other time.
    pub at: SystemTime,
    /// The time allowed for the whole visit.
    pub deadline: Duration,
    /// What earlier visits of the same armed probe left for this one.
    pub memory: Arc<Memory>,
}
