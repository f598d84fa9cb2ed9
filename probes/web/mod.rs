//! What several probes know of the web: how browsers ask, read header fields and pages, and tell sites
//! apart; what to look at on a target; windows of latencies.

pub(crate) mod addresses;
pub(crate) mod audience;
pub(crate) mod charset;
pub(crate) mod fields;
pub(crate) mod knock;
pub(crate) mod landing;
pub(crate) mod reach;
pub(crate) mod set_cookie;
pub(crate) mod site;
pub(crate) mod window;
