//! The checks, in the order reports list them.

mod allowed_origin_refused;
mod any_header;
mod any_method;
mod any_origin;
mod any_origin_on_private_network;
mod any_origin_with_credentials;
mod any_port;
mod any_subdomain;
mod development_origin;
mod insecure_origin;
mod lookalike_origin;
mod null_origin;
mod preflight_cached_too_long;
mod preflight_needs_credentials;
mod repeated_header;
mod shared_hosting_origin;
mod vary_missing;
mod websocket_any_origin;
mod wildcard_with_credentials;

use super::Cors;
use crate::contract::Rule;

pub(super) const RULES: &[Rule<Cors>] = &[
    any_origin_with_credentials::RULE,
    null_origin::RULE,
    lookalike_origin::RULE,
    any_origin::RULE,
    any_origin_on_private_network::RULE,
    any_subdomain::RULE,
    insecure_origin::RULE,
    development_origin::RULE,
    shared_hosting_origin::RULE,
    any_port::RULE,
    allowed_origin_refused::RULE,
    preflight_needs_credentials::RULE,
    any_method::RULE,
    any_header::RULE,
    wildcard_with_credentials::RULE,
    vary_missing::RULE,
    repeated_header::RULE,
    preflight_cached_too_long::RULE,
    websocket_any_origin::RULE,
];
