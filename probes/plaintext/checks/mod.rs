//! The checks, in the order reports list them.

mod api_redirects;
mod listener;
mod redirect_temporary;
mod redirects_elsewhere;
mod served;

use super::Plaintext;
use crate::contract::Rule;

pub(super) const RULES: &[Rule<Plaintext>] = &[
    served::RULE,
    redirects_elsewhere::RULE,
    redirect_temporary::RULE,
    api_redirects::RULE,
    listener::RULE,
];
