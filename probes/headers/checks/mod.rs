//! The checks, in the order reports list them.

mod content_type_missing;
mod cross_origin_isolation_invalid;
mod csp_missing;
mod csp_weak;
mod dropped_on_errors;
mod framing_allowed;
mod hsts_invalid;
mod hsts_missing;
mod hsts_short;
mod permissions_unrestricted;
mod private_response_cacheable;
mod referrer_leaks;
mod sniffing_allowed;
mod subresource_unpinned;
mod version_disclosed;

use super::Headers;
use crate::contract::Rule;

pub(super) const RULES: &[Rule<Headers>] = &[
    content_type_missing::RULE,
    sniffing_allowed::RULE,
    hsts_missing::RULE,
    hsts_short::RULE,
    hsts_invalid::RULE,
    framing_allowed::RULE,
    csp_missing::RULE,
    csp_weak::RULE,
    referrer_leaks::RULE,
    permissions_unrestricted::RULE,
    private_response_cacheable::RULE,
    version_disclosed::RULE,
    dropped_on_errors::RULE,
    cross_origin_isolation_invalid::RULE,
    subresource_unpinned::RULE,
];
