//! Types of settings that several probes share. Each parses what the operator wrote, once, and says
//! what would have been right when it cannot.

mod dur;
mod endpoint;
mod file;
mod headers;
mod link;
mod pattern;
mod secret;
mod status;
mod time_window;
mod trust;

pub use dur::Dur;
pub use file::{FILE_TOKEN, File};
pub use headers::Headers;
pub use link::Link;
pub use pattern::Pattern;
pub use secret::{Exposed, SECRET_TOKEN, Secret, Text, hand_over};
pub use status::StatusSet;
pub use time_window::{Occurrence, TimeWindow};
pub use trust::TrustSetting;
