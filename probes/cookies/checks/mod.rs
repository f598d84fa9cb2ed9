//! The checks, in the order reports list them.

mod cross_site;
mod domain_too_broad;
mod insecure;
mod prefix_broken;
mod script_readable;
mod sent_in_plaintext;

use super::Cookies;
use crate::contract::Rule;

pub(super) const RULES: &[Rule<Cookies>] = &[
    sent_in_plaintext::RULE,
    insecure::RULE,
    script_readable::RULE,
    cross_site::RULE,
    prefix_broken::RULE,
    domain_too_broad::RULE,
];
