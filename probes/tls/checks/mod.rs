//! The checks, in the order reports list them.

mod anchor_expiring;
mod broken_cipher;
mod broken_version;
mod cbc_without_etm;
mod certificate_expired;
mod certificate_expiring;
mod certificate_not_yet_valid;
mod certificate_revoked;
mod certificate_unreadable;
mod chain_disordered;
mod chain_element_expired;
mod chain_not_portable;
mod chain_refused_by_one;
mod chain_unusual;
mod client_certificate_not_required;
mod client_certificate_unexpected;
mod compression;
mod early_data;
mod extended_master_secret_missing;
mod fallback_unprotected;
mod finite_field_dh;
mod heartbeat;
mod hostname_mismatch;
mod http2_missing;
mod insecure_renegotiation;
mod intermediate_missing;
mod legacy_version;
mod lifetime_too_long;
mod modern_version_missing;
mod no_forward_secrecy;
mod post_quantum_missing;
mod san_missing;
mod second_certificate_unsound;
mod self_signed;
mod staple_missing;
mod staple_stale;
mod static_key_exchange;
mod transparency_missing;
mod unexpected_issuer;
mod unexpected_key;
mod unreachable;
mod untrusted_issuer;
mod weak_cipher;
mod weak_curve;
mod weak_dh;
mod weak_handshake_signature;
mod weak_key;
mod weak_signature;
mod wrong_certificate_without_sni;
mod wrong_usage;

use super::Tls;
use crate::contract::{Explains, Obstacle, Rule};

pub(super) const RULES: &[Rule<Tls>] = &[
    unreachable::RULE,
    certificate_unreadable::RULE,
    certificate_expired::RULE,
    certificate_not_yet_valid::RULE,
    certificate_expiring::RULE,
    hostname_mismatch::RULE,
    untrusted_issuer::RULE,
    self_signed::RULE,
    intermediate_missing::RULE,
    chain_element_expired::RULE,
    chain_disordered::RULE,
    chain_not_portable::RULE,
    chain_refused_by_one::RULE,
    chain_unusual::RULE,
    weak_key::RULE,
    weak_signature::RULE,
    san_missing::RULE,
    wrong_usage::RULE,
    lifetime_too_long::RULE,
    broken_version::RULE,
    legacy_version::RULE,
    modern_version_missing::RULE,
    broken_cipher::RULE,
    weak_cipher::RULE,
    static_key_exchange::RULE,
    finite_field_dh::RULE,
    weak_dh::RULE,
    cbc_without_etm::RULE,
    no_forward_secrecy::RULE,
    weak_handshake_signature::RULE,
    weak_curve::RULE,
    post_quantum_missing::RULE,
    compression::RULE,
    insecure_renegotiation::RULE,
    extended_master_secret_missing::RULE,
    fallback_unprotected::RULE,
    heartbeat::RULE,
    early_data::RULE,
    http2_missing::RULE,
    second_certificate_unsound::RULE,
    wrong_certificate_without_sni::RULE,
    client_certificate_not_required::RULE,
    client_certificate_unexpected::RULE,
    anchor_expiring::RULE,
    staple_missing::RULE,
    staple_stale::RULE,
    certificate_revoked::RULE,
    transparency_missing::RULE,
    unexpected_key::RULE,
    unexpected_issuer::RULE,
];

/// A certificate that gonogo does not accept keeps every other probe out.
pub(super) const EXPLAINS: &[Explains] = &[
    Explains { check: "tls-unreachable", obstacles: OUT_OF_REACH },
    Explains { check: "tls-certificate-expired", obstacles: &[Obstacle::Tls] },
    Explains { check: "tls-certificate-not-yet-valid", obstacles: &[Obstacle::Tls] },
    Explains { check: "tls-hostname-mismatch", obstacles: &[Obstacle::Tls] },
    Explains { check: "tls-self-signed", obstacles: &[Obstacle::Tls] },
    Explains { check: "tls-intermediate-missing", obstacles: &[Obstacle::Tls] },
    Explains { check: "tls-chain-element-expired", obstacles: &[Obstacle::Tls] },
    Explains { check: "tls-untrusted-issuer", obstacles: &[Obstacle::Tls] },
    Explains { check: "tls-wrong-usage", obstacles: &[Obstacle::Tls] },
];

const OUT_OF_REACH: &[Obstacle] = &[
    Obstacle::BreakerOpen,
    Obstacle::Closed,
    Obstacle::Dns,
    Obstacle::Refused,
    Obstacle::Reset,
    Obstacle::Timeout,
    Obstacle::Tls,
    Obstacle::Unreachable,
];
