//! Snapshot → text. Pure: what is written depends on the assessments alone.

pub mod exposition;
pub mod json;
pub mod overall;
pub mod prometheus;
pub mod terminal;
pub mod timeline;
