//! Declaring which check says why others cannot be answered.

use super::Obstacle;

/// A check whose fail keeps other checks of the target from being answered, whatever their probe.
#[derive(Clone, Copy, Debug)]
pub struct Explains {
    /// Its id.
    pub check: &'static str,
    /// What the others meet.
    pub obstacles: &'static [Obstacle],
}
