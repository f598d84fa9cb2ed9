//! What every page has: title, icon, navigation, and when it was made.

use std::time::SystemTime;

use super::{asset, text::Moment};
use crate::{scorecard::Verdict, web::Links};

/// The frame of a page.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) title: String,
    /// The verdict that the icon shows.
    pub(super) icon: String,
    pub(super) style: String,
    pub(super) links: Links,
    pub(super) made: Moment,
    /// A link that makes the page reload itself, or stop doing so, and its text.
    pub(super) refresh: Option<(String, String)>,
}

impl Layout {
    pub(super) fn new(title: String, verdict: Verdict, links: &Links, now: SystemTime) -> Self {
        Self {
            title,
            icon: links.to(&asset::icon_path(verdict)),
            style: links.to(asset::style_path()),
            links: links.clone(),
            made: Moment::of(now, now),
            refresh: None,
        }
    }
}
